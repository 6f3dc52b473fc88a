// What a waiting run is taken to hold, and what it gives up.
#include "core/run_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slowwave {
namespace {

constexpr int64_t kText = 50'000;

RunState RunOf(int episodes) {
  RunState run;
  for (int i = 0; i < episodes; ++i) {
    Episode e;
    e.text = std::string(kText, 'x');
    e.metadata = std::string(kText, 'm');
    e.embedding.assign(1000, 1.0F);
    e.entities = {std::string(1000, 'e')};
    run.sample.episodes.push_back(std::move(e));
  }
  return run;
}

// Each episode in a chunk of its own, none answered.
void Cut(RunState& run) {
  for (const Episode& e : run.sample.episodes) {
    Chunk chunk;
    chunk.memories.push_back({&e, -1, 0});
    run.chunks.push_back(chunk);
  }
  run.replies.resize(run.chunks.size());
  run.recalled.assign(run.chunks.size(), false);
}

TEST(RunStateTest, HoldsItsEpisodesWithAllThatBelongsToThem) {
  const int64_t one = BytesOf(RunOf(1)), three = BytesOf(RunOf(3));
  EXPECT_GE(one, 2 * kText + 4000 + 1000);
  EXPECT_LT(one, 2 * kText + 4000 + 1000 + 4096);
  EXPECT_GE(three - one, 2 * (2 * kText + 5000));
}

TEST(RunStateTest, EmbeddingsEntitiesAndMetadataAreGivenUp) {
  RunState run = RunOf(2);
  run.sample.context = {run.sample.episodes[0]};
  run.claimed.plan = std::string(kText, 'p');
  const int64_t before = BytesOf(run);
  FreeWhatChunksNeedNot(run);
  EXPECT_LE(BytesOf(run), before - 3 * (kText + 5000) - kText);
  EXPECT_GE(BytesOf(run), 3 * kText);
  EXPECT_EQ(run.sample.episodes[1].text.size(), static_cast<size_t>(kText));
}

TEST(RunStateTest, AQuestionCostsItsTextsUntilItIsAnsweredAndThenItsReply) {
  RunState run = RunOf(2);
  const int64_t uncut = BytesOf(run);
  Cut(run);
  const int64_t asked = BytesOf(run);
  EXPECT_GE(asked - uncut, 2 * 2 * kText);
  EXPECT_EQ(asked - uncut, BytesOfQuestion(run.chunks[0]) + BytesOfQuestion(run.chunks[1]));
  Gist gist;
  gist.text = std::string(1000, 'g');
  gist.evidence.resize(1);
  gist.evidence[0].quote.assign(2000, 'q');
  run.replies[0].gists = {gist};
  run.recalled[0] = true;
  EXPECT_EQ(BytesOf(run), asked - BytesOfQuestion(run.chunks[0]) + BytesOf(run.replies[0]));
  EXPECT_GE(BytesOf(run.replies[0]), 3000);
}

TEST(RunStateTest, TheTurnsAroundAreAskedAboutToo) {
  RunState run = RunOf(1);
  Cut(run);
  const int64_t without = BytesOfQuestion(run.chunks[0]);
  const Episode neighbour = run.sample.episodes[0];
  run.chunks[0].context.push_back(&neighbour);
  EXPECT_EQ(BytesOfQuestion(run.chunks[0]) - without, 2 * kText);
}

}  // namespace
}  // namespace slowwave
