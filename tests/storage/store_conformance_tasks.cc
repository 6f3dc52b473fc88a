// Tasks as their callers see them.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// ---- enqueue

TEST_P(StoreConformance, EnqueuedTaskWaitsAsAsked) {
  Register(ana_);
  EnqueueRequest request = Request(ana_, "by hand");
  request.kind = TriggerKind::kEvent;
  request.priority = 5;
  request.options.episode_limit = 17;
  request.options.window_from = Day(2023, 1, 1);
  request.options.window_to = Day(2024, 1, 1);
  request.options.keep_pending = true;
  request.options.set_status = EpisodeStatus::kCompressed;
  request.options.include_reverted = true;
  request.options.fresh = true;
  request.options.ignore_backoff = true;
  const EnqueueResult result = Must(store().Enqueue(request));
  EXPECT_FALSE(result.joined);
  EXPECT_FALSE(result.repeated);
  const Task task = Must(store().GetTask("acme", result.task.id));
  EXPECT_EQ(task.user, ana_);
  EXPECT_EQ(task.kind, TriggerKind::kEvent);
  EXPECT_EQ(task.state, TaskState::kWaiting);
  EXPECT_EQ(task.priority, 5);
  EXPECT_THAT(task.reasons, ElementsAre("by hand"));
  EXPECT_EQ(task.options.episode_limit, 17);
  EXPECT_EQ(task.options.window_from, Day(2023, 1, 1));
  EXPECT_EQ(task.options.window_to, Day(2024, 1, 1));
  EXPECT_TRUE(task.options.keep_pending);
  EXPECT_EQ(task.options.set_status, EpisodeStatus::kCompressed);
  EXPECT_TRUE(task.options.include_reverted);
  EXPECT_TRUE(task.options.fresh);
  EXPECT_TRUE(task.options.ignore_backoff);
  EXPECT_EQ(task.created_at, clock_.Now());
  EXPECT_EQ(task.attempt, 0);
  EXPECT_FALSE(task.started_at || task.finished_at || task.run_after);
}

TEST_P(StoreConformance, WaitingTaskTakesASecondRequestIn) {
  Register(ana_);
  EnqueueRequest low = Request(ana_, "first");
  low.priority = 3;
  const Task first = Must(store().Enqueue(low)).task;
  const EnqueueResult second = Must(store().Enqueue(Request(ana_, "second")));
  EXPECT_TRUE(second.joined);
  EXPECT_EQ(second.task.id, first.id);
  EXPECT_EQ(second.task.priority, 10);
  low.reason = "first";
  const EnqueueResult third = Must(store().Enqueue(low));
  EXPECT_EQ(third.task.priority, 10);
  EXPECT_THAT(third.task.reasons, ElementsAre("first", "second"));
}

TEST_P(StoreConformance, RequestBesideARunningTaskWaitsBehindItAndOthersJoin) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  const EnqueueResult behind = Must(store().Enqueue(Request(ana_)));
  EXPECT_FALSE(behind.joined);
  EXPECT_EQ(behind.task.state, TaskState::kBehind);
  const EnqueueResult joined = Must(store().Enqueue(Request(ana_, "more")));
  EXPECT_TRUE(joined.joined);
  EXPECT_EQ(joined.task.id, behind.task.id);
  EXPECT_THAT(Must(store().ClaimTasks("w", 10, absl::Seconds(30))), IsEmpty());
}

TEST_P(StoreConformance, DelayedTaskTakesARequestIn) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().FailTask(lease, "no luck", absl::Minutes(5)));
  const EnqueueResult joined = Must(store().Enqueue(Request(ana_, "again")));
  EXPECT_TRUE(joined.joined);
  EXPECT_EQ(joined.task.id, lease.task_id);
  EXPECT_EQ(joined.task.state, TaskState::kDelayed);
}

TEST_P(StoreConformance, RequestIdIsAnsweredOnceForADay) {
  Register(ana_);
  EnqueueRequest request = Request(ana_);
  request.request_id = "r1";
  request.request_body = "digest";
  const EnqueueResult first = Must(store().Enqueue(request));
  EXPECT_FALSE(first.repeated);
  const Lease lease = ClaimOne().lease;
  clock_.Advance(absl::Hours(23));
  const EnqueueResult again = Must(store().Enqueue(request));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.task.id, first.task.id);
  EXPECT_EQ(again.task.state, TaskState::kRunning);
  EXPECT_THAT(Must(store().ListTasks({.tenant = "acme", .user = "", .states = {}}, "", 10)).items, SizeIs(1));
  clock_.Advance(absl::Hours(2));
  const EnqueueResult later = Must(store().Enqueue(request));
  EXPECT_FALSE(later.repeated);
  EXPECT_NE(later.task.id, first.task.id);
}

