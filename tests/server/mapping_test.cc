#include "server/mapping.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "server/validation.h"

namespace slowwave {
namespace {

using testing::ElementsAre;

TEST(MappingTest, TimesComeBackAtMicrosecondGrain) {
  for (const absl::Time time : {absl::FromUnixMicros(-1), absl::FromUnixMicros(1'700'000'000'123'456),
                                absl::FromUnixSeconds(kMinSeconds),
                                absl::FromUnixSeconds(kMaxSeconds) + absl::Microseconds(999'999)}) {
    const google::protobuf::Timestamp wire = ToWire(time);
    EXPECT_GE(wire.nanos(), 0);
    EXPECT_EQ(FromWire(wire), time);
  }
}

TEST(MappingTest, FinerDigitsOfATimeAreDropped) {
  google::protobuf::Timestamp wire;
  wire.set_seconds(-5);
  wire.set_nanos(1'999);
  EXPECT_EQ(FromWire(wire), absl::FromUnixSeconds(-5) + absl::Microseconds(1));
}

TEST(MappingTest, SpansComeBack) {
  for (const absl::Duration span : {absl::Hours(6), absl::Milliseconds(-1500), absl::Microseconds(7)}) {
    EXPECT_EQ(FromWire(ToWire(span)), span);
  }
}

TEST(MappingTest, EpisodeComesBackWhole) {
  Episode episode;
  episode.id = "e1";
  episode.type = EpisodeType::kConstraint;
  episode.text = "No meetings on Fridays.";
  episode.speaker = "Ann";
  episode.session_id = "s1";
  episode.turn = 0;
  episode.occurred_at = absl::FromUnixMicros(1'600'000'000'000'001);
  episode.origin = Origin::kTool;
  episode.entities = {"Friday"};
  episode.embedding = {0.5f, -1};
  episode.importance = 0;
  episode.confidence = 1;
  episode.access_count = 7;
  episode.metadata = R"({"a":1})";
  const Episode back = FromWire(ToWire(episode), "");
  EXPECT_EQ(back.id, episode.id);
  EXPECT_EQ(back.type, episode.type);
  EXPECT_EQ(back.text, episode.text);
  EXPECT_EQ(back.speaker, episode.speaker);
  EXPECT_EQ(back.session_id, episode.session_id);
  EXPECT_EQ(back.turn, episode.turn);
  EXPECT_EQ(back.occurred_at, episode.occurred_at);
  EXPECT_EQ(back.origin, episode.origin);
  EXPECT_EQ(back.entities, episode.entities);
  EXPECT_EQ(back.embedding, episode.embedding);
  EXPECT_EQ(back.importance, episode.importance);
  EXPECT_EQ(back.confidence, episode.confidence);
  EXPECT_EQ(back.access_count, episode.access_count);
  EXPECT_EQ(back.metadata, episode.metadata);
}

TEST(MappingTest, EpisodeWithTextAloneGetsTheDefaults) {
  v1::Episode wire;
  wire.set_text("hello");
  const Episode episode = FromWire(wire, "made");
  EXPECT_EQ(episode.id, "made");
  EXPECT_EQ(episode.type, EpisodeType::kEpisodicEvent);
  EXPECT_EQ(episode.origin, Origin::kUser);
  EXPECT_EQ(episode.occurred_at, absl::InfinitePast());
  EXPECT_EQ(episode.turn, std::nullopt);
  EXPECT_EQ(episode.importance, 0.5);
  EXPECT_EQ(episode.confidence, 0.9);
}

TEST(MappingTest, SlotComesBackWhole) {
  Slot slot;
  slot.pattern = "*:preference:tea";
  slot.category = Category::kPreference;
  slot.value_type = ValueType::kList;
  slot.many = false;
  slot.temporal = false;
  slot.aliases = {"*:preference:teas"};
  slot.description = "what tea";
  const Slot back = FromWire(ToWire(slot));
  EXPECT_EQ(back.pattern, slot.pattern);
  EXPECT_EQ(back.category, slot.category);
  EXPECT_EQ(back.value_type, slot.value_type);
  EXPECT_EQ(back.many, slot.many);
  EXPECT_EQ(back.temporal, slot.temporal);
  EXPECT_EQ(back.aliases, slot.aliases);
  EXPECT_EQ(back.description, slot.description);
}

TEST(MappingTest, SlotIsTemporalAndTextUnlessItSaysOtherwise) {
  const Slot slot = FromWire(v1::Slot());
  EXPECT_TRUE(slot.temporal);
  EXPECT_EQ(slot.value_type, ValueType::kText);
}

TEST(MappingTest, ConditionKeepsWhatItsCallerSets) {
  TriggerCondition condition;
  condition.kind = TriggerKind::kQuota;
  condition.episodes = 7;
  condition.megabytes = 1.5;
  condition.cooldown = absl::ZeroDuration();
  condition.times_fired = 3;
  const TriggerCondition back = FromWire(ToWire(condition));
  EXPECT_EQ(back.kind, condition.kind);
  EXPECT_EQ(back.episodes, condition.episodes);
  EXPECT_EQ(back.megabytes, condition.megabytes);
  EXPECT_EQ(back.cooldown, condition.cooldown);
  EXPECT_EQ(back.interval, std::nullopt);
  EXPECT_EQ(back.times_fired, 0);  // output only
}

TEST(MappingTest, FactPrintsAsTheDesignSays) {
  Fact fact;
  fact.key = "ann:location:current_city";
  fact.category = Category::kLocation;
  fact.subject = "ann";
  fact.predicate = "current_city";
  fact.value = "Lisbon";
  fact.text = "Ann lives in Lisbon";
  fact.confidence = 0.72;
  fact.trust = 3;
  fact.valid_from = absl::FromUnixSeconds(1'700'000'000);
  fact.valid_to = absl::FromUnixSeconds(1'800'000'000);
  fact.closed = true;
  fact.evidence = {{"e1", "I live in Lisbon"}};
  fact.run_id = "r1";
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  const v1::Fact wire = ToWire(fact, absl::FromUnixSeconds(1'750'000'000));
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(wire, &text, options).ok());
  const nlohmann::json json = nlohmann::json::parse(text);
  EXPECT_EQ(json["key"], "ann:location:current_city");
  EXPECT_EQ(json["category"], "CATEGORY_LOCATION");
  EXPECT_EQ(json["subject"], "ann");
  EXPECT_EQ(json["predicate"], "current_city");
  EXPECT_EQ(json["value"], "Lisbon");
  EXPECT_EQ(json["text"], "Ann lives in Lisbon");
  EXPECT_EQ(json["confidence"], 0.72);
  EXPECT_EQ(json["trust"], 3);
  EXPECT_EQ(json["validFrom"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json["validTo"], "2027-01-15T08:00:00Z");
  EXPECT_EQ(json["current"], true);
  EXPECT_EQ(json["evidence"], nlohmann::json::parse(R"([{"episodeId": "e1", "quote": "I live in Lisbon"}])"));
  EXPECT_EQ(json["runId"], "r1");
}

TEST(MappingTest, CurrentFollowsTheAskedTime) {
  Fact fact;
  fact.valid_from = absl::FromUnixSeconds(100);
  fact.valid_to = absl::FromUnixSeconds(200);
  EXPECT_FALSE(ToWire(fact, absl::FromUnixSeconds(99)).current());
  EXPECT_TRUE(ToWire(fact, absl::FromUnixSeconds(100)).current());
  EXPECT_FALSE(ToWire(fact, absl::FromUnixSeconds(200)).current());
}

TEST(MappingTest, UnsetTimesStayUnset) {
  const v1::Fact wire = ToWire(Fact(), absl::UnixEpoch());
  EXPECT_FALSE(wire.has_valid_from());
  EXPECT_FALSE(wire.has_valid_to());
  EXPECT_FALSE(ToWire(Task()).has_started_at());
}

TEST(MappingTest, TriggerOptionsReachTheTaskAndComeBack) {
  v1::TriggerConsolidationRequest request;
  request.set_episode_limit(7);
  request.mutable_time_window()->mutable_from()->set_seconds(5);
  request.set_keep_pending(true);
  request.set_set_status(v1::EPISODE_STATUS_ARCHIVED);
  request.set_include_reverted(true);
  request.set_fresh(true);
  Task task;
  task.options = OptionsOf(request);
  EXPECT_TRUE(task.options.ignore_backoff);
  const v1::RunOptions back = ToWire(task).options();
  EXPECT_EQ(back.episode_limit(), 7);
  EXPECT_EQ(back.time_window().from().seconds(), 5);
  EXPECT_FALSE(back.time_window().has_to());
  EXPECT_TRUE(back.keep_pending());
  EXPECT_EQ(back.set_status(), v1::EPISODE_STATUS_ARCHIVED);
  EXPECT_TRUE(back.include_reverted());
  EXPECT_TRUE(back.fresh());
}

TEST(MappingTest, ReportCarriesCountsStagesClustersAndChanges) {
  Report report;
  report.run_id = "r";
  report.user = {"t", "u"};
  report.stages = {{"sample", absl::Milliseconds(3), {{"sampled", 4}}}};
  report.quarantined = {{"quote_not_found", 2}};
  report.skipped = {{"type", 1}};
  report.cluster_list = {{{"a", "b"}, {"tea"}, EpisodeType::kPreference, 0.9, 0.8}};
  Change change;
  change.kind = ChangeKind::kSuperseded;
  change.fact.value = "Porto";
  change.replaced_by = "Lisbon";
  report.changes = {change};
  report.follow_up = "t2";
  const v1::Report wire = ToWire(report);
  EXPECT_EQ(wire.run_id(), "r");
  EXPECT_EQ(wire.tenant(), "t");
  EXPECT_EQ(wire.stages(0).counts().at("sampled"), 4);
  EXPECT_EQ(wire.stages(0).took().nanos(), 3'000'000);
  EXPECT_EQ(wire.quarantined().at("quote_not_found"), 2);
  EXPECT_EQ(wire.skipped().at("type"), 1);
  EXPECT_THAT(wire.cluster_list(0).episode_ids(), ElementsAre("a", "b"));
  EXPECT_EQ(wire.cluster_list(0).dominant_type(), v1::EPISODE_TYPE_PREFERENCE);
  EXPECT_EQ(wire.changes(0).kind(), v1::CHANGE_KIND_SUPERSEDED);
  EXPECT_EQ(wire.changes(0).replaced_by(), "Lisbon");
  EXPECT_EQ(wire.follow_up(), "t2");
}

}  // namespace
}  // namespace slowwave
