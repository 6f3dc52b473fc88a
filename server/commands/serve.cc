#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/failpoint.h"
#include "server/app.h"
#include "server/commands/commands.h"
#include "server/config.h"
#include "server/logging.h"

namespace slowwave {
namespace {

constexpr int kFailed = 1;
constexpr int kBadConfiguration = 2;

struct ServeFlags {
  std::string config_path;
  std::string ready_file;
  std::map<std::string, std::string> keys;
};

// Blocked before the first thread starts, so that all threads inherit it and only sigwait sees them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Not in the table of keys, nor in the help: only for the tests of this project.
absl::Status ArmFailpointsOf(const std::map<std::string, std::string>& env) {
  const auto specification = env.find("SLOWWAVE_FAILPOINTS");
  if (specification == env.end() || specification->second.empty()) return absl::OkStatus();
  if (absl::Status s = ArmFailpoints(specification->second); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("environment, SLOWWAVE_FAILPOINTS: ", s.message()));
  }
  spdlog::warn("THIS PROCESS WILL FAIL ON PURPOSE: SLOWWAVE_FAILPOINTS is {}", specification->second);
  return absl::OkStatus();
}

int Serve(const ServeFlags& flags, std::ostream& err) {
  const auto fail = [&](const absl::Status& status, int code) {
    err << "slowwave: " << status.message() << "\n";
    return code;
  };
  ConfigSources sources{flags.config_path, ProcessEnvironment(), flags.keys};
  if (sources.yaml_path.empty() && sources.env.contains("SLOWWAVE_CONFIG")) {
    sources.yaml_path = sources.env["SLOWWAVE_CONFIG"];
  }
  absl::StatusOr<Config> config = LoadConfig(sources);
  if (!config.ok()) return fail(config.status(), kBadConfiguration);
  SetUpLogging(config->log_level, config->log_format);
  if (absl::Status s = ArmFailpointsOf(sources.env); !s.ok()) return fail(s, kBadConfiguration);

  const sigset_t signals = BlockStopSignals();
  AppOptions options;
  options.config = *std::move(config);
  options.env = std::move(sources.env);
  absl::StatusOr<std::unique_ptr<App>> app = App::Create(std::move(options));
  if (!app.ok()) return fail(app.status(), kFailed);
  if (absl::Status status = (*app)->Start(); !status.ok()) return fail(status, kFailed);
  if (!flags.ready_file.empty()) {
    if (absl::Status status = (*app)->WriteReadyFile(flags.ready_file); !status.ok())
      return fail(status, kFailed);
  }

  int signal = 0;
  sigwait(&signals, &signal);
  // Whoever asks twice does not want to wait.
  std::thread([signals] {
    int again = 0;
    sigwait(&signals, &again);
    _exit(128 + again);
  }).detach();
  (*app)->Stop();
  return 0;
}

}  // namespace

void AddServe(CLI::App& root, CommandContext& context) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command =
      root.add_subcommand("serve", "Run the daemon; with no configuration: embedded, nothing needed");
  command->add_option("--config", flags->config_path, "YAML file; also SLOWWAVE_CONFIG")->type_name("FILE");
  command->add_option("--ready-file", flags->ready_file, "write the addresses there, as JSON, once it serves")
      ->type_name("FILE");
  AddConfigFlags(*command, flags->keys);
  command->footer(
      "Every VALUE is also a key of the YAML file (store.url) and a variable (SLOWWAVE_STORE_URL).");
  command->callback([flags, &context] { context.exit_code = Serve(*flags, context.err); });
}

}  // namespace slowwave
