// Sampling, plans, commits, and what they leave to read.
#include <algorithm>

#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<std::string> Ids(const std::vector<Episode>& episodes) {
  std::vector<std::string> ids;
  for (const Episode& episode : episodes) ids.push_back(episode.id);
  return ids;
}

std::vector<std::string> Values(const std::vector<Fact>& facts) {
  std::vector<std::string> values;
  for (const Fact& fact : facts) values.push_back(fact.value);
  return values;
}

SampleSpec Spec() {
  SampleSpec spec;
  spec.age_at = Day(2024, 5, 1);
  return spec;
}

// ---- sampling

TEST_P(StoreConformance, SampleRanksByImportanceAccessAndAge) {
  std::vector<Episode> episodes(4, MakeEpisode(""));
  const char* names[] = {"plain", "important", "accessed", "fresh"};
  for (int i = 0; i < 4; ++i) episodes[i].id = names[i];
  for (Episode& episode : episodes) episode.occurred_at = Day(2023, 5, 1);  // plain: 0.24 + 0 + 0.008
  episodes[1].importance = 1.0;                                             // 0.40 + 0 + 0.008
  episodes[2].access_count = 1000;                                          // 0.24 + 0.3 + 0.008
  episodes[3].occurred_at = Day(2024, 5, 1);                                // 0.24 + 0 + 0.3 = 0.54
  Ingest(ana_, episodes);
  const Sample sample = Must(store().SampleEpisodes(LeaseFor(ana_), Spec()));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("accessed", "fresh", "important", "plain"));
  EXPECT_THAT(sample.tries, ElementsAre(0, 0, 0, 0));
  EXPECT_EQ(sample.eligible, 4);
}

TEST_P(StoreConformance, SampleTiesGoByTimeThenId) {
  std::vector<Episode> episodes;
  for (const char* id : {"c", "a", "b"}) episodes.push_back(MakeEpisode(id));
  // Later than the time at which the age is taken: no age either, so the same score.
  episodes.push_back(MakeEpisode("early"));
  for (Episode& episode : episodes) episode.occurred_at = Day(2024, 5, 3);
  episodes.back().occurred_at = Day(2024, 5, 2);
  Ingest(ana_, episodes);
  EXPECT_THAT(Ids(Must(store().SampleEpisodes(LeaseFor(ana_), Spec())).episodes),
              ElementsAre("early", "a", "b", "c"));
}

TEST_P(StoreConformance, SampleFiltersBeforeItCuts) {
  std::vector<Episode> episodes;
  for (int i = 0; i < 20; ++i) {
    Episode episode = MakeEpisode(absl::StrCat("e", i));
    episode.occurred_at = Day(2024, 4, 30);
    if (i < 5) {
      episode.importance = 1;
      episode.type = EpisodeType::kSummary;
    } else if (i < 9) {
      episode.importance = 0.29;
    } else if (i < 11) {
      episode.confidence = 0.1;
    } else if (i < 14) {
      episode.occurred_at = Day(2024, 3, 1);
    }
    episodes.push_back(episode);
  }
  Ingest(ana_, episodes);
  SampleSpec spec = Spec();
  spec.types = {EpisodeType::kEpisodicEvent, EpisodeType::kPreference};
  spec.window_from = Day(2024, 4, 30);
  spec.window_to = Day(2024, 5, 1);
  spec.limit = 3;
  const Sample sample = Must(store().SampleEpisodes(LeaseFor(ana_), spec));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("e14", "e15", "e16"));
  EXPECT_EQ(sample.eligible, 6);
  EXPECT_EQ(sample.skipped_type, 5);
  EXPECT_EQ(sample.skipped_threshold, 6);
  EXPECT_EQ(sample.skipped_window, 3);
  EXPECT_EQ(sample.skipped_backoff, 0);
}

TEST_P(StoreConformance, WindowIncludesItsStartAndNotItsEnd) {
  std::vector<Episode> episodes = {MakeEpisode("start"), MakeEpisode("end")};
  episodes[0].occurred_at = Day(2024, 4, 1);
  episodes[1].occurred_at = Day(2024, 4, 2);
  Ingest(ana_, episodes);
  SampleSpec spec = Spec();
  spec.window_from = Day(2024, 4, 1);
  spec.window_to = Day(2024, 4, 2);
  EXPECT_THAT(Ids(Must(store().SampleEpisodes(LeaseFor(ana_), spec)).episodes), ElementsAre("start"));
}

