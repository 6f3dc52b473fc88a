#include "server/stream_timers.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

constexpr absl::Duration kIdleWhileDraining = absl::Seconds(1);
constexpr absl::Duration kLook = absl::Milliseconds(200);

}  // namespace

StreamTimers::Timer::~Timer() {
  absl::MutexLock lock(&owner_.mu_);
  owner_.open_.erase(entry_);
}

void StreamTimers::Timer::Hold() { entry_->touched = std::numeric_limits<int64_t>::max(); }

void StreamTimers::Timer::RestFor(absl::Duration rest) {
  entry_->wake_at = absl::ToInt64Nanoseconds(owner_.clock_() + rest);
}

void StreamTimers::Timer::Touch() { entry_->touched = absl::ToInt64Nanoseconds(owner_.clock_()); }

std::unique_ptr<StreamTimers::Timer> StreamTimers::Start(Kind kind, End end, Wake wake) {
  const absl::Duration now = clock_();
  absl::MutexLock lock(&mu_);
  Entry& entry = open_.emplace_front();
  entry.kind = kind;
  entry.end = std::move(end);
  entry.wake = std::move(wake);
  entry.begun = now;
  entry.touched = absl::ToInt64Nanoseconds(now);
  return std::unique_ptr<Timer>(new Timer(*this, open_.begin()));
}

void StreamTimers::Check() {
  const absl::Duration now = clock_();
  absl::MutexLock lock(&mu_);
  const absl::Duration idle = draining_ ? std::min(limits_.idle, kIdleWhileDraining) : limits_.idle;
  for (Entry& entry : open_) {
    if (entry.told) continue;
    int64_t wake_at = entry.wake_at;
    if (wake_at != 0 && (draining_ || now >= absl::Nanoseconds(wake_at)) &&
        entry.wake_at.compare_exchange_strong(wake_at, 0)) {
      entry.wake();
    }
    absl::Status why;
    if (now - entry.begun >= limits_.total) {
      why = absl::DeadlineExceededError(
          absl::StrCat("a stream may take ", absl::FormatDuration(limits_.total), "; begin another"));
    } else if (entry.kind == Kind::kRead && now - absl::Nanoseconds(entry.touched.load()) >= idle) {
      why = draining_
                ? absl::UnavailableError("the server is draining; try again")
                : absl::DeadlineExceededError(absl::StrCat(
                      "nothing came for ", absl::FormatDuration(limits_.idle), "; what came before is kept"));
    }
    if (why.ok()) continue;
    entry.told = true;
    entry.end(why);
  }
}

void StreamTimers::Drain() {
  absl::MutexLock lock(&mu_);
  draining_ = true;
}

void StreamTimers::Run() {
  checks_.Start(kLook, [this] { Check(); });
}

}  // namespace slowwave
