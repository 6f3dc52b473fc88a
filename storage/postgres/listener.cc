#include "storage/postgres/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "storage/postgres/connection.h"

namespace slowwave::postgres {
namespace {

constexpr absl::Duration kConnect = absl::Seconds(3);
constexpr absl::Duration kCall = absl::Seconds(5);
constexpr int kReconnectMilliseconds = 2000;
constexpr int kQuietMilliseconds = 100;  // between two announcements
constexpr std::string_view kListen = "LISTEN slowwave_work";
constexpr std::string_view kNotify = "NOTIFY slowwave_work";

}  // namespace

Listener::Listener(std::string url) : url_(std::move(url)) {}

Listener::~Listener() { Stop(); }

void Listener::Start(std::function<void()> wake) {
  Stop();
  if (url_.empty() || wake == nullptr || pipe2(wake_pipe_, O_CLOEXEC | O_NONBLOCK) != 0) return;
  wake_ = std::move(wake);
  {
    absl::MutexLock lock(&mu_);
    stopping_ = announce_ = false;
  }
  thread_ = std::thread([this] { Loop(); });
}

void Listener::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  if (thread_.joinable()) {
    const ssize_t written = write(wake_pipe_[1], "s", 1);
    static_cast<void>(written);  // full: it is about to be read
    thread_.join();
  }
  for (int& end : wake_pipe_) {
    if (end >= 0) close(end);
    end = -1;
  }
}

void Listener::Announce() {
  absl::MutexLock lock(&mu_);
  if (stopping_ || announce_) return;
  announce_ = true;
  const ssize_t written = write(wake_pipe_[1], "a", 1);
  static_cast<void>(written);
}

void Listener::Loop() {
  std::unique_ptr<Connection> connection;
  const auto wait = [&](int milliseconds) {
    pollfd sockets[2] = {
        {.fd = wake_pipe_[0], .events = POLLIN, .revents = 0},
        {.fd = connection ? PQsocket(connection->handle()) : -1, .events = POLLIN, .revents = 0}};
    poll(sockets, 2, milliseconds);
    char byte = 0;
    while (read(wake_pipe_[0], &byte, 1) == 1) {
    }
  };
  while (!stopping()) {
    if (connection == nullptr) {
      absl::StatusOr<std::unique_ptr<Connection>> made = Connection::Open(url_, Deadline::After(kConnect));
      std::vector<Result> results;
      if (made.ok() && (*made)->Run({{kListen, Parameters()}}, Deadline::After(kCall), results).status.ok()) {
        connection = *std::move(made);
        wake_();  // something may have come while nobody listened
      } else {
        wait(kReconnectMilliseconds);
        continue;
      }
    }
    wait(-1);
    if (stopping()) return;
    bool announce = false;
    {
      absl::MutexLock lock(&mu_);
      announce = std::exchange(announce_, false);
    }
    if (announce) {
      std::vector<Result> results;
      connection->Run({{kNotify, Parameters()}}, Deadline::After(kCall), results);
    }
    if (connection->broken() || PQconsumeInput(connection->handle()) != 1) {
      connection.reset();
      continue;
    }
    bool work = false;
    const int self = PQbackendPID(connection->handle());
    while (PGnotify* note = PQnotifies(connection->handle())) {
      work |= note->be_pid != self;
      PQfreemem(note);
    }
    if (work) wake_();
    if (announce) {
      pollfd pipe{.fd = -1, .events = 0, .revents = 0};
      poll(&pipe, 1, kQuietMilliseconds);
    }
  }
}

}  // namespace slowwave::postgres
