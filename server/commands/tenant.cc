#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "server/commands/client_commands.h"
#include "server/commands/output.h"
#include "server/mapping.h"

namespace slowwave {
namespace {

using Stub = v1::ConsolidationService::Stub;

struct SetOptions {
  Target target;
  bool pause = false, resume = false, no_window = false;
  std::optional<double> weight;
  std::optional<int> max_waiting;
  std::string window;
};

absl::StatusOr<absl::Duration> TimeOfDay(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  int hours = 0, minutes = 0;
  if (parts.size() != 2 || parts[1].size() != 2 || !absl::SimpleAtoi(parts[0], &hours) ||
      !absl::SimpleAtoi(parts[1], &minutes) || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
    return absl::InvalidArgumentError("--window: give two times of the day in UTC, such as 22:00-06:30");
  }
  return absl::Hours(hours) + absl::Minutes(minutes);
}

absl::Status SetWindow(const std::string& text, v1::TenantSettings& settings) {
  const std::vector<std::string> ends = absl::StrSplit(text, '-');
  absl::StatusOr<absl::Duration> from = TimeOfDay(ends.front()), to = TimeOfDay(ends.back());
  if (ends.size() != 2) from = TimeOfDay("");
  if (!from.ok()) return from.status();
  if (!to.ok()) return to.status();
  *settings.mutable_window_from() = ToWire(*from);
  *settings.mutable_window_to() = ToWire(*to);
  return absl::OkStatus();
}

std::string Clock(const google::protobuf::Duration& time) {
  return absl::StrFormat("%02d:%02d", time.seconds() / 3600, time.seconds() / 60 % 60);
}

std::string SettingsText(const v1::TenantSettings& settings) {
  Table table;
  table.Row({"paused", settings.paused() ? "yes: nothing fires or starts" : "no"});
  table.Row({"weight", absl::StrCat(settings.weight())});
  table.Row({"waiting tasks",
             settings.max_waiting() == 0 ? "no limit" : absl::StrCat("at most ", settings.max_waiting())});
  table.Row({"schedules", settings.has_window_from()
                              ? absl::StrCat("from ", Clock(settings.window_from()), " to ",
                                             Clock(settings.window_to()), " UTC")
                              : "at any time of the day"});
  return table.Text();
}

void Show(const v1::TenantSettings& settings, bool json, CommandContext& context) {
  context.out << (json ? JsonLine(settings) : SettingsText(settings));
}

absl::StatusOr<v1::TenantSettings> Get(Client& client, const std::string& tenant) {
  v1::GetTenantRequest request;
  request.set_tenant(tenant);
  return client.Call(&Stub::GetTenant, request);
}

absl::StatusOr<int> RunSet(const SetOptions& o, CommandContext& context) {
  Client client(o.target);
  absl::StatusOr<v1::TenantSettings> settings = Get(client, o.target.tenant);
  if (!settings.ok()) return settings.status();
  if (o.pause || o.resume) settings->set_paused(o.pause);
  if (o.weight) settings->set_weight(*o.weight);
  if (o.max_waiting) settings->set_max_waiting(*o.max_waiting);
  if (o.no_window) {
    settings->clear_window_from();
    settings->clear_window_to();
  }
  if (!o.window.empty()) {
    if (absl::Status status = SetWindow(o.window, *settings); !status.ok()) return status;
  }
  v1::PutTenantRequest request;
  request.set_tenant(o.target.tenant);
  *request.mutable_settings() = *std::move(settings);
  auto put = client.Call(&Stub::PutTenant, request);
  if (!put.ok()) return put.status();
  Show(*put, o.target.json, context);
  return 0;
}

}  // namespace

void AddTenant(CLI::App& root, CommandContext& context) {
  CLI::App* tenant =
      root.add_subcommand("tenant", "How a tenant is treated beside others: pause, share, limits");
  tenant->require_subcommand(1);
  tenant->footer(
      "Example: slowwave tenant get --tenant acme\n         slowwave tenant set --tenant acme --pause");

  auto shown = std::make_shared<Target>();
  CLI::App* get = tenant->add_subcommand("get", "Show the tenant's settings");
  AddTargetFlags(*get, *shown, UserFlag::kNone);
  get->footer("Example: slowwave tenant get --tenant acme --json");
  OnChosen(*get, context, [shown, &context]() -> absl::StatusOr<int> {
    Client client(*shown);
    absl::StatusOr<v1::TenantSettings> settings = Get(client, shown->tenant);
    if (!settings.ok()) return settings.status();
    Show(*settings, shown->json, context);
    return 0;
  });

  auto o = std::make_shared<SetOptions>();
  CLI::App* set = tenant->add_subcommand("set", "Change some of the tenant's settings; the others stay");
  AddTargetFlags(*set, o->target, UserFlag::kNone);
  CLI::Option* pause = set->add_flag("--pause", o->pause, "Fire and start nothing; what runs goes on");
  set->add_flag("--resume", o->resume, "End a pause")->excludes(pause);
  set->add_option("--weight", o->weight,
                  "Share of the workers beside other tenants, such as 2.5; 1 is usual");
  set->add_option("--max-waiting", o->max_waiting, "Tasks that may wait, such as 10000; 0: no limit");
  CLI::Option* window =
      set->add_option("--window", o->window, "When schedules may fire, UTC, such as 22:00-06:30");
  set->add_flag("--no-window", o->no_window, "Schedules fire at any time of the day")->excludes(window);
  set->footer("Example: slowwave tenant set --tenant acme --weight 3 --window 22:00-06:30");
  OnChosen(*set, context, [o, &context] { return RunSet(*o, context); });
}

}  // namespace slowwave
