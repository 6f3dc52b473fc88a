#include "server/periodic.h"

#include <gtest/gtest.h>

namespace slowwave {
namespace {

TEST(PeriodicTest, ActsAgainAndAgainUntilItIsStopped) {
  absl::Mutex mu;
  SteadyCondVar acted;
  int times = 0;
  Periodic periodic;
  periodic.Start(absl::Milliseconds(1), [&] {
    absl::MutexLock lock(&mu);
    ++times;
    acted.NotifyAll();
  });
  {
    absl::MutexLock lock(&mu);
    EXPECT_TRUE(acted.Await(mu, Deadline::After(absl::Minutes(2)), [&] { return times >= 3; }));
  }
  periodic.Stop();
  periodic.Stop();
  const int at_the_stop = times;  // its thread is gone
  EXPECT_GE(at_the_stop, 3);
}

TEST(PeriodicTest, IsStoppedWhileItWaits) {
  int times = 0;
  {
    Periodic periodic;
    periodic.Start(absl::Hours(1), [&] { ++times; });
  }
  EXPECT_EQ(times, 0);
}

TEST(PeriodicTest, MayBeStoppedBeforeItStarts) {
  Periodic periodic;
  periodic.Stop();
}

}  // namespace
}  // namespace slowwave
