#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/commands/client_commands.h"
#include "server/commands/episode_lookup.h"
#include "server/commands/format.h"
#include "server/commands/output.h"

namespace slowwave {
namespace {

struct FactsOptions {
  Target target;
  std::string subject, category, key, as_of;
  bool history = false, evidence = false;
};

absl::StatusOr<int> RunList(const FactsOptions& o, CommandContext& context) {
  auto request = For<v1::ListFactsRequest>(o.target);
  request.set_subject(o.subject);
  request.set_category(o.category);
  request.set_key(o.key);
  request.set_history(o.history);
  if (!o.as_of.empty()) {
    absl::Status status = SetTime("--as-of", o.as_of, request.mutable_as_of());
    if (!status.ok()) return status;
  }
  Client client(o.target);
  std::vector<v1::Fact> facts;
  const absl::Status status =
      client.Pages(&v1::MemoryService::Stub::ListFacts, request, [&](const v1::ListFactsResponse& page) {
        for (const v1::Fact& fact : page.facts()) {
          if (o.target.json) {
            context.out << JsonLine(fact);
          } else {
            facts.push_back(fact);
          }
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (o.target.json) return 0;
  if (facts.empty()) {
    context.out << "no facts" << (o.history ? "" : " that hold; --history also lists what no longer does")
                << "\n";
    return 0;
  }
  const EpisodeLookup lookup(client, o.target);
  const Lookup look = [&lookup](const std::string& id) { return lookup(id); };
  context.out << FactsText(facts, o.evidence ? &look : nullptr);
  return 0;
}

absl::StatusOr<int> RunShow(const FactsOptions& o, CommandContext& context) {
  auto request = For<v1::GetFactRequest>(o.target);
  request.set_key(o.key);
  if (!o.as_of.empty()) {
    absl::Status status = SetTime("--as-of", o.as_of, request.mutable_as_of());
    if (!status.ok()) return status;
  }
  Client client(o.target);
  auto detail = client.Call(&v1::MemoryService::Stub::GetFact, request);
  if (!detail.ok()) return detail.status();
  if (o.target.json) {
    context.out << JsonLine(*detail);
    return 0;
  }
  const EpisodeLookup lookup(client, o.target);
  const Lookup look = [&lookup](const std::string& id) { return lookup(id); };
  context.out << FactsText({detail->history().begin(), detail->history().end()}, &look);
  if (detail->unused_size() > 0) context.out << "\nsaid, but changed nothing\n";
  for (const v1::UnusedAssertion& unused : detail->unused()) {
    context.out << "  " << unused.reason() << ": " << unused.assertion().text() << "\n"
                << EvidenceText(unused.assertion().evidence(), look, 6);
  }
  return 0;
}

}  // namespace

void AddFacts(CLI::App& root, CommandContext& context) {
  CLI::App* facts = root.add_subcommand("facts", "List what is known, or show one slot with all behind it");
  facts->require_subcommand(0, 1);
  auto o = std::make_shared<FactsOptions>();
  AddTargetFlags(*facts, o->target, UserFlag::kOptional);
  facts->add_flag("--history", o->history, "Also what no longer holds");
  facts->add_flag("--evidence", o->evidence, "With the quotes behind each fact, who said them and when");
  facts->add_option("--subject", o->subject, "Only of this subject, such as ines");
  facts->add_option("--category", o->category, "Only of this category, such as location");
  facts->add_option("--key", o->key, "Only of this slot, such as ines:location:current_city");
  facts->add_option("--as-of", o->as_of, "What held at this time, such as 2025-04-01; now if not given");
  facts->footer(
      "--json prints each fact's proto3 JSON: key, category, subject, predicate, value, text, confidence, "
      "trust,\n"
      "validFrom, validTo, current, evidence[{episodeId, quote}], runId, ...\n"
      "Example: slowwave facts --user ines --history --evidence\n"
      "         slowwave facts --user ines --json | jq -r 'select(.current) | .text'\n"
      "         slowwave facts show --user ines ines:location:current_city");

  auto s = std::make_shared<FactsOptions>();
  CLI::App* show = facts->add_subcommand(
      "show", "One slot: its history, its evidence, and what was said but changed nothing");
  AddTargetFlags(*show, s->target, UserFlag::kRequired);
  show->add_option("key", s->key, "The slot's key or an alias, such as ines:location:current_city")
      ->required();
  show->add_option("--as-of", s->as_of, "When `current` is judged, such as 2025-04-01; now if not given");
  show->footer("Example: slowwave facts show --user ines ines:location:current_city");
  OnChosen(*show, context, [s, &context] { return RunShow(*s, context); });

  OnChosen(*facts, context, [o, facts, &context]() -> absl::StatusOr<int> {
    if (!facts->get_subcommands().empty()) return context.exit_code;
    if (o->target.user.empty()) return absl::InvalidArgumentError("--user is required");
    return RunList(*o, context);
  });
}

}  // namespace slowwave
