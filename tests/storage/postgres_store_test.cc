// What is Postgres' own, and the conformance suite on it.
#include "storage/postgres/postgres_store.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <thread>

#include "absl/algorithm/container.h"
#include "absl/strings/str_join.h"
#include "storage/operator_detail.h"
#include "storage/postgres/connection.h"
#include "storage/postgres/embedded_sql.h"
#include "storage/postgres/inspection.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/daemon_database.h"
#include "tests/support/filled_tables.h"

namespace slowwave {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// One database for all tests that need no more, as a daemon connects to it: with the rights that
// deploy/sql/roles.sql gives, and row security on.
const std::string& DaemonUrl() {
  static const std::string url = NewDaemonDatabase(PostgresServer::Shared());
  return url;
}

std::unique_ptr<Store> OpenEmptied(const std::string& url, std::function<absl::Time()> now) {
  PostgresServer::Sql(SuperuserUrl(url), R"(DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'slowwave' AND tablename <> 'schema_migration' LOOP
      EXECUTE 'DELETE FROM slowwave.' || name;
    END LOOP; END $$)");
  PostgresOptions options;
  options.url = url;
  options.migrate = false;
  options.now = std::move(now);
  return Must(OpenPostgres(std::move(options)));
}

// Of a database that is laid out already, such as a distributed one; see CONTRIBUTING.md.
std::unique_ptr<Store> OpenFresh(std::function<absl::Time()> now) {
  const char* given = std::getenv("SLOWWAVE_TEST_POSTGRES_URL");
  return OpenEmptied(given != nullptr ? given : DaemonUrl(), std::move(now));
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, testing::Values(StoreBackend{"Server", &OpenFresh}),
                         BackendName);

// ---- migrations

TEST(PostgresMigrationTest, NewDatabaseLacksEverythingAndIsMadeWhole) {
  const std::string url = PostgresServer::Shared().NewDatabase();
  EXPECT_EQ(Must(PostgresMigrationStatus(url)).applied, 0);
  EXPECT_GT(Must(PostgresMigrationStatus(url)).outstanding, 0);
  EXPECT_GT(Must(PostgresMigrate(url)), 0);
  EXPECT_EQ(Must(PostgresMigrationStatus(url)).outstanding, 0);
  EXPECT_EQ(Must(PostgresMigrate(url)), 0);
}

TEST(PostgresMigrationTest, ProcessesThatMigrateAtOnceAllSucceed) {
  const std::string url = PostgresServer::Shared().NewDatabase();
  std::atomic<int> fine = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { fine += PostgresMigrate(url).ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fine, 6);
  EXPECT_EQ(
      PostgresServer::Shared().Sql(url, "SELECT count(*) FROM slowwave.schema_migration WHERE version = 1"),
      "1");
}

TEST(PostgresMigrationTest, AnInstallationAtWorkIsMigrated) {
  PostgresServer& server = PostgresServer::Shared();
  PostgresOptions options;
  options.url = server.NewDatabase();
  options.connections = 4;
  const std::unique_ptr<Store> store = Must(OpenPostgres(options));
  // As 0005 left it.
  server.Sql(options.url, absl::StrCat(kFill, R"(;
    DROP INDEX slowwave.episode_by_time, slowwave.task_by_time, slowwave.run_by_version;
    CREATE INDEX episode_time ON slowwave.episode(tenant_id, user_id, occurred_at, id);
    CREATE INDEX task_of_user ON slowwave.task(tenant_id, user_id, created_at, task_id);
    CREATE INDEX run_of_user ON slowwave.run(tenant_id, user_id, memory_version, finished_at, run_id);
    DELETE FROM slowwave.schema_migration WHERE version > 5)"));
  std::atomic<bool> migrated = false;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      const UserKey user{"t1", absl::StrCat("writer-", writer)};
      for (int round = 0; !migrated || round == 0; ++round) {
        Must(store->IngestEpisodes(user, {MakeEpisode(absl::StrCat("e", round))}, {}, nullptr));
        EnqueueRequest request;
        request.user = user;
        Must(store->Enqueue(request));
      }
    });
  }
  const absl::StatusOr<int> applied = PostgresMigrate(options.url);
  migrated = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_GE(Must(applied), 6);
  EXPECT_EQ(
      server.Sql(
          options.url,
          "SELECT count(*) FROM pg_class WHERE relname IN ('episode_time', 'task_of_user', 'run_of_user')"),
      "0");
}

