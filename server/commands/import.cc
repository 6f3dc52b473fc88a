#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/episode_sender.h"

namespace slowwave {
namespace {

struct ImportOptions {
  Target target;
  std::vector<std::string> files;
};

void Show(const LineProblem& p, bool json, CommandContext& context) {
  if (json) {
    nlohmann::ordered_json out = {
        {"file", p.file}, {"line", p.line}, {"id", p.id}, {"status", p.status}, {"reason", p.reason}};
    context.out << out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
    return;
  }
  if (p.line > 0) context.err << p.file << ":" << p.line << ": ";
  context.err << p.status << ": " << p.reason << "\n";
}

absl::StatusOr<int> RunImport(const ImportOptions& o, CommandContext& context) {
  std::vector<std::unique_ptr<std::ifstream>> opened;
  for (const std::string& file : o.files) {
    if (file == "-") {
      opened.push_back(nullptr);
      continue;
    }
    opened.push_back(std::make_unique<std::ifstream>(file, std::ios::binary));
    // A folder opens, too, but gives nothing to read.
    if (!*opened.back() || (opened.back()->peek(), opened.back()->bad())) {
      return absl::NotFoundError(absl::StrCat("cannot read ", file, "; nothing was imported"));
    }
    opened.back()->clear();
  }
  Client client(o.target);
  Progress progress(context.err, IsTerminal(context.err));
  EpisodeSender ingest(client, o.target, [&](const LineProblem& p) { Show(p, o.target.json, context); });
  for (size_t i = 0; i < o.files.size(); ++i) {
    std::istream& in = opened[i] ? static_cast<std::istream&>(*opened[i]) : context.in;
    absl::Status status = ingest.Read(opened[i] ? o.files[i] : "stdin", in, progress);
    progress.Clear();
    if (!status.ok()) return status;
  }
  const absl::StatusOr<ImportCounts> counts = ingest.Finish(progress);
  progress.Clear();
  if (!counts.ok()) return counts.status();
  if (o.target.json) {
    const nlohmann::ordered_json out = {{"lines", counts->lines},     {"stored", counts->stored},
                                        {"existed", counts->existed}, {"different", counts->different},
                                        {"erased", counts->erased},   {"refused", counts->refused}};
    context.out << out.dump() << "\n";
  } else {
    context.out << Grouped(counts->lines) << " lines for user " << o.target.user << ": "
                << Grouped(counts->stored) << " taken, " << Grouped(counts->existed) << " had already, "
                << Grouped(counts->different) << " differ from what is stored (kept as stored), "
                << Grouped(counts->refused) << " refused";
    if (counts->erased > 0)
      context.out << ", " << Grouped(counts->erased) << " erased earlier (not taken back)";
    context.out << "\n";
  }
  return counts->different + counts->erased + counts->refused > 0 ? 2 : 0;
}

}  // namespace

void AddImport(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<ImportOptions>();
  CLI::App* command =
      root.add_subcommand("import", "Bring episodes in: JSON lines, from files or standard input");
  AddTargetFlags(*command, o->target, UserFlag::kRequired);
  command->add_option("files", o->files, "Files to read, one after the other; - is standard input")
      ->required();
  command->footer(
      "One JSON object a line: {\"id\", \"type\", \"text\", \"speaker\", \"session_id\", \"turn\", "
      "\"occurred_at\",\n"
      "\"origin\", \"entities\", \"embedding\", \"importance\", \"confidence\", \"access_count\", "
      "\"metadata\"}; only text is\n"
      "required. An unknown key refuses its line (put your own fields under metadata). Give lines ids: the "
      "same id\n"
      "again changes nothing, so an import can be repeated. A bad line is named with its reason and costs no "
      "other.\n"
      "Exit code: 0 all lines are in the store, 2 some were refused or differ, 1 the import did not end.\n"
      "Example: slowwave import --user ines chat.jsonl\n"
      "         zcat old.jsonl.gz | slowwave import --user ines -");
  OnChosen(*command, context, [o, &context] { return RunImport(*o, context); });
}

}  // namespace slowwave
