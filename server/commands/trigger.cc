#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/drain.h"
#include "server/commands/format.h"
#include "server/commands/output.h"

namespace slowwave {
namespace {

struct TriggerOptions {
  Target target;
  std::string reason, request_id, from, to;
  std::optional<int> priority;
  int limit = 0;
  bool keep_pending = false, compress = false, archive = false, include_reverted = false, fresh = false;
  bool wait = false, until_drained = false;
};

absl::StatusOr<v1::TriggerConsolidationRequest> Request(const TriggerOptions& o) {
  auto request = For<v1::TriggerConsolidationRequest>(o.target);
  request.set_reason(o.reason);
  request.set_request_id(o.request_id);
  if (o.priority) request.set_priority(*o.priority);
  request.set_episode_limit(o.limit);
  if (!o.from.empty()) {
    absl::Status status = SetTime("--from", o.from, request.mutable_time_window()->mutable_from());
    if (!status.ok()) return status;
  }
  if (!o.to.empty()) {
    absl::Status status = SetTime("--to", o.to, request.mutable_time_window()->mutable_to());
    if (!status.ok()) return status;
  }
  request.set_keep_pending(o.keep_pending);
  if (o.compress) request.set_set_status(v1::EPISODE_STATUS_COMPRESSED);
  if (o.archive) request.set_set_status(v1::EPISODE_STATUS_ARCHIVED);
  request.set_include_reverted(o.include_reverted);
  request.set_fresh(o.fresh);
  return request;
}

// Shows each event once, also if a stream is joined again and begins anew.
OnEvent Shown(CommandContext& context) {
  auto seen = std::make_shared<std::set<std::string>>();
  return [seen, &context](const v1::TaskEvent& event) {
    const std::string line = EventText(event);
    if (!event.stage().empty() && !event.done()) return;
    if (seen->insert(absl::StrCat(event.task_id(), event.run_id(), line)).second)
      context.err << line << std::endl;
  };
}

void ShowTask(const v1::Task& task, bool json, CommandContext& context) {
  context.out << (json ? JsonLine(task) : TaskText(task));
}

absl::StatusOr<int> RunTrigger(const TriggerOptions& o, CommandContext& context) {
  absl::StatusOr<v1::TriggerConsolidationRequest> request = Request(o);
  if (!request.ok()) return request.status();
  Client client(o.target);
  if (o.until_drained) {
    absl::StatusOr<Drained> drained = Drain(client, *request, Shown(context));
    if (!drained.ok()) return drained.status();
    for (const v1::Task& task : drained->tasks) {
      if (o.target.json) ShowTask(task, true, context);
    }
    const int64_t left = drained->backed_off + drained->unreadable;
    if (!o.target.json) {
      context.out << "drained in " << drained->tasks.size()
                  << (drained->tasks.size() == 1 ? " run" : " runs");
      if (drained->backed_off > 0)
        context.out << ", " << Grouped(drained->backed_off) << " episodes left for later";
      if (drained->unreadable > 0) context.out << ", " << Grouped(drained->unreadable) << " unreadable";
      if (const int64_t other = drained->pending - drained->backed_off; other > 0) {
        context.out << ", " << Grouped(other) << " not eligible (type or thresholds)";
      }
      context.out << "\n";
    }
    return left > 0 ? 3 : 0;
  }
  auto response = Trigger(client, *request);
  if (!response.ok()) return response.status();
  if (response->joined()) context.err << "joined a task that was waiting already" << std::endl;
  if (!o.wait) {
    ShowTask(response->task(), o.target.json, context);
    return 0;
  }
  absl::StatusOr<v1::Task> task = Follow(client, o.target.tenant, response->task().id(), Shown(context));
  if (!task.ok()) return task.status();
  ShowTask(*task, o.target.json, context);
  if (task->state() != v1::TASK_STATE_DONE) return Failure(*task);
  return 0;
}

}  // namespace

void AddTrigger(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<TriggerOptions>();
  CLI::App* command = root.add_subcommand("trigger", "Consolidate a user's memory now");
  AddTargetFlags(*command, o->target, UserFlag::kRequired);
  command->add_option("--reason", o->reason, "Why, for the report; such as 'before the demo'");
  command->add_option("--priority", o->priority, "Higher goes first, -1000 to 1000; 10 if not given");
  command->add_option("--limit", o->limit, "Episodes a run reads at most, such as 500; 0: as configured")
      ->check(CLI::Range(0, 20000));
  command->add_option("--from", o->from, "Only episodes at or after this time, such as 2025-03-01");
  command->add_option("--to", o->to, "Only episodes before this time, such as 2025-04-01T12:00:00Z");
  CLI::Option* keep =
      command->add_flag("--keep-pending", o->keep_pending, "Do not mark the episodes reviewed");
  CLI::Option* compress =
      command->add_flag("--compress", o->compress, "Set the episodes that facts cite to compressed");
  command->add_flag("--archive", o->archive, "Set the episodes that facts cite to archived")
      ->excludes(compress);
  command->add_flag("--include-reverted", o->include_reverted, "Also read what a reverted run had read");
  command->add_flag("--fresh", o->fresh, "Ask the extractor again instead of reusing its stored replies");
  command->add_option("--request-id", o->request_id,
                      "The same id gives the same task for a day, such as nightly-0412");
  command->add_flag("--wait", o->wait, "Return when the task has ended; its stages go to stderr");
  command
      ->add_flag(
          "--until-drained", o->until_drained,
          "Return when no eligible episode is left, over all the runs it takes; waits longer than --wait")
      ->excludes(keep);
  command->footer(
      "Exit code: 0 done (without --wait: queued), 1 it failed, 3 drained but for episodes left unreadable "
      "or backed off.\n"
      "Example: slowwave trigger --user ines --until-drained\n"
      "         slowwave trigger --user ines --from 2025-03-01 --to 2025-04-01 --wait --json");
  OnChosen(*command, context, [o, &context] { return RunTrigger(*o, context); });
}

void AddWatch(CLI::App& root, CommandContext& context) {
  struct Options {
    Target target;
    std::string task;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand("watch", "Follow a task, stage by stage, until it has ended");
  AddTargetFlags(*command, o->target, UserFlag::kOptional);
  command->add_option("task", o->task, "The task's id, as trigger and tasks print it")->required();
  command->footer(
      "Exit code: 0 the task is done, 1 it is dead, cancelled or unknown.\n"
      "Example: slowwave watch 8f14e45f-ceea-467f-a0e6-0242ac120002");
  OnChosen(*command, context, [o, &context]() -> absl::StatusOr<int> {
    Client client(o->target);
    absl::StatusOr<v1::Task> task =
        Follow(client, o->target.tenant, o->task, [&](const v1::TaskEvent& event) {
          context.out << (o->target.json ? JsonLine(event) : EventText(event) + "\n") << std::flush;
        });
    if (!task.ok()) return task.status();
    if (!o->target.json) context.out << TaskText(*task);
    if (task->state() != v1::TASK_STATE_DONE) return Failure(*task);
    return 0;
  });
}

}  // namespace slowwave
