#include "storage/postgres/url.h"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace slowwave::postgres {
namespace {

// libpq takes the first `@` for the end of the credentials, unless a `/` comes before it: then it sees none,
// and a host and a database that are parts of the password. Another one it takes for a part of the host.
bool SeparatesCredentials(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return true;  // not a URL: keywords and values
  const std::string_view rest = url.substr(scheme + 3);
  const size_t at = rest.find('@');
  return at == std::string_view::npos ||
         (at < rest.find('/') && rest.find('@', at + 1) == std::string_view::npos);
}

}  // namespace

absl::StatusOr<std::string> ShownUrl(const std::string& url) {
  using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
  char* said = nullptr;
  const Options options(SeparatesCredentials(url) ? PQconninfoParse(url.c_str(), &said) : nullptr,
                        PQconninfoFree);
  PQfreemem(said);  // it may hold a password, too
  if (options == nullptr) {
    return absl::InvalidArgumentError(
        "the URL cannot be parsed; percent-encode what the password has of / @ : ? # % (%2F %40 %3A %3F %23 "
        "%25)");
  }
  std::string host, port, database;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string_view keyword(option->keyword);
    if (keyword == "host") host = option->val;
    if (keyword == "port") port = absl::StrCat(":", option->val);
    if (keyword == "dbname") database = absl::StrCat("/", option->val);
  }
  return absl::StrCat("postgres://", host, port, database);
}

}  // namespace slowwave::postgres
