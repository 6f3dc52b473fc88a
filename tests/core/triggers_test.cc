#include "core/triggers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/off_peak.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

TriggerCondition Quota(int64_t episodes) {
  TriggerCondition c;
  c.kind = TriggerKind::kQuota;
  c.episodes = episodes;
  c.cooldown = absl::Hours(1);
  return c;
}

TriggerCondition Event(std::vector<std::string> names) {
  TriggerCondition c;
  c.kind = TriggerKind::kEvent;
  c.events = std::move(names);
  return c;
}

TriggerCondition Every(absl::Duration interval, absl::Time due) {
  TriggerCondition c;
  c.kind = TriggerKind::kScheduled;
  c.interval = interval;
  c.next_due = due;
  return c;
}

UserState UserWith(std::vector<TriggerCondition> conditions, int64_t pending = 0) {
  UserState user;
  user.user = {"acme", "ana"};
  user.pending = pending;
  user.conditions = std::move(conditions);
  return user;
}

std::optional<Firing> Check(std::vector<TriggerCondition> conditions, const TriggerFigures& figures,
                            absl::Time now = kNow) {
  return Evaluate(UserWith(std::move(conditions)), {}, figures, now);
}

// ---- conditions

TEST(TriggersTest, DefaultsAreScheduledQuotaAndManual) {
  const std::vector<TriggerCondition> conditions = DefaultConditions(kNow, 0.5);
  EXPECT_TRUE(CheckConditions(conditions).ok());
  ASSERT_EQ(conditions.size(), 3u);
  EXPECT_EQ(conditions[0].next_due, kNow + absl::Hours(3));
  EXPECT_EQ(conditions[1].episodes, 500);
  EXPECT_EQ(conditions[1].megabytes, 100);
}

TEST(TriggersTest, FirstRunsOfManyUsersAreSpreadOverTheInterval) {
  int quarters[4] = {};
  for (int i = 0; i < 4000; ++i) {
    const double jitter = JitterOf({"acme", absl::StrCat("user-", i)});
    ASSERT_GE(jitter, 0);
    ASSERT_LT(jitter, 1);
    ++quarters[static_cast<int>(jitter * 4)];
  }
  for (const int quarter : quarters) EXPECT_GT(quarter, 800);
}

TEST(TriggersTest, JitterTellsTenantsApartAndStays) {
  EXPECT_NE(JitterOf({"ab", "c"}), JitterOf({"a", "bc"}));
  EXPECT_EQ(JitterOf({"acme", "ana"}), JitterOf({"acme", "ana"}));
}

TEST(TriggersTest, EventsAreRegisteredOnceInOrder) {
  const auto registered = Registered({Event({"b", "a", "b"})}, kNow, 0.5);
  ASSERT_THAT(registered, SizeIs(1));
  EXPECT_THAT(registered[0].events, ElementsAre("b", "a"));
  EXPECT_FALSE(registered[0].next_due.has_value());
}

TEST(TriggersTest, BadConditionsNameTheField) {
  const auto message = [](TriggerCondition c) {
    return std::string(CheckConditions({std::move(c)}).message());
  };
  EXPECT_THAT(message({}), HasSubstr("conditions[0].kind"));
  TriggerCondition scheduled;
  scheduled.kind = TriggerKind::kScheduled;
  EXPECT_THAT(message(scheduled), HasSubstr("interval"));
  scheduled.interval = -absl::Seconds(1);
  EXPECT_THAT(message(scheduled), HasSubstr("interval"));
  EXPECT_THAT(message(Quota(0)), HasSubstr("episodes"));
  TriggerCondition nan = Quota(1);
  nan.megabytes = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(message(nan), HasSubstr("megabytes"));
  EXPECT_THAT(message(Event({})), HasSubstr("events"));
  EXPECT_THAT(std::string(CheckConditions({Quota(1), Quota(2)}).message()), HasSubstr("conditions[1].kind"));
}

// ---- checked by a caller

