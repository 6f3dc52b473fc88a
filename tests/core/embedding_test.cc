#include "core/embedding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cfloat>
#include <limits>
#include <string>

namespace slowwave {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Vectors = std::vector<std::vector<float>>;

UnitRows Build(const Vectors& vectors) {
  std::vector<absl::Span<const float>> spans(vectors.begin(), vectors.end());
  return BuildUnitRows(spans);
}

struct BadEmbedding {
  const char* name;
  std::vector<float> embedding;
  const char* says;
};
class CheckEmbeddingTest : public ::testing::TestWithParam<BadEmbedding> {};
TEST_P(CheckEmbeddingTest, NamesWhatIsWrong) {
  const absl::Status status = CheckEmbedding(GetParam().embedding);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(
    Table, CheckEmbeddingTest,
    testing::ValuesIn<BadEmbedding>({{"Empty", {}, "empty"},
                                     {"TooLong", std::vector<float>(8193, 1.0f), "8193 numbers"},
                                     {"NotANumber", {1, std::numeric_limits<float>::quiet_NaN()}, "number 1"},
                                     {"Infinite", {-std::numeric_limits<float>::infinity(), 1}, "number 0"},
                                     {"Zero", {0, -0.0f, 0}, "all zero"}}),
    [](const auto& each) { return each.param.name; });

TEST(CheckEmbeddingTest, TakesTheLongestTheLargestAndTheSmallest) {
  EXPECT_TRUE(CheckEmbedding(std::vector<float>(8192, 1.0f)).ok());
  EXPECT_TRUE(CheckEmbedding(std::vector<float>(8192, FLT_MAX)).ok());
  EXPECT_TRUE(CheckEmbedding(std::vector<float>{std::numeric_limits<float>::denorm_min()}).ok());
}

TEST(BuildUnitRowsTest, RowsAreOfUnitLength) {
  const UnitRows built = Build({{3, 4}, {FLT_MAX, FLT_MAX}, {std::numeric_limits<float>::denorm_min(), 0}});
  ASSERT_EQ(built.rows.rows(), 3);
  EXPECT_FLOAT_EQ(built.rows(0, 0), 0.6f);
  for (int i = 0; i < 3; ++i) EXPECT_FLOAT_EQ(built.rows.row(i).norm(), 1.0f);
}

TEST(BuildUnitRowsTest, SaysWhichInputEachRowIs) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const UnitRows built = Build({{}, {0, 1}, {nan, 1}, {1, 0}, {0, 0}, {1, 2, 3}, {-2, 0}});
  EXPECT_THAT(built.source, ElementsAre(1, 3, 6));
  EXPECT_THAT(built.unusable, ElementsAre(0, 2, 4, 5));
  EXPECT_EQ(built.rows(2, 0), -1.0f);
}

TEST(BuildUnitRowsTest, OfEquallyCommonLengthsTheLongestIsUsed) {
  EXPECT_THAT(Build({{1, 0, 0}, {1, 0}}).source, ElementsAre(0));
  EXPECT_THAT(Build({{1, 0}, {1, 0, 0}}).source, ElementsAre(1));
}

TEST(BuildUnitRowsTest, NothingUsableGivesNoRows) {
  const UnitRows built = Build({{}, {0}});
  EXPECT_EQ(built.rows.rows(), 0);
  EXPECT_THAT(built.source, IsEmpty());
  EXPECT_THAT(built.unusable, ElementsAre(0, 1));
}

}  // namespace
}  // namespace slowwave
