#include "server/commands/doctor.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/output.h"

namespace slowwave {
namespace {

struct DoctorOptions {
  std::map<std::string, std::string> keys;
  std::string config_path;
  bool json = false, call_endpoint = false;
  int64_t min_free_mb = 1024;
};

const char* NameOf(Level level) {
  switch (level) {
    case Level::kOk:
      return "OK";
    case Level::kWarn:
      return "WARN";
    case Level::kFail:
      return "FAIL";
  }
  return "";
}

std::string Padded(const std::string& text, size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

void Print(const Finding& finding, bool json, std::ostream& out) {
  if (json) {
    const nlohmann::ordered_json line = {{"level", NameOf(finding.level)},
                                         {"check", finding.check},
                                         {"what", finding.what},
                                         {"advice", finding.advice}};
    out << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    out << Padded(NameOf(finding.level), 6) << Padded(finding.check, 14) << Printable(finding.what);
    if (!finding.advice.empty()) out << " -> " << Printable(finding.advice);
    out << "\n";
  }
  out.flush();  // some checks take seconds
}

absl::StatusOr<int> Examine(const DoctorOptions& o, CommandContext& context) {
  bool failed = false;
  const auto tell = [&](Finding finding) {
    failed |= finding.level == Level::kFail;
    Print(finding, o.json, context.out);
  };
  ConfigSources sources{o.config_path, ProcessEnvironment(), o.keys};
  if (sources.yaml_path.empty() && sources.env.contains("SLOWWAVE_CONFIG")) {
    sources.yaml_path = sources.env["SLOWWAVE_CONFIG"];
  }
  const absl::StatusOr<Config> config = LoadConfig(sources);
  if (!config.ok()) {
    tell({Level::kFail, "config", std::string(config.status().message()),
          "put it right first; nothing else was looked at"});
    return 1;
  }
  const Examination e{*config, sources.env, o.call_endpoint, o.min_free_mb << 20, tell};
  e.Ok("config", sources.yaml_path.empty() ? "of defaults, environment and flags"
                                           : absl::StrCat("of ", sources.yaml_path));
  ExamineStore(e);
  ExamineFiles(e);
  ExamineEndpoints(e);
  ExaminePorts(e);
  return failed ? 1 : 0;
}

}  // namespace

void AddDoctor(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<DoctorOptions>();
  CLI::App* command = root.add_subcommand(
      "doctor", "Look at all that `serve` would need, and say what is wrong and what to do about it");
  command->add_option("--config", o->config_path, "YAML file; also SLOWWAVE_CONFIG")->type_name("FILE");
  command->add_flag("--json", o->json, "Print one JSON object a finding: level, check, what, advice");
  command->add_flag(
      "--call-endpoint", o->call_endpoint,
      "Make one small call to each endpoint, which may cost something; else they are only asked "
      "for their models");
  command->add_option("--min-free-mb", o->min_free_mb, "Warn if data_dir has less room than this")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->capture_default_str()
      ->type_name("MB");
  AddConfigFlags(*command, o->keys);
  command->footer(
      "Takes the same configuration as `serve` and changes nothing, so it may run beside a daemon.\n"
      "Each line is OK, WARN or FAIL; the exit code is 1 if one is FAIL.\n"
      "Example: slowwave doctor --store-url postgres://slowwave_service@db/memory");
  OnChosen(*command, context, [o, &context] { return Examine(*o, context); });
}

}  // namespace slowwave
