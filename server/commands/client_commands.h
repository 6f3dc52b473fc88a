// The subcommands that AddClientCommands registers, one file each.
#ifndef SLOWWAVE_SERVER_COMMANDS_CLIENT_COMMANDS_H_
#define SLOWWAVE_SERVER_COMMANDS_CLIENT_COMMANDS_H_

#include "server/commands/client.h"
#include "server/commands/commands.h"

namespace slowwave {

void AddCheck(CLI::App& root, CommandContext& context);
void AddConfig(CLI::App& root, CommandContext& context);
void AddDemo(CLI::App& root, CommandContext& context);
void AddDoctor(CLI::App& root, CommandContext& context);
void AddEpisodes(CLI::App& root, CommandContext& context);
void AddExport(CLI::App& root, CommandContext& context);
void AddFacts(CLI::App& root, CommandContext& context);
void AddImport(CLI::App& root, CommandContext& context);
void AddMigrate(CLI::App& root, CommandContext& context);
void AddProbe(CLI::App& root, CommandContext& context);
void AddQuarantine(CLI::App& root, CommandContext& context);
void AddReport(CLI::App& root, CommandContext& context);
void AddSlots(CLI::App& root, CommandContext& context);
void AddTasks(CLI::App& root, CommandContext& context);
void AddTenant(CLI::App& root, CommandContext& context);
void AddTrigger(CLI::App& root, CommandContext& context);
void AddUser(CLI::App& root, CommandContext& context);
void AddToken(CLI::App& root, CommandContext& context);
void AddVerify(CLI::App& root, CommandContext& context);
void AddWatch(CLI::App& root, CommandContext& context);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_CLIENT_COMMANDS_H_
