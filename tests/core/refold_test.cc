#include "core/refold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slowwave {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

absl::Time Day(int day) { return absl::UnixEpoch() + absl::Hours(24) * day; }

Assertion City(const std::string& run, const std::string& episode, int day, const std::string& value) {
  Assertion a;
  a.run_id = run;
  a.key = "anna:location:current_city";
  a.value = value;
  a.said_at = Day(day);
  a.session = episode;
  a.trust = 3;
  a.confidence = 0.9;
  a.episode_confidence = 0.9;
  a.text = "Anna lives in " + value;
  a.evidence = {{episode, "I live in " + value}};
  return a;
}

struct Step {
  std::vector<Fact> facts;
  std::vector<Change> changes;
};

Step After(const std::vector<Fact>& before, const std::vector<Assertion>& assertions,
           const std::string& run) {
  const Registry registry({});
  Folded folded = RefoldAll({1, "", assertions, before}, registry);
  std::vector<Change> changes = DiffFacts(before, folded.facts, folded.unused, run);
  return {folded.facts, changes};
}

TEST(RefoldTest, AFirstFactIsCreatedByItsRun) {
  const Step one = After({}, {City("r1", "e1", 1, "Oslo")}, "r1");
  ASSERT_THAT(one.changes, SizeIs(1));
  EXPECT_EQ(one.changes[0].kind, ChangeKind::kCreated);
  EXPECT_EQ(one.facts[0].run_id, "r1");
}

TEST(RefoldTest, MoreEvidenceReinforces) {
  const Step one = After({}, {City("r1", "e1", 1, "Oslo")}, "r1");
  const Step two = After(one.facts, {City("r1", "e1", 1, "Oslo"), City("r2", "e2", 2, "Oslo")}, "r2");
  ASSERT_THAT(two.changes, SizeIs(1));
  EXPECT_EQ(two.changes[0].kind, ChangeKind::kReinforced);
  EXPECT_LT(two.changes[0].confidence_before, two.changes[0].fact.confidence);
  EXPECT_EQ(two.facts[0].run_id, "r2");
}

TEST(RefoldTest, ANewValueSupersedesAndSaysByWhat) {
  const Step one = After({}, {City("r1", "e1", 1, "Oslo")}, "r1");
  const Step two = After(one.facts, {City("r1", "e1", 1, "Oslo"), City("r2", "e2", 9, "Porto")}, "r2");
  ASSERT_THAT(two.changes, SizeIs(2));
  EXPECT_EQ(two.changes[0].kind, ChangeKind::kSuperseded);
  EXPECT_EQ(two.changes[0].replaced_by, "Porto");
  EXPECT_EQ(two.changes[1].kind, ChangeKind::kCreated);
}

TEST(RefoldTest, AnEndWithoutSuccessorEnds) {
  Assertion left = City("r2", "e2", 9, "Oslo");
  left.state = AssertionState::kEnded;
  const Step one = After({}, {City("r1", "e1", 1, "Oslo")}, "r1");
  const Step two = After(one.facts, {City("r1", "e1", 1, "Oslo"), left}, "r2");
  ASSERT_THAT(two.changes, SizeIs(1));
  EXPECT_EQ(two.changes[0].kind, ChangeKind::kEnded);
}

TEST(RefoldTest, WhatDidNotChangeKeepsItsRunAndHasNoLine) {
  const Step one = After({}, {City("r1", "e1", 1, "Oslo")}, "r1");
  const Step two = After(one.facts, {City("r1", "e1", 1, "Oslo")}, "r2");
  EXPECT_THAT(two.changes, IsEmpty());
  EXPECT_EQ(two.facts[0].run_id, "r1");
}

TEST(RefoldTest, ContestedValuesAreListedWithTheReason) {
  Assertion rival = City("r1", "e2", 1, "Porto");
  rival.confidence = 0.3;
  const Step one = After({}, {City("r1", "e1", 1, "Oslo"), rival}, "r1");
  ASSERT_THAT(one.changes, SizeIs(2));
  EXPECT_EQ(one.changes[1].kind, ChangeKind::kContested);
  EXPECT_EQ(one.changes[1].note, "contested");
  EXPECT_EQ(one.changes[1].fact.value, "Porto");
}

TEST(RefoldTest, AFactWhoseEvidenceIsGoneIsRemoved) {
  const Step one = After({}, {City("r1", "e1", 1, "Oslo")}, "r1");
  const Step two = After(one.facts, {}, "r2");
  ASSERT_THAT(two.changes, SizeIs(1));
  EXPECT_EQ(two.changes[0].kind, ChangeKind::kRemoved);
}

}  // namespace
}  // namespace slowwave
