// What both services work with.
#ifndef SLOWWAVE_SERVER_SERVICE_ENV_H_
#define SLOWWAVE_SERVER_SERVICE_ENV_H_

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "core/engine.h"
#include "storage/store.h"

namespace slowwave {

// All of it outlives the services and may be used from any thread.
struct ServiceEnv {
  Store& store;
  Engine& engine;
  std::function<absl::Time()> now;
  std::function<std::string()> make_id;  // a new UUID
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_SERVICE_ENV_H_
