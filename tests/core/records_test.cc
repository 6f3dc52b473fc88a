// Plans and reports as the store keeps them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/change_set.h"
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
  RunRecord run;
  run.run_id = "another";
  run.report = ReportToJson(report);
  EXPECT_EQ(ReportToJson(*ReportOf(run)), ReportToJson(report)) << "a whole report says all of it itself";
  EXPECT_EQ(again->changes[0].fact.valid_from, change.fact.valid_from);
  EXPECT_EQ(again->changes[0].fact.evidence, change.fact.evidence);
  EXPECT_EQ(again->user.user, "u");
}

TEST(Report, OfARunThatFoundNothingIsCompletedFromItsRecord) {
  RunRecord run;
  run.run_id = run.task_id = "t1";
  run.user = {"acme", "ana"};
  run.started_at = run.finished_at = absl::FromUnixSeconds(1'700'000'000);
  run.trigger = TriggerKind::kScheduled;
  run.reasons = {"every 6 h"};
  run.attempt = 2;
  run.report = IdleReport("builtin/1");
  const Report report = *ReportOf(run);
  EXPECT_EQ(report.run_id, "t1");
  EXPECT_EQ(report.task_id, "t1");
  EXPECT_EQ(report.user, run.user);
  EXPECT_EQ(report.trigger, TriggerKind::kScheduled);
  EXPECT_EQ(report.reasons, run.reasons);
  EXPECT_EQ(report.attempt, 2);
  EXPECT_EQ(report.started_at, run.started_at);
  EXPECT_EQ(report.finished_at, run.finished_at);
  EXPECT_TRUE(report.succeeded);
  EXPECT_EQ(report.extractor, "builtin/1");
  run.report = "no report";
  EXPECT_EQ(ReportOf(run).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ReportTest, WhatIsZeroOrEmptyIsLeftOutAndReadsAsSuch) {
  Report report;
  report.run_id = "r";
  report.extractor = "builtin/1";
  report.started_at = report.finished_at = absl::FromUnixMicros(1'000'001);
  const std::string text = ReportToJson(report);
  for (const char* absent : {"counts", "stages", "changes", "errors", "threshold", "suggestions"}) {
    EXPECT_THAT(text, testing::Not(testing::HasSubstr(absent)));
  }
  const absl::StatusOr<Report> again = ReportFromJson(text);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->extractor, "builtin/1");
  EXPECT_EQ(again->gists, 0);
  EXPECT_TRUE(again->changes.empty());
}

// As written before members were left out.
TEST(ReportTest, AnEarlierVersionsReportIsRead) {
  const absl::StatusOr<Report> report = ReportFromJson(R"({"attempt":2,"changes":[],"clusters":[],"counts":{
      "assertions":0,"calls":3,"chunks":1,"clusters":0,"completion_tokens":0,"created_keys":0,"eligible":9,
      "facts_contested":0,"facts_created":0,"facts_ended":0,"facts_reinforced":0,"facts_superseded":0,"gists":0,
      "integrated":0,"prompt_tokens":0,"retries":0,"sampled":7,"strays":0,"supported_nothing":0},"errors":[],
      "extractor":"llm/1","finished_at":2,"follow_up":"","model":"m","outcomes":{"ok":3},"partial":false,
      "prompt_version":"1","quarantined":{},"reasons":["why"],"run_id":"r","skipped":{},"stages":[],
      "started_at":1,"succeeded":true,"suggestions":[],"task_id":"t","tenant":"default","threshold":0.25,
      "threshold_method":"","trigger":4,"user":"u"})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->attempt, 2);
  EXPECT_EQ(report->calls, 3);
  EXPECT_EQ(report->eligible, 9);
  EXPECT_EQ(report->sampled, 7);
  EXPECT_EQ(report->threshold, 0.25);
  EXPECT_EQ(report->outcomes.at("ok"), 3);
  EXPECT_EQ(report->reasons, std::vector<std::string>({"why"}));
}

TEST(ChangeSetTest, SurvivesItsSerialisedForm) {
  ChangeSet set;
  set.plan.run_id = "r";
  set.plan.episodes = {"a", "b", "c"};
  set.plan.clusters = {{0, 2}};
  set.plan.chunks = {{0, 2}, {1}};
  set.answers = {{"q", "d"}, {"", ""}};
  set.assertions = {"x"};
  set.reviewed = {"a", "c"};
  set.cited = {"c"};
  set.quarantined = 4;
  const absl::StatusOr<ChangeSet> again = ChangeSetFromJson(ChangeSetToJson(set));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ChangeSetToJson(*again), ChangeSetToJson(set));
  EXPECT_EQ(again->reviewed, set.reviewed);
  EXPECT_EQ(again->cited, set.cited);
  EXPECT_EQ(again->answers[0].digest, "d");
  EXPECT_EQ(again->plan.chunks, set.plan.chunks);
}

TEST(ChangeSetTest, OneWithoutAPlanIsToldFromNone) {
  EXPECT_EQ(ChangeSetFromJson(R"({"version":1,"assertions":[],"reviewed":[],"cited":[]})").status().code(),
            absl::StatusCode::kFailedPrecondition);
  for (const char* bad : {"", "{}", "[]", R"({"version":2})"}) {
    EXPECT_EQ(ChangeSetFromJson(bad).status().code(), absl::StatusCode::kDataLoss) << bad;
  }
  ChangeSet set;
  set.plan.episodes = {"a"};
  set.plan.chunks = {{0}};
  EXPECT_EQ(ChangeSetFromJson(ChangeSetToJson(set)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ReportTest, WhatIsNoReportIsDataLoss) {
  EXPECT_EQ(ReportFromJson("{\"run_id\":1}").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace slowwave
