#include "server/jwt.h"

#include <jwt.h>
#include <openssl/err.h>
#include <spdlog/spdlog.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/guarded_json.h"
#include "server/validation.h"

namespace slowwave {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxTokenBytes = 8192;
constexpr size_t kMaxSubjectBytes = 256;

absl::Status Refuse(absl::string_view why) {
  return absl::UnauthenticatedError(absl::StrCat("the JWT ", why));
}

// Base64url without padding, as RFC 7515 has it. More than the decoders insist on: what they skip two of them
// might skip differently.
bool IsBase64Url(absl::string_view part) {
  for (const char c : part) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') return false;
  }
  return !part.empty();
}

absl::StatusOr<Json> ObjectIn(absl::string_view part, const char* what) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(part, &text)) return Refuse(absl::StrCat(what, " is not base64url"));
  absl::StatusOr<Json> json = ParseGuardedJson(text);
  if (!json.ok()) return Refuse(absl::StrCat(what, " is refused: ", json.status().message()));
  if (!json->is_object()) return Refuse(absl::StrCat(what, " is not a JSON object"));
  return json;
}

std::string Text(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

struct Header {
  std::string algorithm, kid;
};

absl::StatusOr<Header> HeaderIn(absl::string_view part) {
  const absl::StatusOr<Json> json = ObjectIn(part, "header");
  if (!json.ok()) return json.status();
  if (json->contains("crit")) return Refuse("header asks for extensions that are not known here");
  // libjwt takes no other; it is optional.
  if (json->contains("typ") && !absl::EqualsIgnoreCase(Text(*json, "typ"), "JWT")) {
    return Refuse("header is of another type than JWT");
  }
  if (json->contains("kid") && !(*json)["kid"].is_string()) return Refuse("header has a kid that is no text");
  return Header{Text(*json, "alg"), Text(*json, "kid")};
}

// Whether libjwt finds the token signed with this key, and by this algorithm.
bool IsSigned(const std::string& token, const JwtKey& key, const std::string& algorithm) {
  jwt_t* decoded = nullptr;
  const int failed =
      jwt_decode(&decoded, token.c_str(), reinterpret_cast<const unsigned char*>(key.pem.data()),
                 static_cast<int>(key.pem.size()));
  const std::unique_ptr<jwt_t, decltype(&jwt_free)> owned(failed == 0 ? decoded : nullptr, jwt_free);
  ERR_clear_error();
  return owned != nullptr && jwt_get_alg(owned.get()) == jwt_str_alg(algorithm.c_str());
}

// A key of the token's name; or, if there is none such, those without a name. A token without one may be any
// key's.
bool IsSignedByAny(const std::string& token, const std::vector<JwtKey>& keys, const Header& header) {
  bool named = false;
  for (const JwtKey& key : keys) named |= !header.kid.empty() && key.kid == header.kid;
  for (const JwtKey& key : keys) {
    if (!key.algorithms.contains(header.algorithm)) continue;
    if (!header.kid.empty() && key.kid != (named ? header.kid : "")) continue;
    if (IsSigned(token, key, header.algorithm)) return true;
  }
  return false;
}

const Json* Find(const Json& claims, const std::string& name) {
  if (!absl::StartsWith(name, "/")) {
    const auto member = claims.find(name);
    return member == claims.end() ? nullptr : &*member;
  }
  try {
    return &claims.at(Json::json_pointer(name));
  } catch (const Json::exception&) {
    return nullptr;
  }
}

// Seconds since 1970, which may have a fraction. Unset: there is none. InvalidArgument.
absl::StatusOr<std::optional<absl::Time>> TimeIn(const Json& claims, const char* name) {
  const auto member = claims.find(name);
  if (member == claims.end()) return std::nullopt;
  if (!member->is_number()) return absl::InvalidArgumentError("not a number");
  const double seconds = member->get<double>();
  if (!std::isfinite(seconds) || std::abs(seconds) > 1e12) return absl::InvalidArgumentError("not a time");
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

absl::Status CheckTimes(const Json& claims, absl::Time now, absl::Duration leeway) {
  const absl::StatusOr<std::optional<absl::Time>> expires = TimeIn(claims, "exp"),
                                                  begins = TimeIn(claims, "nbf");
  if (!expires.ok() || !begins.ok()) return Refuse("has an exp or nbf that is no time");
  if (!expires->has_value()) return Refuse("has no exp");
  if (now >= **expires + leeway) return Refuse("has expired");
  if (begins->has_value() && now + leeway < **begins) return Refuse("is not valid yet");
  return absl::OkStatus();
}

bool IsFor(const Json& claims, const std::string& audience) {
  const auto member = claims.find("aud");
  if (member == claims.end()) return false;
  if (member->is_string()) return member->get<std::string>() == audience;
  if (!member->is_array()) return false;
  bool found = false;
  for (const Json& one : *member) found |= one.is_string() && one.get<std::string>() == audience;
  return found;
}

// A list, or words in one text as in `scope`. Unset: it is neither.
std::optional<unsigned> RolesIn(const Json* claim) {
  std::vector<std::string> names;
  if (claim == nullptr) return std::nullopt;
  if (claim->is_string()) {
    names = absl::StrSplit(claim->get<std::string>(), ' ');
  } else if (claim->is_array()) {
    for (const Json& one : *claim) {
      if (!one.is_string()) return std::nullopt;
      names.push_back(one.get<std::string>());
    }
  } else {
    return std::nullopt;
  }
  unsigned roles = 0;
  for (const std::string& name : names) {
    if (const std::optional<Role> role = RoleNamed(name)) roles |= static_cast<unsigned>(*role);
  }
  return roles;
}

absl::StatusOr<CallerPtr> CallerIn(const Json& claims, const JwtOptions& options) {
  const std::string subject = Text(claims, "sub");
  if (subject.empty() || subject.size() > kMaxSubjectBytes) return Refuse("has no sub, or a very long one");
  const Json* tenant = Find(claims, options.tenant_claim);
  if (tenant == nullptr || !tenant->is_string() || tenant->get<std::string>().empty()) {
    return Refuse(absl::StrCat("has no claim ", options.tenant_claim, " with a tenant"));
  }
  auto caller = std::make_shared<Caller>();
  caller->name = absl::StrCat("jwt:", subject);
  caller->tenant = tenant->get<std::string>();
  if (caller->tenant == "*" || !CheckTenant(caller->tenant).ok()) return Refuse("names no valid tenant");
  const std::optional<unsigned> roles = RolesIn(Find(claims, options.roles_claim));
  if (!roles) return Refuse(absl::StrCat("has no claim ", options.roles_claim, " with roles"));
  caller->roles = *roles;
  return CallerPtr(std::move(caller));
}

}  // namespace

absl::StatusOr<JwtVerifier::Keys> JwtVerifier::Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  absl::StatusOr<std::vector<JwtKey>> keys = ParseJwtKeys(text);
  if (!keys.ok()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", keys.status().message()));
  return std::make_shared<const std::vector<JwtKey>>(*std::move(keys));
}

absl::StatusOr<std::unique_ptr<JwtVerifier>> JwtVerifier::Open(JwtOptions options, Clock now) {
  for (const std::string& name : {options.tenant_claim, options.roles_claim}) {
    if (!absl::StartsWith(name, "/")) continue;
    try {
      const Json::json_pointer pointer(name);
    } catch (const Json::exception&) {
      return absl::InvalidArgumentError(absl::StrCat(name, " is no JSON pointer"));
    }
  }
  auto verifier = std::unique_ptr<JwtVerifier>(new JwtVerifier(std::move(options), std::move(now)));
  absl::MutexLock lock(&verifier->mu_);
  verifier->stamp_ = FileStamp::Of(verifier->options_.keys_file);
  absl::StatusOr<Keys> keys = Read(verifier->options_.keys_file);
  if (!keys.ok()) return keys.status();
  verifier->keys_ = *std::move(keys);
  return verifier;
}

JwtVerifier::Keys JwtVerifier::CurrentKeys() {
  absl::MutexLock lock(&mu_);
  if (const FileStamp stamp = FileStamp::Of(options_.keys_file); !(stamp == stamp_)) {
    stamp_ = stamp;
    absl::StatusOr<Keys> keys = Read(options_.keys_file);
    if (keys.ok()) {
      keys_ = *std::move(keys);
      spdlog::info("auth.jwt.keys_file: read again, {} keys", keys_->size());
    } else {
      spdlog::error("auth.jwt.keys_file: {}; what it said before still holds",
                    std::string(keys.status().message()));
    }
  }
  return keys_;
}

bool JwtVerifier::LooksLikeOne(absl::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, absl::MaxSplits('.', 3));
  return parts.size() == 3;
}

