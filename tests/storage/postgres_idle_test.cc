// What a request is promised that comes while idle tasks are finished: the statement is held between what it
// has seen and what it keeps.
#include <libpq-fe.h>

#include <chrono>
#include <future>
#include <thread>

#include "tests/storage/store_conformance.h"
#include "tests/support/daemon_database.h"

namespace slowwave {
namespace {

constexpr char kHold[] = R"(
    CREATE FUNCTION slowwave.hold() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
      IF current_query() LIKE '%INSERT INTO slowwave.run(%' THEN
        PERFORM pg_advisory_lock_shared(7);
        PERFORM pg_advisory_unlock_shared(7);
      END IF;
      RETURN true;
    END $$;
    CREATE POLICY hold ON slowwave.user_state AS RESTRICTIVE FOR SELECT USING (slowwave.hold()))";
constexpr char kHeld[] = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";

std::unique_ptr<Store> OpenStore(const std::string& url) {
  PostgresOptions options;
  options.url = url;
  options.migrate = false;
  return Must(OpenPostgres(options));
}

TEST(PostgresIdleTest, TaskThatARequestJoinsMeanwhileIsLeftAndRead) {
  const std::string url = NewDaemonDatabase(PostgresServer::Shared());
  PostgresServer::Sql(SuperuserUrl(url), kHold);
  const std::unique_ptr<Store> finisher = OpenStore(url), caller = OpenStore(url);
  const UserKey user{"acme", "ana"};
  Must(caller->RegisterUser(user, {}));
  EnqueueRequest request;
  request.user = user;
  const std::string task = Must(caller->Enqueue(request)).task.id;

  PGconn* holder = PQconnectdb(SuperuserUrl(url).c_str());
  PQclear(PQexec(holder, "SELECT pg_advisory_lock(7)"));
  auto finished = std::async(std::launch::async, [&] { return finisher->FinishIdleTasks(10, "nothing"); });
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (PostgresServer::Sql(SuperuserUrl(url), kHeld) == "0" &&
         std::chrono::steady_clock::now() < patience) {
    std::this_thread::yield();
  }
  EXPECT_EQ(PostgresServer::Sql(SuperuserUrl(url), kHeld), "1");
  Must(caller->IngestEpisodes(user, {MakeEpisode("e")}, {}, nullptr));
  const EnqueueResult joined = Must(caller->Enqueue(request));
  EXPECT_TRUE(joined.joined);
  EXPECT_EQ(joined.task.id, task);
  PQfinish(holder);  // and lets it go on

  EXPECT_THAT(Must(finished.get()), testing::IsEmpty());
  const std::vector<ClaimedTask> claimed = Must(caller->ClaimTasks("test", 10, absl::Seconds(30)));
  ASSERT_THAT(claimed, testing::SizeIs(1));
  EXPECT_EQ(claimed[0].task.id, task);
}

}  // namespace
}  // namespace slowwave
