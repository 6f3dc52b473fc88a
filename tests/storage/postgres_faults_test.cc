// Postgres stopped, restarted, frozen, unreachable and behind a pooler: what the store promises then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "absl/strings/str_replace.h"
#include "storage/operator_detail.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/postgres_store.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/postgres_server.h"
#include "tests/support/tcp_proxy.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

const UserKey kAna{"acme", "ana"};

// Far above what anything here takes, far below for ever.
constexpr absl::Duration kSoon = absl::Seconds(8);

PostgresOptions Options(const std::string& url) {
  PostgresOptions options;
  options.url = url;
  options.connections = 4;
  options.connect_timeout = absl::Seconds(1);
  options.call_timeout = absl::Seconds(2);
  options.ping_timeout = absl::Seconds(1);
  return options;
}

// The same database by way of the proxy.
std::string Through(const TcpProxy& proxy, const PostgresServer& server, const std::string& url) {
  return absl::StrReplaceAll(url,
                             {{absl::StrCat(":", server.port(), "/"), absl::StrCat(":", proxy.port(), "/")}});
}

Lease LeaseWithEpisodes(Store& store, int count) {
  std::vector<Episode> episodes;
  for (int i = 0; i < count; ++i) episodes.push_back(MakeEpisode(absl::StrCat("e", i)));
  Must(store.IngestEpisodes(kAna, episodes, {}, nullptr));
  EnqueueRequest request;
  request.user = kAna;
  Must(store.Enqueue(request));
  return Must(store.ClaimTasks("worker", 1, absl::Seconds(30))).at(0).lease;
}

RunCommit CommitOf(const Lease& lease, std::vector<std::string> reviewed) {
  RunCommit commit;
  commit.lease = lease;
  commit.run.run_id = "run";
  commit.run.started_at = commit.run.finished_at = Day(2024, 5, 1);
  commit.reviewed = std::move(reviewed);
  commit.assertions = {MakeAssertion("a", "user:a:b", "v")};
  return commit;
}

TEST(PostgresFaultsTest, CommitWhoseAnswerIsLostIsKnownToHaveLanded) {
  PostgresServer& server = PostgresServer::Shared();
  TcpProxy proxy(server.port());
  auto store = Must(OpenPostgres(Options(Through(proxy, server, server.NewDatabase()))));
  const RunCommit commit = CommitOf(LeaseWithEpisodes(*store, 2), {"e0"});
  proxy.CutAfterSending("COMMIT");
  const CommitResult result = Must(store->CommitRun(commit));
  EXPECT_EQ(proxy.cuts(), 1);
  EXPECT_EQ(result.memory_version, 1);
  EXPECT_EQ(Must(store->GetUser(kAna)).memory_version, 1);
  EXPECT_EQ(Must(store->GetUser(kAna)).pending, 1);
  EXPECT_EQ(Must(store->LoadAllSlots(kAna)).assertions.size(), 1u);
}

TEST(PostgresFaultsTest, CommitWhoseStatementsNeverArrivedIsMadeThen) {
  PostgresServer& server = PostgresServer::Shared();
  TcpProxy proxy(server.port());
  const std::string url = server.NewDatabase();
  auto store = Must(OpenPostgres(Options(Through(proxy, server, url))));
  const RunCommit commit = CommitOf(LeaseWithEpisodes(*store, 2), {"e0"});
  // The server ends all sessions: the pooled connection is dead, which shows only when it is used.
  server.Sql(url,
             "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
             "pid <> pg_backend_pid()");
  EXPECT_EQ(Must(store->CommitRun(commit)).memory_version, 1);
}

TEST(PostgresFaultsTest, BlackHoleEndsCallsByTheirDeadlineAndPasses) {
  PostgresServer& server = PostgresServer::Shared();
  TcpProxy proxy(server.port());
  auto store = Must(OpenPostgres(Options(Through(proxy, server, server.NewDatabase()))));
  Must(store->RegisterUser(kAna, {}));
  proxy.BlackHole(true);
  const absl::Time began = absl::Now();
  EXPECT_EQ(Code(store->Ping()), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Code(store->GetUser(kAna)), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Code(store->RegisterUser(kAna, {})), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - began, kSoon);
  proxy.BlackHole(false);
  EXPECT_TRUE(store->Ping().ok());
  EXPECT_TRUE(store->GetUser(kAna).ok());
}

