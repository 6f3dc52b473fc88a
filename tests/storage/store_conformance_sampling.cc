// Sampling and stored plans.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> Ids(const std::vector<Episode>& episodes) {
  std::vector<std::string> ids;
  for (const Episode& episode : episodes) ids.push_back(episode.id);
  return ids;
}

SampleSpec Spec() {
  SampleSpec spec;
  spec.age_at = Day(2024, 5, 1);
  return spec;
}

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

TEST_P(StoreConformance, EpisodesByNameComeInOrderWhateverBecameOfThem) {
  IngestMany(ana_, 4);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  commit.reviewed = {"e2"};
  Must(store().CommitRun(commit));
  const Sample sample = Must(store().LoadEpisodes(ana_, {"e3", "gone", "e2", "e0", "e3"}, 2));
  EXPECT_THAT(Ids(sample.episodes), ElementsAre("e3", "e2", "e0"));
  EXPECT_EQ(sample.episodes[1].text, Must(store().GetEpisode(ana_, "e2")).episode.text);
  EXPECT_EQ(sample.memory_version, 1);
  EXPECT_EQ(store().LoadEpisodes({"default", "nobody"}, {"e0"}, 2).status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace slowwave
