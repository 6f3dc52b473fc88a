// The daemon as an object: store, engine, services, sockets. Tests build it in process.
#ifndef SLOWWAVE_SERVER_APP_H_
#define SLOWWAVE_SERVER_APP_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/clock.h"
#include "server/config.h"
#include "storage/store.h"

namespace slowwave {

struct AppOptions {
  Config config;
  std::map<std::string, std::string> env;  // for the default data folder
  Clock now = SystemClock();
  std::unique_ptr<Store> store;  // tests; else opened as `config` says
};

class App {
 public:
  // Opens the store and builds everything; nothing runs or listens yet. Errors say what could not be had and
  // where.
  static absl::StatusOr<std::unique_ptr<App>> Create(AppOptions options);
  // Stops.
  ~App();

  // Begins to work and to serve. kUnavailable: an address is taken.
  absl::Status Start();
  // Not ready; new calls are UNAVAILABLE; calls and runs under way end, within shutdown.seconds; what is left
  // of them is cancelled or handed back. Idempotent, and safe before Start.
  void Stop();

  // host:port, once started. `http_listen` is empty if there is none.
  const std::string& listen() const;
  const std::string& http_listen() const;
  // {"listen": ..., "http_listen": ...}, written beside `path` and renamed, so that a reader sees all or
  // nothing.
  absl::Status WriteReadyFile(const std::string& path) const;
  Store& store();

 private:
  struct Impl;
  explicit App(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_APP_H_
