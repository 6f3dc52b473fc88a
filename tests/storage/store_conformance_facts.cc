// What commits leave to read: assertions, facts, quarantine.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> Values(const std::vector<Fact>& facts) {
  std::vector<std::string> values;
  for (const Fact& fact : facts) values.push_back(fact.value);
  return values;
}

TEST_P(StoreConformance, AssertionComesBackAsCommitted) {
  IngestMany(ana_, 1);
  Assertion given = MakeAssertion("a1", "ana:location:current_city", "Gent, België");
  given.value_type = ValueType::kList;
  given.type = GistType::kState;
  given.state = AssertionState::kEnded;
  given.valid_from = Day(1, 1, 1);
  given.valid_to = Day(9999, 12, 31);
  given.turn = 4;
  given.session = "s";
  given.trust = 2;
  given.confidence = 0.1 + 0.2;
  given.episode_confidence = 0.7;
  given.text = "Ana woont in Gent.";
  given.evidence = {{"e0", "\"quoted\" \n 猫"}, {"e1", ""}};
  given.context = {{"e2", "c"}};
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.assertions = {given};
  Must(store().CommitRun(commit));
  const auto read = Must(store().LoadSlots(ana_, {given.key}, {})).assertions;
  ASSERT_THAT(read, SizeIs(1));
  const Assertion& a = read[0];
  EXPECT_EQ(a.id, given.id);
  EXPECT_EQ(a.run_id, given.run_id);
  EXPECT_EQ(a.key, given.key);
  EXPECT_EQ(a.value, given.value);
  EXPECT_EQ(a.value_type, given.value_type);
  EXPECT_EQ(a.type, given.type);
  EXPECT_EQ(a.state, given.state);
  EXPECT_EQ(a.said_at, given.said_at);
  EXPECT_EQ(a.valid_from, given.valid_from);
  EXPECT_EQ(a.valid_to, given.valid_to);
  EXPECT_EQ(a.turn, given.turn);
  EXPECT_EQ(a.session, given.session);
  EXPECT_EQ(a.trust, given.trust);
  EXPECT_EQ(a.confidence, given.confidence);
  EXPECT_EQ(a.episode_confidence, given.episode_confidence);
  EXPECT_EQ(a.text, given.text);
  EXPECT_EQ(a.evidence, given.evidence);
  EXPECT_EQ(a.context, given.context);
}

TEST_P(StoreConformance, EqualAssertionsOfARunAreOne) {
  Register(ana_);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.assertions = {MakeAssertion("a", "user:a:b", "v"), MakeAssertion("a", "user:a:b", "v")};
  commit.assertions[1].value = commit.assertions[0].value = std::nullopt;
  Must(store().CommitRun(commit));
  const auto read = Must(store().LoadAllSlots(ana_)).assertions;
  ASSERT_THAT(read, SizeIs(1));
  EXPECT_FALSE(read[0].value.has_value());
}

TEST_P(StoreConformance, FactComesBackAsCommitted) {
  Register(ana_);
  Fact given = MakeFact("ana:preference:food", "crêpes", Day(2023, 1, 1));
  given.category = Category::kPreference;
  given.predicate = "food";
  given.value_type = ValueType::kList;
  given.type = GistType::kPreference;
  given.text = "Ana likes crêpes.";
  given.confidence = 0.9375;
  given.trust = 3;
  given.temporal = false;
  given.valid_to = Day(2024, 1, 1);
  given.closed = true;
  given.closing = {{"e9", "no more"}};
  given.run_id = "run";
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.replaced_keys = {given.key};
  commit.facts = {given};
  Must(store().CommitRun(commit));
  const auto read = Must(store().LoadSlots(ana_, {}, {given.key})).facts;
  ASSERT_THAT(read, SizeIs(1));
  const Fact& f = read[0];
  EXPECT_EQ(f.key, given.key);
  EXPECT_EQ(f.category, given.category);
  EXPECT_EQ(f.subject, "ana");
  EXPECT_EQ(f.predicate, given.predicate);
  EXPECT_EQ(f.value, given.value);
  EXPECT_EQ(f.value_type, given.value_type);
  EXPECT_EQ(f.type, given.type);
  EXPECT_EQ(f.text, given.text);
  EXPECT_EQ(f.confidence, given.confidence);
  EXPECT_EQ(f.trust, given.trust);
  EXPECT_FALSE(f.temporal);
  EXPECT_EQ(f.valid_from, given.valid_from);
  EXPECT_EQ(f.valid_to, given.valid_to);
  EXPECT_TRUE(f.closed);
  EXPECT_EQ(f.evidence, given.evidence);
  EXPECT_EQ(f.closing, given.closing);
  EXPECT_EQ(f.run_id, given.run_id);
}

TEST_P(StoreConformance, CommitReplacesFactsSlotBySlot) {
  Register(ana_);
  RunCommit first = CommitFor(LeaseFor(ana_), "run-1");
  first.replaced_keys = {"user:a:x", "user:a:y"};
  first.facts = {MakeFact("user:a:x", "x1"), MakeFact("user:a:x", "x2"), MakeFact("user:a:y", "y1")};
  first.fold_stamp = "stamp-1";
  Must(store().CommitRun(first));
  EXPECT_EQ(Must(store().GetUser(ana_)).facts, 3);
  RunCommit second = CommitFor(LeaseFor(ana_), "run-2");
  second.replaced_keys = {"user:a:x", "user:a:z"};
  second.facts = {MakeFact("user:a:x", "x3")};
  Must(store().CommitRun(second));
  const SlotContents all = Must(store().LoadAllSlots(ana_));
  EXPECT_THAT(Values(all.facts), ElementsAre("x3", "y1"));
  EXPECT_EQ(all.memory_version, 2);
  EXPECT_EQ(all.fold_stamp, "stamp-1");
  EXPECT_EQ(Must(store().GetUser(ana_)).facts, 2);
  EXPECT_THAT(Must(store().ListFactKeys(ana_)), ElementsAre("user:a:x", "user:a:y"));
}

