// The subcommands. One file each; every Add function registers one with CLI11, to run when it is chosen.
//
// A command runs in its CLI11 callback and leaves its exit code in the context: 0 done, 1 failed, 2 bad usage
// or configuration, 3 done but something was left (see the command's help). It prints results to `out`, and
// everything else to `err`.
#ifndef SLOWWAVE_SERVER_COMMANDS_COMMANDS_H_
#define SLOWWAVE_SERVER_COMMANDS_COMMANDS_H_

#include <iosfwd>

namespace CLI {
class App;
}

namespace slowwave {

// What a command may use of its process. Outlives the parse.
struct CommandContext {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  int exit_code = 0;
};

void AddServe(CLI::App& root, CommandContext& context);
void AddVersion(CLI::App& root, CommandContext& context);
// All that talk to a running daemon, and the demo.
void AddClientCommands(CLI::App& root, CommandContext& context);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_COMMANDS_H_
