#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "server/commands/client_commands.h"
#include "server/commands/format.h"
#include "server/commands/output.h"

namespace slowwave {

void AddCheck(CLI::App& root, CommandContext& context) {
  struct Options {
    Target target;
    std::optional<int64_t> episodes;
    std::optional<double> megabytes;
    std::string event, request_id;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command =
      root.add_subcommand("check", "Evaluate a user's trigger conditions, and fire what is due");
  AddTargetFlags(*command, o->target, UserFlag::kRequired);
  command->add_option("--episodes", o->episodes,
                      "Judge as if this many were pending, such as 500; counted if not given");
  command->add_option("--megabytes", o->megabytes,
                      "Judge as if this much were pending, such as 100; counted if not given");
  command->add_option("--event", o->event, "Something happened, such as task_completed");
  command->add_option("--request-id", o->request_id,
                      "Makes a retry safe: for a day the same id gives the same answer and fires nothing");
  command->footer(
      "Exit code: 0 whether something fired or not; --json says which (fired, condition, task).\n"
      "Example: slowwave check --user ines --event task_completed");
  OnChosen(*command, context, [o, &context]() -> absl::StatusOr<int> {
    auto request = For<v1::CheckTriggersRequest>(o->target);
    if (o->episodes) request.set_episode_count(*o->episodes);
    if (o->megabytes) request.set_memory_size_mb(*o->megabytes);
    request.set_event(o->event);
    request.set_request_id(o->request_id);
    auto answer = Client(o->target).Call(&v1::ConsolidationService::Stub::CheckTriggers, request);
    if (!answer.ok()) return answer.status();
    if (o->target.json) {
      context.out << JsonLine(*answer);
      return 0;
    }
    context.out << (answer->fired() ? "fired: " : "nothing fired: ") << answer->reason() << "\n";
    context.out << "judged on " << Grouped(answer->episode_count()) << " pending episodes, "
                << absl::StrFormat("%.3f", answer->memory_size_mb()) << " MB\n";
    if (answer->has_task()) context.out << (answer->joined() ? "joined " : "") << TaskText(answer->task());
    return 0;
  });
}

}  // namespace slowwave
