// Trigger rules inside ingests and sweeps. The rules here are the least that shows what the store does with
// them; the real ones are core/triggers.
#include <map>
#include <set>

#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::Duration kCooldown = absl::Hours(1);
constexpr absl::Duration kInterval = absl::Hours(6);

TriggerCondition Quota(int64_t episodes) {
  TriggerCondition condition;
  condition.kind = TriggerKind::kQuota;
  condition.episodes = episodes;
  condition.cooldown = kCooldown;
  return condition;
}

TriggerCondition DueAt(absl::Time due) {
  TriggerCondition condition;
  condition.kind = TriggerKind::kScheduled;
  condition.interval = kInterval;
  condition.next_due = due;
  return condition;
}

TriggerDecision Fire(const UserState& user, int condition, absl::Time now) {
  TriggerDecision decision;
  decision.condition = condition;
  decision.after = user.conditions[static_cast<size_t>(condition)];
  decision.after.last_fired = now;
  ++decision.after.times_fired;
  decision.after.next_due.reset();
  EnqueueRequest task;
  task.user = user.user;
  task.kind = decision.after.kind;
  task.reason = "rule";
  decision.task = task;
  return decision;
}

// Quotas by pending episodes, schedules by their time.
std::vector<TriggerDecision> SimpleRule(const UserState& user, const TenantSettings&, absl::Time now) {
  std::vector<TriggerDecision> decisions;
  for (size_t i = 0; i < user.conditions.size(); ++i) {
    const TriggerCondition& c = user.conditions[i];
    const int at = static_cast<int>(i);
    if (c.kind == TriggerKind::kScheduled && c.next_due && *c.next_due <= now) {
      decisions.push_back(Fire(user, at, now));
      decisions.back().after.next_due = *c.next_due + kInterval;
    }
    if (c.kind != TriggerKind::kQuota || user.pending < *c.episodes) continue;
    if (c.last_fired && now < *c.last_fired + kCooldown) {
      decisions.push_back({.condition = at, .after = c, .task = {}});
      decisions.back().after.next_due = *c.last_fired + kCooldown;
    } else {
      decisions.push_back(Fire(user, at, now));
    }
  }
  return decisions;
}

std::vector<Episode> Batch(const std::string& prefix, int count) {
  std::vector<Episode> episodes;
  for (int i = 0; i < count; ++i) episodes.push_back(MakeEpisode(absl::StrCat(prefix, i)));
  return episodes;
}

IngestResult IngestWithRule(Store& store, const UserKey& user, const std::vector<Episode>& episodes) {
  return Must(store.IngestEpisodes(user, episodes, {}, SimpleRule));
}

SweepResult Sweep(Store& store, int limit = 100) { return Must(store.SweepTriggers(SimpleRule, limit)); }

TriggerCondition ConditionOf(Store& store, const UserKey& user, size_t index = 0) {
  return Must(store.GetUser(user)).conditions.at(index);
}

std::vector<Task> TasksOf(Store& store, const UserKey& user) {
  return Must(store.ListTasks({.tenant = user.tenant, .user = user.user, .states = {}}, "", 100)).items;
}

// ---- ingest

TEST_P(StoreConformance, QuotaFiresInTheIngestThatReachesIt) {
  Must(store().RegisterUser(ana_, {Quota(3)}));
  EXPECT_THAT(IngestWithRule(store(), ana_, Batch("a", 2)).fired, IsEmpty());
  const IngestResult reached = IngestWithRule(store(), ana_, Batch("b", 1));
  EXPECT_THAT(reached.outcomes, ElementsAre(IngestOutcome::kStored));
  ASSERT_THAT(reached.fired, SizeIs(1));
  EXPECT_EQ(reached.fired[0].task.kind, TriggerKind::kQuota);
  EXPECT_FALSE(reached.fired[0].joined);
  EXPECT_EQ(StateOf(reached.fired[0].task.id), TaskState::kWaiting);
  EXPECT_EQ(ConditionOf(store(), ana_).last_fired, clock_.Now());
  EXPECT_EQ(ConditionOf(store(), ana_).times_fired, 1);
}

TEST_P(StoreConformance, QuotaThatFiredCoolsDownAndTheSweepFiresItAfterwards) {
  Must(store().RegisterUser(ana_, {Quota(1)}));
  const absl::Time first = clock_.Now();
  IngestWithRule(store(), ana_, Batch("a", 1));
  clock_.Advance(absl::Minutes(20));
  EXPECT_THAT(IngestWithRule(store(), ana_, Batch("b", 1)).fired, IsEmpty());
  EXPECT_EQ(ConditionOf(store(), ana_).next_due, first + kCooldown);
  EXPECT_EQ(Sweep(store()).examined, 0);
  clock_.Advance(absl::Minutes(40));
  const SweepResult swept = Sweep(store());
  EXPECT_EQ(swept.examined, 1);
  EXPECT_EQ(swept.fired, 1);
  EXPECT_EQ(ConditionOf(store(), ana_).times_fired, 2);
  EXPECT_FALSE(ConditionOf(store(), ana_).next_due.has_value());
  EXPECT_THAT(TasksOf(store(), ana_), SizeIs(1));  // the second joined the first
}

