#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/commands/client_commands.h"
#include "server/commands/format.h"
#include "server/commands/output.h"

namespace slowwave {
namespace {

using Stub = v1::ConsolidationService::Stub;

struct ReportOptions {
  Target target;
  std::string run, task;
  bool list = false, clusters = false, replay = false;
};

absl::StatusOr<int> RunList(const ReportOptions& o, CommandContext& context) {
  Client client(o.target);
  Table table;
  table.Row({"RUN", "WHEN", "OUTCOME", "SAMPLED", "CREATED", "REINFORCED", "SUPERSEDED", "ENDED", "TRIGGER"});
  bool any = false;
  const absl::Status status = client.Pages(
      &Stub::ListReports, For<v1::ListReportsRequest>(o.target), [&](const v1::ListReportsResponse& page) {
        for (const v1::Report& r : page.reports()) {
          any = true;
          if (o.target.json) {
            context.out << JsonLine(r);
            continue;
          }
          table.Row({r.run_id(), Minute(r.started_at()),
                     !r.succeeded() ? "failed"
                     : r.partial()  ? "in part"
                                    : "succeeded",
                     Grouped(r.sampled()), Grouped(r.facts_created()), Grouped(r.facts_reinforced()),
                     Grouped(r.facts_superseded()), Grouped(r.facts_ended()), KindWord(r.trigger())});
        }
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (!o.target.json) context.out << (any ? table.Text() : "no runs\n");
  return 0;
}

// Of the run named, the task named, or the user's last run.
absl::StatusOr<v1::GetReportRequest> Wanted(Client& client, const ReportOptions& o) {
  v1::GetReportRequest request;
  request.set_tenant(o.target.tenant);
  request.set_run_id(o.run);
  request.set_task_id(o.task);
  if (!o.run.empty() || !o.task.empty()) return request;
  if (o.target.user.empty()) return absl::InvalidArgumentError("which report? Name a run, --task or --user");
  auto last = For<v1::ListReportsRequest>(o.target);
  last.set_page_size(1);
  auto page = client.Call(&Stub::ListReports, last);
  if (!page.ok()) return page.status();
  if (page->reports().empty())
    return absl::NotFoundError(absl::StrCat("user ", o.target.user, " has no runs yet"));
  request.set_run_id(page->reports(0).run_id());
  return request;
}

absl::StatusOr<int> RunShow(const ReportOptions& o, CommandContext& context) {
  Client client(o.target);
  auto request = Wanted(client, o);
  if (!request.ok()) return request.status();
  auto report = client.Call(&Stub::GetReport, *request);
  if (!report.ok()) return report.status();
  if (o.target.json) {
    context.out << JsonLine(*report);
    return 0;
  }
  context.out << ReportText(*report, /*changes=*/true);
  if (o.clusters) {
    context.out << "clusters\n";
    for (const v1::ClusterReport& cluster : report->cluster_list()) {
      context.out << "  " << cluster.episode_ids_size() << " episodes"
                  << (cluster.themes().empty() ? "" : " about " + absl::StrJoin(cluster.themes(), ", "))
                  << ": " << absl::StrJoin(cluster.episode_ids(), " ") << "\n";
    }
  }
  return 0;
}

void PrintReplay(const v1::ReplayRunResponse& replay, std::ostream& out) {
  out << "run " << replay.run_id() << " of " << replay.extractor()
      << (replay.model().empty()
              ? ""
              : absl::StrCat(", model ", replay.model(), ", prompt ", replay.prompt_version()))
      << ", read again by " << replay.reader() << " with no call\n"
      << replay.replayed_chunks() << " of " << replay.chunks() << " chunks: the same "
      << Grouped(replay.same_assertions()) << " assertions and " << Grouped(replay.same_quarantined())
      << " quarantined gists\n";
  for (const std::string& problem : replay.problems()) out << "  " << problem << "\n";
  if (replay.not_compared() > 0) {
    out << "  " << Grouped(replay.not_compared()) << " recorded gists of those are not compared\n";
  }
  if (replay.differences().empty()) {
    out << "nothing differs\n";
    return;
  }
  out << "differences (- as recorded, + as read now)\n";
  for (const v1::ReplayDifference& d : replay.differences()) {
    out << (d.side() == v1::REPLAY_SIDE_RECORDED ? "- " : "+ ") << d.key()
        << (d.has_value() ? " = " + d.value() : "")
        << (d.reason().empty() ? "" : absl::StrCat("  quarantined: ", d.reason())) << "\n"
        << EvidenceText(
               d.evidence(), [](const std::string&) { return Said{}; }, 6);
  }
}

absl::StatusOr<int> RunReplay(const ReportOptions& o, CommandContext& context) {
  Client client(o.target);
  auto wanted = Wanted(client, o);
  if (!wanted.ok()) return wanted.status();
  v1::ReplayRunRequest request;
  request.set_tenant(wanted->tenant());
  request.set_run_id(wanted->run_id());
  if (request.run_id().empty()) {
    auto report = client.Call(&Stub::GetReport, *wanted);
    if (!report.ok()) return report.status();
    request.set_run_id(report->run_id());
  }
  auto replay = client.Call(&Stub::ReplayRun, request);
  if (!replay.ok()) return replay.status();
  if (o.target.json) {
    context.out << JsonLine(*replay);
  } else {
    PrintReplay(*replay, context.out);
  }
  return 0;
}

}  // namespace

void AddReport(CLI::App& root, CommandContext& context) {
  auto o = std::make_shared<ReportOptions>();
  CLI::App* command = root.add_subcommand("report", "Show what a run did, or list a user's runs");
  AddTargetFlags(*command, o->target, UserFlag::kOptional);
  CLI::Option* run =
      command->add_option("run", o->run, "The run's id; without it and --task: the user's last run");
  command->add_option("--task", o->task, "The last run of this task")->excludes(run);
  CLI::Option* list = command->add_flag("--list", o->list, "All of --user's runs, newest first, a line each");
  list->excludes(run);
  command->add_flag("--clusters", o->clusters, "Also the clusters with their episodes");
  command
      ->add_flag("--replay", o->replay,
                 "Read what the run was answered once more, with no call to an endpoint, and show what would "
                 "come out differently; changes nothing")
      ->excludes(list);
  command->footer(
      "Example: slowwave report --user ines\n"
      "         slowwave report --replay 8f14e45f-ceea-467f-a0e6-0242ac120002\n"
      "         slowwave report --user ines --list\n"
      "         slowwave report --task 8f14e45f-ceea-467f-a0e6-0242ac120002 --json");
  OnChosen(*command, context, [o, &context]() -> absl::StatusOr<int> {
    if (o->replay) return RunReplay(*o, context);
    if (!o->list) return RunShow(*o, context);
    if (o->target.user.empty()) return absl::InvalidArgumentError("--list needs --user");
    return RunList(*o, context);
  });
}

}  // namespace slowwave
