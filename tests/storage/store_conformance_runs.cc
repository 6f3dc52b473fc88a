// Commits, follow-ups and the records of runs.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> Ids(const std::vector<Episode>& episodes) {
  std::vector<std::string> ids;
  for (const Episode& episode : episodes) ids.push_back(episode.id);
  return ids;
}

SampleSpec Spec() {
  SampleSpec spec;
  spec.age_at = Day(2024, 5, 1);
  return spec;
}

// ---- commit

TEST_P(StoreConformance, CommitReviewsAndFinishes) {
  IngestMany(ana_, 3);
  const Lease lease = LeaseFor(ana_);
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e0", "e1"};
  commit.cited = {"e1"};
  clock_.Advance(absl::Seconds(3));
  const CommitResult result = Must(store().CommitRun(commit));
  EXPECT_EQ(result.memory_version, 1);
  EXPECT_EQ(result.follow_up, "");
  const StoredEpisode read = Must(store().GetEpisode(ana_, "e0")),
                      cited = Must(store().GetEpisode(ana_, "e1"));
  EXPECT_FALSE(read.pending || cited.pending || read.cited);
  EXPECT_TRUE(cited.cited);
  EXPECT_EQ(read.reviewed_by, "run");
  EXPECT_EQ(cited.reviewed_by, "run");
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e2")).pending);
  const UserState state = Must(store().GetUser(ana_));
  EXPECT_EQ(state.pending, 1);
  EXPECT_EQ(state.pending_bytes, static_cast<int64_t>(read.episode.text.size()));
  EXPECT_EQ(state.memory_version, 1);
  EXPECT_EQ(state.episodes, 3);
  const Task task = Must(store().GetTask("acme", lease.task_id));
  EXPECT_EQ(task.state, TaskState::kDone);
  EXPECT_EQ(task.finished_at, clock_.Now());
  EXPECT_EQ(task.run_id, "run");
}

TEST_P(StoreConformance, CommitWithoutTheLeaseChangesNothing) {
  IngestMany(ana_, 1);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.lease.token = "guess";
  commit.reviewed = {"e0"};
  commit.assertions = {MakeAssertion("a", "user:a:b", "v")};
  const auto result = store().CommitRun(commit);
  EXPECT_EQ(Code(result), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(result), HasSubstr("lease lost"));
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);
  EXPECT_THAT(Must(store().LoadAllSlots(ana_)).assertions, IsEmpty());
}

TEST_P(StoreConformance, SecondCommitFromOneVersionIsAborted) {
  IngestMany(ana_, 2);
  RunCommit first = CommitFor(LeaseFor(ana_), "run-1");
  first.reviewed = {"e0"};
  Must(store().CommitRun(first));
  RunCommit second = CommitFor(LeaseFor(ana_), "run-2");
  second.memory_version = 0;
  second.reviewed = {"e1"};
  const auto result = store().CommitRun(second);
  EXPECT_EQ(Code(result), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(result), HasSubstr("memory changed"));
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e1")).pending);
  EXPECT_EQ(StateOf(second.lease.task_id), TaskState::kRunning);
  second.memory_version = 1;
  EXPECT_EQ(Must(store().CommitRun(second)).memory_version, 2);
}

TEST_P(StoreConformance, CommitOfWhatIsNotPendingIsAbortedAsAWhole) {
  IngestMany(ana_, 3);
  RunCommit first = CommitFor(LeaseFor(ana_), "run-1");
  first.reviewed = {"e1"};
  Must(store().CommitRun(first));
  RunCommit second = CommitFor(LeaseFor(ana_), "run-2");
  second.reviewed = {"e0", "e1", "unknown"};
  const auto result = store().CommitRun(second);
  EXPECT_EQ(Code(result), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(result), HasSubstr("2 of 3"));
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);
  EXPECT_EQ(Must(store().GetUser(ana_)).pending, 2);
  EXPECT_EQ(Code(store().GetRun("acme", "run-2")), absl::StatusCode::kNotFound);
}

TEST_P(StoreConformance, CommitRepeatedAnswersAsTheFirst) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  const CommitResult first = Must(store().CommitRun(commit));
  const CommitResult again = Must(store().CommitRun(commit));
  EXPECT_NE(first.follow_up, "");
  EXPECT_EQ(again.follow_up, first.follow_up);
  EXPECT_EQ(again.memory_version, first.memory_version);
  EXPECT_EQ(Must(store().GetUser(ana_)).memory_version, 1);
}

