#include "core/stages/migrate.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/refold.h"

namespace slowwave {
namespace {

// What the run is made of, for revert and apply: ids only; the rows themselves hold the content.
std::string ChangeSetOf(const RunState& run) {
  std::vector<std::string> ids;
  for (const Assertion& a : run.assertions) ids.push_back(a.id);
  const nlohmann::json j = {{"version", 1},
                            {"assertions", ids},
                            {"reviewed", run.reviewed},
                            {"cited", run.cited},
                            {"quarantined", run.quarantine.size()}};
  return j.dump();
}

void Count(const std::vector<Change>& changes, Report& report) {
  for (const Change& change : changes) {
    switch (change.kind) {
      case ChangeKind::kCreated:
        ++report.facts_created;
        if (change.fact.closed) ++(change.replaced_by.empty() ? report.facts_ended : report.facts_superseded);
        break;
      case ChangeKind::kReinforced:
        ++report.facts_reinforced;
        break;
      case ChangeKind::kSuperseded:
      case ChangeKind::kCorrected:
        ++report.facts_superseded;
        break;
      case ChangeKind::kEnded:
        ++report.facts_ended;
        break;
      case ChangeKind::kContested:
        ++report.facts_contested;
        break;
      case ChangeKind::kRemoved:
      case ChangeKind::kUnspecified:
        break;
    }
  }
}

}  // namespace

absl::StatusOr<Migration> Migrate(RunState& run, const Registry& registry, Store& store) {
  const UserKey& user = run.claimed.lease.user;
  std::set<std::string> slots, raw;
  for (const Assertion& a : run.assertions) {
    raw.insert(a.key);
    slots.insert(registry.Resolve(a.key).name);
  }
  for (const std::string& slot : slots) {
    for (std::string& key : registry.RawKeysOf(slot)) raw.insert(std::move(key));
  }
  absl::StatusOr<SlotContents> contents =
      store.LoadSlots(user, {raw.begin(), raw.end()}, {slots.begin(), slots.end()});
  if (!contents.ok()) return contents.status();
  const bool stale = !contents->fold_stamp.empty() && contents->fold_stamp != registry.stamp();
  if (stale && !slots.empty()) {
    contents = store.LoadAllSlots(user);
    if (!contents.ok()) return contents.status();
  }
  const std::vector<Fact> before = contents->facts;
  contents->assertions.insert(contents->assertions.end(), run.assertions.begin(), run.assertions.end());
  Folded folded = RefoldAll(*contents, registry);
  run.report.changes = DiffFacts(before, folded.facts, folded.unused, run.plan.run_id);
  Count(run.report.changes, run.report);

  Migration out;
  RunCommit& commit = out.commit;
  commit.lease = run.claimed.lease;
  commit.memory_version = contents->memory_version;
  commit.run.run_id = run.plan.run_id;
  commit.run.task_id = run.claimed.task.id;
  commit.run.user = user;
  commit.run.change_set = ChangeSetOf(run);
  commit.assertions = run.assertions;
  for (const auto* list : {&before, &static_cast<const std::vector<Fact>&>(folded.facts)}) {
    for (const Fact& fact : *list) slots.insert(fact.key);
  }
  commit.replaced_keys.assign(slots.begin(), slots.end());
  commit.facts = std::move(folded.facts);
  commit.quarantine = run.quarantine;
  commit.reviewed = run.reviewed;
  commit.cited = run.cited;
  commit.left = run.left;
  commit.unreadable = run.unreadable;
  commit.keep_pending = run.claimed.task.options.keep_pending;
  commit.set_status = run.claimed.task.options.set_status;
  commit.fold_stamp = stale && commit.replaced_keys.empty() ? contents->fold_stamp : registry.stamp();
  return out;
}

}  // namespace slowwave