TEST_P(StoreConformance, RuleOfAnIngestSeesTheCountsAfterIt) {
  Must(store().RegisterUser(ana_, {Quota(9)}));
  UserState seen;
  absl::Time at;
  const TriggerRule look = [&](const UserState& user, const TenantSettings&, absl::Time now) {
    seen = user;
    at = now;
    return std::vector<TriggerDecision>{};
  };
  Must(store().IngestEpisodes(ana_, Batch("a", 4), {}, look));
  EXPECT_EQ(seen.user, ana_);
  EXPECT_EQ(seen.pending, 4);
  EXPECT_EQ(seen.episodes, 4);
  EXPECT_EQ(seen.pending_bytes, Must(store().GetUser(ana_)).pending_bytes);
  ASSERT_THAT(seen.conditions, SizeIs(1));
  EXPECT_EQ(seen.conditions[0].episodes, 9);
  EXPECT_EQ(at, clock_.Now());
}

TEST_P(StoreConformance, IngestThatStoresNothingAsksNoRule) {
  Must(store().RegisterUser(ana_, {Quota(1)}));
  Ingest(ana_, Batch("a", 1));
  const IngestResult again = IngestWithRule(store(), ana_, Batch("a", 1));
  EXPECT_THAT(again.outcomes, ElementsAre(IngestOutcome::kExists));
  EXPECT_THAT(again.fired, IsEmpty());
  EXPECT_THAT(TasksOf(store(), ana_), IsEmpty());
}

TEST_P(StoreConformance, UserMadeByItsIngestFiresWithTheDefaults) {
  const IngestResult result = Must(store().IngestEpisodes(ana_, Batch("a", 2), {Quota(2)}, SimpleRule));
  ASSERT_THAT(result.fired, SizeIs(1));
  EXPECT_EQ(ConditionOf(store(), ana_).times_fired, 1);
}

TEST_P(StoreConformance, RuleThatNamesNoConditionOfTheUserIsABugAndChangesNothing) {
  Must(store().RegisterUser(ana_, {Quota(1)}));
  const TriggerRule wrong = [](const UserState&, const TenantSettings&, absl::Time) {
    return std::vector<TriggerDecision>{{.condition = 1, .after = {}, .task = {}}};
  };
  EXPECT_EQ(Code(store().IngestEpisodes(ana_, Batch("a", 1), {}, wrong)), absl::StatusCode::kInternal);
  EXPECT_EQ(Must(store().GetUser(ana_)).episodes, 0);
}

TEST_P(StoreConformance, ChangedAndRemovedConditionsTakeEffectAtOnce) {
  Must(store().RegisterUser(ana_, {Quota(100)}));
  EXPECT_THAT(IngestWithRule(store(), ana_, Batch("a", 2)).fired, IsEmpty());
  Must(store().RegisterUser(ana_, {Quota(3)}));
  EXPECT_THAT(IngestWithRule(store(), ana_, Batch("b", 1)).fired, SizeIs(1));
  clock_.Advance(kCooldown);
  Must(store().RegisterUser(ana_, {}));
  EXPECT_THAT(IngestWithRule(store(), ana_, Batch("c", 5)).fired, IsEmpty());
}

TEST_P(StoreConformance, ScheduleThatIsDueDuringAnIngestIsLeftToTheSweep) {
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now())}));
  const TriggerRule silent = [](const UserState&, const TenantSettings&, absl::Time) {
    return std::vector<TriggerDecision>{};
  };
  Must(store().IngestEpisodes(ana_, Batch("a", 1), {}, silent));
  EXPECT_EQ(ConditionOf(store(), ana_).next_due, clock_.Now());
  EXPECT_EQ(Sweep(store()).fired, 1);
}

TEST_P(StoreConformance, ManualRequestsCountInTheManualCondition) {
  TriggerCondition manual;
  manual.kind = TriggerKind::kManual;
  Must(store().RegisterUser(ana_, {Quota(9), manual}));
  EnqueueRequest request = Request(ana_);
  request.request_id = "r1";
  Must(store().Enqueue(request));
  Must(store().Enqueue(request));  // a repetition
  EXPECT_EQ(ConditionOf(store(), ana_, 1).times_fired, 1);
  EXPECT_EQ(ConditionOf(store(), ana_, 1).last_fired, clock_.Now());
  clock_.Advance(absl::Seconds(5));
  EXPECT_TRUE(Must(store().Enqueue(Request(ana_))).joined);
  EXPECT_EQ(ConditionOf(store(), ana_, 1).times_fired, 2);
  EXPECT_EQ(ConditionOf(store(), ana_, 1).last_fired, clock_.Now());
  request = Request(ana_);
  request.kind = TriggerKind::kEvent;
  Must(store().Enqueue(request));
  EXPECT_EQ(ConditionOf(store(), ana_, 1).times_fired, 2);
  EXPECT_EQ(ConditionOf(store(), ana_, 0).times_fired, 0);
}

