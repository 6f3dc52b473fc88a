#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/commands/doctor.h"
#include "storage/migrator.h"
#include "storage/operator_detail.h"
#include "storage/postgres/inspection.h"
#include "storage/postgres/postgres_store.h"
#include "storage/sqlite/file_lock.h"
#include "storage/sqlite/sqlite_store.h"

namespace slowwave {
namespace {

constexpr int kOldestPostgres = 13;
// What a daemon dates by its own clock (certificates, tokens, first schedules) does not mind less.
constexpr absl::Duration kSkew = absl::Seconds(2);
constexpr int64_t kHardlyFree = int64_t{64} << 20;

// What a newer slowwave has applied is no concern of ours.
absl::Status Problems(MigrationStatus status) {
  for (MigrationState& state : status.migrations) {
    if (state.checksum.empty()) state.problem.clear();
  }
  return ValidateMigrations(status);
}

std::string Named(const std::vector<std::string>& names, size_t most = 6) {
  const size_t shown = std::min(names.size(), most);
  std::string text = absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ");
  if (shown < names.size()) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

void ExamineMigrations(const Examination& e, const absl::StatusOr<MigrationStatus>& status, bool may_apply,
                       const std::string& otherwise) {
  if (!status.ok()) {
    return e.Fail(
        "migrations", MessageForOperator(status.status()),
        "the daemon cannot use this store: name another, or give its role the rights that it needs");
  }
  if (absl::Status problem = Problems(*status); !problem.ok()) {
    return e.Fail(
        "migrations", std::string(problem.message()),
        "use the build that this store belongs to; `slowwave migrate status` lists what was applied");
  }
  if (status->outstanding == 0)
    return e.Ok("migrations", absl::StrCat(status->applied, " applied, none outstanding"));
  const std::string what = absl::StrCat(status->outstanding, " outstanding");
  if (may_apply) return e.Ok("migrations", absl::StrCat(what, ", which `serve` applies when it starts"));
  e.Fail("migrations", what, otherwise);
}

void ExamineRole(const Examination& e, const PostgresInspection& seen) {
  if (!seen.missing_rights.empty()) {
    e.Fail("role", absl::StrCat(seen.role, " lacks what a daemon does: ", Named(seen.missing_rights)),
           "run deploy/sql/roles.sql again, as the owner of the tables");
  } else if (seen.superuser) {
    e.Warn("role", absl::StrCat(seen.role, " is a superuser, whom no right and no row security stops"),
           "connect as the role that deploy/sql/roles.sql makes");
  } else if (seen.owner) {
    e.Warn(
        "role", absl::StrCat(seen.role, " owns the tables, so it could rewrite what was said"),
        "connect as the role that deploy/sql/roles.sql makes, and keep the owner for `slowwave migrate up`");
  } else if (seen.tables > 0) {
    e.Ok("role", absl::StrCat(seen.role, " can do what a daemon does, and does not own the tables"));
  }
  if (seen.tables == 0) return;
  if (!seen.looks_across) {
    return e.Fail("row_security",
                  absl::StrCat("is on, and ", seen.role,
                               " cannot become slowwave_discovery: it finds no tenant with work"),
                  absl::StrCat("run deploy/sql/roles.sql again, or GRANT slowwave_discovery TO ", seen.role));
  }
  constexpr char kSecurityAdvice[] =
      "switch it on with the script for it in deploy/sql, as the owner of the tables";
  if (seen.superuser || seen.bypasses_row_security) {
    e.Warn("row_security", absl::StrCat("does not hold for ", seen.role, ", which bypasses it"),
           "connect as a role that does not");
  } else if (!seen.without_row_security.empty()) {
    e.Warn("row_security", absl::StrCat("is off for ", Named(seen.without_row_security)), kSecurityAdvice);
  } else if (seen.owner && !seen.not_forced.empty()) {
    e.Warn("row_security",
           absl::StrCat("does not hold for ", seen.role, ", the owner, on ", Named(seen.not_forced)),
           "connect as a role that does not own the tables");
  } else {
    e.Ok("row_security", absl::StrCat("is on for all ", seen.tables, " tables"));
  }
}

void ExamineClock(const Examination& e, const PostgresInspection& seen) {
  const std::string off =
      absl::StrFormat("%.3f s", absl::ToDoubleSeconds(absl::AbsDuration(seen.clock_ahead)));
  const std::string what =
      absl::StrCat("the database's is ", off,
                   seen.clock_ahead < absl::ZeroDuration() ? " behind" : " ahead of", " this machine's");
  if (absl::AbsDuration(seen.clock_ahead) - seen.clock_error <= kSkew) return e.Ok("clock", what);
  e.Warn("clock", what, "let both be set by NTP; leases and schedules go by the database's");
}

void ExamineListening(const Examination& e) {
  const Config& c = e.config;
  if (c.store_listen_url.empty()) {
    return e.Ok("listen_url", "none: daemons look for each other's work once a second");
  }
  const absl::Status heard = CheckPostgresListen(c.store_url, c.store_listen_url);
  if (heard.ok()) return e.Ok("listen_url", "notifications come through");
  e.Fail("listen_url", absl::StrCat(RedactPostgresUrl(c.store_listen_url), ": ", MessageForOperator(heard)),
         "name the server itself in store.listen_url, not a pooler, or leave it out");
}

void ExaminePostgres(const Examination& e) {
  const Config& c = e.config;
  const std::string shown = RedactPostgresUrl(c.store_url);
  const absl::StatusOr<PostgresInspection> seen = InspectPostgres(c.store_url);
  if (!seen.ok()) {
    return e.Fail("store", absl::StrCat(shown, ": ", MessageForOperator(seen.status())),
                  absl::IsUnavailable(seen.status())
                      ? "see that the server runs and that this machine may reach it"
                      : "put role, password, database or its encoding right in store.url");
  }
  int major = 0;
  const std::vector<std::string> version = absl::StrSplit(seen->server_version, absl::ByAnyChar(". "));
  if (!absl::SimpleAtoi(version.front(), &major) || major < kOldestPostgres) {
    return e.Fail("store", absl::StrCat(shown, ": is Postgres ", seen->server_version),
                  absl::StrCat("Postgres ", kOldestPostgres, " or newer is needed"));
  }
  if (seen->standby) {
    return e.Fail("store", absl::StrCat(shown, ": is a standby, which takes no writes"), "name the primary");
  }
  e.Ok("store", absl::StrCat(shown, ": Postgres ", seen->server_version, ", as ", seen->role));
  const bool may_apply = c.store_migrate == "auto" && (seen->tables == 0 || seen->owner || seen->superuser);
  ExamineMigrations(e, PostgresMigrationStatus(c.store_url), may_apply,
                    "run `slowwave migrate up` as the owner of the tables, then deploy/sql/roles.sql again");
  ExamineClock(e, *seen);
  ExamineRole(e, *seen);
  ExamineListening(e);
}

// The folder, or the nearest one above it that is there.
std::filesystem::path Existing(std::filesystem::path folder) {
  std::error_code error;
  folder = std::filesystem::absolute(folder, error);
  while (!std::filesystem::exists(folder, error) && folder.has_parent_path() &&
         folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

void ExamineFolder(const Examination& e, const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path there = Existing(folder);
  struct stat status {};
  if (stat(there.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return e.Fail("data_dir", absl::StrCat(there.string(), " is no folder"), "name another in data_dir");
  }
  if (access(there.c_str(), W_OK | X_OK) != 0) {
    return e.Fail("data_dir", absl::StrCat("cannot write to ", there.string(), ": ", strerror(errno)),
                  "make it the daemon's user's, or name another in data_dir");
  }
  struct statvfs room {};
  const int64_t free = statvfs(there.c_str(), &room) == 0
                           ? static_cast<int64_t>(room.f_bavail) * static_cast<int64_t>(room.f_frsize)
                           : 0;
  const std::string has = absl::StrCat(folder.string(), " has ", free >> 20, " MB free");
  if (free < kHardlyFree) {
    e.Fail("data_dir", has, "make room; a full disk refuses every write");
  } else if (free < e.min_free_bytes) {
    e.Warn("data_dir", has, "make room before it is full");
  } else if (there == folder && (status.st_mode & S_IRWXO) != 0) {
    e.Warn("data_dir", absl::StrCat(folder.string(), " is open to every user of this machine"),
           absl::StrCat("chmod o-rwx ", folder.string()));
  } else {
    e.Ok("data_dir", has);
  }
}

void ExamineSqlite(const Examination& e) {
  const absl::StatusOr<std::string> path = StorePath(e.config, e.env);
  if (!path.ok()) return e.Fail("store", std::string(path.status().message()), "set data_dir");
  if (*path == ":memory:") {
    return e.Warn("store", "is kept in memory, and gone with the daemon", "name a file in store.url");
  }
  std::error_code error;
  const bool exists = std::filesystem::exists(*path, error);
  if (!exists) {
    e.Ok("store", absl::StrCat(*path, ": is not there yet; `serve` makes it"));
  } else {
    const absl::StatusOr<MigrationStatus> status = SqliteMigrationStatus(*path);
    if (!status.ok()) {
      e.Fail("store", absl::StrCat(*path, ": ", status.status().message()),
             "name another file, or bring one back from a backup");
    } else {
      const std::string lock = *path + ".lock";
      const bool taken = std::filesystem::exists(lock, error) &&
                         absl::IsFailedPrecondition(sqlite::FileLock::Take(lock).status());
      e.Ok("store", absl::StrCat(*path, ": SQLite", taken ? ", which a daemon has open" : ""));
      ExamineMigrations(e, status, /*may_apply=*/true, "");
    }
  }
  const std::filesystem::path folder = std::filesystem::path(*path).parent_path();
  ExamineFolder(e, folder.empty() ? "." : folder);
}

}  // namespace

void ExamineStore(const Examination& e) { NamesPostgres(e.config) ? ExaminePostgres(e) : ExamineSqlite(e); }

}  // namespace slowwave
