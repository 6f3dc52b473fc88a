#include "storage/migrator.h"

#include <openssl/evp.h>

#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace slowwave {

std::string MigrationChecksum(const Migration& migration) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(migration.sql.data(), migration.sql.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

absl::StatusOr<MigrationStatus> ReadMigrationStatus(const std::vector<Migration>& known,
                                                    MigrationDriver& driver) {
  absl::StatusOr<std::vector<AppliedMigration>> applied = driver.Applied();
  if (!applied.ok()) return applied.status();
  std::map<int, MigrationState> states;
  for (const Migration& migration : known) {
    MigrationState& state = states[migration.version];
    state.version = migration.version;
    state.name = std::string(migration.name);
    state.checksum = MigrationChecksum(migration);
  }
  int newest = 0;
  for (const AppliedMigration& done : *applied) {
    MigrationState& state = states[done.version];
    state.version = done.version;
    state.applied_at = done.applied_at;
    newest = std::max(newest, done.version);
    if (state.checksum.empty()) {
      state.name = done.name;
      state.problem = "written by a newer slowwave";
    } else if (state.checksum != done.checksum) {
      state.problem = "changed after it was applied";
    }
  }
  MigrationStatus status;
  for (auto& [version, state] : states) {
    if (state.applied_at.has_value()) {
      ++status.applied;
    } else {
      ++status.outstanding;
      if (version < newest) state.problem = "missing, though a later one was applied";
    }
    status.migrations.push_back(std::move(state));
  }
  return status;
}

absl::Status ValidateMigrations(const MigrationStatus& status) {
  for (const MigrationState& state : status.migrations) {
    if (state.problem.empty()) continue;
    return absl::FailedPreconditionError(
        absl::StrFormat("migration %04d_%s: %s", state.version, state.name, state.problem));
  }
  return absl::OkStatus();
}

absl::StatusOr<int> MigrateUp(const std::vector<Migration>& known, MigrationDriver& driver) {
  absl::StatusOr<MigrationStatus> status = ReadMigrationStatus(known, driver);
  if (!status.ok()) return status.status();
  if (absl::Status valid = ValidateMigrations(*status); !valid.ok()) return valid;
  int count = 0;
  for (const Migration& migration : known) {
    if (migration.version <= status->applied) continue;
    if (absl::Status done = driver.Apply(migration, MigrationChecksum(migration)); !done.ok()) {
      return absl::Status(done.code(), absl::StrFormat("migration %04d_%s: %s", migration.version,
                                                       migration.name, std::string(done.message())));
    }
    ++count;
  }
  return count;
}

}  // namespace slowwave
