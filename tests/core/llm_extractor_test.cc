#include "core/llm_extractor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/token_budget.h"
#include "tests/support/chunk_of.h"

namespace slowwave {
namespace {

using nlohmann::json;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// Answers by rules of the test, at once. What travels over a wire is tested with the client itself.
class ScriptedClient : public LlmClient {
 public:
  using Script = std::function<LlmReply(const std::vector<json>& memories, int asked)>;
  explicit ScriptedClient(Script script) : script_(std::move(script)) {}
  const std::string& model() const override { return model_; }
  void Complete(LlmRequest request, Done done) override {
    std::vector<json> memories;
    const std::vector<std::string> parts = absl::StrSplit(request.messages[1].content, "MEMORIES\n");
    for (const absl::string_view line : absl::StrSplit(parts.back(), '\n', absl::SkipEmpty())) {
      const json memory = json::parse(line.begin(), line.end());
      if (memory.contains("id")) memories.push_back(memory);
    }
    requests.push_back(request);
    LlmReply reply = script_(memories, static_cast<int>(requests.size()));
    reply.calls = 1 + timeouts;
    if (timeouts > 0) reply.outcomes["timeout"] = timeouts;
    ++reply.outcomes[reply.outcome == LlmOutcome::kOk ? "ok" : "other"];
    done(std::move(reply));
  }
  std::vector<LlmRequest> requests;
  int timeouts = 0;  // of every question, before its answer

 private:
  const std::string model_ = "scripted";
  const Script script_;
};

// One gist for every memory that was shown.
std::string GistsFor(const std::vector<json>& memories) {
  json gists = json::array();
  for (const json& m : memories) {
    gists.push_back({{"gist", "said " + m.at("text").get<std::string>()},
                     {"type", "fact"},
                     {"evidence", {{{"id", m.at("id")}, {"quote", m.at("text")}}}}});
  }
  return json({{"gists", gists}}).dump();
}

LlmReply Ok(std::string content) {
  LlmReply reply;
  reply.outcome = LlmOutcome::kOk;
  reply.content = std::move(content);
  return reply;
}

LlmReply Bad(LlmOutcome outcome, std::string detail = "why") {
  LlmReply reply;
  reply.outcome = outcome;
  reply.detail = std::move(detail);
  return reply;
}

ChunkReply AnswerOf(LlmExtractor& extractor, const Chunk& chunk) {
  std::vector<ChunkReply> replies;
  extractor.Extract(chunk, nullptr, [&](ChunkReply reply) { replies.push_back(std::move(reply)); });
  EXPECT_THAT(replies, SizeIs(1));
  return replies.empty() ? ChunkReply() : std::move(replies[0]);
}

// What the gists say of which memories: '0: said one'.
std::vector<std::string> Sayings(const ChunkReply& reply) {
  std::vector<std::string> out;
  for (const Gist& gist : reply.gists) {
    for (const Citation& c : gist.evidence) out.push_back(absl::StrCat(c.memory, ": ", gist.text));
  }
  return out;
}

OwnedChunk Four() { return {{"A", "one", 0}, {"A", "two", 0}, {"B", "three", 0}, {"B", "four", 1}}; }

TEST(LlmExtractorTest, OneCallForAChunk) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const auto& memories, int) { return Ok(GistsFor(memories)); });
  LlmExtractor extractor(client);
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(Sayings(reply), ElementsAre("0: said one", "1: said two", "2: said three", "3: said four"));
  EXPECT_THAT(reply.left, IsEmpty());
  EXPECT_EQ(reply.calls, 1);
  EXPECT_FALSE(client.requests[0].schema.empty());
}

TEST(LlmExtractorTest, ACutOffAnswerSplitsBetweenClusters) {
  const OwnedChunk shown = Four();
  std::vector<size_t> sizes;
  ScriptedClient client([&](const auto& memories, int) {
    sizes.push_back(memories.size());
    return memories.size() == 4 ? Bad(LlmOutcome::kLength) : Ok(GistsFor(memories));
  });
  LlmExtractor extractor(client);
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_THAT(sizes, ElementsAre(4, 3, 1));
  EXPECT_THAT(Sayings(reply),
              UnorderedElementsAre("0: said one", "1: said two", "2: said three", "3: said four"));
  EXPECT_EQ(reply.calls, 3);
}