TEST_P(StoreConformance, RepeatedRequestSaysAgainThatItJoined) {
  Register(ana_);
  Enqueued(ana_);
  EnqueueRequest request = Request(ana_);
  request.request_id = "r1";
  EXPECT_TRUE(Must(store().Enqueue(request)).joined);
  const EnqueueResult again = Must(store().Enqueue(request));
  EXPECT_TRUE(again.repeated);
  EXPECT_TRUE(again.joined);
}

TEST_P(StoreConformance, AnsweredRequestIsFoundWithItsNoteForADay) {
  Register(ana_);
  EnqueueRequest request = Request(ana_);
  request.request_id = "r1";
  request.request_body = "body";
  request.request_note = "what was said";
  EXPECT_FALSE(Must(store().FindRequest(request)).has_value());
  const Task task = Must(store().Enqueue(request)).task;
  request.request_note = "";
  const std::optional<EnqueueResult> found = Must(store().FindRequest(request));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->task.id, task.id);
  EXPECT_TRUE(found->repeated);
  EXPECT_EQ(found->request_note, "what was said");
  EXPECT_EQ(Must(store().Enqueue(request)).request_note, "what was said");
  request.request_body = "another";
  EXPECT_EQ(Code(store().FindRequest(request)), absl::StatusCode::kInvalidArgument);
  request.request_body = "body";
  clock_.Advance(absl::Hours(25));
  EXPECT_FALSE(Must(store().FindRequest(request)).has_value());
}

TEST_P(StoreConformance, RequestIdWithAnotherBodyIsRefused) {
  Register(ana_);
  Register(ben_);
  EnqueueRequest request = Request(ana_);
  request.request_id = "r1";
  request.request_body = "digest";
  Must(store().Enqueue(request));
  EnqueueRequest other = request;
  other.request_body = "another";
  EXPECT_EQ(Code(store().Enqueue(other)), absl::StatusCode::kInvalidArgument);
  other = request;
  other.user = ben_;
  EXPECT_EQ(Code(store().Enqueue(other)), absl::StatusCode::kInvalidArgument);
  clock_.Advance(absl::Hours(25));
  EXPECT_TRUE(store().Enqueue(other).ok());
}

TEST_P(StoreConformance, RequestIdsOfTenantsAreApart) {
  const UserKey other{"other", "ana"};
  Register(ana_);
  Register(other);
  EnqueueRequest request = Request(ana_);
  request.request_id = "r1";
  Must(store().Enqueue(request));
  request.user = other;
  request.request_body = "another";
  EXPECT_FALSE(Must(store().Enqueue(request)).repeated);
}

// ---- claim

TEST_P(StoreConformance, ClaimCountsTheAttemptAndGivesALease) {
  Register(ana_);
  const Task task = Enqueued(ana_);
  clock_.Advance(absl::Minutes(1));
  const ClaimedTask claimed = ClaimOne();
  EXPECT_EQ(claimed.task.id, task.id);
  EXPECT_EQ(claimed.task.state, TaskState::kRunning);
  EXPECT_EQ(claimed.task.attempt, 1);
  EXPECT_EQ(claimed.task.started_at, clock_.Now());
  EXPECT_EQ(claimed.lease.task_id, task.id);
  EXPECT_EQ(claimed.lease.user, ana_);
  EXPECT_EQ(claimed.lease.attempt, 1);
  EXPECT_NE(claimed.lease.token, "");
  EXPECT_EQ(claimed.plan, "");
}

TEST_P(StoreConformance, ClaimsHigherPriorityFirstThenOlder) {
  std::vector<std::string> users = {"old_low", "new_high", "newer_high", "newest_low"};
  for (const std::string& name : users) {
    const UserKey user{"acme", name};
    Register(user);
    EnqueueRequest request = Request(user);
    request.priority = absl::StrContains(name, "high") ? 10 : 0;
    Must(store().Enqueue(request));
    clock_.Advance(absl::Seconds(1));
  }
  std::vector<std::string> order;
  for (const ClaimedTask& claimed : Must(store().ClaimTasks("w", 10, absl::Seconds(30)))) {
    order.push_back(claimed.task.user.user);
  }
  EXPECT_THAT(order, ElementsAre("new_high", "newer_high", "old_low", "newest_low"));
}

