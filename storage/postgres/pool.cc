#include "storage/postgres/pool.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace slowwave::postgres {

Pool::Pool(std::string url, int size, absl::Duration connect_timeout)
    : url_(std::move(url)), size_(size), connect_timeout_(connect_timeout) {}

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
        break;
      }
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    if (idle->Fresh()) return idle;
    idle.reset();
    absl::MutexLock lock(&mu_);
    --open_;
  }
  absl::StatusOr<std::unique_ptr<Connection>> made =
      Connection::Open(url_, std::min(deadline, absl::Now() + connect_timeout_));
  if (!made.ok()) {
    absl::MutexLock lock(&mu_);
    --open_;
  }
  return made;
}

void Pool::Return(std::unique_ptr<Connection> connection) {
  if (connection->broken() || connection->InTransaction()) connection.reset();
  absl::MutexLock lock(&mu_);
  if (connection == nullptr) {
    --open_;
  } else {
    idle_.push_back(std::move(connection));
  }
}

}  // namespace slowwave::postgres
