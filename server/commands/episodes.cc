#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/commands/client_commands.h"
#include "server/commands/format.h"
#include "server/commands/output.h"

namespace slowwave {
namespace {

using Stub = v1::MemoryService::Stub;

struct EpisodesOptions {
  Target target;
  std::string id;
  bool pending = false, unreadable = false;
};

std::string Fate(const v1::StoredEpisode& e) {
  if (e.unreadable()) return "unreadable";
  if (e.pending()) return e.tries() > 0 ? absl::StrCat("pending, tried ", e.tries(), " times") : "pending";
  if (e.reviewed_by().empty()) return "not sampled";
  return e.cited() ? "cited" : "reviewed";
}

absl::StatusOr<int> RunShow(const EpisodesOptions& o, CommandContext& context) {
  auto request = For<v1::GetEpisodeRequest>(o.target);
  request.set_episode_id(o.id);
  auto found = Client(o.target).Call(&Stub::GetEpisode, request);
  if (!found.ok()) return found.status();
  if (o.target.json) {
    context.out << JsonLine(*found);
    return 0;
  }
  const v1::Episode& e = found->episode();
  Table table;
  table.Row({"id", e.id()});
  table.Row({"when", Minute(e.occurred_at())});
  table.Row({"speaker", e.speaker()});
  table.Row({"session", absl::StrCat(e.session_id(), e.has_turn() ? absl::StrCat(", turn ", e.turn()) : "")});
  table.Row({"type", absl::StrCat(Word(v1::EpisodeType_Name(e.type()), "EPISODE_TYPE_"), " of origin ",
                                  Word(v1::Origin_Name(e.origin()), "ORIGIN_"))});
  table.Row({"state", absl::StrCat(Fate(*found), found->reviewed_by().empty() ? "" : " by run ",
                                   found->reviewed_by())});
  context.out << table.Text() << "\n" << Printable(e.text()) << "\n";
  return 0;
}

absl::StatusOr<int> RunList(const EpisodesOptions& o, CommandContext& context) {
  Client client(o.target);
  bool any = false;
  const absl::Status status = client.Pages(
      &Stub::ListEpisodes, For<v1::ListEpisodesRequest>(o.target), [&](const v1::ListEpisodesResponse& page) {
        Table table;
        for (const v1::StoredEpisode& e : page.episodes()) {
          if ((o.pending && !e.pending()) || (o.unreadable && !e.unreadable())) continue;
          any = true;
          if (o.target.json) {
            context.out << JsonLine(e);
          } else {
            table.Row({Minute(e.episode().occurred_at()), e.episode().id(), Fate(e), e.episode().speaker(),
                       Shorten(e.episode().text(), 100)});
          }
        }
        context.out << table.Text();
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (!any && !o.target.json) context.out << "no episodes\n";
  return 0;
}

}  // namespace

void AddEpisodes(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<EpisodesOptions>();
  CLI::App* command = root.add_subcommand("episodes", "List a user's episodes by time, or show one");
  AddTargetFlags(*command, o->target, UserFlag::kRequired);
  command->add_option("id", o->id, "Show only this one");
  command->add_flag("--pending", o->pending, "Only those that no run has reviewed yet");
  command->add_flag("--unreadable", o->unreadable, "Only those given up on");
  command->footer(
      "The third column: pending, reviewed (a run read it and found nothing to keep), cited (a fact rests on "
      "it),\n"
      "unreadable, or not sampled (derived).\n"
      "Example: slowwave episodes --user ines --pending\n"
      "         slowwave episodes --user ines demo/s30/t01");
  OnChosen(*command, context,
           [o, &context] { return o->id.empty() ? RunList(*o, context) : RunShow(*o, context); });
}

}  // namespace slowwave
