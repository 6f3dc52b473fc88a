// What row security keeps apart when a statement does not, and that it hinders nothing else.
#include <libpq-fe.h>

#include <map>
#include <regex>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "storage/postgres/embedded_sql.h"
#include "storage/postgres/transaction.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/daemon_database.h"
#include "tests/support/filled_tables.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

// With three tenants that have the same users.
const std::string& FilledUrl() {
  static const std::string url = [] {
    const std::string made = NewDaemonDatabase(PostgresServer::Shared());
    PostgresServer::Sql(SuperuserUrl(made), kFill);
    return made;
  }();
  return url;
}

class Session {
 public:
  explicit Session(const std::string& url) : connection_(PQconnectdb(url.c_str())) {}
  ~Session() { PQfinish(connection_); }
  // How many rows it gives, or else how many it changes.
  int64_t Count(const std::string& sql) {
    PGresult* result = PQexec(connection_, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    const std::string changed = PQcmdTuples(result);
    const int64_t rows = status == PGRES_TUPLES_OK ? PQntuples(result)
                         : changed.empty()         ? 0
                                                   : std::stoll(changed);
    PQclear(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      throw std::runtime_error(absl::StrCat(sql, ": ", PQerrorMessage(connection_)));
    }
    return rows;
  }
  // One of our statements, or what is left of it.
  int64_t Execute(const std::string& sql, const std::string& parameters) {
    Count("DEALLOCATE ALL");
    Count(absl::StrCat("PREPARE one AS ", sql));
    return Count(absl::StrCat("EXECUTE one(", parameters, ")"));
  }

 private:
  PGconn* connection_;
};

std::string QueryNamed(const std::string& name) { return postgres::QueryCatalog().at(name).sql; }

std::string WithoutTenant(const std::string& sql) {
  return std::regex_replace(sql, std::regex(R"((\w+\.)?tenant_id = \$1)"), "$$1::text IS NOT NULL");
}

std::vector<std::string> TablesOfTenants() {
  const std::string names = PostgresServer::Sql(
      SuperuserUrl(FilledUrl()),
      "SELECT string_agg(table_name, ' ') FROM information_schema.columns WHERE table_schema = 'slowwave' "
      "AND column_name = 'tenant_id'");
  return absl::StrSplit(names, ' ');
}

// What reads rows, by the parameters of tenant t1 that find some.
const std::map<std::string, std::string>& Reads() {
  static const auto* const reads = new std::map<std::string, std::string>{
      {"user_get", "'t1', 'u1'"},
      {"user_page", "'t1', '', 5000"},
      {"tenant_get", "'t1'"},
      {"trig_list", "'t1', 'u1'"},
      {"slot_list", "'t1'"},
      {"episode_page", "'t1', 'u1', '-infinity', '', 5000"},
      {"episodes_known", "'t1', 'u1', '{e1,e2}'"},
      {"facts_of_user", "'t1', 'u1'"},
      {"fact_page", "'t1', 'u1', '', NULL, -1, '', '', '', 5000"},
      {"assertions_of_keys", "'t1', 'u1', '{k1,k2}'"},
      {"quarantine_page", "'t1', 'u1', NULL, '', 0, 5000"},
      {"exchange_load", "'t1', 'u1', '{h1,h2}'"},
      {"run_page", "'t1', 'u1', 5000, NULL, '', 5000"},
      {"task_page_of_user", "'t1', 0, NULL, '~', 5000, 'u1'"},
      {"sample_named", "'t1', 'u1', '{e1,e2}', 0"},
  };
  return *reads;
}

TEST(RowSecurityTest, AStatementThatLostItsTenantGivesNothingForeign) {
  Session all(SuperuserUrl(FilledUrl())), daemon(FilledUrl());
  daemon.Count("SET slowwave.tenant = 't1'");
  for (const auto& [name, parameters] : Reads()) {
    SCOPED_TRACE(name);
    const std::string whole = QueryNamed(name), broken = WithoutTenant(whole);
    ASSERT_NE(whole, broken);
    const int64_t own = all.Execute(whole, parameters);
    EXPECT_GT(own, 0);
    EXPECT_GT(all.Execute(broken, parameters), own) << "is not broken without row security";
    EXPECT_EQ(daemon.Execute(broken, parameters), own);
    EXPECT_EQ(daemon.Execute(whole, parameters), own);
  }
}

TEST(RowSecurityTest, AStatementThatLostItsTenantChangesNothingForeign) {
  Session all(SuperuserUrl(FilledUrl())), daemon(FilledUrl());
  daemon.Count("SET slowwave.tenant = 't1'");
  const std::map<std::string, std::string> writes = {
      {"trig_delete", "'t1', 'u1'"},
      {"user_count_ingest", "'t1', 'u1', 1, 1, 1, 0"},
      {"task_finish", "'t1', 'u1-1', 5, '', now()"},
      {"request_expire", "'t1', now() + interval '1 day'"},
      {"commit_left", "'t1', 'u1', '{e2,e4}', 0, now()"},
  };
  for (const auto& [name, parameters] : writes) {
    SCOPED_TRACE(name);
    const std::string broken = WithoutTenant(QueryNamed(name));
    std::map<std::string, int64_t> changed;
    for (auto& [who, session] : std::map<std::string, Session*>{{"all", &all}, {"daemon", &daemon}}) {
      session->Count("BEGIN");
      changed[who + ", broken"] = session->Execute(broken, parameters);
      session->Count("ROLLBACK; BEGIN");
      changed[who] = session->Execute(QueryNamed(name), parameters);
      session->Count("ROLLBACK");
    }
    EXPECT_GT(changed["all, broken"], changed["all"]) << "is not broken without row security";
    EXPECT_GT(changed["daemon"], 0);
    EXPECT_EQ(changed["daemon"], changed["all"]);
    EXPECT_EQ(changed["daemon, broken"], changed["daemon"]);
  }
}

TEST(RowSecurityTest, NothingIsVisibleUntilATenantIsNamed) {
  Session daemon(FilledUrl());
  const std::vector<std::string> tables = TablesOfTenants();
  ASSERT_GT(tables.size(), 15u);
  for (const std::string& table : tables) {
    SCOPED_TRACE(table);
    const std::string count = absl::StrCat("SELECT 1 FROM slowwave.", table);
    EXPECT_EQ(daemon.Count(count), 0);
    // As in a session that a pooler has had another tenant's transaction on.
    daemon.Count("BEGIN; SELECT set_config('slowwave.tenant', 't1', true); COMMIT");
    EXPECT_EQ(daemon.Count(count), 0);
  }
  EXPECT_THROW(daemon.Count("INSERT INTO slowwave.tenant(tenant_id) VALUES ('new')"), std::runtime_error);
  daemon.Count("SET slowwave.tenant = 't1'");
  try {
    daemon.Count("INSERT INTO slowwave.erased VALUES ('t2', 'u1', 'x', now())");
    ADD_FAILURE() << "wrote for another tenant";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), HasSubstr("row-level security"));
  }
  EXPECT_EQ(daemon.Count("INSERT INTO slowwave.erased VALUES ('t1', 'u1', 'x', now())"), 1);
}