TEST_P(StoreConformance, SampleOfExtremeTimesIsRanked) {
  std::vector<Episode> episodes = {MakeEpisode("old"), MakeEpisode("future")};
  episodes[0].occurred_at = Day(1, 1, 1);
  episodes[1].occurred_at = Day(9999, 12, 31);
  Ingest(ana_, episodes);
  EXPECT_THAT(Ids(Must(store().SampleEpisodes(LeaseFor(ana_), Spec())).episodes),
              ElementsAre("future", "old"));
}

TEST_P(StoreConformance, ContextIsTheTurnsAroundWithoutEmbeddings) {
  std::vector<Episode> episodes;
  for (int turn = 0; turn < 10; ++turn) {
    Episode episode = MakeEpisode(absl::StrCat("t", turn));
    episode.session_id = "s";
    episode.turn = turn;
    episode.embedding = {1, 2};
    episode.importance = turn == 4 || turn == 5 ? 0.6 : 0.1;
    episodes.push_back(episode);
  }
  Episode elsewhere = MakeEpisode("elsewhere");
  elsewhere.session_id = "other";
  elsewhere.turn = 4;
  elsewhere.importance = 0.1;
  Episode derived = MakeEpisode("derived");
  derived.session_id = "s";
  derived.turn = 4;
  derived.origin = Origin::kDerived;
  episodes.push_back(elsewhere);
  episodes.push_back(derived);
  Ingest(ana_, episodes);
  Ingest(ben_, {episodes[3]});
  const Sample sample = Must(store().SampleEpisodes(LeaseFor(ana_), Spec()));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("t4", "t5"));
  EXPECT_THAT(sample.episodes[0].embedding, SizeIs(2));
  EXPECT_THAT(Ids(sample.context), ElementsAre("t2", "t3", "t6", "t7"));
  for (const Episode& episode : sample.context) EXPECT_THAT(episode.embedding, IsEmpty());
  EXPECT_EQ(sample.context[0].text, episodes[2].text);
}

TEST_P(StoreConformance, ContextWithoutTurnsGoesByTime) {
  std::vector<Episode> episodes;
  for (int i = 0; i < 7; ++i) {
    Episode episode = MakeEpisode(absl::StrCat("t", i));
    episode.session_id = "s";
    episode.occurred_at = Day(2024, 4, 1) + absl::Minutes(i / 2);
    episode.importance = i == 3 ? 0.6 : 0.1;
    episodes.push_back(episode);
  }
  episodes.push_back(MakeEpisode("no session"));
  episodes.back().importance = 0.1;
  Ingest(ana_, episodes);
  SampleSpec spec = Spec();
  EXPECT_THAT(Ids(Must(store().SampleEpisodes(LeaseFor(ana_), spec)).context),
              ElementsAre("t1", "t2", "t4", "t5"));
}

TEST_P(StoreConformance, NoContextTurnsGiveNoContext) {
  std::vector<Episode> episodes = {MakeEpisode("a"), MakeEpisode("b")};
  for (int i = 0; i < 2; ++i) {
    episodes[i].session_id = "s";
    episodes[i].turn = i;
  }
  episodes[1].importance = 0;
  Ingest(ana_, episodes);
  SampleSpec spec = Spec();
  spec.context_turns = 0;
  EXPECT_THAT(Must(store().SampleEpisodes(LeaseFor(ana_), spec)).context, IsEmpty());
}

TEST_P(StoreConformance, SampleCarriesVersionAndRegistry) {
  IngestMany(ana_, 1);
  Slot slot;
  slot.pattern = "*:a:b";
  Must(store().PutSlots("acme", {slot}));
  Must(store().ReplaceFacts(ana_, 0, "stamp", {}));
  const Sample sample = Must(store().SampleEpisodes(LeaseFor(ana_), Spec()));
  EXPECT_EQ(sample.memory_version, 1);
  EXPECT_EQ(sample.registry.version, 1);
  EXPECT_THAT(sample.registry.slots, SizeIs(1));
}