TEST_P(StoreConformance, LowPriorityGetsItsTurnByWaiting) {
  Register(ana_);
  Register(ben_);
  EnqueueRequest low = Request(ana_);
  low.priority = 0;
  Must(store().Enqueue(low));
  clock_.Advance(absl::Hours(2));  // ten points of priority are worth an hour
  Must(store().Enqueue(Request(ben_)));
  EXPECT_EQ(ClaimOne().task.user, ana_);
}

TEST_P(StoreConformance, JoiningRaisesTheRank) {
  Register(ana_);
  Register(ben_);
  EnqueueRequest middle = Request(ana_);
  middle.priority = 5;
  Must(store().Enqueue(middle));
  middle.user = ben_;
  middle.priority = 3;
  Must(store().Enqueue(middle));
  middle.priority = 10;
  Must(store().Enqueue(middle));
  EXPECT_EQ(ClaimOne().task.user, ben_);
}

TEST_P(StoreConformance, ClaimsAtMostTheLimit) {
  for (int i = 0; i < 5; ++i) {
    const UserKey user{"acme", absl::StrCat("u", i)};
    Register(user);
    Enqueued(user);
  }
  EXPECT_THAT(Must(store().ClaimTasks("w", 3, absl::Seconds(30))), SizeIs(3));
  EXPECT_THAT(Must(store().ClaimTasks("w", 3, absl::Seconds(30))), SizeIs(2));
  EXPECT_THAT(Must(store().ClaimTasks("w", 3, absl::Seconds(30))), IsEmpty());
}

// ---- cancel and retry

TEST_P(StoreConformance, CancelOfAWaitingTaskFreesItsPlace) {
  Register(ana_);
  const Task task = Enqueued(ana_);
  const Task cancelled = Must(store().CancelTask("acme", task.id));
  EXPECT_EQ(cancelled.state, TaskState::kCancelled);
  EXPECT_EQ(cancelled.finished_at, clock_.Now());
  EXPECT_THAT(Must(store().ClaimTasks("w", 1, absl::Seconds(1))), IsEmpty());
  EXPECT_FALSE(Must(store().Enqueue(Request(ana_))).joined);
}

TEST_P(StoreConformance, CancelOfARunningTaskTakesItsLeaseAndFreesTheOneBehind) {
  Ingest(ana_, {MakeEpisode("e")});
  const Lease lease = LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  Must(store().CancelTask("acme", lease.task_id));
  EXPECT_EQ(StateOf(behind.id), TaskState::kWaiting);
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e"};
  const auto late = store().CommitRun(commit);
  EXPECT_EQ(Code(late), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(late), HasSubstr("lease lost"));
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e")).pending);
  EXPECT_EQ(Code(store().GetRun("acme", "run")), absl::StatusCode::kNotFound);
}

TEST_P(StoreConformance, CancelOfADelayedTaskFreesTheOneBehind) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  Must(store().FailTask(lease, "x", absl::Minutes(5)));
  EXPECT_EQ(StateOf(behind.id), TaskState::kBehind);
  Must(store().CancelTask("acme", lease.task_id));
  EXPECT_EQ(StateOf(behind.id), TaskState::kWaiting);
}

TEST_P(StoreConformance, CancelOfTheTaskBehindLeavesTheRunningOne) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  Must(store().CancelTask("acme", behind.id));
  EXPECT_TRUE(store().RenewLease(lease, absl::Seconds(1)).ok());
  EXPECT_EQ(StateOf(behind.id), TaskState::kCancelled);
}

TEST_P(StoreConformance, FinishedTasksCannotBeCancelled) {
  Register(ana_);
  const std::string dead = DeadTask(ana_);
  EXPECT_EQ(Code(store().CancelTask("acme", dead)), absl::StatusCode::kFailedPrecondition);
  const Lease lease = LeaseFor(ana_);
  Must(store().CommitRun(CommitFor(lease, "run")));
  EXPECT_EQ(Code(store().CancelTask("acme", lease.task_id)), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code(store().CancelTask("acme", "no such task")), absl::StatusCode::kNotFound);
}

