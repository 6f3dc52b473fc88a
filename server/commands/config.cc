#include "server/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/commands/client_commands.h"

namespace slowwave {
namespace {

constexpr char kIntroduction[] = R"(# Configuration

<!-- Written by `slowwave config reference`; do not edit. -->

Every key, from the table in `server/config.cc`. A key has one name everywhere: in the YAML file that `serve --config FILE` reads (nested, `store:` with `url:` below it, or dotted, `store.url:`), in the environment, and as a flag of `slowwave serve`. Flags override the environment, and that the file. A key that does not exist is an error that names the nearest one, and a value that is not allowed is one that says what is; all is checked before anything starts.
)";

constexpr int kLeastKeysOfASection = 3;

// The part of a name before its dot, if enough keys share it.
std::string SectionOf(const ConfigKey& key) {
  const size_t dot = key.name.find('.');
  if (dot == std::string::npos) return "";
  const std::string prefix = key.name.substr(0, dot + 1);
  const auto shares = [&](const ConfigKey& other) { return absl::StartsWith(other.name, prefix); };
  const auto sharing = std::count_if(ConfigKeys().begin(), ConfigKeys().end(), shares);
  return sharing < kLeastKeysOfASection ? "" : key.name.substr(0, dot);
}

std::string Code(const std::string& text) { return text.empty() ? "" : absl::StrCat("`", text, "`"); }

// In a cell of a table a bar would end it.
std::string Cell(const std::string& text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

std::string Row(const ConfigKey& key) {
  return absl::StrCat("| ", Code(key.name), " | ", Code(key.default_value), " | ",
                      Cell(key.allowed.empty() ? "text" : key.allowed), " | ", Cell(key.help), " | ",
                      Code(key.env), " | ", Code(key.flag), " |\n");
}

// Sections in the order of the table; keys that are in none come first.
std::string Reference() {
  std::vector<std::pair<std::string, std::string>> sections = {{"", ""}};  // name, rows
  for (const ConfigKey& key : ConfigKeys()) {
    const std::string name = SectionOf(key);
    auto section = std::find_if(sections.begin(), sections.end(),
                                [&](const auto& known) { return known.first == name; });
    if (section == sections.end()) section = sections.insert(sections.end(), {name, ""});
    absl::StrAppend(&section->second, Row(key));
  }
  std::string out = kIntroduction;
  for (const auto& [name, rows] : sections) {
    absl::StrAppend(&out, "\n## ", name.empty() ? "The daemon" : Code(name),
                    "\n\n| key | default | allowed | meaning | environment | flag |\n"
                    "| --- | --- | --- | --- | --- | --- |\n",
                    rows);
  }
  return out;
}

}  // namespace

void AddConfig(CLI::App& root, CommandContext& context) {
  CLI::App* config = root.add_subcommand("config", "What can be configured");
  config->require_subcommand(1);
  config->footer("Example: slowwave config reference");
  CLI::App* reference = config->add_subcommand("reference", "Print every key as a Markdown document");
  reference->footer(
      "The same keys, for one's eyes: slowwave serve --help\n"
      "Example: slowwave config reference > server/CONFIGURATION.md");
  OnChosen(*reference, context, [&context]() -> absl::StatusOr<int> {
    context.out << Reference();
    return 0;
  });
}

}  // namespace slowwave