TEST(TriggersTest, QuotaFiresAtItsLimitAndThenCools) {
  EXPECT_FALSE(Check({Quota(500)}, {499, 0, ""}));
  const std::optional<Firing> firing = Check({Quota(500)}, {500, 0, ""});
  ASSERT_TRUE(firing);
  EXPECT_THAT(firing->reason, HasSubstr("500"));
  EXPECT_EQ(firing->after.last_fired, kNow);
  EXPECT_EQ(firing->after.times_fired, 1);
  EXPECT_FALSE(Check({firing->after}, {900, 0, ""}, kNow + absl::Minutes(59)));
  EXPECT_TRUE(Check({firing->after}, {900, 0, ""}, kNow + absl::Minutes(60)));
}

TEST(TriggersTest, QuotaByMegabytes) {
  TriggerCondition c = Quota(500);
  c.megabytes = 2;
  EXPECT_FALSE(Check({c}, {1, 1.99, ""}));
  EXPECT_TRUE(Check({c}, {1, 2, ""}));
}

TEST(TriggersTest, ScheduleKeepsItsRhythmAndDoesNotMakeUpForMissedTimes) {
  const std::optional<Firing> firing = Check({Every(absl::Hours(6), kNow - absl::Hours(13))}, {1, 0, ""});
  ASSERT_TRUE(firing);
  EXPECT_EQ(firing->after.next_due, kNow + absl::Hours(5));
  EXPECT_FALSE(Check({firing->after}, {1, 0, ""}));
}

TEST(TriggersTest, DueScheduleWithNothingPendingDoesNotFire) {
  EXPECT_FALSE(Check({Every(absl::Hours(6), kNow)}, {0, 0, ""}));
  EXPECT_TRUE(Check({Every(absl::Hours(6), kNow)}, {1, 0, ""}));
}

TEST(TriggersTest, EventsFireByNameAndGoBeforeQuotas) {
  const std::vector<TriggerCondition> conditions = {Quota(1), Event({"task_completed"})};
  EXPECT_EQ(Check(conditions, {5, 0, "task_completed"})->condition, 1);
  EXPECT_EQ(Check(conditions, {5, 0, "other"})->condition, 0);
  EXPECT_FALSE(Check({Event({"a"})}, {}));
}

TEST(TriggersTest, NothingFiresWhileTheUserOrTheTenantIsPaused) {
  UserState user = UserWith({Event({"a"})});
  EXPECT_FALSE(Evaluate(user, {.paused = true}, {0, 0, "a"}, kNow));
  EXPECT_TRUE(Evaluate(user, {}, {0, 0, "a"}, kNow));
  user.paused_by = "revert";
  EXPECT_FALSE(Evaluate(user, {}, {0, 0, "a"}, kNow));
}

// ---- at ingest

TEST(IngestRuleTest, ReachedQuotaFiresWithATaskOfItsKind) {
  EXPECT_THAT(RuleAtIngest(UserWith({Quota(5)}, 4), {}, kNow), IsEmpty());
  const auto decisions = RuleAtIngest(UserWith({Event({"a"}), Quota(5)}, 5), {}, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_EQ(decisions[0].condition, 1);
  EXPECT_EQ(decisions[0].after.last_fired, kNow);
  EXPECT_EQ(decisions[0].after.times_fired, 1);
  ASSERT_TRUE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].task->user, (UserKey{"acme", "ana"}));
  EXPECT_EQ(decisions[0].task->kind, TriggerKind::kQuota);
  EXPECT_EQ(decisions[0].task->priority, 3);
  EXPECT_EQ(decisions[0].task->reason, "quota: 5 pending episodes, limit 5");
}

TEST(IngestRuleTest, PendingBytesCountInMegabytes) {
  TriggerCondition c = Quota(500);
  c.megabytes = 2;
  UserState user = UserWith({c}, 1);
  user.pending_bytes = 1'999'999;
  EXPECT_THAT(RuleAtIngest(user, {}, kNow), IsEmpty());
  user.pending_bytes = 2'000'000;
  EXPECT_THAT(RuleAtIngest(user, {}, kNow), SizeIs(1));
}

