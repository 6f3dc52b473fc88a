#include <CLI/CLI.hpp>
#include <iostream>

#include "server/commands/commands.h"

int main(int argc, char** argv) {
  CLI::App root("The sleep cycle of an agent's memory", "slowwave");
  root.require_subcommand(1);
  slowwave::CommandContext context{std::cin, std::cout, std::cerr};
  slowwave::AddServe(root, context);
  slowwave::AddVersion(root, context);
  slowwave::AddClientCommands(root, context);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return root.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
  }
  // What was printed counts only once it is out: a full disk behind a pipe is no success.
  if (!std::cout.flush()) {
    std::cerr << "slowwave: cannot write standard output" << std::endl;
    return context.exit_code == 0 ? 1 : context.exit_code;
  }
  return context.exit_code;
}
