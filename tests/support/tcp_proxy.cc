#include "tests/support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace slowwave {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Connect(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(socket);
    return -1;
  }
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return socket;
}

bool WriteAll(int socket, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t written = send(socket, bytes, size, MSG_NOSIGNAL);
    if (written <= 0) return false;
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

}  // namespace

TcpProxy::TcpProxy(int server_port) : server_port_(server_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("proxy: cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Loop(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  thread_.join();
  for (const Link& link : links_) {
    close(link.client);
    close(link.server);
  }
  close(listener_);
}

void TcpProxy::CutAfterSending(const std::string& bytes) {
  cut_at_ = bytes;
  armed_ = true;
}

bool TcpProxy::Forward(Link& link, bool from_client) {
  char buffer[65536];
  const ssize_t got = recv(from_client ? link.client : link.server, buffer, sizeof(buffer), 0);
  if (got <= 0) return false;
  if (!from_client && link.doomed) {
    ++cuts_;
    return false;
  }
  if (from_client) {
    if (!link.client_spoke) ++round_trips_;
    link.client_spoke = true;
    link.recent.append(buffer, static_cast<size_t>(got));
    if (armed_ && link.recent.find(cut_at_) != std::string::npos) {
      armed_ = false;
      link.doomed = true;
    }
    if (link.recent.size() > 4096) link.recent.erase(0, link.recent.size() - 4096);
  } else {
    link.client_spoke = false;
  }
  return WriteAll(from_client ? link.server : link.client, buffer, static_cast<size_t>(got));
}

void TcpProxy::Loop() {
  while (!stopping_) {
    std::vector<pollfd> sockets = {{.fd = listener_, .events = POLLIN, .revents = 0}};
    for (const Link& link : links_) {
      for (int end : {link.client, link.server})
        sockets.push_back({.fd = end, .events = POLLIN, .revents = 0});
    }
    // What is not passed on is not read either: it stays where it is until the hole closes.
    const bool hole = black_hole_;
    poll(sockets.data(), hole ? 1 : sockets.size(), 5);
    if ((sockets[0].revents & POLLIN) != 0) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const int server = Connect(server_port_);
      if (server < 0) {
        close(client);
      } else {
        links_.push_back({.client = client, .server = server, .recent = {}});
      }
    }
    if (hole) continue;
    for (size_t i = sockets.size() - 1; i >= 1; --i) {
      if (sockets[i].revents == 0) continue;
      const size_t index = (i - 1) / 2;
      if (index >= links_.size()) continue;
      if (Forward(links_[index], i % 2 == 1)) continue;
      close(links_[index].client);
      close(links_[index].server);
      links_.erase(links_.begin() + static_cast<ptrdiff_t>(index));
      break;  // the numbers have moved
    }
  }
}

}  // namespace slowwave
