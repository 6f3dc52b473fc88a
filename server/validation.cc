#include "server/validation.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/json_object.h"

namespace slowwave {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

absl::Status Bad(absl::string_view field, absl::string_view what, absl::string_view allowed) {
  return absl::InvalidArgumentError(absl::StrCat(field, " ", what, "; allowed: ", allowed));
}

std::string Join(const std::string& path, absl::string_view field) {
  return absl::StrCat(path, path.empty() ? "" : ".", field);
}

absl::Status CheckTimestamp(const google::protobuf::Timestamp& time, const std::string& path) {
  if (time.seconds() < kMinSeconds || time.seconds() > kMaxSeconds) {
    return Bad(path, "is out of range", "0001-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z");
  }
  if (time.nanos() < 0 || time.nanos() > 999'999'999) {
    return Bad(path, "has nanos out of range", "0 to 999999999");
  }
  return absl::OkStatus();
}

absl::Status CheckDuration(const google::protobuf::Duration& span, const std::string& path) {
  constexpr int64_t kMax = 315'576'000'000;
  if (span.seconds() < -kMax || span.seconds() > kMax)
    return Bad(path, "is out of range", "at most 10,000 years");
  const bool mixed = (span.seconds() < 0 && span.nanos() > 0) || (span.seconds() > 0 && span.nanos() < 0);
  if (span.nanos() < -999'999'999 || span.nanos() > 999'999'999 || mixed) {
    return Bad(path, "has bad nanos", "-999999999 to 999999999, with the sign of its seconds");
  }
  return absl::OkStatus();
}

// One value of a field; `index` is -1 unless it is repeated.
absl::Status CheckValue(const Message& message, const FieldDescriptor& field, int index,
                        const std::string& path) {
  const Reflection& reflection = *message.GetReflection();
  const auto name = [&] {
    std::string full = Join(path, field.name());
    if (index >= 0) absl::StrAppend(&full, "[", index, "]");
    return full;
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string scratch;
      const std::string& value =
          index < 0 ? reflection.GetStringReference(message, &field, &scratch)
                    : reflection.GetRepeatedStringReference(message, &field, index, &scratch);
      if (value.find('\0') != std::string::npos) return Bad(name(), "holds a NUL", "UTF-8 without NUL");
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = index < 0 ? reflection.GetEnumValue(message, &field)
                                  : reflection.GetRepeatedEnumValue(message, &field, index);
      if (field.enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
      return Bad(name(), absl::StrCat("is ", value, ", which no ", field.enum_type()->name(), " has"),
                 absl::StrCat("0 to ", field.enum_type()->value_count() - 1));
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const double value = index < 0 ? reflection.GetDouble(message, &field)
                                     : reflection.GetRepeatedDouble(message, &field, index);
      if (!std::isfinite(value)) return Bad(name(), "is not finite", "a finite number");
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& value = index < 0 ? reflection.GetMessage(message, &field)
                                       : reflection.GetRepeatedMessage(message, &field, index);
      if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&value)) {
        return CheckTimestamp(*time, name());
      }
      if (const auto* span = dynamic_cast<const google::protobuf::Duration*>(&value)) {
        return CheckDuration(*span, name());
      }
      return CheckMessage(value, name());
    }
    default:
      return absl::OkStatus();
  }
}

absl::Status CheckUnit(double value, const std::string& field) {
  if (value >= 0 && value <= 1) return absl::OkStatus();
  return Bad(field, "is out of range", "0 to 1");
}

absl::Status CheckEmbeddingField(const google::protobuf::RepeatedField<float>& embedding,
                                 const std::string& field) {
  if (embedding.empty()) return absl::OkStatus();
  if (embedding.size() > kMaxEmbedding) {
    return Bad(field, absl::StrCat("has ", embedding.size(), " numbers"),
               absl::StrCat("1 to ", kMaxEmbedding));
  }
  bool zero = true;
  for (int i = 0; i < embedding.size(); ++i) {
    if (!std::isfinite(embedding[i])) {
      return Bad(absl::StrCat(field, "[", i, "]"), "is not finite", "finite numbers, not all zero");
    }
    zero = zero && embedding[i] == 0;
  }
  if (zero) return Bad(field, "is all zero", "finite numbers, not all zero; or none");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckMessage(const Message& message, const std::string& path) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) continue;
    const int size = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (absl::Status status = CheckValue(message, *field, field->is_repeated() ? i : -1, path);
          !status.ok()) {
        return status;
      }
    }
  }
  return absl::OkStatus();
}

