// Tasks as workers hold them.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

TEST_P(StoreConformance, RenewedLeaseIsNotRescued) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  clock_.Advance(absl::Seconds(20));
  Must(store().RenewLease(lease, absl::Seconds(30)));
  clock_.Advance(absl::Seconds(20));
  EXPECT_EQ(Must(store().RescueTasks(5, false)).ready, 0);
  EXPECT_EQ(StateOf(lease.task_id), TaskState::kRunning);
}

TEST_P(StoreConformance, ReleaseLeavesNoTraceOfTheClaim) {
  Register(ana_);
  const Task before = Enqueued(ana_);
  const Lease lease = ClaimOne().lease;
  clock_.Advance(absl::Minutes(1));
  Must(store().ReleaseTask(lease));
  const Task after = Must(store().GetTask("acme", before.id));
  EXPECT_EQ(after.state, TaskState::kWaiting);
  EXPECT_EQ(after.attempt, 0);
  EXPECT_FALSE(after.started_at.has_value());
  const ClaimedTask again = ClaimOne();
  EXPECT_EQ(again.lease.attempt, 1);
  EXPECT_NE(again.lease.token, lease.token);
  EXPECT_EQ(Code(store().RenewLease(lease, absl::Seconds(30))), absl::StatusCode::kAborted);
}

TEST_P(StoreConformance, ReleasedTaskKeepsItsPlaceInTheQueue) {
  Register(ana_);
  Register(ben_);
  Enqueued(ana_);
  clock_.Advance(absl::Seconds(1));
  Enqueued(ben_);
  const Lease lease = ClaimOne().lease;
  clock_.Advance(absl::Seconds(1));
  Must(store().ReleaseTask(lease));
  EXPECT_EQ(ClaimOne().task.user, ana_);
}

TEST_P(StoreConformance, IdleTasksAreFinishedTogetherWithTheirReports) {
  Ingest(ana_, {MakeEpisode("e")});
  Register(ben_);
  const UserKey cem{"acme", "cem"}, other{"other", "dan"};
  Register(cem);
  Register(other);
  const Task busy = Enqueued(ana_), idle = Enqueued(ben_);
  Must(store().Enqueue(Request(cem)));
  Must(store().Enqueue(Request(other)));
  Must(store().PutTenant("other", {.paused = true}));
  clock_.Advance(absl::Seconds(2));
  const std::vector<IdleTask> first = Must(store().FinishIdleTasks(1, "nothing"));
  ASSERT_THAT(first, testing::SizeIs(1));
  const std::vector<IdleTask> rest = Must(store().FinishIdleTasks(10, "nothing"));
  ASSERT_THAT(rest, testing::SizeIs(1));
  const IdleTask& ben = first[0].user == ben_ ? first[0] : rest[0];
  EXPECT_EQ(ben.task_id, idle.id);
  const Task done = Must(store().GetTask("acme", idle.id));
  EXPECT_EQ(done.state, TaskState::kDone);
  EXPECT_EQ(done.run_id, idle.id);
  EXPECT_EQ(done.attempt, 1);
  EXPECT_EQ(done.started_at, clock_.Now());
  EXPECT_EQ(done.finished_at, clock_.Now());
  EXPECT_EQ(Must(store().GetUser(ben_)).memory_version, 0);
  EXPECT_EQ(StateOf(busy.id), TaskState::kWaiting);
  EXPECT_EQ(Must(store().FinishIdleTasks(10, "nothing")).size(), 0u);
  EXPECT_EQ(ClaimOne().task.id, busy.id);
}

TEST_P(StoreConformance, IdleTaskThatTookInMoreRequestsIsFinishedLikeAnyOther) {
  Register(ben_);
  const Task task = Enqueued(ben_);
  Must(store().Enqueue(Request(ben_, "again")));
  EXPECT_THAT(Must(store().FinishIdleTasks(10, "nothing")), testing::SizeIs(1));
  EXPECT_EQ(StateOf(task.id), TaskState::kDone);
  EXPECT_THAT(Must(store().GetRun("acme", task.id)).reasons, testing::ElementsAre("test", "again"));
}

