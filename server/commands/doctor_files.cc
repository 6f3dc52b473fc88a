#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "server/access.h"
#include "server/commands/doctor.h"
#include "server/transport_security.h"

namespace slowwave {
namespace {

constexpr absl::Duration kSoon = absl::Hours(24 * 14);

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

absl::Time TimeOf(const ASN1_TIME* time) {
  int days = 0, seconds = 0;
  // From now.
  if (ASN1_TIME_diff(&days, &seconds, nullptr, time) != 1) return absl::InfinitePast();
  return absl::Now() + absl::Hours(24) * days + absl::Seconds(seconds);
}

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

// Of every certificate in the file the first that is over, to come, or soon over decides.
void ExamineCertificates(const Examination& e, const char* key, const std::string& path) {
  const Bio file(BIO_new_file(path.c_str(), "r"), BIO_free);
  absl::Time ends = absl::InfiniteFuture();
  int count = 0;
  while (file != nullptr) {
    const Certificate certificate(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr), X509_free);
    if (certificate == nullptr) break;
    ++count;
    const absl::Time begins = TimeOf(X509_get0_notBefore(certificate.get()));
    if (begins > absl::Now()) {
      return e.Fail(key, absl::StrCat(path, " is not good before ", DayOf(begins)),
                    "see to the clock, or have it made anew");
    }
    ends = std::min(ends, TimeOf(X509_get0_notAfter(certificate.get())));
  }
  ERR_clear_error();
  if (count == 0) return e.Fail(key, absl::StrCat(path, " holds no certificate in PEM"), "name another file");
  if (ends <= absl::Now()) {
    e.Fail(key, absl::StrCat(path, " is over since ", DayOf(ends)),
           "have it renewed; a running daemon reads the files again by itself");
  } else if (ends <= absl::Now() + kSoon) {
    e.Warn(key, absl::StrCat(path, " ends soon, at ", DayOf(ends)),
           "have it renewed; a running daemon reads the files again by itself");
  } else {
    e.Ok(key, absl::StrCat(path, " is good until ", DayOf(ends)));
  }
}

// Whether a secret is for the daemon's eyes only. False: something was told.
bool IsKeptSecret(const Examination& e, const char* key, const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    e.Fail(key, absl::StrCat(path, ": ", strerror(errno)), "name a file that the daemon can read");
    return false;
  }
  if ((status.st_mode & (S_IROTH | S_IWOTH)) == 0) return true;
  e.Warn(key,
         absl::StrCat(path, " can be ", (status.st_mode & S_IWOTH) != 0 ? "written" : "read",
                      " by every user of this machine"),
         absl::StrCat("chmod o-rwx ", path));
  return false;
}

void ExamineTls(const Examination& e) {
  const Config& c = e.config;
  if (c.tls_cert_file.empty()) {
    if (c.allow_insecure_listen == "true") {
      e.Warn("tls", "is off, and allow_insecure_listen is set",
             "see that something in front keeps others out");
    } else {
      e.Ok("tls", "is off; listen is a loopback address");
    }
    return;
  }
  if (const absl::Status usable = ServerCredentialsFrom(c).status(); !usable.ok()) {
    return e.Fail("tls", std::string(usable.message()), "name a certificate and the key that belongs to it");
  }
  ExamineCertificates(e, "tls.cert_file", c.tls_cert_file);
  if (IsKeptSecret(e, "tls.key_file", c.tls_key_file)) {
    e.Ok("tls.key_file", "belongs to the certificate, and is kept from other users");
  }
  if (!c.tls_client_ca_file.empty()) ExamineCertificates(e, "tls.client_ca", c.tls_client_ca_file);
}

// Names of the entries that are over, and of those that soon are. The file was read before without complaint.
struct Expiring {
  std::vector<std::string> over, soon;
  size_t all = 0;
};

Expiring ExpiringOf(const std::string& path) {
  Expiring found;
  try {
    for (const YAML::Node& entry : YAML::LoadFile(path)) {
      ++found.all;
      absl::Time ends;
      if (!entry["expires"] ||
          !absl::ParseTime(absl::RFC3339_full, entry["expires"].as<std::string>(), &ends, nullptr)) {
        continue;
      }
      if (ends <= absl::Now()) {
        found.over.push_back(entry["name"].as<std::string>());
      } else if (ends <= absl::Now() + kSoon) {
        found.soon.push_back(entry["name"].as<std::string>());
      }
    }
  } catch (const YAML::Exception&) {
    // It changed since it was read: there is nothing to say of its entries.
    return {};
  }
  return found;
}

void ExamineTokens(const Examination& e) {
  const std::string& path = e.config.auth_tokens_file;
  if (!AsksWhoCalls(e.config)) return e.Ok("tokens", "none: nobody is asked who they are");
  if (const absl::Status read = Access::Open(AccessOptionsFrom(e.config)).status(); !read.ok()) {
    return e.Fail("tokens", std::string(read.message()), "put it right; `slowwave token` prints entries");
  }
  if (!e.config.auth_jwt_keys_file.empty()) e.Ok("jwt", "the issuer's keys can be read");
  if (path.empty()) return;
  const bool secret = IsKeptSecret(e, "tokens", path);
  const Expiring found = ExpiringOf(path);
  if (!found.over.empty()) {
    e.Warn("tokens", absl::StrCat("over: ", absl::StrJoin(found.over, ", ")),
           "remove these entries, or make new ones");
  }
  if (!found.soon.empty()) {
    e.Warn("tokens", absl::StrCat("end within two weeks: ", absl::StrJoin(found.soon, ", ")),
           "make new ones with `slowwave token`");
  }
  if (secret && found.over.empty() && found.soon.empty())
    e.Ok("tokens", absl::StrCat(path, ": ", found.all, " entries"));
}

}  // namespace

void ExamineFiles(const Examination& e) {
  ExamineTls(e);
  ExamineTokens(e);
  const Config& c = e.config;
  if (!c.llm_api_key_file.empty() && IsKeptSecret(e, "llm.api_key", c.llm_api_key_file)) {
    e.Ok("llm.api_key", "is kept from other users");
  }
  if (!c.embedding_api_key_file.empty() && IsKeptSecret(e, "embedding.api_key", c.embedding_api_key_file)) {
    e.Ok("embedding.api_key", "is kept from other users");
  }
}

}  // namespace slowwave
