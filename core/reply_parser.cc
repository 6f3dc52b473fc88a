#include "core/reply_parser.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "core/guarded_json.h"
#include "core/keys.h"

namespace slowwave {
namespace {

using nlohmann::json;

constexpr size_t kMaxGists = 500;  // a reply; the others are not read
constexpr size_t kMaxCitations = 200;
constexpr size_t kMaxNameBytes = 400;

// The JSON text inside fences or words, as far as that can be told.
absl::string_view Unwrapped(absl::string_view content) {
  content = absl::StripAsciiWhitespace(content);
  if (!content.empty() && (content.front() == '{' || content.front() == '[')) return content;
  const size_t begin = content.find_first_of("{[");
  if (begin == absl::string_view::npos) return content;
  const size_t end = content.rfind(content[begin] == '{' ? '}' : ']');
  if (end == absl::string_view::npos || end < begin) return content;
  return content.substr(begin, end - begin + 1);
}

// The member as text; empty if it is absent, null, or something else.
std::string TextOf(const json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return "";
  return std::string(absl::StripAsciiWhitespace(member->get_ref<const std::string&>()));
}

std::string NameOf(const json& object, const char* name) {
  std::string text = TextOf(object, name);
  return text.size() > kMaxNameBytes ? "" : text;
}

double ConfidenceOf(const json& object) {
  const double assumed = Gist().confidence;
  const auto member = object.find("confidence");
  if (member == object.end()) return assumed;
  double value = assumed;
  if (member->is_number()) value = member->get<double>();
  if (member->is_string() && !absl::SimpleAtod(member->get_ref<const std::string&>(), &value)) return assumed;
  return std::isfinite(value) ? std::clamp(value, 0.0, 1.0) : assumed;
}

std::string ScalarText(const json& value) {
  if (value.is_string()) return std::string(absl::StripAsciiWhitespace(value.get_ref<const std::string&>()));
  return value.dump();
}

void ReadValue(const json& object, Gist& gist) {
  const auto member = object.find("value");
  if (member == object.end() || member->is_null()) return;
  if (member->is_object()) {
    gist.defect = "value is an object";
    return;
  }
  if (member->is_array()) {
    std::string joined;
    for (const json& item : *member) {
      if (item.is_structured()) gist.defect = "value is a list of lists or objects";
      absl::StrAppend(&joined, joined.empty() ? "" : ", ", item.is_structured() ? "" : ScalarText(item));
    }
    gist.value_type = ValueType::kList;
    if (!joined.empty()) gist.value = std::move(joined);
    return;
  }
  std::string text = ScalarText(*member);
  if (member->is_boolean()) gist.value_type = ValueType::kBoolean;
  if (member->is_number()) gist.value_type = ValueType::kNumber;
  if (!text.empty()) gist.value = std::move(text);
}

// '2023', '2023-05' or '2023-05-08', perhaps with a time after it; UTC start of it.
std::optional<absl::Time> DateOf(const std::string& text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(absl::string_view(text).substr(0, 10), '-');
  int year = 0, month = 1, day = 1;
  if (parts.size() > 3 || parts[0].size() != 4 || !absl::SimpleAtoi(parts[0], &year) || year < 1)
    return std::nullopt;
  if (parts.size() > 1 && (parts[1].size() != 2 || !absl::SimpleAtoi(parts[1], &month))) return std::nullopt;
  if (parts.size() > 2 && (parts[2].size() != 2 || !absl::SimpleAtoi(parts[2], &day))) return std::nullopt;
  if (text.size() > 10 && (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const absl::CivilDay civil(year, month, day);
  if (civil.year() != year || civil.month() != month || civil.day() != day) return std::nullopt;
  return absl::FromCivil(civil, absl::UTCTimeZone());
}

void ReadDate(const json& object, const char* name, std::optional<absl::Time>& out, Gist& gist) {
  const auto member = object.find(name);
  if (member == object.end() || member->is_null()) return;
  const std::string text = member->is_number_integer() ? member->dump() : TextOf(object, name);
  if (text.empty()) return;
  out = DateOf(text);
  if (!out) gist.defect = absl::StrCat(name, " is not YYYY, YYYY-MM or YYYY-MM-DD");
}

// -1: none of the chunk's.
int MemoryOf(const json& id, const Chunk& chunk) {
  int64_t number = 0;
  if (id.is_number_integer()) {
    number = id.is_number_unsigned() && id.get<uint64_t>() > chunk.memories.size() ? 0 : id.get<int64_t>();
  } else if (!id.is_string() || !absl::SimpleAtoi(id.get_ref<const std::string&>(), &number)) {
    return -1;
  }
  return number >= 1 && number <= static_cast<int64_t>(chunk.memories.size()) ? static_cast<int>(number) - 1
                                                                              : -1;
}

void ReadEvidence(const json& object, const Chunk& chunk, Gist& gist) {
  const auto member = object.find("evidence");
  if (member == object.end() || member->is_null()) {
    gist.guessed = true;
    for (size_t i = 0; i < chunk.memories.size(); ++i) {
      gist.evidence.push_back({static_cast<int>(i), ""});
    }
    return;
  }
  if (!member->is_array()) {
    gist.defect = "evidence is not a list";
    return;
  }
  for (const json& item : *member) {
    if (gist.evidence.size() == kMaxCitations) break;
    if (!item.is_object()) {
      gist.evidence.push_back({MemoryOf(item, chunk), ""});
      continue;
    }
    const auto id = item.find("id");
    const int memory = id == item.end() ? -1 : MemoryOf(*id, chunk);
    const bool again = std::any_of(gist.evidence.begin(), gist.evidence.end(),
                                   [&](const Citation& c) { return c.memory >= 0 && c.memory == memory; });
    if (!again) gist.evidence.push_back({memory, TextOf(item, "quote")});
  }
}

Gist GistFrom(const json& object, const Chunk& chunk) {
  Gist gist;
  if (!object.is_object()) {
    gist.defect = "not an object";
    return gist;
  }
  gist.text = TextOf(object, "gist");
  if (gist.text.empty()) gist.defect = "no gist";
  const GistType type = GistTypeFrom(absl::AsciiStrToLower(TextOf(object, "type")));
  if (type != GistType::kUnspecified) gist.type = type;
  gist.confidence = ConfidenceOf(object);
  gist.subject = NameOf(object, "subject");
  gist.predicate = NameOf(object, "predicate");
  gist.key = NameOf(object, "key");
  const std::string state = absl::AsciiStrToLower(TextOf(object, "state"));
  if (state == "ended") {
    gist.state = AssertionState::kEnded;
  } else if (!state.empty() && state != "holds") {
    gist.defect = "state is neither holds nor ended";
  }
  ReadValue(object, gist);
  ReadDate(object, "valid_from", gist.valid_from, gist);
  ReadDate(object, "valid_to", gist.valid_to, gist);
  ReadEvidence(object, chunk, gist);
  return gist;
}

}  // namespace

absl::StatusOr<std::vector<Gist>> ParseReply(absl::string_view content, const Chunk& chunk) {
  absl::StatusOr<json> parsed = ParseGuardedJson(Unwrapped(content));
  if (!parsed.ok()) return parsed.status();
  json list = json::array();
  if (parsed->is_array()) {
    list = *std::move(parsed);
  } else if (!parsed->is_object()) {
    return absl::InvalidArgumentError("wrong_shape");
  } else if (const auto gists = parsed->find("gists"); gists != parsed->end()) {
    if (!gists->is_array()) return absl::InvalidArgumentError("wrong_shape");
    list = *gists;
  } else if (parsed->contains("gist")) {
    list.push_back(*std::move(parsed));
  } else {
    return absl::InvalidArgumentError("wrong_shape");
  }
  std::vector<Gist> out;
  for (const json& object : list) {
    if (out.size() == kMaxGists) break;
    out.push_back(GistFrom(object, chunk));
  }
  return out;
}

}  // namespace slowwave
