// A transaction as a sequence of round trips: statements are queued, then sent together.
//
//   Rows user = t.Add("user_lock", key.tenant, key.user);
//   t.Send();                      // BEGIN goes with it
//   if (!user.Step()) return NoSuchUser();
//   t.Add("user_rename", ...);     // sent with COMMIT when the body is done
//
// A transaction is one tenant's, the first parameter of each of its statements, or one that looks across
// tenants; it says so to the database with its first statements, at no round trip of its own. Statements of
// two tenants fail it.
//
// Errors stick: after the first one nothing is sent any more, rows are empty, and what the body concludes
// from that is discarded in favour of the error. Thread safety: none.
#ifndef SLOWWAVE_STORAGE_POSTGRES_TRANSACTION_H_
#define SLOWWAVE_STORAGE_POSTGRES_TRANSACTION_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/deadline.h"
#include "storage/postgres/connection.h"
#include "storage/query_catalog.h"
#include "storage/types.h"

namespace slowwave::postgres {

class Transaction;

// The rows of one statement, in order. Usable once the statement was sent, as long as its transaction.
class Rows {
 public:
  // True: there is a row.
  bool Step();
  int count() const;

  bool IsNull(int column) const;
  std::string_view Bytes(int column) const;
  std::string Text(int column) const { return std::string(Bytes(column)); }
  int64_t Int(int column) const { return DecodeInt(Bytes(column)); }
  bool Bool(int column) const { return Int(column) != 0; }
  double Real(int column) const { return DecodeReal(Bytes(column)); }
  absl::Time Time(int column) const { return DecodeTime(Bytes(column)); }
  template <typename E>
  E Enum(int column) const {
    return static_cast<E>(Int(column));
  }
  std::optional<absl::Time> MaybeTime(int column) const;
  std::optional<absl::Duration> MaybeDuration(int column) const;
  std::optional<std::string> MaybeText(int column) const;
  // JSON lists; what does not parse fails the transaction with kDataLoss.
  std::vector<std::string> Strings(int column);
  std::vector<Evidence> EvidenceList(int column);
  // The row is not what this store writes.
  void FailCorrupt();

 private:
  friend class Transaction;
  Rows(Transaction& transaction, size_t statement) : transaction_(transaction), statement_(statement) {}
  const PGresult* result() const;

  Transaction& transaction_;
  size_t statement_;
  int row_ = -1;
};

enum class Mode {
  kSingle,  // one round trip by itself; of one statement, mostly
  kRead,    // one snapshot throughout
  kWrite,
};

class Transaction {
 public:
  // `clock`: what the time is instead of the database's, for tests.
  Transaction(Connection& connection, Mode mode, Deadline deadline, std::optional<absl::Time> clock);

  template <typename... Values>
  Rows Add(std::string_view query, const Values&... values) {
    return AddStatement(query, Parameters(values...));
  }
  // The statement added last divides by zero if a condition does not hold: that is then the outcome.
  void Guard(absl::Status otherwise);
  // One round trip. False: it failed.
  bool Send();
  // Sends what is queued together with COMMIT, so that the body can read the last rows. Nothing may follow.
  bool Finish();
  // Commits if all went well and `outcome` says so; else rolls back and returns the reason.
  absl::Status End(const absl::Status& outcome);

  // The parameter of a statement that asks for the time.
  const Clock& clock() const { return clock_; }
  // The time of this transaction, known after the first Send of a kWrite one.
  absl::Time now() const { return now_; }
  bool failed() const { return !error_.ok(); }
  void Fail(absl::Status error);
  // Nothing can have been committed, and another try may well succeed.
  bool worth_another_try() const { return worth_another_try_; }
  // The end is the database's or the connection's doing, not the body's.
  bool failed_itself() const { return failed() && !guarded_; }
  // It may or may not have been committed.
  bool in_doubt() const { return in_doubt_; }

 private:
  friend class Rows;
  Rows AddStatement(std::string_view query, Parameters parameters);
  void Begin(const std::string& tenant);
  // Has the database let the transaction see what `query` is about.
  void Admit(const NamedQuery& query, const Parameters& parameters);
  void Queue(std::string_view query, Parameters parameters);

  Connection& connection_;
  const Mode mode_;
  const Deadline deadline_;
  const Clock clock_;
  absl::Time now_;
  std::string tenant_;   // whose rows it sees
  bool across_ = false;  // or looks for tenants
  std::vector<Statement> queued_;
  std::map<size_t, absl::Status> guards_;  // by statement of the whole transaction
  std::vector<Result> results_;            // of all statements sent
  bool begun_ = false, over_ = false, guarded_ = false, worth_another_try_ = false, in_doubt_ = false;
  absl::Status error_;
};

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_TRANSACTION_H_