// ---- registration

TEST_P(StoreConformance, RegisteringTheSameConditionAgainKeepsWhereItWas) {
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now())}));
  Sweep(store());
  const TriggerCondition before = ConditionOf(store(), ana_);
  clock_.Advance(absl::Hours(1));
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now())}));
  EXPECT_EQ(ConditionOf(store(), ana_).next_due, before.next_due);
  EXPECT_EQ(ConditionOf(store(), ana_).last_fired, before.last_fired);
  EXPECT_EQ(ConditionOf(store(), ana_).times_fired, 1);
  EXPECT_EQ(Sweep(store()).examined, 0);
}

TEST_P(StoreConformance, RegisteringAnotherIntervalIsDueAsGivenAndKeepsItsHistory) {
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now())}));
  Sweep(store());
  TriggerCondition other = DueAt(clock_.Now() + absl::Minutes(5));
  other.interval = absl::Hours(1);
  Must(store().RegisterUser(ana_, {other}));
  EXPECT_EQ(ConditionOf(store(), ana_).next_due, clock_.Now() + absl::Minutes(5));
  EXPECT_EQ(ConditionOf(store(), ana_).last_fired, clock_.Now());
  EXPECT_EQ(ConditionOf(store(), ana_).times_fired, 1);
}

TEST_P(StoreConformance, RemovedScheduleIsNotSwept) {
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now() + kInterval)}));
  Must(store().RegisterUser(ana_, {}));
  clock_.Advance(kInterval);
  EXPECT_EQ(Sweep(store()).examined, 0);
}

// ---- sweeps

TEST_P(StoreConformance, ScheduleFiresWhenItsTimeHasComeAndNotTwice) {
  const absl::Time due = clock_.Now() + absl::Minutes(1);
  Must(store().RegisterUser(ana_, {DueAt(due)}));
  clock_.Advance(absl::Minutes(1) - absl::Microseconds(1));
  EXPECT_EQ(Sweep(store()).examined, 0);
  clock_.Advance(absl::Microseconds(1));
  EXPECT_EQ(Sweep(store()).fired, 1);
  EXPECT_EQ(ConditionOf(store(), ana_).next_due, due + kInterval);
  EXPECT_EQ(Sweep(store()).examined, 0);
  clock_.Advance(kInterval);
  EXPECT_EQ(Sweep(store()).fired, 1);
  EXPECT_EQ(ConditionOf(store(), ana_).times_fired, 2);
  EXPECT_THAT(TasksOf(store(), ana_), SizeIs(1));
}

TEST_P(StoreConformance, SweepTakesTheEarliestUsersUpToItsLimit) {
  const absl::Time now = clock_.Now();
  const std::map<std::string, int> minutes_ago = {{"a", 1}, {"b", 3}, {"c", 2}, {"d", 5}, {"e", 4}};
  for (const auto& [name, minutes] : minutes_ago) {
    Must(store().RegisterUser({"acme", name}, {DueAt(now - absl::Minutes(minutes))}));
  }
  std::vector<std::string> order;
  const TriggerRule note = [&](const UserState& user, const TenantSettings& settings, absl::Time at) {
    order.push_back(user.user.user);
    return SimpleRule(user, settings, at);
  };
  const auto sweep = [&] {
    order.clear();
    const SweepResult swept = Must(store().SweepTriggers(note, 2));
    EXPECT_EQ(static_cast<size_t>(swept.examined), order.size());
    EXPECT_EQ(swept.fired, swept.examined);
    return std::set<std::string>(order.begin(), order.end());
  };
  EXPECT_THAT(sweep(), ElementsAre("d", "e"));
  EXPECT_THAT(sweep(), ElementsAre("b", "c"));
  EXPECT_THAT(sweep(), ElementsAre("a"));
  EXPECT_THAT(sweep(), IsEmpty());
}

TEST_P(StoreConformance, UserWithTwoConditionsDueIsExaminedOnce) {
  TriggerCondition quota = Quota(1);
  quota.next_due = clock_.Now();
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now()), quota}));
  Ingest(ana_, Batch("a", 1));
  const SweepResult swept = Sweep(store());
  EXPECT_EQ(swept.examined, 1);
  EXPECT_EQ(swept.fired, 2);
  EXPECT_THAT(TasksOf(store(), ana_), SizeIs(1));
}

