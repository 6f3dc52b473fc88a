#include "core/timer.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace slowwave {
namespace {

class AsioTimer : public Timer {
 public:
  explicit AsioTimer(const boost::asio::any_io_executor& strand) : timer_(strand) {}

  void Arm(absl::Duration after, std::function<void()> then) override {
    timer_.expires_after(absl::ToChronoNanoseconds(after));
    // A handler that is on its way already cannot be called back, but it can be told apart.
    timer_.async_wait([current = ++*generation_, generation = generation_,
                       then = std::move(then)](const boost::system::error_code& error) {
      if (!error && *generation == current) then();
    });
  }

  void Cancel() override {
    ++*generation_;
    timer_.cancel();
  }

  ~AsioTimer() override { ++*generation_; }

 private:
  boost::asio::steady_timer timer_;
  const std::shared_ptr<uint64_t> generation_ = std::make_shared<uint64_t>(0);
};

}  // namespace

TimerFactory SystemTimers() {
  return [](const boost::asio::any_io_executor& strand) { return std::make_unique<AsioTimer>(strand); };
}

}  // namespace slowwave