TEST(LlmExtractorTest, ARefusedMemoryIsFoundAndTheOthersAreRead) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const std::vector<json>& memories, int) {
    for (const json& m : memories) {
      if (m.at("text") == "three") return Bad(LlmOutcome::kRefused);
    }
    return Ok(GistsFor(memories));
  });
  LlmExtractor extractor(client);
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.unreadable, ElementsAre(2));
  EXPECT_THAT(reply.left, IsEmpty());
  EXPECT_THAT(Sayings(reply), UnorderedElementsAre("0: said one", "1: said two", "3: said four"));
}

TEST(LlmExtractorTest, AnAnswerInTheWrongFormIsAskedForOnceMore) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const auto& memories, int asked) {
    return Ok(asked == 1 ? "Sure! Here is {\"gists\": [" : GistsFor(memories));
  });
  LlmExtractor extractor(client);
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_THAT(reply.gists, SizeIs(4));
  EXPECT_EQ(reply.calls, 2);
  EXPECT_EQ(reply.outcomes.at("ok"), 1);
  EXPECT_EQ(reply.outcomes.at("not_json"), 1);
  EXPECT_THAT(client.requests[1].messages, SizeIs(4));
}

TEST(LlmExtractorTest, WhatStaysWrongIsLeftWithTheReasonAndMakesNoFact) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const auto&, int) { return Ok("I would rather not"); });
  LlmExtractor extractor(client);
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.gists, IsEmpty());
  EXPECT_THAT(reply.left, ElementsAre(0, 1, 2, 3));
  ASSERT_THAT(reply.problems, SizeIs(1));
  EXPECT_THAT(reply.problems[0], HasSubstr("not_json"));
  EXPECT_EQ(reply.calls, 2);
  EXPECT_EQ(reply.journal, "");
}

TEST(LlmExtractorTest, AFailureLeavesItsPartOnly) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const auto& memories, int asked) {
    if (asked == 1) return Bad(LlmOutcome::kLength);
    return asked == 2 ? Bad(LlmOutcome::kFailed, "500 five times") : Ok(GistsFor(memories));
  });
  LlmExtractor extractor(client);
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.left, ElementsAre(0, 1, 2));
  EXPECT_THAT(Sayings(reply), ElementsAre("3: said four"));
  EXPECT_EQ(reply.journal, "");
}

TEST(LlmExtractorTest, WhatABusyEndpointPutsOffIsNoTry) {
  ScriptedClient client([](const std::vector<json>&, int) { return Bad(LlmOutcome::kBusy, "429 for long"); });
  LlmExtractor extractor(client);
  const OwnedChunk shown{{"Ann", "a"}, {"Ann", "b"}};
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.unasked, ElementsAre(0, 1));
  EXPECT_THAT(reply.left, IsEmpty());
  EXPECT_THAT(reply.problems, ElementsAre(HasSubstr("429 for long")));
  EXPECT_EQ(reply.journal, "");
}

TEST(LlmExtractorTest, ARefusedRequestIsSplitToFindTheMemoryAtFault) {
  ScriptedClient client([](const std::vector<json>& memories, int) {
    const bool bad =
        std::any_of(memories.begin(), memories.end(), [](const json& m) { return m["text"] == "m13"; });
    return bad ? Bad(LlmOutcome::kBadRequest, "status 400") : Ok(GistsFor(memories));
  });
  LlmExtractor extractor(client);
  OwnedChunk shown{};
  for (int i = 0; i < 25; ++i) shown.Add({"Ann", absl::StrCat("m", i)});
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_THAT(reply.left, ElementsAre(13));
  EXPECT_THAT(reply.gists, SizeIs(24));
}

TEST(LlmExtractorTest, AnEndpointThatRefusesAllIsNotAskedAboutEachMemory) {
  ScriptedClient client(
      [](const std::vector<json>&, int) { return Bad(LlmOutcome::kBadRequest, "status 400"); });
  LlmExtractor extractor(client);
  OwnedChunk shown{};
  for (int i = 0; i < 25; ++i) shown.Add({"Ann", absl::StrCat("m", i)});
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_THAT(reply.left, SizeIs(25));
  EXPECT_LE(client.requests.size(), 17U);
}

