#include "server/store_watch.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "storage/operator_detail.h"

namespace slowwave {

StoreWatch::StoreWatch(std::function<absl::Status()> ping, absl::Duration every)
    : ping_(std::move(ping)), every_(every) {}

StoreWatch::~StoreWatch() { Stop(); }

void StoreWatch::Start(std::function<void(bool)> changed) {
  changed_ = std::move(changed);
  const absl::Status first = ping_();
  {
    absl::MutexLock lock(&mu_);
    status_ = first;
  }
  if (!first.ok()) spdlog::warn("the store does not answer: {}", MessageForOperator(first));
  changed_(first.ok());
  looks_.Start(every_, [this] { Look(); });
}

void StoreWatch::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  looks_.Stop();
}

absl::Status StoreWatch::status() const {
  absl::MutexLock lock(&mu_);
  return status_;
}

void StoreWatch::Look() {
  const absl::Status now = ping_();
  bool was_fine = false;
  {
    absl::MutexLock lock(&mu_);
    if (stopping_) return;
    was_fine = status_.ok();
    status_ = now;
  }
  if (now.ok() == was_fine) return;
  if (now.ok()) {
    spdlog::info("the store answers again");
  } else {
    spdlog::warn("the store does not answer: {}: {}", absl::StatusCodeToString(now.code()),
                 MessageForOperator(now));
  }
  changed_(now.ok());
}

}  // namespace slowwave
