#include "server/jwt_keys.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/guarded_json.h"

namespace slowwave {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Json = nlohmann::json;

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr int kMinRsaBits = 2048, kMaxRsaBits = 8192;

struct Curve {
  const char* jose;
  const char* openssl;
  const char* algorithm;
  size_t bytes;  // of a coordinate
};
constexpr Curve kCurves[] = {{"P-256", "prime256v1", "ES256", 32},
                             {"P-384", "secp384r1", "ES384", 48},
                             {"P-521", "secp521r1", "ES512", 66}};

// What OpenSSL may have noted meanwhile is nobody's.
absl::Status Bad(absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(what);
}

absl::StatusOr<std::set<std::string>> AlgorithmsOf(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < kMinRsaBits || bits > kMaxRsaBits) {
      return Bad(absl::StrCat("an RSA key of ", bits, " bits; allowed: ", kMinRsaBits, " to ", kMaxRsaBits));
    }
    return std::set<std::string>{"RS256", "RS384", "RS512"};
  }
  char name[64] = {};
  if (EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, name, sizeof(name), nullptr) == 1) {
    for (const Curve& curve : kCurves) {
      if (absl::string_view(name) == curve.openssl) return std::set<std::string>{curve.algorithm};
    }
  }
  return Bad("a key that is neither RSA nor on P-256, P-384 or P-521");
}

absl::StatusOr<JwtKey> Finish(EVP_PKEY* key, std::string kid) {
  absl::StatusOr<std::set<std::string>> algorithms = AlgorithmsOf(key);
  if (!algorithms.ok()) return algorithms.status();
  const Bio out(BIO_new(BIO_s_mem()), BIO_free);
  char* data = nullptr;
  if (out == nullptr || PEM_write_bio_PUBKEY(out.get(), key) != 1) return Bad("a key that cannot be written");
  const long size = BIO_get_mem_data(out.get(), &data);
  return JwtKey{std::move(kid), std::string(data, static_cast<size_t>(size)), *std::move(algorithms)};
}

absl::StatusOr<std::vector<JwtKey>> ParsePem(absl::string_view text) {
  if (absl::StrContains(text, "PRIVATE KEY-----"))
    return Bad("holds a private key, which belongs to the issuer alone");
  const Bio in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  const absl::Status not_keys = absl::InvalidArgumentError("holds neither public keys in PEM nor a JWKS");
  std::vector<JwtKey> keys;
  char *name = nullptr, *header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_read_bio(in.get(), &name, &header, &data, &size) == 1) {
    const bool is_key = absl::string_view(name) == PEM_STRING_PUBLIC;
    const unsigned char* at = data;
    const Key key(is_key ? d2i_PUBKEY(nullptr, &at, size) : nullptr, EVP_PKEY_free);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    if (key == nullptr) return Bad(not_keys.message());
    absl::StatusOr<JwtKey> one = Finish(key.get(), "");
    if (!one.ok()) return one.status();
    keys.push_back(*std::move(one));
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end || keys.empty()) return not_keys;
  return keys;
}

std::string Text(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
}

// The bytes of a base64url member; empty if it is missing or not that.
std::string Bytes(const Json& object, const char* name) {
  std::string bytes;
  const std::string text = Text(object, name);
  if (absl::StrContains(text, "=") || !absl::WebSafeBase64Unescape(text, &bytes)) bytes.clear();
  return bytes;
}

using Build = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;

Key KeyFrom(const char* type, OSSL_PARAM_BLD* build) {
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(OSSL_PARAM_BLD_to_param(build),
                                                                           OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* made = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    made = nullptr;
  }
  return Key(made, EVP_PKEY_free);
}

Key RsaKey(const Json& jwk) {
  using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
  const auto number = [&](const char* name) {
    const std::string bytes = Bytes(jwk, name);
    return Number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                            static_cast<int>(bytes.size()), nullptr),
                  BN_free);
  };
  const Number n = number("n"), e = number("e");
  const Build build(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  // An exponent of 1 would verify anything.
  if (n == nullptr || e == nullptr || BN_is_zero(n.get()) || BN_num_bits(e.get()) < 2 ||
      !BN_is_odd(e.get()) || OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return Key(nullptr, EVP_PKEY_free);
  }
  return KeyFrom("RSA", build.get());
}

