#include "server/embedding_wire.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/embedding.h"
#include "core/guarded_json.h"

namespace slowwave {
namespace {

using nlohmann::json;

CallVerdict BadReply(absl::string_view reason) {
  CallVerdict verdict;
  verdict.word = "bad_reply";
  verdict.next = CallVerdict::Next::kRetry;
  verdict.outcome = LlmOutcome::kFailed;
  verdict.health = EndpointHealth::kFailing;
  verdict.detail = absl::StrCat("reply: ", reason);
  return verdict;
}

// None: neither numbers nor such a text, or one that is not finite as a float.
std::optional<std::vector<float>> VectorOf(const json& value) {
  std::vector<float> out;
  if (value.is_string()) {
    std::string bytes;
    if (!absl::Base64Unescape(value.get_ref<const std::string&>(), &bytes)) return std::nullopt;
    if (bytes.size() % sizeof(float) != 0) return std::nullopt;
    out.resize(bytes.size() / sizeof(float));
    std::memcpy(out.data(), bytes.data(), bytes.size());
  } else if (value.is_array()) {
    out.reserve(value.size());
    for (const json& number : value) {
      if (!number.is_number()) return std::nullopt;
      out.push_back(number.get<float>());
    }
  }
  if (out.empty() || !std::all_of(out.begin(), out.end(), [](float x) { return std::isfinite(x); })) {
    return std::nullopt;
  }
  return out;
}

int64_t TokensOf(const json& reply) {
  const auto usage = reply.find("usage");
  if (usage == reply.end() || !usage->is_object()) return 0;
  for (const char* name : {"prompt_tokens", "total_tokens"}) {
    const auto count = usage->find(name);
    if (count != usage->end() && count->is_number_integer()) {
      return std::clamp<int64_t>(count->get<int64_t>(), 0, 1'000'000'000);
    }
  }
  return 0;
}

CallVerdict JudgeReply(const std::string& body, size_t texts) {
  const absl::StatusOr<json> reply = ParseGuardedJson(body);
  if (!reply.ok()) return BadReply(reply.status().message());
  if (!reply->is_object() || !reply->contains("data") || !reply->at("data").is_array()) {
    return BadReply("no data");
  }
  const json& data = reply->at("data");
  if (data.size() != texts) return BadReply(absl::StrCat(data.size(), " vectors for ", texts, " texts"));
  std::string packed;
  size_t length = 0;
  std::vector<bool> seen(texts, false);
  for (size_t at = 0; at < texts; ++at) {
    const json& item = data[at];
    if (!item.is_object() || !item.contains("embedding")) return BadReply("an item without an embedding");
    size_t index = at;
    if (const auto given = item.find("index"); given != item.end()) {
      if (!given->is_number_unsigned() || given->get<uint64_t>() >= texts)
        return BadReply("an index too high");
      index = given->get<size_t>();
    }
    if (seen[index]) return BadReply("an index twice");
    seen[index] = true;
    const std::optional<std::vector<float>> vector = VectorOf(item.at("embedding"));
    if (!vector) return BadReply("an embedding that is not a list of finite numbers");
    if (length == 0) {
      length = vector->size();
      if (length > static_cast<size_t>(kMaxEmbeddingDimension)) {
        return BadReply(absl::StrCat("embeddings of ", length, " numbers"));
      }
      packed.resize(texts * length * sizeof(float));
    }
    if (vector->size() != length) return BadReply("embeddings of several lengths");
    std::memcpy(packed.data() + index * length * sizeof(float), vector->data(), length * sizeof(float));
  }
  CallVerdict verdict;
  verdict.word = "ok";
  verdict.outcome = LlmOutcome::kOk;
  verdict.content = std::move(packed);
  verdict.prompt_tokens = TokensOf(*reply);
  return verdict;
}

}  // namespace

absl::StatusOr<std::string> EmbeddingBody(const std::string& model, const LlmRequest& request) {
  nlohmann::ordered_json body;
  body["model"] = model;
  body["encoding_format"] = "float";
  body["input"] = nlohmann::ordered_json::array();
  for (const LlmMessage& message : request.messages) body["input"].push_back(message.content);
  try {
    return body.dump();
  } catch (const json::exception&) {  // whose message quotes the text
    return absl::InvalidArgumentError("a text is not UTF-8");
  }
}

CallVerdict JudgeEmbeddings(const HttpAnswer& answer, size_t texts, absl::Time now) {
  if (answer.transport == Transport::kTooLarge) {  // fewer texts make a shorter answer
    CallVerdict verdict;
    verdict.word = "length";
    verdict.outcome = LlmOutcome::kLength;
    verdict.detail = "reply: too_large";
    return verdict;
  }
  const bool good = answer.transport == Transport::kAnswered && answer.status >= 200 && answer.status < 300;
  return good ? JudgeReply(answer.body, texts) : JudgeCall(answer, ResponseFormat::kNone, now);
}

std::vector<std::vector<float>> UnpackVectors(const std::string& packed, size_t count) {
  std::vector<std::vector<float>> out(count);
  const size_t length = count == 0 ? 0 : packed.size() / sizeof(float) / count;
  for (size_t i = 0; i < count; ++i) {
    out[i].resize(length);
    std::memcpy(out[i].data(), packed.data() + i * length * sizeof(float), length * sizeof(float));
  }
  return out;
}

}  // namespace slowwave
