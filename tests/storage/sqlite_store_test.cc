// The conformance suite on SQLite, and what only a file can show: reopening, locks, layouts, corruption.
// Crashes and full disks: sqlite_faults_test.cc.
#include "storage/sqlite/sqlite_store.h"

#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "storage/codec.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/embedded_sql.h"
#include "tests/storage/sqlite_files.h"
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(SqliteMemory, StoreConformance,
                         testing::Values(StoreBackend{"InMemory",
                                                      [](std::function<absl::Time()> now) {
                                                        return Must(
                                                            OpenSqlite({.path = ":memory:", .now = now}));
                                                      }}),
                         BackendName);

// Keeps its folder as long as itself.
class FileBackedStores {
 public:
  std::unique_ptr<Store> Open(std::function<absl::Time()> now) {
    folder_ = std::make_unique<TempFolder>();
    return Must(OpenSqlite({.path = folder_->File("store.db"), .now = std::move(now), .durable = false}));
  }

 private:
  std::unique_ptr<TempFolder> folder_;
};

INSTANTIATE_TEST_SUITE_P(SqliteFile, StoreConformance,
                         testing::Values(StoreBackend{"File",
                                                      [](std::function<absl::Time()> now) {
                                                        static FileBackedStores stores;
                                                        return stores.Open(std::move(now));
                                                      }}),
                         BackendName);

const UserKey kAna{"acme", "ana"};

TEST(SqliteStoreTest, KeepsEverythingAcrossReopening) {
  TempFolder folder;
  std::string task_id;
  {
    auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
    Must(store->IngestEpisodes(kAna, {MakeEpisode("e")}, {}, nullptr));
    EnqueueRequest request;
    request.user = kAna;
    task_id = Must(store->Enqueue(request)).task.id;
    const Lease lease = Must(store->ClaimTasks("worker", 1, absl::Seconds(30))).at(0).lease;
    Must(store->StoreExchanges(lease, "run", {{.request_hash = "h", .reply = "said", .model = "m"}},
                               absl::InfiniteDuration()));
    Must(store->ReleaseTask(lease));
  }
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  EXPECT_EQ(Must(store->GetEpisode(kAna, "e")).episode.text, MakeEpisode("e").text);
  EXPECT_EQ(Must(store->GetTask("acme", task_id)).state, TaskState::kWaiting);
  EXPECT_EQ(Must(store->LoadExchanges(kAna, {"h"})).at(0).reply, "said");
}

TEST(SqliteStoreTest, SecondOpenNamesTheHolder) {
  TempFolder folder;
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  const auto second = OpenSqlite({.path = folder.File("store.db")});
  EXPECT_EQ(Code(second), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second), HasSubstr(absl::StrCat("already in use by pid ", getpid())));
}

TEST(SqliteStoreTest, SecondOpenThroughALinkIsRefusedToo) {
  TempFolder folder;
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  std::filesystem::create_symlink(folder.File("store.db"), folder.File("link.db"));
  EXPECT_EQ(Code(OpenSqlite({.path = folder.File("link.db")})), absl::StatusCode::kFailedPrecondition);
}

TEST(SqliteStoreTest, LockIsFreeAfterClosing) {
  TempFolder folder;
  Must(OpenSqlite({.path = folder.File("store.db")})).reset();
  EXPECT_TRUE(OpenSqlite({.path = folder.File("store.db")}).ok());
}

TEST(SqliteStoreTest, MissingFolderIsUnavailable) {
  TempFolder folder;
  EXPECT_EQ(Code(OpenSqlite({.path = folder.File("none/store.db")})), absl::StatusCode::kUnavailable);
}

TEST(SqliteStoreTest, FileThatIsNoDatabaseIsDataLossAndStaysAsItWas) {
  TempFolder folder;
  const std::string words(5000, 'w');
  std::ofstream(folder.File("store.db")) << words;
  EXPECT_EQ(Code(OpenSqlite({.path = folder.File("store.db")})), absl::StatusCode::kDataLoss);
  std::ifstream file(folder.File("store.db"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), words);
}

TEST(SqliteStoreTest, DatabaseOfAnotherProgramIsRefused) {
  TempFolder folder;
  RawSql(folder.File("store.db"), "CREATE TABLE theirs(x)");
  const auto opened = OpenSqlite({.path = folder.File("store.db")});
  EXPECT_EQ(Code(opened), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(opened), HasSubstr("another program"));
}

