// Listens and accepts for gRPC, whose release here has no bound on how many connections there may be.
#ifndef SLOWWAVE_SERVER_CONNECTION_LISTENER_H_
#define SLOWWAVE_SERVER_CONNECTION_LISTENER_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace slowwave {

class ConnectionListener {
 public:
  // Takes a connected socket over, and closes it in the end.
  using Take = std::function<void(int socket)>;

  // Listens on all addresses of the host, and on one port. Nothing is accepted yet. Unavailable: it cannot be
  // had.
  static absl::StatusOr<std::unique_ptr<ConnectionListener>> Open(const HostPort& address,
                                                                  int max_connections);
  // Stops.
  ~ConnectionListener();

  // Accepts from now on, on a thread of its own. What comes while `max_connections` are open is closed at
  // once: whoever is served goes on, and whoever is not learns it without waiting.
  void Run(Take take);
  // Accepts no more; connections stay. Idempotent.
  void Stop();
  // After Stop: ends every connection, once what is on its way has been sent.
  void HangUp();
  int port() const { return port_; }

 private:
  // A connection that was handed over is over when its descriptor is closed, or is by now something else's.
  struct Handed {
    int socket;
    ino_t inode;
  };
  explicit ConnectionListener(int max_connections) : max_connections_(static_cast<size_t>(max_connections)) {}
  void Loop(const Take& take);
  static bool IsOpen(const Handed& one);
  // False: nobody waits, or nobody can be taken now.
  bool AcceptOne(int listening, const Take& take);

  const size_t max_connections_;
  std::vector<int> listening_;
  int port_ = 0;
  int wake_ = -1;
  std::vector<Handed> open_;  // the thread's, as long as it runs
  std::thread thread_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_CONNECTION_LISTENER_H_