TEST(PostgresFaultsTest, StoppedServerIsUnavailableAtOnceAndWorksAfterItsRestart) {
  PostgresServer server(/*durable=*/true);
  auto store = Must(OpenPostgres(Options(server.NewDatabase())));
  const Lease lease = LeaseWithEpisodes(*store, 3);
  const RunCommit commit = CommitOf(lease, {"e0", "e1"});
  server.Stop(SIGQUIT);
  const absl::Time began = absl::Now();
  EXPECT_EQ(Code(store->Ping()), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Code(store->CommitRun(commit)), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - began, kSoon);
  server.Start();
  EXPECT_TRUE(store->Ping().ok());
  EXPECT_EQ(Must(store->CommitRun(commit)).memory_version, 1);
  EXPECT_EQ(Must(store->GetUser(kAna)).pending, 1);
}

TEST(PostgresFaultsTest, FrozenServerIsUnavailableByTheDeadlineAndWorksAfterwards) {
  PostgresServer server;
  auto store = Must(OpenPostgres(Options(server.NewDatabase())));
  Must(store->RegisterUser(kAna, {}));
  server.Signal(SIGSTOP);
  const absl::Time began = absl::Now();
  EXPECT_EQ(Code(store->Ping()), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Code(store->GetUser(kAna)), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - began, kSoon);
  server.Signal(SIGCONT);
  EXPECT_TRUE(store->Ping().ok());
  EXPECT_TRUE(store->GetUser(kAna).ok());
}

TEST(PostgresFaultsTest, LockThatSomebodyHoldsEndsACallByItsDeadline) {
  PostgresServer& server = PostgresServer::Shared();
  const std::string url = server.NewDatabase();
  auto store = Must(OpenPostgres(Options(url)));
  Must(store->RegisterUser(kAna, {}));
  auto holder = Must(postgres::Connection::Open(url, Deadline::After(absl::Minutes(1))));
  const auto hold = [&](std::string_view sql) {
    std::vector<postgres::Result> results;
    EXPECT_TRUE(
        holder->Run({{sql, postgres::Parameters()}}, Deadline::After(absl::Minutes(1)), results).status.ok());
  };
  hold("BEGIN");
  hold("SELECT 1 FROM slowwave.user_state FOR UPDATE");
  EnqueueRequest request;
  request.user = kAna;
  EXPECT_EQ(Code(store->Enqueue(request)), absl::StatusCode::kUnavailable);
  hold("COMMIT");
  EXPECT_TRUE(store->Enqueue(request).ok());
}

TEST(PostgresFaultsTest, UnknownHostAndWrongDatabaseSaySo) {
  PostgresServer& server = PostgresServer::Shared();
  const auto nowhere = OpenPostgres(Options("postgres://slowwave@127.0.0.1:1/none"));
  EXPECT_EQ(Code(nowhere), absl::StatusCode::kUnavailable);
  const auto missing = OpenPostgres(Options(server.Url("no_such_database")));
  EXPECT_EQ(Code(missing), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageForOperator(missing.status()), HasSubstr("no_such_database"));
}

// ---- what the fault table asks of one consolidation

TEST(PostgresFaultsTest, ConsolidationTakesFourRoundTripsAndTwoForItsPlanAndKeys) {
  PostgresServer& server = PostgresServer::Shared();
  TcpProxy proxy(server.port());
  PostgresOptions options = Options(Through(proxy, server, server.NewDatabase()));
  auto store = Must(OpenPostgres(options));
  std::vector<Episode> episodes;
  for (int i = 0; i < 200; ++i) episodes.push_back(MakeEpisode(absl::StrCat("e", i)));
  Must(store->IngestEpisodes(kAna, episodes, {}, nullptr));
  EnqueueRequest request;
  request.user = kAna;
  Must(store->Enqueue(request));
  const Lease lease = Must(store->ClaimTasks("worker", 1, absl::Seconds(30))).at(0).lease;

  const int64_t before = proxy.round_trips();
  SampleSpec spec;
  spec.age_at = absl::Now();
  const Sample sample = Must(store->SampleEpisodes(lease, spec));
  ASSERT_EQ(sample.episodes.size(), 200u);
  EXPECT_EQ(proxy.round_trips() - before, 1);
  Must(store->StorePlan(lease, "run", "plan"));
  EXPECT_EQ(proxy.round_trips() - before, 2);
  Must(store->ListFactKeys(kAna));
  EXPECT_EQ(proxy.round_trips() - before, 3);
  Must(store->LoadSlots(kAna, {"user:a:b"}, {"user:a:b"}));
  EXPECT_EQ(proxy.round_trips() - before, 4);
  RunCommit commit = CommitOf(lease, {});
  for (const Episode& episode : sample.episodes) commit.reviewed.push_back(episode.id);
  commit.follow_up = spec;
  Must(store->CommitRun(commit));
  EXPECT_EQ(proxy.round_trips() - before, 5);
}

}  // namespace
}  // namespace slowwave