TEST(SqliteStoreTest, DamagedPagesAreDataLoss) {
  TempFolder folder;
  {
    auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
    std::vector<Episode> episodes;
    for (int i = 0; i < 300; ++i)
      episodes.push_back(MakeEpisode(absl::StrCat("e", i), std::string(500, 'x')));
    Must(store->IngestEpisodes(kAna, episodes, {}, nullptr));
  }
  const auto size = std::filesystem::file_size(folder.File("store.db"));
  ASSERT_GT(size, 40u * 4096);
  {
    // The schema's pages stay, so that the file opens.
    std::fstream file(folder.File("store.db"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40 * 4096);
    file << std::string(size - 40 * 4096, '\x5a');
  }
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  EXPECT_EQ(Code(store->ListEpisodes(kAna, "", 1000)), absl::StatusCode::kDataLoss);
}

TEST(SqliteStoreTest, RowThatDoesNotParseIsDataLossWithoutItsText) {
  TempFolder folder;
  {
    auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
    Must(store->ReplaceFacts(Must(store->RegisterUser(kAna, {})).user, 0, "", {MakeFact("user:a:b", "v")}));
  }
  RawSql(folder.File("store.db"), "UPDATE fact SET evidence = 'secret words'");
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  const auto read = store->LoadAllSlots(kAna);
  EXPECT_EQ(Code(read), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(read), testing::Not(HasSubstr("secret")));
}

TEST(SqliteStoreTest, ErasedIdDoesNotComeBack) {
  TempFolder folder;
  {
    auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
    Must(store->RegisterUser(kAna, {}));
  }
  // Erasing is a later operation; this is the row that it leaves.
  RawSql(folder.File("store.db"),
         absl::StrCat("INSERT INTO erased VALUES ('acme', 'ana', x'",
                      absl::BytesToHexString(codec::Sha256("gone").substr(0, 16)), "', 0)"));
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  EXPECT_THAT(
      Must(store->IngestEpisodes(kAna, {MakeEpisode("gone"), MakeEpisode("here")}, {}, nullptr)).outcomes,
      ElementsAre(IngestOutcome::kErased, IngestOutcome::kStored));
}

TEST(SqliteStoreTest, OnlyAManualTaskEndsAUsersPause) {
  TempFolder folder;
  {
    auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
    Must(store->RegisterUser(kAna, {}));
  }
  // Reverting is a later operation; this is what it leaves.
  RawSql(folder.File("store.db"), "UPDATE user_state SET paused_by = 'revert'");
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  EnqueueRequest request;
  request.user = kAna;
  request.kind = TriggerKind::kEvent;
  Must(store->Enqueue(request));
  EXPECT_EQ(Must(store->GetUser(kAna)).paused_by, "revert");
  request.kind = TriggerKind::kManual;
  EXPECT_TRUE(Must(store->Enqueue(request)).joined);
  EXPECT_EQ(Must(store->GetUser(kAna)).paused_by, "");
}

TEST(SqliteStoreTest, ForeignWriteLockIsUnavailableAndPasses) {
  TempFolder folder;
  auto store = Must(OpenSqlite({.path = folder.File("store.db"), .busy_timeout = absl::Milliseconds(1)}));
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(folder.File("store.db").c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(Code(store->RegisterUser(kAna, {})), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Code(store->GetUser(kAna)), absl::StatusCode::kNotFound);  // reading does not wait
  sqlite3_close(other);
  EXPECT_TRUE(store->RegisterUser(kAna, {}).ok());
}

TEST(SqliteStoreTest, EpisodesAndAssertionsRefuseUpdates) {
  TempFolder folder;
  {
    auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
    Must(store->IngestEpisodes(kAna, {MakeEpisode("e")}, {}, nullptr));
  }
  EXPECT_THROW(RawSql(folder.File("store.db"), "UPDATE episode SET text = 'x'"), std::runtime_error);
}

TEST(SqliteStoreTest, TextThatIsNotUtf8IsAnErrorAndNoCrash) {
  auto store = Must(OpenSqlite({.path = ":memory:"}));
  Episode episode = MakeEpisode("e");
  episode.entities = {"\xff\xfe"};
  EXPECT_EQ(Code(store->IngestEpisodes(kAna, {episode}, {}, nullptr)), absl::StatusCode::kInternal);
  EXPECT_EQ(Code(store->GetUser(kAna)), absl::StatusCode::kNotFound);
  EXPECT_TRUE(store->RegisterUser(kAna, {}).ok());
}

// ---- migrations

TEST(SqliteMigrationTest, MissingFileLacksEverythingAndIsNotMade) {
  TempFolder folder;
  const MigrationStatus status = Must(SqliteMigrationStatus(folder.File("store.db")));
  EXPECT_EQ(status.applied, 0);
  EXPECT_GE(status.outstanding, 1);
  EXPECT_FALSE(std::filesystem::exists(folder.File("store.db")));
}

TEST(SqliteMigrationTest, MigratingTwiceChangesNothing) {
  TempFolder folder;
  Must(SqliteMigrate(folder.File("store.db")));
  const MigrationStatus first = Must(SqliteMigrationStatus(folder.File("store.db")));
  Must(SqliteMigrate(folder.File("store.db")));
  const MigrationStatus second = Must(SqliteMigrationStatus(folder.File("store.db")));
  EXPECT_EQ(first.outstanding, 0);
  EXPECT_TRUE(ValidateMigrations(second).ok());
  ASSERT_EQ(second.migrations.size(), first.migrations.size());
  EXPECT_EQ(second.migrations[0].applied_at, first.migrations[0].applied_at);
  EXPECT_EQ(second.migrations[0].name, "initial");
}

TEST(SqliteMigrationTest, StatusReadsBesideARunningStore) {
  TempFolder folder;
  auto store = Must(OpenSqlite({.path = folder.File("store.db")}));
  EXPECT_EQ(Must(SqliteMigrationStatus(folder.File("store.db"))).outstanding, 0);
  EXPECT_EQ(Code(SqliteMigrate(folder.File("store.db"))), absl::StatusCode::kFailedPrecondition);
}

TEST(SqliteMigrationTest, NewerLayoutIsRefused) {
  TempFolder folder;
  Must(SqliteMigrate(folder.File("store.db")));
  RawSql(folder.File("store.db"), "INSERT INTO schema_migration VALUES (9000, 'future', 'x', 0)");
  const auto opened = OpenSqlite({.path = folder.File("store.db")});
  EXPECT_EQ(Code(opened), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(opened), HasSubstr("newer"));
  const MigrationStatus status = Must(SqliteMigrationStatus(folder.File("store.db")));
  EXPECT_EQ(status.migrations.back().version, 9000);
  EXPECT_EQ(Code(ValidateMigrations(status)), absl::StatusCode::kFailedPrecondition);
}

TEST(SqliteMigrationTest, ChangedMigrationIsRefused) {
  TempFolder folder;
  Must(SqliteMigrate(folder.File("store.db")));
  RawSql(folder.File("store.db"), "UPDATE schema_migration SET checksum = 'x' WHERE version = 1");
  const auto opened = OpenSqlite({.path = folder.File("store.db")});
  EXPECT_EQ(Code(opened), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(opened), HasSubstr("changed after it was applied"));
}

// ---- queries

// What EXPLAIN QUERY PLAN says, line by line.
std::vector<std::string> PlanOf(sqlite3* db, std::string_view sql) {
  std::vector<std::string> lines;
  sqlite3_stmt* statement = nullptr;
  const std::string explain = absl::StrCat("EXPLAIN QUERY PLAN ", std::string(sql));
  if (sqlite3_prepare_v2(db, explain.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(db));
  }
  while (sqlite3_step(statement) == SQLITE_ROW) {
    lines.push_back(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3)));
  }
  sqlite3_finalize(statement);
  return lines;
}