TEST(LlmExtractorTest, AnEndpointThatIsDownEndsTheRunWithoutBlame) {
  const OwnedChunk shown = Four();
  ScriptedClient down([](const auto&, int) { return Bad(LlmOutcome::kDown, "401"); });
  LlmExtractor extractor(down);
  EXPECT_EQ(AnswerOf(extractor, shown.chunk).status.code(), absl::StatusCode::kUnavailable);
  ScriptedClient stopped([](const auto&, int) { return Bad(LlmOutcome::kStopped); });
  LlmExtractor other(stopped);
  EXPECT_EQ(AnswerOf(other, shown.chunk).status.code(), absl::StatusCode::kCancelled);
}

TEST(LlmExtractorTest, TheJournalGivesTheSameWithoutACall) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const std::vector<json>& memories, int) {
    if (memories.size() == 4) return Bad(LlmOutcome::kLength);
    if (memories[0].at("text") == "four") return Bad(LlmOutcome::kRefused);
    return Ok(GistsFor(memories));
  });
  LlmExtractor extractor(client);
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  ASSERT_NE(reply.journal, "");
  const absl::StatusOr<ChunkReply> again = extractor.Recall(shown.chunk, reply.journal);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(Sayings(*again), Sayings(reply));
  EXPECT_EQ(again->unreadable, reply.unreadable);
  EXPECT_EQ(again->calls, 0);
  EXPECT_THAT(client.requests, SizeIs(3));
}

TEST(LlmExtractorTest, AJournalOfSomethingElseIsRefused) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const auto& memories, int) { return Ok(GistsFor(memories)); });
  const LlmExtractor extractor(client);
  for (const char* journal :
       {"", "{", "[]", "{}", R"({"parts":[{"memories":[9],"answer":"{\"gists\":[]}"}],"unreadable":[]})",
        R"({"parts":[{"memories":[0],"answer":"nope"}],"unreadable":[]})",
        R"({"parts":[],"unreadable":[-1]})", R"({"parts":7,"unreadable":"x"})"}) {
    EXPECT_FALSE(extractor.Recall(shown.chunk, journal).ok()) << journal;
  }
}

TEST(LlmExtractorTest, RepliesAreReadWhereTheOwnerSays) {
  const OwnedChunk shown = Four();
  ScriptedClient client([](const auto& memories, int) { return Ok(GistsFor(memories)); });
  LlmExtractor extractor(client);
  std::vector<std::function<void()>> posted;
  extractor.PostTo([&](std::function<void()> work) {
    posted.push_back(std::move(work));
    return true;
  });
  std::vector<ChunkReply> replies;
  extractor.Extract(shown.chunk, nullptr, [&](ChunkReply reply) { replies.push_back(std::move(reply)); });
  EXPECT_THAT(replies, IsEmpty());
  ASSERT_THAT(posted, SizeIs(1));
  posted[0]();
  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_THAT(replies[0].gists, SizeIs(4));
}

// A chunk with so many tokens to spend.
ChunkReply AnswerWithin(int64_t budget, LlmExtractor& extractor, OwnedChunk& shown,
                        std::shared_ptr<RunTokens>* tokens = nullptr) {
  shown.chunk.tokens = std::make_shared<RunTokens>(budget, nullptr, "t");
  if (tokens != nullptr) *tokens = shown.chunk.tokens;
  return AnswerOf(extractor, shown.chunk);
}