TEST_P(StoreConformance, CommitOfARunThatALaterAttemptHasRecordedIsFenced) {
  IngestMany(ana_, 2);
  RunCommit frozen = CommitFor(LeaseFor(ana_), "run");
  frozen.reviewed = {"e0"};
  clock_.Advance(absl::Hours(1));
  ASSERT_EQ(Must(store().RescueTasks(5, /*all_running=*/false)).ready, 1);
  RunCommit rescuer = CommitFor(ClaimOne().lease, "run");
  rescuer.reviewed = {"e0"};
  const CommitResult first = Must(store().CommitRun(rescuer));
  const auto late = store().CommitRun(frozen);
  EXPECT_EQ(Code(late), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(late), HasSubstr("lease lost"));
  EXPECT_EQ(Must(store().CommitRun(rescuer)).memory_version, first.memory_version);
}

TEST_P(StoreConformance, UsersAreReadByTheStoresClock) {
  IngestMany(ana_, 1);
  const absl::Time first = Must(store().GetUser(ana_)).read_at;
  clock_.Advance(absl::Hours(3));
  EXPECT_EQ(Must(store().GetUser(ana_)).read_at, first + absl::Hours(3));
}

TEST_P(StoreConformance, CommitThatContradictsItselfIsRefused) {
  IngestMany(ana_, 2);
  const RunCommit good = CommitFor(LeaseFor(ana_), "run");
  RunCommit commit = good;
  commit.cited = {"e0"};
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  commit = good;
  commit.reviewed = commit.unreadable = {"e0"};
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  commit = good;
  commit.facts = {MakeFact("user:a:b", "v")};
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  commit = good;
  commit.run.run_id = "";
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store().CommitRun(good).ok());
}

TEST_P(StoreConformance, CommitSetsTheStatusOfCitedEpisodesOnly) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0", "e1"};
  commit.cited = {"e0"};
  commit.set_status = EpisodeStatus::kCompressed;
  Must(store().CommitRun(commit));
  EXPECT_EQ(Must(store().GetEpisode(ana_, "e0")).episode.status, EpisodeStatus::kCompressed);
  EXPECT_EQ(Must(store().GetEpisode(ana_, "e1")).episode.status, EpisodeStatus::kActive);
  EXPECT_EQ(Must(store().ListEpisodes(ana_, "", 1)).items[0].episode.status, EpisodeStatus::kCompressed);
}

TEST_P(StoreConformance, KeepPendingLeavesEpisodesPendingAndQueuesNothing) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.cited = {"e0"};
  commit.keep_pending = true;
  commit.follow_up = Spec();
  commit.assertions = {MakeAssertion("a", "user:a:b", "v")};
  const CommitResult result = Must(store().CommitRun(commit));
  EXPECT_EQ(result.follow_up, "");
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);
  EXPECT_EQ(Must(store().GetUser(ana_)).pending, 2);
  EXPECT_THAT(Must(store().LoadAllSlots(ana_)).assertions, SizeIs(1));
}

TEST_P(StoreConformance, UnreadableEpisodesLeavePending) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.unreadable = {"e1"};
  Must(store().CommitRun(commit));
  const StoredEpisode unreadable = Must(store().GetEpisode(ana_, "e1"));
  EXPECT_TRUE(unreadable.unreadable);
  EXPECT_FALSE(unreadable.pending);
  EXPECT_EQ(unreadable.reviewed_by, "");
  const UserState state = Must(store().GetUser(ana_));
  EXPECT_EQ(state.pending, 0);
  EXPECT_EQ(state.pending_bytes, 0);
  EXPECT_EQ(state.unreadable, 1);
}

TEST_P(StoreConformance, UnreadableEpisodesAreNobodysContext) {
  std::vector<Episode> episodes = {MakeEpisode("bad"), MakeEpisode("good")};
  for (int i = 0; i < 2; ++i) {
    episodes[i].session_id = "s";
    episodes[i].turn = i;
  }
  Ingest(ana_, episodes);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.unreadable = {"bad"};
  Must(store().CommitRun(commit));
  const Sample sample = Must(store().SampleEpisodes(LeaseFor(ana_), Spec()));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("good"));
  EXPECT_THAT(sample.context, IsEmpty());
}

TEST_P(StoreConformance, LeftEpisodesCountTheirTriesAndBackOff) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.left = {"e0"};
  commit.left_backoff = absl::Minutes(10);
  Must(store().CommitRun(commit));
  EXPECT_EQ(Must(store().GetEpisode(ana_, "e0")).tries, 1);
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);

  const Lease lease = LeaseFor(ana_);
  Sample sample = Must(store().SampleEpisodes(lease, Spec()));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("e1"));
  EXPECT_EQ(sample.skipped_backoff, 1);
  SampleSpec impatient = Spec();
  impatient.ignore_backoff = true;
  sample = Must(store().SampleEpisodes(lease, impatient));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("e0", "e1"));
  EXPECT_THAT(sample.tries, ElementsAre(1, 0));
  clock_.Advance(absl::Minutes(10));
  EXPECT_THAT(Must(store().SampleEpisodes(lease, Spec())).episodes, SizeIs(2));
}

