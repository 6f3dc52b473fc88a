#include "storage/postgres/pool.h"

#include <algorithm>
#include <utility>

namespace slowwave::postgres {

Pool::Pool(std::string url, int size, absl::Duration connect_timeout, StoreObserver* observer)
    : url_(std::move(url)), size_(size), connect_timeout_(connect_timeout), observer_(observer) {}

void Pool::Tell() {
  if (observer_ == nullptr) return;
  const int idle = static_cast<int>(idle_.size());
  observer_->Connections(idle, open_ - idle);
}

void Pool::Dropped() {
  absl::MutexLock lock(&mu_);
  --open_;
  WakeNext();
  Tell();
}

bool Pool::Await(Deadline deadline) {
  if (waiting_.empty() && CanTake()) return true;
  SteadyCondVar mine;
  waiting_.push_back(&mine);
  const auto turn = [&]()
                        ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return waiting_.front() == &mine && CanTake(); };
  const bool had = mine.Await(mu_, deadline, turn);
  std::erase(waiting_, &mine);
  WakeNext();
  return had;
}

void Pool::WakeNext() {
  if (!waiting_.empty()) waiting_.front()->NotifyOne();
}

absl::StatusOr<std::unique_ptr<Connection>> Pool::Take(Deadline deadline) {
  std::unique_ptr<Connection> idle;
  {
    absl::MutexLock lock(&mu_);
    if (!Await(deadline)) {
      return absl::UnavailableError("all connections to the database are in use");
    }
    if (idle_.empty()) {
      ++open_;
    } else {
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    Tell();
  }
  if (idle != nullptr && idle->Fresh()) return idle;
  // In its place, if it was stale.
  idle.reset();
  absl::StatusOr<std::unique_ptr<Connection>> made =
      Connection::Open(url_, std::min(deadline, Deadline::After(connect_timeout_)));
  if (!made.ok()) Dropped();
  return made;
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  if (connection->broken() || connection->InTransaction()) {
    connection.reset();
    return Dropped();
  }
  absl::MutexLock lock(&mu_);
  idle_.push_back(std::move(connection));
  WakeNext();
  Tell();
}

}  // namespace slowwave::postgres
