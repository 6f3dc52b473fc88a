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

// Of the file, else of the environment; empty: none.
absl::StatusOr<std::string> ReadApiKey(const Config& config) {
  absl::string_view from = "llm.api_key";
  std::string key(absl::StripAsciiWhitespace(config.llm_api_key));
  if (!config.llm_api_key_file.empty()) {
    if (!key.empty()) {
      return absl::InvalidArgumentError(
          "llm.api_key and llm.api_key_file are both set; allowed: one of them");
    }
    from = "llm.api_key_file";
    std::ifstream file(config.llm_api_key_file, std::ios::binary);
    std::string text(kMaxKeyBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    // A folder opens, and fails when it is read.
    if (!file.eof() && (!file.is_open() || file.bad() || file.gcount() == 0)) {
      return Unusable(from, config.llm_api_key_file, "cannot be read");
    }
    text.resize(static_cast<size_t>(file.gcount()));
    if (text.size() > kMaxKeyBytes) return Unusable(from, config.llm_api_key_file, "is too long for a key");
    key = std::string(absl::StripAsciiWhitespace(text));
    if (key.empty()) return Unusable(from, config.llm_api_key_file, "is empty");
  }
  if (!std::all_of(key.begin(), key.end(),
                   [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); })) {
    return absl::InvalidArgumentError(
        absl::StrCat(from, " holds something else than one key; allowed: printable ASCII without spaces"));
  }
  return key;
}

std::optional<ResponseFormat> FormatOf(const std::string& name) {
  for (const ResponseFormat format :
       {ResponseFormat::kNone, ResponseFormat::kJsonObject, ResponseFormat::kJsonSchema}) {
    if (name == ResponseFormatName(format)) return format;
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckLlmKeys(const Config& config) {
  if (!config.llm_base_url.empty()) {
    if (absl::Status s = CheckBaseUrl(config.llm_base_url); !s.ok()) {
      return absl::Status(s.code(), absl::StrCat("llm.base_url ", s.message()));
    }
    if (config.llm_model.empty()) {
      return absl::InvalidArgumentError(
          "llm.model is empty, but llm.base_url is set; allowed: a model's name");
    }
  }
  if (!config.llm_ca_file.empty() && !std::ifstream(config.llm_ca_file).is_open()) {
    return Unusable("llm.ca_file", config.llm_ca_file, "cannot be read");
  }
  return ReadApiKey(config).status();
}

absl::StatusOr<HttpLlmOptions> LlmOptionsFrom(const Config& config) {
  if (config.llm_base_url.empty()) return absl::InvalidArgumentError("llm.base_url is empty");
  if (absl::Status s = CheckLlmKeys(config); !s.ok()) return s;
  absl::StatusOr<std::string> key = ReadApiKey(config);
  if (!key.ok()) return key.status();
  HttpLlmOptions options;
  options.base_url = config.llm_base_url;
  options.model = config.llm_model;
  options.api_key = *std::move(key);
  options.max_in_flight = config.llm_max_in_flight;
  options.requests_per_minute = config.llm_requests_per_minute;
  options.tokens_per_minute = config.llm_tokens_per_minute;
  options.connect_timeout = absl::Seconds(config.llm_connect_seconds);
  options.silence_timeout = absl::Seconds(config.llm_silence_seconds);
  options.total_timeout = absl::Seconds(config.llm_total_seconds);
  options.retry.retries = config.llm_retries;
  options.format = FormatOf(config.llm_response_format);
  options.proxy = config.llm_proxy;
  options.ca_file = config.llm_ca_file;
  return options;
}

}  // namespace slowwave
