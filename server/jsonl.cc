#include "server/jsonl.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/embedding.h"
#include "core/keys.h"
#include "core/text.h"

namespace slowwave {
namespace {

using nlohmann::json;

absl::Status Bad(absl::string_view what) { return absl::InvalidArgumentError(what); }

// Walks a text without building anything, so that a hostile one is refused before it costs memory.
class Guard : public nlohmann::json_sax<json> {
 public:
  explicit Guard(int max_depth) : max_depth_(max_depth) {}
  const std::string& error() const { return error_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t value, const string_t&) override {
    return std::isfinite(value) || Fail("a number is out of range");
  }
  bool string(string_t& value) override {
    return value.find('\0') == string_t::npos || Fail("a string holds a NUL character");
  }
  bool binary(binary_t&) override { return Fail("not JSON"); }
  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return Deeper();
  }
  bool key(string_t& value) override {
    if (value.find('\0') != string_t::npos) return Fail("a key holds a NUL character");
    if (!keys_.back().insert(value).second)
      return Fail(absl::StrCat("the key '", Shown(value), "' occurs twice"));
    return true;
  }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return Deeper(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& e) override {
    // 406: the syntax is fine, the number is not.
    if (e.id == 406) return Fail(absl::StrCat("a number is out of range, near byte ", position));
    return Fail(absl::StrCat("not JSON, near byte ", position));
  }

  static std::string Shown(const std::string& key) {
    return key.size() <= 40 ? key : "(" + absl::StrCat(key.size()) + " bytes long)";
  }

 private:
  bool Deeper() {
    return ++depth_ <= max_depth_ || Fail(absl::StrCat("nested deeper than ", max_depth_, " levels"));
  }
  bool Fail(std::string what) {
    error_ = std::move(what);
    return false;
  }

