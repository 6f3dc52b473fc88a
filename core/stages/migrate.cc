#include "core/stages/migrate.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/change_set.h"
#include "core/refold.h"

namespace slowwave {
namespace {

std::string ChangeSetOf(const RunState& run) {
  ChangeSet set;
  set.plan = run.plan;
  std::map<std::string, int> at;
  for (size_t i = 0; i < set.plan.episodes.size(); ++i) at[set.plan.episodes[i]] = static_cast<int>(i);
  set.plan.chunks.clear();
  std::set<int> shown;
  for (size_t c = 0; c < run.chunks.size(); ++c) {
    std::vector<int>& members = set.plan.chunks.emplace_back();
    for (const ChunkMemory& memory : run.chunks[c].memories) members.push_back(at.at(memory.episode->id));
    shown.insert(members.begin(), members.end());
    set.answers.push_back({run.questions[c], run.digests[c]});
  }
  for (std::vector<int>& cluster : set.plan.clusters) {
    std::erase_if(cluster, [&](int i) { return !shown.contains(i); });
  }
  for (const Assertion& a : run.assertions) set.assertions.push_back(a.id);
  set.reviewed = run.reviewed;
  set.cited = run.cited;
  set.quarantined = static_cast<int64_t>(run.quarantine.size());
  return ChangeSetToJson(set);
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
