// What a daemon in the test's process says over HTTP.
#ifndef SLOWWAVE_TESTS_SUPPORT_HTTP_GET_H_
#define SLOWWAVE_TESTS_SUPPORT_HTTP_GET_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "absl/strings/numbers.h"
#include "server/config.h"

namespace slowwave {

inline std::string HttpGet(const std::string& address, const std::string& path) {
  const absl::StatusOr<HostPort> at = ParseHostPort(address);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(at->port));
  inet_pton(AF_INET, at->host.c_str(), &to.sin_addr);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    close(fd);
    return "no connection";
  }
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = read(fd, buffer, sizeof(buffer))) > 0;) answer.append(buffer, static_cast<size_t>(n));
  close(fd);
  return answer;
}

// What the page says of one series, named as it is written there.
inline double MetricOf(const std::string& page, const std::string& series) {
  const size_t at = page.find("\n" + series + " ");
  double value = -1;
  if (at == std::string::npos ||
      !absl::SimpleAtod(page.substr(at + series.size() + 2, page.find('\n', at + 1) - at - series.size() - 2),
                        &value)) {
    ADD_FAILURE() << "no " << series;
  }
  return value;
}

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_HTTP_GET_H_
