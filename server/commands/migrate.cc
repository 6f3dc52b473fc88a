#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/output.h"
#include "server/config.h"
#include "server/jsonl.h"
#include "storage/migrator.h"
#include "storage/operator_detail.h"
#include "storage/postgres/postgres_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace slowwave {
namespace {

struct MigrateOptions {
  std::map<std::string, std::string> keys;
  std::string config_path;
  bool json = false;
};

// The store that the configuration names, and what it is called in messages.
struct Target {
  bool postgres = false;
  std::string where;  // a path or a URL
  std::string shown;
};

absl::StatusOr<Target> TargetOf(const MigrateOptions& o) {
  ConfigSources sources{o.config_path, ProcessEnvironment(), o.keys};
  if (sources.yaml_path.empty() && sources.env.contains("SLOWWAVE_CONFIG")) {
    sources.yaml_path = sources.env["SLOWWAVE_CONFIG"];
  }
  absl::StatusOr<Config> config = LoadConfig(sources);
  if (!config.ok()) return config.status();
  if (NamesPostgres(*config)) return Target{true, config->store_url, RedactPostgresUrl(config->store_url)};
  absl::StatusOr<std::string> path = StorePath(*config, sources.env);
  if (!path.ok()) return path.status();
  return Target{false, *path, *path};
}

absl::Status Apply(const Target& target) {
  return target.postgres ? PostgresMigrate(target.where).status() : SqliteMigrate(target.where);
}

absl::StatusOr<MigrationStatus> StatusOf(const Target& target) {
  return target.postgres ? PostgresMigrationStatus(target.where) : SqliteMigrationStatus(target.where);
}

void Show(const std::string& path, const MigrationStatus& status, const MigrateOptions& o,
          CommandContext& context) {
  Table table(2);
  for (const MigrationState& m : status.migrations) {
    const std::string applied = m.applied_at ? FormatTimestamp(*m.applied_at) : "";
    if (o.json) {
      const nlohmann::ordered_json line = {
          {"version", m.version}, {"name", m.name}, {"appliedAt", applied}, {"problem", m.problem}};
      context.out << line.dump() << "\n";
    } else {
      table.Row({absl::StrCat(m.version), m.name,
                 applied.empty() ? "outstanding" : absl::StrCat("applied ", applied), m.problem});
    }
  }
  if (o.json) return;
  context.out << path << ": " << status.applied << " applied, " << status.outstanding << " outstanding\n"
              << table.Text();
}

absl::Status ForOperator(const absl::Status& status) {
  return absl::Status(status.code(), MessageForOperator(status));
}

enum class Action { kUp, kStatus, kValidate };

absl::StatusOr<int> Run(Action action, const MigrateOptions& o, CommandContext& context) {
  absl::StatusOr<Target> target = TargetOf(o);
  if (!target.ok()) return target.status();
  if (action == Action::kUp) {
    if (absl::Status status = Apply(*target); !status.ok()) return ForOperator(status);
  }
  absl::StatusOr<MigrationStatus> status = StatusOf(*target);
  if (!status.ok()) return ForOperator(status.status());
  Show(target->shown, *status, o, context);
  if (action != Action::kValidate) return 0;
  if (absl::Status valid = ValidateMigrations(*status); !valid.ok()) return valid;
  if (status->outstanding > 0) {
    return absl::FailedPreconditionError("migrations are outstanding; apply them with `slowwave migrate up`");
  }
  return 0;
}

}  // namespace

void AddMigrate(CLI::App& root, CommandContext& context) {
  CLI::App* migrate =
      root.add_subcommand("migrate", "Bring a store to this version's layout, or see whether it is");
  migrate->require_subcommand(1);
  migrate->footer(
      "The store is found as `serve` finds it: --store-url, --data-dir, their environment variables, "
      "--config.\n"
      "`serve` migrates by itself at start unless store.migrate says `check`; this is for doing it apart, "
      "and "
      "for looking.\n"
      "Example: slowwave migrate status --store-url sqlite:/var/lib/slowwave/slowwave.db");
  struct Entry {
    Action action;
    const char *name, *what;
  };
  for (const Entry& entry :
       {Entry{Action::kUp, "up",
              "Apply what is outstanding, while daemons work; creates a file if there is none"},
        Entry{Action::kStatus, "status", "List what is applied and what is outstanding; changes nothing"},
        Entry{Action::kValidate, "validate",
              "As status, with exit code 1 unless the store is exactly at this version"}}) {
    auto o = std::make_shared<MigrateOptions>();
    CLI::App* command = migrate->add_subcommand(entry.name, entry.what);
    command->add_option("--config", o->config_path, "YAML file; also SLOWWAVE_CONFIG")->type_name("FILE");
    command->add_flag("--json", o->json, "Print one JSON object a migration");
    AddConfigFlags(*command, o->keys);
    command->footer(absl::StrCat("Example: slowwave migrate ", entry.name, " --data-dir /var/lib/slowwave"));
    OnChosen(*command, context, [o, action = entry.action, &context] { return Run(action, *o, context); });
  }
}

}  // namespace slowwave