TEST_P(StoreConformance, DueConditionThatTheRuleSaysNothingOfIsDueNoMore) {
  TriggerCondition quota = Quota(5);
  quota.next_due = clock_.Now();
  Must(store().RegisterUser(ana_, {quota}));
  EXPECT_EQ(Sweep(store()).examined, 1);
  EXPECT_FALSE(ConditionOf(store(), ana_).next_due.has_value());
  EXPECT_EQ(Sweep(store()).examined, 0);
}

TEST_P(StoreConformance, NotYetDueConditionThatTheRuleSaysNothingOfStays) {
  TriggerCondition quota = Quota(5);
  quota.next_due = clock_.Now() + absl::Hours(2);
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now()), quota}));
  EXPECT_EQ(Sweep(store()).fired, 1);
  EXPECT_EQ(ConditionOf(store(), ana_, 1).next_due, clock_.Now() + absl::Hours(2));
}

TEST_P(StoreConformance, SweepCoversAllTenantsAndMakesTasksWhereTheyBelong) {
  const UserKey other{"other", "ana"};
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now())}));
  Must(store().RegisterUser(other, {DueAt(clock_.Now())}));
  EXPECT_EQ(Sweep(store()).fired, 2);
  EXPECT_THAT(TasksOf(store(), ana_), SizeIs(1));
  EXPECT_THAT(TasksOf(store(), other), SizeIs(1));
}

TEST_P(StoreConformance, SweepBesideARunningTaskQueuesOneBehindIt) {
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now())}));
  LeaseFor(ana_);
  EXPECT_EQ(Sweep(store()).fired, 1);
  EXPECT_EQ(TasksOf(store(), ana_).size(), 2u);
  clock_.Advance(kInterval);
  EXPECT_EQ(Sweep(store()).fired, 1);
  EXPECT_EQ(TasksOf(store(), ana_).size(), 2u);
}

TEST_P(StoreConformance, PausedTenantIsLeftForLater) {
  const UserKey other{"other", "zoe"};
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now() - absl::Minutes(1))}));
  Must(store().RegisterUser(other, {DueAt(clock_.Now())}));
  Must(store().PutTenant("acme", {.paused = true}));
  EXPECT_EQ(Sweep(store(), 1).fired, 1);
  EXPECT_THAT(TasksOf(store(), other), SizeIs(1));
  EXPECT_EQ(Sweep(store()).examined, 0);
  EXPECT_EQ(ConditionOf(store(), ana_).next_due, clock_.Now() - absl::Minutes(1));
  Must(store().PutTenant("acme", {}));
  EXPECT_EQ(Sweep(store()).fired, 1);
  EXPECT_THAT(TasksOf(store(), ana_), SizeIs(1));
}

TEST_P(StoreConformance, RuleSeesTheTenantsSettings) {
  Must(store().PutTenant("acme", {.window_from = absl::Hours(22), .window_to = absl::Hours(4)}));
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now())}));
  TenantSettings seen;
  Must(store().SweepTriggers(
      [&](const UserState&, const TenantSettings& settings, absl::Time) {
        seen = settings;
        return std::vector<TriggerDecision>{};
      },
      1));
  EXPECT_EQ(seen.window_from, absl::Hours(22));
  EXPECT_EQ(seen.window_to, absl::Hours(4));
}

TEST_P(StoreConformance, FullQueuePutsATriggerOffForAMinute) {
  Must(store().PutTenant("acme", {.max_waiting = 1}));
  Register(ben_);
  const Task in_the_way = Enqueued(ben_);
  Must(store().RegisterUser(ana_, {DueAt(clock_.Now()), Quota(1)}));
  EXPECT_EQ(Sweep(store()).fired, 0);
  EXPECT_EQ(ConditionOf(store(), ana_).next_due, clock_.Now() + kFullQueuePause);
  EXPECT_EQ(ConditionOf(store(), ana_).times_fired, 0);
  const IngestResult stored = IngestWithRule(store(), ana_, Batch("a", 1));
  EXPECT_THAT(stored.outcomes, ElementsAre(IngestOutcome::kStored));
  EXPECT_THAT(stored.fired, IsEmpty());
  EXPECT_EQ(ConditionOf(store(), ana_, 1).next_due, clock_.Now() + kFullQueuePause);
  EXPECT_FALSE(ConditionOf(store(), ana_, 1).last_fired.has_value());
  Must(store().CancelTask("acme", in_the_way.id));
  clock_.Advance(kFullQueuePause);
  EXPECT_EQ(Sweep(store()).fired, 2);
  EXPECT_THAT(TasksOf(store(), ana_), SizeIs(1));
}

}  // namespace

}  // namespace slowwave
