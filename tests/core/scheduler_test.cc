// The scheduler over the real store, on one thread, with time that the test moves.
#include "core/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/off_peak.h"
#include "core/triggers.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/support/manual_time.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const UserKey kAna{"acme", "ana"};
const UserKey kBen{"acme", "ben"};

struct Started {
  ClaimedTask task;
  StopFlag stop;
  absl::Time at;
};

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() : metrics_(registry_) {
    SqliteOptions options;
    options.path = ":memory:";
    options.now = [this] { return time_.Now(); };
    store_ = *OpenSqlite(std::move(options));
    options_.owner = "test";
    Restart();
  }

  // With `options_` as they are now.
  void Restart() {
    scheduler_ = std::make_unique<Scheduler>(
        options_, main_.get_executor(), calls_.get_executor(), *store_, metrics_,
        [this](ClaimedTask task, StopFlag stop) {
          started_.push_back({std::move(task), std::move(stop), time_.Now()});
        },
        IdlePolicy{"idle",
                   [this](const std::vector<IdleTask>& tasks) {
                     finished_idle_.insert(finished_idle_.end(), tasks.begin(), tasks.end());
                   }},
        time_.Timers(), [this] { return time_.Elapsed(); });
  }

  // Until nothing is left to do. While the store hangs, calls to it stay where they are.
  void Settle() {
    while (main_.poll() + (store_hangs_ ? 0 : calls_.poll()) > 0) {
    }
  }
  void Start() {
    scheduler_->Start();
    Settle();
  }
  void Advance(absl::Duration by) {
    time_.Advance(by, [this] { Settle(); });
  }

  void Ingest(const UserKey& user, const std::string& id) {
    Episode episode;
    episode.id = id;
    episode.text = "I live in Ghent.";
    ASSERT_TRUE(store_->IngestEpisodes(user, {episode}, {}, RuleAtIngest).ok());
  }
  void Register(const UserKey& user, const std::vector<TriggerCondition>& conditions) {
    ASSERT_TRUE(store_->RegisterUser(user, conditions).ok());
  }
  std::string Enqueue(const UserKey& user) {
    Register(user, {});
    EnqueueRequest request;
    request.user = user;
    return store_->Enqueue(request)->task.id;
  }
  TriggerCondition Every(absl::Duration interval, absl::Duration first) const {
    TriggerCondition condition;
    condition.kind = TriggerKind::kScheduled;
    condition.interval = interval;
    condition.next_due = time_.Now() + first;
    return condition;
  }
  // The run's end, by a cancelled task: quicker than a commit, and as final.
  void Finish(const Started& run) {
    ASSERT_TRUE(store_->CancelTask(run.task.task.user.tenant, run.task.task.id).ok());
    scheduler_->Ended({KeyOfRun(run.task.lease), false});
    Settle();
  }
  TriggerCondition ConditionOf(const UserKey& user) { return store_->GetUser(user)->conditions.at(0); }
  Task TaskOf(const Started& run) { return *store_->GetTask(run.task.task.user.tenant, run.task.task.id); }

  using Guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
  ManualTime time_;
  prometheus::Registry registry_;
  EngineMetrics metrics_;
  SchedulerOptions options_;
  std::unique_ptr<Store> store_;
  boost::asio::io_context main_, calls_;
  Guard main_guard_{main_.get_executor()}, calls_guard_{calls_.get_executor()};
  bool store_hangs_ = false;
  std::vector<Started> started_;
  std::vector<IdleTask> finished_idle_;
  std::unique_ptr<Scheduler> scheduler_;
};

// ---- triggers

TEST_F(SchedulerTest, WhereMoreTasksWaitThanCanBeClaimedIdleOnesAreFinishedInBulk) {
  options_.idle_tasks = 7;
  Restart();
  constexpr int kUsers = 40;
  for (int i = 0; i < kUsers; ++i) {
    const UserKey user{"default", absl::StrCat("idle", i)};
    Register(user, {});
    EnqueueRequest request;
    request.user = user;
    ASSERT_TRUE(store_->Enqueue(request).ok());
  }
  Start();
  EXPECT_EQ(started_.size() + finished_idle_.size(), static_cast<size_t>(kUsers));
  EXPECT_GE(finished_idle_.size(), 30u);
  for (const IdleTask& idle : finished_idle_) {
    EXPECT_EQ(store_->GetTask("default", idle.task_id)->state, TaskState::kDone);
    EXPECT_EQ(store_->GetRun("default", idle.task_id)->report, "idle");
  }
}

