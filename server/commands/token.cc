#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "core/digest.h"
#include "server/commands/client_commands.h"

namespace slowwave {
namespace {

struct TokenOptions {
  std::string name, tenant = "default", out, valid_for;
  std::vector<std::string> roles;
};

// For the owner only, and never over a file that is there.
absl::Status WriteSecret(const std::string& path, const std::string& secret) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0)
    return absl::UnavailableError(absl::StrCat("--out: cannot make ", path, ": ", strerror(errno)));
  const std::string line = secret + "\n";
  const bool written = write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (close(file) != 0 || !written) return absl::UnavailableError(absl::StrCat("--out: cannot write ", path));
  return absl::OkStatus();
}

absl::StatusOr<int> MakeToken(const TokenOptions& o, CommandContext& context) {
  std::string expires;
  if (!o.valid_for.empty()) {
    absl::StatusOr<absl::Duration> span = ParseSpan("--valid-for", o.valid_for);
    if (!span.ok()) return span.status();
    expires = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now() + *span, absl::UTCTimeZone());
  }
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return absl::UnavailableError("the system has no randomness to give");
  }
  const std::string token =
      absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  if (absl::Status s = WriteSecret(o.out, token); !s.ok()) return s;
  const auto quoted = [](const std::string& text) {
    return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
  };
  context.out << "- name: " << quoted(o.name) << "\n  sha256: " << Sha256Hex(token)
              << "\n  tenant: " << quoted(o.tenant) << "\n  roles: [" << absl::StrJoin(o.roles, ", ")
              << "]\n";
  if (!expires.empty()) context.out << "  expires: " << expires << "\n";
  return 0;
}

}  // namespace

void AddToken(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<TokenOptions>();
  CLI::App* command = root.add_subcommand(
      "token", "Make a bearer token: the secret into a file, its entry for auth.tokens_file to the output");
  command->add_option("--name", o->name, "Whose it is, for the audit")->required();
  command->add_option("--tenant", o->tenant, "Whose memories it opens; '*': all tenants")
      ->capture_default_str();
  command->add_option("--role", o->roles, "read, write, operate or erase; may be repeated")
      ->required()
      ->check(CLI::IsMember({"read", "write", "operate", "erase"}));
  command->add_option("--out", o->out, "New file for the token itself, for --token-file")->required();
  command->add_option("--valid-for", o->valid_for, "How long it is good, such as 90d; without: for ever");
  command->footer(
      "Example: slowwave token --name chat --tenant acme --role read --role write --out chat.token >> "
      "tokens.yaml");
  OnChosen(*command, context, [o, &context] { return MakeToken(*o, context); });
}

}  // namespace slowwave