TEST(RowSecurityTest, LookingForTenantsWithWorkReadsThreeTablesAndChangesNothing) {
  const std::set<std::string> readable = {"task", "tenant", "trig"};
  Session daemon(FilledUrl());
  // The setting is the owner's alone.
  daemon.Count("SET slowwave.across = 'on'");
  for (const std::string& table : TablesOfTenants()) {
    EXPECT_EQ(daemon.Count(absl::StrCat("SELECT 1 FROM slowwave.", table)), 0) << table;
  }
  daemon.Count("SET ROLE slowwave_discovery");
  for (const std::string& table : TablesOfTenants()) {
    SCOPED_TRACE(table);
    const std::string read = absl::StrCat("SELECT tenant_id FROM slowwave.", table);
    if (readable.contains(table)) {
      EXPECT_GT(daemon.Count(read), 0);
    } else {
      EXPECT_THROW(daemon.Count(read), std::runtime_error);
    }
    EXPECT_THROW(daemon.Count(absl::StrCat("SELECT * FROM slowwave.", table)), std::runtime_error);
    EXPECT_THROW(daemon.Count(absl::StrCat("UPDATE slowwave.", table, " SET tenant_id = ''")),
                 std::runtime_error);
    EXPECT_THROW(daemon.Count(absl::StrCat("DELETE FROM slowwave.", table)), std::runtime_error);
  }
}

TEST(RowSecurityTest, EveryStatementNamesItsTenantOrIsOneOfTheFewThatLookAcross) {
  std::set<std::string> across;
  for (const auto& [name, query] : postgres::QueryCatalog()) {
    if (query.all_tenants) {
      across.insert(name);
    } else if (!query.indexes.empty()) {
      EXPECT_TRUE(absl::StrContains(query.sql, "tenant_id = $1") ||
                  absl::StrContains(query.sql, "VALUES ($1") || absl::StrContains(query.sql, "SELECT $1,"))
          << name;
    } else {
      EXPECT_FALSE(absl::StrContains(query.sql, "tenant_id")) << name;
    }
  }
  EXPECT_EQ(across, (std::set<std::string>{"claim_demands", "claim_running", "queue_behind", "queue_dead",
                                           "queue_delayed", "queue_ready", "queue_running", "rescue_tenants",
                                           "sweep_tenants"}));
}

