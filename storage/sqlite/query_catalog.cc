#include "storage/sqlite/query_catalog.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "storage/sqlite/embedded_sql.h"

namespace slowwave::sqlite {
namespace {

constexpr std::string_view kName = "-- name: ";
constexpr std::string_view kIndex = "-- index: ";

std::string_view LineAt(std::string_view text, size_t from) {
  return text.substr(from, text.find('\n', from) - from);
}

void AddFile(std::string_view text, std::map<std::string_view, NamedQuery>& catalog) {
  size_t at = text.find(kName);
  while (at != std::string_view::npos) {
    const size_t next = text.find(kName, at + kName.size());
    const std::string_view block = text.substr(at, next == std::string_view::npos ? next : next - at);
    NamedQuery query{.sql = block, .indexes = {}};
    if (const size_t index = block.find(kIndex); index != std::string_view::npos) {
      const std::string_view line = LineAt(block, index + kIndex.size());
      if (line != "none") query.indexes = absl::StrSplit(absl::string_view(line.data(), line.size()), ", ");
    }
    catalog.emplace(LineAt(block, kName.size()), std::move(query));
    at = next;
  }
}

}  // namespace

const std::map<std::string_view, NamedQuery>& QueryCatalog() {
  static const auto* const catalog = [] {
    auto* made = new std::map<std::string_view, NamedQuery>;
    for (std::string_view file : EmbeddedQueryFiles()) AddFile(file, *made);
    return made;
  }();
  return *catalog;
}

}  // namespace slowwave::sqlite