absl::Status CheckString(absl::string_view value, absl::string_view field, size_t max, bool required) {
  const std::string allowed = absl::StrCat(required ? "1 to " : "at most ", max, " bytes");
  if (required && value.empty()) return Bad(field, "is empty", allowed);
  if (value.size() > max) return Bad(field, absl::StrCat("has ", value.size(), " bytes"), allowed);
  if (value.find('\0') != absl::string_view::npos) return Bad(field, "holds a NUL", "UTF-8 without NUL");
  return absl::OkStatus();
}

absl::StatusOr<std::string> CheckTenant(const std::string& tenant) {
  if (absl::Status status = CheckString(tenant, "tenant", kMaxIdBytes, false); !status.ok()) return status;
  return tenant.empty() ? std::string("default") : tenant;
}

absl::StatusOr<UserKey> CheckUser(const std::string& tenant, const std::string& user) {
  absl::StatusOr<std::string> checked = CheckTenant(tenant);
  if (!checked.ok()) return checked.status();
  if (absl::Status status = CheckString(user, "user", kMaxIdBytes, true); !status.ok()) return status;
  return UserKey{*std::move(checked), user};
}

absl::StatusOr<int> CheckPageSize(int32_t page_size) {
  if (page_size < 0 || page_size > kMaxPageSize) {
    return Bad("page_size", absl::StrCat("is ", page_size),
               absl::StrCat("0 to ", kMaxPageSize, " (0: ", kDefaultPageSize, ")"));
  }
  return page_size == 0 ? kDefaultPageSize : page_size;
}

