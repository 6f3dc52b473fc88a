// The fixture, users and episodes. The rest: store_conformance_*.cc.
#include "tests/storage/store_conformance.h"

#include <limits>
#include <stdexcept>

namespace slowwave {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Episode MakeEpisode(const std::string& id, const std::string& text) {
  Episode episode;
  episode.id = id;
  episode.text = text;
  episode.occurred_at = Day(2024, 4, 1);
  episode.importance = 0.6;
  return episode;
}

Fact MakeFact(const std::string& key, const std::string& value, std::optional<absl::Time> from) {
  Fact fact;
  fact.key = key;
  fact.subject = key.substr(0, key.find(':'));
  fact.value = value;
  fact.valid_from = from;
  fact.evidence = {{"e0", "quote"}};
  return fact;
}

Assertion MakeAssertion(const std::string& id, const std::string& key, const std::string& value) {
  Assertion assertion;
  assertion.id = id;
  assertion.run_id = "run";
  assertion.key = key;
  assertion.value = value;
  assertion.said_at = Day(2024, 4, 1);
  assertion.evidence = {{"e0", "quote"}};
  return assertion;
}

void StoreConformance::Ingest(const UserKey& user, const std::vector<Episode>& episodes) {
  for (IngestOutcome outcome : Must(store().IngestEpisodes(user, episodes, {}, nullptr)).outcomes) {
    ASSERT_EQ(outcome, IngestOutcome::kStored);
  }
}

std::vector<std::string> StoreConformance::IngestMany(const UserKey& user, int count) {
  std::vector<Episode> episodes;
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    ids.push_back(absl::StrCat("e", i));
    episodes.push_back(MakeEpisode(ids.back()));
  }
  Ingest(user, episodes);
  return ids;
}

EnqueueRequest StoreConformance::Request(const UserKey& user, const std::string& reason) const {
  EnqueueRequest request;
  request.user = user;
  request.reason = reason;
  return request;
}

ClaimedTask StoreConformance::ClaimOne() {
  std::vector<ClaimedTask> claimed = Must(store().ClaimTasks("worker", 1, absl::Seconds(30)));
  if (claimed.size() != 1) throw std::runtime_error("nothing to claim");
  return claimed.front();
}

Lease StoreConformance::LeaseFor(const UserKey& user) {
  Enqueued(user);
  return ClaimOne().lease;
}

RunCommit StoreConformance::CommitFor(const Lease& lease, const std::string& run_id) {
  RunCommit commit;
  commit.lease = lease;
  commit.memory_version = Must(store().GetUser(lease.user)).memory_version;
  commit.run.run_id = run_id;
  commit.run.task_id = lease.task_id;
  commit.run.user = lease.user;
  commit.run.started_at = clock_.Now();
  commit.run.finished_at = clock_.Now();
  commit.run.succeeded = true;
  commit.run.report = "{}";
  return commit;
}

std::string StoreConformance::DeadTask(const UserKey& user) {
  const Lease lease = LeaseFor(user);
  Must(store().FailTask(lease, "broken", std::nullopt));
  return lease.task_id;
}

