#include "server/llm_options.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

// No key is as long; somebody may have named another file, or a device.
constexpr size_t kMaxKeyBytes = 8192;

absl::Status Unusable(absl::string_view key, absl::string_view path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(key, " is '", path, "', which ", why));
}

// The keys that both endpoints have.
struct EndpointKeys {
  std::string prefix;
  const std::string &base_url, &model, &api_key, &api_key_file, &proxy, &ca_file;
  int max_in_flight, requests_per_minute, tokens_per_minute;
  int connect_seconds, silence_seconds, total_seconds, retries;
};

EndpointKeys LlmKeys(const Config& c) {
  return {"llm.",
          c.llm_base_url,
          c.llm_model,
          c.llm_api_key,
          c.llm_api_key_file,
          c.llm_proxy,
          c.llm_ca_file,
          c.llm_max_in_flight,
          c.llm_requests_per_minute,
          c.llm_tokens_per_minute,
          c.llm_connect_seconds,
          c.llm_silence_seconds,
          c.llm_total_seconds,
          c.llm_retries};
}

EndpointKeys EmbeddingKeys(const Config& c) {
  return {"embedding.",
          c.embedding_base_url,
          c.embedding_model,
          c.embedding_api_key,
          c.embedding_api_key_file,
          c.embedding_proxy,
          c.embedding_ca_file,
          c.embedding_max_in_flight,
          c.embedding_requests_per_minute,
          c.embedding_tokens_per_minute,
          c.embedding_connect_seconds,
          c.embedding_silence_seconds,
          c.embedding_total_seconds,
          c.embedding_retries};
}

// Of the file, else of the environment; empty: none.
absl::StatusOr<std::string> ReadApiKey(const EndpointKeys& keys) {
  std::string from = keys.prefix + "api_key";
  std::string key(absl::StripAsciiWhitespace(keys.api_key));
  if (!keys.api_key_file.empty()) {
    if (!key.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(from, " and ", from, "_file are both set; allowed: one of them"));
    }
    from += "_file";
    std::ifstream file(keys.api_key_file, std::ios::binary);
    std::string text(kMaxKeyBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    // A folder opens, and fails when it is read.
    if (!file.eof() && (!file.is_open() || file.bad() || file.gcount() == 0)) {
      return Unusable(from, keys.api_key_file, "cannot be read");
    }
    text.resize(static_cast<size_t>(file.gcount()));
    if (text.size() > kMaxKeyBytes) return Unusable(from, keys.api_key_file, "is too long for a key");
    key = std::string(absl::StripAsciiWhitespace(text));
    if (key.empty()) return Unusable(from, keys.api_key_file, "is empty");
  }
  if (!std::all_of(key.begin(), key.end(),
                   [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); })) {
    return absl::InvalidArgumentError(
        absl::StrCat(from, " holds something else than one key; allowed: printable ASCII without spaces"));
  }
  return key;
}

absl::Status Check(const EndpointKeys& keys) {
  if (!keys.base_url.empty()) {
    if (absl::Status s = CheckBaseUrl(keys.base_url); !s.ok()) {
      return absl::Status(s.code(), absl::StrCat(keys.prefix, "base_url ", s.message()));
    }
    if (keys.model.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(keys.prefix, "model is empty, but ", keys.prefix,
                                                     "base_url is set; allowed: a model's name"));
    }
  }
  if (!keys.ca_file.empty() && !std::ifstream(keys.ca_file).is_open()) {
    return Unusable(keys.prefix + "ca_file", keys.ca_file, "cannot be read");
  }
  return ReadApiKey(keys).status();
}

// What both endpoints' clients have in common.
absl::StatusOr<HttpLlmOptions> ClientOptionsFrom(const EndpointKeys& keys) {
  if (keys.base_url.empty()) return absl::InvalidArgumentError(keys.prefix + "base_url is empty");
  if (absl::Status s = Check(keys); !s.ok()) return s;
  absl::StatusOr<std::string> key = ReadApiKey(keys);
  if (!key.ok()) return key.status();
  HttpLlmOptions options;
  options.base_url = keys.base_url;
  options.model = keys.model;
  options.api_key = *std::move(key);
  options.proxy = keys.proxy;
  options.ca_file = keys.ca_file;
  options.max_in_flight = keys.max_in_flight;
  options.requests_per_minute = keys.requests_per_minute;
  options.tokens_per_minute = keys.tokens_per_minute;
  options.connect_timeout = absl::Seconds(keys.connect_seconds);
  options.silence_timeout = absl::Seconds(keys.silence_seconds);
  options.total_timeout = absl::Seconds(keys.total_seconds);
  options.retry.retries = keys.retries;
  return options;
}

std::optional<ResponseFormat> FormatOf(const std::string& name) {
  for (const ResponseFormat format :
       {ResponseFormat::kNone, ResponseFormat::kJsonObject, ResponseFormat::kJsonSchema}) {
    if (name == ResponseFormatName(format)) return format;
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckEndpointKeys(const Config& config) {
  if (absl::Status s = Check(LlmKeys(config)); !s.ok()) return s;
  return Check(EmbeddingKeys(config));
}

absl::StatusOr<HttpLlmOptions> LlmOptionsFrom(const Config& config) {
  absl::StatusOr<HttpLlmOptions> options = ClientOptionsFrom(LlmKeys(config));
  if (!options.ok()) return options;
  options->format = FormatOf(config.llm_response_format);
  options->prompt_price = config.llm_price_prompt;
  options->completion_price = config.llm_price_completion;
  return options;
}

absl::StatusOr<HttpEmbedderOptions> EmbedderOptionsFrom(const Config& config) {
  absl::StatusOr<HttpLlmOptions> options = ClientOptionsFrom(EmbeddingKeys(config));
  if (!options.ok()) return options.status();
  options->prompt_price = config.embedding_price;
  return HttpEmbedderOptions{*std::move(options), config.embedding_texts_per_call};
}

}  // namespace slowwave
