#include "server/commands/drain.h"

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/commands/format.h"
#include "storage/deadline.h"

namespace slowwave {
namespace {

// How long a daemon may be away (a restart) before a follower gives up, and how often it is asked meanwhile.
constexpr absl::Duration kPatience = absl::Minutes(1);
constexpr absl::Duration kPause = absl::Milliseconds(500);

bool Ended(v1::TaskState state) {
  return state == v1::TASK_STATE_DONE || state == v1::TASK_STATE_DEAD || state == v1::TASK_STATE_CANCELLED;
}

int64_t BackedOff(const v1::Report& report) {
  int64_t count = 0;
  for (const auto& [reason, skipped] : report.skipped()) {
    if (absl::StrContains(reason, "backoff") || absl::StrContains(reason, "backed")) count += skipped;
  }
  return count;
}

absl::StatusOr<v1::Report> ReportOf(Client& client, const std::string& tenant, const std::string& task_id) {
  v1::GetReportRequest request;
  request.set_tenant(tenant);
  request.set_task_id(task_id);
  return client.Call(&v1::ConsolidationService::Stub::GetReport, request);
}

}  // namespace

absl::StatusOr<v1::Task> Follow(Client& client, const std::string& tenant, const std::string& task_id,
                                const OnEvent& on_event) {
  Deadline give_up = Deadline::After(kPatience);
  v1::WatchTaskRequest request;
  request.set_tenant(tenant);
  request.set_task_id(task_id);
  for (;;) {
    grpc::ClientContext context;
    client.Authorize(context);
    const auto stream = client.consolidation().WatchTask(&context, request);
    v1::TaskEvent event;
    v1::Task last;
    while (stream->Read(&event)) {
      give_up = Deadline::After(kPatience);
      if (event.has_task()) last = event.task();
      on_event(event);
    }
    const grpc::Status status = stream->Finish();
    if (status.ok() && Ended(last.state())) return last;
    const absl::Status cut_off =
        status.ok()
            ? absl::UnavailableError(absl::StrCat("task ", task_id, " has not ended, but watching it did"))
            : Readable(status, client.address());
    if (!absl::IsUnavailable(cut_off) || give_up.over()) return cut_off;
    absl::SleepFor(kPause);
  }
}

absl::Status Failure(const v1::Task& task) {
  return absl::AbortedError(
      absl::StrCat("task ", task.id(), " is ", StateWord(task.state()), task.last_error().empty() ? "" : ": ",
                   task.last_error(),
                   task.state() == v1::TASK_STATE_DEAD
                       ? absl::StrCat("; try again with `slowwave tasks retry ", task.id(), "`")
                       : ""));
}

absl::StatusOr<v1::TriggerConsolidationResponse> Trigger(Client& client,
                                                         v1::TriggerConsolidationRequest& request) {
  const bool own = request.request_id().empty();
  if (own) request.set_request_id("cli-" + boost::uuids::to_string(boost::uuids::random_generator()()));
  bool reached = false;
  const Deadline give_up = Deadline::After(kPatience);
  for (;;) {
    auto response = client.Call(&v1::ConsolidationService::Stub::TriggerConsolidation, request);
    // A daemon that is not there at the first call is an error to hear of at once.
    reached |= response.ok() || !absl::StartsWith(response.status().message(), "cannot reach");
    if (response.ok() || !absl::IsUnavailable(response.status()) || !reached || give_up.over()) {
      if (own) request.clear_request_id();
      return response;
    }
    absl::SleepFor(kPause);
  }
}

absl::StatusOr<Drained> Drain(Client& client, v1::TriggerConsolidationRequest request,
                              const OnEvent& on_event) {
  Drained out;
  v1::GetUserRequest who;
  who.set_tenant(request.tenant());
  who.set_user(request.user());
  for (;;) {
    auto triggered = Trigger(client, request);
    if (!triggered.ok()) return triggered.status();
    std::string id = triggered->task().id();
    while (!id.empty()) {
      absl::StatusOr<v1::Task> task = Follow(client, request.tenant(), id, on_event);
      if (!task.ok()) return task.status();
      if (task->state() != v1::TASK_STATE_DONE) return Failure(*task);
      id = task->follow_up();
      out.tasks.push_back(*std::move(task));
    }
    absl::StatusOr<v1::User> user = client.Call(&v1::MemoryService::Stub::GetUser, who);
    if (!user.ok()) return user.status();
    out.pending = user->pending();
    out.unreadable = user->unreadable();
    if (out.pending == 0) return out;
    // What is pending now was filtered out, was left unanswered, or came while the last run was under way.
    // Only the last is worth another run; trying the unanswered again at once would only use their tries up.
    absl::StatusOr<v1::Report> report = ReportOf(client, request.tenant(), out.tasks.back().id());
    if (!report.ok()) return report.status();
    out.backed_off = BackedOff(*report);
    if (report->partial() && out.backed_off == 0) out.backed_off = out.pending;
    if (report->sampled() == 0 || report->partial()) return out;
    request.clear_request_id();
  }
}

}  // namespace slowwave
