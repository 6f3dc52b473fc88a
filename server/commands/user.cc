#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/commands/client_commands.h"
#include "server/commands/format.h"
#include "server/commands/output.h"
#include "server/mapping.h"

namespace slowwave {
namespace {

using Stub = v1::MemoryService::Stub;

struct RegisterOptions {
  Target target;
  std::string every, cooldown;
  std::optional<int64_t> quota_episodes;
  std::optional<double> quota_mb;
  std::vector<std::string> events;
  bool manual_only = false;
};

absl::Status SetSpan(const char* flag, const std::string& text, google::protobuf::Duration* out) {
  absl::StatusOr<absl::Duration> span = ParseSpan(flag, text);
  if (!span.ok()) return span.status();
  *out = ToWire(*span);
  return absl::OkStatus();
}

absl::StatusOr<int> RunRegister(const RegisterOptions& o, CommandContext& context) {
  auto request = For<v1::RegisterUserRequest>(o.target);
  request.set_no_conditions(o.manual_only);
  if (!o.every.empty()) {
    v1::TriggerCondition* c = request.add_conditions();
    c->set_kind(v1::TRIGGER_KIND_SCHEDULED);
    absl::Status status = SetSpan("--every", o.every, c->mutable_interval());
    if (!status.ok()) return status;
  }
  if (o.quota_episodes || o.quota_mb) {
    v1::TriggerCondition* c = request.add_conditions();
    c->set_kind(v1::TRIGGER_KIND_QUOTA);
    if (o.quota_episodes) c->set_episodes(*o.quota_episodes);
    if (o.quota_mb) c->set_megabytes(*o.quota_mb);
    absl::Status status =
        SetSpan("--cooldown", o.cooldown.empty() ? "1h" : o.cooldown, c->mutable_cooldown());
    if (!status.ok()) return status;
  }
  if (!o.events.empty()) {
    v1::TriggerCondition* c = request.add_conditions();
    c->set_kind(v1::TRIGGER_KIND_EVENT);
    c->mutable_events()->Assign(o.events.begin(), o.events.end());
  }
  auto user = Client(o.target).Call(&Stub::RegisterUser, request);
  if (!user.ok()) return user.status();
  context.out << (o.target.json ? JsonLine(*user) : UserText(*user));
  return 0;
}

}  // namespace

void AddUser(CLI::App& root, CommandContext& context) {
  CLI::App* user = root.add_subcommand("user", "Register a user with its trigger conditions, or show one");
  user->require_subcommand(1);
  user->footer(
      "Example: slowwave user show --user ines\n         slowwave user register --user ines --every 12h");

  auto shown = std::make_shared<Target>();
  CLI::App* show = user->add_subcommand("show", "Counts, conditions and the digest of all facts");
  AddTargetFlags(*show, *shown, UserFlag::kRequired);
  show->footer("Example: slowwave user show --user ines --json");
  OnChosen(*show, context, [shown, &context]() -> absl::StatusOr<int> {
    auto answer = Client(*shown).Call(&Stub::GetUser, For<v1::GetUserRequest>(*shown));
    if (!answer.ok()) return answer.status();
    context.out << (shown->json ? JsonLine(*answer) : UserText(*answer));
    return 0;
  });

  auto o = std::make_shared<RegisterOptions>();
  CLI::App* reg = user->add_subcommand("register", "Create a user, or replace its conditions");
  AddTargetFlags(*reg, o->target, UserFlag::kRequired);
  std::vector<CLI::Option*> conditions;
  conditions.push_back(
      reg->add_option("--every", o->every, "Consolidate at this interval, such as 6h or 1d"));
  conditions.push_back(reg->add_option("--quota-episodes", o->quota_episodes,
                                       "Consolidate at this many pending episodes, such as 500"));
  conditions.push_back(
      reg->add_option("--quota-mb", o->quota_mb, "Consolidate at this many pending megabytes, such as 100"));
  reg->add_option("--cooldown", o->cooldown,
                  "Least time between two runs by quota, such as 30m; 1h if not given");
  conditions.push_back(reg->add_option(
      "--event", o->events, "Consolidate when `check` names this event, such as task_completed; repeatable"));
  CLI::Option* manual = reg->add_flag("--manual-only", o->manual_only, "No automatic triggers at all");
  for (CLI::Option* option : conditions) manual->excludes(option);
  reg->footer(
      "Without any condition the defaults hold: every 6h, 500 pending episodes or 100 MB.\n"
      "Example: slowwave user register --user ines --every 12h --quota-episodes 200 --event task_completed");
  OnChosen(*reg, context, [o, &context] { return RunRegister(*o, context); });
}

}  // namespace slowwave