TEST_F(SchedulerTest, DueScheduleBecomesATaskThatIsClaimed) {
  Register(kAna, {Every(absl::Hours(6), absl::Seconds(10))});
  Ingest(kAna, "e0");
  Start();
  Advance(absl::Seconds(9));
  EXPECT_THAT(started_, IsEmpty());
  Advance(absl::Seconds(1));
  ASSERT_THAT(started_, SizeIs(1));
  EXPECT_EQ(started_[0].task.task.kind, TriggerKind::kScheduled);
  EXPECT_EQ(started_[0].task.task.user, kAna);
  EXPECT_EQ(ConditionOf(kAna).times_fired, 1);
  EXPECT_EQ(metrics_.triggers_fired.Value(), 1);
  Advance(absl::Hours(1));
  EXPECT_THAT(started_, SizeIs(1));
}

TEST_F(SchedulerTest, ScheduleGoesOnInItsRhythmWhileAnythingIsPending) {
  Register(kAna, {Every(absl::Hours(6), absl::Hours(1))});
  Start();
  Advance(absl::Hours(2));
  EXPECT_THAT(started_, IsEmpty());  // nothing to read
  EXPECT_EQ(ConditionOf(kAna).next_due, time_.Now() + absl::Hours(5));
  Ingest(kAna, "e0");
  Advance(absl::Hours(5));
  ASSERT_THAT(started_, SizeIs(1));
  Finish(started_[0]);
  Advance(absl::Hours(6));
  EXPECT_THAT(started_, SizeIs(2));
}

TEST_F(SchedulerTest, QuotaFiresAgainWhenItsCooldownEnds) {
  TriggerCondition quota;
  quota.kind = TriggerKind::kQuota;
  quota.episodes = 1;
  quota.cooldown = absl::Hours(1);
  Register(kAna, {quota});
  Start();
  Ingest(kAna, "e0");
  scheduler_->Wake();
  Settle();
  ASSERT_THAT(started_, SizeIs(1));
  Finish(started_[0]);
  Advance(absl::Minutes(30));
  Ingest(kAna, "e1");
  Advance(absl::Minutes(30) - absl::Seconds(1));
  EXPECT_THAT(started_, SizeIs(1));
  Advance(absl::Seconds(1));
  ASSERT_THAT(started_, SizeIs(2));
  EXPECT_EQ(started_[1].task.task.kind, TriggerKind::kQuota);
  EXPECT_EQ(ConditionOf(kAna).times_fired, 2);
}

TEST_F(SchedulerTest, ManyDueUsersAreSweptBatchByBatchWithoutWaiting) {
  options_.sweep_users = 2;
  Restart();
  for (int i = 0; i < 5; ++i) {
    const UserKey user{"acme", absl::StrCat("u", i)};
    Register(user, {Every(absl::Hours(6), absl::ZeroDuration())});
    Ingest(user, "e");
  }
  Start();
  EXPECT_EQ(metrics_.triggers_fired.Value(), 5);
}

TEST_F(SchedulerTest, ScheduleWaitsForTheTenantsWindow) {
  const TenantSettings night{.window_from = absl::Hours(22), .window_to = absl::Hours(4)};
  ASSERT_TRUE(store_->PutTenant("acme", night).ok());
  Register(kAna, {Every(absl::Hours(6), absl::Hours(12))});
  Ingest(kAna, "e0");
  Start();
  Advance(absl::Hours(22) - absl::Seconds(1));
  EXPECT_THAT(started_, IsEmpty());
  Advance(absl::Hours(6));
  ASSERT_THAT(started_, SizeIs(1));
  EXPECT_TRUE(InWindow(night, started_[0].at));
}

TEST_F(SchedulerTest, NothingOfAPausedTenantFiresOrStartsUntilItGoesOn) {
  ASSERT_TRUE(store_->PutTenant("acme", {.paused = true}).ok());
  Register(kAna, {Every(absl::Hours(6), absl::Seconds(5))});
  Ingest(kAna, "e0");
  const std::string by_hand = Enqueue(kBen);
  Start();
  Advance(absl::Minutes(5));
  EXPECT_THAT(started_, IsEmpty());
  EXPECT_EQ(ConditionOf(kAna).times_fired, 0);
  ASSERT_TRUE(store_->PutTenant("acme", {}).ok());
  Advance(absl::Seconds(1));
  ASSERT_THAT(started_, SizeIs(2));
  EXPECT_EQ(started_[0].task.task.id, by_hand);
  EXPECT_EQ(started_[1].task.task.kind, TriggerKind::kScheduled);
}