absl::Status CheckEpisode(const v1::Episode& episode, const std::string& path) {
  const auto in = [&](absl::string_view field) { return Join(path, field); };
  if (absl::Status s = CheckMessage(episode, path); !s.ok()) return s;
  if (absl::Status s = CheckString(episode.id(), in("id"), kMaxIdBytes, false); !s.ok()) return s;
  if (absl::Status s = CheckString(episode.text(), in("text"), kMaxTextBytes, true); !s.ok()) return s;
  if (absl::StripAsciiWhitespace(episode.text()).empty()) {
    return Bad(in("text"), "is only white space",
               absl::StrCat("1 to ", kMaxTextBytes, " bytes that say something"));
  }
  if (absl::Status s = CheckString(episode.speaker(), in("speaker"), kMaxIdBytes, false); !s.ok()) return s;
  if (absl::Status s = CheckString(episode.session_id(), in("session_id"), kMaxIdBytes, false); !s.ok())
    return s;
  if (episode.has_turn() && episode.turn() < 0) return Bad(in("turn"), "is negative", "0 or more");
  if (episode.entities_size() > kMaxEntities) {
    return Bad(in("entities"), absl::StrCat("has ", episode.entities_size(), " entries"),
               absl::StrCat("at most ", kMaxEntities));
  }
  for (int i = 0; i < episode.entities_size(); ++i) {
    const std::string field = absl::StrCat(in("entities"), "[", i, "]");
    if (absl::Status s = CheckString(episode.entities(i), field, kMaxEntityBytes, true); !s.ok()) return s;
  }
  if (absl::Status s = CheckEmbeddingField(episode.embedding(), in("embedding")); !s.ok()) return s;
  if (absl::Status s = CheckUnit(episode.importance(), in("importance")); !s.ok()) return s;
  if (absl::Status s = CheckUnit(episode.confidence(), in("confidence")); !s.ok()) return s;
  if (episode.access_count() < 0) return Bad(in("access_count"), "is negative", "0 or more");
  if (absl::Status s = CheckString(episode.metadata(), in("metadata"), kMaxMetadataBytes, false); !s.ok())
    return s;
  if (!episode.metadata().empty()) {
    absl::StatusOr<std::string> kept = NormalJsonObject(episode.metadata(), kMaxMetadataDepth);
    if (!kept.ok()) {
      return Bad(in("metadata"), kept.status().message(),
                 absl::StrCat("a JSON object, nested at most ", kMaxMetadataDepth, " deep, without NUL"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckConditionSizes(const google::protobuf::RepeatedPtrField<v1::TriggerCondition>& conditions,
                                 const std::string& path) {
  if (conditions.size() > kMaxConditions) {
    return Bad(path, absl::StrCat("has ", conditions.size(), " entries"),
               absl::StrCat("at most ", kMaxConditions));
  }
  return absl::OkStatus();
}

absl::Status CheckSlotSizes(const v1::Slot& slot, const std::string& path) {
  if (absl::Status s = CheckString(slot.pattern(), Join(path, "pattern"), kMaxKeyBytes, true); !s.ok())
    return s;
  if (slot.category() == v1::CATEGORY_UNSPECIFIED) {
    return Bad(Join(path, "category"), "is unspecified", "CATEGORY_IDENTITY to CATEGORY_CUSTOM");
  }
  if (slot.cardinality() == v1::CARDINALITY_UNSPECIFIED) {
    return Bad(Join(path, "cardinality"), "is unspecified", "CARDINALITY_ONE or CARDINALITY_MANY");
  }
  if (slot.aliases_size() > kMaxAliases) {
    return Bad(Join(path, "aliases"), absl::StrCat("has ", slot.aliases_size(), " entries"),
               absl::StrCat("at most ", kMaxAliases));
  }
  for (int i = 0; i < slot.aliases_size(); ++i) {
    const std::string field = absl::StrCat(Join(path, "aliases"), "[", i, "]");
    if (absl::Status s = CheckString(slot.aliases(i), field, kMaxKeyBytes, true); !s.ok()) return s;
  }
  return CheckString(slot.description(), Join(path, "description"), kMaxDescriptionBytes, false);
}

absl::Status CheckTrigger(const v1::TriggerConsolidationRequest& request) {
  if (absl::Status s = CheckString(request.reason(), "reason", kMaxReasonBytes, false); !s.ok()) return s;
  if (absl::Status s = CheckString(request.request_id(), "request_id", kMaxIdBytes, false); !s.ok()) return s;
  if (request.priority() < -kMaxPriority || request.priority() > kMaxPriority) {
    return Bad("priority", absl::StrCat("is ", request.priority()),
               absl::StrCat(-kMaxPriority, " to ", kMaxPriority));
  }
  if (request.episode_limit() < 0 || request.episode_limit() > kMaxEpisodeLimit) {
    return Bad("episode_limit", absl::StrCat("is ", request.episode_limit()),
               absl::StrCat("0 to ", kMaxEpisodeLimit, " (0: the configured default)"));
  }
  if (request.set_status() != v1::EPISODE_STATUS_UNSPECIFIED &&
      request.set_status() != v1::EPISODE_STATUS_COMPRESSED &&
      request.set_status() != v1::EPISODE_STATUS_ARCHIVED) {
    return Bad("set_status", absl::StrCat("is ", v1::EpisodeStatus_Name(request.set_status())),
               "EPISODE_STATUS_COMPRESSED, EPISODE_STATUS_ARCHIVED or unspecified");
  }
  const v1::TimeWindow& window = request.time_window();
  if (window.has_from() && window.has_to()) {
    const auto from = std::pair(window.from().seconds(), window.from().nanos() / 1000);
    const auto to = std::pair(window.to().seconds(), window.to().nanos() / 1000);
    if (from >= to) return Bad("time_window.from", "is not before time_window.to", "from < to");
  }
  return absl::OkStatus();
}

absl::Status CheckTenantSettings(const v1::TenantSettings& settings, const std::string& path) {
  if (settings.has_weight() && !(settings.weight() > 0 && settings.weight() <= kMaxWeight)) {
    return Bad(path + ".weight", "is out of range", absl::StrCat("over 0, at most ", kMaxWeight));
  }
  if (settings.max_waiting() < 0) return Bad(path + ".max_waiting", "is negative", "0 or more");
  if (settings.has_window_from() != settings.has_window_to()) {
    return Bad(path + (settings.has_window_from() ? ".window_to" : ".window_from"), "is missing",
               "both ends of the window, or neither");
  }
  if (!settings.has_window_from()) return absl::OkStatus();
  for (const auto& [end, name] :
       {std::pair(&settings.window_from(), ".window_from"), std::pair(&settings.window_to(), ".window_to")}) {
    if (end->seconds() < 0 || end->nanos() < 0 || end->seconds() >= 24 * 3600) {
      return Bad(path + name, "is no time of the day", "at least 0 and under 24 hours");
    }
  }
  if (settings.window_from().seconds() == settings.window_to().seconds() &&
      settings.window_from().nanos() / 1000 == settings.window_to().nanos() / 1000) {
    return Bad(path + ".window_to", "equals window_from", "another time of the day, or no window");
  }
  return absl::OkStatus();
}

}  // namespace slowwave