TEST_P(StoreConformance, SlotsGiveOnlyWhatIsAskedForInTheGivenOrder) {
  Register(ana_);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.assertions = {MakeAssertion("a1", "user:a:x", "x"), MakeAssertion("a2", "user:a:y", "y")};
  commit.replaced_keys = {"user:a:x", "user:a:y"};
  commit.facts = {MakeFact("user:a:x", "later", Day(2024, 1, 1)),
                  MakeFact("user:a:x", "earlier", Day(2020, 1, 1)), MakeFact("user:a:y", "y")};
  Must(store().CommitRun(commit));
  const SlotContents slots = Must(store().LoadSlots(ana_, {"user:a:y", "none", "user:a:y"}, {"user:a:x"}));
  ASSERT_THAT(slots.assertions, SizeIs(1));
  EXPECT_EQ(slots.assertions[0].id, "a2");
  EXPECT_THAT(Values(slots.facts), ElementsAre("later", "earlier"));
}

TEST_P(StoreConformance, ReplaceFactsNeedsTheVersionItRead) {
  Register(ana_);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.replaced_keys = {"user:a:x"};
  commit.facts = {MakeFact("user:a:x", "old")};
  Must(store().CommitRun(commit));
  const absl::Status late = store().ReplaceFacts(ana_, 0, "s", {MakeFact("user:a:x", "late")});
  EXPECT_EQ(late.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(late), HasSubstr("memory changed"));
  Must(store().ReplaceFacts(ana_, 1, "s2", {MakeFact("user:a:y", "new"), MakeFact("user:a:z", "newer")}));
  const SlotContents all = Must(store().LoadAllSlots(ana_));
  EXPECT_THAT(Values(all.facts), ElementsAre("new", "newer"));
  EXPECT_EQ(all.fold_stamp, "s2");
  EXPECT_EQ(all.memory_version, 2);
  EXPECT_EQ(Must(store().GetUser(ana_)).facts, 2);
}

TEST_P(StoreConformance, ListsFactsByKeyThenTimeInPages) {
  Register(ana_);
  std::vector<Fact> facts;
  for (const char* key : {"ben:preference:food", "ana:preference:food", "ana:location:current_city"}) {
    facts.push_back(MakeFact(key, "c", Day(2024, 1, 1)));
    facts.push_back(MakeFact(key, "b", Day(1, 1, 1)));
    facts.push_back(MakeFact(key, "a"));
    facts.push_back(MakeFact(key, "d", Day(2024, 1, 1)));
  }
  Must(store().ReplaceFacts(ana_, 0, "s", facts));
  const auto all = [&](const FactFilter& filter, int size) {
    std::vector<std::string> list;
    for (const Fact& fact : AllPages([&](const std::string&after,
                                         int limit) { return store().ListFacts(ana_, filter, after, limit); },
                                     size)) {
      list.push_back(absl::StrCat(fact.key.substr(0, 5), fact.value));
    }
    return list;
  };
  for (int size : {1, 2, 3, 5, 100}) {
    EXPECT_THAT(all({}, size), ElementsAre("ana:la", "ana:lb", "ana:lc", "ana:ld", "ana:pa", "ana:pb",
                                           "ana:pc", "ana:pd", "ben:pa", "ben:pb", "ben:pc", "ben:pd"));
  }
  EXPECT_THAT(all({.subject = "ben", .category_part = "", .key = ""}, 3), SizeIs(4));
  EXPECT_THAT(all({.subject = "", .category_part = "preference", .key = ""}, 3), SizeIs(8));
  EXPECT_THAT(all({.subject = "ana", .category_part = "location", .key = ""}, 3), SizeIs(4));
  EXPECT_THAT(all({.subject = "", .category_part = "", .key = "ana:preference:food"}, 3), SizeIs(4));
  EXPECT_THAT(all({.subject = "ben", .category_part = "location", .key = ""}, 3), IsEmpty());
}

TEST_P(StoreConformance, ListsQuarantineInPages) {
  Register(ana_);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  for (int i = 0; i < 5; ++i) {
    Quarantined item;
    item.run_id = "run";
    item.ordinal = i;
    item.reason = "quote_not_found";
    item.detail = "d";
    item.text = "t";
    item.key = "user:a:b";
    if (i == 1) item.value = "v";
    item.evidence = {{"e0", "q"}};
    item.at = clock_.Now();
    commit.quarantine.push_back(item);
  }
  Must(store().CommitRun(commit));
  EXPECT_EQ(Must(store().GetUser(ana_)).quarantined, 5);
  const auto items = AllPages(
      [&](const std::string& after, int limit) { return store().ListQuarantine(ana_, after, limit); }, 2);
  ASSERT_THAT(items, SizeIs(5));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(items[i].ordinal, i);
  EXPECT_EQ(items[1].value, "v");
  EXPECT_FALSE(items[0].value.has_value());
  EXPECT_EQ(items[0].reason, "quote_not_found");
  EXPECT_EQ(items[0].evidence, (std::vector<Evidence>{{"e0", "q"}}));
  EXPECT_EQ(items[0].at, clock_.Now());
}

}  // namespace
}  // namespace slowwave
