#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/output.h"
#include "server/jsonl.h"
#include "server/mapping.h"

namespace slowwave {
namespace {

struct ExportOptions {
  Target target;
  std::string file = "-";
};

absl::StatusOr<int> RunExport(const ExportOptions& o, CommandContext& context) {
  const bool to_file = o.file != "-";
  // A reader of the file sees a whole export or none.
  // A device, a pipe or a link is written as it is, never replaced.
  std::error_code error;
  const auto kind = std::filesystem::symlink_status(o.file, error).type();
  const bool by_rename =
      kind == std::filesystem::file_type::regular || kind == std::filesystem::file_type::not_found;
  const std::string part = by_rename ? absl::StrCat(o.file, ".", getpid(), ".part") : o.file;
  std::ofstream file;
  if (to_file) {
    file.open(part, by_rename ? std::ios::binary | std::ios::trunc : std::ios::binary);
    if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", part, ": ", std::strerror(errno)));
  }
  std::ostream& out = to_file ? static_cast<std::ostream&>(file) : context.out;
  const auto give_up = [&](absl::Status status) {
    if (to_file) {
      file.close();
      if (by_rename) std::remove(part.c_str());
    }
    return status;
  };

  Client client(o.target);
  Progress progress(context.err, IsTerminal(context.err) && to_file);
  grpc::ClientContext call;
  client.Authorize(call);
  const auto stream = client.memory().ExportUser(&call, For<v1::ExportUserRequest>(o.target));
  v1::ExportRecord record;
  int64_t episodes = 0;
  while (stream->Read(&record)) {
    if (!record.has_episode()) continue;
    out << FormatEpisodeLine(FromWire(record.episode(), "")) << "\n";
    if (!out) {
      call.TryCancel();
      break;
    }
    progress.Update(absl::StrCat("exporting: ", Grouped(++episodes), " episodes"));
  }
  progress.Clear();
  const bool written = static_cast<bool>(out.flush());
  const grpc::Status status = stream->Finish();
  if (!written)
    return give_up(absl::UnavailableError(absl::StrCat("cannot write ", to_file ? part : "standard output")));
  if (!status.ok()) return give_up(Readable(status, o.target.address));
  if (to_file) {
    file.close();
    if (!file || (by_rename && std::rename(part.c_str(), o.file.c_str()) != 0)) {
      return give_up(
          absl::UnavailableError(absl::StrCat("cannot write ", o.file, ": ", std::strerror(errno))));
    }
    context.err << Grouped(episodes) << " episodes of user " << o.target.user << " in " << o.file
                << std::endl;
  }
  return 0;
}

}  // namespace

void AddExport(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<ExportOptions>();
  CLI::App* command =
      root.add_subcommand("export", "Write a user's episodes as JSON lines, by time, as import takes them");
  AddTargetFlags(*command, o->target, UserFlag::kRequired, /*json=*/false);
  command->add_option("file", o->file, "Where to; - is standard output")->capture_default_str();
  command->add_flag("--json", o->target.json, "No effect: an export is JSON lines in any case");
  command->footer(
      "Facts are not exported: they follow from the episodes. What is exported, imported elsewhere and "
      "drained with\n"
      "the same extractor reaches the same digest (`slowwave user show`).\n"
      "Example: slowwave export --user ines ines.jsonl\n"
      "         slowwave export --user ines | slowwave import --user copy -");
  OnChosen(*command, context, [o, &context] { return RunExport(*o, context); });
}

}  // namespace slowwave
