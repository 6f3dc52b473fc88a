#include "server/commands/client_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

// What the design names but this release does not do yet: said plainly, instead of 'unexpected argument'.
void AddLater(CLI::App& root, CommandContext& context) {
  for (const char* name : {"preview", "apply", "revert", "erase"}) {
    CLI::App* command = root.add_subcommand(name, "(not in this release)")->group("Not in this release");
    command->allow_extras();
    OnChosen(*command, context, [name]() -> absl::StatusOr<int> {
      return absl::UnimplementedError(absl::StrCat("`", name, "` is not in this release"));
    });
  }
}

}  // namespace

void AddClientCommands(CLI::App& root, CommandContext& context) {
  AddDemo(root, context);
  AddImport(root, context);
  AddExport(root, context);
  AddTrigger(root, context);
  AddCheck(root, context);
  AddWatch(root, context);
  AddTasks(root, context);
  AddReport(root, context);
  AddFacts(root, context);
  AddEpisodes(root, context);
  AddQuarantine(root, context);
  AddSlots(root, context);
  AddUser(root, context);
  AddTenant(root, context);
  AddToken(root, context);
  AddVerify(root, context);
  AddMigrate(root, context);
  AddDoctor(root, context);
  AddConfig(root, context);
  AddProbe(root, context);
  AddLater(root, context);
}

}  // namespace slowwave