TEST_F(SchedulerTest, ScheduleThatTheFullQueueRefusesFiresAMinuteLater) {
  ASSERT_TRUE(store_->PutTenant("acme", {.max_waiting = 1}).ok());
  for (const UserKey& user : {kAna, kBen}) {
    Register(user, {Every(absl::Hours(6), absl::Seconds(5))});
    Ingest(user, "e0");
  }
  Start();
  Advance(absl::Seconds(5));
  ASSERT_THAT(started_, SizeIs(1));
  Advance(absl::Seconds(59));
  EXPECT_THAT(started_, SizeIs(1));
  Advance(absl::Seconds(1));
  EXPECT_THAT(started_, SizeIs(2));
}

// ---- claims

TEST_F(SchedulerTest, WakingClaimsAtOnce) {
  Start();
  const std::string task = Enqueue(kAna);
  Settle();
  EXPECT_THAT(started_, IsEmpty());
  scheduler_->Wake();
  Settle();
  ASSERT_THAT(started_, SizeIs(1));
  EXPECT_EQ(started_[0].task.task.id, task);
}

TEST_F(SchedulerTest, WakingDuringAClaimIsNotForgotten) {
  Start();
  store_hangs_ = true;
  scheduler_->Wake();
  Settle();  // the claim is on its way
  scheduler_->Wake();
  Settle();
  calls_.poll();  // it finds nothing ...
  Enqueue(kAna);  // ... because this came later
  store_hangs_ = false;
  Settle();
  EXPECT_THAT(started_, SizeIs(1));
}

TEST_F(SchedulerTest, WakeUpsThatBringNothingAreFollowedByAPause) {
  ASSERT_TRUE(store_->PutTenant("acme", {.paused = true}).ok());
  Start();
  Enqueue(kAna);
  for (int i = 0; i < 3; ++i) {
    scheduler_->Wake();
    Settle();
  }
  ASSERT_TRUE(store_->PutTenant("acme", {}).ok());
  scheduler_->Wake();
  Settle();
  EXPECT_THAT(started_, IsEmpty());
  Advance(options_.vain_pause);
  EXPECT_THAT(started_, SizeIs(1));
  // Something came: the next is claimed at once again.
  Enqueue(kBen);
  scheduler_->Wake();
  Settle();
  EXPECT_THAT(started_, SizeIs(2));
}

TEST_F(SchedulerTest, ClaimsThatBringIdleTasksPauseWhileBulkIsUnderWay) {
  options_.workers = 1;
  options_.max_waiting = 0;
  options_.idle_tasks = 2;
  Restart();
  Enqueue(kAna);
  Start();
  ASSERT_THAT(started_, SizeIs(1));
  Advance(options_.sweep);  // bulk, which found nothing, may be tried again
  for (int i = 0; i < 20; ++i) Enqueue({"acme", absl::StrCat("u", i)});
  store_hangs_ = true;
  const auto end = [&](bool idle) {
    const Started run = started_.back();
    ASSERT_TRUE(store_->CancelTask("acme", run.task.task.id).ok());
    scheduler_->Ended({KeyOfRun(run.task.lease), false, idle});
    main_.poll();
  };
  const auto one_call = [&] {
    calls_.poll_one();
    main_.poll();
  };
  end(/*idle=*/false);
  one_call();  // the claim, which fills all room, so that a batch is on its way
  ASSERT_THAT(started_, SizeIs(2));
  end(/*idle=*/true);
  one_call();
  EXPECT_THAT(finished_idle_, SizeIs(2));
  calls_.poll();
  main_.poll();
  EXPECT_THAT(started_, SizeIs(2));
  Advance(options_.idle_pause);
  calls_.poll();
  main_.poll();
  ASSERT_THAT(started_, SizeIs(3));
  // One that had something to do is followed at once.
  end(/*idle=*/false);
  calls_.poll();
  main_.poll();
  EXPECT_THAT(started_, SizeIs(4));
}