// ---- follow-ups

TEST_P(StoreConformance, BacklogQueuesAFollowUpOfTheSameKind) {
  IngestMany(ana_, 3);
  EnqueueRequest request = Request(ana_);
  request.kind = TriggerKind::kQuota;
  request.priority = 3;
  request.options.episode_limit = 1;
  request.options.fresh = true;
  request.options.ignore_backoff = true;
  Must(store().Enqueue(request));
  const Lease lease = ClaimOne().lease;
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  const CommitResult result = Must(store().CommitRun(commit));
  const Task next = Must(store().GetTask("acme", result.follow_up));
  EXPECT_EQ(next.state, TaskState::kWaiting);
  EXPECT_EQ(next.kind, TriggerKind::kQuota);
  EXPECT_EQ(next.priority, 3);
  EXPECT_EQ(next.options.episode_limit, 1);
  EXPECT_TRUE(next.options.fresh);
  EXPECT_FALSE(next.options.ignore_backoff);
  EXPECT_THAT(next.reasons, ElementsAre("backlog"));
  EXPECT_EQ(Must(store().GetTask("acme", lease.task_id)).follow_up, next.id);
}

TEST_P(StoreConformance, NothingEligibleQueuesNoFollowUp) {
  std::vector<Episode> episodes = {MakeEpisode("e0"), MakeEpisode("unimportant")};
  episodes[1].importance = 0;
  Ingest(ana_, episodes);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  EXPECT_EQ(Must(store().CommitRun(commit)).follow_up, "");
}

TEST_P(StoreConformance, WhatThisRunLeftIsNoBacklogEvenWithoutBackoff) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.left = {"e1"};
  commit.follow_up = Spec();
  commit.follow_up->ignore_backoff = true;
  EXPECT_EQ(Must(store().CommitRun(commit)).follow_up, "");
}

TEST_P(StoreConformance, TaskBehindIsTheFollowUp) {
  IngestMany(ana_, 2);
  const Lease lease = LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  EXPECT_EQ(Must(store().CommitRun(commit)).follow_up, behind.id);
  EXPECT_EQ(StateOf(behind.id), TaskState::kWaiting);
  EXPECT_THAT(Must(store().ClaimTasks("w", 10, absl::Seconds(30))), SizeIs(1));
}

// ---- runs

TEST_P(StoreConformance, RunComesBackWithReportAndChangeSet) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  RunCommit commit = CommitFor(lease, "run");
  commit.run.finished_at = clock_.Now() + absl::Seconds(2);
  commit.run.report = std::string("\x00\xff report", 9);
  commit.run.change_set = std::string(100000, '\xfe');
  Must(store().CommitRun(commit));
  const RunRecord run = Must(store().GetRun("acme", "run"));
  EXPECT_EQ(run.user, ana_);
  EXPECT_EQ(run.task_id, lease.task_id);
  EXPECT_EQ(run.started_at, commit.run.started_at);
  EXPECT_EQ(run.finished_at, commit.run.finished_at);
  EXPECT_TRUE(run.succeeded);
  EXPECT_EQ(run.report, commit.run.report);
  EXPECT_EQ(run.change_set, commit.run.change_set);
  EXPECT_EQ(Code(store().GetRun("other", "run")), absl::StatusCode::kNotFound);
}

TEST_P(StoreConformance, ListsRunsNewestFirstWithoutChangeSets) {
  Register(ana_);
  for (int i = 0; i < 5; ++i) {
    RunCommit commit = CommitFor(LeaseFor(ana_), absl::StrCat("run-", i));
    commit.run.change_set = "secret";
    Must(store().CommitRun(commit));
    clock_.Advance(absl::Seconds(1));
  }
  std::vector<std::string> ids;
  for (const RunRecord& run : AllPages(
           [&](const std::string&after, int limit) { return store().ListRuns(ana_, after, limit); }, 2)) {
    ids.push_back(run.run_id);
    EXPECT_EQ(run.change_set, "");
    EXPECT_EQ(run.report, "{}");
  }
  EXPECT_THAT(ids, ElementsAre("run-4", "run-3", "run-2", "run-1", "run-0"));
}

}  // namespace
}  // namespace slowwave
