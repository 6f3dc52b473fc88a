#include "server/transport_security.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace slowwave {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

absl::Status Bad(const char* key, const std::string& path, const char* what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(key, ": ", path, " ", what));
}

absl::StatusOr<Certificate> ReadCertificate(const char* key, const std::string& path) {
  const Bio file(BIO_new_file(path.c_str(), "r"), BIO_free);
  if (file == nullptr) return Bad(key, path, "cannot be read");
  Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
  if (certificate == nullptr) return Bad(key, path, "holds no certificate in PEM");
  return certificate;
}

absl::Status CheckFiles(const Config& config) {
  const absl::StatusOr<Certificate> certificate = ReadCertificate("tls.cert_file", config.tls_cert_file);
  if (!certificate.ok()) return certificate.status();
  const Bio file(BIO_new_file(config.tls_key_file.c_str(), "r"), BIO_free);
  if (file == nullptr) return Bad("tls.key_file", config.tls_key_file, "cannot be read");
  // Nobody is there to be asked for a passphrase.
  const Key key(PEM_read_bio_PrivateKey(
                    file.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr),
                EVP_PKEY_free);
  if (key == nullptr)
    return Bad("tls.key_file", config.tls_key_file, "holds no private key in PEM, or a locked one");
  if (X509_check_private_key(certificate->get(), key.get()) != 1) {
    return Bad("tls.key_file", config.tls_key_file, "is not the key of tls.cert_file");
  }
  if (config.tls_client_ca_file.empty()) return absl::OkStatus();
  return ReadCertificate("tls.client_ca_file", config.tls_client_ca_file).status();
}

// Only what nobody else can reach: a name may begin with 127, too, and lead anywhere.
bool IsLoopbackAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(four.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  return address.sa_family == AF_INET6 &&
         IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

}  // namespace

bool IsLoopbackHost(const std::string& listed) {
  const absl::string_view host = absl::StripSuffix(absl::StripPrefix(listed, "["), "]");
  addrinfo hints{};
  hints.ai_flags = host == "localhost" ? 0 : AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(std::string(host).c_str(), nullptr, &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (!IsLoopbackAddress(*each->ai_addr)) return false;
  }
  return true;
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFrom(const Config& config) {
  if (config.tls_cert_file.empty()) return grpc::InsecureServerCredentials();
  if (absl::Status s = CheckFiles(config); !s.ok()) return s;
  const bool mutual = !config.tls_client_ca_file.empty();
  const auto files = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      config.tls_key_file, config.tls_cert_file, config.tls_client_ca_file,
      static_cast<unsigned>(config.tls_reload_seconds));
  grpc::experimental::TlsServerCredentialsOptions options(files);
  options.watch_identity_key_cert_pairs();
  if (mutual) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

bool AsksWhoCalls(const Config& config) {
  return !config.auth_tokens_file.empty() || !config.auth_jwt_keys_file.empty();
}

AccessOptions AccessOptionsFrom(const Config& config) {
  AccessOptions options;
  options.tokens_file = config.auth_tokens_file;
  if (config.auth_jwt_keys_file.empty()) return options;
  options.jwt = JwtOptions{.keys_file = config.auth_jwt_keys_file,
                           .issuer = config.auth_jwt_issuer,
                           .audience = config.auth_jwt_audience,
                           .tenant_claim = config.auth_jwt_tenant_claim,
                           .roles_claim = config.auth_jwt_roles_claim,
                           .leeway = absl::Seconds(config.auth_jwt_leeway_seconds)};
  return options;
}

absl::Status CheckSecurityKeys(const Config& config) {
  if (config.tls_cert_file.empty() != config.tls_key_file.empty()) {
    return absl::InvalidArgumentError("tls.cert_file and tls.key_file: allowed: both, or neither");
  }
  if (config.tls_cert_file.empty() && !config.tls_client_ca_file.empty()) {
    return absl::InvalidArgumentError("tls.client_ca_file is for TLS, which needs tls.cert_file");
  }
  const bool whole = !config.auth_jwt_issuer.empty() && !config.auth_jwt_audience.empty() &&
                     !config.auth_jwt_tenant_claim.empty() && !config.auth_jwt_roles_claim.empty();
  if (!config.auth_jwt_keys_file.empty() && !whole) {
    return absl::InvalidArgumentError(
        "auth.jwt.keys_file: needs auth.jwt.issuer, audience, tenant_claim and roles_claim: a token is for "
        "somebody");
  }
  if (config.auth_jwt_keys_file.empty() &&
      !(config.auth_jwt_issuer.empty() && config.auth_jwt_audience.empty())) {
    return absl::InvalidArgumentError(
        "auth.jwt.issuer and auth.jwt.audience are for JWTs, which need auth.jwt.keys_file");
  }
  const absl::StatusOr<HostPort> listen = ParseHostPort(config.listen);
  if (!listen.ok() || IsLoopbackHost(listen->host) || config.allow_insecure_listen == "true") {
    return absl::OkStatus();
  }
  if (!config.tls_cert_file.empty() && AsksWhoCalls(config)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "listen is '", config.listen,
      "', which others can reach; allowed: a loopback address, or with tls.cert_file, tls.key_file and "
      "auth.tokens_file or auth.jwt.keys_file, or with allow_insecure_listen if something else keeps them "
      "out"));
}

}  // namespace slowwave
