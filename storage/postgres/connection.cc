#include "storage/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/operator_detail.h"
#include "storage/postgres/url.h"

namespace slowwave::postgres {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Polls one socket. 0: the deadline has passed, and nothing had come by then: who stood still meanwhile does
// not blame the database.
int Poll(int socket, short events, Deadline deadline) {
  while (true) {
    const absl::Duration left = deadline.left();
    pollfd one{.fd = socket, .events = events, .revents = 0};
    const int64_t wait =
        std::clamp<int64_t>(absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1))), 0, 60'000);
    const int ready = poll(&one, 1, static_cast<int>(wait));
    if (ready > 0) return one.revents;
    if (ready < 0 && errno != EINTR) return POLLERR;
    if (left <= absl::ZeroDuration()) return 0;
  }
}

// The server refuses to start a session. What a pooler or a server says while it comes up is no reason to
// give up.
absl::Status RefusedConnection(const std::string& message) {
  const bool hopeless =
      absl::StrContains(message, "authentication failed") || absl::StrContains(message, "does not exist") ||
      absl::StrContains(message, "no pg_hba.conf entry") ||
      absl::StrContains(message, "no password supplied") || absl::StrContains(message, "no such user");
  return WithOperatorDetail(
      hopeless ? absl::FailedPreconditionError("the database refuses this daemon; its log says why")
               : absl::UnavailableError("the database cannot be reached"),
      message);
}

// The session's plans are not what we take them for: it was not ours after all, or a table has changed so
// that a plan's rows would look different. Another connection starts afresh.
bool LostPlans(std::string_view state) { return state == "26000" || state == "42P05" || state == "0A000"; }

constexpr std::string_view kSession =
    "SELECT pg_backend_pid()::bigint, (SELECT count(*) FROM pg_extension WHERE extname = 'citus')";

std::string FirstLine(const char* text) {
  std::string line(text);
  line.resize(std::min(line.size(), line.find('\n')));
  return line;
}

}  // namespace

