// Tokens that tenants draw, and tasks that wait for tomorrow's.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::AllOf;
using testing::Gt;
using testing::Le;

TEST_P(StoreConformance, TokensAreDrawnUntilTheDaysLimit) {
  const TokenGrant first = Must(store().DrawTokens("t", 40, 10, 100));
  EXPECT_EQ(first.tokens, 40);
  EXPECT_THAT(first.day_left, AllOf(Gt(absl::ZeroDuration()), Le(absl::Hours(24))));
  EXPECT_EQ(Must(store().DrawTokens("t", 40, 10, 100)).tokens, 40);
  EXPECT_EQ(Must(store().DrawTokens("t", 40, 10, 100)).tokens, 20) << "what is left, as it is enough";
  EXPECT_EQ(Must(store().DrawTokens("t", 40, 10, 100)).tokens, 0);
  EXPECT_EQ(Must(store().DrawTokens("other", 40, 10, 100)).tokens, 40) << "another tenant's are its own";
  EXPECT_EQ(Must(store().DrawTokens("t", 40, 10, 130)).tokens, 30)
      << "a limit that was raised counts at once";
}

TEST_P(StoreConformance, LessThanTheLeastIsNotDrawn) {
  EXPECT_EQ(Must(store().DrawTokens("t", 90, 90, 100)).tokens, 90);
  EXPECT_EQ(Must(store().DrawTokens("t", 40, 11, 100)).tokens, 0);
  EXPECT_EQ(Must(store().DrawTokens("t", 40, 10, 100)).tokens, 10);
  EXPECT_EQ(Must(store().DrawTokens("new", 40, 101, 100)).tokens, 0);
}

TEST_P(StoreConformance, ReturnedTokensCanBeDrawnAgainThatDay) {
  const TokenGrant drawn = Must(store().DrawTokens("t", 100, 100, 100));
  Must(store().ReturnTokens("t", drawn.day, 30));
  Must(store().ReturnTokens("t", drawn.day - 1, 30));  // yesterday's are gone
  Must(store().ReturnTokens("nobody", drawn.day, 30));
  EXPECT_EQ(Must(store().DrawTokens("t", 100, 1, 100)).tokens, 30);
}

TEST_P(StoreConformance, PostponedTaskWaitsWithoutUsingItsAttempt) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().PostponeTask(lease, "tokens are spent", absl::Hours(5)));
  const Task task = Must(store().GetTask(ana_.tenant, lease.task_id));
  EXPECT_EQ(task.state, TaskState::kDelayed);
  EXPECT_EQ(task.attempt, 0);
  EXPECT_EQ(task.last_error, "tokens are spent");
  ASSERT_TRUE(task.run_after.has_value());
  EXPECT_THAT(*task.run_after - task.created_at, AllOf(Gt(absl::Hours(4)), Le(absl::Hours(6))));
  EXPECT_TRUE(Must(store().ClaimTasks("worker", 1, absl::Seconds(30))).empty());
  EXPECT_EQ(store().PostponeTask(lease, "again", absl::Hours(1)).code(), absl::StatusCode::kAborted);
}

}  // namespace
}  // namespace slowwave