TEST(IngestRuleTest, QuotaThatCoolsDownIsDueWhenThatEnds) {
  TriggerCondition c = Quota(5);
  c.last_fired = kNow - absl::Minutes(20);
  auto decisions = RuleAtIngest(UserWith({c}, 9), {}, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_FALSE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].after.next_due, kNow + absl::Minutes(40));
  EXPECT_EQ(decisions[0].after.times_fired, 0);
  c = decisions[0].after;
  EXPECT_THAT(RuleAtIngest(UserWith({c}, 10), {}, kNow), IsEmpty());  // known already
  decisions = RuleAtIngest(UserWith({c}, 10), {}, kNow + absl::Minutes(40));
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_TRUE(decisions[0].task.has_value());
  EXPECT_FALSE(decisions[0].after.next_due.has_value());
}

TEST(IngestRuleTest, QuotaOfAPausedTenantIsLeftToTheSweep) {
  const auto decisions = RuleAtIngest(UserWith({Quota(5)}, 9), {.paused = true}, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_FALSE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].after.next_due, kNow);
  EXPECT_THAT(RuleAtIngest(UserWith({decisions[0].after}, 10), {.paused = true}, kNow), IsEmpty());
}

TEST(IngestRuleTest, NothingOfAPausedUserFires) {
  UserState user = UserWith({Quota(5)}, 9);
  user.paused_by = "revert";
  EXPECT_THAT(RuleAtIngest(user, {}, kNow), IsEmpty());
}

TEST(IngestRuleTest, DueSchedulesAreTheSweeps) {
  EXPECT_THAT(RuleAtIngest(UserWith({Every(absl::Hours(6), kNow)}, 9), {}, kNow), IsEmpty());
}

// ---- at a sweep

TEST(SweepRuleTest, DueScheduleFiresOnceHoweverLongItIsOverdue) {
  const auto decisions = RuleAtSweep(UserWith({Every(absl::Hours(6), kNow - absl::Hours(301))}, 1), {}, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  ASSERT_TRUE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].task->kind, TriggerKind::kScheduled);
  EXPECT_EQ(decisions[0].after.last_fired, kNow);
  EXPECT_EQ(decisions[0].after.next_due, kNow + absl::Hours(5));
  EXPECT_THAT(RuleAtSweep(UserWith({decisions[0].after}, 1), {}, kNow), IsEmpty());
}

TEST(SweepRuleTest, ScheduleWithNothingPendingOrOfAPausedUserOnlyMovesOn) {
  UserState user = UserWith({Every(absl::Hours(6), kNow - absl::Hours(1))});
  for (const char* paused_by : {"", "revert"}) {
    user.pending = *paused_by == '\0' ? 0 : 3;
    user.paused_by = paused_by;
    const auto decisions = RuleAtSweep(user, {}, kNow);
    ASSERT_THAT(decisions, SizeIs(1));
    EXPECT_FALSE(decisions[0].task.has_value());
    EXPECT_EQ(decisions[0].after.next_due, kNow + absl::Hours(5));
    EXPECT_EQ(decisions[0].after.times_fired, 0);
    EXPECT_FALSE(decisions[0].after.last_fired.has_value());
  }
}

TEST(SweepRuleTest, QuotaFiresAfterItsCooldownIfItIsStillReached) {
  TriggerCondition c = Quota(5);
  c.last_fired = kNow - absl::Hours(1);
  c.next_due = kNow;
  EXPECT_THAT(RuleAtSweep(UserWith({c}, 4), {}, kNow), IsEmpty());
  const auto decisions = RuleAtSweep(UserWith({c}, 5), {}, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_TRUE(decisions[0].task.has_value());
  EXPECT_FALSE(decisions[0].after.next_due.has_value());
  UserState paused = UserWith({c}, 5);
  paused.paused_by = "revert";
  EXPECT_THAT(RuleAtSweep(paused, {}, kNow), IsEmpty());
}

TEST(SweepRuleTest, QuotaLookedAtTooSoonIsDueWhenItsCooldownEnds) {
  TriggerCondition c = Quota(5);
  c.last_fired = kNow - absl::Minutes(10);
  c.next_due = kNow;
  const auto decisions = RuleAtSweep(UserWith({c}, 5), {}, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_FALSE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].after.next_due, kNow + absl::Minutes(50));
}

TEST(SweepRuleTest, WhatIsNotDueIsLeftAlone) {
  EXPECT_THAT(RuleAtSweep(UserWith({Every(absl::Hours(6), kNow + absl::Seconds(1)), Quota(1)}, 9), {}, kNow),
              IsEmpty());
}

