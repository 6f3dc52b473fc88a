// One SQLite connection with its cached statements, and one execution of a statement.
//
// Errors stick: the first failing step of a transaction is kept by the connection, every later one does
// nothing, and Commit() rolls back and returns it. So code between Begin() and Commit() reads like a plain
// sequence and cannot commit half of it. A Step() that returns false may mean an error: what is concluded
// from it is discarded by Commit() in favour of the error.
//
// Thread safety: none. Whoever uses a connection holds the lock or the lease on it.
#ifndef SLOWWAVE_STORAGE_SQLITE_CONNECTION_H_
#define SLOWWAVE_STORAGE_SQLITE_CONNECTION_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave::sqlite {

// Bytes rather than text.
struct Blob {
  std::string_view bytes;
};

struct ConnectionOptions {
  std::string path;
  bool writable = true;
  bool create = true;
  bool durable = true;
  absl::Duration busy_timeout = absl::Seconds(5);
};

class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `doing` opens every message of the transaction; it must outlive it.
  absl::Status Begin(std::string_view doing, bool write);
  // Commits if both the connection and `outcome` are fine; else rolls back and returns the reason.
  absl::Status Commit(const absl::Status& outcome);

  // Runs SQL that is not a named query, outside of the sticky errors.
  absl::Status Execute(const std::string& sql);
  // The first column of the first row; empty if there is none.
  absl::StatusOr<std::string> Ask(const std::string& sql);

  int64_t changes() const { return sqlite3_changes64(db_); }
  bool failed() const { return !error_.ok(); }
  void Fail(absl::Status error);
  // What is stored does not parse: kDataLoss, naming the place only.
  void FailCorrupt(std::string_view where);
  sqlite3* handle() { return db_; }

 private:
  friend class Query;
  Connection() = default;
  sqlite3_stmt* Prepared(std::string_view name);
  absl::Status Error(int code) const;

  sqlite3* db_ = nullptr;
  std::unordered_map<std::string_view, sqlite3_stmt*> statements_;  // keys live in QueryCatalog()
  std::string_view doing_ = "open";
  absl::Status error_;
};

// One execution of a named query. Resets the statement when it goes; one at a time for each name.
class Query {
 public:
  template <typename... Values>
  Query(Connection& connection, std::string_view name, const Values&... values)
      : connection_(connection), statement_(connection.Prepared(name)), name_(name) {
    if (statement_ == nullptr) return;
    int column = 0;
    (Bind(++column, values), ...);
  }
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // True: there is a row.
  bool Step();
  // Runs to the end. Returns the rows changed.
  int64_t Run();

  bool IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  bool Bool(int column) const { return Int(column) != 0; }
  double Real(int column) const { return sqlite3_column_double(statement_, column); }
  std::string_view Bytes(int column) const;  // until the next Step()
  std::string Text(int column) const { return std::string(Bytes(column)); }
  absl::Time Time(int column) const { return absl::FromUnixMicros(Int(column)); }
  template <typename E>
  E Enum(int column) const {
    return static_cast<E>(Int(column));
  }
  std::optional<absl::Time> MaybeTime(int column) const;
  std::optional<absl::Duration> MaybeDuration(int column) const;
  std::optional<std::string> MaybeText(int column) const;
  std::vector<std::string> Strings(int column);
  std::vector<Evidence> EvidenceList(int column);

 private:
  void Bind(int column, std::string_view text);
  void Bind(int column, const std::string& text) { Bind(column, std::string_view(text)); }
  void Bind(int column, const char* text) { Bind(column, std::string_view(text)); }
  void Bind(int column, Blob blob);
  void Bind(int column, double value);
  void Bind(int column, absl::Time value) { BindInt(column, absl::ToUnixMicros(value)); }
  void Bind(int column, absl::Duration value) { BindInt(column, absl::ToInt64Microseconds(value)); }
  void BindInt(int column, int64_t value);
  void BindNull(int column);
  template <typename T>
  std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>> Bind(int column, T value) {
    BindInt(column, static_cast<int64_t>(value));
  }
  template <typename T>
  void Bind(int column, const std::optional<T>& value) {
    value.has_value() ? Bind(column, *value) : BindNull(column);
  }
  void Check(int code);

  Connection& connection_;
  sqlite3_stmt* statement_;
  std::string_view name_;
};

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_CONNECTION_H_