namespace {

TriggerCondition Quota() {
  TriggerCondition condition;
  condition.kind = TriggerKind::kQuota;
  condition.episodes = 500;
  condition.megabytes = 100.5;
  condition.cooldown = absl::Hours(1);
  return condition;
}

TriggerCondition Scheduled() {
  TriggerCondition condition;
  condition.kind = TriggerKind::kScheduled;
  condition.interval = absl::Hours(6);
  condition.next_due = Day(2024, 5, 2);
  return condition;
}

TriggerCondition Event() {
  TriggerCondition condition;
  condition.kind = TriggerKind::kEvent;
  condition.events = {"task_completed", "größe"};
  return condition;
}

// ---- users

TEST_P(StoreConformance, RegisteredUserHasConditionsInOrder) {
  const UserState made = Must(store().RegisterUser(ana_, {Scheduled(), Quota(), Event()}));
  EXPECT_EQ(made.user, ana_);
  EXPECT_EQ(made.registered_at, clock_.Now());
  const UserState read = Must(store().GetUser(ana_));
  ASSERT_THAT(read.conditions, SizeIs(3));
  EXPECT_EQ(read.conditions[0].interval, absl::Hours(6));
  EXPECT_EQ(read.conditions[0].next_due, Day(2024, 5, 2));
  EXPECT_EQ(read.conditions[1].episodes, 500);
  EXPECT_EQ(read.conditions[1].megabytes, 100.5);
  EXPECT_EQ(read.conditions[1].cooldown, absl::Hours(1));
  EXPECT_FALSE(read.conditions[1].last_fired.has_value());
  EXPECT_THAT(read.conditions[2].events, ElementsAre("task_completed", "größe"));
}

TEST_P(StoreConformance, RegisteringAgainReplacesConditionsAndKeepsTheRest) {
  Must(store().RegisterUser(ana_, {Scheduled(), Quota()}));
  const absl::Time first = clock_.Now();
  Ingest(ana_, {MakeEpisode("e")});
  clock_.Advance(absl::Hours(1));
  const UserState again = Must(store().RegisterUser(ana_, {Event()}));
  EXPECT_EQ(again.registered_at, first);
  EXPECT_EQ(again.episodes, 1);
  ASSERT_THAT(again.conditions, SizeIs(1));
  EXPECT_EQ(again.conditions[0].kind, TriggerKind::kEvent);
}

TEST_P(StoreConformance, UnknownUserIsNotFound) {
  EXPECT_EQ(Code(store().GetUser(ana_)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().GetEpisode(ana_, "e")), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().ListEpisodes(ana_, "", 1)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().Enqueue(Request(ana_))), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().ListFacts(ana_, {}, "", 1)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().ListQuarantine(ana_, "", 1)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().ListRuns(ana_, "", 1)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().LoadSlots(ana_, {}, {})), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().LoadAllSlots(ana_)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().ListFactKeys(ana_)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().ReplaceFacts(ana_, 0, "", {})), absl::StatusCode::kNotFound);
}

TEST_P(StoreConformance, TenantsDoNotSeeEachOther) {
  Ingest(ana_, {MakeEpisode("e")});
  const Task task = Enqueued(ana_);
  const UserKey other{"other", "ana"};
  EXPECT_EQ(Code(store().GetUser(other)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().GetTask("other", task.id)), absl::StatusCode::kNotFound);
  EXPECT_EQ(Code(store().CancelTask("other", task.id)), absl::StatusCode::kNotFound);
  Register(other);
  EXPECT_EQ(Code(store().GetEpisode(other, "e")), absl::StatusCode::kNotFound);
  EXPECT_THAT(Must(store().ListTasks({.tenant = "other", .user = "", .states = {}}, "", 10)).items,
              IsEmpty());
}

TEST_P(StoreConformance, ListsUsersOfOneTenantInPages) {
  for (const char* name : {"zoe", "ana", "ünal", "ben", "日本"}) Register({"acme", name});
  Register({"other", "kim"});
  const auto users = AllPages(
      [&](const std::string& after, int limit) { return store().ListUsers("acme", after, limit); }, 2);
  std::vector<std::string> names;
  for (const UserKey& user : users) names.push_back(user.user);
  EXPECT_THAT(names, ElementsAre("ana", "ben", "zoe", "ünal", "日本"));
}

TEST_P(StoreConformance, FullLastPageHasNoNext) {
  Register(ana_);
  Register(ben_);
  EXPECT_EQ(Must(store().ListUsers("acme", "", 2)).next, "");
}

