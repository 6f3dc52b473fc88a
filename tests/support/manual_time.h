// Time that stands still until the test moves it, and timers that go by it.
#ifndef SLOWWAVE_TESTS_SUPPORT_MANUAL_TIME_H_
#define SLOWWAVE_TESTS_SUPPORT_MANUAL_TIME_H_

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/time/civil_time.h"
#include "core/timer.h"

namespace slowwave {

// One thread.
class ManualTime {
 public:
  absl::Time Now() const { return start_ + elapsed_; }
  absl::Duration Elapsed() const { return elapsed_; }

  // Moves on by `by`, from timer to timer; `settle` is called after each and at the end.
  void Advance(absl::Duration by, const std::function<void()>& settle) {
    const absl::Duration target = elapsed_ + by;
    while (!pending_.empty() && pending_.begin()->first.first <= target) {
      const auto [due, timer] = *pending_.begin();
      pending_.erase(pending_.begin());
      elapsed_ = std::max(elapsed_, due.first);
      boost::asio::post(timer.strand, timer.then);
      settle();
    }
    elapsed_ = target;
    settle();
  }

  // `this` outlives what it makes.
  TimerFactory Timers() {
    return [this](const boost::asio::any_io_executor& strand) {
      return std::make_unique<OneTimer>(*this, strand);
    };
  }

 private:
  struct Pending {
    boost::asio::any_io_executor strand;
    std::function<void()> then;
  };
  using Due = std::pair<absl::Duration, int>;

  class OneTimer : public Timer {
   public:
    OneTimer(ManualTime& time, boost::asio::any_io_executor strand)
        : time_(time), strand_(std::move(strand)) {}
    ~OneTimer() override { Cancel(); }
    void Arm(absl::Duration after, std::function<void()> then) override {
      Cancel();
      due_ = Due(time_.elapsed_ + after, ++time_.armed_);
      time_.pending_[*due_] = {strand_, std::move(then)};
    }
    void Cancel() override {
      if (due_) time_.pending_.erase(*due_);
      due_.reset();
    }

   private:
    ManualTime& time_;
    const boost::asio::any_io_executor strand_;
    std::optional<Due> due_;
  };

  const absl::Time start_ = absl::FromCivil(absl::CivilDay(2024, 5, 1), absl::UTCTimeZone());
  absl::Duration elapsed_;
  int armed_ = 0;
  std::map<Due, Pending> pending_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_MANUAL_TIME_H_
