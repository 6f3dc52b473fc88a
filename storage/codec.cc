#include "storage/codec.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace slowwave::codec {
namespace {

using Json = nlohmann::json;

Json Parse(std::string_view text) { return Json::parse(text, nullptr, /*allow_exceptions=*/false); }

// Length first, so that no two lists of fields give the same bytes.
void Append(std::string& out, std::string_view field) {
  absl::StrAppend(&out, field.size(), ":", absl::string_view(field.data(), field.size()));
}

// Takes one field off the front.
bool Take(std::string_view& rest, std::string& field) {
  const size_t colon = rest.find(':');
  uint64_t size = 0;
  if (colon == std::string_view::npos) return false;
  if (!absl::SimpleAtoi(absl::string_view(rest.data(), colon), &size)) return false;
  rest.remove_prefix(colon + 1);
  if (size > rest.size()) return false;
  field = std::string(rest.substr(0, size));
  rest.remove_prefix(size);
  return true;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("no randomness");
  }
  return bytes;
}

// As numbers: who reads options passes over numbers and flags that it does not know, but takes a text for
// damage.
void EncodeTrace(const TraceContext& trace, Json& json) {
  const auto half = [&](size_t at) {
    uint64_t number = 0;
    return absl::SimpleHexAtoi(absl::string_view(trace.trace_id).substr(at, 16), &number)
               ? static_cast<int64_t>(number)
               : int64_t{0};
  };
  json["trace_high"] = half(0);
  json["trace_low"] = half(16);
  if (trace.sampled) json["trace_sampled"] = true;
}

}  // namespace

std::string EncodeStrings(const std::vector<std::string>& list) { return Json(list).dump(); }

bool DecodeStrings(std::string_view text, std::vector<std::string>& list) {
  const Json json = Parse(text);
  if (!json.is_array()) return false;
  for (const Json& item : json) {
    if (!item.is_string()) return false;
    list.push_back(item.get<std::string>());
  }
  return true;
}

std::string EncodeEvidence(const std::vector<Evidence>& list) {
  Json json = Json::array();
  for (const Evidence& item : list) json.push_back(Json::array({item.episode_id, item.quote}));
  return json.dump();
}

bool DecodeEvidence(std::string_view text, std::vector<Evidence>& list) {
  const Json json = Parse(text);
  if (!json.is_array()) return false;
  for (const Json& item : json) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_string()) return false;
    list.push_back({item[0].get<std::string>(), item[1].get<std::string>()});
  }
  return true;
}

std::string EncodeOptions(const TaskOptions& options) {
  Json json = Json::object();
  if (options.episode_limit != 0) json["episode_limit"] = options.episode_limit;
  if (options.window_from) json["window_from"] = absl::ToUnixMicros(*options.window_from);
  if (options.window_to) json["window_to"] = absl::ToUnixMicros(*options.window_to);
  if (options.keep_pending) json["keep_pending"] = true;
  if (options.set_status != EpisodeStatus::kUnspecified)
    json["set_status"] = static_cast<int>(options.set_status);
  if (options.include_reverted) json["include_reverted"] = true;
  if (options.fresh) json["fresh"] = true;
  if (options.ignore_backoff) json["ignore_backoff"] = true;
  if (options.trace && options.trace->trace_id.size() == 32) EncodeTrace(*options.trace, json);
  return json.dump();
}

bool DecodeOptions(std::string_view text, TaskOptions& options) {
  const Json json = Parse(text);
  if (!json.is_object()) return false;
  uint64_t trace_high = 0, trace_low = 0;
  bool sampled = false;
  for (const auto& [key, value] : json.items()) {
    if (value.is_number_integer()) {
      const int64_t number = value.get<int64_t>();
      if (key == "episode_limit") options.episode_limit = static_cast<int32_t>(number);
      if (key == "window_from") options.window_from = absl::FromUnixMicros(number);
      if (key == "window_to") options.window_to = absl::FromUnixMicros(number);
      if (key == "set_status") options.set_status = static_cast<EpisodeStatus>(number);
      if (key == "trace_high") trace_high = static_cast<uint64_t>(number);
      if (key == "trace_low") trace_low = static_cast<uint64_t>(number);
    } else if (value.is_boolean()) {
      const bool flag = value.get<bool>();
      if (key == "keep_pending") options.keep_pending = flag;
      if (key == "include_reverted") options.include_reverted = flag;
      if (key == "fresh") options.fresh = flag;
      if (key == "ignore_backoff") options.ignore_backoff = flag;
      if (key == "trace_sampled") sampled = flag;
    } else {
      return false;
    }
  }
  if (trace_high != 0 || trace_low != 0) {
    options.trace = TraceContext{absl::StrFormat("%016x%016x", trace_high, trace_low), sampled};
  }
  return true;
}

