// An issuer of the test's own: keys, and tokens in whatever shape a test wants.
#ifndef SLOWWAVE_TESTS_SUPPORT_JWT_SIGNER_H_
#define SLOWWAVE_TESTS_SUPPORT_JWT_SIGNER_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace slowwave {

inline std::string Base64Url(const std::string& bytes) {
  std::string text = absl::WebSafeBase64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

// header.payload, to be signed.
inline std::string Unsigned(const std::string& header, const std::string& payload) {
  return absl::StrCat(Base64Url(header), ".", Base64Url(payload));
}

// HS256, as one who takes a public key for a secret would make it.
inline std::string SignedWithSecret(const std::string& content, const std::string& secret) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(content.data()), content.size(), mac, &size);
  return absl::StrCat(content, ".", Base64Url(std::string(reinterpret_cast<char*>(mac), size)));
}

class SigningKey {
 public:
  static SigningKey Rsa(unsigned bits = 2048) { return SigningKey(EVP_RSA_gen(bits), 0); }
  // P-256, P-384, P-521; or another that OpenSSL knows.
  static SigningKey Ec(const char* curve) {
    return SigningKey(EVP_EC_gen(curve), std::string(curve) == "P-521"   ? 66
                                         : std::string(curve) == "P-384" ? 48
                                                                         : 32);
  }
  static SigningKey Ed25519() { return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), 0); }

  std::string Pem() const { return Written(PEM_write_bio_PUBKEY); }
  std::string PrivatePem() const {
    return Written([](BIO* out, const EVP_PKEY* key) {
      return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  // A JSON Web Key; `more`: further members, with a comma in front.
  std::string Jwk(const std::string& kid, const std::string& more = "") const {
    const std::string name = kid.empty() ? "" : absl::StrCat(R"("kid":")", kid, "\",");
    if (coordinate_ == 0) {
      return absl::StrCat("{", name, R"("kty":"RSA","n":")", Number(OSSL_PKEY_PARAM_RSA_N, 0), R"(","e":")",
                          Number(OSSL_PKEY_PARAM_RSA_E, 0), "\"", more, "}");
    }
    const char* curve = coordinate_ == 32 ? "P-256" : coordinate_ == 48 ? "P-384" : "P-521";
    return absl::StrCat("{", name, R"("kty":"EC","crv":")", curve, R"(","x":")",
                        Number(OSSL_PKEY_PARAM_EC_PUB_X, coordinate_), R"(","y":")",
                        Number(OSSL_PKEY_PARAM_EC_PUB_Y, coordinate_), "\"", more, "}");
  }
  // RS or ES with SHA-256, or the digest that is given.
  std::string Sign(const std::string& content, const EVP_MD* digest = EVP_sha256()) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    size_t size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(content.data());
    std::string signature;
    if (EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, data, content.size()) != 1) {
      throw std::runtime_error("cannot sign");
    }
    signature.resize(size);
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                   content.size());
    signature.resize(size);
    if (coordinate_ > 0) signature = Raw(signature);
    return absl::StrCat(content, ".", Base64Url(signature));
  }

 private:
  SigningKey(EVP_PKEY* key, int coordinate) : key_(key, EVP_PKEY_free), coordinate_(coordinate) {
    if (key == nullptr) throw std::runtime_error("cannot make a key");
  }
  template <typename Write>
  std::string Written(Write write) const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    write(out.get(), key_.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<size_t>(size)};
  }
  std::string Number(const char* parameter, int bytes) const {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key_.get(), parameter, &number) != 1) throw std::runtime_error(parameter);
    std::string text(static_cast<size_t>(bytes > 0 ? bytes : BN_num_bytes(number)), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(text.data()), static_cast<int>(text.size()));
    BN_free(number);
    return Base64Url(text);
  }
  // r and s side by side, as a JWS has them.
  std::string Raw(const std::string& der) const {
    const auto* data = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
        d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())), ECDSA_SIG_free);
    std::string raw(static_cast<size_t>(2 * coordinate_), '\0');
    auto* out = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, coordinate_);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + coordinate_, coordinate_);
    return raw;
  }

  std::shared_ptr<EVP_PKEY> key_;
  int coordinate_;  // bytes; 0: no elliptic curve
};

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_JWT_SIGNER_H_
