// What a store tells of its own work, for metrics.
#ifndef SLOWWAVE_STORAGE_STORE_OBSERVER_H_
#define SLOWWAVE_STORAGE_STORE_OBSERVER_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/deadline.h"

namespace slowwave {

// Called from the threads that call the store, and from several at once; must not block.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  // One transaction is over, waits and further tries included. `operation` is one of a few dozen phrases,
  // such as 'claim tasks'. `trouble`: what the database or the way to it failed with; OK if it did its work,
  // whatever came of it (kNotFound is no trouble).
  virtual void Ended(std::string_view operation, absl::Duration took, const absl::Status& trouble) = 0;
  // So many connections are there now. Only of a store that has a pool of them.
  virtual void Connections(int idle, int in_use) = 0;
};

// Times one transaction and tells of it when it goes. `observer` may be null.
class ObservedCall {
 public:
  ObservedCall(StoreObserver* observer, std::string_view operation)
      : observer_(observer), operation_(operation) {}
  ~ObservedCall() {
    if (observer_ != nullptr) observer_->Ended(operation_, watch_.elapsed(), trouble_);
  }
  ObservedCall(const ObservedCall&) = delete;
  ObservedCall& operator=(const ObservedCall&) = delete;
  void Fail(const absl::Status& trouble) { trouble_ = trouble; }

 private:
  StoreObserver* const observer_;
  const std::string_view operation_;
  const Stopwatch watch_;
  absl::Status trouble_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_STORE_OBSERVER_H_