TEST_P(StoreConformance, PlannedEpisodesComeInOrderLessWhatIsNotPending) {
  IngestMany(ana_, 4);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e2"};
  Must(store().CommitRun(commit));
  const Sample sample = Must(store().LoadPlanned(LeaseFor(ana_), {"e3", "gone", "e2", "e0", "e3"}, 2));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("e3", "e0"));
  EXPECT_THAT(sample.tries, SizeIs(2));
  EXPECT_EQ(sample.memory_version, 1);
}

// ---- commit

TEST_P(StoreConformance, CommitReviewsAndFinishes) {
  IngestMany(ana_, 3);
  const Lease lease = LeaseFor(ana_);
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e0", "e1"};
  commit.cited = {"e1"};
  clock_.Advance(absl::Seconds(3));
  const CommitResult result = Must(store().CommitRun(commit));
  EXPECT_EQ(result.memory_version, 1);
  EXPECT_EQ(result.follow_up, "");
  const StoredEpisode read = Must(store().GetEpisode(ana_, "e0")),
                      cited = Must(store().GetEpisode(ana_, "e1"));
  EXPECT_FALSE(read.pending || cited.pending || read.cited);
  EXPECT_TRUE(cited.cited);
  EXPECT_EQ(read.reviewed_by, "run");
  EXPECT_EQ(cited.reviewed_by, "run");
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e2")).pending);
  const UserState state = Must(store().GetUser(ana_));
  EXPECT_EQ(state.pending, 1);
  EXPECT_EQ(state.pending_bytes, static_cast<int64_t>(read.episode.text.size()));
  EXPECT_EQ(state.memory_version, 1);
  EXPECT_EQ(state.episodes, 3);
  const Task task = Must(store().GetTask("acme", lease.task_id));
  EXPECT_EQ(task.state, TaskState::kDone);
  EXPECT_EQ(task.finished_at, clock_.Now());
  EXPECT_EQ(task.run_id, "run");
}

TEST_P(StoreConformance, CommitWithoutTheLeaseChangesNothing) {
  IngestMany(ana_, 1);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.lease.token = "guess";
  commit.reviewed = {"e0"};
  commit.assertions = {MakeAssertion("a", "user:a:b", "v")};
  const auto result = store().CommitRun(commit);
  EXPECT_EQ(Code(result), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(result), HasSubstr("lease lost"));
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);
  EXPECT_THAT(Must(store().LoadAllSlots(ana_)).assertions, IsEmpty());
}

TEST_P(StoreConformance, SecondCommitFromOneVersionIsAborted) {
  IngestMany(ana_, 2);
  RunCommit first = CommitFor(LeaseFor(ana_), "run-1");
  first.reviewed = {"e0"};
  Must(store().CommitRun(first));
  RunCommit second = CommitFor(LeaseFor(ana_), "run-2");
  second.memory_version = 0;
  second.reviewed = {"e1"};
  const auto result = store().CommitRun(second);
  EXPECT_EQ(Code(result), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(result), HasSubstr("memory changed"));
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e1")).pending);
  EXPECT_EQ(StateOf(second.lease.task_id), TaskState::kRunning);
  second.memory_version = 1;
  EXPECT_EQ(Must(store().CommitRun(second)).memory_version, 2);
}

TEST_P(StoreConformance, CommitOfWhatIsNotPendingIsAbortedAsAWhole) {
  IngestMany(ana_, 3);
  RunCommit first = CommitFor(LeaseFor(ana_), "run-1");
  first.reviewed = {"e1"};
  Must(store().CommitRun(first));
  RunCommit second = CommitFor(LeaseFor(ana_), "run-2");
  second.reviewed = {"e0", "e1", "unknown"};
  const auto result = store().CommitRun(second);
  EXPECT_EQ(Code(result), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(result), HasSubstr("2 of 3"));
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);
  EXPECT_EQ(Must(store().GetUser(ana_)).pending, 2);
  EXPECT_EQ(Code(store().GetRun("acme", "run-2")), absl::StatusCode::kNotFound);
}

TEST_P(StoreConformance, CommitRepeatedAnswersAsTheFirst) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  const CommitResult first = Must(store().CommitRun(commit));
  const CommitResult again = Must(store().CommitRun(commit));
  EXPECT_NE(first.follow_up, "");
  EXPECT_EQ(again.follow_up, first.follow_up);
  EXPECT_EQ(again.memory_version, first.memory_version);
  EXPECT_EQ(Must(store().GetUser(ana_)).memory_version, 1);
}

