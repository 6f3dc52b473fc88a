#include "server/llm_wire.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/guarded_json.h"

namespace slowwave {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using Next = CallVerdict::Next;

// Null unless `parent` is an object that has it.
const json& Field(const json& parent, const char* name) {
  static const auto* const kNull = new json;
  if (!parent.is_object()) return *kNull;
  const auto found = parent.find(name);
  return found == parent.end() ? *kNull : *found;
}

std::string Text(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

int64_t Count(const json& value) {
  if (!value.is_number_integer()) return 0;
  return std::clamp<int64_t>(value.get<int64_t>(), 0, 1'000'000'000);
}

// An endpoint's own words may repeat the prompt; a name such as `invalid_api_key` does not.
bool IsPlain(absl::string_view word) {
  return !word.empty() && word.size() <= 40 && std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
}

// The body of an answer that is not 2xx, which may be anything.
struct Complaint {
  explicit Complaint(const HttpAnswer& answer) {
    detail = absl::StrCat("status ", answer.status);
    const absl::StatusOr<json> parsed = ParseGuardedJson(answer.body);
    if (!parsed.ok()) return;
    const json& error = Field(*parsed, "error");
    type = Text(Field(error, "type"));
    code = Text(Field(error, "code"));
    flagged = !Field(Field(error, "metadata"), "flagged_input").is_null();
    for (const std::string& word : {type, code}) {
      if (IsPlain(word)) absl::StrAppend(&detail, ", ", word);
    }
  }
  bool Says(absl::string_view word) const { return type == word || code == word; }
  bool IsAboutContent() const {
    return flagged || Says("content_filter") || Says("content_policy_violation");
  }

  std::string type, code, detail;
  bool flagged = false;
};

bool MentionsFormat(absl::string_view body) {
  return absl::StrContains(body, "response_format") || absl::StrContains(body, "json_schema") ||
         absl::StrContains(body, "json_object");
}

CallVerdict Finish(const char* word, LlmOutcome outcome, std::string detail) {
  CallVerdict verdict;
  verdict.word = word;
  verdict.outcome = outcome;
  verdict.detail = std::move(detail);
  return verdict;
}

CallVerdict BadReply(absl::string_view reason) {
  return Finish("bad_reply", LlmOutcome::kBadReply, absl::StrCat("reply: ", reason));
}

CallVerdict Retry(const char* word, std::string detail) {
  CallVerdict verdict = Finish(word, LlmOutcome::kFailed, std::move(detail));
  verdict.next = Next::kRetry;
  verdict.health = EndpointHealth::kFailing;
  return verdict;
}

CallVerdict Denied(std::string detail) {
  CallVerdict verdict = Finish("denied", LlmOutcome::kDown, std::move(detail));
  verdict.health = EndpointHealth::kDenied;
  return verdict;
}

CallVerdict Later(std::string detail, std::optional<absl::Duration> wait) {
  CallVerdict verdict = Finish("rate_limited", LlmOutcome::kBusy, std::move(detail));
  verdict.next = Next::kWait;
  verdict.wait = wait;
  verdict.health = EndpointHealth::kBusy;
  return verdict;
}

// A text, or the text parts of a list. None: neither.
std::optional<std::string> Content(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) return std::nullopt;
  std::string joined;
  for (const json& part : content) {
    if (Text(Field(part, "type")) != "text" || !Field(part, "text").is_string()) continue;
    joined += Text(Field(part, "text"));
  }
  if (joined.empty()) return std::nullopt;
  return joined;
}

CallVerdict JudgeChoice(const json& choice) {
  if (!choice.is_object()) return BadReply("the choice is not an object");
  const json& message = Field(choice, "message");
  const std::string finish = Text(Field(choice, "finish_reason"));
  if (finish == "content_filter") return Finish("refused", LlmOutcome::kRefused, "content filter");
  if (!Text(Field(message, "refusal")).empty()) return Finish("refused", LlmOutcome::kRefused, "refusal");
  std::optional<std::string> content = Content(Field(message, "content"));
  const bool cut = finish == "length";
  if (!content && !cut) return BadReply("no content");
  CallVerdict verdict =
      cut ? Finish("length", LlmOutcome::kLength, "finish_reason length") : Finish("ok", LlmOutcome::kOk, "");
  verdict.content = std::move(content).value_or("");
  return verdict;
}

CallVerdict JudgeReply(const std::string& body) {
  const absl::StatusOr<json> reply = ParseGuardedJson(body);
  if (!reply.ok()) return BadReply(reply.status().message());
  const json& choices = Field(*reply, "choices");
  CallVerdict verdict =
      choices.is_array() && !choices.empty() ? JudgeChoice(choices.front()) : BadReply("no choices");
  const json& usage = Field(*reply, "usage");
  verdict.prompt_tokens = Count(Field(usage, "prompt_tokens"));
  verdict.completion_tokens = Count(Field(usage, "completion_tokens"));
  return verdict;
}

CallVerdict JudgeClientError(const HttpAnswer& answer, ResponseFormat sent) {
  const Complaint complaint(answer);
  if (complaint.IsAboutContent()) return Finish("refused", LlmOutcome::kRefused, complaint.detail);
  switch (answer.status) {
    case 401:
    case 402:
    case 403:
    case 404:
    case 407:
      return Denied(complaint.detail);
    case 408:
      return Retry("timeout", complaint.detail);
    case 413:
      return Finish("length", LlmOutcome::kLength, complaint.detail);
    default:
      break;
  }
  if (complaint.Says("insufficient_quota")) return Denied(complaint.detail);
  if (complaint.Says("context_length_exceeded")) {
    return Finish("length", LlmOutcome::kLength, complaint.detail);
  }
  if ((answer.status == 400 || answer.status == 422) && sent != ResponseFormat::kNone &&
      MentionsFormat(answer.body)) {
    CallVerdict verdict = Finish("format_unsupported", LlmOutcome::kBadRequest, complaint.detail);
    verdict.next = Next::kDowngrade;
    return verdict;
  }
  return Finish("bad_request", LlmOutcome::kBadRequest, complaint.detail);
}

CallVerdict JudgeTransport(const HttpAnswer& answer) {
  switch (answer.transport) {
    case Transport::kTimeout:
      return Retry("timeout", answer.problem);
    case Transport::kTooLarge:
      return BadReply("too_large");
    case Transport::kUntrusted:
      return Denied(answer.problem);
    default:
      return Retry("connection", answer.problem);
  }
}

}  // namespace

const char* ResponseFormatName(ResponseFormat format) {
  switch (format) {
    case ResponseFormat::kJsonSchema:
      return "json_schema";
    case ResponseFormat::kJsonObject:
      return "json_object";
    default:
      return "none";
  }
}

absl::StatusOr<std::string> ChatBody(const std::string& model, const LlmRequest& request,
                                     ResponseFormat format) {
  ordered_json body;
  body["model"] = model;
  body["temperature"] = 0;
  if (request.max_tokens > 0) body["max_tokens"] = request.max_tokens;
  body["messages"] = ordered_json::array();
  for (const LlmMessage& message : request.messages) {
    body["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  if (!request.schema.empty() && format != ResponseFormat::kNone) {
    body["response_format"]["type"] = ResponseFormatName(format);
    if (format == ResponseFormat::kJsonSchema) {
      ordered_json schema = ordered_json::parse(request.schema, nullptr, /*allow_exceptions=*/false);
      if (schema.is_discarded()) return absl::InvalidArgumentError("the schema is not JSON");
      body["response_format"]["json_schema"] = {{"name", request.schema_name}, {"schema", std::move(schema)}};
    }
  }
  try {
    return body.dump();
  } catch (const json::exception&) {  // whose message quotes the text
    return absl::InvalidArgumentError("the request is not UTF-8");
  }
}

CallVerdict JudgeCall(const HttpAnswer& answer, ResponseFormat sent, absl::Time now) {
  if (answer.transport != Transport::kAnswered) return JudgeTransport(answer);
  if (answer.status >= 200 && answer.status < 300) return JudgeReply(answer.body);
  const std::optional<absl::Duration> told = ParseRetryAfter(answer.retry_after, now);
  const Complaint complaint(answer);
  if (answer.status == 429) {
    if (absl::StrContains(answer.body, "insufficient_quota")) return Denied(complaint.detail);
    CallVerdict verdict = Later(complaint.detail, told);
    // It took the key and counted us.
    verdict.health = EndpointHealth::kAlive;
    return verdict;
  }
  if (answer.status == 503 && told) return Later(complaint.detail, told);
  if (answer.status >= 500) return Retry("server_error", complaint.detail);
  if (answer.status >= 400) return JudgeClientError(answer, sent);
  // A redirect, which might send the key and the memories to somebody else.
  return Denied(complaint.detail);
}

std::optional<absl::Duration> ParseRetryAfter(absl::string_view value, absl::Time now) {
  value = absl::StripAsciiWhitespace(value);
  if (value.empty()) return std::nullopt;
  const auto clamp = [](absl::Duration wait) {
    return std::clamp(wait, absl::ZeroDuration(), kMaxRetryAfter);
  };
  if (absl::ascii_isdigit(static_cast<unsigned char>(value.front()))) {
    double seconds = 0;
    const bool number = value.find_first_not_of("0123456789.") == absl::string_view::npos &&
                        absl::SimpleAtod(value, &seconds);
    return number ? std::optional(clamp(absl::Seconds(seconds))) : std::nullopt;
  }
  for (const char* format :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    absl::Time at;
    if (absl::ParseTime(format, value, absl::UTCTimeZone(), &at, nullptr)) return clamp(at - now);
  }
  return std::nullopt;
}

}  // namespace slowwave