absl::StatusOr<CallerPtr> JwtVerifier::Verify(absl::string_view token) {
  if (token.size() > kMaxTokenBytes) return Refuse("is too large");
  const std::vector<absl::string_view> parts = absl::StrSplit(token, absl::MaxSplits('.', 3));
  if (parts.size() != 3) return Refuse("has not three parts");
  for (const absl::string_view part : parts) {
    if (!IsBase64Url(part)) return Refuse("has a part that is not base64url");
  }
  const absl::StatusOr<Header> header = HeaderIn(parts[0]);
  if (!header.ok()) return header.status();
  // `none` and HMAC are no key's, so that they end here like any other.
  if (!IsSignedByAny(std::string(token), *CurrentKeys(), *header)) {
    return Refuse("is not signed by a key of auth.jwt.keys_file that is for its algorithm");
  }
  const absl::StatusOr<Json> claims = ObjectIn(parts[1], "payload");
  if (!claims.ok()) return claims.status();
  if (Text(*claims, "iss") != options_.issuer) return Refuse("is of another issuer");
  if (!IsFor(*claims, options_.audience)) return Refuse("is for another audience");
  if (absl::Status s = CheckTimes(*claims, now_(), options_.leeway); !s.ok()) return s;
  return CallerIn(*claims, options_);
}

}  // namespace slowwave
