// A few connections, made when they are needed. Any thread.
#ifndef SLOWWAVE_STORAGE_POSTGRES_POOL_H_
#define SLOWWAVE_STORAGE_POSTGRES_POOL_H_

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/deadline.h"
#include "storage/postgres/connection.h"
#include "storage/store_observer.h"

namespace slowwave::postgres {

class Pool {
 public:
  // `observer` outlives it, and hears how many connections there are; null: none.
  Pool(std::string url, int size, absl::Duration connect_timeout, StoreObserver* observer = nullptr);

  // The connection used last, a new one, or one that is returned: who waits longest is first. kUnavailable:
  // none by the deadline.
  absl::StatusOr<std::unique_ptr<Connection>> Take(Deadline deadline);
  // Broken ones are dropped, and so is one that is still in a transaction.
  void Return(std::unique_ptr<Connection> connection);

 private:
  bool CanTake() const ABSL_SHARED_LOCKS_REQUIRED(mu_) { return !idle_.empty() || open_ < size_; }
  // In turn; false: the deadline is over.
  bool Await(Deadline deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void WakeNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // One that was taken is gone.
  void Dropped();

  const std::string url_;
  const int size_;
  const absl::Duration connect_timeout_;
  StoreObserver* const observer_;
  absl::Mutex mu_;
  std::deque<SteadyCondVar*> waiting_ ABSL_GUARDED_BY(mu_);  // in the order they came
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mu_);
  int open_ ABSL_GUARDED_BY(mu_) = 0;  // idle or taken
};

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_POOL_H_