// What a build that was to hold up no writers has left when it failed.
TEST(PostgresMigrationTest, AnIndexThatIsNotValidIsNotTakenForTheNewOne) {
  PostgresServer& server = PostgresServer::Shared();
  const std::string url = server.NewDatabase();
  Must(PostgresMigrate(url));
  server.Sql(
      url,
      "DELETE FROM slowwave.schema_migration WHERE version > 5; UPDATE pg_index SET indisvalid = false WHERE "
      "indexrelid = 'slowwave.episode_by_time'::regclass");
  EXPECT_THAT(Message(PostgresMigrate(url)), HasSubstr("0006_episode_by_time"));
  server.Sql(url, "DROP INDEX slowwave.episode_by_time");
  EXPECT_GE(Must(PostgresMigrate(url)), 6);
}

TEST(PostgresMigrationTest, StoreThatMayNotMigrateSaysWhatToDo) {
  PostgresOptions options;
  options.url = PostgresServer::Shared().NewDatabase();
  options.migrate = false;
  const auto refused = OpenPostgres(options);
  EXPECT_EQ(Code(refused), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(refused), HasSubstr("slowwave migrate up"));
  Must(PostgresMigrate(options.url));
  EXPECT_TRUE(OpenPostgres(options).ok());
}

TEST(PostgresMigrationTest, OlderBinaryWorksOnANewerLayoutButDoesNotMigrateIt) {
  PostgresServer& server = PostgresServer::Shared();
  PostgresOptions options;
  options.url = server.NewDatabase();
  Must(PostgresMigrate(options.url));
  server.Sql(options.url, "INSERT INTO slowwave.schema_migration VALUES (999, 'later', 'x', now())");
  EXPECT_TRUE(OpenPostgres(options).ok());
  EXPECT_EQ(Code(PostgresMigrate(options.url)), absl::StatusCode::kFailedPrecondition);
}

TEST(PostgresMigrationTest, ChangedMigrationAndForeignSchemaAreRefused) {
  PostgresServer& server = PostgresServer::Shared();
  PostgresOptions options;
  options.url = server.NewDatabase();
  Must(PostgresMigrate(options.url));
  server.Sql(options.url, "UPDATE slowwave.schema_migration SET checksum = 'x'");
  EXPECT_THAT(Message(OpenPostgres(options)), HasSubstr("changed after it was applied"));
  options.url = server.NewDatabase();
  server.Sql(options.url, "CREATE SCHEMA slowwave CREATE TABLE other(id int)");
  EXPECT_THAT(Message(OpenPostgres(options)), HasSubstr("another program"));
}

