#include "server/commands/format.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/commands/output.h"
#include "server/mapping.h"

namespace slowwave {
namespace {

std::string Spaced(std::string slug) {
  std::replace(slug.begin(), slug.end(), '_', ' ');
  return slug;
}

template <typename Map>
std::string Counts(const Map& counts) {
  const std::map<std::string, int64_t> sorted(counts.begin(), counts.end());
  return absl::StrJoin(sorted, ", ", [](std::string* out, const auto& item) {
    absl::StrAppend(out, Grouped(item.second), " ", Spaced(item.first));
  });
}

const char* Unit(const std::string& stage) {
  if (stage == "sample") return "episodes";
  if (stage == "cluster") return "clusters";
  if (stage == "extract") return "gists";
  if (stage == "align") return "assertions";
  return "facts changed";
}

// What is said of a trigger condition in one line.
std::string ConditionText(const v1::TriggerCondition& c) {
  std::vector<std::string> parts;
  if (c.has_interval()) parts.push_back(absl::StrCat("every ", Span(FromWire(c.interval()))));
  if (c.has_episodes()) parts.push_back(absl::StrCat("at ", Grouped(c.episodes()), " pending episodes"));
  if (c.has_megabytes()) parts.push_back(absl::StrFormat("at %g MB pending", c.megabytes()));
  if (c.has_cooldown()) parts.push_back(absl::StrCat("at most every ", Span(FromWire(c.cooldown()))));
  if (c.events_size() > 0) parts.push_back(absl::StrCat("on ", absl::StrJoin(c.events(), ", ")));
  if (c.has_next_due()) parts.push_back(absl::StrCat("next at ", Minute(c.next_due())));
  if (c.times_fired() > 0) {
    parts.push_back(absl::StrCat("fired ", c.times_fired(), " times, last ", Minute(c.last_fired())));
  }
  return parts.empty() ? "by hand" : absl::StrJoin(parts, ", ");
}

}  // namespace

std::string Day(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%E4Y-%m-%d", FromWire(time), absl::UTCTimeZone());
}

std::string Minute(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%E4Y-%m-%d %H:%M", FromWire(time), absl::UTCTimeZone());
}

std::string Span(absl::Duration d) {
  if (d >= absl::Seconds(60)) return absl::FormatDuration(absl::Trunc(d, absl::Seconds(1)));
  if (d >= absl::Seconds(1)) return absl::StrFormat("%.2f s", absl::ToDoubleSeconds(d));
  return absl::StrFormat("%.3g ms", absl::ToDoubleMilliseconds(d));
}

std::string Word(const std::string& name, const std::string& prefix) {
  std::string word = absl::StartsWith(name, prefix) ? name.substr(prefix.size()) : name;
  return Spaced(absl::AsciiStrToLower(word));
}

std::string StateWord(v1::TaskState state) { return Word(v1::TaskState_Name(state), "TASK_STATE_"); }
std::string KindWord(v1::TriggerKind kind) { return Word(v1::TriggerKind_Name(kind), "TRIGGER_KIND_"); }
std::string CategoryWord(v1::Category category) { return Word(v1::Category_Name(category), "CATEGORY_"); }
std::string ChangeWord(v1::ChangeKind kind) { return Word(v1::ChangeKind_Name(kind), "CHANGE_KIND_"); }

std::string When(const v1::Fact& fact) {
  if (!fact.temporal()) return fact.closed() ? "corrected" : "";
  if (fact.has_valid_from() && fact.has_valid_to()) {
    return absl::StrCat(Day(fact.valid_from()), " to ", Day(fact.valid_to()));
  }
  if (fact.has_valid_to()) return absl::StrCat("until ", Day(fact.valid_to()));
  if (fact.has_valid_from()) return absl::StrCat("since ", Day(fact.valid_from()));
  return "";
}

std::string EvidenceText(const google::protobuf::RepeatedPtrField<v1::Evidence>& evidence,
                         const Lookup& lookup, int indent, const std::string& lead) {
  std::string out;
  for (const v1::Evidence& piece : evidence) {
    const Said said = lookup(piece.episode_id());
    std::vector<std::string> source;
    for (const std::string& part : {said.speaker, said.day, piece.episode_id()}) {
      if (!part.empty()) source.push_back(part);
    }
    absl::StrAppend(&out, std::string(static_cast<size_t>(indent), ' '), lead, "\"",
                    Shorten(piece.quote(), 160), "\"  (", absl::StrJoin(source, ", "), ")\n");
  }
  return out;
}

std::string FactsText(const std::vector<v1::Fact>& facts, const Lookup* lookup) {
  std::string out, subject, category;
  Table table(4);
  const auto flush = [&] {
    absl::StrAppend(&out, table.Text());
    table = Table(4);
  };
  std::vector<v1::Fact> ordered = facts;
  // As in a person's file: who they are first, then the rest; within a slot by time, as the server gives
  // them.
  std::stable_sort(ordered.begin(), ordered.end(), [](const v1::Fact& a, const v1::Fact& b) {
    return std::make_tuple(a.subject(), static_cast<int>(a.category())) <
           std::make_tuple(b.subject(), static_cast<int>(b.category()));
  });
  std::string predicate;
  for (const v1::Fact& fact : ordered) {
    if (fact.subject() != subject || out.empty()) {
      flush();
      absl::StrAppend(&out, out.empty() ? "" : "\n", fact.subject(), "\n");
      subject = fact.subject();
      category.clear();
    }
    if (const std::string word = CategoryWord(fact.category()); word != category) {
      flush();
      absl::StrAppend(&out, "  ", word, "\n");
      category = word;
      predicate.clear();
    }
    // A digest for a predicate says nothing to a reader; what was found is the text then.
    const bool bare = fact.type() == v1::GIST_TYPE_SUMMARY;
    const std::string name = bare ? "summary" : Spaced(fact.predicate());
    table.Row({name == predicate && lookup == nullptr ? "" : name,
               Shorten(bare ? fact.text() : fact.value(), 90), When(fact),
               absl::StrFormat("%.2f", fact.confidence())});
    predicate = name;
    if (lookup != nullptr) {
      flush();
      absl::StrAppend(&out, EvidenceText(fact.evidence(), *lookup, 6));
      absl::StrAppend(&out, EvidenceText(fact.closing(), *lookup, 6, "closed by "));
    }
  }
  flush();
  return out;
}

std::string ReportText(const v1::Report& r, bool changes) {
  Table top;
  const auto row = [&top](const char* name, const std::string& text) {
    if (!text.empty()) top.Row({name, text});
  };
  row("run", r.run_id());
  row("task", absl::StrCat(r.task_id(), r.attempt() > 1 ? absl::StrCat(", attempt ", r.attempt()) : ""));
  row("user", absl::StrCat(r.user(), " of ", r.tenant()));
  row("trigger", absl::StrCat(KindWord(r.trigger()), r.reasons_size() > 0 ? ": " : "",
                              absl::StrJoin(r.reasons(), "; ")));
  row("when", absl::StrCat(Minute(r.started_at()), ", took ",
                           Span(FromWire(r.finished_at()) - FromWire(r.started_at()))));
  row("outcome", !r.succeeded() ? "failed"
                 : r.partial()  ? "in part: some chunks got no answer"
                                : "succeeded");
  row("sampled", absl::StrCat(Grouped(r.sampled()), " of ", Grouped(r.eligible()), " eligible episodes"));
  row("skipped", Counts(r.skipped()));
  if (!r.embedding_model().empty()) {
    row("embedder",
        absl::StrCat(r.embedding_model(), ", ", Grouped(r.embedded()), " episodes, ",
                     Grouped(r.embedding_calls()), " calls, ", Grouped(r.embedding_tokens()), " tokens"));
  }
  row("clusters", absl::StrCat(Grouped(r.clusters()), " and ", Grouped(r.strays()), " strays, cut at cosine ",
                               absl::StrFormat("%.3f", r.threshold()), " (", r.threshold_method(), ")"));
  row("extractor", absl::StrCat(r.extractor(), r.model().empty() ? "" : " " + r.model(), ", ",
                                Grouped(r.chunks()), " chunks, ", Grouped(r.calls()), " calls",
                                r.retries() > 0 ? absl::StrCat(", ", r.retries(), " retries") : ""));
  if (r.prompt_tokens() + r.completion_tokens() > 0) {
    row("tokens", absl::StrCat(Grouped(r.prompt_tokens()), " in, ", Grouped(r.completion_tokens()), " out"));
  }
  if (r.cost() > 0) row("cost", absl::StrFormat("%.4f", r.cost()));
  if (!r.budget_met().empty()) row("budget", absl::StrCat(r.budget_met(), ", met"));
  row("gists", absl::StrCat(Grouped(r.gists()), ": ", Grouped(r.integrated()), " under known keys, ",
                            Grouped(r.created_keys()), " under new ones"));
  row("quarantined", Counts(r.quarantined()));
  row("facts",
      absl::StrCat(Grouped(r.facts_created()), " created, ", Grouped(r.facts_reinforced()), " reinforced, ",
                   Grouped(r.facts_superseded()), " superseded, ", Grouped(r.facts_ended()), " ended, ",
                   Grouped(r.facts_contested()), " contested"));
  row("left", absl::StrCat(Grouped(r.supported_nothing()), " episodes supported nothing"));
  row("follow-up", r.follow_up());
  for (const std::string& error : r.errors()) row("error", error);
  for (const std::string& suggestion : r.suggestions()) row("suggestion", suggestion);
  std::string out = top.Text();

  if (r.stages_size() > 0) {
    Table stages(2);
    for (const v1::StageReport& stage : r.stages()) {
      stages.Row({stage.name(), Span(FromWire(stage.took())), Counts(stage.counts())});
    }
    absl::StrAppend(&out, "stages\n", stages.Text());
  }
  if (changes && r.changes_size() > 0) {
    Table table(2);
    for (const v1::Change& change : r.changes()) {
      std::string note = change.note();
      if (!change.replaced_by().empty()) note = absl::StrCat("now ", change.replaced_by());
      table.Row({ChangeWord(change.kind()), change.fact().key(), Shorten(change.fact().value(), 60),
                 When(change.fact()), note});
    }
    absl::StrAppend(&out, "changes\n", table.Text());
  }
  return out;
}

std::string TaskText(const v1::Task& t) {
  Table table;
  const auto row = [&table](const char* name, const std::string& text) {
    if (!text.empty()) table.Row({name, text});
  };
  row("task", t.id());
  row("user", absl::StrCat(t.user(), " of ", t.tenant()));
  row("state",
      absl::StrCat(StateWord(t.state()), t.attempt() > 1 ? absl::StrCat(", attempt ", t.attempt()) : "",
                   t.has_run_after() ? absl::StrCat(", again at ", Minute(t.run_after())) : ""));
  row("trigger", absl::StrCat(KindWord(t.kind()), ", priority ", t.priority()));
  row("reasons", absl::StrJoin(t.reasons(), "; "));
  row("created", Minute(t.created_at()));
  if (t.has_started_at()) row("started", Minute(t.started_at()));
  if (t.has_finished_at()) row("finished", Minute(t.finished_at()));
  row("run", t.run_id());
  row("follow-up", t.follow_up());
  row("error", t.last_error());
  return table.Text();
}

std::string UserText(const v1::User& u) {
  Table table;
  table.Row({"user", absl::StrCat(u.user(), " of ", u.tenant(), ", since ", Minute(u.registered_at()))});
  table.Row({"episodes",
             absl::StrCat(Grouped(u.episodes()), ", of them ", Grouped(u.pending()), " pending (",
                          Grouped(u.pending_bytes()), " bytes), ", Grouped(u.unreadable()), " unreadable")});
  table.Row({"facts",
             absl::StrCat(Grouped(u.facts()), " with history, ", Grouped(u.quarantined()), " quarantined")});
  if (u.embedding_dimension() > 0)
    table.Row({"embeddings", absl::StrCat(u.embedding_dimension(), " numbers each")});
  table.Row({"memory", absl::StrCat("version ", u.memory_version())});
  table.Row({"digest", u.digest()});
  if (!u.paused_by().empty()) table.Row({"paused", u.paused_by()});
  for (const v1::TriggerCondition& c : u.conditions()) table.Row({KindWord(c.kind()), ConditionText(c)});
  return table.Text();
}

std::string EventText(const v1::TaskEvent& e) {
  std::string out = "  ";
  if (e.stage().empty()) {
    absl::StrAppend(&out, "task ", StateWord(e.state()));
  } else if (e.done()) {
    absl::StrAppend(&out, absl::StrFormat("%-8s", e.stage()), " ", Grouped(e.count()), " ", Unit(e.stage()));
  } else {
    absl::StrAppend(&out, absl::StrFormat("%-8s", e.stage()), " ...");
  }
  if (!e.message().empty()) absl::StrAppend(&out, "  ", e.message());
  return out;
}

}  // namespace slowwave
