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

Report Parse(const json& j) {
  Report r;
  r.run_id = j.at("run_id");
  r.task_id = j.at("task_id");
  r.user = {j.at("tenant"), j.at("user")};
  r.trigger = static_cast<TriggerKind>(j.at("trigger").get<int>());
  r.reasons = j.at("reasons");
  r.attempt = j.at("attempt");
  r.started_at = TimeOf(j.at("started_at"));
  r.finished_at = TimeOf(j.at("finished_at"));
  r.succeeded = j.at("succeeded");
  r.partial = j.at("partial");
  for (const json& s : j.at("stages")) {
    r.stages.push_back({s.at("name"), absl::Microseconds(s.at("micros").get<int64_t>()), s.at("counts")});
  }
  const json& n = j.at("counts");
  r.sampled = n.at("sampled");
  r.eligible = n.at("eligible");
  r.clusters = n.at("clusters");
  r.strays = n.at("strays");
  r.chunks = n.at("chunks");
  r.gists = n.at("gists");
  r.assertions = n.at("assertions");
  r.integrated = n.at("integrated");
  r.created_keys = n.at("created_keys");
  r.facts_created = n.at("facts_created");
  r.facts_reinforced = n.at("facts_reinforced");
  r.facts_superseded = n.at("facts_superseded");
  r.facts_ended = n.at("facts_ended");
  r.facts_contested = n.at("facts_contested");
  r.supported_nothing = n.at("supported_nothing");
  r.quarantined = j.at("quarantined");
  r.skipped = j.at("skipped");
  r.threshold = j.at("threshold");
  r.threshold_method = j.at("threshold_method");
  for (const json& c : j.at("clusters")) {
    r.cluster_list.push_back({c.at("episodes"), c.at("themes"),
                              static_cast<EpisodeType>(c.at("type").get<int>()), c.at("confidence"),
                              c.at("cohesion")});
  }
  for (const json& c : j.at("changes")) {
    r.changes.push_back({static_cast<ChangeKind>(c.at("kind").get<int>()), FactOf(c.at("fact")),
                         c.at("replaced_by"), c.at("confidence_before"), c.at("note")});
  }
  r.extractor = j.at("extractor");
  r.model = j.at("model");
  r.prompt_version = j.at("prompt_version");
  r.calls = n.at("calls");
  r.prompt_tokens = n.at("prompt_tokens");
  r.completion_tokens = n.at("completion_tokens");
  r.retries = n.at("retries");
  r.outcomes = j.at("outcomes");
  if (j.contains("embedding")) {  // not in reports of earlier versions
    const json& e = j.at("embedding");
    r.embedding_model = e.at("model");
    r.embedded = e.at("embedded");
    r.embedding_calls = e.at("calls");
    r.embedding_tokens = e.at("tokens");
  }
  r.budget_met = j.value("budget_met", std::string());
  r.cost = j.value("cost", 0.0);
  r.errors = j.at("errors");
  r.suggestions = j.at("suggestions");
  r.follow_up = j.at("follow_up");
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
      {"reasons", r.reasons},
      {"attempt", r.attempt},
      {"started_at", TimeJson(r.started_at)},
      {"finished_at", TimeJson(r.finished_at)},
      {"succeeded", r.succeeded},
      {"partial", r.partial},
      {"stages", StagesJson(r)},
      {"counts",
       {{"sampled", r.sampled},
        {"eligible", r.eligible},
        {"clusters", r.clusters},
        {"strays", r.strays},
        {"chunks", r.chunks},
        {"gists", r.gists},
        {"assertions", r.assertions},
        {"integrated", r.integrated},
        {"created_keys", r.created_keys},
        {"facts_created", r.facts_created},
        {"facts_reinforced", r.facts_reinforced},
        {"facts_superseded", r.facts_superseded},
        {"facts_ended", r.facts_ended},
        {"facts_contested", r.facts_contested},
        {"supported_nothing", r.supported_nothing},
        {"calls", r.calls},
        {"prompt_tokens", r.prompt_tokens},
        {"completion_tokens", r.completion_tokens},
        {"retries", r.retries}}},
      {"quarantined", r.quarantined},
      {"skipped", r.skipped},
      {"threshold", r.threshold},
      {"threshold_method", r.threshold_method},
      {"clusters", ClustersJson(r)},
      {"changes", ChangesJson(r)},
      {"extractor", r.extractor},
      {"model", r.model},
      {"prompt_version", r.prompt_version},
      {"outcomes", r.outcomes},
      {"errors", r.errors},
      {"suggestions", r.suggestions},
      {"follow_up", r.follow_up},
  };
  if (!r.embedding_model.empty()) {
    j["embedding"] = {{"model", r.embedding_model},
                      {"embedded", r.embedded},
                      {"calls", r.embedding_calls},
                      {"tokens", r.embedding_tokens}};
  }
  if (!r.budget_met.empty()) j["budget_met"] = r.budget_met;
  if (r.cost > 0) j["cost"] = r.cost;
  return j.dump();
}

absl::StatusOr<Report> ReportFromJson(const std::string& text) {
  try {
    return Parse(json::parse(text));
  } catch (const json::exception& e) {
    return absl::DataLossError(absl::StrCat("reading a stored report: ", e.what()));
  }
}

}  // namespace slowwave