TEST(LlmExtractorTest, ABudgetBoundsTheReplyAndIsChargedWhatWasUsed) {
  OwnedChunk shown{{"Ana", "one"}, {"Ana", "two"}};
  ScriptedClient client([](const auto& memories, int) {
    LlmReply reply = Ok(GistsFor(memories));
    reply.prompt_tokens = 70;
    reply.completion_tokens = 30;
    return reply;
  });
  LlmExtractor extractor(client, 50);
  std::shared_ptr<RunTokens> tokens;
  EXPECT_THAT(AnswerWithin(100'000, extractor, shown, &tokens).gists, SizeIs(2));
  EXPECT_EQ(client.requests[0].max_tokens, 50);
  EXPECT_TRUE(tokens->Take(99'900).ok());
  EXPECT_FALSE(tokens->Take(1).ok());
}

TEST(LlmExtractorTest, AnAnswerThatDoesNotSayWhatItUsedCostsWhatWasSetAside) {
  OwnedChunk shown{{"Ana", "one"}};
  ScriptedClient client([](const auto& memories, int) { return Ok(GistsFor(memories)); });
  LlmExtractor extractor(client);
  std::shared_ptr<RunTokens> tokens;
  AnswerWithin(100'000, extractor, shown, &tokens);
  EXPECT_EQ(client.requests[0].max_tokens, LlmExtractor::kReplyTokens);
  EXPECT_FALSE(tokens->Take(100'000 - LlmExtractor::kReplyTokens).ok());
}

TEST(LlmExtractorTest, WhatTheBudgetDoesNotReachWaitsAndNothingIsAsked) {
  OwnedChunk shown{{"Ana", "one"}, {"Ana", "two"}};
  ScriptedClient client([](const auto& memories, int) { return Ok(GistsFor(memories)); });
  LlmExtractor extractor(client);
  shown.chunk.tokens = std::make_shared<RunTokens>(20'000, nullptr, "t");
  ASSERT_TRUE(shown.chunk.tokens->Take(19'000).ok());
  const ChunkReply reply = AnswerOf(extractor, shown.chunk);
  EXPECT_TRUE(reply.status.ok());
  EXPECT_THAT(reply.unasked, ElementsAre(0, 1));
  EXPECT_THAT(reply.left, IsEmpty());
  EXPECT_EQ(reply.journal, "");
  EXPECT_THAT(client.requests, IsEmpty());
  EXPECT_EQ(shown.chunk.tokens->met(), "run");
}

TEST(LlmExtractorTest, AChunkThatNoBudgetHoldsIsAskedAboutInPieces) {
  OwnedChunk shown{{"Ana", std::string(4000, 'a')}, {"Ana", std::string(4000, 'b')}};
  ScriptedClient client([](const std::vector<json>& memories, int) {
    LlmReply reply = Ok(GistsFor(memories));
    reply.prompt_tokens = 1;
    return reply;
  });
  LlmExtractor extractor(client, 10);
  const int64_t whole = [&] {
    AnswerWithin(1'000'000, extractor, shown);
    size_t bytes = client.requests[0].schema.size();
    for (const LlmMessage& m : client.requests[0].messages) bytes += m.content.size();
    client.requests.clear();
    return static_cast<int64_t>(bytes / 2) + 10;
  }();
  EXPECT_THAT(AnswerWithin(whole, extractor, shown).gists, SizeIs(2));
  EXPECT_THAT(client.requests, SizeIs(1));
  client.requests.clear();
  EXPECT_THAT(AnswerWithin(whole - 1, extractor, shown).gists, SizeIs(2));
  EXPECT_THAT(client.requests, SizeIs(2));
  client.requests.clear();
  const ChunkReply reply = AnswerWithin(100, extractor, shown);
  EXPECT_THAT(reply.left, SizeIs(2));
  EXPECT_THAT(reply.problems, Each(HasSubstr("more tokens than the whole budget")));
  EXPECT_THAT(client.requests, IsEmpty());
}

TEST(LlmExtractorTest, WhatWasAskedInVainCountsAsATryThoughTheBudgetHasNoRoomForMore) {
  for (const bool cut_off : {true, false}) {
    OwnedChunk shown{{"Ana", "one"}, {"Ana", "two"}};
    ScriptedClient client([&](const auto&, int) {
      LlmReply reply = cut_off ? Bad(LlmOutcome::kLength) : Ok("Sure!");
      reply.prompt_tokens = 19'000;
      return reply;
    });
    LlmExtractor extractor(client);
    const ChunkReply reply = AnswerWithin(20'000, extractor, shown);
    EXPECT_THAT(client.requests, SizeIs(1));
    EXPECT_THAT(reply.unasked, IsEmpty());
    EXPECT_THAT(reply.left, UnorderedElementsAre(0, 1));
    EXPECT_THAT(reply.problems, Each(HasSubstr("no room for another call")));
  }
}

TEST(LlmExtractorTest, ACallThatTimedOutCostsWhatWasSetAsideThoughTheNextSaysWhatItUsed) {
  OwnedChunk shown{{"Ana", "one"}};
  ScriptedClient client([](const auto& memories, int) {
    LlmReply reply = Ok(GistsFor(memories));
    reply.prompt_tokens = 100;
    return reply;
  });
  client.timeouts = 2;
  LlmExtractor extractor(client);
  std::shared_ptr<RunTokens> tokens;
  AnswerWithin(100'000, extractor, shown, &tokens);
  EXPECT_FALSE(tokens->Take(100'000 - 100 - 2 * LlmExtractor::kReplyTokens).ok());
}

}  // namespace
}  // namespace slowwave
