// Requests that come in while others of their tenant are on the wire, and then go together.
//
// A request that finds the line of its tenant empty is sent at once; nothing ever waits for a timer. The
// caller whose turn it is sends for all that wait behind it, on its own thread. Any thread.
#ifndef SLOWWAVE_STORAGE_POSTGRES_ENQUEUE_LINE_H_
#define SLOWWAVE_STORAGE_POSTGRES_ENQUEUE_LINE_H_

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/deadline.h"
#include "storage/store.h"

namespace slowwave::postgres {

class EnqueueLine {
 public:
  // Requests of one tenant: no user and no request_id is in it twice.
  using Batch = std::vector<const EnqueueRequest*>;
  // Parallel to a batch. Unset: that request has to go its own way.
  using Answers = std::vector<std::optional<EnqueueResult>>;
  using Send = std::function<absl::StatusOr<Answers>(const Batch&, Deadline deadline)>;

  // `send` is called without locks, once at a time for a tenant.
  explicit EnqueueLine(Send send) : send_(std::move(send)) {}

  // What the batch that took the request in was answered, by the deadline at the latest. Unset: the request
  // has to go its own way, for what the batch said, or since another one of its user or request_id was in it.
  // kUnavailable: the batch failed so, or there was no answer by the deadline; it may be in all the same.
  absl::StatusOr<std::optional<EnqueueResult>> Enqueue(const EnqueueRequest& request, Deadline deadline);

  // How many of the tenant's wait for their turn; for tests.
  size_t waiting(const std::string& tenant) const;

 private:
  // Shared with who sends it, as its caller may be gone by then.
  struct Place {
    EnqueueRequest request;
    SteadyCondVar changed;
    bool answered = false;
    absl::StatusOr<std::optional<EnqueueResult>> answer = std::nullopt;
  };
  struct Line {
    bool sending = false;
    std::deque<std::shared_ptr<Place>> waiting;
  };
  std::vector<std::shared_ptr<Place>> TakeFrom(Line& line, Batch& batch) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Nobody sends for it any more: the next may, or it goes.
  void Next(const std::string& tenant) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  static constexpr size_t kMaxBatch = 64;

  const Send send_;
  mutable absl::Mutex mu_;
  std::map<std::string, Line> lines_ ABSL_GUARDED_BY(mu_);  // by tenant, of those that have any
};

}  // namespace slowwave::postgres

#endif  // SLOWWAVE_STORAGE_POSTGRES_ENQUEUE_LINE_H_