TEST(PostgresMigrationTest, EncodingOtherThanUtf8IsRefused) {
  PostgresServer& server = PostgresServer::Shared();
  server.Sql(server.Url(), "CREATE DATABASE latin ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  PostgresOptions options;
  options.url = server.Url("latin");
  const auto refused = OpenPostgres(options);
  EXPECT_EQ(Code(refused), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(refused), HasSubstr("SQL_ASCII"));
}

TEST(PostgresRoleTest, DaemonsRoleCannotRewriteWhatWasSaid) {
  const std::unique_ptr<Store> store = OpenEmptied(DaemonUrl(), nullptr);
  Must(store->IngestEpisodes({"acme", "ana"}, {MakeEpisode("e")}, {}, nullptr));
  for (const char* table :
       {"episode", "assertion", "fact", "review", "quarantine", "run", "exchange", "erased"}) {
    SCOPED_TRACE(table);
    EXPECT_THROW(
        PostgresServer::Sql(DaemonUrl(), absl::StrCat("UPDATE slowwave.", table, " SET tenant_id = 'x'")),
        std::runtime_error);
  }
  EXPECT_THROW(PostgresServer::Sql(DaemonUrl(), "DROP TABLE slowwave.plan"), std::runtime_error);
}

TEST(PostgresClockTest, TimesAreTheDatabasesUnlessGiven) {
  const absl::Time before = absl::FromUnixMicros(absl::ToUnixMicros(absl::Now()));
  const UserState user = Must(OpenEmptied(DaemonUrl(), nullptr)->RegisterUser({"acme", "ana"}, {}));
  EXPECT_GE(user.registered_at, before);
  EXPECT_LE(user.registered_at, absl::Now());
  const absl::Time given = Day(2024, 4, 1);
  EXPECT_EQ(
      Must(OpenEmptied(DaemonUrl(), [&] { return given; })->RegisterUser({"acme", "ana"}, {})).registered_at,
      given);
}

TEST(PostgresUrlTest, MessagesShowNoPassword) {
  EXPECT_EQ(RedactPostgresUrl("postgres://ann:secret@db:5432/memory?password=other"),
            "postgres://db:5432/memory");
  EXPECT_EQ(RedactPostgresUrl("postgres://db/memory"), "postgres://db/memory");
  EXPECT_EQ(RedactPostgresUrl("host=db password=secret"), "postgres://db");
}

TEST(PostgresUrlTest, PasswordsThatAreNotEncodedAreNotTakenForAnythingElse) {
  for (const char* url :
       {"postgres://u:hunter%2secret@h/db", "postgres://u:hunter/secret@h/db",
        "postgres://u:hunter@secret@h/db", "postgres://u:12/secret@h/db", "postgres://u:12/se?cret@h/db",
        "postgres://u:se/cret@h:hunter/db", "postgres://u:hunter/secret?host=x@h/db",
        "postgres://u:hunter:secret@h:1/db?nonsense=secret"}) {
    SCOPED_TRACE(url);
    EXPECT_EQ(RedactPostgresUrl(url), "postgres");
    PostgresOptions options;
    options.url = url;
    for (const absl::Status& status : {OpenPostgres(options).status(), InspectPostgres(url).status(),
                                       PostgresMigrate(url).status(), CheckPostgresListen(url, url)}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
      EXPECT_THAT(MessageForOperator(status),
                  AllOf(HasSubstr("percent-encode"), Not(HasSubstr("hunter")), Not(HasSubstr("secret"))));
    }
    options.listen_url = std::exchange(options.url, "postgres://127.0.0.1:1/db");
    EXPECT_THAT(std::string(OpenPostgres(options).status().message()), HasSubstr("listen_url: the URL"));
  }
  EXPECT_EQ(RedactPostgresUrl("postgres://u:hunter%2Fsecret%40@h/db"), "postgres://h/db");
}

TEST(PostgresUrlTest, CallersAreToldNothingOfTheDatabaseThatOperatorsAreTold) {
  const std::string url = PostgresServer::Shared().NewDatabase();
  const std::string missing = absl::StrReplaceAll(url, {{"/test_", "/no_such_"}});
  const absl::Status refused = InspectPostgres(missing).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(), "the database refuses this daemon; its log says why");
  EXPECT_THAT(MessageForOperator(refused), HasSubstr("no_such_"));
  const absl::Status down = InspectPostgres("postgres://somebody@127.0.0.1:1/db").status();
  EXPECT_EQ(down.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(down.message(), "the database cannot be reached");
  EXPECT_THAT(MessageForOperator(down), HasSubstr("127.0.0.1"));
}

// ---- statements

// The first column of each row.
std::vector<std::string> Lines(PGconn* connection, const std::string& statement) {
  PGresult* result = PQexec(connection, statement.c_str());
  std::vector<std::string> lines;
  for (int i = 0; i < PQntuples(result); ++i) lines.push_back(PQgetvalue(result, i, 0));
  const ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(absl::StrCat(statement, ": ", PQerrorMessage(connection)));
  }
  return lines;
}

// The plan that holds for any parameters, where reading a whole table is the last resort.
std::vector<std::string> PlanOf(PGconn* connection, const std::string& name, const std::string& sql) {
  Lines(connection, absl::StrCat("PREPARE ", name, " AS ", sql));
  const std::string count = absl::StrCat(
      "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = '", name, "'");
  const int parameters = std::stoi(Lines(connection, count).at(0));
  std::string nulls;
  for (int i = 0; i < parameters; ++i) absl::StrAppend(&nulls, i == 0 ? "(" : ", ", "NULL");
  return Lines(connection, absl::StrCat("EXPLAIN EXECUTE ", name, nulls, parameters > 0 ? ")" : ""));
}

// How many rows an executed plan read to throw them away.
int64_t ReadInVain(const std::vector<std::string>& plan) {
  int64_t sum = 0, loops = 1;
  for (const std::string& line : plan) {
    std::smatch found;
    if (std::regex_search(line, found, std::regex(R"(loops=(\d+))"))) loops = std::stoll(found[1]);
    if (std::regex_search(line, found, std::regex(R"(Rows Removed by .*: (\d+))"))) {
      sum += loops * std::stoll(found[1]);
    }
  }
  return sum;
}

