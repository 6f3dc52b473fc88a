#include "server/llm_limits.h"

#include <gtest/gtest.h>

#include <random>

namespace slowwave {
namespace {

using Next = CallVerdict::Next;

TEST(TokenBucketTest, ZeroIsNoLimit) {
  TokenBucket bucket(0);
  bucket.Take(1e9, absl::ZeroDuration());
  EXPECT_EQ(bucket.Wait(1e9, absl::ZeroDuration()), absl::ZeroDuration());
}

TEST(TokenBucketTest, FillsAtAnEvenPace) {
  TokenBucket bucket(60);  // six at once, one a second
  const absl::Duration start = absl::Seconds(100);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(bucket.Wait(1, start), absl::ZeroDuration());
    bucket.Take(1, start);
  }
  EXPECT_EQ(bucket.Wait(1, start), absl::Seconds(1));
  EXPECT_EQ(bucket.Wait(1, start + absl::Seconds(1)), absl::ZeroDuration());
  EXPECT_EQ(bucket.Wait(3, start + absl::Seconds(1)), absl::Seconds(2));
}

TEST(TokenBucketTest, WhatIsDearerThanTheBucketLeavesADebt) {
  TokenBucket bucket(60);
  EXPECT_EQ(bucket.Wait(16, absl::ZeroDuration()), absl::ZeroDuration());
  bucket.Take(16, absl::ZeroDuration());
  EXPECT_EQ(bucket.Wait(1, absl::ZeroDuration()), absl::Seconds(11));
}

TEST(TokenBucketTest, GivesBackAtMostAFullBucket) {
  TokenBucket bucket(60);
  bucket.Take(-100, absl::ZeroDuration());
  bucket.Take(6, absl::ZeroDuration());
  EXPECT_EQ(bucket.Wait(1, absl::ZeroDuration()), absl::Seconds(1));
}

TEST(TokenBucketTest, TimeThatStepsBackAddsNothing) {
  TokenBucket bucket(60);
  bucket.Take(6, absl::Seconds(10));
  EXPECT_EQ(bucket.Wait(1, absl::Seconds(5)), absl::Seconds(1));
  EXPECT_EQ(bucket.Wait(1, absl::Seconds(10)), absl::Seconds(1));
}

TEST(BreakerTest, DenialOpensAtOnceAndPausesDoubleUpToALimit) {
  Breaker breaker({});
  absl::Duration now = absl::Seconds(1000);
  EXPECT_FALSE(breaker.Pass());
  EXPECT_TRUE(breaker.Ended(EndpointHealth::kDenied, false, 5, now));
  for (const int pause : {30, 60, 120, 240, 300, 300}) {
    EXPECT_EQ(breaker.Remaining(now), absl::Seconds(pause));
    EXPECT_FALSE(breaker.MayPass(now + absl::Seconds(pause - 1)));
    now += absl::Seconds(pause);
    ASSERT_TRUE(breaker.MayPass(now));
    EXPECT_TRUE(breaker.Pass());
    EXPECT_FALSE(breaker.MayPass(now)) << "one probe at a time";
    EXPECT_TRUE(breaker.Ended(EndpointHealth::kDenied, true, 0, now));
  }
}

TEST(BreakerTest, ProbeClosesItAndThePauseStartsAfresh) {
  Breaker breaker({});
  breaker.Ended(EndpointHealth::kDenied, false, 0, absl::ZeroDuration());
  breaker.Pass();
  EXPECT_FALSE(breaker.Ended(EndpointHealth::kAlive, true, 0, absl::Seconds(30)));
  EXPECT_FALSE(breaker.open());
  breaker.Ended(EndpointHealth::kDenied, false, 0, absl::Seconds(40));
  EXPECT_EQ(breaker.Remaining(absl::Seconds(40)), absl::Seconds(30));
}

TEST(BreakerTest, WhatWasSentBeforeItOpenedDoesNotCloseIt) {
  Breaker breaker({});
  breaker.Ended(EndpointHealth::kDenied, false, 0, absl::ZeroDuration());
  EXPECT_TRUE(breaker.Ended(EndpointHealth::kAlive, false, 0, absl::Seconds(1)));
  EXPECT_TRUE(breaker.open());
}

TEST(BreakerTest, AbandonedProbeLetsAnotherGo) {
  Breaker breaker({});
  breaker.Ended(EndpointHealth::kDenied, false, 0, absl::ZeroDuration());
  breaker.Pass();
  EXPECT_FALSE(breaker.MayPass(absl::Seconds(31)));
  breaker.Abandoned();
  EXPECT_TRUE(breaker.MayPass(absl::Seconds(31)));
}

TEST(BreakerTest, FailuresInARowOpenIt) {
  Breaker breaker({});
  for (int i = 0; i < 7; ++i)
    EXPECT_FALSE(breaker.Ended(EndpointHealth::kFailing, false, 0, absl::ZeroDuration()));
  EXPECT_TRUE(breaker.Ended(EndpointHealth::kFailing, false, 0, absl::ZeroDuration()));
}

TEST(BreakerTest, SuccessBetweenStartsTheRowAfresh) {
  Breaker breaker({});
  for (int i = 0; i < 100; ++i) {
    const EndpointHealth health = i % 8 == 7 ? EndpointHealth::kAlive : EndpointHealth::kFailing;
    EXPECT_FALSE(breaker.Ended(health, false, 0, absl::ZeroDuration()));
  }
}

TEST(BreakerTest, QuickFailuresBesideSlowCallsDoNotOpenIt) {
  Breaker breaker({});
  for (int i = 0; i < 20; ++i)
    EXPECT_FALSE(breaker.Ended(EndpointHealth::kFailing, false, 12, absl::ZeroDuration()));
}

TEST(BreakerTest, ThirdOfCallsFailingDoesNotOpenItWithFourInFlight) {
  std::mt19937 dice(1);
  Breaker breaker({});
  for (int i = 0; i < 100'000; ++i) {
    const bool fails = dice() % 10 < 3;
    ASSERT_FALSE(breaker.Ended(fails ? EndpointHealth::kFailing : EndpointHealth::kAlive, false, 3,
                               absl::ZeroDuration()))
        << i;
  }
}

TEST(ThrottleTest, HoldsAfterFourInARowAsLongAsTheLongestWasTold) {
  Throttle throttle;
  for (int i = 1; i <= 3; ++i) throttle.Told(absl::Seconds(10 * i));
  EXPECT_EQ(throttle.Remaining(absl::ZeroDuration()), absl::ZeroDuration());
  throttle.Answered();
  for (int i = 1; i <= 4; ++i) throttle.Told(absl::Seconds(10 * i));
  throttle.Told(absl::Seconds(5));
  EXPECT_EQ(throttle.Remaining(absl::Seconds(15)), absl::Seconds(25));
  EXPECT_EQ(throttle.Remaining(absl::Seconds(50)), absl::ZeroDuration());
}

TEST(PlanNextTryTest, FailuresBackOffWithFullJitterAndEnd) {
  CallVerdict verdict;
  verdict.next = Next::kRetry;
  Tries tries;
  for (const int most : {1, 2, 4, 8}) {
    Tries twin = tries;
    EXPECT_EQ(PlanNextTry(verdict, {}, absl::ZeroDuration(), 0, twin).after, absl::ZeroDuration());
    const NextTry next = PlanNextTry(verdict, {}, absl::ZeroDuration(), 0.5, tries);
    EXPECT_TRUE(next.again);
    EXPECT_EQ(next.after, absl::Seconds(most) / 2);
  }
  EXPECT_FALSE(PlanNextTry(verdict, {}, absl::ZeroDuration(), 0.5, tries).again);
}

TEST(PlanNextTryTest, WaitingAsToldUsesUpPatienceNotRetries) {
  CallVerdict verdict;
  verdict.next = Next::kWait;
  verdict.wait = absl::Minutes(2);
  Tries tries;
  absl::Duration now = absl::Seconds(5);
  int waits = 0;
  for (; PlanNextTry(verdict, {}, now, 0.5, tries).again; ++waits) now += absl::Minutes(2);
  EXPECT_EQ(waits, 5);  // ten minutes
  EXPECT_EQ(tries.failures, 0);
}

TEST(PlanNextTryTest, NothingSaidIsABackoff) {
  CallVerdict verdict;
  verdict.next = Next::kWait;
  Tries tries;
  EXPECT_EQ(PlanNextTry(verdict, {}, absl::ZeroDuration(), 0.5, tries).after, absl::Seconds(0.5));
  EXPECT_EQ(PlanNextTry(verdict, {}, absl::ZeroDuration(), 0.5, tries).after, absl::Seconds(1));
}

TEST(PlanNextTryTest, AtOnceIsBelievedThreeTimes) {
  CallVerdict verdict;
  verdict.next = Next::kWait;
  verdict.wait = absl::ZeroDuration();
  Tries tries;
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(PlanNextTry(verdict, {}, absl::ZeroDuration(), 0.5, tries).after, absl::ZeroDuration());
  EXPECT_EQ(PlanNextTry(verdict, {}, absl::ZeroDuration(), 0.5, tries).after, absl::Seconds(0.5));
}

TEST(PlanNextTryTest, LessOfAFormatIsAskedForAtOnce) {
  CallVerdict verdict;
  verdict.next = Next::kDowngrade;
  Tries tries;
  const NextTry next = PlanNextTry(verdict, {.retries = 0}, absl::ZeroDuration(), 0.5, tries);
  EXPECT_TRUE(next.again);
  EXPECT_EQ(next.after, absl::ZeroDuration());
}

}  // namespace
}  // namespace slowwave
