#include "core/change_set.h"

#include <map>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

using nlohmann::json;

constexpr int kVersion = 2;

}  // namespace

std::string ChangeSetToJson(const ChangeSet& set) {
  std::map<std::string, int> at;
  for (size_t i = 0; i < set.plan.episodes.size(); ++i) at[set.plan.episodes[i]] = static_cast<int>(i);
  const auto places = [&](const std::vector<std::string>& ids) {
    std::vector<int> out;
    for (const std::string& id : ids) out.push_back(at.at(id));
    return out;
  };
  json answers = json::array();
  for (const ChangeSet::Answer& answer : set.answers) answers.push_back({answer.question, answer.digest});
  return json{{"version", kVersion},
              {"plan", json::parse(PlanToJson(set.plan))},
              {"answers", std::move(answers)},
              {"assertions", set.assertions},
              {"reviewed", places(set.reviewed)},
              {"cited", places(set.cited)},
              {"quarantined", set.quarantined}}
      .dump();
}

absl::StatusOr<ChangeSet> ChangeSetFromJson(const std::string& text) {
  ChangeSet set;
  try {
    const json j = json::parse(text);
    if (j.at("version").get<int>() < kVersion) {
      return absl::FailedPreconditionError("the run was recorded by an earlier version, without its plan");
    }
    absl::StatusOr<Plan> plan = PlanFromJson(j.at("plan").dump());
    if (!plan.ok()) return plan.status();
    set.plan = *std::move(plan);
    for (const json& answer : j.at("answers")) set.answers.push_back({answer.at(0), answer.at(1)});
    set.assertions = j.at("assertions");
    for (const int i : j.at("reviewed")) set.reviewed.push_back(set.plan.episodes.at(static_cast<size_t>(i)));
    for (const int i : j.at("cited")) set.cited.push_back(set.plan.episodes.at(static_cast<size_t>(i)));
    set.quarantined = j.at("quarantined");
  } catch (const std::exception& e) {  // of the parser, or an index out of range
    return absl::DataLossError(absl::StrCat("reading a stored change set: ", e.what()));
  }
  if (set.answers.size() != set.plan.chunks.size()) {
    return absl::DataLossError("reading a stored change set: its answers do not fit its chunks");
  }
  return set;
}

}  // namespace slowwave