// Whether row security is on.
class PostgresQueryTest : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(RowSecurity, PostgresQueryTest, testing::Bool(), testing::PrintToStringParamName());

// The indexes that a plan reads, and the tables that it inserts into, which stand for their keys.
std::set<std::string> IndexesOf(const std::vector<std::string>& plan) {
  static const auto* const kRead = new std::regex(R"((?:using |Index Scan on |Insert on )(\w+))");
  std::set<std::string> indexes;
  for (const std::string& line : plan) {
    std::smatch found;
    if (!std::regex_search(line, found, *kRead)) continue;
    const std::string name = found[1];
    indexes.insert(name.substr(0, name.rfind("_pkey")));
  }
  return indexes;
}

// Indexes that find one row at most, by what they are asked for: keys, and a user's task that runs or waits.
std::set<std::string> OfOneRow() {
  return {"episode", "erased", "exchange",  "fact",        "pending", "plan", "review",
          "run",     "task",   "task_live", "task_behind", "tenant",  "trig", "user_state"};
}

// Planned for any parameters.
void ExpectOnlyTheIndexesThatAreNamed(PGconn* connection, bool row_security) {
  Lines(connection, "SET plan_cache_mode = force_generic_plan");
  ASSERT_GT(postgres::QueryCatalog().size(), 60u);
  for (const auto& [name, query] : postgres::QueryCatalog()) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(query.has_indexes);
    if (query.indexes.empty()) continue;
    Lines(connection, row_security && query.all_tenants ? "SET ROLE slowwave_discovery" : "RESET ROLE");
    const std::vector<std::string> plan = PlanOf(connection, name, query.sql);
    for (const std::string& line : plan) {
      // Of all tenants there are few, and they are few rows of one table.
      if (absl::StrContains(line, "Seq Scan") && !absl::StrContains(line, "on tenant")) ADD_FAILURE() << line;
    }
    const std::set<std::string> used = IndexesOf(plan);
    for (const std::string& index : query.indexes) {
      // A user has one live task, which is as good as its id.
      const bool is_used = used.contains(index) || (index == "task" && used.contains("task_live"));
      EXPECT_TRUE(is_used || index == "tenant") << index << " is not used in\n" << absl::StrJoin(plan, "\n");
    }
    for (const std::string& index : used) {
      const bool is_named = absl::c_linear_search(query.indexes, index);
      EXPECT_TRUE(is_named || OfOneRow().contains(index)) << index << " is used in\n"
                                                          << absl::StrJoin(plan, "\n");
    }
  }
  Lines(connection, "RESET ROLE");
}

TEST_P(PostgresQueryTest, EveryQueryIsServedByTheIndexesThatItNames) {
  const std::string url = NewDaemonDatabase(PostgresServer::Shared(), GetParam());
  PostgresServer::Sql(SuperuserUrl(url), kFill);
  PGconn* connection = PQconnectdb(url.c_str());
  Lines(connection, "SET enable_seqscan = off; SET jit = off");
  ExpectOnlyTheIndexesThatAreNamed(connection, GetParam());
  PQfinish(connection);
}

// The tables of many users who have a row in each.
std::string FillWithLittle() {
  return absl::StrReplaceAll(
      kFill, {{"generate_series(1, 300) u", "generate_series(1, 2000) u"},
              {"generate_series(1, 20) n", "LATERAL (SELECT 1 + ascii(right(user_id, 1)) % 2 AS n) n"},
              {"generate_series(1, 60) n", "LATERAL (SELECT 1 + ascii(right(user_id, 1)) % 2 AS n) n"},
              {"generate_series(1, 30) n", "generate_series(1, 1) n"},
              {"generate_series(1, 10) n", "generate_series(1, 1) n"},
              {"turn >= 20", "turn IS NULL"}});
}

// By statistics of users who have a row each, the others of a user's indexes look as good as the key. To one
// who has more they are not. And so do those of what is running where nothing ran when they were made.
TEST_P(PostgresQueryTest, AKeyIsPreferredWhereItLooksNoBetter) {
  const std::string quiet =
      absl::StrCat(kFill, "; DELETE FROM slowwave.task WHERE state <> 5; ANALYZE slowwave.task");
  for (const std::string& rows : {FillWithLittle(), quiet}) {
    const std::string url = NewDaemonDatabase(PostgresServer::Shared(), GetParam());
    PostgresServer::Sql(SuperuserUrl(url), rows);
    PGconn* connection = PQconnectdb(url.c_str());
    Lines(connection, std::string(postgres::kKeepPlans));
    ExpectOnlyTheIndexesThatAreNamed(connection, GetParam());
    PQfinish(connection);
  }
}

