// When streams are ended, with time that the test moves.
#include "server/stream_timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"

namespace slowwave {
namespace {

using Kind = StreamTimers::Kind;

class StreamTimersTest : public testing::Test {
 protected:
  StreamTimers::End Note() {
    return [this](const absl::Status& why) { ended_.push_back(why.code()); };
  }
  std::vector<absl::StatusCode> After(absl::Duration by) {
    now_ += by;
    timers_.Check();
    return std::exchange(ended_, {});
  }

  absl::Duration now_ = absl::Hours(1);
  StreamTimers timers_{{.idle = absl::Seconds(10), .total = absl::Seconds(60)}, [this] { return now_; }};
  std::vector<absl::StatusCode> ended_;
};

constexpr auto kLate = absl::StatusCode::kDeadlineExceeded;
using Codes = std::vector<absl::StatusCode>;

TEST_F(StreamTimersTest, SilenceEndsAStreamThatTheClientSendsOnce) {
  const auto timer = timers_.Start(Kind::kRead, Note());
  EXPECT_EQ(After(absl::Seconds(9)), Codes());
  timer->Touch();
  EXPECT_EQ(After(absl::Seconds(9)), Codes());
  EXPECT_EQ(After(absl::Seconds(1)), Codes{kLate});
  EXPECT_EQ(After(absl::Seconds(100)), Codes());
}

TEST_F(StreamTimersTest, WhatTheServerSendsMayBeSilentButNotForEver) {
  const auto timer = timers_.Start(Kind::kWrite, Note());
  EXPECT_EQ(After(absl::Seconds(59)), Codes());
  EXPECT_EQ(After(absl::Seconds(1)), Codes{kLate});
}

TEST_F(StreamTimersTest, BusyStreamsEndInTheEndToo) {
  const auto timer = timers_.Start(Kind::kRead, Note());
  for (int i = 0; i < 59; ++i) {
    timer->Touch();
    EXPECT_EQ(After(absl::Seconds(1)), Codes());
  }
  timer->Touch();
  EXPECT_EQ(After(absl::Seconds(1)), Codes{kLate});
}

TEST_F(StreamTimersTest, ADrainingServerWaitsASecondForWhoeverIsSilent) {
  const auto silent = timers_.Start(Kind::kRead, Note()), busy = timers_.Start(Kind::kRead, Note()),
             read = timers_.Start(Kind::kWrite, Note());
  timers_.Drain();
  EXPECT_EQ(After(absl::Milliseconds(900)), Codes());
  busy->Touch();
  EXPECT_EQ(After(absl::Milliseconds(100)), Codes{absl::StatusCode::kUnavailable});
  EXPECT_EQ(After(absl::Milliseconds(899)), Codes());
  EXPECT_EQ(After(absl::Milliseconds(1)), Codes{absl::StatusCode::kUnavailable});
}

TEST_F(StreamTimersTest, SilenceDoesNotCountWhileTheClientMayNotSend) {
  const auto timer = timers_.Start(Kind::kRead, Note());
  timer->Hold();
  EXPECT_EQ(After(absl::Seconds(50)), Codes());
  timer->Touch();
  EXPECT_EQ(After(absl::Seconds(9)), Codes());
  EXPECT_EQ(After(absl::Seconds(1)), Codes{kLate});
}

TEST_F(StreamTimersTest, ARestEndsOnceWhenItsTimeHasCome) {
  int woken = 0;
  const auto timer = timers_.Start(Kind::kRead, Note(), [&] { ++woken; });
  timer->Hold();
  timer->RestFor(absl::Seconds(5));
  After(absl::Milliseconds(4999));
  EXPECT_EQ(woken, 0);
  After(absl::Milliseconds(1));
  EXPECT_EQ(woken, 1);
  After(absl::Seconds(10));
  EXPECT_EQ(woken, 1);
}

TEST_F(StreamTimersTest, NobodyRestsWhileTheServerDrains) {
  int woken = 0;
  const auto timer = timers_.Start(Kind::kRead, Note(), [&] { ++woken; });
  timer->Hold();
  timer->RestFor(absl::Hours(5));
  timers_.Drain();
  EXPECT_EQ(After(absl::ZeroDuration()), Codes());
  EXPECT_EQ(woken, 1);
}

TEST_F(StreamTimersTest, AStreamThatIsOverIsToldNothing) {
  timers_.Start(Kind::kRead, Note()).reset();
  EXPECT_EQ(After(absl::Hours(1)), Codes());
}

TEST_F(StreamTimersTest, LooksByItselfUntilItIsGone) {
  absl::Notification told;
  StreamTimers timers({.idle = absl::ZeroDuration(), .total = absl::Seconds(60)}, SystemSteadyClock());
  timers.Run();
  const auto timer = timers.Start(Kind::kRead, [&](const absl::Status&) { told.Notify(); });
  EXPECT_TRUE(told.WaitForNotificationWithTimeout(absl::Seconds(60)));
}

}  // namespace
}  // namespace slowwave
