#include "storage/query_catalog.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace slowwave {
namespace {

// A file's fragments are its own, and come before the queries that end with them.
void AddFile(std::string_view text, QueryMap& queries) {
  QueryMap fragments;
  NamedQuery* query = nullptr;
  for (absl::string_view line : absl::StrSplit(absl::string_view(text.data(), text.size()), '\n')) {
    if (absl::ConsumePrefix(&line, "-- name: ")) {
      query = &queries[std::string(line)];
    } else if (absl::ConsumePrefix(&line, "-- fragment: ")) {
      query = &fragments[std::string(line)];
    } else if (query != nullptr && absl::ConsumePrefix(&line, "-- then: ")) {
      query->sql += fragments.at(std::string(line)).sql;
    } else if (query != nullptr && absl::ConsumePrefix(&line, "-- index: ")) {
      query->has_indexes = true;
      if (line != "none") query->indexes = absl::StrSplit(line, ", ");
    } else if (query != nullptr && line == "-- tenants: all") {
      query->all_tenants = true;
    } else if (query != nullptr && !line.empty() && !absl::StartsWith(line, "--")) {
      query->sql.append(line.data(), line.size()).push_back('\n');
    }
  }
}

}  // namespace

QueryMap ParseQueries(const std::vector<std::string_view>& files) {
  QueryMap queries;
  for (std::string_view file : files) AddFile(file, queries);
  return queries;
}

}  // namespace slowwave
