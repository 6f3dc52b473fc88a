// Memory for what client streams have sent and is not stored yet: one budget for all of them.
#ifndef SLOWWAVE_SERVER_STREAM_BUDGET_H_
#define SLOWWAVE_SERVER_STREAM_BUDGET_H_

#include <cstddef>
#include <deque>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace slowwave {

// Any thread. Outlives whoever waits.
class StreamBudget {
 public:
  // Told that it has been given what it waits for. Must not block, or call in here.
  using Given = std::function<void()>;

  explicit StreamBudget(size_t bytes) : bytes_(bytes) {}

  // True: `who` has them. False: it waits its turn, and is told, once, by whoever gives some back. What is
  // larger than all there is has its turn when nobody else has any.
  [[nodiscard]] bool Take(size_t bytes, const void* who, Given given);
  void Return(size_t bytes);
  // `who` waits no longer. Once this returns it is told nothing any more.
  void Leave(const void* who);

  size_t used() const;
  size_t waiting() const;  // how many wait

 private:
  struct Waiting {
    size_t bytes;
    const void* who;
    Given given;
  };
  bool Fits(size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void GiveOut() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t bytes_;
  mutable absl::Mutex mu_;
  size_t used_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_STREAM_BUDGET_H_
