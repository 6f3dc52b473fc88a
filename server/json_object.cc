#include "server/json_object.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "absl/status/status.h"

namespace slowwave {
namespace {

using Json = nlohmann::json;

// Before the parser sees the text: it keeps no bound on depth itself.
bool TooDeep(absl::string_view text, int max_depth) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<Json> ParseJsonObject(absl::string_view text, int max_depth) {
  if (text.find('\0') != absl::string_view::npos) return absl::InvalidArgumentError("holds a NUL");
  if (TooDeep(text, max_depth)) return absl::InvalidArgumentError("is nested too deep");
  bool twice = false;
  bool nul = false;
  std::vector<std::set<std::string>> names;
  const Json::parser_callback_t watch = [&](int, Json::parse_event_t event, Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
        names.emplace_back();
        break;
      case Json::parse_event_t::object_end:
        names.pop_back();
        break;
      case Json::parse_event_t::key:
        twice = twice || !names.back().insert(value.get<std::string>()).second;
        nul = nul || value.get_ref<const std::string&>().find('\0') != std::string::npos;
        break;
      case Json::parse_event_t::value:
        nul =
            nul || (value.is_string() && value.get_ref<const std::string&>().find('\0') != std::string::npos);
        break;
      default:
        break;
    }
    return true;
  };
  Json parsed = Json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return absl::InvalidArgumentError("is not JSON");
  if (twice) return absl::InvalidArgumentError("names a member twice in one object");
  if (nul) return absl::InvalidArgumentError("holds a NUL");
  if (!parsed.is_object()) return absl::InvalidArgumentError("is not an object");
  return parsed;
}

absl::StatusOr<std::string> NormalJsonObject(absl::string_view text, int max_depth) {
  absl::StatusOr<Json> parsed = ParseJsonObject(text, max_depth);
  if (!parsed.ok()) return parsed.status();
  return parsed->dump();
}

}  // namespace slowwave
