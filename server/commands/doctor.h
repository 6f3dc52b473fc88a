// What `slowwave doctor` examines, one file a part. Each part looks at what the configuration names, as
// `serve` would meet it, and changes nothing.
#ifndef SLOWWAVE_SERVER_COMMANDS_DOCTOR_H_
#define SLOWWAVE_SERVER_COMMANDS_DOCTOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/config.h"

namespace slowwave {

enum class Level { kOk, kWarn, kFail };

struct Finding {
  Level level = Level::kOk;
  std::string check;   // a stable word: store, migrations, clock, ...
  std::string what;    // never a secret
  std::string advice;  // unless kOk: what to do about it
};

struct Examination {
  const Config& config;
  const std::map<std::string, std::string>& env;  // for the default data folder
  bool call_endpoint = false;                     // one real call, which may cost something
  int64_t min_free_bytes = 0;                     // of data_dir, for a warning
  std::function<void(Finding)> tell;

  void Ok(std::string check, std::string what) const {
    tell({Level::kOk, std::move(check), std::move(what), ""});
  }
  void Warn(std::string check, std::string what, std::string advice) const {
    tell({Level::kWarn, std::move(check), std::move(what), std::move(advice)});
  }
  void Fail(std::string check, std::string what, std::string advice) const {
    tell({Level::kFail, std::move(check), std::move(what), std::move(advice)});
  }
};

void ExamineStore(
    const Examination& e);  // store, migrations, clock, role, row_security, listen_url, data_dir
void ExamineFiles(const Examination& e);      // tls, tokens, keys
void ExamineEndpoints(const Examination& e);  // llm, embedding
void ExaminePorts(const Examination& e);      // listen, http_listen

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_DOCTOR_H_
