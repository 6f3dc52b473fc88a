// How fast, how often and whether at all an endpoint is asked. Values and small state machines: time and
// chance come in from outside, and nothing here knows HTTP. One thread.
#ifndef SLOWWAVE_SERVER_LLM_LIMITS_H_
#define SLOWWAVE_SERVER_LLM_LIMITS_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"
#include "server/llm_wire.h"

namespace slowwave {

// So much a minute, at an even pace: at most six seconds' worth (or one) at once. What is dearer than that
// waits for a full bucket and leaves a debt. All times are of one steady clock.
class TokenBucket {
 public:
  // 0: no limit.
  explicit TokenBucket(double per_minute);
  // Until `amount` may be taken; zero: now.
  absl::Duration Wait(double amount, absl::Duration now);
  // Whatever is there. Negative gives back.
  void Take(double amount, absl::Duration now);

 private:
  void Refill(absl::Duration now);

  const double per_second_, capacity_;
  double level_;
  absl::Duration refilled_ = -absl::InfiniteDuration();
};

struct BreakerOptions {
  int failures = 8;
  absl::Duration first_pause = absl::Seconds(30), longest_pause = absl::Minutes(5);
};

// Closed: everything passes. Open: nothing does, until the pause is over; then one call does, the probe. If
// the endpoint is well, closed again; otherwise open for twice the pause.
class Breaker {
 public:
  explicit Breaker(BreakerOptions options) : options_(options) {}

  bool open() const { return open_; }
  // Until a probe may go; zero if closed.
  absl::Duration Remaining(absl::Duration now) const;
  bool MayPass(absl::Duration now) const { return !open_ || (!probing_ && now >= until_); }
  // A call goes out, which MayPass allowed. True: it is the probe, and its end is to be told as such.
  bool Pass();

  // How a call ended. `others`: calls still out, which may yet go well. Failures in a row open the breaker
  // when they are `failures` and two for each of `others` (so that quick failures beside slow successes do
  // not); a denial does at once. While it is open only the probe counts. True: it opened, or stayed open.
  bool Ended(EndpointHealth health, bool probe, int others, absl::Duration now);
  // The probe ended without telling anything; the next call may be one.
  void Abandoned() { probing_ = false; }

 private:
  void Open(absl::Duration now);

  const BreakerOptions options_;
  bool open_ = false, probing_ = false;
  int failures_ = 0;
  absl::Duration pause_, until_;
};

struct RetryLimits {
  int retries = 4;  // after failures; waiting as told, and asking with less of a format, are none
  absl::Duration patience = absl::Minutes(10);  // from the first time it was told to wait
  absl::Duration backoff = absl::Seconds(1), longest_backoff = absl::Seconds(60);
};

// Told to wait so many times in a row, with no answer in between, all of an endpoint's requests wait: it
// means whoever holds the key, not the one that was told.
class Throttle {
 public:
  void Answered() { in_a_row_ = 0; }
  void Told(absl::Duration until) {
    if (++in_a_row_ >= kInARow) until_ = std::max(until_, until);
  }
  // Zero: not held.
  absl::Duration Remaining(absl::Duration now) const { return std::max(absl::ZeroDuration(), until_ - now); }

 private:
  static constexpr int kInARow = 4;
  int in_a_row_ = 0;
  absl::Duration until_;
};

// What one request has been through.
struct Tries {
  int failures = 0;
  int rate_limits = 0;
  absl::Duration first_told = absl::InfiniteDuration();  // to wait; infinite: never
};

struct NextTry {
  bool again = false;
  absl::Duration after;  // if `again`
};

// Counts the verdict in `tries` and decides. `chance`: uniform in [0, 1). kDowngrade is asked again at once.
NextTry PlanNextTry(const CallVerdict& verdict, const RetryLimits& limits, absl::Duration now, double chance,
                    Tries& tries);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_LLM_LIMITS_H_
