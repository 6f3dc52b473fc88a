#include <memory>

#include "server/commands/client_commands.h"
#include "server/commands/output.h"

namespace slowwave {

void AddVerify(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<Target>();
  CLI::App* command = root.add_subcommand(
      "verify", "Fold a user's facts again from what was said, and compare with the stored ones");
  AddTargetFlags(*command, *o, UserFlag::kRequired);
  command->footer("Reads only. Exit code: 0 equal, 1 not.\nExample: slowwave verify --user ines");
  OnChosen(*command, context, [o, &context]() -> absl::StatusOr<int> {
    auto answer = Client(*o).Call(&v1::MemoryService::Stub::VerifyUser, For<v1::VerifyUserRequest>(*o));
    if (!answer.ok()) return answer.status();
    if (o->json) {
      context.out << JsonLine(*answer);
    } else if (answer->equal()) {
      context.out << "equal: " << Grouped(answer->facts()) << " facts follow from "
                  << Grouped(answer->assertions()) << " assertions\ndigest  " << answer->stored_digest()
                  << "\n";
    } else {
      context.out << "NOT equal\nstored  " << answer->stored_digest() << "\nfolded  "
                  << answer->folded_digest() << "\n";
      for (const std::string& key : answer->differences()) context.out << "  " << key << "\n";
    }
    return answer->equal() ? 0 : 1;
  });
}

}  // namespace slowwave
