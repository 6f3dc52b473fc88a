// A proxy on loopback that stands between a client and a server and misbehaves when it is told to.
#ifndef SLOWWAVE_TESTS_SUPPORT_TCP_PROXY_H_
#define SLOWWAVE_TESTS_SUPPORT_TCP_PROXY_H_

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace slowwave {

// Any thread.
class TcpProxy {
 public:
  explicit TcpProxy(int server_port);
  ~TcpProxy();

  int port() const { return port_; }
  // Takes connections and bytes, and passes nothing on, in either direction.
  void BlackHole(bool on) { black_hole_ = on; }
  // The next time the client sends these bytes they reach the server, but its reply does not come back: the
  // connection is cut instead.
  void CutAfterSending(const std::string& bytes);
  int cuts() const { return cuts_; }
  // How often the server's answers ended and the client began to send again: round trips.
  int64_t round_trips() const { return round_trips_; }

 private:
  struct Link {
    int client = -1, server = -1;
    bool client_spoke = false;
    std::string recent;  // the end of what the client has sent
    bool doomed = false;
  };
  void Loop();
  // False: the link is over.
  bool Forward(Link& link, bool from_client);

  const int server_port_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false, black_hole_ = false, armed_ = false;
  std::atomic<int> cuts_ = 0;
  std::atomic<int64_t> round_trips_ = 0;
  std::string cut_at_;       // while armed_ is false only
  std::vector<Link> links_;  // the thread's
  std::thread thread_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_TCP_PROXY_H_