TEST(RowSecurityTest, ATransactionIsOfOneTenant) {
  const auto connection = Must(postgres::Connection::Open(FilledUrl(), Deadline::After(absl::Seconds(30))));
  const auto begin = [&](postgres::Mode mode) {
    return postgres::Transaction(*connection, mode, Deadline::After(absl::Seconds(30)), std::nullopt);
  };
  for (const postgres::Mode mode : {postgres::Mode::kSingle, postgres::Mode::kRead, postgres::Mode::kWrite}) {
    postgres::Transaction good = begin(mode);
    good.Add("plan_settings");  // what has no tenant may come first
    postgres::Rows users = good.Add("user_page", "t1", "", int64_t{5000});
    EXPECT_TRUE(good.Finish());
    EXPECT_EQ(users.count(), 300);

    postgres::Transaction two = begin(mode);
    two.Add("user_page", "t1", "", int64_t{5000});
    postgres::Rows foreign = two.Add("user_page", "t2", "", int64_t{5000});
    EXPECT_FALSE(two.Send());
    EXPECT_EQ(foreign.count(), 0);
    EXPECT_EQ(two.End(absl::OkStatus()).code(), absl::StatusCode::kInternal);

    postgres::Transaction mixed = begin(mode);
    mixed.Add("claim_running");
    mixed.Add("user_page", "t1", "", int64_t{5000});
    EXPECT_EQ(mixed.End(absl::OkStatus()).code(), absl::StatusCode::kInternal);
  }
  // Nothing is left behind.
  postgres::Transaction after = begin(postgres::Mode::kSingle);
  postgres::Rows rows = after.Add("ping");
  EXPECT_TRUE(after.Send());
  EXPECT_EQ(rows.count(), 1);
  std::vector<postgres::Result> results;
  connection->Run({{"SELECT 1 FROM slowwave.user_state", postgres::Parameters()}},
                  Deadline::After(absl::Seconds(30)), results);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(PQntuples(results[0].get()), 0);
}

// In development the daemon may be the owner, who is no superuser in a well kept database.
TEST(RowSecurityTest, TheOwnerMigratesServesAndIsBoundByItToo) {
  PostgresServer& server = PostgresServer::Shared();
  const std::string as_superuser = server.NewDatabase();
  server.Sql(as_superuser, absl::StrCat("CREATE ROLE plain_owner LOGIN CREATEROLE; GRANT CREATE ON DATABASE ",
                                        as_superuser.substr(as_superuser.rfind('/') + 1), " TO plain_owner"));
  PostgresOptions options;
  options.url = absl::StrReplaceAll(as_superuser, {{"slowwave@", "plain_owner@"}});
  Must(PostgresMigrate(options.url));
  for (int again = 0; again < 2; ++again) {
    server.Sql(options.url, DeploySql("roles.sql"));
    server.Sql(options.url, DeploySql("row_security.sql"));
    server.Sql(options.url, DeploySql("own_tables/facts_view.sql"));
    EXPECT_EQ(Must(PostgresMigrate(options.url)), 0);
  }
  // It looks across as itself: from Postgres 16 on it is a member of what it made, but cannot become that.
  server.Sql(as_superuser, "GRANT slowwave_discovery TO plain_owner");
  server.Sql(options.url, "REVOKE USAGE ON SCHEMA slowwave FROM slowwave_discovery");
  const std::unique_ptr<Store> store = Must(OpenPostgres(options));
  for (const char* tenant : {"acme", "other"}) {
    const UserKey user{tenant, "ana"};
    Must(store->IngestEpisodes(user, {MakeEpisode("e")}, {}, nullptr));
    EnqueueRequest request;
    request.user = user;
    Must(store->Enqueue(request));
  }
  EXPECT_EQ(Must(store->ClaimTasks("owner", 10, absl::Seconds(30))).size(), 2u);
  Session owner(options.url);
  const std::string count = "SELECT 1 FROM slowwave.episode";
  EXPECT_EQ(owner.Count(count), 0);
  EXPECT_EQ(owner.Count("SELECT 1 WHERE pg_has_role('slowwave_read_owner', 'USAGE')"), 0)
      << "sees all tenants' facts";
  owner.Count("SET slowwave.tenant = 'acme'");
  EXPECT_EQ(owner.Count(count), 1);
  owner.Count("SET slowwave.across = 'on'");
  EXPECT_EQ(owner.Count(count), 2);
}

}  // namespace
}  // namespace slowwave