TEST(SqliteQueryTest, EveryQueryIsServedByTheIndexThatItNames) {
  TempFolder folder;
  Must(SqliteMigrate(folder.File("store.db")));
  auto connection = Must(sqlite::Connection::Open({.path = folder.File("store.db")}));
  ASSERT_GT(sqlite::QueryCatalog().size(), 50u);
  for (const auto& [name, query] : sqlite::QueryCatalog()) {
    SCOPED_TRACE(std::string(name));
    EXPECT_TRUE(query.has_indexes);
    if (query.indexes.empty()) continue;
    // json_each reads its own argument, and a query what it has made itself; a partial index holds just the
    // rows that are meant.
    for (const std::string& line : PlanOf(connection->handle(), query.sql)) {
      if (absl::StartsWith(line, "SCAN") && !absl::StrContains(line, "VIRTUAL TABLE") &&
          !absl::StrContains(line, "CONSTANT ROW") && !absl::StrContains(line, "(subquery") &&
          line != "SCAN ready_tenant" && line != "SCAN next_ready") {
        EXPECT_THAT(line, testing::AnyOf(HasSubstr("INDEX task_ready"), HasSubstr("INDEX task_running"),
                                         HasSubstr("INDEX task_behind"), HasSubstr("INDEX task_delayed"),
                                         HasSubstr("INDEX task_dead"), HasSubstr("INDEX tenant_paused")));
      }
      if (absl::StartsWith(line, "SEARCH")) {
        bool named = false;
        for (const std::string& index : query.indexes) named |= absl::StrContains(line, index);
        EXPECT_TRUE(named || absl::StrContains(line, "PRIMARY KEY")) << line;
      }
    }
  }
}

}  // namespace
}  // namespace slowwave
