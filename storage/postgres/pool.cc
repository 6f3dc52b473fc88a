#include "storage/postgres/pool.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

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
  Tell();
}

absl::StatusOr<std::unique_ptr<Connection>> Pool::Take(absl::Time deadline) {
  while (true) {
    std::unique_ptr<Connection> idle;
    {
      absl::MutexLock lock(&mu_);
      if (!mu_.AwaitWithDeadline(absl::Condition(this, &Pool::CanTake), deadline)) {
        return absl::UnavailableError("all connections to the database are in use");
      }
      if (idle_.empty()) {
        ++open_;
        Tell();
        break;
      }
      idle = std::move(idle_.back());
      idle_.pop_back();
      Tell();
    }
    if (idle->Fresh()) return idle;
    idle.reset();
    Dropped();
  }
  absl::StatusOr<std::unique_ptr<Connection>> made =
      Connection::Open(url_, std::min(deadline, absl::Now() + connect_timeout_));
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
  Tell();
}

}  // namespace slowwave::postgres