TEST_F(SchedulerTest, WithoutAWakeUpTheNextLookFindsTheTask) {
  Start();
  Enqueue(kAna);
  Advance(options_.sweep);
  EXPECT_THAT(started_, SizeIs(1));
}

TEST_F(SchedulerTest, NoMoreIsClaimedThanThereIsRoomFor) {
  options_.idle_tasks = 0;
  Restart();
  options_.workers = 1;
  options_.max_waiting = 2;
  Restart();
  for (int i = 0; i < 5; ++i) Enqueue({"acme", absl::StrCat("u", i)});
  Start();
  EXPECT_THAT(started_, SizeIs(3));
  Finish(started_[0]);
  EXPECT_THAT(started_, SizeIs(4));
}

TEST_F(SchedulerTest, RunsThatWaitForAnEndpointMakeRoomForOthers) {
  options_.idle_tasks = 0;
  options_.workers = 1;
  options_.max_waiting = 0;
  options_.max_open_runs = 3;
  Restart();
  for (int i = 0; i < 5; ++i) Enqueue({"acme", absl::StrCat("u", i)});
  Start();
  EXPECT_THAT(started_, SizeIs(1));
  const auto park = [this](size_t run) {
    scheduler_->Parked(KeyOfRun(started_[run].task.lease), 1);
    Settle();
  };
  park(0);
  EXPECT_THAT(started_, SizeIs(2));
  park(0);  // once more is no more
  EXPECT_THAT(started_, SizeIs(2));
  park(1);
  EXPECT_THAT(started_, SizeIs(3));
  park(2);
  EXPECT_THAT(started_, SizeIs(3)) << "so many may be open";
  Finish(started_[1]);
  EXPECT_THAT(started_, SizeIs(4));
  park(1);  // it has ended
  EXPECT_THAT(started_, SizeIs(4));
  Finish(started_[3]);
  EXPECT_THAT(started_, SizeIs(5));
  Finish(started_[0]);
  Finish(started_[2]);
  EXPECT_EQ(TaskOf(started_[4]).state, TaskState::kRunning);
}

TEST_F(SchedulerTest, RunsThatHoldMuchWhileTheyWaitKeepOthersFromBeginning) {
  options_.idle_tasks = 0;
  options_.workers = 1;
  options_.max_waiting = 0;
  options_.max_open_bytes = 100;
  Restart();
  for (int i = 0; i < 5; ++i) Enqueue({"acme", absl::StrCat("u", i)});
  Start();
  const auto park = [this](size_t run, int64_t bytes) {
    scheduler_->Parked(KeyOfRun(started_[run].task.lease), bytes);
    Settle();
  };
  ASSERT_THAT(started_, SizeIs(1));
  park(0, 60);
  ASSERT_THAT(started_, SizeIs(2));
  park(1, 70);
  EXPECT_EQ(metrics_.runs_open_bytes.Value(), 130);
  scheduler_->Wake();
  Advance(options_.sweep);
  EXPECT_THAT(started_, SizeIs(2)) << "they hold more than they may together";
  park(0, 20);  // some of it has been answered
  EXPECT_EQ(metrics_.runs_open_bytes.Value(), 90);
  EXPECT_THAT(started_, SizeIs(3));
  park(2, 500);  // however much a single one holds, it is open
  EXPECT_THAT(started_, SizeIs(3));
  Finish(started_[2]);
  EXPECT_EQ(metrics_.runs_open_bytes.Value(), 90);
  EXPECT_THAT(started_, SizeIs(4));
}

TEST_F(SchedulerTest, ARunThatHoldsMoreThanAllMayIsBegunByItself) {
  options_.idle_tasks = 0;
  options_.workers = 1;
  options_.max_waiting = 0;
  options_.max_open_bytes = 1;
  Restart();
  for (int i = 0; i < 3; ++i) Enqueue({"acme", absl::StrCat("u", i)});
  Start();
  for (size_t run = 0; run < 3; ++run) {
    ASSERT_THAT(started_, SizeIs(run + 1));
    scheduler_->Parked(KeyOfRun(started_[run].task.lease), 1000);
    Settle();
    ASSERT_THAT(started_, SizeIs(run + 1));
    Finish(started_[run]);
  }
  EXPECT_EQ(metrics_.runs_open_bytes.Value(), 0);
}

