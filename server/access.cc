#include "server/access.h"

#include <spdlog/spdlog.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/digest.h"

namespace slowwave {
namespace {

constexpr char kAllTenants[] = "*";
constexpr size_t kMaxHeaderBytes = 8192;

const std::map<std::string, Role>& Roles() {
  static const auto* const roles = new std::map<std::string, Role>{
      {"read", Role::kRead}, {"write", Role::kWrite}, {"operate", Role::kOperate}, {"erase", Role::kErase}};
  return *roles;
}

bool IsSha256(const std::string& text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

absl::StatusOr<unsigned> RolesOf(const YAML::Node& list) {
  unsigned roles = 0;
  if (list.IsDefined() && list.IsSequence()) {
    for (const YAML::Node& entry : list) {
      const std::optional<Role> role = RoleNamed(entry.as<std::string>());
      if (!role) {
        roles = 0;
        break;
      }
      roles |= static_cast<unsigned>(*role);
    }
  }
  if (roles == 0) return absl::InvalidArgumentError("roles: needs a list of read, write, operate, erase");
  return roles;
}

absl::StatusOr<std::pair<std::string, Caller>> CallerOf(const YAML::Node& entry) {
  if (!entry.IsMap()) return absl::InvalidArgumentError("is not a map");
  static const auto* const known = new std::set<std::string>{"name", "sha256", "tenant", "roles", "expires"};
  for (const auto& member : entry) {
    const auto key = member.first.as<std::string>();
    if (!known->contains(key)) return absl::InvalidArgumentError(absl::StrCat("unknown key ", key));
  }
  const auto text = [&](const char* key) {
    return entry[key] ? entry[key].as<std::string>() : std::string();
  };
  Caller caller;
  caller.name = text("name");
  caller.tenant = text("tenant");
  if (caller.name.empty()) return absl::InvalidArgumentError("name: is missing");
  if (caller.tenant.empty()) return absl::InvalidArgumentError("tenant: is missing; '*' is all");
  if (!IsSha256(text("sha256"))) {
    return absl::InvalidArgumentError("sha256: needs the token's SHA-256, 64 lower-case hexadecimal digits");
  }
  absl::StatusOr<unsigned> roles = RolesOf(entry["roles"]);
  if (!roles.ok()) return roles.status();
  caller.roles = *roles;
  if (entry["expires"]) {
    absl::Time expires;
    if (!absl::ParseTime(absl::RFC3339_full, text("expires"), &expires, nullptr)) {
      return absl::InvalidArgumentError("expires: needs a time such as 2027-01-31T00:00:00Z");
    }
    caller.expires = expires;
  }
  return std::pair(text("sha256"), std::move(caller));
}

}  // namespace

std::optional<Role> RoleNamed(absl::string_view name) {
  const auto found = Roles().find(std::string(name));
  if (found == Roles().end()) return std::nullopt;
  return found->second;
}

std::optional<Role> RoleOf(absl::string_view method) {
  static const auto* const roles = new std::map<std::string, Role>{
      {"GetUser", Role::kRead},
      {"GetEpisode", Role::kRead},
      {"ListEpisodes", Role::kRead},
      {"ListFacts", Role::kRead},
      {"GetFact", Role::kRead},
      {"ListQuarantine", Role::kRead},
      {"ListSlots", Role::kRead},
      {"ExportUser", Role::kRead},
      {"VerifyUser", Role::kRead},
      {"GetReport", Role::kRead},
      {"ListReports", Role::kRead},
      {"ReplayRun", Role::kRead},
      {"GetTask", Role::kRead},
      {"ListTasks", Role::kRead},
      {"WatchTask", Role::kRead},
      {"GetTenant", Role::kRead},
      {"RegisterUser", Role::kWrite},
      {"IngestEpisodes", Role::kWrite},
      {"IngestEpisodeStream", Role::kWrite},
      {"ImportUser", Role::kWrite},
      {"TriggerConsolidation", Role::kWrite},
      {"CheckTriggers", Role::kWrite},
      {"CancelTask", Role::kOperate},
      {"RetryTask", Role::kOperate},
      {"PutSlot", Role::kOperate},
      {"PutTenant", Role::kOperate},
      {"PreviewConsolidation", Role::kOperate},
      {"ApplyPreview", Role::kOperate},
      {"RevertRun", Role::kOperate},
      {"EraseUser", Role::kErase},
      {"EraseEpisodes", Role::kErase},
  };
  const auto found = roles->find(std::string(method));
  if (found == roles->end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<Access::Callers> Access::Read(const std::string& path) {
  Callers callers;
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (!root.IsNull() && !root.IsSequence())
      return absl::InvalidArgumentError(absl::StrCat(path, ": is not a list of tokens"));
    std::set<std::string> names;
    for (const YAML::Node& entry : root) {
      absl::StatusOr<std::pair<std::string, Caller>> one = CallerOf(entry);
      if (one.ok() && !names.insert(one->second.name).second)
        one = absl::InvalidArgumentError(absl::StrCat("name: ", one->second.name, " is there twice"));
      if (one.ok() && callers.contains(one->first)) {
        one = absl::InvalidArgumentError("sha256: is another entry's, too");
      }
      if (!one.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(path, ":", entry.Mark().line + 1, ": ", one.status().message()));
      }
      callers.emplace(one->first, std::make_shared<const Caller>(std::move(one->second)));
    }
  } catch (const YAML::BadFile&) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.what()));
  }
  return callers;
}