constexpr int kRows = 5000;
constexpr char kNoStatistics[] = R"(
    ALTER TABLE slowwave.task SET (autovacuum_enabled = off);
    ALTER TABLE slowwave.user_state SET (autovacuum_enabled = off);
    ALTER TABLE slowwave.run SET (autovacuum_enabled = off);
    ALTER TABLE slowwave.pending SET (autovacuum_enabled = off);
    ALTER TABLE slowwave.exchange SET (autovacuum_enabled = off);
    ALTER TABLE slowwave.trig SET (autovacuum_enabled = off);
    ALTER TABLE slowwave.request SET (autovacuum_enabled = off);)";
constexpr char kFirstImport[] = R"(
    INSERT INTO slowwave.user_state(tenant_id, user_id, registered_at)
      SELECT 't', letter || n, now() FROM generate_series(1, 5000) n, unnest('{u,v}'::text[]) letter;
    INSERT INTO slowwave.trig(tenant_id, user_id, ord, kind, events, times_fired)
      SELECT tenant_id, user_id, 0, 1, '[]', 0 FROM slowwave.user_state;
    INSERT INTO slowwave.request(tenant_id, request_id, user_id, body, task_id, joined, at, note)
      SELECT 't', 'r' || n, 'u' || n, '', 'k' || n, false, now(), '' FROM generate_series(1, 5000) n;
    INSERT INTO slowwave.task(tenant_id, task_id, user_id, kind, state, priority, rank, reasons, options, created_at)
      SELECT 't', 'k' || n, 'u' || n, 4, 1, 0, now(), '[]', '{}', now() FROM generate_series(1, 5000) n;
    INSERT INTO slowwave.pending(tenant_id, user_id, id, type, occurred_at, importance, confidence, access_count, bytes)
      SELECT 't', 'u1', 'e' || n, 1, now(), 0.5, 0.9, 0, 5 FROM generate_series(1, 5000) n;
    INSERT INTO slowwave.exchange SELECT 't', 'u1', 'h' || n, 'r', now() - n * interval '1 hour', 'm', 1, 1, 'x'
      FROM generate_series(1, 5000) n;
    UPDATE slowwave.user_state SET pending = 5000, pending_bytes = 25000 WHERE user_id = 'u1')";

// What the statements that matter most are called with, by their names.
std::map<std::string, std::string> CriticalCalls() {
  const auto few = [](absl::string_view prefix) {
    std::vector<std::string> ids;
    for (int i = 1; i <= 400; ++i) ids.push_back(absl::StrCat(prefix, 10 * i));
    return absl::StrCat("'{", absl::StrJoin(ids, ","), "}'");
  };
  const std::string ones = "array_fill(1::bigint, ARRAY[400])", none = "array_fill(''::text, ARRAY[400])";
  return {
      {"claim", "'t', 4, 'token', 'owner', 1000, now()"},
      {"idle_finish", "'t', 400, 1600, now(), ''"},
      {"commit_review",
       absl::StrCat("'t', 'u1', ", few("e"), ", ", ones, ", ", ones, ", 400, 'r', '{}', 0, 0, 0, ''")},
      {"task_page_of_tenant", "'t', 4, NULL, 2"},
      {"exchange_load", absl::StrCat("'t', 'u1', ", few("h"))},
      {"exchange_expire", "'t', 'u1', 3600000000, 'other', 32, now()"},
      {"enqueue_new", absl::StrCat("'t', now(), ", few("v"), ", ", few("new"), ", ", ones, ", ", ones, ", ",
                                   none, ", ", none, ", ", few("s"))},
      {"enqueue_noted", absl::StrCat("'t', now(), ", few("k"), ", ", few("s"), ", ", none, ", ", none)},
      {"enqueue_by_hand", absl::StrCat("'t', now(), ", few("k"), ", 1")},
  };
}

