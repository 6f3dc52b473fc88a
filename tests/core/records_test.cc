// Plans and reports as the store keeps them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/plan.h"
#include "core/report.h"

namespace slowwave {
namespace {

TEST(PlanTest, SurvivesItsSerialisedForm) {
  Plan plan;
  plan.run_id = "r";
  plan.extractor = "builtin/1";
  plan.registry_version = 4;
  plan.episodes = {"a", "b", "ü"};
  plan.clusters = {{0, 2}};
  plan.chunks = {{0, 2, 1}};
  plan.threshold = 0.25;
  plan.threshold_method = "m";
  plan.eligible = 9;
  plan.skipped = {{"type", 2}};
  const absl::StatusOr<Plan> again = PlanFromJson(PlanToJson(plan));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(PlanToJson(*again), PlanToJson(plan));
  EXPECT_EQ(again->chunks, plan.chunks);
  EXPECT_TRUE(again->centrality.empty());
  EXPECT_EQ(again->episodes, plan.episodes);
}

TEST(PlanTest, CentralitiesOfAnEmbedderSurviveAndHaveToFit) {
  Plan plan;
  plan.episodes = {"a", "b", "c"};
  plan.clusters = {{0, 2}};
  plan.centrality = {0.1f, 0.0f, 1.0f / 3};
  plan.cohesion = {2.0 / 3};
  const absl::StatusOr<Plan> again = PlanFromJson(PlanToJson(plan));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->centrality, plan.centrality);
  EXPECT_EQ(again->cohesion, plan.cohesion);
  plan.cohesion = {};
  EXPECT_EQ(PlanFromJson(PlanToJson(plan)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(PlanTest, WhatIsNoPlanIsDataLoss) {
  for (const char* bad : {"", "{}", "[]", "{\"run_id\": 3}"}) {
    EXPECT_EQ(PlanFromJson(bad).status().code(), absl::StatusCode::kDataLoss) << bad;
  }
  Plan plan;
  plan.episodes = {"a"};
  plan.chunks = {{1}};
  EXPECT_EQ(PlanFromJson(PlanToJson(plan)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ReportTest, SurvivesItsSerialisedForm) {
  Report report;
  report.run_id = "r";
  report.user = {"t", "u"};
  report.trigger = TriggerKind::kQuota;
  report.reasons = {"one", "two"};
  report.started_at = absl::FromUnixMicros(1'000'001);
  report.finished_at = absl::FromUnixMicros(2'000'002);
  report.stages = {{"sample", absl::Microseconds(7), {{"sampled", 3}}}};
  report.sampled = 3;
  report.quarantined = {{"quote_not_found", 1}};
  report.threshold = 0.5;
  report.cluster_list = {{{"a", "b"}, {"Rex"}, EpisodeType::kPreference, 0.9, 0.7}};
  Change change;
  change.kind = ChangeKind::kSuperseded;
  change.fact.key = "a:b:c";
  change.fact.valid_from = absl::FromUnixMicros(5);
  change.fact.evidence = {{"a", "quote"}};
  change.replaced_by = "x";
  report.changes = {change};
  report.follow_up = "t2";
  const absl::StatusOr<Report> again = ReportFromJson(ReportToJson(report));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ReportToJson(*again), ReportToJson(report));
  EXPECT_EQ(again->changes[0].fact.valid_from, change.fact.valid_from);
  EXPECT_EQ(again->changes[0].fact.evidence, change.fact.evidence);
  EXPECT_EQ(again->user.user, "u");
}

TEST(ReportTest, WhatIsNoReportIsDataLoss) {
  EXPECT_EQ(ReportFromJson("{\"run_id\":1}").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace slowwave
