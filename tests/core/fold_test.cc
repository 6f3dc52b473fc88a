#include "core/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/support/fold_json.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

absl::Time Day(int day) { return absl::UnixEpoch() + absl::Hours(24) * day; }

ResolvedSlot Resolve(absl::string_view key) {
  ResolvedSlot slot;
  slot.name = std::string(key == "u:location:town" ? "u:location:city" : key);
  slot.many = key == "u:preference:hobby";
  slot.temporal = key != "u:identity:name";
  slot.known = true;
  return slot;
}

Assertion Say(const std::string& episode, int day, const std::string& key, std::optional<std::string> value) {
  Assertion a;
  a.key = key;
  a.value = std::move(value);
  a.said_at = Day(day);
  a.session = absl::StrCat("s", day);
  a.trust = 3;
  a.confidence = 0.8;
  a.episode_confidence = 0.9;
  a.text = absl::StrCat("text of ", episode);
  a.evidence = {{episode, "quote"}};
  return a;
}

Assertion City(const std::string& episode, int day, const std::string& value) {
  return Say(episode, day, "u:location:city", value);
}

Assertion Ended(Assertion a) {
  a.state = AssertionState::kEnded;
  return a;
}

std::vector<Fact> FactsOf(const std::vector<Assertion>& assertions) {
  return Fold(assertions, Resolve).facts;
}

nlohmann::json Sorted(nlohmann::json list) {
  std::sort(list.begin(), list.end());
  return list;
}

TEST(FoldTest, EqualsTheExecutableSpecificationOnItsRecordedCases) {
  std::ifstream file(SLOWWAVE_SOURCE_DIR "/tests/data/fold_cases.jsonl");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    const nlohmann::json wanted = nlohmann::json::parse(line);
    const nlohmann::json got = FoldCase(wanted);
    ASSERT_EQ(Sorted(got["facts"]), Sorted(wanted["facts"])) << "case " << cases;
    ASSERT_EQ(Sorted(got["unused"]), Sorted(wanted["unused"])) << "case " << cases;
  }
  EXPECT_EQ(cases, 250);
}

TEST(FoldTest, SupersedesWhenNewerEvidenceArrives) {
  const std::vector<Fact> facts = FactsOf({City("e1", 1, "Oslo"), City("e2", 5, "Porto")});
  ASSERT_THAT(facts, SizeIs(2));
  EXPECT_EQ(facts[0].value, "Oslo");
  EXPECT_EQ(facts[0].valid_to, Day(5));
  EXPECT_THAT(facts[0].closing, ElementsAre(Evidence{"e2", "quote"}));
  EXPECT_EQ(facts[1].valid_from, Day(5));
  EXPECT_FALSE(facts[1].valid_to.has_value());
}

TEST(FoldTest, LateNewsDoesNotOverwriteNewerTruth) {
  EXPECT_EQ(DigestOf(FactsOf({City("e2", 5, "Porto"), City("e1", 1, "Oslo")})),
            DigestOf(FactsOf({City("e1", 1, "Oslo"), City("e2", 5, "Porto")})));
}

TEST(FoldTest, ValuesPrintAsSaidAndCompareFolded) {
  const std::vector<Fact> facts = FactsOf({City("e1", 1, "Oslo"), City("e2", 5, "  OSLO ")});
  ASSERT_THAT(facts, SizeIs(1));
  EXPECT_EQ(facts[0].value, "Oslo");
  EXPECT_THAT(facts[0].evidence, SizeIs(2));
}

TEST(FoldTest, AnAliasFoldsIntoItsSlot) {
  const std::vector<Fact> facts = FactsOf({City("e1", 1, "Oslo"), Say("e2", 5, "u:location:town", "Porto")});
  ASSERT_THAT(facts, SizeIs(2));
  EXPECT_EQ(facts[1].key, "u:location:city");
}

TEST(FoldTest, ManyValuedSlotsHoldSideBySideAndEndOneByOne) {
  const std::string hobby = "u:preference:hobby";
  const std::vector<Fact> facts = FactsOf(
      {Say("e1", 1, hobby, "chess"), Say("e2", 2, hobby, "archery"), Ended(Say("e3", 9, hobby, "chess"))});
  ASSERT_THAT(facts, SizeIs(2));
  EXPECT_EQ(facts[0].valid_to, Day(9));
  EXPECT_FALSE(facts[1].closed);
}