// What is kept of such a run is the same for all; what tells them apart comes with it.
TEST_P(StoreConformance, RunThatFoundNothingComesWithWhatItsTaskSays) {
  Register(ben_);
  EnqueueRequest request = Request(ben_);
  request.kind = TriggerKind::kEvent;
  request.reason = "task_completed";
  const Task task = Must(store().Enqueue(request)).task;
  Must(store().ReleaseTask(ClaimOne().lease));
  clock_.Advance(absl::Seconds(2));
  ASSERT_THAT(Must(store().FinishIdleTasks(10, "nothing")), testing::SizeIs(1));
  const std::vector<RunRecord> listed =
      AllPages([&](const std::string& after, int limit) { return store().ListRuns(ben_, after, limit); }, 2);
  ASSERT_THAT(listed, testing::SizeIs(1));
  for (const RunRecord& run : {Must(store().GetRun("acme", task.id)), listed[0]}) {
    EXPECT_EQ(run.run_id, task.id);
    EXPECT_EQ(run.task_id, task.id);
    EXPECT_EQ(run.user, ben_);
    EXPECT_EQ(run.report, "nothing");
    EXPECT_EQ(run.trigger, TriggerKind::kEvent);
    EXPECT_THAT(run.reasons, testing::ElementsAre("task_completed"));
    EXPECT_EQ(run.attempt, 1);
    EXPECT_EQ(run.started_at, clock_.Now());
    EXPECT_EQ(run.finished_at, clock_.Now());
    EXPECT_TRUE(run.succeeded);
  }
}

TEST_P(StoreConformance, RunsThatFoundNothingAreListedNewestFirst) {
  Register(ana_);
  std::vector<std::string> runs;
  for (int i = 0; i < 5; ++i) {
    Enqueued(ana_);
    clock_.Advance(absl::Seconds(1));
    runs.insert(runs.begin(), Must(store().FinishIdleTasks(10, "{}")).at(0).task_id);
  }
  std::vector<std::string> listed;
  for (const RunRecord& run : AllPages(
           [&](const std::string&after, int limit) { return store().ListRuns(ana_, after, limit); }, 2)) {
    listed.push_back(run.run_id);
  }
  EXPECT_EQ(listed, runs);
}

TEST_P(StoreConformance, IdleTaskThatAnotherWaitsBehindIsLeftToAWorker) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Enqueued(ana_);
  Must(store().ReleaseTask(lease));
  EXPECT_EQ(Must(store().FinishIdleTasks(10, "{}")).size(), 0u);
  EXPECT_EQ(ClaimOne().task.id, lease.task_id);
}

TEST_P(StoreConformance, FailedTaskIsDelayedThenReady) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().FailTask(lease, "endpoint down", absl::Minutes(5)));
  Task task = Must(store().GetTask("acme", lease.task_id));
  EXPECT_EQ(task.state, TaskState::kDelayed);
  EXPECT_EQ(task.last_error, "endpoint down");
  EXPECT_EQ(task.run_after, clock_.Now() + absl::Minutes(5));
  EXPECT_EQ(task.attempt, 1);
  EXPECT_EQ(Must(store().RescueTasks(5, false)).ready, 0);
  clock_.Advance(absl::Minutes(5));
  const RescueResult rescued = Must(store().RescueTasks(5, false));
  EXPECT_EQ(rescued.ready, 1);
  EXPECT_EQ(rescued.dead, 0);
  EXPECT_FALSE(Must(store().GetTask("acme", lease.task_id)).run_after.has_value());
  EXPECT_EQ(ClaimOne().lease.attempt, 2);
}

TEST_P(StoreConformance, TaskThatFailsForGoodIsDeadAndFreesTheOneBehind) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  clock_.Advance(absl::Minutes(1));
  Must(store().FailTask(lease, "hopeless", std::nullopt));
  const Task dead = Must(store().GetTask("acme", lease.task_id));
  EXPECT_EQ(dead.state, TaskState::kDead);
  EXPECT_EQ(dead.finished_at, clock_.Now());
  EXPECT_EQ(dead.last_error, "hopeless");
  EXPECT_EQ(StateOf(behind.id), TaskState::kWaiting);
}

