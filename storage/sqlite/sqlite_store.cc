#include "storage/sqlite/sqlite_store.h"

#include "storage/sqlite/embedded_sql.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave {
namespace sqlite {

// More would not help: a read is a matter of milliseconds, and each connection holds a cache of its own.
constexpr int kMaxReaders = 4;

SqliteStore::SqliteStore(SqliteOptions options, std::unique_ptr<FileLock> lock,
                         std::unique_ptr<Connection> writer)
    : options_(std::move(options)),
      in_memory_(options_.path == ":memory:"),
      lock_(std::move(lock)),
      writer_(std::move(writer)) {}

SqliteStore::~SqliteStore() = default;

absl::StatusOr<std::unique_ptr<Connection>> SqliteStore::TakeReader() {
  {
    absl::MutexLock lock(&reader_mutex_);
    const auto one_is_free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(reader_mutex_) {
      return !idle_readers_.empty() || readers_ < kMaxReaders;
    };
    if (!reader_returned_.Await(reader_mutex_, Deadline::After(options_.busy_timeout), one_is_free)) {
      return absl::UnavailableError("read: every reading connection is busy");
    }
    if (!idle_readers_.empty()) {
      std::unique_ptr<Connection> reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
    ++readers_;
  }
  absl::StatusOr<std::unique_ptr<Connection>> reader = Connection::Open(
      {.path = options_.path, .writable = false, .create = false, .busy_timeout = options_.busy_timeout});
  if (!reader.ok()) {
    absl::MutexLock lock(&reader_mutex_);
    --readers_;
    reader_returned_.NotifyOne();
  }
  return reader;
}

void SqliteStore::ReturnReader(std::unique_ptr<Connection> reader) {
  absl::MutexLock lock(&reader_mutex_);
  idle_readers_.push_back(std::move(reader));
  reader_returned_.NotifyOne();
}

absl::Status SqliteStore::Ping() {
  return Read("ping", [](Connection& c) -> absl::Status {
    Query(c, "ping").Step();
    return absl::OkStatus();
  });
}

}  // namespace sqlite

absl::StatusOr<std::unique_ptr<Store>> OpenSqlite(SqliteOptions options) {
  using sqlite::Connection;
  std::unique_ptr<sqlite::FileLock> lock;
  const bool in_memory = options.path == ":memory:";
  if (!in_memory) {
    options.path = sqlite::CanonicalPath(options.path);
    absl::StatusOr<std::unique_ptr<sqlite::FileLock>> taken = sqlite::FileLock::Take(options.path + ".lock");
    if (!taken.ok()) return taken.status();
    lock = std::move(*taken);
  }
  absl::StatusOr<std::unique_ptr<Connection>> writer = Connection::Open(
      {.path = options.path, .durable = options.durable, .busy_timeout = options.busy_timeout});
  if (!writer.ok()) return writer.status();
  sqlite::SqliteMigrationDriver driver(**writer, options.now);
  if (absl::StatusOr<int> done = MigrateUp(sqlite::EmbeddedMigrations(), driver); !done.ok())
    return done.status();
  if (!in_memory) {
    absl::StatusOr<std::string> mode = (*writer)->Ask("PRAGMA journal_mode");
    if (!mode.ok()) return mode.status();
    if (*mode != "wal") {
      return absl::FailedPreconditionError(
          "open: the file system of the database does not allow shared memory, which the write-ahead log "
          "needs");
    }
  }
  return std::make_unique<sqlite::SqliteStore>(std::move(options), std::move(lock), std::move(*writer));
}

}  // namespace slowwave