absl::StatusOr<std::unique_ptr<Access>> Access::Open(AccessOptions options) {
  const auto under = [](const char* key, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(key, ": ", status.message()));
  };
  std::unique_ptr<JwtVerifier> jwt;
  if (options.jwt) {
    absl::StatusOr<std::unique_ptr<JwtVerifier>> opened = JwtVerifier::Open(*std::move(options.jwt));
    if (!opened.ok()) return under("auth.jwt", opened.status());
    jwt = *std::move(opened);
  }
  auto access = std::unique_ptr<Access>(new Access(std::move(options.tokens_file), std::move(jwt)));
  if (access->path_.empty()) return access;
  absl::MutexLock lock(&access->mu_);
  access->stamp_ = FileStamp::Of(access->path_);
  absl::StatusOr<Callers> callers = Read(access->path_);
  if (!callers.ok()) return under("auth.tokens_file", callers.status());
  access->callers_ = *std::move(callers);
  return access;
}

CallerPtr Access::Known(absl::string_view token) {
  if (path_.empty()) return nullptr;
  const std::string hash = Sha256Hex(token);
  absl::MutexLock lock(&mu_);
  if (const FileStamp stamp = FileStamp::Of(path_); !(stamp == stamp_)) {
    stamp_ = stamp;
    absl::StatusOr<Callers> callers = Read(path_);
    if (callers.ok()) {
      callers_ = *std::move(callers);
      spdlog::info("auth.tokens_file: read again, {} tokens", callers_.size());
    } else {
      spdlog::error("auth.tokens_file: {}; what it said before still holds",
                    std::string(callers.status().message()));
    }
  }
  const auto found = callers_.find(hash);
  return found == callers_.end() ? nullptr : found->second;
}

absl::StatusOr<CallerPtr> Access::Authenticate(absl::string_view authorization) {
  if (authorization.empty()) {
    return absl::UnauthenticatedError("no credentials; send the header authorization: Bearer TOKEN");
  }
  absl::string_view token = authorization;
  if (authorization.size() < 7 || !absl::EqualsIgnoreCase(authorization.substr(0, 7), "bearer ") ||
      authorization.size() > kMaxHeaderBytes) {
    return absl::UnauthenticatedError("the authorization header is not of the form Bearer TOKEN");
  }
  token.remove_prefix(7);
  token = absl::StripAsciiWhitespace(token);
  CallerPtr caller = Known(token);
  if (caller == nullptr && jwt_ != nullptr && JwtVerifier::LooksLikeOne(token)) return jwt_->Verify(token);
  if (caller == nullptr) return absl::UnauthenticatedError("the token is not known");
  if (caller->expires && *caller->expires <= absl::Now()) {
    return absl::UnauthenticatedError("the token has expired");
  }
  return caller;
}

absl::Status CheckRole(const CallerPtr& caller, Role role) {
  if (caller == nullptr || (caller->roles & static_cast<unsigned>(role)) != 0) return absl::OkStatus();
  for (const auto& [name, bit] : Roles()) {
    if (bit == role) {
      return absl::PermissionDeniedError(
          absl::StrCat("this needs the role ", name, ", which ", caller->name, " has not"));
    }
  }
  return absl::PermissionDeniedError("this needs a role that nobody has");
}

absl::Status CheckTenantOf(const CallerPtr& caller, google::protobuf::Message& request) {
  if (caller == nullptr || caller->tenant == kAllTenants) return absl::OkStatus();
  const google::protobuf::FieldDescriptor* field = request.GetDescriptor()->FindFieldByName("tenant");
  if (field == nullptr) return absl::PermissionDeniedError("this is for credentials of all tenants");
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  const std::string given = reflection.GetString(request, field);
  if (given.empty()) {
    reflection.SetString(&request, field, caller->tenant);
  } else if (given != caller->tenant) {
    return absl::PermissionDeniedError("tenant is not that of the credentials");
  }
  return absl::OkStatus();
}

}  // namespace slowwave
