#include "storage/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slowwave {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const absl::Time kThen = absl::FromUnixSeconds(1'700'000'000);

TriggerCondition Every(absl::Duration interval) {
  TriggerCondition condition;
  condition.kind = TriggerKind::kScheduled;
  condition.interval = interval;
  return condition;
}

TriggerCondition FiredBefore(TriggerCondition condition) {
  condition.last_fired = kThen;
  condition.next_due = kThen + absl::Hours(1);
  condition.times_fired = 7;
  return condition;
}

TEST(MergeConditionsTest, UnchangedConditionGoesOnAsItWas) {
  const TriggerCondition stored = FiredBefore(Every(absl::Hours(6)));
  TriggerCondition again = Every(absl::Hours(6));
  again.next_due = kThen + absl::Hours(5);
  const auto merged = MergeConditions({stored}, {again});
  ASSERT_THAT(merged, SizeIs(1));
  EXPECT_TRUE(SameCondition(merged[0], stored));
}

TEST(MergeConditionsTest, ChangedConditionIsDueAsGivenAndKeepsItsHistory) {
  TriggerCondition changed = Every(absl::Hours(2));
  changed.next_due = kThen + absl::Minutes(9);
  const auto merged = MergeConditions({FiredBefore(Every(absl::Hours(6)))}, {changed});
  ASSERT_THAT(merged, SizeIs(1));
  EXPECT_EQ(merged[0].interval, absl::Hours(2));
  EXPECT_EQ(merged[0].next_due, kThen + absl::Minutes(9));
  EXPECT_EQ(merged[0].last_fired, kThen);
  EXPECT_EQ(merged[0].times_fired, 7);
}

TEST(MergeConditionsTest, AnotherKindHasNoHistory) {
  TriggerCondition quota;
  quota.kind = TriggerKind::kQuota;
  quota.episodes = 5;
  const auto merged = MergeConditions({FiredBefore(Every(absl::Hours(6)))}, {quota});
  ASSERT_THAT(merged, SizeIs(1));
  EXPECT_TRUE(SameCondition(merged[0], quota));
}

TEST(MergeConditionsTest, WhatIsNotRegisteredAgainIsGone) {
  EXPECT_THAT(MergeConditions({FiredBefore(Every(absl::Hours(6)))}, {}), IsEmpty());
}

TEST(MergeConditionsTest, NanosecondsDoNotMakeADifference) {
  TriggerCondition again = Every(absl::Hours(6) + absl::Nanoseconds(3));
  const auto merged = MergeConditions({FiredBefore(Every(absl::Hours(6)))}, {again});
  EXPECT_EQ(merged[0].next_due, kThen + absl::Hours(1));
}

}  // namespace
}  // namespace slowwave