TEST_P(StoreConformance, GarbagePageTokensAreInvalidArguments) {
  Register(ana_);
  Register(ben_);
  const std::string foreign = Must(store().ListUsers("acme", "", 1)).next;
  ASSERT_NE(foreign, "");
  for (const std::string& token :
       {std::string("garbage"), std::string("%%%"), std::string(1, '\0'), foreign}) {
    EXPECT_EQ(Code(store().ListEpisodes(ana_, token, 1)), absl::StatusCode::kInvalidArgument) << token;
    EXPECT_EQ(Code(store().ListTasks({.tenant = "acme", .user = "", .states = {}}, token, 1)),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Code(store().ListFacts(ana_, {}, token, 1)), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Code(store().ListQuarantine(ana_, token, 1)), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Code(store().ListRuns(ana_, token, 1)), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Code(store().ListUsers("acme", "garbage", 1)), absl::StatusCode::kInvalidArgument);
}

TEST_P(StoreConformance, LimitsUnderOneAreInvalidArguments) {
  Register(ana_);
  EXPECT_EQ(Code(store().ListUsers("acme", "", 0)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().ListEpisodes(ana_, "", -1)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().ListFacts(ana_, {}, "", 0)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().ClaimTasks("w", 0, absl::Seconds(1))), absl::StatusCode::kInvalidArgument);
}

// ---- episodes

Episode FullEpisode() {
  Episode e = MakeEpisode("full", "Mijn kat heet 'Minoes' — 猫.");
  e.type = EpisodeType::kPreference;
  e.speaker = "Ana";
  e.session_id = "s1";
  e.turn = 7;
  e.origin = Origin::kTool;
  e.entities = {"Minoes", "猫"};
  e.embedding = {0.25f, -1.5f, std::numeric_limits<float>::denorm_min()};
  e.importance = 0.75;
  e.confidence = 0.5;
  e.access_count = 12;
  e.metadata = R"({"a":1})";
  return e;
}

TEST_P(StoreConformance, EpisodeComesBackAsItWasGiven) {
  const Episode given = FullEpisode();
  Ingest(ana_, {given});
  const StoredEpisode stored = Must(store().GetEpisode(ana_, "full"));
  const Episode& e = stored.episode;
  EXPECT_EQ(e.id, given.id);
  EXPECT_EQ(e.type, given.type);
  EXPECT_EQ(e.text, given.text);
  EXPECT_EQ(e.speaker, given.speaker);
  EXPECT_EQ(e.session_id, given.session_id);
  EXPECT_EQ(e.turn, given.turn);
  EXPECT_EQ(e.occurred_at, given.occurred_at);
  EXPECT_EQ(e.origin, given.origin);
  EXPECT_EQ(e.entities, given.entities);
  EXPECT_EQ(e.embedding, given.embedding);
  EXPECT_EQ(e.importance, given.importance);
  EXPECT_EQ(e.confidence, given.confidence);
  EXPECT_EQ(e.access_count, given.access_count);
  EXPECT_EQ(e.metadata, given.metadata);
  EXPECT_EQ(e.status, EpisodeStatus::kActive);
  EXPECT_TRUE(stored.pending);
  EXPECT_EQ(stored.tries, 0);
  EXPECT_FALSE(stored.unreadable);
  EXPECT_EQ(stored.reviewed_by, "");
  EXPECT_FALSE(stored.cited);
}

TEST_P(StoreConformance, IngestCreatesTheUserWithDefaultsOnlyIfMissing) {
  Must(store().IngestEpisodes(ana_, {MakeEpisode("a")}, {Quota()}, nullptr));
  EXPECT_THAT(Must(store().GetUser(ana_)).conditions, SizeIs(1));
  Must(store().RegisterUser(ben_, {}));
  Must(store().IngestEpisodes(ben_, {MakeEpisode("a")}, {Quota()}, nullptr));
  EXPECT_THAT(Must(store().GetUser(ben_)).conditions, IsEmpty());
}

TEST_P(StoreConformance, IngestCountsPendingAndItsBytes) {
  Episode full = FullEpisode();
  Ingest(ana_, {full, MakeEpisode("b", "1234")});
  const UserState state = Must(store().GetUser(ana_));
  EXPECT_EQ(state.episodes, 2);
  EXPECT_EQ(state.pending, 2);
  EXPECT_EQ(state.pending_bytes, static_cast<int64_t>(full.text.size() + 3 * 4 + full.metadata.size() + 4));
  EXPECT_EQ(state.embedding_dimension, 3);
  EXPECT_EQ(state.memory_version, 0);
}

TEST_P(StoreConformance, SameEpisodeAgainExistsAndChangesNothing) {
  Ingest(ana_, {FullEpisode()});
  EXPECT_THAT(Must(store().IngestEpisodes(ana_, {FullEpisode(), FullEpisode()}, {}, nullptr)).outcomes,
              ElementsAre(IngestOutcome::kExists, IngestOutcome::kExists));
  EXPECT_EQ(Must(store().GetUser(ana_)).episodes, 1);
}

TEST_P(StoreConformance, AnyChangedContentExistsDifferent) {
  Ingest(ana_, {FullEpisode()});
  std::vector<Episode> changed(10, FullEpisode());
  changed[0].text += "!";
  changed[1].type = EpisodeType::kHypothesis;
  changed[2].speaker = "Ben";
  changed[3].session_id = "s2";
  changed[4].turn = std::nullopt;
  changed[5].occurred_at += absl::Microseconds(1);
  changed[6].entities.pop_back();
  changed[7].embedding[0] = 0.5f;
  changed[8].importance = 0.1;
  changed[9].metadata = "{}";
  const auto outcomes = Must(store().IngestEpisodes(ana_, changed, {}, nullptr)).outcomes;
  EXPECT_THAT(outcomes, testing::Each(IngestOutcome::kExistsDifferent));
  EXPECT_EQ(Must(store().GetEpisode(ana_, "full")).episode.text, FullEpisode().text);
}

TEST_P(StoreConformance, MoreAccessesAreTheSameEpisode) {
  Ingest(ana_, {FullEpisode()});
  Episode accessed = FullEpisode();
  accessed.access_count += 3;
  EXPECT_THAT(Must(store().IngestEpisodes(ana_, {accessed}, {}, nullptr)).outcomes,
              ElementsAre(IngestOutcome::kExists));
}

TEST_P(StoreConformance, MissingTimeIsTheFirstImportsAndStaysSo) {
  Episode undated = MakeEpisode("u");
  undated.occurred_at = absl::InfinitePast();
  Ingest(ana_, {undated});
  const absl::Time first = clock_.Now();
  clock_.Advance(absl::Hours(5));
  EXPECT_THAT(Must(store().IngestEpisodes(ana_, {undated}, {}, nullptr)).outcomes,
              ElementsAre(IngestOutcome::kExists));
  EXPECT_EQ(Must(store().GetEpisode(ana_, "u")).episode.occurred_at, first);
}

TEST_P(StoreConformance, SameIdTwiceInOneBatchIsStoredOnce) {
  EXPECT_THAT(Must(store().IngestEpisodes(
                       ana_, {MakeEpisode("e"), MakeEpisode("e"), MakeEpisode("e", "other")}, {}, nullptr))
                  .outcomes,
              ElementsAre(IngestOutcome::kStored, IngestOutcome::kExists, IngestOutcome::kExistsDifferent));
}

TEST_P(StoreConformance, SameIdOfTwoUsersIsTwoEpisodes) {
  Ingest(ana_, {MakeEpisode("e", "ana's")});
  Ingest(ben_, {MakeEpisode("e", "ben's")});
  EXPECT_EQ(Must(store().GetEpisode(ana_, "e")).episode.text, "ana's");
  EXPECT_EQ(Must(store().GetEpisode(ben_, "e")).episode.text, "ben's");
}

TEST_P(StoreConformance, FirstEmbeddingFixesTheDimension) {
  std::vector<Episode> episodes(4, MakeEpisode(""));
  for (size_t i = 0; i < 4; ++i) episodes[i].id = absl::StrCat(i);
  episodes[1].embedding = {1, 2};
  episodes[2].embedding = {1, 2, 3};
  EXPECT_THAT(Must(store().IngestEpisodes(ana_, episodes, {}, nullptr)).outcomes,
              ElementsAre(IngestOutcome::kStored, IngestOutcome::kStored, IngestOutcome::kWrongDimension,
                          IngestOutcome::kStored));
  EXPECT_EQ(Code(store().GetEpisode(ana_, "2")), absl::StatusCode::kNotFound);
  EXPECT_EQ(Must(store().GetUser(ana_)).embedding_dimension, 2);
  EXPECT_THAT(Must(store().IngestEpisodes(ana_, {episodes[2]}, {}, nullptr)).outcomes,
              ElementsAre(IngestOutcome::kWrongDimension));
}

TEST_P(StoreConformance, DerivedAndInactiveEpisodesAreNotPending) {
  Episode derived = MakeEpisode("d");
  derived.origin = Origin::kDerived;
  Episode archived = MakeEpisode("a");
  archived.status = EpisodeStatus::kArchived;
  Ingest(ana_, {derived, archived});
  EXPECT_FALSE(Must(store().GetEpisode(ana_, "d")).pending);
  EXPECT_FALSE(Must(store().GetEpisode(ana_, "a")).pending);
  EXPECT_EQ(Must(store().GetEpisode(ana_, "a")).episode.status, EpisodeStatus::kArchived);
  EXPECT_EQ(Must(store().GetUser(ana_)).pending, 0);
  EXPECT_EQ(Must(store().GetUser(ana_)).episodes, 2);
}

TEST_P(StoreConformance, LongAndUnicodeIdsAreKept) {
  const std::string longest(128, 'x');
  std::string japanese;
  while (japanese.size() + 3 <= 128) japanese += "記";
  for (const std::string& id : {longest, japanese, std::string("'; --"), std::string(" ")}) {
    Ingest(ana_, {MakeEpisode(id)});
    EXPECT_EQ(Must(store().GetEpisode(ana_, id)).episode.id, id);
  }
}

TEST_P(StoreConformance, ExtremeTimesAreKept) {
  Episode first = MakeEpisode("first"), last = MakeEpisode("last");
  first.occurred_at = Day(1, 1, 1);
  last.occurred_at = Day(10000, 1, 1) - absl::Microseconds(1);
  Ingest(ana_, {last, first});
  EXPECT_EQ(Must(store().GetEpisode(ana_, "first")).episode.occurred_at, first.occurred_at);
  EXPECT_EQ(Must(store().GetEpisode(ana_, "last")).episode.occurred_at, last.occurred_at);
  const auto listed = Must(store().ListEpisodes(ana_, "", 10)).items;
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_EQ(listed[0].episode.id, "first");
}

TEST_P(StoreConformance, ListsEpisodesByTimeThenIdInPages) {
  std::vector<Episode> episodes;
  for (int i = 0; i < 12; ++i) {
    episodes.push_back(MakeEpisode(absl::StrCat("e", 9 - i % 10, i / 10)));
    episodes.back().occurred_at = Day(2024, 1, 1 + i % 3);
  }
  Ingest(ana_, episodes);
  Ingest(ben_, {MakeEpisode("other")});
  const auto listed = AllPages(
      [&](const std::string& after, int limit) { return store().ListEpisodes(ana_, after, limit); }, 4);
  ASSERT_THAT(listed, SizeIs(12));
  for (size_t i = 1; i < listed.size(); ++i) {
    EXPECT_LT(std::pair(listed[i - 1].episode.occurred_at, listed[i - 1].episode.id),
              std::pair(listed[i].episode.occurred_at, listed[i].episode.id));
  }
}

TEST_P(StoreConformance, LargeTextIsKept) {
  const std::string text(3 << 20, 'a');
  Ingest(ana_, {MakeEpisode("big", text)});
  EXPECT_EQ(Must(store().GetEpisode(ana_, "big")).episode.text, text);
}

TEST_P(StoreConformance, PingAnswers) { EXPECT_TRUE(store().Ping().ok()); }

}  // namespace
}  // namespace slowwave
