#include "core/builtin_embedder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace slowwave {
namespace {

using ::testing::Each;
using ::testing::SizeIs;

float Cosine(absl::string_view a, absl::string_view b) {
  const std::vector<float> x = EmbedBuiltin(a), y = EmbedBuiltin(b);
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0f);
}

TEST(BuiltinEmbedderTest, HasItsLengthAndIsOfUnitLength) {
  EXPECT_THAT(EmbedBuiltin("I moved to Lisbon in May."), SizeIs(kBuiltinEmbeddingDimension));
  EXPECT_NEAR(Cosine("I moved to Lisbon in May.", "I moved to Lisbon in May."), 1.0f, 1e-6f);
}

TEST(BuiltinEmbedderTest, ATextWithoutAWordIsTheZeroVector) {
  for (const char* text : {"", "  \n", "?!... --", "\xF0\x9F\x91\x8D"})
    EXPECT_THAT(EmbedBuiltin(text), Each(0.0f));
}

// Stored values: another machine, compiler or library must give the same vector.
TEST(BuiltinEmbedderTest, IsTheSameEverywhere) {
  const std::vector<float> v = EmbedBuiltin("Tea");
  std::vector<int> at;
  for (int i = 0; i < kBuiltinEmbeddingDimension; ++i) {
    if (v[i] != 0) at.push_back(i);
  }
  EXPECT_THAT(at, ::testing::ElementsAre(18, 59, 232, 302, 328, 483));
}

TEST(BuiltinEmbedderTest, CaseSpaceAndTypographyDoNotMatter) {
  EXPECT_EQ(EmbedBuiltin("Anna\xE2\x80\x99s  DOG barks"), EmbedBuiltin("anna's dog barks"));
}

TEST(BuiltinEmbedderTest, InflectedWordsAreNearerThanOthers) {
  EXPECT_GT(Cosine("we were travelling", "she travels"), 0.3f);
  EXPECT_LT(Cosine("we were travelling", "the dentist called"), 0.15f);
}

TEST(BuiltinEmbedderTest, SharedStopWordsDoNotMakeTextsAlike) {
  EXPECT_LT(Cosine("I would like to have a coffee", "I would like to have a passport"), 0.4f);
  EXPECT_GT(Cosine("my sister plays the violin", "Violin is what her sister plays"), 0.7f);
}

TEST(BuiltinEmbedderTest, OrderOfWordsDoesNotMatter) {
  EXPECT_EQ(EmbedBuiltin("rice fish soup"), EmbedBuiltin("soup rice fish"));
}

TEST(BuiltinEmbedderTest, WorksInOtherScripts) {
  EXPECT_GT(Cosine("Она любит играть на скрипке", "скрипка и скрипки"), 0.1f);
  EXPECT_GT(Cosine("東京に引っ越した", "東京に住んでいる"), 0.1f);
}

}  // namespace
}  // namespace slowwave
