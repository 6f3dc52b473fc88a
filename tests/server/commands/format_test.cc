#include "server/commands/format.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <string>

#include "server/commands/demo_story.h"

namespace slowwave {
namespace {

using testing::HasSubstr;
using testing::Not;

template <typename Message>
Message From(const std::string& json) {
  Message message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok()) << json;
  return message;
}

v1::Fact Ghent() {
  return From<v1::Fact>(
      R"({"key": "ines:location:current_city", "category": "CATEGORY_LOCATION", "subject": "ines",
    "predicate": "current_city", "value": "Ghent", "text": "Ines lives in Ghent", "confidence": 0.8, "trust": 3,
    "validFrom": "2024-03-01T00:00:00Z", "validTo": "2025-05-10T22:40:00Z", "temporal": true, "closed": true,
    "type": "GIST_TYPE_FACT", "evidence": [{"episodeId": "a", "quote": "I live in Ghent"}],
    "closing": [{"episodeId": "b", "quote": "I moved to Utrecht"}]})");
}

v1::Fact Utrecht() {
  return From<v1::Fact>(
      R"({"key": "ines:location:current_city", "category": "CATEGORY_LOCATION", "subject": "ines",
    "predicate": "current_city", "value": "Utrecht", "text": "Ines lives in Utrecht", "confidence": 0.9, "trust": 3,
    "validFrom": "2025-05-10T22:40:00Z", "temporal": true, "current": true, "type": "GIST_TYPE_FACT",
    "evidence": [{"episodeId": "b", "quote": "I moved to Utrecht"}]})");
}

TEST(When, SaysSinceAndUntil) {
  EXPECT_EQ(When(Ghent()), "2024-03-01 to 2025-05-10");
  EXPECT_EQ(When(Utrecht()), "since 2025-05-10");
  v1::Fact fact = Ghent();
  fact.clear_valid_from();
  EXPECT_EQ(When(fact), "until 2025-05-10");
  fact.clear_valid_to();
  EXPECT_EQ(When(fact), "");
}

TEST(When, KnowsCorrectionsInSlotsWithoutDates) {
  v1::Fact fact = Ghent();
  fact.set_temporal(false);
  EXPECT_EQ(When(fact), "corrected");
  fact.set_closed(false);
  EXPECT_EQ(When(fact), "");
}

TEST(FactsText, GroupsBySubjectAndCategory) {
  EXPECT_EQ(FactsText({Ghent(), Utrecht()}, nullptr),
            "ines\n"
            "  location\n"
            "    current city  Ghent    2024-03-01 to 2025-05-10  0.80\n"
            "                  Utrecht  since 2025-05-10          0.90\n");
}

TEST(FactsText, ShowsTheQuotesWithWhoAndWhenOnDemand) {
  const Lookup lookup = [](const std::string& id) { return id == "b" ? Said{"Ines", "2025-05-10"} : Said{}; };
  EXPECT_EQ(FactsText({Ghent()}, &lookup),
            "ines\n"
            "  location\n"
            "    current city  Ghent  2024-03-01 to 2025-05-10  0.80\n"
            "      \"I live in Ghent\"  (a)\n"
            "      closed by \"I moved to Utrecht\"  (Ines, 2025-05-10, b)\n");
}

TEST(ReportText, TellsAPartialRunFromAFailedOne) {
  auto report = From<v1::Report>(R"({"runId": "r", "taskId": "t", "user": "ines", "tenant": "default",
    "trigger": "TRIGGER_KIND_MANUAL", "reasons": ["by hand"], "succeeded": true, "partial": true,
    "sampled": "1200", "eligible": "1500", "quarantined": {"quote_not_found": "2"}})");
  EXPECT_THAT(ReportText(report, true), HasSubstr("in part"));
  EXPECT_THAT(ReportText(report, true), HasSubstr("1,200 of 1,500 eligible"));
  EXPECT_THAT(ReportText(report, true), HasSubstr("2 quote not found"));
  EXPECT_THAT(ReportText(report, true), HasSubstr("manual: by hand"));
  report.set_succeeded(false);
  EXPECT_THAT(ReportText(report, true), HasSubstr("failed"));
}

TEST(UserText, TellsConditionsInWords) {
  const auto user =
      From<v1::User>(R"({"user": "ines", "tenant": "default", "registeredAt": "2025-01-01T00:00:00Z",
    "conditions": [{"kind": "TRIGGER_KIND_QUOTA", "episodes": "500", "megabytes": 100, "cooldown": "3600s"}]})");
  EXPECT_THAT(UserText(user), HasSubstr("at 500 pending episodes, at 100 MB pending, at most every 1h"));
}

constexpr char kLines[] =
    R"({"id": "b", "text": "I moved to Utrecht", "speaker": "Ines", "occurred_at": "2025-05-10T22:40:00Z"}
{"id": "a", "text": "I live in Ghent", "speaker": "Ines", "occurred_at": "2025-01-04T19:02:00Z"}
)";

TEST(Arrivals, MarksWhatCameInAfterThingsSaidLater) {
  const auto arrivals = Arrivals(kLines);
  EXPECT_FALSE(arrivals.at("b").late);
  EXPECT_TRUE(arrivals.at("a").late);
  EXPECT_EQ(arrivals.at("a").line, 2);
  EXPECT_EQ(arrivals.at("a").day, "2025-01-04");
}

TEST(NowText, ShowsOnlyWhatHoldsWithItsQuote) {
  const std::string text = NowText({Ghent(), Utrecht()}, Arrivals(kLines));
  EXPECT_THAT(text, HasSubstr("current city: Utrecht  since 2025-05-10"));
  EXPECT_THAT(text, HasSubstr("\"I moved to Utrecht\"  (Ines, 2025-05-10, b)"));
  EXPECT_THAT(text, Not(HasSubstr("Ghent")));
}

TEST(ChangesText, ChainsTheValuesOfASlot) {
  const std::string text = ChangesText({Ghent(), Utrecht()}, Arrivals(kLines));
  EXPECT_THAT(
      text, HasSubstr("Ines, current city: Ghent (2024-03-01 to 2025-05-10) -> Utrecht (since 2025-05-10)"));
  EXPECT_THAT(text, HasSubstr("\"I moved to Utrecht\""));
}

TEST(ChangesText, KeepsValuesThatStoodSideBySideApart) {
  v1::Fact chess = Ghent();
  chess.set_value("Chess");
  v1::Fact sailing = Ghent();
  sailing.set_value("Sailing");
  EXPECT_THAT(ChangesText({chess, sailing}, {}), Not(HasSubstr("->")));
}

TEST(LateText, TellsLateArrivalsAndBackdatedFacts) {
  const std::string text = LateText({Ghent(), Utrecht()}, Arrivals(kLines), 5);
  EXPECT_THAT(text, HasSubstr("line 2 of the import: \"I live in Ghent\""));
  EXPECT_THAT(text, HasSubstr("Dated by what was said"));
}

}  // namespace
}  // namespace slowwave
