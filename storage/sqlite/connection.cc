#include "storage/sqlite/connection.h"

#include <cmath>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "storage/codec.h"
#include "storage/sqlite/embedded_sql.h"

namespace slowwave::sqlite {
namespace {

// A write that the file system refuses reaches us as SQLITE_FULL only for ENOSPC; a quota, a size limit or a
// dying disk is an I/O error. Reading has errors of its own, where no room would help.
absl::StatusCode CodeOf(int extended) {
  switch (extended) {
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_DATA:
      return absl::StatusCode::kDataLoss;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

std::string Describe(int extended) {
  switch (extended & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      if (CodeOf(extended) == absl::StatusCode::kResourceExhausted) {
        return absl::StrCat("disk full or failing (SQLite code ", extended, ")");
      }
      break;
    case SQLITE_CORRUPT:
      return "the database file is corrupt";
    case SQLITE_NOTADB:
      return "the file is not a database";
    case SQLITE_BUSY:
      return "the database is busy";
    default:
      break;
  }
  return absl::StrCat(sqlite3_errstr(extended), " (SQLite code ", extended, ")");
}

void Log1p(sqlite3_context* context, int, sqlite3_value** values) {
  sqlite3_result_double(context, std::log1p(sqlite3_value_double(values[0])));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionOptions& options) {
  std::unique_ptr<Connection> made(new Connection);
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE;
  if (options.create) flags |= SQLITE_OPEN_CREATE;
  if (int code = sqlite3_open_v2(options.path.c_str(), &made->db_, flags, nullptr); code != SQLITE_OK) {
    return made->Error(code);
  }
  sqlite3_busy_timeout(made->db_, static_cast<int>(absl::ToInt64Milliseconds(options.busy_timeout)));
  sqlite3_create_function_v2(made->db_, "log1p", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                             nullptr, &Log1p, nullptr, nullptr, nullptr);
  std::string setup = "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;";
  if (options.writable) {
    // Truncating a long WAL back keeps one huge import from occupying its size for ever.
    absl::StrAppend(&setup, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;",
                    "PRAGMA secure_delete = ON; PRAGMA cache_size = -8192;",
                    "PRAGMA synchronous = ", options.durable ? "FULL" : "OFF", ";");
  } else {
    absl::StrAppend(&setup, "PRAGMA query_only = ON; PRAGMA cache_size = -4096;");
  }
  if (absl::Status done = made->Execute(setup); !done.ok()) return done;
  return made;
}

Connection::~Connection() {
  for (auto& [name, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

absl::Status Connection::Begin(std::string_view doing, bool write) {
  doing_ = doing;
  error_ = absl::OkStatus();
  return Execute(write ? "BEGIN IMMEDIATE" : "BEGIN");
}

absl::Status Connection::Commit(const absl::Status& outcome) {
  absl::Status result = error_.ok() ? outcome : error_;
  if (result.ok()) result = Execute("COMMIT");
  // After a full disk SQLite may have rolled back by itself already.
  if (!result.ok() && sqlite3_get_autocommit(db_) == 0)
    sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
  return result;
}

absl::Status Connection::Execute(const std::string& sql) {
  if (int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr); code != SQLITE_OK)
    return Error(code);
  return absl::OkStatus();
}

absl::StatusOr<std::string> Connection::Ask(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  absl::Cleanup done = [&] { sqlite3_finalize(statement); };
  if (int code = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr); code != SQLITE_OK)
    return Error(code);
  const int code = sqlite3_step(statement);
  if (code == SQLITE_DONE) return std::string();
  if (code != SQLITE_ROW) return Error(code);
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
  return std::string(text == nullptr ? "" : text);
}

void Connection::Fail(absl::Status error) {
  if (error_.ok()) error_ = std::move(error);
}

void Connection::FailCorrupt(std::string_view where) {
  Fail(absl::DataLossError(
      absl::StrCat(std::string(doing_), ": a row read by ", std::string(where), " is corrupt")));
}

sqlite3_stmt* Connection::Prepared(std::string_view name) {
  if (failed()) return nullptr;
  const auto query = QueryCatalog().find(name);
  if (query == QueryCatalog().end()) {
    Fail(absl::InternalError(absl::StrCat("no query named ", std::string(name))));
    return nullptr;
  }
  sqlite3_stmt*& statement = statements_[query->first];
  if (statement == nullptr) {
    const std::string_view sql = query->second.sql;
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) Fail(Error(code));
  }
  return statement;
}

absl::Status Connection::Error(int code) const {
  return absl::Status(CodeOf(code), absl::StrCat(std::string(doing_), ": ", Describe(code)));
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::Step() {
  if (statement_ == nullptr || connection_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) Check(code);
  return false;
}

int64_t Query::Run() {
  while (Step()) {
  }
  return connection_.failed() ? 0 : connection_.changes();
}

std::string_view Query::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  return {static_cast<const char*>(bytes), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<absl::Duration> Query::MaybeDuration(int column) const {
  if (IsNull(column)) return std::nullopt;
  return absl::Microseconds(Int(column));
}

std::optional<absl::Time> Query::MaybeTime(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

std::optional<std::string> Query::MaybeText(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

std::vector<std::string> Query::Strings(int column) {
  std::vector<std::string> list;
  if (!codec::DecodeStrings(Bytes(column), list)) connection_.FailCorrupt(name_);
  return list;
}

std::vector<Evidence> Query::EvidenceList(int column) {
  std::vector<Evidence> list;
  if (!codec::DecodeEvidence(Bytes(column), list)) connection_.FailCorrupt(name_);
  return list;
}

void Query::Bind(int column, std::string_view text) {
  Check(sqlite3_bind_text64(statement_, column, text.empty() ? "" : text.data(), text.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::Bind(int column, Blob blob) {
  Check(sqlite3_bind_blob64(statement_, column, blob.bytes.empty() ? "" : blob.bytes.data(),
                            blob.bytes.size(), SQLITE_TRANSIENT));
}

void Query::Bind(int column, double value) { Check(sqlite3_bind_double(statement_, column, value)); }

void Query::BindInt(int column, int64_t value) { Check(sqlite3_bind_int64(statement_, column, value)); }

void Query::BindNull(int column) { Check(sqlite3_bind_null(statement_, column)); }

void Query::Check(int code) {
  if (code != SQLITE_OK) connection_.Fail(connection_.Error(code));
}

}  // namespace slowwave::sqlite