Key EcKey(const Json& jwk, const Curve& curve) {
  const std::string x = Bytes(jwk, "x"), y = Bytes(jwk, "y");
  const std::string point = absl::StrCat("\x04", x, y);  // uncompressed
  const Build build(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  if (x.size() != curve.bytes || y.size() != curve.bytes ||
      OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.openssl, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) !=
          1) {
    return Key(nullptr, EVP_PKEY_free);
  }
  return KeyFrom("EC", build.get());
}

// Unset: a key of a kind that is passed over.
absl::StatusOr<std::optional<JwtKey>> ParseJwk(const Json& jwk) {
  if (!jwk.is_object()) return Bad("is not an object");
  const std::string type = Text(jwk, "kty");
  if (type.empty()) return Bad("kty: is missing");
  if (type == "oct" || jwk.contains("k"))
    return Bad("is a symmetric key, which whoever reads this could sign with");
  if (jwk.contains("d")) return Bad("is a private key, which belongs to the issuer alone");
  if (jwk.contains("use") && Text(jwk, "use") != "sig") return std::nullopt;
  Key key(nullptr, EVP_PKEY_free);
  if (type == "RSA") {
    key = RsaKey(jwk);
  } else if (type == "EC") {
    const std::string name = Text(jwk, "crv");
    const Curve* curve = nullptr;
    for (const Curve& known : kCurves) {
      if (name == known.jose) curve = &known;
    }
    if (curve == nullptr) return std::nullopt;
    key = EcKey(jwk, *curve);
  } else {
    return std::nullopt;
  }
  if (key == nullptr) return Bad("is no valid key");
  absl::StatusOr<JwtKey> made = Finish(key.get(), Text(jwk, "kid"));
  if (!made.ok()) return made.status();
  if (jwk.contains("alg")) {
    const std::string only = Text(jwk, "alg");
    if (!made->algorithms.contains(only)) return std::nullopt;
    made->algorithms = {only};
  }
  return *std::move(made);
}

absl::StatusOr<std::vector<JwtKey>> ParseJwks(absl::string_view text) {
  const absl::StatusOr<Json> root = ParseGuardedJson(text);
  if (!root.ok()) return Bad(absl::StrCat("is no JWKS: ", root.status().message()));
  const auto list = root->find("keys");
  if (!root->is_object() || list == root->end() || !list->is_array())
    return Bad("is no JWKS: it has no list of keys");
  std::vector<JwtKey> keys;
  std::set<std::string> names;
  for (size_t i = 0; i < list->size(); ++i) {
    absl::StatusOr<std::optional<JwtKey>> one = ParseJwk((*list)[i]);
    if (!one.ok()) return Bad(absl::StrCat("keys[", i, "]: ", one.status().message()));
    if (!one->has_value()) continue;
    if (!(*one)->kid.empty() && !names.insert((*one)->kid).second) {
      return Bad(absl::StrCat("keys[", i, "]: kid: is another key's, too"));
    }
    keys.push_back(**std::move(one));
  }
  if (keys.empty()) return Bad("holds no key for RS256, RS384, RS512, ES256, ES384 or ES512");
  return keys;
}

}  // namespace

absl::StatusOr<std::vector<JwtKey>> ParseJwtKeys(absl::string_view text) {
  if (text.size() > kMaxFileBytes) return Bad("is over 1 MiB");
  text = absl::StripAsciiWhitespace(text);
  absl::StatusOr<std::vector<JwtKey>> keys = absl::StartsWith(text, "{") ? ParseJwks(text) : ParsePem(text);
  if (keys.ok() && keys->size() > kMaxJwtKeys) {
    return Bad(absl::StrCat("holds ", keys->size(), " keys; allowed: ", kMaxJwtKeys));
  }
  return keys;
}

}  // namespace slowwave
