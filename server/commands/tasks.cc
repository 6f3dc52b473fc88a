#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/commands/client_commands.h"
#include "server/commands/format.h"
#include "server/commands/output.h"

namespace slowwave {
namespace {

using Stub = v1::ConsolidationService::Stub;

struct TasksOptions {
  Target target;
  std::vector<std::string> states;
  std::string id;
  int limit = 0;
};

absl::StatusOr<int> RunList(const TasksOptions& o, CommandContext& context) {
  auto request = For<v1::ListTasksRequest>(o.target);
  for (const std::string& word : o.states) {
    v1::TaskState state;
    if (!v1::TaskState_Parse("TASK_STATE_" + absl::AsciiStrToUpper(word), &state)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--state: '", word, "' is none of waiting, running, behind, delayed, done, dead, cancelled"));
    }
    request.add_states(state);
  }
  Client client(o.target);
  Table table;
  int shown = 0;
  bool full = false;
  table.Row({"TASK", "USER", "STATE", "TRIGGER", "CREATED", "ATTEMPT", "REASON"});
  const absl::Status status = client.Pages(&Stub::ListTasks, request, [&](const v1::ListTasksResponse& page) {
    for (const v1::Task& t : page.tasks()) {
      if (o.limit > 0 && shown >= o.limit) {
        full = true;
        return absl::OutOfRangeError("enough");
      }
      ++shown;
      if (o.target.json) {
        context.out << JsonLine(t);
      } else {
        table.Row({t.id(), t.user(), StateWord(t.state()), KindWord(t.kind()), Minute(t.created_at()),
                   absl::StrCat(t.attempt()), absl::StrJoin(t.reasons(), "; ")});
      }
    }
    return absl::OkStatus();
  });
  if (!status.ok() && !full) return status;
  if (!o.target.json) context.out << (shown > 0 ? table.Text() : "no tasks\n");
  return 0;
}

template <typename Request>
Request Named(const TasksOptions& o) {
  Request request;
  request.set_tenant(o.target.tenant);
  request.set_task_id(o.id);
  return request;
}

int Show(const v1::Task& task, const TasksOptions& o, CommandContext& context) {
  context.out << (o.target.json ? JsonLine(task) : TaskText(task));
  return 0;
}

std::shared_ptr<TasksOptions> AddOne(CLI::App& tasks, CommandContext& context, const char* name,
                                     const char* what,
                                     absl::StatusOr<int> (*run)(const TasksOptions&, CommandContext&)) {
  auto o = std::make_shared<TasksOptions>();
  CLI::App* command = tasks.add_subcommand(name, what);
  AddTargetFlags(*command, o->target, UserFlag::kNone);
  command->add_option("task", o->id, "The task's id")->required();
  command->footer(absl::StrCat("Example: slowwave tasks ", name, " 8f14e45f-ceea-467f-a0e6-0242ac120002"));
  OnChosen(*command, context, [o, run, &context] { return run(*o, context); });
  return o;
}

}  // namespace

void AddTasks(CLI::App& root, CommandContext& context) {
  CLI::App* tasks = root.add_subcommand("tasks", "List tasks; show, cancel or retry one");
  tasks->require_subcommand(0, 1);
  auto o = std::make_shared<TasksOptions>();
  AddTargetFlags(*tasks, o->target, UserFlag::kOptional);
  tasks->add_option(
      "--state", o->states,
      "Only in this state (waiting, running, behind, delayed, done, dead, cancelled); repeatable");
  tasks->add_option("--limit", o->limit, "At most this many, newest first, such as 20; 0: all")
      ->check(CLI::NonNegativeNumber);
  tasks->footer("Example: slowwave tasks --user ines --state dead\n         slowwave tasks retry ID");
  AddOne(*tasks, context, "show", "Show one task",
         [](const TasksOptions& t, CommandContext& c) -> absl::StatusOr<int> {
           auto task = Client(t.target).Call(&Stub::GetTask, Named<v1::GetTaskRequest>(t));
           if (!task.ok()) return task.status();
           return Show(*task, t, c);
         });
  AddOne(*tasks, context, "cancel", "Cancel a task; a running attempt commits nothing",
         [](const TasksOptions& t, CommandContext& c) -> absl::StatusOr<int> {
           auto task = Client(t.target).Call(&Stub::CancelTask, Named<v1::CancelTaskRequest>(t));
           if (!task.ok()) return task.status();
           return Show(*task, t, c);
         });
  AddOne(*tasks, context, "retry", "Run a dead or cancelled task again",
         [](const TasksOptions& t, CommandContext& c) -> absl::StatusOr<int> {
           auto response = Client(t.target).Call(&Stub::RetryTask, Named<v1::RetryTaskRequest>(t));
           if (!response.ok()) return response.status();
           return Show(response->task(), t, c);
         });
  OnChosen(*tasks, context, [o, tasks, &context]() -> absl::StatusOr<int> {
    if (!tasks->get_subcommands().empty()) return context.exit_code;
    return RunList(*o, context);
  });
}

}  // namespace slowwave