TEST_P(StoreConformance, CommitThatContradictsItselfIsRefused) {
  IngestMany(ana_, 2);
  const RunCommit good = CommitFor(LeaseFor(ana_), "run");
  RunCommit commit = good;
  commit.cited = {"e0"};
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  commit = good;
  commit.reviewed = commit.unreadable = {"e0"};
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  commit = good;
  commit.facts = {MakeFact("user:a:b", "v")};
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  commit = good;
  commit.run.run_id = "";
  EXPECT_EQ(Code(store().CommitRun(commit)), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(store().CommitRun(good).ok());
}

TEST_P(StoreConformance, CommitSetsTheStatusOfCitedEpisodesOnly) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0", "e1"};
  commit.cited = {"e0"};
  commit.set_status = EpisodeStatus::kCompressed;
  Must(store().CommitRun(commit));
  EXPECT_EQ(Must(store().GetEpisode(ana_, "e0")).episode.status, EpisodeStatus::kCompressed);
  EXPECT_EQ(Must(store().GetEpisode(ana_, "e1")).episode.status, EpisodeStatus::kActive);
  EXPECT_EQ(Must(store().ListEpisodes(ana_, "", 1)).items[0].episode.status, EpisodeStatus::kCompressed);
}

TEST_P(StoreConformance, KeepPendingLeavesEpisodesPendingAndQueuesNothing) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.cited = {"e0"};
  commit.keep_pending = true;
  commit.follow_up = Spec();
  commit.assertions = {MakeAssertion("a", "user:a:b", "v")};
  const CommitResult result = Must(store().CommitRun(commit));
  EXPECT_EQ(result.follow_up, "");
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);
  EXPECT_EQ(Must(store().GetUser(ana_)).pending, 2);
  EXPECT_THAT(Must(store().LoadAllSlots(ana_)).assertions, SizeIs(1));
}

TEST_P(StoreConformance, UnreadableEpisodesLeavePending) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.unreadable = {"e1"};
  Must(store().CommitRun(commit));
  const StoredEpisode unreadable = Must(store().GetEpisode(ana_, "e1"));
  EXPECT_TRUE(unreadable.unreadable);
  EXPECT_FALSE(unreadable.pending);
  EXPECT_EQ(unreadable.reviewed_by, "");
  const UserState state = Must(store().GetUser(ana_));
  EXPECT_EQ(state.pending, 0);
  EXPECT_EQ(state.pending_bytes, 0);
  EXPECT_EQ(state.unreadable, 1);
}

TEST_P(StoreConformance, UnreadableEpisodesAreNobodysContext) {
  std::vector<Episode> episodes = {MakeEpisode("bad"), MakeEpisode("good")};
  for (int i = 0; i < 2; ++i) {
    episodes[i].session_id = "s";
    episodes[i].turn = i;
  }
  Ingest(ana_, episodes);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.unreadable = {"bad"};
  Must(store().CommitRun(commit));
  const Sample sample = Must(store().SampleEpisodes(LeaseFor(ana_), Spec()));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("good"));
  EXPECT_THAT(sample.context, IsEmpty());
}

TEST_P(StoreConformance, LeftEpisodesCountTheirTriesAndBackOff) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.left = {"e0"};
  commit.left_backoff = absl::Minutes(10);
  Must(store().CommitRun(commit));
  EXPECT_EQ(Must(store().GetEpisode(ana_, "e0")).tries, 1);
  EXPECT_TRUE(Must(store().GetEpisode(ana_, "e0")).pending);

  const Lease lease = LeaseFor(ana_);
  Sample sample = Must(store().SampleEpisodes(lease, Spec()));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("e1"));
  EXPECT_EQ(sample.skipped_backoff, 1);
  SampleSpec impatient = Spec();
  impatient.ignore_backoff = true;
  sample = Must(store().SampleEpisodes(lease, impatient));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("e0", "e1"));
  EXPECT_THAT(sample.tries, ElementsAre(1, 0));
  clock_.Advance(absl::Minutes(10));
  EXPECT_THAT(Must(store().SampleEpisodes(lease, Spec())).episodes, SizeIs(2));
}