TEST(FoldTest, NotTemporalSlotsAreCorrectedAndHaveNoDates) {
  const std::vector<Fact> facts =
      FactsOf({Say("e1", 1, "u:identity:name", "Jon"), Say("e2", 5, "u:identity:name", "John")});
  ASSERT_THAT(facts, SizeIs(2));
  for (const Fact& fact : facts) EXPECT_FALSE(fact.valid_from || fact.valid_to);
  EXPECT_EQ(std::count_if(facts.begin(), facts.end(), [](const Fact& f) { return CurrentAt(f, Day(0)); }), 1);
}

TEST(FoldTest, JointAssertionsRestOnAllTheirEpisodes) {
  Assertion joint = Say("e1", 3, "u:pattern:habit", "runs");
  joint.evidence = {{"e1", "ran"}, {"e2", "ran again"}};
  const std::vector<Fact> facts = FactsOf({joint});
  ASSERT_THAT(facts, SizeIs(1));
  EXPECT_THAT(facts[0].evidence, ElementsAre(Evidence{"e1", "ran"}, Evidence{"e2", "ran again"}));
}

TEST(FoldTest, AGistWithoutValueHasItsTextAsValue) {
  const std::vector<Fact> facts = FactsOf({Say("e1", 1, "u:custom:d1", std::nullopt)});
  ASSERT_THAT(facts, SizeIs(1));
  EXPECT_EQ(facts[0].value, "text of e1");
}

TEST(FoldTest, RepetitionInOneSessionDoesNotRaiseConfidence) {
  Assertion again = City("e2", 1, "Oslo");
  const double once = FactsOf({City("e1", 1, "Oslo")})[0].confidence;
  EXPECT_EQ(FactsOf({City("e1", 1, "Oslo"), again})[0].confidence, once);
  again.session = "another";
  EXPECT_EQ(FactsOf({City("e1", 1, "Oslo"), again})[0].confidence, 0.88);
}

TEST(FoldTest, LowerTrustNeverClosesHigherTrust) {
  Assertion rumour = City("e2", 5, "Porto");
  rumour.trust = 1;
  const Folded folded = Fold({City("e1", 1, "Oslo"), rumour}, Resolve);
  ASSERT_THAT(folded.facts, SizeIs(1));
  EXPECT_FALSE(folded.facts[0].closed);
  ASSERT_THAT(folded.unused, SizeIs(1));
  EXPECT_EQ(folded.unused[0].reason, "outranked");
}

TEST(FoldTest, CurrentIsEvaluatedAtTheTimeAsked) {
  const std::vector<Fact> facts = FactsOf({City("e1", 1, "Oslo"), City("e2", 5, "Porto")});
  EXPECT_TRUE(CurrentAt(facts[0], Day(4)));
  EXPECT_FALSE(CurrentAt(facts[0], Day(5)));
  EXPECT_FALSE(CurrentAt(facts[1], Day(4)));
  EXPECT_TRUE(CurrentAt(facts[1], Day(5)));
}

TEST(FoldTest, DigestIgnoresRunsAndNothingElse) {
  std::vector<Fact> facts = FactsOf({City("e1", 1, "Oslo")});
  const std::string digest = DigestOf(facts);
  facts[0].run_id = "another run";
  EXPECT_EQ(DigestOf(facts), digest);
  facts[0].evidence[0].quote = "another quote";
  EXPECT_NE(DigestOf(facts), digest);
}

// ---- properties, on cases of this test's own making