TEST(SweepRuleTest, OfAPausedTenantAllStaysDue) {
  const auto decisions = RuleAtSweep(UserWith({Every(absl::Hours(6), kNow)}, 9), {.paused = true}, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_FALSE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].after.next_due, kNow);
}

// ---- the tenant's window; kNow is 22:13:20 UTC

TenantSettings Window(absl::Duration from, absl::Duration to) {
  return {.window_from = from, .window_to = to};
}

TEST(OffPeakTest, WindowMaySpanMidnight) {
  const absl::Time midnight = kNow - (absl::Hours(22) + absl::Seconds(800));
  const TenantSettings night = Window(absl::Hours(22), absl::Hours(4));
  EXPECT_TRUE(InWindow(night, midnight + absl::Hours(22)));
  EXPECT_TRUE(InWindow(night, midnight + absl::Hours(27)));
  EXPECT_FALSE(InWindow(night, midnight + absl::Hours(4)));
  EXPECT_FALSE(InWindow(night, midnight + absl::Hours(21)));
  EXPECT_TRUE(InWindow({}, midnight));
  EXPECT_EQ(IntoWindow(night, midnight + absl::Hours(12), 0.5, absl::Hours(24)), midnight + absl::Hours(25));
  EXPECT_EQ(IntoWindow(night, midnight + absl::Hours(12), 0.5, absl::Hours(1)),
            midnight + absl::Hours(22) + absl::Minutes(30));
  EXPECT_EQ(IntoWindow(night, midnight + absl::Hours(3), 0.5, absl::Hours(1)), midnight + absl::Hours(3));
}

TEST(OffPeakTest, TimesBefore1970HaveTheirTimeOfDayToo) {
  const TenantSettings morning = Window(absl::Hours(1), absl::Hours(2));
  EXPECT_TRUE(InWindow(morning, absl::UnixEpoch() - absl::Hours(24 * 3) + absl::Minutes(90)));
  EXPECT_FALSE(InWindow(morning, absl::UnixEpoch() - absl::Minutes(90)));
}

TEST(OffPeakTest, ScheduleDueOutsideTheWindowWaitsForItAndThenFires) {
  const TenantSettings night = Window(absl::Hours(1), absl::Hours(3));
  const UserState user = UserWith({Every(absl::Hours(6), kNow - absl::Hours(1))}, 2);
  EXPECT_FALSE(Evaluate(user, night, FiguresOf(user), kNow));
  auto decisions = RuleAtSweep(user, night, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_FALSE(decisions[0].task.has_value());
  const absl::Time due = *decisions[0].after.next_due;
  EXPECT_TRUE(InWindow(night, due));
  EXPECT_LT(due - kNow, absl::Hours(5));
  decisions = RuleAtSweep(UserWith({decisions[0].after}, 2), night, due);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_TRUE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].after.next_due, due + absl::Hours(24));  // six hours on is outside
}

TEST(OffPeakTest, ScheduleInsideTheWindowKeepsItsRhythm) {
  const TenantSettings night = Window(absl::Hours(22), absl::Hours(4));
  const auto decisions = RuleAtSweep(UserWith({Every(absl::Hours(1), kNow)}, 2), night, kNow);
  ASSERT_THAT(decisions, SizeIs(1));
  EXPECT_TRUE(decisions[0].task.has_value());
  EXPECT_EQ(decisions[0].after.next_due, kNow + absl::Hours(1));
}

TEST(OffPeakTest, UsersAreSpreadOverTheWindow) {
  const TenantSettings night = Window(absl::Hours(1), absl::Hours(3));
  std::set<absl::Time> times;
  for (int i = 0; i < 100; ++i) {
    UserState user = UserWith({Every(absl::Hours(6), kNow)}, 1);
    user.user.user = absl::StrCat("user-", i);
    times.insert(*RuleAtSweep(user, night, kNow)[0].after.next_due);
  }
  EXPECT_GT(times.size(), 95u);
  EXPECT_GT(*times.rbegin() - *times.begin(), absl::Minutes(90));
}

}  // namespace
}  // namespace slowwave