TEST_F(SchedulerTest, TenantsAreServedByTheirWeights) {
  options_.idle_tasks = 0;
  Restart();
  ASSERT_TRUE(store_->PutTenant("heavy", {.weight = 3}).ok());
  for (int i = 0; i < 60; ++i) Enqueue({"heavy", absl::StrCat("u", i)});
  for (int i = 0; i < 60; ++i) Enqueue({"light", absl::StrCat("u", i)});
  options_.workers = 2;
  options_.max_waiting = 2;
  Restart();
  Start();
  for (size_t done = 0; done < 40; ++done) {
    ASSERT_LT(done, started_.size());
    Finish(started_[done]);
  }
  std::map<std::string, int> served;
  for (size_t i = 0; i < 40; ++i) ++served[started_[i].task.task.user.tenant];
  EXPECT_EQ(served["heavy"], 30);
  EXPECT_EQ(served["light"], 10);
}

TEST_F(SchedulerTest, WhatAClaimBringsWhileDrainingIsStoppedAtOnce) {
  Start();
  Enqueue(kAna);
  store_hangs_ = true;
  scheduler_->Wake();
  Settle();
  scheduler_->Drain();
  store_hangs_ = false;
  Settle();
  ASSERT_THAT(started_, SizeIs(1));
  EXPECT_TRUE(started_[0].stop->stopped());
  Enqueue(kBen);
  scheduler_->Wake();
  Advance(absl::Minutes(1));
  EXPECT_THAT(started_, SizeIs(1));
}

// ---- leases

TEST_F(SchedulerTest, TaskOfAWorkerThatIsGoneIsRescuedWhenItsLeaseEnds) {
  Enqueue(kAna);
  ASSERT_THAT(*store_->ClaimTasks("gone", 1, absl::Seconds(30)), SizeIs(1));
  Start();
  Advance(absl::Seconds(29));
  EXPECT_THAT(started_, IsEmpty());
  Advance(absl::Seconds(1));
  ASSERT_THAT(started_, SizeIs(1));
  EXPECT_EQ(started_[0].task.task.attempt, 2);
  EXPECT_EQ(metrics_.tasks_rescued.Value(), 1);
}

TEST_F(SchedulerTest, QueueIsToldEveryFewSecondsAndLeasesAtOnce) {
  options_.max_open_runs = 1;
  options_.idle_tasks = 0;
  Restart();
  Enqueue(kAna);
  Enqueue(kBen);
  Start();
  ASSERT_THAT(started_, SizeIs(1));
  EXPECT_EQ(metrics_.leases_held.Value(), 1);
  // It was counted before the claim.
  EXPECT_EQ(metrics_.queue_waiting.Value(), 2);
  Advance(absl::Seconds(2));
  EXPECT_EQ(metrics_.queue_waiting.Value(), 2);
  Advance(absl::Seconds(4));
  EXPECT_EQ(metrics_.queue_waiting.Value(), 1);
  EXPECT_EQ(metrics_.queue_running.Value(), 1);
  EXPECT_GE(metrics_.queue_oldest_seconds.Value(), 5);
  Finish(started_[0]);
  ASSERT_THAT(started_, SizeIs(2));
  EXPECT_EQ(metrics_.leases_held.Value(), 1);
  Advance(absl::Seconds(6));
  EXPECT_EQ(metrics_.queue_waiting.Value(), 0);
  EXPECT_EQ(metrics_.queue_oldest_seconds.Value(), 0);
}

TEST_F(SchedulerTest, TaskThatIsGivenUpOnIsCounted) {
  options_.max_attempts = 1;
  Restart();
  Enqueue(kAna);
  ASSERT_TRUE(store_->ClaimTasks("gone", 1, absl::Seconds(1)).ok());
  Start();
  EXPECT_EQ(metrics_.tasks_dead.Value(), 0);
  Advance(absl::Seconds(7));
  EXPECT_EQ(metrics_.tasks_dead.Value(), 1);
  EXPECT_EQ(metrics_.queue_dead.Value(), 1);
}

