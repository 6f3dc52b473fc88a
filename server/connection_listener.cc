#include "server/connection_listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace slowwave {
namespace {

// Without descriptors or memory accept() fails at once, again and again.
constexpr int kPauseMs = 100;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

void SetPort(sockaddr* address, int port) {
  const in_port_t value = htons(static_cast<in_port_t>(port));
  if (address->sa_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = value;
  } else {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = value;
  }
}

int PortOf(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return 0;
  // Both kinds have it in the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
}

// -1: it cannot be had.
int ListenOn(const addrinfo& address) {
  const int made = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made < 0) return -1;
  const int yes = 1, no = 0;
  // A port of which connections linger can be had at once; [::] is for IPv4 too, as gRPC has it.
  setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (address.ai_family == AF_INET6) setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  if (bind(made, address.ai_addr, address.ai_addrlen) != 0 || listen(made, SOMAXCONN) != 0) {
    close(made);
    return -1;
  }
  return made;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConnectionListener>> ConnectionListener::Open(const HostPort& address,
                                                                             int max_connections) {
  absl::string_view host = address.host;
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  const absl::Status taken =
      absl::UnavailableError(absl::StrCat("listen: cannot listen on ", address.host, ":", address.port));
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  if (getaddrinfo(std::string(host).c_str(), "0", &wanted, &list) != 0) return taken;
  const Addresses addresses(list, freeaddrinfo);

  std::unique_ptr<ConnectionListener> made(new ConnectionListener(max_connections));
  made->port_ = address.port;
  for (addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    SetPort(one->ai_addr, made->port_);
    const int listening = ListenOn(*one);
    if (listening >= 0) {
      made->listening_.push_back(listening);
      made->port_ = PortOf(listening);
    } else if (errno == EADDRINUSE) {
      return taken;  // half of a name's addresses would be another's
    }
  }
  made->wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made->listening_.empty() || made->wake_ < 0) return taken;
  return made;
}

ConnectionListener::~ConnectionListener() {
  Stop();
  for (const int listening : listening_) close(listening);
  if (wake_ >= 0) close(wake_);
}

void ConnectionListener::Run(Take take) {
  thread_ = std::thread([this, take = std::move(take)] { Loop(take); });
}

void ConnectionListener::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  while (write(wake_, &one, sizeof(one)) < 0 && errno == EINTR) continue;
  thread_.join();
  // Whoever waits in the queue learns now that nobody comes.
  for (const int listening : listening_) close(listening);
  listening_.clear();
}

void ConnectionListener::HangUp() {
  for (const Handed& one : open_) {
    if (IsOpen(one)) shutdown(one.socket, SHUT_RDWR);
  }
  open_.clear();
}

bool ConnectionListener::IsOpen(const Handed& one) {
  struct stat self {};
  return fstat(one.socket, &self) == 0 && self.st_ino == one.inode;
}

void ConnectionListener::Loop(const Take& take) {
  std::vector<pollfd> polled;
  for (const int listening : listening_) polled.push_back({.fd = listening, .events = POLLIN, .revents = 0});
  polled.push_back({.fd = wake_, .events = POLLIN, .revents = 0});
  while (true) {
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
      spdlog::error("listen: cannot wait for connections: errno {}", errno);
      return;
    }
    if (polled.back().revents != 0) return;
    for (const int listening : listening_) {
      while (AcceptOne(listening, take)) continue;
    }
  }
}

bool ConnectionListener::AcceptOne(int listening, const Take& take) {
  const int accepted = accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted < 0) {
    if (errno == EINTR || errno == ECONNABORTED) return true;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      spdlog::error("listen: no room for another connection: errno {}", errno);
      pollfd woken{.fd = wake_, .events = POLLIN, .revents = 0};
      poll(&woken, 1, kPauseMs);
    }
    return false;
  }
  struct stat self {};
  if (open_.size() >= max_connections_) {
    std::erase_if(open_, [](const Handed& one) { return !IsOpen(one); });
  }
  if (open_.size() >= max_connections_ || fstat(accepted, &self) != 0) {
    close(accepted);
    return true;
  }
  const int yes = 1;
  setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  open_.push_back({accepted, self.st_ino});
  take(accepted);
  return true;
}

}  // namespace slowwave