TEST_P(StoreConformance, ExpiredLeaseIsRescuedAndFencesItsHolder) {
  Register(ana_);
  Ingest(ana_, {MakeEpisode("e")});
  const Lease lease = LeaseFor(ana_);
  clock_.Advance(absl::Seconds(30));
  EXPECT_EQ(Must(store().RescueTasks(5, false)).ready, 1);
  const ClaimedTask again = ClaimOne();
  EXPECT_EQ(again.lease.task_id, lease.task_id);
  EXPECT_EQ(again.lease.attempt, 2);

  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e"};
  const absl::Status fenced[] = {
      store().RenewLease(lease, absl::Seconds(1)), store().ReleaseTask(lease),
      store().FailTask(lease, "x", std::nullopt),  store().StorePlan(lease, "run", "plan"),
      store().SampleEpisodes(lease, {}).status(),  store().LoadPlanned(lease, {"e"}, 2).status(),
      store().CommitRun(commit).status()};
  for (const absl::Status& status : fenced) {
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
    EXPECT_THAT(Message(status), HasSubstr("lease lost"));
  }
  EXPECT_EQ(StateOf(lease.task_id), TaskState::kRunning);
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e")).pending);
  EXPECT_TRUE(store().RenewLease(again.lease, absl::Seconds(1)).ok());
}

TEST_P(StoreConformance, TaskOutOfAttemptsDiesAtRescueAndFreesTheOneBehind) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  clock_.Advance(absl::Minutes(1));
  const RescueResult rescued = Must(store().RescueTasks(1, false));
  EXPECT_EQ(rescued.ready, 1);
  EXPECT_EQ(rescued.dead, 1);
  const Task dead = Must(store().GetTask("acme", lease.task_id));
  EXPECT_EQ(dead.state, TaskState::kDead);
  EXPECT_NE(dead.last_error, "");
  EXPECT_EQ(StateOf(behind.id), TaskState::kWaiting);
}

TEST_P(StoreConformance, RescueAtStartTakesAllRunningBackWithoutCounting) {
  Register(ana_);
  Register(ben_);
  Enqueued(ana_);
  Enqueued(ben_);
  const auto claimed = Must(store().ClaimTasks("w", 2, absl::Hours(1)));
  EXPECT_EQ(Must(store().RescueTasks(1, /*all_running=*/true)).ready, 2);
  for (const ClaimedTask& one : claimed) {
    const Task task = Must(store().GetTask("acme", one.task.id));
    EXPECT_EQ(task.state, TaskState::kWaiting);
    EXPECT_EQ(task.attempt, 0);
    EXPECT_EQ(Code(store().RenewLease(one.lease, absl::Seconds(1))), absl::StatusCode::kAborted);
  }
}

TEST_P(StoreConformance, LeaseOfAnotherUserOrAttemptIsNoLease) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  for (int field = 0; field < 4; ++field) {
    Lease forged = lease;
    if (field == 0) forged.user = ben_;
    if (field == 1) forged.attempt = 2;
    if (field == 2) forged.token = "guess";
    if (field == 3) forged.task_id = "other";
    EXPECT_EQ(Code(store().RenewLease(forged, absl::Seconds(1))), absl::StatusCode::kAborted) << field;
  }
}

TEST_P(StoreConformance, StoredPlanComesWithTheNextClaim) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().StorePlan(lease, "run-1", "first"));
  Must(store().StorePlan(lease, "run-2", "second"));
  EXPECT_EQ(Must(store().GetTask("acme", lease.task_id)).run_id, "run-2");
  clock_.Advance(absl::Minutes(1));
  Must(store().RescueTasks(5, false));
  EXPECT_EQ(ClaimOne().plan, "second");
}

}  // namespace
}  // namespace slowwave