absl::Status StatusOfSqlState(std::string_view state) {
  const absl::string_view s = View(state);
  const std::string code = absl::StrCat(" (SQLSTATE ", s, ")");
  if (s == "53100") return absl::ResourceExhaustedError("the database's disk is full" + code);
  if (s == "53200") return absl::ResourceExhaustedError("the database is out of memory" + code);
  if (s == "57014") return absl::UnavailableError("the database did not answer in time" + code);
  if (s == "55P03") return absl::UnavailableError("the database is busy: a lock was not had in time" + code);
  if (s == "25006") return absl::UnavailableError("the database takes no writes: a standby?" + code);
  if (s == "42501") return absl::FailedPreconditionError("the database role lacks a right" + code);
  if (s == "42P01" || s == "3F000" || s == "42703") {
    return absl::FailedPreconditionError("the database lacks a table: run `slowwave migrate up`" + code);
  }
  if (absl::StartsWith(s, "40"))
    return absl::UnavailableError("the database is busy: transactions collide" + code);
  if (absl::StartsWith(s, "08") || absl::StartsWith(s, "57P") || absl::StartsWith(s, "53") ||
      absl::StartsWith(s, "25P") || absl::StartsWith(s, "58")) {
    return absl::UnavailableError("the database is not available" + code);
  }
  if (absl::StartsWith(s, "XX00")) return absl::DataLossError("the database is corrupt" + code);
  return absl::InternalError("the database refused a statement" + code);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& url, Deadline deadline) {
  // Before libpq quotes in an error what it took for a host or a port.
  if (const absl::Status parsed = ShownUrl(url).status(); !parsed.ok()) return parsed;
  // Dead peers are noticed by the kernel too, should a deadline of ours be long.
  const std::array<const char*, 7> keys = {"dbname",
                                           "fallback_application_name",
                                           "client_encoding",
                                           "keepalives_idle",
                                           "keepalives_interval",
                                           "keepalives_count",
                                           nullptr};
  const std::array<const char*, 7> values = {url.c_str(), "slowwave", "UTF8", "10", "5", "3", nullptr};
  PGconn* handle = PQconnectStartParams(keys.data(), values.data(), /*expand_dbname=*/1);
  if (handle == nullptr) return absl::ResourceExhaustedError("no memory for a connection");
  std::unique_ptr<Connection> made(new Connection(handle));
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (PQstatus(handle) != CONNECTION_BAD && step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED) {
    const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (Poll(PQsocket(handle), events, deadline) == 0) {
      return absl::UnavailableError("the database was not reached in time");
    }
    step = PQconnectPoll(handle);
  }
  if (PQstatus(handle) != CONNECTION_OK) return RefusedConnection(FirstLine(PQerrorMessage(handle)));
  const char* encoding = PQparameterStatus(handle, "server_encoding");
  if (encoding != nullptr && std::string_view(encoding) != "UTF8") {
    return absl::FailedPreconditionError(
        absl::StrCat("the database's encoding is ", encoding, "; slowwave needs UTF8"));
  }
  PQsetNoticeProcessor(
      handle, [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(handle, 1) != 0 || PQenterPipelineMode(handle) != 1) {
    return absl::InternalError("the connection takes no pipelines");
  }
  if (absl::Status s = made->LookAtSession(deadline); !s.ok()) return s;
  return made;
}

Connection::~Connection() { PQfinish(handle_); }

bool Connection::Fresh() const {
  if (broken_ || PQstatus(handle_) != CONNECTION_OK) return false;
  pollfd one{.fd = PQsocket(handle_), .events = POLLIN, .revents = 0};
  return poll(&one, 1, 0) == 0;
}

bool Connection::InTransaction() const {
  const PGTransactionStatusType status = PQtransactionStatus(handle_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

Failure Connection::Broken(absl::Status status) {
  broken_ = true;
  return {.status = std::move(status), .statement = -1, .sql_state = ""};
}

bool Connection::Progress(Deadline deadline, Failure& failure) {
  const int unsent = PQflush(handle_);
  const auto events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
  const int ready = unsent < 0 ? POLLIN : Poll(PQsocket(handle_), events, deadline);
  if (ready == 0) {
    failure = Broken(absl::UnavailableError("the database did not answer in time"));
    return false;
  }
  if ((ready & ~POLLOUT) != 0 && PQconsumeInput(handle_) != 1) {
    failure = Broken(absl::UnavailableError("the connection to the database broke"));
    return false;
  }
  return true;
}

bool Connection::Next(Deadline deadline, Result& result, Failure& failure) {
  PQflush(handle_);
  while (PQisBusy(handle_) != 0) {
    if (!Progress(deadline, failure)) return false;
  }
  result.reset(PQgetResult(handle_));
  return true;
}

bool Connection::SendOne(const Statement& s, bool& prepares) {
  const std::vector<const char*> pointers = s.parameters.Pointers();
  const int count = s.parameters.size();
  prepares = false;
  if (owns_session_ && !s.name.empty()) {
    const std::vector<unsigned> types(s.parameters.oids(), s.parameters.oids() + count);
    const std::string name(s.name);
    const auto [known, added] = prepared_.emplace(name, types);
    if (added) {
      prepares = true;
      const std::string sql(s.sql);
      if (PQsendPrepare(handle_, name.c_str(), sql.c_str(), count, types.data()) != 1) return false;
    }
    if (known->second == types) {
      return PQsendQueryPrepared(handle_, name.c_str(), count, pointers.data(), s.parameters.lengths(),
                                 s.parameters.formats(), /*resultFormat=*/1) == 1;
    }
  }
  const std::string sql(s.sql);
  return PQsendQueryParams(handle_, sql.c_str(), count, s.parameters.oids(), pointers.data(),
                           s.parameters.lengths(), s.parameters.formats(), /*resultFormat=*/1) == 1;
}

Result Connection::TakeResult(int statement, Deadline deadline, Failure& failure) {
  Result result;
  if (!Next(deadline, result, failure)) return nullptr;
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_FATAL_ERROR && failure.statement < 0) {
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    if (state == nullptr || PQstatus(handle_) != CONNECTION_OK || (owns_session_ && LostPlans(state))) {
      failure = Broken(absl::UnavailableError("the connection to the database broke"));
      return nullptr;
    }
    failure = {StatusOfSqlState(state), statement, state};
  } else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_ABORTED) {
    failure = Broken(absl::UnavailableError("the connection to the database broke"));
    return nullptr;
  }
  Result end;
  if (!Next(deadline, end, failure)) return nullptr;
  return failure.status.ok() ? std::move(result) : nullptr;
}

Failure Connection::Run(const std::vector<Statement>& statements, Deadline deadline,
                        std::vector<Result>& results) {
  std::vector<bool> prepares(statements.size(), false);
  for (size_t i = 0; i < statements.size(); ++i) {
    bool prepare = false;
    if (!SendOne(statements[i], prepare)) {
      return Broken(absl::UnavailableError("the connection to the database broke"));
    }
    prepares[i] = prepare;
  }
  if (PQpipelineSync(handle_) != 1)
    return Broken(absl::UnavailableError("the connection to the database broke"));

  Failure failure;
  for (size_t i = 0; i < statements.size(); ++i) {
    const int statement = static_cast<int>(i);
    if (prepares[i]) {
      const Result prepared = TakeResult(statement, deadline, failure);
      if (broken_) return failure;
      if (prepared == nullptr) prepared_.erase(prepared_.find(statements[i].name));
    }
    Result result = TakeResult(statement, deadline, failure);
    if (broken_) return failure;
    if (result != nullptr) results.push_back(std::move(result));
  }
  Result sync;
  if (!Next(deadline, sync, failure)) return failure;
  if (PQresultStatus(sync.get()) != PGRES_PIPELINE_SYNC) {
    return Broken(absl::UnavailableError("the connection to the database broke"));
  }
  return failure;
}

// A pooler gives clients keys of its own making instead of a server process' number. Citus plans statements
// whose tenant it knows; a kept plan does not know it.
absl::Status Connection::LookAtSession(Deadline deadline) {
  std::vector<Result> results;
  Failure failure = Run({{kSession, Parameters()}}, deadline, results);
  if (!failure.status.ok()) return failure.status;
  const auto number = [&](int column) {
    return DecodeInt({PQgetvalue(results[0].get(), 0, column),
                      static_cast<size_t>(PQgetlength(results[0].get(), 0, column))});
  };
  owns_session_ = number(0) == PQbackendPID(handle_) && number(1) == 0;
  if (!owns_session_) return absl::OkStatus();
  return Run({{kKeepPlans, Parameters()}}, deadline, results).status;
}

}  // namespace slowwave::postgres
