#include "core/report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

using nlohmann::json;

json TimeJson(absl::Time t) { return absl::ToUnixMicros(t); }
json TimeJson(const std::optional<absl::Time>& t) { return t ? json(absl::ToUnixMicros(*t)) : json(nullptr); }
absl::Time TimeOf(const json& j) { return absl::FromUnixMicros(j.get<int64_t>()); }
std::optional<absl::Time> OptionalTimeOf(const json& j) {
  return j.is_null() ? std::nullopt : std::optional<absl::Time>(TimeOf(j));
}

json EvidenceJson(const std::vector<Evidence>& evidence) {
  json out = json::array();
  for (const Evidence& e : evidence) out.push_back({e.episode_id, e.quote});
  return out;
}

std::vector<Evidence> EvidenceOf(const json& j) {
  std::vector<Evidence> out;
  for (const json& e : j) out.push_back({e.at(0), e.at(1)});
  return out;
}

json FactJson(const Fact& f) {
  return {{"key", f.key},
          {"category", static_cast<int>(f.category)},
          {"subject", f.subject},
          {"predicate", f.predicate},
          {"value", f.value},
          {"value_type", static_cast<int>(f.value_type)},
          {"type", static_cast<int>(f.type)},
          {"text", f.text},
          {"confidence", f.confidence},
          {"trust", f.trust},
          {"temporal", f.temporal},
          {"valid_from", TimeJson(f.valid_from)},
          {"valid_to", TimeJson(f.valid_to)},
          {"closed", f.closed},
          {"evidence", EvidenceJson(f.evidence)},
          {"closing", EvidenceJson(f.closing)},
          {"run_id", f.run_id}};
}

Fact FactOf(const json& j) {
  Fact f;
  f.key = j.at("key");
  f.category = static_cast<Category>(j.at("category").get<int>());
  f.subject = j.at("subject");
  f.predicate = j.at("predicate");
  f.value = j.at("value");
  f.value_type = static_cast<ValueType>(j.at("value_type").get<int>());
  f.type = static_cast<GistType>(j.at("type").get<int>());
  f.text = j.at("text");
  f.confidence = j.at("confidence");
  f.trust = j.at("trust");
  f.temporal = j.at("temporal");
  f.valid_from = OptionalTimeOf(j.at("valid_from"));
  f.valid_to = OptionalTimeOf(j.at("valid_to"));
  f.closed = j.at("closed");
  f.evidence = EvidenceOf(j.at("evidence"));
  f.closing = EvidenceOf(j.at("closing"));
  f.run_id = j.at("run_id");
  return f;
}

json StagesJson(const Report& r) {
  json out = json::array();
  for (const StageReport& s : r.stages) {
    out.push_back({{"name", s.name}, {"micros", absl::ToInt64Microseconds(s.took)}, {"counts", s.counts}});
  }
  return out;
}

json ClustersJson(const Report& r) {
  json out = json::array();
  for (const ClusterReport& c : r.cluster_list) {
    out.push_back({{"episodes", c.episode_ids},
                   {"themes", c.themes},
                   {"type", static_cast<int>(c.dominant_type)},
                   {"confidence", c.mean_confidence},
                   {"cohesion", c.cohesion}});
  }
  return out;
}

json ChangesJson(const Report& r) {
  json out = json::array();
  for (const Change& c : r.changes) {
    out.push_back({{"kind", static_cast<int>(c.kind)},
                   {"fact", FactJson(c.fact)},
                   {"replaced_by", c.replaced_by},
                   {"confidence_before", c.confidence_before},
                   {"note", c.note}});
  }
  return out;
}

// The counts of a report by the names they are kept under.
struct CountField {
  const char* name;
  int64_t Report::*value;
};
constexpr CountField kCounts[] = {
    {"sampled", &Report::sampled},
    {"eligible", &Report::eligible},
    {"clusters", &Report::clusters},
    {"strays", &Report::strays},
    {"chunks", &Report::chunks},
    {"gists", &Report::gists},
    {"assertions", &Report::assertions},
    {"integrated", &Report::integrated},
    {"created_keys", &Report::created_keys},
    {"facts_created", &Report::facts_created},
    {"facts_reinforced", &Report::facts_reinforced},
    {"facts_superseded", &Report::facts_superseded},
    {"facts_ended", &Report::facts_ended},
    {"facts_contested", &Report::facts_contested},
    {"supported_nothing", &Report::supported_nothing},
    {"calls", &Report::calls},
    {"prompt_tokens", &Report::prompt_tokens},
    {"completion_tokens", &Report::completion_tokens},
    {"retries", &Report::retries},
};

json CountsJson(const Report& r) {
  json out = json::object();
  for (const CountField& c : kCounts) {
    if (r.*c.value != 0) out[c.name] = r.*c.value;
  }
  return out;
}

// A member of its type's first value (zero, empty) is left out: the report of a run that found nothing,
// of which a store holds most, is a third as long.
template <typename T>
void Put(json& j, const char* name, T value) {
  if (value != T()) j[name] = std::move(value);
}

void PutList(json& j, const char* name, json list) {
  if (!list.empty()) j[name] = std::move(list);
}

template <typename T>
void Take(const json& j, const char* name, T& value) {
  if (const auto member = j.find(name); member != j.end()) member->get_to(value);
}

