// What the embedded store goes through on a real machine: killed at any moment, and out of room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/storage/sqlite_files.h"

namespace slowwave {
namespace {

const UserKey kUser{"acme", "ana"};
constexpr int kEpisodesPerRound = 5;

std::vector<Episode> Batch(const std::string& prefix, int count, size_t bytes = 20) {
  std::vector<Episode> episodes;
  for (int i = 0; i < count; ++i) {
    Episode episode;
    episode.id = absl::StrCat(prefix, "-", i);
    episode.text = std::string(bytes, 'x');
    episode.occurred_at = absl::FromUnixSeconds(1700000000);
    episodes.push_back(episode);
  }
  return episodes;
}

// Claims what is ready and commits it: every sampled episode gives one assertion and one fact.
absl::Status RunOnce(Store& store, const std::string& run_id) {
  EnqueueRequest request;
  request.user = kUser;
  if (auto done = store.Enqueue(request); !done.ok()) return done.status();
  auto claimed = store.ClaimTasks("w", 1, absl::Hours(1));
  if (!claimed.ok()) return claimed.status();
  if (claimed->empty()) return absl::InternalError("nothing to claim");
  SampleSpec spec;
  spec.limit = 3;
  RunCommit commit;
  commit.lease = claimed->front().lease;
  auto sample = store.SampleEpisodes(commit.lease, spec);
  if (!sample.ok()) return sample.status();
  commit.memory_version = sample->memory_version;
  commit.run.run_id = run_id;
  for (const Episode& episode : sample->episodes) {
    commit.reviewed.push_back(episode.id);
    Assertion assertion;
    assertion.id = episode.id;
    assertion.key = absl::StrCat("user:a:", episode.id);
    commit.assertions.push_back(assertion);
    Fact fact;
    fact.key = assertion.key;
    commit.replaced_keys.push_back(fact.key);
    commit.facts.push_back(fact);
  }
  commit.follow_up = spec;
  return store.CommitRun(commit).status();
}

// The child's life: rounds of ingest and commit, each acknowledged by a byte, until it is killed.
[[noreturn]] void CommitUntilKilled(const std::string& path, int round, int acknowledge) {
  auto store = OpenSqlite({.path = path});
  if (!store.ok()) _exit(2);
  if (!(*store)->RescueTasks(1000, /*all_running=*/true).ok()) _exit(3);
  for (int i = 0;; ++i) {
    if (!(*store)
             ->IngestEpisodes(kUser, Batch(absl::StrCat(round, "-", i), kEpisodesPerRound), {}, nullptr)
             .ok())
      _exit(4);
    if (write(acknowledge, "i", 1) != 1) _exit(5);
    if (!RunOnce(**store, absl::StrCat("run-", round, "-", i)).ok()) _exit(6);
    if (write(acknowledge, "c", 1) != 1) _exit(7);
  }
}

struct Acknowledged {
  int ingests = 0, commits = 0;
};

// Reads up to `limit` acknowledgements into `seen`, fewer if the child is gone. Returns how many.
int ReadAcknowledgements(int from, int limit, Acknowledged& seen) {
  int count = 0;
  for (char byte; count < limit && read(from, &byte, 1) == 1; ++count)
    ++(byte == 'i' ? seen.ingests : seen.commits);
  return count;
}

int64_t Count(const std::string& path, const std::string& sql) { return std::stoll(RawSql(path, sql)); }

// Whatever was cut off, the tables agree with one another.
void ExpectWhole(const std::string& path) {
  EXPECT_EQ(RawSql(path, "PRAGMA integrity_check"), "ok");
  const auto count = [&](const std::string& sql) { return Count(path, sql); };
  const int64_t episodes = count("SELECT count(*) FROM episode"),
                pending = count("SELECT count(*) FROM pending"),
                reviewed = count("SELECT count(*) FROM review"), runs = count("SELECT count(*) FROM run");
  EXPECT_EQ(pending + reviewed, episodes);
  EXPECT_EQ(episodes % kEpisodesPerRound, 0) << "half a batch was stored";
  EXPECT_EQ(count("SELECT count(*) FROM pending JOIN review USING(tenant_id, user_id, id)"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM assertion"), reviewed);
  EXPECT_EQ(count("SELECT count(*) FROM fact"), reviewed);
  EXPECT_EQ(count("SELECT ifnull(sum(episodes), 0) FROM user_state"), episodes);
  EXPECT_EQ(count("SELECT ifnull(sum(pending), 0) FROM user_state"), pending);
  EXPECT_EQ(count("SELECT ifnull(sum(pending_bytes), 0) FROM user_state"),
            count("SELECT ifnull(sum(bytes), 0) FROM pending"));
  EXPECT_EQ(count("SELECT ifnull(sum(facts), 0) FROM user_state"), reviewed);
  EXPECT_EQ(count("SELECT ifnull(sum(memory_version), 0) FROM user_state"), runs);
  EXPECT_EQ(count("SELECT count(*) FROM task WHERE state = 5"), runs);
  EXPECT_EQ(count("SELECT count(*) FROM review WHERE run_no NOT IN (SELECT run_no FROM run)"), 0);
}

TEST(SqliteFaultsTest, KilledAtAnyMomentItLosesNothingThatWasAcknowledged) {
  TempFolder folder;
  const std::string path = folder.File("store.db");
  std::mt19937 random(20240501);
  Acknowledged total;
  for (int round = 0; round < 30; ++round) {
    int acknowledge[2];
    ASSERT_EQ(pipe(acknowledge), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(acknowledge[0]);
      CommitUntilKilled(path, round, acknowledge[1]);
    }
    close(acknowledge[1]);
    // The moment: some acknowledgements on, and a little later, so that it may fall anywhere in the next
    // step; every sixth time anywhere in the opening.
    const int wanted = round % 6 == 0 ? 0 : std::uniform_int_distribution<int>(1, 12)(random);
    ASSERT_EQ(ReadAcknowledgements(acknowledge[0], wanted, total), wanted);
    usleep(std::uniform_int_distribution<useconds_t>(0, 30000)(random));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    ReadAcknowledgements(acknowledge[0], std::numeric_limits<int>::max(), total);
    close(acknowledge[0]);
    const auto reopened = OpenSqlite({.path = path});
    ASSERT_TRUE(reopened.ok()) << reopened.status();
    ExpectWhole(path);
    // More than was acknowledged may have landed, less may not.
    EXPECT_GE(Count(path, "SELECT count(*) FROM episode"), int64_t{total.ingests} * kEpisodesPerRound);
    EXPECT_GE(Count(path, "SELECT count(*) FROM run"), total.commits);
  }
  EXPECT_GT(total.commits, 30) << "too little was written for the kills to mean anything";
}

// A file size limit is a real refusal by the kernel, and, unlike a full partition, harms nobody else.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_;
};

TEST(SqliteFaultsTest, FullDiskIsAClearErrorAndPasses) {
  TempFolder folder;
  const std::string path = folder.File("store.db");
  {
    auto store = OpenSqlite({.path = path});
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->IngestEpisodes(kUser, Batch("before", kEpisodesPerRound), {}, nullptr).ok());
    int stored = 0;
    {
      FileSizeLimit limit(1 << 20);
      absl::Status refused;
      for (int i = 0; i < 100 && refused.ok(); ++i) {
        refused =
            (*store)
                ->IngestEpisodes(kUser, Batch(absl::StrCat("full", i), kEpisodesPerRound, 20000), {}, nullptr)
                .status();
        if (refused.ok()) ++stored;
      }
      EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
      EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("disk full"));
      EXPECT_TRUE((*store)->Ping().ok());
      EXPECT_EQ((*store)->GetUser(kUser)->episodes, int64_t{1 + stored} * kEpisodesPerRound);
      EXPECT_EQ((*store)
                    ->IngestEpisodes(kUser, Batch("again", kEpisodesPerRound, 2000000), {}, nullptr)
                    .status()
                    .code(),
                absl::StatusCode::kResourceExhausted);
    }
    // Room again: it works without being opened anew.
    EXPECT_TRUE(
        (*store)->IngestEpisodes(kUser, Batch("after", kEpisodesPerRound, 2000000), {}, nullptr).ok());
    EXPECT_TRUE(RunOnce(**store, "run").ok());
    EXPECT_EQ((*store)->GetUser(kUser)->episodes, int64_t{2 + stored} * kEpisodesPerRound);
  }
  ExpectWhole(path);
}

TEST(SqliteFaultsTest, FullDiskInACommitLeavesTheTaskToBeCommittedLater) {
  TempFolder folder;
  const std::string path = folder.File("store.db");
  {
    auto store = OpenSqlite({.path = path});
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->IngestEpisodes(kUser, Batch("e", kEpisodesPerRound), {}, nullptr).ok());
    EnqueueRequest request;
    request.user = kUser;
    ASSERT_TRUE((*store)->Enqueue(request).ok());
    auto claimed = (*store)->ClaimTasks("w", 1, absl::Hours(1));
    ASSERT_TRUE(claimed.ok()) << claimed.status();
    RunCommit commit;
    commit.lease = claimed->front().lease;
    commit.run.run_id = "run";
    commit.run.change_set = std::string(4 << 20, 'c');
    for (const Episode& episode : Batch("e", kEpisodesPerRound)) commit.reviewed.push_back(episode.id);
    {
      FileSizeLimit limit(1 << 20);
      EXPECT_EQ((*store)->CommitRun(commit).status().code(), absl::StatusCode::kResourceExhausted);
      EXPECT_EQ((*store)->GetUser(kUser)->pending, kEpisodesPerRound);
    }
    EXPECT_TRUE((*store)->CommitRun(commit).ok());
    EXPECT_EQ((*store)->GetUser(kUser)->pending, 0);
  }
  EXPECT_EQ(RawSql(path, "PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace slowwave
