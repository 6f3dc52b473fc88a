#include "core/replay.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/change_set.h"
#include "core/digest.h"
#include "core/llm_extractor.h"
#include "core/report.h"
#include "core/run_state.h"
#include "core/stages/align.h"
#include "core/stages/chunk.h"

namespace slowwave {
namespace {

constexpr int kPage = 1000;

// One gist as both sides tell it; equal identities are the same.
struct Outcome {
  std::string identity;
  ReplayDifference line;
};

Outcome OutcomeOf(const Assertion& a) { return {a.id, {false, a.key, a.value, a.text, "", "", a.evidence}}; }

Outcome OutcomeOf(const Quarantined& q) {
  std::string identity = absl::StrCat(q.reason, "\x1f", q.text, "\x1f", q.key, "\x1f", q.value.has_value(),
                                      q.value.value_or(""));
  for (const Evidence& e : q.evidence) absl::StrAppend(&identity, "\x1f", e.episode_id, "\x1e", e.quote);
  return {std::move(identity), {false, q.key, q.value, q.text, q.reason, q.detail, q.evidence}};
}

template <typename T>
std::vector<Outcome> OutcomesOf(const std::vector<T>& all) {
  std::vector<Outcome> out;
  for (const T& one : all) out.push_back(OutcomeOf(one));
  return out;
}

absl::StatusOr<std::vector<Quarantined>> QuarantinedBy(const RunRecord& record, Store& store) {
  std::vector<Quarantined> out;
  std::string after;
  do {
    absl::StatusOr<Page<Quarantined>> page = store.ListQuarantine(record.user, after, kPage);
    if (!page.ok()) return page.status();
    for (Quarantined& gist : page->items) {
      if (gist.run_id == record.run_id) out.push_back(std::move(gist));
    }
    after = page->next;
  } while (!after.empty());
  return out;
}

absl::StatusOr<std::map<std::string, std::string>> StoredReplies(const ChangeSet& set, const UserKey& user,
                                                                 Store& store) {
  std::vector<std::string> questions;
  for (const ChangeSet::Answer& answer : set.answers) {
    if (!answer.question.empty()) questions.push_back(answer.question);
  }
  std::map<std::string, std::string> out;
  for (size_t begin = 0; begin < questions.size(); begin += kMaxExchanges) {
    const size_t end = std::min(questions.size(), begin + kMaxExchanges);
    absl::StatusOr<std::vector<Exchange>> exchanges =
        store.LoadExchanges(user, {questions.begin() + static_cast<std::ptrdiff_t>(begin),
                                   questions.begin() + static_cast<std::ptrdiff_t>(end)});
    if (!exchanges.ok()) return exchanges.status();
    for (Exchange& exchange : *exchanges) out[exchange.request_hash] = std::move(exchange.reply);
  }
  return out;
}

absl::StatusOr<ChunkReply> ReadAgain(const Chunk& chunk, const ChangeSet::Answer& answer,
                                     const std::map<std::string, std::string>& replies) {
  if (answer.digest.empty()) return absl::NotFoundError("the endpoint had not answered for all of it");
  const auto stored = replies.find(answer.question);
  if (stored == replies.end()) return absl::NotFoundError("its reply is no longer stored");
  if (Sha256Hex(stored->second) != answer.digest) {
    return absl::NotFoundError("the stored reply is of another run, which asked the same");
  }
  return ReplyOfJournal(chunk, stored->second);
}

ChunkReply ByTheRules(const Chunk& chunk) {
  ChunkReply reply;
  BuiltinExtractor().Extract(chunk, nullptr, [&](ChunkReply r) { reply = std::move(r); });
  return reply;
}

// Fills run.replies; returns which chunks of the plan have all of their memories and a reply.
std::vector<bool> FillReplies(const ChangeSet& set, bool by_rules,
                              const std::map<std::string, std::string>& replies, RunState& run,
                              std::vector<std::string>& problems) {
  std::set<std::string> here;
  for (const Episode& episode : run.sample.episodes) here.insert(episode.id);
  std::vector<bool> replayed(set.plan.chunks.size(), false);
  size_t next = 0;  // run.chunks has no empty ones
  for (size_t c = 0; c < set.plan.chunks.size(); ++c) {
    const std::vector<int>& planned = set.plan.chunks[c];
    const auto left = std::count_if(planned.begin(), planned.end(), [&](int i) {
      return here.contains(set.plan.episodes[static_cast<size_t>(i)]);
    });
    absl::Status status;
    if (static_cast<size_t>(left) < planned.size()) status = absl::NotFoundError("memories of it are gone");
    if (left > 0) {
      const Chunk& chunk = run.chunks[next++];
      ChunkReply& reply = run.replies.emplace_back();
      if (status.ok() && by_rules) {
        reply = ByTheRules(chunk);
      } else if (status.ok()) {
        absl::StatusOr<ChunkReply> again = ReadAgain(chunk, set.answers[c], replies);
        status = again.status();
        if (again.ok()) reply = *std::move(again);
      }
      reply.status.Update(status);
      status = reply.status;
    }
    replayed[c] = status.ok();
    if (!status.ok()) {
      problems.push_back(
          absl::StrCat("chunk ", c, " (", planned.size(), " memories) is left out: ", status.message()));
    }
  }
  return replayed;
}

// Episodes of chunks that were replayed.
std::set<std::string> Covered(const ChangeSet& set, const std::vector<bool>& replayed) {
  std::set<std::string> out;
  for (size_t c = 0; c < replayed.size(); ++c) {
    if (!replayed[c]) continue;
    for (const int i : set.plan.chunks[c]) out.insert(set.plan.episodes[static_cast<size_t>(i)]);
  }
  return out;
}

// Adds what only one side has; returns how many both have.
int64_t Compare(std::vector<Outcome> recorded, std::vector<Outcome> now, bool all,
                const std::set<std::string>& covered, Replay& replay) {
  std::map<std::string, std::vector<ReplayDifference>> left;
  for (Outcome& one : now) left[one.identity].push_back(std::move(one.line));
  int64_t same = 0;
  for (Outcome& one : recorded) {
    std::vector<ReplayDifference>& equal = left[one.identity];
    if (!equal.empty()) {
      equal.pop_back();
      ++same;
      continue;
    }
    const bool seen = !one.line.evidence.empty() &&
                      std::all_of(one.line.evidence.begin(), one.line.evidence.end(),
                                  [&](const Evidence& e) { return covered.contains(e.episode_id); });
    if (!all && !seen) {
      ++replay.not_compared;
      continue;
    }
    one.line.recorded = true;
    replay.differences.push_back(std::move(one.line));
  }
  for (auto& [identity, lines] : left) {
    for (ReplayDifference& line : lines) replay.differences.push_back(std::move(line));
  }
  return same;
}

}  // namespace

absl::StatusOr<Replay> ReplayRun(const RunRecord& record, Store& store) {
  absl::StatusOr<Report> report = ReportOf(record);
  if (!report.ok()) return report.status();
  Replay replay;
  replay.extractor = report->extractor;
  replay.model = report->model;
  replay.prompt_version = report->prompt_version;
  const bool by_rules = absl::StartsWith(report->extractor, "builtin/");
  if (!by_rules && !absl::StartsWith(report->extractor, "llm/")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the run's extractor, ", report->extractor, ", is not one of this version's"));
  }
  replay.reader = by_rules ? BuiltinExtractor().name() : LlmReaderName();
  if (report->sampled == 0) return replay;
  absl::StatusOr<ChangeSet> set = ChangeSetFromJson(record.change_set);
  if (!set.ok()) return set.status();
  absl::StatusOr<Sample> sample = store.LoadEpisodes(record.user, set->plan.episodes, kContextTurns);
  if (!sample.ok()) return sample.status();
  absl::StatusOr<std::map<std::string, std::string>> replies = StoredReplies(*set, record.user, store);
  if (!replies.ok()) return replies.status();

  RunState run;
  run.plan = set->plan;
  run.plan.run_id = record.run_id;  // part of an assertion's id
  run.sample = *std::move(sample);
  BuildChunks(run);
  const Registry registry(run.sample.registry);
  const auto slots = std::make_shared<const std::vector<Slot>>(registry.slots());
  for (Chunk& chunk : run.chunks) chunk.slots = slots;
  const std::vector<bool> replayed = FillReplies(*set, by_rules, *replies, run, replay.problems);
  replay.chunks = static_cast<int64_t>(replayed.size());
  replay.replayed_chunks = std::count(replayed.begin(), replayed.end(), true);
  Align(run, registry, {});

  absl::StatusOr<SlotContents> contents = store.LoadAllSlots(record.user);
  if (!contents.ok()) return contents.status();
  std::erase_if(contents->assertions, [&](const Assertion& a) { return a.run_id != record.run_id; });
  absl::StatusOr<std::vector<Quarantined>> quarantined = QuarantinedBy(record, store);
  if (!quarantined.ok()) return quarantined.status();
  const bool all = replay.replayed_chunks == replay.chunks;
  const std::set<std::string> covered = Covered(*set, replayed);
  replay.same_assertions =
      Compare(OutcomesOf(contents->assertions), OutcomesOf(run.assertions), all, covered, replay);
  replay.same_quarantined =
      Compare(OutcomesOf(*quarantined), OutcomesOf(run.quarantine), all, covered, replay);
  std::stable_sort(replay.differences.begin(), replay.differences.end(),
                   [](const ReplayDifference& a, const ReplayDifference& b) {
                     return std::make_tuple(!a.reason.empty(), a.key, a.text, !a.recorded) <
                            std::make_tuple(!b.reason.empty(), b.key, b.text, !b.recorded);
                   });
  return replay;
}

}  // namespace slowwave