const json& ListAt(const json& j, const char* name) {
  static const json& none = *new json(json::array());
  const auto member = j.find(name);
  return member == j.end() ? none : *member;
}

Report Parse(const json& j) {
  Report r;
  r.run_id = j.at("run_id");
  r.task_id = j.at("task_id");
  r.user = {j.at("tenant"), j.at("user")};
  r.trigger = static_cast<TriggerKind>(j.at("trigger").get<int>());
  r.attempt = j.at("attempt");
  r.started_at = TimeOf(j.at("started_at"));
  r.finished_at = TimeOf(j.at("finished_at"));
  r.succeeded = j.at("succeeded");
  Take(j, "trace_id", r.trace_id);
  Take(j, "reasons", r.reasons);
  Take(j, "partial", r.partial);
  for (const json& s : ListAt(j, "stages")) {
    r.stages.push_back({s.at("name"), absl::Microseconds(s.at("micros").get<int64_t>()), s.at("counts")});
  }
  if (const auto counts = j.find("counts"); counts != j.end()) {
    for (const CountField& c : kCounts) Take(*counts, c.name, r.*c.value);
  }
  Take(j, "quarantined", r.quarantined);
  Take(j, "skipped", r.skipped);
  Take(j, "threshold", r.threshold);
  Take(j, "threshold_method", r.threshold_method);
  for (const json& c : ListAt(j, "clusters")) {
    r.cluster_list.push_back({c.at("episodes"), c.at("themes"),
                              static_cast<EpisodeType>(c.at("type").get<int>()), c.at("confidence"),
                              c.at("cohesion")});
  }
  for (const json& c : ListAt(j, "changes")) {
    r.changes.push_back({static_cast<ChangeKind>(c.at("kind").get<int>()), FactOf(c.at("fact")),
                         c.at("replaced_by"), c.at("confidence_before"), c.at("note")});
  }
  Take(j, "extractor", r.extractor);
  Take(j, "model", r.model);
  Take(j, "prompt_version", r.prompt_version);
  Take(j, "outcomes", r.outcomes);
  if (const auto e = j.find("embedding"); e != j.end()) {
    r.embedding_model = e->at("model");
    r.embedded = e->at("embedded");
    r.embedding_calls = e->at("calls");
    r.embedding_tokens = e->at("tokens");
  }
  Take(j, "budget_met", r.budget_met);
  Take(j, "cost", r.cost);
  Take(j, "errors", r.errors);
  Take(j, "suggestions", r.suggestions);
  Take(j, "follow_up", r.follow_up);
  return r;
}

}  // namespace

std::string ReportToJson(const Report& r) {
  json j = {
      {"run_id", r.run_id},
      {"task_id", r.task_id},
      {"tenant", r.user.tenant},
      {"user", r.user.user},
      {"trigger", static_cast<int>(r.trigger)},
      {"attempt", r.attempt},
      {"started_at", TimeJson(r.started_at)},
      {"finished_at", TimeJson(r.finished_at)},
      {"succeeded", r.succeeded},
  };
  Put(j, "trace_id", r.trace_id);
  Put(j, "reasons", r.reasons);
  Put(j, "partial", r.partial);
  PutList(j, "stages", StagesJson(r));
  PutList(j, "counts", CountsJson(r));
  Put(j, "quarantined", r.quarantined);
  Put(j, "skipped", r.skipped);
  Put(j, "threshold", r.threshold);
  Put(j, "threshold_method", r.threshold_method);
  PutList(j, "clusters", ClustersJson(r));
  PutList(j, "changes", ChangesJson(r));
  Put(j, "extractor", r.extractor);
  Put(j, "model", r.model);
  Put(j, "prompt_version", r.prompt_version);
  Put(j, "outcomes", r.outcomes);
  if (!r.embedding_model.empty()) {
    j["embedding"] = {{"model", r.embedding_model},
                      {"embedded", r.embedded},
                      {"calls", r.embedding_calls},
                      {"tokens", r.embedding_tokens}};
  }
  Put(j, "budget_met", r.budget_met);
  Put(j, "cost", r.cost);
  Put(j, "errors", r.errors);
  Put(j, "suggestions", r.suggestions);
  Put(j, "follow_up", r.follow_up);
  return j.dump();
}

absl::StatusOr<Report> ReportFromJson(const std::string& text) {
  try {
    return Parse(json::parse(text));
  } catch (const json::exception& e) {
    return absl::DataLossError(absl::StrCat("reading a stored report: ", e.what()));
  }
}

std::string IdleReport(const std::string& extractor) {
  Report report;
  report.succeeded = true;
  report.extractor = extractor;
  return ReportToJson(report);
}

absl::StatusOr<Report> ReportOf(const RunRecord& run) {
  absl::StatusOr<Report> report = ReportFromJson(run.report);
  if (!report.ok() || !report->run_id.empty()) return report;
  report->run_id = run.run_id;
  report->task_id = run.task_id;
  report->user = run.user;
  report->trigger = run.trigger;
  report->reasons = run.reasons;
  report->attempt = run.attempt;
  report->started_at = run.started_at;
  report->finished_at = run.finished_at;
  return report;
}

}  // namespace slowwave
