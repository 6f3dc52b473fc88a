#include "storage/postgres/postgres_store.h"

#include <utility>

#include "absl/strings/match.h"
#include "storage/postgres/embedded_sql.h"
#include "storage/postgres/migrations.h"
#include "storage/postgres/store_impl.h"
#include "storage/postgres/url.h"

namespace slowwave {
namespace postgres {

PostgresStore::PostgresStore(PostgresOptions options)
    : options_(std::move(options)),
      pool_(options_.url, options_.connections, options_.connect_timeout, options_.observer),
      listener_(options_.listen_url) {}

absl::Status PostgresStore::Ping() {
  const auto body = [](Transaction& t) -> absl::Status {
    Rows last = t.Add("ping");
    if (!t.Send() || !last.Step()) return absl::OkStatus();
    // Somebody may have put an older copy of the database in its place.
    if (last.Int(0) >= EmbeddedMigrations().back().version) return absl::OkStatus();
    return absl::FailedPreconditionError("migrations are outstanding; apply them with `slowwave migrate up`");
  };
  return Transact("ping", Mode::kSingle, options_.ping_timeout, body);
}

void PostgresStore::OnWork(std::function<void()> wake) { listener_.Start(std::move(wake)); }

namespace {

// A newer slowwave may have been here: what it added is no concern of ours.
absl::Status CheckLayout(MigrationStatus status, bool may_lack) {
  for (MigrationState& state : status.migrations) {
    if (state.checksum.empty()) state.problem.clear();
  }
  if (absl::Status valid = ValidateMigrations(status); !valid.ok()) return valid;
  if (status.outstanding == 0 || may_lack) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(status.outstanding, " migrations are outstanding; apply them with `slowwave migrate up`"));
}

}  // namespace
}  // namespace postgres

absl::StatusOr<std::unique_ptr<Store>> OpenPostgres(PostgresOptions options) {
  if (options.connections < 1) return absl::InvalidArgumentError("connections: must be at least 1");
  // Nobody hears of it later: who cannot listen looks for work once a second.
  if (const absl::Status s = postgres::ShownUrl(options.listen_url).status(); !s.ok()) {
    return absl::Status(s.code(), absl::StrCat("listen_url: ", s.message()));
  }
  absl::StatusOr<std::unique_ptr<postgres::Connection>> connection = postgres::ConnectToMigrate(options.url);
  if (!connection.ok()) return connection.status();
  postgres::PostgresMigrationDriver driver(**connection);
  absl::StatusOr<MigrationStatus> status = ReadMigrationStatus(postgres::EmbeddedMigrations(), driver);
  if (!status.ok()) return status.status();
  if (absl::Status fits = postgres::CheckLayout(*status, options.migrate); !fits.ok()) return fits;
  if (status->outstanding > 0) {
    absl::StatusOr<int> applied = MigrateUp(postgres::EmbeddedMigrations(), driver);
    if (!applied.ok()) return applied.status();
  }
  return std::make_unique<postgres::PostgresStore>(std::move(options));
}

std::string RedactPostgresUrl(const std::string& url) { return postgres::ShownUrl(url).value_or("postgres"); }

}  // namespace slowwave