  int max_depth_;
  int depth_ = 0;
  std::vector<std::set<std::string>> keys_;
  std::string error_;
};

absl::Status WantString(const char* key, const json& value, std::string& out) {
  if (!value.is_string()) return Bad(absl::StrCat(key, ": a string is expected"));
  out = value.get<std::string>();
  return absl::OkStatus();
}

absl::Status WantShare(const char* key, const json& value, double& out) {
  if (!value.is_number()) return Bad(absl::StrCat(key, ": a number from 0 to 1 is expected"));
  out = value.get<double>();
  if (!(out >= 0 && out <= 1)) return Bad(absl::StrCat(key, ": must be from 0 to 1"));
  return absl::OkStatus();
}

absl::Status WantWhole(const char* key, const json& value, int64_t low, int64_t high, int64_t& out) {
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= static_cast<uint64_t>(high)
                                               : value.is_number_integer();
  if (fits) out = value.get<int64_t>();
  if (!fits || out < low || out > high) {
    return Bad(absl::StrCat(key, ": a whole number from ", low, " to ", high, " is expected"));
  }
  return absl::OkStatus();
}

template <typename E>
std::string NamesUpTo(int count) {
  std::vector<std::string> names;
  for (int i = 1; i < count; ++i) names.emplace_back(Name(static_cast<E>(i)));
  return absl::StrJoin(names, ", ");
}

std::string Quoted(const std::string& value) {
  return value.size() <= 40 ? absl::StrCat("'", value, "'") : "that value";
}

absl::Status ReadEntities(const json& value, std::vector<std::string>& out) {
  if (!value.is_array()) return Bad("entities: a list of strings is expected");
  for (const json& item : value) {
    if (!item.is_string()) return Bad("entities: a list of strings is expected");
    out.push_back(item.get<std::string>());
  }
  return absl::OkStatus();
}

absl::Status ReadEmbedding(const json& value, std::vector<float>& out) {
  if (!value.is_array()) return Bad("embedding: a list of numbers is expected");
  if (value.empty()) return absl::OkStatus();
  out.reserve(value.size());
  for (const json& item : value) {
    if (!item.is_number()) return Bad("embedding: a list of numbers is expected");
    const double number = item.get<double>();
    if (!(std::abs(number) <= std::numeric_limits<float>::max())) {
      return Bad("embedding: every number must fit a 32-bit float");
    }
    out.push_back(static_cast<float>(number));
  }
  if (absl::Status s = CheckEmbedding(out); !s.ok()) return Bad(absl::StrCat("embedding: ", s.message()));
  return absl::OkStatus();
}

absl::Status ReadField(const std::string& key, const json& value, ImportedEpisode& out) {
  Episode& e = out.episode;
  std::string word;
  if (key == "id") {
    if (absl::Status s = WantString("id", value, e.id); !s.ok()) return s;
    if (e.id.empty() || e.id.size() > 128) return Bad("id: must be 1 to 128 bytes");
    return absl::OkStatus();
  }
  if (key == "text") {
    if (absl::Status s = WantString("text", value, e.text); !s.ok()) return s;
    if (absl::StripAsciiWhitespace(e.text).empty()) return Bad("text: must not be empty");
    return absl::OkStatus();
  }
  if (key == "type") {
    if (absl::Status s = WantString("type", value, word); !s.ok()) return s;
    e.type = EpisodeTypeFrom(word);
    if (e.type != EpisodeType::kUnspecified) return absl::OkStatus();
    return Bad(
        absl::StrCat("type: ", Quoted(word), " is none of ", NamesUpTo<EpisodeType>(kEpisodeTypeCount)));
  }
  if (key == "origin") {
    if (absl::Status s = WantString("origin", value, word); !s.ok()) return s;
    e.origin = OriginFrom(word);
    if (e.origin != Origin::kUnspecified) return absl::OkStatus();
    return Bad(absl::StrCat("origin: ", Quoted(word), " is none of ", NamesUpTo<Origin>(kOriginCount)));
  }
  if (key == "occurred_at") {
    if (absl::Status s = WantString("occurred_at", value, word); !s.ok()) return s;
    absl::StatusOr<absl::Time> time = ParseTimestamp(word);
    if (!time.ok()) return Bad(absl::StrCat("occurred_at: ", time.status().message()));
    e.occurred_at = *time;
    out.timed = true;
    return absl::OkStatus();
  }
  int64_t whole = 0;
  if (key == "turn") {
    absl::Status s = WantWhole("turn", value, 0, std::numeric_limits<int32_t>::max(), whole);
    if (s.ok()) e.turn = static_cast<int32_t>(whole);
    return s;
  }
  if (key == "access_count") {
    return WantWhole("access_count", value, 0, std::numeric_limits<int64_t>::max(), e.access_count);
  }
  if (key == "speaker") return WantString("speaker", value, e.speaker);
  if (key == "session_id") return WantString("session_id", value, e.session_id);
  if (key == "entities") return ReadEntities(value, e.entities);
  if (key == "embedding") return ReadEmbedding(value, e.embedding);
  if (key == "importance") return WantShare("importance", value, e.importance);
  if (key == "confidence") return WantShare("confidence", value, e.confidence);
  if (key == "metadata") {
    if (!value.is_object()) return Bad("metadata: an object is expected");
    if (!value.empty()) e.metadata = value.dump();
    return absl::OkStatus();
  }
  return Bad(absl::StrCat("unknown key '", Guard::Shown(key), "'; put fields of your own under metadata"));
}

bool Digits(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

// The shortest decimal that names this float, as a double: so 0.1f prints as 0.1 and not as
// 0.10000000149011612.
double Shortest(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double out = value;
  std::from_chars(text, end, out);
  return static_cast<float>(out) == value ? out : value;
}

}  // namespace

absl::StatusOr<json> ParseJson(absl::string_view text, int max_depth) {
  if (text.find('\0') != absl::string_view::npos) return Bad("holds a NUL byte");
  if (!IsCleanUtf8(text)) return Bad("not UTF-8");
  try {
    Guard guard(max_depth);
    if (!json::sax_parse(text.begin(), text.end(), &guard)) {
      return Bad(guard.error().empty() ? "not JSON" : guard.error());
    }
    return json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception&) {
    return Bad("not JSON");
  }
}

absl::StatusOr<absl::Time> ParseTimestamp(absl::string_view text) {
  const absl::Status bad =
      Bad(absl::StrCat(text.size() <= 40 ? absl::StrCat("'", text, "'") : "that value",
                       " is no time; allowed are '2025-03-01T09:30:00Z', an offset such as "
                       "'+02:00' in place of the Z, or a day alone, in years 1 to 9999"));
  const auto digits_at = [&](size_t at, size_t n) {
    return text.size() >= at + n && Digits(text.substr(at, n));
  };
  if (!digits_at(0, 4) || !digits_at(5, 2) || !digits_at(8, 2) || text[4] != '-' || text[7] != '-')
    return bad;
  std::string upper = absl::AsciiStrToUpper(text);
  if (text.size() == 10) {
    absl::StrAppend(&upper, "T00:00:00Z");
  } else {
    // What absl takes beyond RFC 3339 (spaces, missing seconds, 'infinite-future') is kept out here.
    if (!digits_at(11, 2) || !digits_at(14, 2) || !digits_at(17, 2)) return bad;
    if ((upper[10] != 'T' && upper[10] != ' ') || text[13] != ':' || text[16] != ':') return bad;
    upper[10] = 'T';
    absl::string_view rest = absl::string_view(upper).substr(19);
    if (!rest.empty() && rest[0] == '.') {
      size_t n = 1;
      while (n < rest.size() && absl::ascii_isdigit(rest[n])) ++n;
      if (n == 1) return bad;
      rest.remove_prefix(n);
    }
    const bool offset = rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':' &&
                        Digits(rest.substr(1, 2)) && Digits(rest.substr(4, 2));
    if (rest != "Z" && !offset) return bad;
  }
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, upper, &time, &error)) return bad;
  time = absl::FromUnixMicros(absl::ToUnixMicros(time));
  if (time < absl::FromCivil(absl::CivilDay(1, 1, 1), absl::UTCTimeZone()) ||
      time >= absl::FromCivil(absl::CivilDay(10000, 1, 1), absl::UTCTimeZone())) {
    return bad;
  }
  return time;
}