std::vector<Assertion> RandomAssertions(std::mt19937& random) {
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  struct Source {
    int day, turn, trust;
    double confidence;
    std::string session;
  };
  std::vector<Source> sources;
  for (int i = 0; i < 6; ++i) {
    sources.push_back({1 + pick(12), pick(3), pick(4), pick(2) ? 0.9 : 0.45, absl::StrCat("s", pick(3))});
  }
  const std::vector<std::string> keys = {"u:location:city", "u:location:town", "u:preference:hobby",
                                         "u:identity:name"};
  const std::vector<std::string> values = {"Oslo", "oslo", "Os", "Porto", "Ostrava", "東京"};
  std::vector<Assertion> out;
  for (int n = 1 + pick(14); n > 0; --n) {
    const int e = pick(6);
    const Source& source = sources[static_cast<size_t>(e)];
    Assertion a = Say(absl::StrCat("e", e), source.day, keys[static_cast<size_t>(pick(4))],
                      values[static_cast<size_t>(pick(6))]);
    if (pick(3) == 0) a = Ended(a);
    if (pick(8) == 0 && a.state == AssertionState::kEnded) a.value.reset();
    a.turn = source.turn;
    a.trust = source.trust;
    a.session = source.session;
    a.episode_confidence = source.confidence;
    a.confidence = pick(2) ? 0.8 : 0.6;
    if (pick(3) == 0) a.valid_from = Day(pick(14));
    if (pick(4) == 0) a.valid_to = a.valid_from.value_or(a.said_at) + absl::Hours(24) * (1 + pick(5));
    if (pick(6) == 0) a.evidence.push_back({absl::StrCat("e", (e + 1) % 6), "quote"});
    a.text = absl::StrCat("t", pick(3));
    out.push_back(std::move(a));
  }
  return out;
}

class FoldPropertyTest : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Seeds, FoldPropertyTest, testing::Range(0, 20));

TEST_P(FoldPropertyTest, OrderAndRepetitionChangeNothing) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  for (int i = 0; i < 300; ++i) {
    std::vector<Assertion> all = RandomAssertions(random);
    const Folded wanted = Fold(all, Resolve);
    const std::vector<Assertion> again = all;
    if (random() % 2) all.insert(all.end(), again.begin(), again.end());
    std::shuffle(all.begin(), all.end(), random);
    const Folded got = Fold(all, Resolve);
    ASSERT_EQ(DigestOf(got.facts), DigestOf(wanted.facts));
    ASSERT_EQ(got.unused.size(), wanted.unused.size());
  }
}

TEST_P(FoldPropertyTest, IntervalsOfAOneValuedSlotNeverOverlap) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  for (int i = 0; i < 300; ++i) {
    const std::vector<Fact> facts = FactsOf(RandomAssertions(random));
    const Fact* before = nullptr;
    for (const Fact& fact : facts) {
      if (fact.key != "u:location:city") continue;
      if (before != nullptr) {
        ASSERT_TRUE(before->valid_to && fact.valid_from && *before->valid_to <= *fact.valid_from);
      }
      before = &fact;
    }
  }
}

TEST_P(FoldPropertyTest, NoEpisodeVanishesWithoutAWord) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  for (int i = 0; i < 300; ++i) {
    const std::vector<Assertion> all = RandomAssertions(random);
    const Folded folded = Fold(all, Resolve);
    std::set<std::string> told, said;
    for (const Assertion& a : all) {
      for (const Evidence& e : a.evidence) said.insert(e.episode_id);
    }
    for (const Fact& f : folded.facts) {
      for (const Evidence& e : f.evidence) told.insert(e.episode_id);
      for (const Evidence& e : f.closing) told.insert(e.episode_id);
    }
    for (const Unused& u : folded.unused) {
      for (const Evidence& e : u.assertion.evidence) told.insert(e.episode_id);
    }
    ASSERT_EQ(told, said);
  }
}

struct NormalCase {
  const char* name;
  ValueType type;
  const char* value;
  const char* want;
};
class NormalValueTest : public testing::TestWithParam<NormalCase> {};
TEST_P(NormalValueTest, Compares) {
  EXPECT_EQ(NormalValue(GetParam().type, GetParam().value), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(Table, NormalValueTest,
                         testing::ValuesIn<NormalCase>({
                             {"FoldsCaseAndSpace", ValueType::kText, "  New   YORK. ", "new york"},
                             {"KeepsInnerPunctuation", ValueType::kText, "gluten-free", "gluten-free"},
                             {"PunctuationAlone", ValueType::kText, "!!", "!!"},
                             {"Number", ValueType::kNumber, "1,250.0", "1250"},
                             {"NegativeZero", ValueType::kNumber, "-0", "0"},
                             {"NotANumber", ValueType::kNumber, "many", "many"},
                             {"Day", ValueType::kDate, "5 May 2023", "2023-05-05"},
                             {"IsoDay", ValueType::kDate, "2023-05-05", "2023-05-05"},
                             {"Boolean", ValueType::kBoolean, "Yes", "true"},
                             {"List", ValueType::kList, "tea, Coffee and tea", "coffee,tea"},
                         }),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace slowwave