// Runs a prepared statement, takes back what it did, and looks at what it read.
void ExpectNothingReadInVain(PGconn* connection, const std::string& name, const std::string& parameters) {
  Lines(connection, "BEGIN");
  std::vector<std::string> plan;
  try {
    plan =
        Lines(connection, absl::StrCat("EXPLAIN (ANALYZE, TIMING off) EXECUTE ", name, "(", parameters, ")"));
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  Lines(connection, "ROLLBACK");
  EXPECT_FALSE(plan.empty());
  // Once through a table is no harm, but for what is done all the time, or for a few of many rows: a join
  // that reads a table whole removes none.
  const bool often = name == "claim" || name == "idle_finish";
  EXPECT_LE(ReadInVain(plan), often ? 10 : 2 * kRows) << absl::StrJoin(plan, "\n");
  EXPECT_FALSE(name == "claim" && absl::c_any_of(plan,
                                                 [](const std::string& line) {
                                                   return absl::StrContains(line, "Hash Join") ||
                                                          absl::StrContains(line, "Merge Join");
                                                 }))
      << absl::StrJoin(plan, "\n");
  // The index has the order already; sorting would read all that is ready for the first few.
  EXPECT_FALSE(absl::c_any_of(plan, [](const std::string& line) {
    return absl::StrContains(line, "Sort Key: k.");
  })) << absl::StrJoin(plan, "\n");
}

// As after a first import: the planner takes each table for nearly empty.
TEST_P(PostgresQueryTest, NothingIsReadInVainForEachRowBeforeThereAreStatistics) {
  const std::string url = NewDaemonDatabase(PostgresServer::Shared(), GetParam());
  PostgresServer::Sql(SuperuserUrl(url), absl::StrCat(kNoStatistics, kFirstImport));
  PGconn* connection = PQconnectdb(url.c_str());
  // They are sent without a transaction's settings.
  const std::set<std::string> alone = {"claim", "enqueue_new", "enqueue_noted", "enqueue_by_hand"};
  Lines(connection, "SET plan_cache_mode = force_custom_plan; SET slowwave.tenant = 't'");
  for (const auto& [name, parameters] : CriticalCalls()) {
    SCOPED_TRACE(name);
    Lines(connection, absl::StrCat("SET enable_bitmapscan = ", alone.contains(name) ? "on" : "off"));
    Lines(connection, absl::StrCat("PREPARE ", name, " AS ", postgres::QueryCatalog().at(name).sql));
    ExpectNothingReadInVain(connection, name, parameters);
  }
  PQfinish(connection);
}

// And as it goes on, with a queue that is most of the tenant's tasks.
TEST_P(PostgresQueryTest, NothingIsReadInVainOnceThereAreStatistics) {
  const std::string url = NewDaemonDatabase(PostgresServer::Shared(), GetParam());
  PostgresServer::Sql(SuperuserUrl(url), absl::StrCat(kNoStatistics, kFirstImport, "; ANALYZE"));
  PGconn* connection = PQconnectdb(url.c_str());
  for (const std::string mode : {"force_custom_plan", "force_generic_plan"}) {
    Lines(connection, std::string(postgres::kKeepPlans));
    Lines(connection,
          absl::StrCat("DEALLOCATE ALL; SET plan_cache_mode = ", mode, "; SET slowwave.tenant = 't'"));
    for (const auto& [name, parameters] : CriticalCalls()) {
      SCOPED_TRACE(absl::StrCat(name, " ", mode));
      Lines(connection, absl::StrCat("PREPARE ", name, " AS ", postgres::QueryCatalog().at(name).sql));
      ExpectNothingReadInVain(connection, name, parameters);
    }
  }
  PQfinish(connection);
}

// A session keeps its plans while the tables of a new installation fill.
TEST_P(PostgresQueryTest, NothingIsReadInVainByPlansThatWereMadeForEmptyTables) {
  const std::string url = NewDaemonDatabase(PostgresServer::Shared(), GetParam());
  PostgresServer::Sql(SuperuserUrl(url), kNoStatistics);
  PGconn* connection = PQconnectdb(url.c_str());
  Lines(connection, std::string(postgres::kKeepPlans));
  Lines(connection, "SET plan_cache_mode = force_generic_plan; SET slowwave.tenant = 't'");
  for (const auto& [name, parameters] : CriticalCalls()) {
    Lines(connection, absl::StrCat("PREPARE ", name, " AS ", postgres::QueryCatalog().at(name).sql));
    Lines(connection, absl::StrCat("EXPLAIN EXECUTE ", name, "(", parameters, ")"));
  }
  PostgresServer::Sql(SuperuserUrl(url), kFirstImport);
  for (const auto& [name, parameters] : CriticalCalls()) {
    SCOPED_TRACE(name);
    ExpectNothingReadInVain(connection, name, parameters);
  }
  PQfinish(connection);
}

}  // namespace
}  // namespace slowwave
