// Ends streams that say nothing, or go on for ever.
#ifndef SLOWWAVE_SERVER_STREAM_TIMERS_H_
#define SLOWWAVE_SERVER_STREAM_TIMERS_H_

#include <atomic>
#include <functional>
#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/clock.h"
#include "server/periodic.h"

namespace slowwave {

struct StreamLimits {
  absl::Duration idle = absl::InfiniteDuration();   // how long nothing may come
  absl::Duration total = absl::InfiniteDuration();  // how long a stream may take altogether
};

// Any thread. Outlives its timers.
class StreamTimers {
  struct Entry;

 public:
  // Told once, and from another thread, that the stream is to end, and why: DeadlineExceeded, or Unavailable
  // if the server drains. It must not block, and not end the timer that it is of.
  using End = std::function<void(const absl::Status& why)>;
  // Told, likewise, that a rest is over.
  using Wake = std::function<void()>;
  enum class Kind {
    kRead,   // the client sends; silence counts while it may
    kWrite,  // only the total counts
  };

  // A stream's. Once it is destroyed nobody is told anything any more.
  class Timer {
   public:
    ~Timer();
    // The client may send (again), or something came.
    void Touch();
    // It may not until the next Touch: its silence is our doing.
    void Hold();
    // `wake` is called when this has passed, or as soon as the server drains. Takes no lock.
    void RestFor(absl::Duration rest);

   private:
    friend class StreamTimers;
    Timer(StreamTimers& owner, std::list<Entry>::iterator entry) : owner_(owner), entry_(entry) {}
    StreamTimers& owner_;
    const std::list<Entry>::iterator entry_;
  };

  StreamTimers(StreamLimits limits, SteadyClock clock) : limits_(limits), clock_(std::move(clock)) {}

  std::unique_ptr<Timer> Start(Kind kind, End end, Wake wake = nullptr);
  // Ends those whose time has come.
  void Check();
  // From now on a second of silence is enough: the server wants to go, and whoever is in the middle of
  // sending goes on.
  void Drain();
  // Checks by itself, a few times a second, until destroyed.
  void Run();

 private:
  struct Entry {
    Kind kind;
    End end;
    Wake wake;
    absl::Duration begun;
    std::atomic<int64_t> touched;      // nanoseconds
    std::atomic<int64_t> wake_at = 0;  // nanoseconds; 0: it does not rest
    bool told = false;                 // under mu_
  };

  const StreamLimits limits_;
  const SteadyClock clock_;
  absl::Mutex mu_;
  std::list<Entry> open_ ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  Periodic checks_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_STREAM_TIMERS_H_
