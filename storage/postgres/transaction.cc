#include "storage/postgres/transaction.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/codec.h"
#include "storage/postgres/embedded_sql.h"

namespace slowwave::postgres {
namespace {

constexpr std::string_view kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr std::string_view kBeginWrite = "BEGIN";
constexpr std::string_view kCommit = "COMMIT";
constexpr std::string_view kRollback = "ROLLBACK";
constexpr std::string_view kDivisionByZero = "22012";
// A process that stops in the middle of a transaction holds its locks no longer than this.
constexpr absl::Duration kIdleInTransaction = absl::Seconds(10);

std::string Milliseconds(absl::Duration d) {
  return absl::StrCat(std::max<int64_t>(1, absl::ToInt64Milliseconds(d)));
}

}  // namespace

const PGresult* Rows::result() const {
  return statement_ < transaction_.results_.size() ? transaction_.results_[statement_].get() : nullptr;
}

int Rows::count() const { return result() == nullptr ? 0 : PQntuples(result()); }

bool Rows::Step() { return !transaction_.failed() && ++row_ < count(); }

bool Rows::IsNull(int column) const { return PQgetisnull(result(), row_, column) != 0; }

std::string_view Rows::Bytes(int column) const {
  return {PQgetvalue(result(), row_, column), static_cast<size_t>(PQgetlength(result(), row_, column))};
}

std::optional<absl::Time> Rows::MaybeTime(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

std::optional<absl::Duration> Rows::MaybeDuration(int column) const {
  if (IsNull(column)) return std::nullopt;
  return absl::Microseconds(Int(column));
}

std::optional<std::string> Rows::MaybeText(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

void Rows::FailCorrupt() { transaction_.Fail(absl::DataLossError("a row is not what slowwave writes")); }

std::vector<std::string> Rows::Strings(int column) {
  std::vector<std::string> list;
  if (!codec::DecodeStrings(Bytes(column), list)) FailCorrupt();
  return list;
}

std::vector<Evidence> Rows::EvidenceList(int column) {
  std::vector<Evidence> list;
  if (!codec::DecodeEvidence(Bytes(column), list)) FailCorrupt();
  return list;
}

Transaction::Transaction(Connection& connection, Mode mode, Deadline deadline,
                         std::optional<absl::Time> clock)
    : connection_(connection), mode_(mode), deadline_(deadline), clock_{clock} {}

void Transaction::Fail(absl::Status error) {
  if (error_.ok()) error_ = std::move(error);
}

void Transaction::Queue(std::string_view query, Parameters parameters) {
  const auto known = QueryCatalog().find(query);
  queued_.push_back({known->second.sql, std::move(parameters), known->first});
}

void Transaction::Begin(const std::string& tenant) {
  begun_ = true;
  if (mode_ == Mode::kSingle) return;
  tenant_ = tenant;
  queued_.push_back({mode_ == Mode::kRead ? kBeginRead : kBeginWrite, Parameters()});
  if (mode_ == Mode::kRead) {
    Queue("transaction_plans", Parameters(tenant));
    return;
  }
  const std::string limit = Milliseconds(deadline_.left());
  Queue("transaction_settings", Parameters(limit, Milliseconds(kIdleInTransaction), tenant));
}

void Transaction::Admit(const NamedQuery& query, const Parameters& parameters) {
  const bool has_rows = !query.indexes.empty();
  const std::optional<std::string> tenant =
      has_rows && !query.all_tenants ? parameters.FirstText() : std::string();
  if (!begun_) Begin(tenant.value_or(""));
  if (!has_rows) return;
  if (query.all_tenants && tenant_.empty()) {
    if (!std::exchange(across_, true)) Queue("transaction_across", Parameters());
  } else if (!tenant || query.all_tenants || across_ || (!tenant_.empty() && tenant_ != *tenant)) {
    Fail(absl::InternalError("a transaction is about more than one tenant, or about none"));
  } else if (tenant_ != *tenant) {
    tenant_ = *tenant;
    Queue("transaction_tenant", Parameters(tenant_));
  }
}

Rows Transaction::AddStatement(std::string_view query, Parameters parameters) {
  const auto known = QueryCatalog().find(query);
  if (known == QueryCatalog().end()) {
    Fail(absl::InternalError(absl::StrCat("no query named ", std::string(query))));
  } else {
    Admit(known->second, parameters);
    queued_.push_back({known->second.sql, std::move(parameters), known->first});
  }
  return Rows(*this, results_.size() + queued_.size() - 1);
}

void Transaction::Guard(absl::Status otherwise) {
  guards_.emplace(results_.size() + queued_.size() - 1, std::move(otherwise));
}

bool Transaction::Send() {
  if (failed() || queued_.empty()) return !failed();
  const bool first = results_.empty();
  const size_t before = results_.size();
  const std::vector<Statement> sent = std::exchange(queued_, {});
  const Failure failure = connection_.Run(sent, deadline_, results_);
  if (failure.status.ok()) {
    if (first && mode_ == Mode::kWrite) {
      now_ = clock_.instead.value_or(DecodeTime({PQgetvalue(results_[1].get(), 0, 0), sizeof(int64_t)}));
    }
    return true;
  }
  const auto guard = guards_.find(before + static_cast<size_t>(std::max(0, failure.statement)));
  if (failure.sql_state == kDivisionByZero && guard != guards_.end()) {
    guarded_ = true;
    Fail(guard->second);
    return false;
  }
  in_doubt_ = failure.statement < 0 && sent.back().sql == kCommit;
  worth_another_try_ = !in_doubt_ && (failure.statement < 0 || absl::StartsWith(failure.sql_state, "40") ||
                                      absl::StartsWith(failure.sql_state, "57P"));
  Fail(failure.status);
  return false;
}

bool Transaction::Finish() {
  if (!begun_ || over_) return !failed();
  if (mode_ != Mode::kSingle) queued_.push_back({kCommit, Parameters()});
  if (!Send()) return false;
  over_ = true;
  return true;
}

absl::Status Transaction::End(const absl::Status& outcome) {
  if (!failed() && (outcome.ok() || over_)) {
    Finish();
    return failed() ? error_ : outcome;
  }
  if (!connection_.broken() && connection_.InTransaction()) {
    std::vector<Result> ignored;
    connection_.Run({{kRollback, Parameters()}}, deadline_,
                    ignored);  // a broken connection rolls back as well
  }
  return failed() ? error_ : outcome;
}

}  // namespace slowwave::postgres