// ---- follow-ups

TEST_P(StoreConformance, BacklogQueuesAFollowUpOfTheSameKind) {
  IngestMany(ana_, 3);
  EnqueueRequest request = Request(ana_);
  request.kind = TriggerKind::kQuota;
  request.priority = 3;
  request.options.episode_limit = 1;
  Must(store().Enqueue(request));
  const Lease lease = ClaimOne().lease;
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  const CommitResult result = Must(store().CommitRun(commit));
  const Task next = Must(store().GetTask("acme", result.follow_up));
  EXPECT_EQ(next.state, TaskState::kWaiting);
  EXPECT_EQ(next.kind, TriggerKind::kQuota);
  EXPECT_EQ(next.priority, 3);
  EXPECT_EQ(next.options.episode_limit, 1);
  EXPECT_THAT(next.reasons, ElementsAre("backlog"));
  EXPECT_EQ(Must(store().GetTask("acme", lease.task_id)).follow_up, next.id);
}

TEST_P(StoreConformance, NothingEligibleQueuesNoFollowUp) {
  std::vector<Episode> episodes = {MakeEpisode("e0"), MakeEpisode("unimportant")};
  episodes[1].importance = 0;
  Ingest(ana_, episodes);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  EXPECT_EQ(Must(store().CommitRun(commit)).follow_up, "");
}

TEST_P(StoreConformance, WhatThisRunLeftIsNoBacklogEvenWithoutBackoff) {
  IngestMany(ana_, 2);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e0"};
  commit.left = {"e1"};
  commit.follow_up = Spec();
  commit.follow_up->ignore_backoff = true;
  EXPECT_EQ(Must(store().CommitRun(commit)).follow_up, "");
}

TEST_P(StoreConformance, TaskBehindIsTheFollowUp) {
  IngestMany(ana_, 2);
  const Lease lease = LeaseFor(ana_);
  const Task behind = Enqueued(ana_);
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e0"};
  commit.follow_up = Spec();
  EXPECT_EQ(Must(store().CommitRun(commit)).follow_up, behind.id);
  EXPECT_EQ(StateOf(behind.id), TaskState::kWaiting);
  EXPECT_THAT(Must(store().ClaimTasks("w", 10, absl::Seconds(30))), SizeIs(1));
}

// ---- facts

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

// ---- runs

TEST_P(StoreConformance, RunComesBackWithReportAndChangeSet) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  RunCommit commit = CommitFor(lease, "run");
  commit.run.finished_at = clock_.Now() + absl::Seconds(2);
  commit.run.report = std::string("\x00\xff report", 9);
  commit.run.change_set = std::string(100000, '\xfe');
  Must(store().CommitRun(commit));
  const RunRecord run = Must(store().GetRun("acme", "run"));
  EXPECT_EQ(run.user, ana_);
  EXPECT_EQ(run.task_id, lease.task_id);
  EXPECT_EQ(run.started_at, commit.run.started_at);
  EXPECT_EQ(run.finished_at, commit.run.finished_at);
  EXPECT_TRUE(run.succeeded);
  EXPECT_EQ(run.report, commit.run.report);
  EXPECT_EQ(run.change_set, commit.run.change_set);
  EXPECT_EQ(Code(store().GetRun("other", "run")), absl::StatusCode::kNotFound);
}

TEST_P(StoreConformance, ListsRunsNewestFirstWithoutChangeSets) {
  Register(ana_);
  for (int i = 0; i < 5; ++i) {
    RunCommit commit = CommitFor(LeaseFor(ana_), absl::StrCat("run-", i));
    commit.run.change_set = "secret";
    Must(store().CommitRun(commit));
    clock_.Advance(absl::Seconds(1));
  }
  std::vector<std::string> ids;
  for (const RunRecord& run : AllPages(
           [&](const std::string&after, int limit) { return store().ListRuns(ana_, after, limit); }, 2)) {
    ids.push_back(run.run_id);
    EXPECT_EQ(run.change_set, "");
    EXPECT_EQ(run.report, "{}");
  }
  EXPECT_THAT(ids, ElementsAre("run-4", "run-3", "run-2", "run-1", "run-0"));
}

}  // namespace
}  // namespace slowwave