TEST_F(SchedulerTest, LeasesOfOpenRunsAreRenewed) {
  Enqueue(kAna);
  Start();
  ASSERT_THAT(started_, SizeIs(1));
  Advance(absl::Minutes(20));
  EXPECT_GE(metrics_.leases_renewed.Value(), 40);
  EXPECT_FALSE(started_[0].stop->stopped());
  EXPECT_EQ(TaskOf(started_[0]).state, TaskState::kRunning);
  EXPECT_EQ(TaskOf(started_[0]).attempt, 1);
  EXPECT_EQ(metrics_.tasks_rescued.Value(), 0);
}

TEST_F(SchedulerTest, RunStopsByItselfBeforeALeaseThatCannotBeRenewedEnds) {
  Enqueue(kAna);
  Start();
  ASSERT_THAT(started_, SizeIs(1));
  const StopFlag stop = started_[0].stop;
  store_hangs_ = true;
  Advance(absl::Seconds(25) - absl::Milliseconds(1));
  EXPECT_FALSE(stop->stopped());
  Advance(absl::Milliseconds(1));
  EXPECT_TRUE(stop->stopped());  // the store waits for five seconds more
  store_hangs_ = false;
  Advance(absl::Seconds(4));
  EXPECT_TRUE(stop->stopped());  // for good, though a renewal got through at last
}

TEST_F(SchedulerTest, RenewalIsCountedFromWhenItWasSent) {
  Enqueue(kAna);
  Start();
  const StopFlag stop = started_.at(0).stop;
  EXPECT_EQ(stop->until(), absl::Seconds(25));
  Advance(absl::Seconds(9));
  store_hangs_ = true;
  Advance(absl::Seconds(6));
  store_hangs_ = false;
  Settle();  // sent only now
  EXPECT_EQ(stop->until(), absl::Seconds(40));
}

TEST_F(SchedulerTest, StoreThatHungForLessThanALeaseStopsNothing) {
  Enqueue(kAna);
  Start();
  const StopFlag stop = started_.at(0).stop;
  store_hangs_ = true;
  Advance(absl::Seconds(20));
  store_hangs_ = false;
  Settle();
  Advance(absl::Minutes(5));
  EXPECT_FALSE(stop->stopped());
  EXPECT_EQ(TaskOf(started_[0]).attempt, 1);
}

TEST_F(SchedulerTest, RunOfACancelledTaskIsStoppedByItsNextRenewal) {
  const std::string task = Enqueue(kAna);
  Start();
  ASSERT_TRUE(store_->CancelTask("acme", task).ok());
  Advance(absl::Seconds(15));
  EXPECT_TRUE(started_.at(0).stop->stopped());
}

TEST_F(SchedulerTest, OnlyTheRunOfThatTaskIsStopped) {
  const std::string ana = Enqueue(kAna);
  Enqueue(kBen);
  Start();
  ASSERT_THAT(started_, SizeIs(2));
  scheduler_->StopRun(ana);
  Settle();
  for (const Started& run : started_) EXPECT_EQ(run.stop->stopped(), run.task.task.id == ana);
}

TEST_F(SchedulerTest, RenewalGoesOnWhileDrainingAndEndsWithStop) {
  Enqueue(kAna);
  Start();
  scheduler_->Drain();
  Advance(absl::Minutes(2));
  EXPECT_FALSE(started_.at(0).stop->stopped());
  scheduler_->Stop();
  Advance(absl::Minutes(1));
  EXPECT_TRUE(started_[0].stop->stopped());
}

// A machine that was asleep, or a process that was: the first thing that looks at the time knows.
TEST(RunStopTest, ExpiresByItsClockAloneAndHoldsAsLongAsTheLatestRenewal) {
  absl::Duration now = absl::Seconds(100);
  RunStop stop([&] { return now; }, absl::Seconds(110));
  EXPECT_FALSE(stop.stopped());
  stop.HoldUntil(absl::Seconds(120));
  stop.HoldUntil(absl::Seconds(115));  // an earlier one that came late
  now = absl::Seconds(119);
  EXPECT_FALSE(stop.stopped());
  now = absl::Seconds(120);
  EXPECT_TRUE(stop.expired());
  EXPECT_TRUE(stop.stopped());
}

TEST(RunStopTest, WithoutALeaseItStopsOnlyWhenTold) {
  RunStop stop;
  EXPECT_FALSE(stop.stopped());
  stop.Stop();
  EXPECT_TRUE(stop.stopped());
  EXPECT_FALSE(stop.expired());
}

}  // namespace
}  // namespace slowwave
