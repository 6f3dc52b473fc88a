#include "core/triggers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace slowwave {
namespace {

using testing::HasSubstr;

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

TEST(TriggersTest, DefaultsAreScheduledQuotaAndManual) {
  const std::vector<TriggerCondition> conditions = DefaultConditions(kNow, 0.5);
  EXPECT_TRUE(CheckConditions(conditions).ok());
  ASSERT_EQ(conditions.size(), 3u);
  EXPECT_EQ(conditions[0].next_due, kNow + absl::Hours(3));
  EXPECT_EQ(conditions[1].episodes, 500);
  EXPECT_EQ(conditions[1].megabytes, 100);
}

TEST(TriggersTest, QuotaFiresAtItsLimitAndThenCools) {
  EXPECT_FALSE(Evaluate({Quota(500)}, {499, 0, ""}, kNow));
  const std::optional<Firing> firing = Evaluate({Quota(500)}, {500, 0, ""}, kNow);
  ASSERT_TRUE(firing);
  EXPECT_THAT(firing->reason, HasSubstr("500"));
  EXPECT_EQ(firing->after.last_fired, kNow);
  EXPECT_EQ(firing->after.times_fired, 1);
  EXPECT_FALSE(Evaluate({firing->after}, {900, 0, ""}, kNow + absl::Minutes(59)));
  EXPECT_TRUE(Evaluate({firing->after}, {900, 0, ""}, kNow + absl::Minutes(60)));
}

TEST(TriggersTest, QuotaByMegabytes) {
  TriggerCondition c = Quota(500);
  c.megabytes = 2;
  EXPECT_FALSE(Evaluate({c}, {1, 1.99, ""}, kNow));
  EXPECT_TRUE(Evaluate({c}, {1, 2, ""}, kNow));
}

TEST(TriggersTest, ScheduleKeepsItsRhythmAndDoesNotMakeUpForMissedTimes) {
  TriggerCondition c;
  c.kind = TriggerKind::kScheduled;
  c.interval = absl::Hours(6);
  c.next_due = kNow - absl::Hours(13);
  const std::optional<Firing> firing = Evaluate({c}, {}, kNow);
  ASSERT_TRUE(firing);
  EXPECT_EQ(firing->after.next_due, kNow + absl::Hours(5));
  EXPECT_FALSE(Evaluate({firing->after}, {}, kNow));
}

TEST(TriggersTest, EventsFireByNameAndGoBeforeQuotas) {
  const std::vector<TriggerCondition> conditions = {Quota(1), Event({"task_completed"})};
  EXPECT_EQ(Evaluate(conditions, {5, 0, "task_completed"}, kNow)->condition, 1);
  EXPECT_EQ(Evaluate(conditions, {5, 0, "other"}, kNow)->condition, 0);
  EXPECT_FALSE(Evaluate({Event({"a"})}, {}, kNow));
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

}  // namespace
}  // namespace slowwave
