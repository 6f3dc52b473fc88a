#include "server/executor.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "server/call_gate.h"

namespace slowwave {
namespace {

TEST(ExecutorTest, RefusesWhatIsOverItsBoundButNotWhatIsUnderWay) {
  Executor executor(1, 2);
  absl::Notification started, go;
  ASSERT_TRUE(executor.TrySubmit([&] {
    started.Notify();
    go.WaitForNotification();
  }));
  started.WaitForNotification();
  std::atomic<int> ran = 0;
  EXPECT_TRUE(executor.TrySubmit([&] { ++ran; }));
  EXPECT_TRUE(executor.TrySubmit([&] { ++ran; }));
  EXPECT_FALSE(executor.TrySubmit([&] { ++ran; }));
  executor.Submit([&] { ++ran; });
  go.Notify();
  executor.Stop();
  EXPECT_EQ(ran, 3);
}

TEST(ExecutorTest, OneTenantTakesNoMoreThanHalfOfTheRoom) {
  Executor executor(1, 4);
  absl::Notification started, go, went;
  ASSERT_TRUE(executor.TrySubmit([&] {
    started.Notify();
    go.WaitForNotification();
  }));
  started.WaitForNotification();
  std::atomic<int> ran = 0;
  const auto submit = [&](const std::string& of) { return executor.TrySubmit([&] { ++ran; }, of); };
  EXPECT_TRUE(submit("loud"));
  EXPECT_TRUE(submit("loud"));
  EXPECT_FALSE(submit("loud"));
  EXPECT_TRUE(submit("quiet"));
  EXPECT_TRUE(submit(""));
  EXPECT_FALSE(submit("quiet")) << "all is taken";
  executor.Submit([&] { went.Notify(); });
  go.Notify();
  went.WaitForNotification();
  EXPECT_EQ(ran, 4);
  EXPECT_TRUE(submit("loud")) << "what has run takes no room";
}

TEST(ExecutorTest, StopRunsWhatWaitsAndIsIdempotent) {
  Executor executor(2, 100);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(executor.TrySubmit([&] { ++ran; }));
  executor.Stop();
  executor.Stop();
  EXPECT_EQ(ran, 50);
  EXPECT_FALSE(executor.TrySubmit([&] { ++ran; }));
}

TEST(CallGateTest, ClosedGateLetsNobodyInAndWaitsForThoseInside) {
  CallGate gate;
  CallGate::Pass pass = gate.Enter();
  ASSERT_NE(pass, nullptr);
  gate.Close();
  EXPECT_EQ(gate.Enter(), nullptr);
  EXPECT_FALSE(gate.WaitIdle(absl::ZeroDuration()));
  pass.reset();
  EXPECT_TRUE(gate.WaitIdle(absl::ZeroDuration()));
}

}  // namespace
}  // namespace slowwave