std::string FormatTimestamp(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

absl::StatusOr<ImportedEpisode> ParseEpisodeLine(absl::string_view line) {
  absl::StatusOr<json> value = ParseJson(line);
  if (!value.ok()) return value.status();
  if (!value->is_object()) return Bad("not an object: a line must be one JSON object");
  ImportedEpisode out;
  bool text = false;
  for (const auto& [key, field] : value->items()) {
    if (field.is_null()) continue;
    text |= key == "text";
    if (absl::Status s = ReadField(key, field, out); !s.ok()) return s;
  }
  if (!text) return Bad("text: missing");
  return out;
}

std::string FormatEpisodeLine(const Episode& e) {
  nlohmann::ordered_json out;
  out["id"] = e.id;
  out["type"] = Name(e.type);
  out["text"] = e.text;
  if (!e.speaker.empty()) out["speaker"] = e.speaker;
  if (!e.session_id.empty()) out["session_id"] = e.session_id;
  if (e.turn) out["turn"] = *e.turn;
  out["occurred_at"] = FormatTimestamp(e.occurred_at);
  out["origin"] = Name(e.origin);
  if (!e.entities.empty()) out["entities"] = e.entities;
  if (!e.embedding.empty()) {
    auto& numbers = out["embedding"] = nlohmann::ordered_json::array();
    for (float f : e.embedding) numbers.push_back(Shortest(f));
  }
  out["importance"] = e.importance;
  out["confidence"] = e.confidence;
  if (e.access_count != 0) out["access_count"] = e.access_count;
  if (!e.metadata.empty()) {
    out["metadata"] = nlohmann::ordered_json::parse(e.metadata, nullptr, /*allow_exceptions=*/false);
  }
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

LineReader::Result LineReader::Next(std::string& line) {
  line.clear();
  std::streambuf* buf = in_.rdbuf();
  if (!in_.good() || buf == nullptr) return in_.bad() ? Result::kError : Result::kEnd;
  bool any = false, long_line = false;
  for (;;) {
    int c = 0;
    try {
      c = buf->sbumpc();
    } catch (const std::exception&) {  // A file that cannot be read, such as a folder.
      in_.setstate(std::ios::badbit);
      return Result::kError;
    }
    if (c == std::char_traits<char>::eof()) {
      in_.setstate(std::ios::eofbit);
      break;
    }
    any = true;
    ++bytes_;
    if (c == '\n') break;
    if (line.size() < max_bytes_) {
      line.push_back(static_cast<char>(c));
    } else {
      long_line = true;
    }
  }
  if (!any) return Result::kEnd;
  ++number_;
  if (long_line) {
    line.clear();
    return Result::kTooLong;
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return Result::kLine;
}

}  // namespace slowwave
