#include "storage/deadline.h"

#include <gtest/gtest.h>

#include <thread>

namespace slowwave {
namespace {

constexpr absl::Duration kLong = absl::Minutes(2);

TEST(DeadlineTest, KnowsWhatIsLeft) {
  const Deadline later = Deadline::After(kLong), past = Deadline::After(-absl::Seconds(1));
  EXPECT_FALSE(later.over());
  EXPECT_LE(later.left(), kLong);
  EXPECT_GT(later.left(), absl::ZeroDuration());
  EXPECT_TRUE(past.over());
  EXPECT_LE(past.left(), -absl::Seconds(1));
  EXPECT_LT(past, later);
  EXPECT_TRUE(Deadline::After(absl::ZeroDuration()).over());
}

TEST(DeadlineTest, IsAYearAwayAtMost) {
  EXPECT_GT(Deadline::After(absl::InfiniteDuration()).left(), absl::Hours(24 * 364));
  EXPECT_LE(Deadline::After(absl::InfiniteDuration()).left(), absl::Hours(24 * 365));
  EXPECT_TRUE(Deadline::After(-absl::InfiniteDuration()).over());
}

TEST(StopwatchTest, Ascends) {
  const Stopwatch watch;
  const absl::Duration first = watch.elapsed();
  EXPECT_GE(first, absl::ZeroDuration());
  EXPECT_GE(watch.elapsed(), first);
}

TEST(SteadyCondVarTest, WaitsForWhatAnotherThreadDoesWhileTheMutexIsFree) {
  absl::Mutex mu;
  SteadyCondVar changed;
  bool asked = false, done = false;
  std::thread other([&] {
    absl::MutexLock lock(&mu);
    EXPECT_TRUE(changed.Await(mu, Deadline::After(kLong), [&] { return asked; }));
    done = true;
    changed.NotifyAll();
  });
  {
    absl::MutexLock lock(&mu);
    asked = true;
    changed.NotifyAll();
    EXPECT_TRUE(changed.Await(mu, Deadline::After(kLong), [&] { return done; }));
  }
  other.join();
}

TEST(SteadyCondVarTest, EndsAtTheDeadline) {
  absl::Mutex mu;
  SteadyCondVar changed;
  absl::MutexLock lock(&mu);
  const Stopwatch watch;
  EXPECT_FALSE(changed.Await(mu, Deadline::After(absl::Milliseconds(5)), [] { return false; }));
  EXPECT_GE(watch.elapsed(), absl::Milliseconds(5));
  mu.AssertHeld();
}

TEST(SteadyCondVarTest, LooksOnceMoreWhenTheDeadlineIsOver) {
  absl::Mutex mu;
  SteadyCondVar changed;
  absl::MutexLock lock(&mu);
  int looks = 0;
  EXPECT_TRUE(changed.Await(mu, Deadline::After(-absl::Seconds(1)), [&] { return ++looks == 2; }));
  EXPECT_TRUE(changed.Await(mu, Deadline::After(-absl::Seconds(1)), [] { return true; }));
}

}  // namespace
}  // namespace slowwave
