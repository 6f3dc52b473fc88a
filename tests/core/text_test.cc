#include "core/text.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slowwave {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(IsCleanUtf8Test, AcceptsEveryScript) {
  EXPECT_TRUE(IsCleanUtf8(""));
  EXPECT_TRUE(IsCleanUtf8("plain"));
  EXPECT_TRUE(IsCleanUtf8("Zürich 東京 🎉"));
}

TEST(IsCleanUtf8Test, RefusesNulSurrogatesOverlongAndTruncated) {
  EXPECT_FALSE(IsCleanUtf8(absl::string_view("a\0b", 3)));
  EXPECT_FALSE(IsCleanUtf8("\xED\xA0\x80"));
  EXPECT_FALSE(IsCleanUtf8("\xC0\xAF"));
  EXPECT_FALSE(IsCleanUtf8("\xE6\x9D"));
  EXPECT_FALSE(IsCleanUtf8("\xF5\x80\x80\x80"));
  EXPECT_FALSE(IsCleanUtf8("\xFF"));
}

TEST(FoldTextTest, FoldsCaseWidthQuotesDashesAndSpace) {
  EXPECT_EQ(FoldText("  It\u2019s \u201CNEW\u201D \u2014 \t STRASSE/Stra\u00DFe\n"),
            "it's \"new\" - strasse/strasse");
  EXPECT_EQ(FoldText("\uFF21\uFF22\u00A0\uFF11"), "ab 1");
  EXPECT_EQ(FoldText("e\u0301"), FoldText("\u00C9"));
}

TEST(FoldTextTest, IsIdempotent) {
  for (const char* text :
       {"Hello  World", "It\u2019s \u00B4x\u00B4 \uFB01ne", "\u0130stanbul \u2026", "", " "}) {
    EXPECT_EQ(FoldText(FoldText(text)), FoldText(text)) << text;
  }
}

TEST(SlugTest, JoinsWordsAndKeepsEveryScript) {
  EXPECT_EQ(Slug("New York!"), "new_york");
  EXPECT_EQ(Slug("  Zürich "), "zürich");
  EXPECT_EQ(Slug("東京 タワー"), "東京_タワー");
  EXPECT_EQ(Slug("--"), "");
}

TEST(SlugTest, CutsBetweenCharacters) {
  const std::string slug = Slug(std::string(63, 'a') + "東");
  EXPECT_EQ(slug, std::string(63, 'a'));
  EXPECT_EQ(Slug(std::string(63, 'a') + " b"), std::string(63, 'a'));
}

TEST(WordsTest, KeepsInnerApostrophes) {
  EXPECT_THAT(Words("I don\u2019t - 'quote' 42 rock'n'roll's"),
              ElementsAre("i", "don't", "quote", "42", "rock'n'roll's"));
  EXPECT_THAT(Words("?!"), IsEmpty());
}

TEST(SentencesTest, SplitsAtStopsAndLineBreaks) {
  EXPECT_THAT(Sentences(" I moved. Really?  Yes!\nNew line \r\n"),
              ElementsAre("I moved.", "Really?", "Yes!", "New line"));
  EXPECT_THAT(Sentences(""), IsEmpty());
}

TEST(SentencesTest, DoesNotSplitAfterTitles) {
  EXPECT_THAT(Sentences("I saw Dr. Okafor today. It went well."),
              ElementsAre("I saw Dr. Okafor today.", "It went well."));
}

TEST(SentencesTest, SurvivesAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes.push_back(static_cast<char>((i * 7919) >> 3));
  size_t covered = 0;
  for (absl::string_view sentence : Sentences(bytes)) covered += sentence.size();
  EXPECT_LE(covered, bytes.size());
}

}  // namespace
}  // namespace slowwave
