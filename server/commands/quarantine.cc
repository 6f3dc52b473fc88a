#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/format.h"
#include "server/commands/output.h"

namespace slowwave {

void AddQuarantine(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<Target>();
  CLI::App* command =
      root.add_subcommand("quarantine", "List what an extractor claimed but its evidence did not carry");
  AddTargetFlags(*command, *o, UserFlag::kRequired);
  command->footer("Nothing listed here is a fact. Example: slowwave quarantine --user ines --json");
  OnChosen(*command, context, [o, &context]() -> absl::StatusOr<int> {
    Client client(*o);
    bool any = false;
    const absl::Status status =
        client.Pages(&v1::MemoryService::Stub::ListQuarantine, For<v1::ListQuarantineRequest>(*o),
                     [&](const v1::ListQuarantineResponse& page) {
                       for (const v1::QuarantinedGist& gist : page.gists()) {
                         any = true;
                         if (o->json) {
                           context.out << JsonLine(gist);
                           continue;
                         }
                         context.out << Minute(gist.at()) << "  " << gist.reason()
                                     << (gist.detail().empty() ? "" : absl::StrCat(" (", gist.detail(), ")"))
                                     << ": " << gist.text() << "\n"
                                     << EvidenceText(
                                            gist.evidence(), [](const std::string&) { return Said{}; }, 6);
                       }
                       return absl::OkStatus();
                     });
    if (!status.ok()) return status;
    if (!any && !o->json) context.out << "nothing is quarantined\n";
    return 0;
  });
}

}  // namespace slowwave