static_assert(std::endian::native == std::endian::little, "embeddings are stored as they lie in memory");

std::string EncodeEmbedding(const std::vector<float>& embedding) {
  return std::string(reinterpret_cast<const char*>(embedding.data()), embedding.size() * sizeof(float));
}

bool DecodeEmbedding(std::string_view bytes, std::vector<float>& embedding) {
  if (bytes.size() % sizeof(float) != 0) return false;
  embedding.resize(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(embedding.data(), bytes.data(), bytes.size());
  return true;
}

std::string Sha256(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return std::string(reinterpret_cast<const char*>(digest), size);
}

std::string ContentDigest(const Episode& episode) {
  std::string bytes;
  Append(bytes, absl::StrCat(static_cast<int>(episode.type), " ", static_cast<int>(episode.origin), " ",
                             episode.turn ? absl::StrCat(*episode.turn) : "-"));
  Append(bytes, episode.text);
  Append(bytes, episode.speaker);
  Append(bytes, episode.session_id);
  Append(bytes, absl::StrCat(episode.entities.size()));
  for (const std::string& entity : episode.entities) Append(bytes, entity);
  Append(bytes, EncodeEmbedding(episode.embedding));
  char figures[16];
  std::memcpy(figures, &episode.importance, 8);
  std::memcpy(figures + 8, &episode.confidence, 8);
  Append(bytes, std::string_view(figures, 16));
  Append(bytes, episode.metadata);
  return Sha256(bytes).substr(0, 16);
}

// As RFC 9562 has it in section 6.2, method 3: what follows the milliseconds is their fraction.
std::string NewUuid() {
  static std::atomic<uint64_t> last = 0;
  const auto nanos = static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixNanos(absl::Now())));
  uint64_t before = last.load(std::memory_order_relaxed), now = 0;  // in 4096ths of a millisecond
  do {
    now = std::max(before + 1, (nanos / 1'000'000 << 12) | ((nanos % 1'000'000 << 12) / 1'000'000));
  } while (!last.compare_exchange_weak(before, now, std::memory_order_relaxed));
  std::string bytes = RandomBytes(16);
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<char>(now >> (12 + 8 * (5 - i)) & 0xff);
  bytes[6] = static_cast<char>((now >> 8 & 0x0f) | 0x70);
  bytes[7] = static_cast<char>(now & 0xff);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-", hex.substr(16, 4),
                      "-", hex.substr(20));
}

std::string NewToken() { return absl::BytesToHexString(RandomBytes(16)); }

std::string EncodePageToken(std::string_view kind, const std::vector<std::string>& fields) {
  std::string bytes;
  Append(bytes, kind);
  for (const std::string& field : fields) Append(bytes, field);
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view kind, std::string_view token,
                                                         size_t count) {
  const absl::Status bad = absl::InvalidArgumentError("page token: not one that this list returned");
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &bytes)) return bad;
  std::string_view rest = bytes;
  std::string found;
  if (!Take(rest, found) || found != kind) return bad;
  std::vector<std::string> fields(count);
  for (std::string& field : fields) {
    if (!Take(rest, field)) return bad;
  }
  if (!rest.empty()) return bad;
  return fields;
}

absl::StatusOr<int64_t> PageTokenNumber(const std::string& field) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(field, &number)) {
    return absl::InvalidArgumentError("page token: not one that this list returned");
  }
  return number;
}

}  // namespace slowwave::codec