TEST_P(StoreConformance, RetriedTaskIsReadyWithFreshAttempts) {
  Register(ana_);
  const std::string dead = DeadTask(ana_);
  const EnqueueResult retried = Must(store().RetryTask("acme", dead));
  EXPECT_FALSE(retried.joined);
  EXPECT_EQ(retried.task.id, dead);
  EXPECT_EQ(retried.task.state, TaskState::kWaiting);
  EXPECT_EQ(retried.task.attempt, 0);
  EXPECT_FALSE(retried.task.finished_at.has_value());
  EXPECT_EQ(ClaimOne().lease.attempt, 1);
}

TEST_P(StoreConformance, RetryJoinsAWaitingTask) {
  Register(ana_);
  const std::string dead = DeadTask(ana_);
  EnqueueRequest low = Request(ana_, "newer");
  low.priority = 0;
  const Task waiting = Must(store().Enqueue(low)).task;
  const EnqueueResult retried = Must(store().RetryTask("acme", dead));
  EXPECT_TRUE(retried.joined);
  EXPECT_EQ(retried.task.id, waiting.id);
  EXPECT_EQ(retried.task.priority, 10);
  EXPECT_THAT(retried.task.reasons, ElementsAre("newer", "test"));
  EXPECT_EQ(StateOf(dead), TaskState::kDead);
}

TEST_P(StoreConformance, RetryBesideARunningTaskWaitsBehindIt) {
  Register(ana_);
  const std::string dead = DeadTask(ana_);
  LeaseFor(ana_);
  const EnqueueResult retried = Must(store().RetryTask("acme", dead));
  EXPECT_EQ(retried.task.id, dead);
  EXPECT_EQ(retried.task.state, TaskState::kBehind);
}

TEST_P(StoreConformance, RetryJoinsATaskThatIsBehindAlready) {
  Register(ana_);
  const std::string dead = DeadTask(ana_);
  LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  const EnqueueResult retried = Must(store().RetryTask("acme", dead));
  EXPECT_TRUE(retried.joined);
  EXPECT_EQ(retried.task.id, behind.id);
}

TEST_P(StoreConformance, OnlyDeadAndCancelledTasksCanBeRetried) {
  Register(ana_);
  const Task task = Enqueued(ana_);
  EXPECT_EQ(Code(store().RetryTask("acme", task.id)), absl::StatusCode::kFailedPrecondition);
  Must(store().CancelTask("acme", task.id));
  EXPECT_TRUE(store().RetryTask("acme", task.id).ok());
  EXPECT_EQ(Code(store().RetryTask("acme", "no such task")), absl::StatusCode::kNotFound);
}

// ---- lists

TEST_P(StoreConformance, ListsTasksNewestFirstByUserAndState) {
  Register(ana_);
  Register(ben_);
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    made.push_back(Enqueued(ana_).id);
    Must(store().CancelTask("acme", made.back()));
    clock_.Advance(absl::Seconds(1));
  }
  made.push_back(Enqueued(ben_).id);
  clock_.Advance(absl::Minutes(-1));  // a tenant's are listed by id, a user's by the store's time
  made.push_back(Enqueued(ana_).id);
  const auto ids = [&](const TaskFilter& filter) {
    std::vector<std::string> list;
    for (const Task& task :
         AllPages([&](const std::string&after, int limit) { return store().ListTasks(filter, after, limit); },
                  2)) {
      list.push_back(task.id);
    }
    return list;
  };
  EXPECT_THAT(ids({.tenant = "acme", .user = "", .states = {}}),
              ElementsAre(made[6], made[5], made[4], made[3], made[2], made[1], made[0]));
  EXPECT_THAT(ids({.tenant = "acme", .user = "ana", .states = {}}),
              ElementsAre(made[4], made[3], made[2], made[1], made[0], made[6]));
  EXPECT_THAT(ids({.tenant = "acme", .user = "", .states = {TaskState::kWaiting, TaskState::kDead}}),
              ElementsAre(made[6], made[5]));
  EXPECT_THAT(ids({.tenant = "acme", .user = "ben", .states = {TaskState::kCancelled}}), IsEmpty());
}

TEST_P(StoreConformance, UnknownTaskIsNotFound) {
  EXPECT_EQ(Code(store().GetTask("acme", "no such task")), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace slowwave
