#include "server/call_audit.h"

#include <google/protobuf/descriptor.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "server/access.h"
#include "server/validation.h"

namespace slowwave {
namespace {

// As JSON, since a name may hold a line break; cut, since a request that is refused may hold anything.
std::string Quoted(absl::string_view text) {
  const std::string whole(text.substr(0, kMaxKeyBytes));
  return nlohmann::json(whole).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         (text.size() > kMaxKeyBytes ? "..." : "");
}

}  // namespace

bool CallAudit::IsRecorded() const { return caller_ != nullptr && RoleOf(method_) != Role::kRead; }

void CallAudit::About(const google::protobuf::Message& request) {
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  const auto field_of = [&](const char* name) { return request.GetDescriptor()->FindFieldByName(name); };
  for (const char* name : {"tenant", "user", "task_id", "run_id"}) {
    const google::protobuf::FieldDescriptor* field = field_of(name);
    if (field == nullptr) continue;
    const std::string value = reflection.GetString(request, field);
    if (!value.empty()) Set(name, value);
  }
  if (const google::protobuf::FieldDescriptor* slot = field_of("slot"); slot != nullptr) {
    const google::protobuf::Message& put = reflection.GetMessage(request, slot);
    Set("slot", put.GetReflection()->GetString(put, slot->message_type()->FindFieldByName("pattern")));
  }
}

void CallAudit::Set(const std::string& field, absl::string_view value) {
  const auto known =
      std::find_if(fields_.begin(), fields_.end(), [&](const auto& each) { return each.first == field; });
  if (known != fields_.end()) {
    known->second = Quoted(value);
  } else {
    fields_.emplace_back(field, Quoted(value));
  }
}

void CallAudit::Count(const std::string& field, int64_t count) {
  fields_.emplace_back(field, absl::StrCat(count));
}

std::string CallAudit::Line(const std::string& fields, const absl::Status& status) const {
  return absl::StrCat("audit: ", method_, " by ", Quoted(caller_->name), ":", fields, " ",
                      absl::StatusCodeToString(status.code()));
}

void CallAudit::Part(const std::string& field, absl::string_view value, const absl::Status& status) const {
  if (!IsRecorded()) return;
  std::string fields;
  for (const auto& [name, written] : fields_) {
    if (name == "tenant") absl::StrAppend(&fields, " ", name, "=", written);
  }
  absl::StrAppend(&fields, " ", field, "=", Quoted(value));
  spdlog::info("{}", Line(fields, status));
}

void CallAudit::End(const absl::Status& status) const {
  if (!IsRecorded()) return;
  std::string fields;
  // Refused before the request was read: of this tenant it is all the same.
  const bool names_tenant =
      std::any_of(fields_.begin(), fields_.end(), [](const auto& field) { return field.first == "tenant"; });
  if (const std::string tenant = OnlyTenantOf(caller_); !names_tenant && !tenant.empty()) {
    absl::StrAppend(&fields, " tenant=", Quoted(tenant));
  }
  for (const auto& [name, written] : fields_) absl::StrAppend(&fields, " ", name, "=", written);
  spdlog::info("{}", Line(fields, status));
}

}  // namespace slowwave
