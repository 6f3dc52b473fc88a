#include "core/linkage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <string>

namespace slowwave {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

EmbeddingMatrix Normalised(EmbeddingMatrix rows) {
  rows.rowwise().normalize();
  return rows;
}

EmbeddingMatrix RandomRows(int n, int d, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  EmbeddingMatrix rows(n, d);
  for (float& x : rows.reshaped()) x = normal(random);
  return Normalised(rows);
}

// Rows around `sizes.size()` random centres, and around one common direction if `common` > 0.
struct Planted {
  EmbeddingMatrix rows;
  std::vector<int> labels;
};
Planted PlantTopics(const std::vector<int>& sizes, int d, float spread, float common, uint32_t seed) {
  const EmbeddingMatrix centres = RandomRows(static_cast<int>(sizes.size()), d, seed);
  const int n = std::accumulate(sizes.begin(), sizes.end(), 0);
  const EmbeddingMatrix noise = RandomRows(n, d, seed + 1), shift = RandomRows(1, d, seed + 2);
  Planted planted{EmbeddingMatrix(n, d), {}};
  for (size_t topic = 0; topic < sizes.size(); ++topic) {
    for (int i = 0; i < sizes[topic]; ++i) {
      const auto row = static_cast<Eigen::Index>(planted.labels.size());
      planted.rows.row(row) = centres.row(topic) + spread * noise.row(row) + common * shift.row(0);
      planted.labels.push_back(static_cast<int>(topic));
    }
  }
  planted.rows = Normalised(planted.rows);
  return planted;
}

std::vector<Merge> Link(const EmbeddingMatrix& rows) {
  const absl::StatusOr<std::vector<Merge>> merges = AverageLinkage(rows);
  EXPECT_TRUE(merges.ok()) << merges.status();
  return merges.ok() ? *merges : std::vector<Merge>();
}

std::vector<int> ByFirstAppearance(const std::vector<int>& labels) {
  std::map<int, int> number;
  std::vector<int> result;
  for (const int label : labels) result.push_back(number.try_emplace(label, number.size()).first->second);
  return result;
}

std::vector<int> AtCalibratedCut(const EmbeddingMatrix& rows) {
  const std::vector<Merge> merges = Link(rows);
  return CutAt(merges, rows.rows(), CalibrateThreshold(rows, merges).min_similarity);
}

int Count(const std::vector<int>& labels) {
  return static_cast<int>(std::set<int>(labels.begin(), labels.end()).size());
}

double PairwiseF1(const std::vector<int>& got, const std::vector<int>& want) {
  double both = 0, either = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      both += got[i] == got[j] && want[i] == want[j];
      either += (got[i] == got[j]) + (want[i] == want[j]);
    }
  }
  return 2 * both / either;
}

// The textbook algorithm, in double: all pairs of all groups, over and over.
std::vector<int> Naive(const EmbeddingMatrix& rows, double min_similarity) {
  const Eigen::MatrixXd s = rows.cast<double>() * rows.cast<double>().transpose();
  std::vector<std::vector<int>> groups;
  for (int i = 0; i < rows.rows(); ++i) groups.push_back({i});
  while (groups.size() > 1) {
    double best = -2;
    size_t a = 0, b = 0;
    for (size_t i = 0; i < groups.size(); ++i) {
      for (size_t j = i + 1; j < groups.size(); ++j) {
        double sum = 0;
        for (const int x : groups[i]) {
          for (const int y : groups[j]) sum += s(x, y);
        }
        const double mean = sum / static_cast<double>(groups[i].size() * groups[j].size());
        if (mean > best) {
          best = mean;
          a = i;
          b = j;
        }
      }
    }
    if (best < min_similarity) break;
    groups[a].insert(groups[a].end(), groups[b].begin(), groups[b].end());
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(b));
  }
  std::vector<int> labels(rows.rows());
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const int i : groups[g]) labels[i] = static_cast<int>(g);
  }
  return ByFirstAppearance(labels);
}

TEST(AverageLinkageTest, PartitionsEqualThoseOfScipy) {
  std::ifstream in(SLOWWAVE_SOURCE_DIR "/tests/data/linkage_fixture.txt");
  std::string word;
  int cuts = 0;
  while (in >> word) {
    ASSERT_EQ(word, "case");
    int n = 0, d = 0;
    in >> n >> d;
    EmbeddingMatrix rows(n, d);
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < d; ++k) in >> rows(i, k);
    }
    const std::vector<Merge> merges = Link(Normalised(rows));
    while (in >> word && word == "cut") {
      float similarity = 0;
      std::vector<int> want(n);
      in >> similarity;
      for (int& label : want) in >> label;
      EXPECT_EQ(CutAt(merges, n, similarity), ByFirstAppearance(want)) << n << " rows at " << similarity;
      ++cuts;
    }
  }
  EXPECT_GE(cuts, 15);
}

// Over the sizes at which the algorithm changes its ways: chain only, one block of a line, rounds and chain.
TEST(AverageLinkageTest, PartitionsEqualTheTextbooksAtEverySize) {
  for (const int n : {2, 3, 17, 120, 300}) {
    const EmbeddingMatrix rows = RandomRows(n, 7, n);
    const std::vector<Merge> merges = Link(rows);
    for (const int at : {n / 4, n / 2, n * 3 / 4}) {
      if (at + 1 >= static_cast<int>(merges.size())) continue;
      const float cut = (merges[at].similarity + merges[at + 1].similarity) / 2;
      EXPECT_EQ(CutAt(merges, n, cut), Naive(rows, cut)) << n << " rows, " << at << " merges";
    }
  }
}

TEST(AverageLinkageTest, SimilaritiesAreTheMeansOfThePairs) {
  const EmbeddingMatrix rows = PlantTopics({60, 90, 150, 100}, 400, 1.2f, 0.3f, 5).rows;
  const int n = rows.rows();
  const std::vector<Merge> merges = Link(rows);
  const Eigen::MatrixXd s = rows.cast<double>() * rows.cast<double>().transpose();
  std::vector<std::vector<int>> members(n + merges.size());
  for (int i = 0; i < n; ++i) members[i] = {i};
  for (size_t i = 0; i < merges.size(); ++i) {
    const std::vector<int>&a = members[merges[i].left], &b = members[merges[i].right];
    double sum = 0;
    for (const int x : a) {
      for (const int y : b) sum += s(x, y);
    }
    ASSERT_NEAR(merges[i].similarity, sum / static_cast<double>(a.size() * b.size()), 2e-6);
    std::vector<int> all = a;
    all.insert(all.end(), b.begin(), b.end());
    EXPECT_EQ(merges[i].size, static_cast<int>(all.size()));
    members[n + i] = std::move(all);
  }
}

TEST(AverageLinkageTest, MergesComeInOrderOfFallingSimilarity) {
  const std::vector<Merge> merges = Link(RandomRows(700, 16, 3));
  ASSERT_EQ(merges.size(), 699u);
  EXPECT_TRUE(std::is_sorted(merges.begin(), merges.end(),
                             [](const Merge& a, const Merge& b) { return a.similarity > b.similarity; }));
  EXPECT_EQ(merges.back().size, 700);
}

TEST(AverageLinkageTest, OrderOfTheRowsDoesNotMatter) {
  const EmbeddingMatrix rows = RandomRows(400, 20, 9);
  std::vector<int> order(400);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(4));
  EmbeddingMatrix shuffled(400, 20);
  for (int i = 0; i < 400; ++i) shuffled.row(i) = rows.row(order[i]);
  const std::vector<Merge> merges = Link(rows);
  const float cut = (merges[300].similarity + merges[301].similarity) / 2;
  const std::vector<int> straight = CutAt(merges, 400, cut);
  std::vector<int> expected;
  for (const int i : order) expected.push_back(straight[i]);
  EXPECT_EQ(CutAt(Link(shuffled), 400, cut), ByFirstAppearance(expected));
}

TEST(AverageLinkageTest, OneRowIsOneGroup) {
  const EmbeddingMatrix rows = RandomRows(1, 8, 1);
  EXPECT_TRUE(Link(rows).empty());
  EXPECT_THAT(CutAt({}, 1, 0.5f), ElementsAre(0));
  EXPECT_THAT(AtCalibratedCut(rows), ElementsAre(0));
}

TEST(AverageLinkageTest, EqualRowsMergeAtOneAndTheSameWayEveryTime) {
  EmbeddingMatrix rows = RandomRows(600, 5, 2);
  for (int i = 0; i < 600; i += 3) rows.row(i) = rows.row(0);
  const std::vector<Merge> merges = Link(rows), again = Link(rows);
  EXPECT_FLOAT_EQ(merges[198].similarity, 1.0f);
  const std::vector<int> labels = CutAt(merges, 600, 0.99999f);
  for (int i = 0; i < 600; i += 3) EXPECT_EQ(labels[i], 0);
  for (size_t i = 0; i < merges.size(); ++i) {
    ASSERT_EQ(merges[i].left, again[i].left);
    ASSERT_EQ(merges[i].right, again[i].right);
  }
}

// Every pair is a tie: rounds find one pair at a time, and rounding must not make a chain run in circles.
TEST(AverageLinkageTest, OrthogonalRowsAllTieAndStillEnd) {
  const std::vector<Merge> merges = Link(EmbeddingMatrix::Identity(500, 500));
  ASSERT_EQ(merges.size(), 499u);
  EXPECT_EQ(merges.front().similarity, 0.0f);
  EXPECT_EQ(merges.back().size, 500);
}

// More groups than the matrix holds: the first rounds go without it.
TEST(AverageLinkageTest, MoreRowsThanTheMatrixHoldsGiveTheSameMeans) {
  const EmbeddingMatrix rows = PlantTopics(std::vector<int>(350, 30), 24, 0.35f, 0, 8).rows;
  const int n = rows.rows();
  ASSERT_GT(n, 10'000);
  const std::vector<Merge> merges = Link(rows);
  ASSERT_EQ(static_cast<int>(merges.size()), n - 1);
  EmbeddingMatrix sums(2 * n - 1, rows.cols());
  sums.topRows(n) = rows;
  std::vector<float> sizes(2 * n - 1, 1.0f);
  for (int i = 0; i < n - 1; ++i) {
    const Merge& merge = merges[i];
    const float pairs = sizes[merge.left] * sizes[merge.right];
    ASSERT_NEAR(merge.similarity, sums.row(merge.left).dot(sums.row(merge.right)) / pairs, 1e-5);
    ASSERT_LE(merge.similarity, merges[std::max(0, i - 1)].similarity);
    sums.row(n + i) = sums.row(merge.left) + sums.row(merge.right);
    sizes[n + i] = sizes[merge.left] + sizes[merge.right];
  }
}

TEST(AverageLinkageTest, RefusesWhatIsNoMatrixOfUnitRows) {
  EXPECT_EQ(AverageLinkage(EmbeddingMatrix(0, 4)).status().code(), absl::StatusCode::kInvalidArgument);
  EmbeddingMatrix rows = RandomRows(4, 3, 1);
  rows(2, 1) = std::numeric_limits<float>::quiet_NaN();
  const absl::Status status = AverageLinkage(rows).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("row 2"));
  rows.row(2) = 2 * rows.row(0);
  EXPECT_EQ(AverageLinkage(rows).status().code(), absl::StatusCode::kInvalidArgument);
  rows.row(2).setZero();
  EXPECT_EQ(AverageLinkage(rows).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CutAtTest, AboveOneEverythingIsAlone) {
  const std::vector<int> labels = CutAt(Link(RandomRows(30, 4, 6)), 30, 1.1f);
  EXPECT_EQ(Count(labels), 30);
  EXPECT_TRUE(std::is_sorted(labels.begin(), labels.end()));
}

TEST(CutAtTest, AtMinusOneEverythingIsOneGroup) {
  EXPECT_THAT(CutAt(Link(RandomRows(30, 4, 6)), 30, -1.0f), Each(0));
}

struct PlantedCase {
  const char* name;
  std::vector<int> sizes;
  float spread;
  float common;
};
class CalibrationTest : public ::testing::TestWithParam<PlantedCase> {};
TEST_P(CalibrationTest, FindsWhatWasPlanted) {
  const Planted planted = PlantTopics(GetParam().sizes, 128, GetParam().spread, GetParam().common, 77);
  const std::vector<int> labels = AtCalibratedCut(planted.rows);
  EXPECT_GE(PairwiseF1(labels, planted.labels), 0.9) << Count(labels) << " groups";
}
INSTANTIATE_TEST_SUITE_P(
    Table, CalibrationTest,
    testing::ValuesIn<PlantedCase>({{"FiveTopicsOfThirty", std::vector<int>(5, 30), 0.8f, 0},
                                    {"FortyTopicsOfFive", std::vector<int>(40, 5), 0.8f, 0},
                                    {"AHundredTopicsOfTen", std::vector<int>(100, 10), 0.8f, 0},
                                    {"UnequalTopics", {60, 40, 25, 15, 10, 8, 6, 5, 4, 3}, 0.8f, 0},
                                    {"ACommonDirection", std::vector<int>(20, 10), 0.8f, 2.5f},
                                    {"TwoTopicsOfTen", std::vector<int>(2, 10), 0.8f, 0}}),
    [](const auto& each) { return each.param.name; });

// Sizes in turn, repeated until there are `topics`.
std::vector<int> Sizes(int topics, const std::vector<int>& in_turn) {
  std::vector<int> sizes;
  for (int i = 0; i < topics; ++i) sizes.push_back(in_turn[i % in_turn.size()]);
  return sizes;
}

// Topics in fives whose centres lie near each other, as intents of one domain do.
Planted PlantRelatedTopics(const std::vector<int>& sizes, float spread, float related, uint32_t seed) {
  const int topics = static_cast<int>(sizes.size()), d = 128;
  Planted planted = PlantTopics(sizes, d, spread, 0, seed);
  const EmbeddingMatrix domains = RandomRows(topics, d, seed + 3);
  for (size_t i = 0; i < planted.labels.size(); ++i) {
    // Rows were normalised from a centre and a spread of length one each, about at right angles.
    const float length = std::sqrt(1 + spread * spread);
    planted.rows.row(i) = length * planted.rows.row(i) + related * domains.row(planted.labels[i] / 5);
  }
  planted.rows = Normalised(planted.rows);
  return planted;
}

double BestF1AtAnyCut(const EmbeddingMatrix& rows, const std::vector<int>& want) {
  const std::vector<Merge> merges = Link(rows);
  double best = 0;
  for (const Merge& merge : merges)
    best = std::max(best, PairwiseF1(CutAt(merges, static_cast<int>(rows.rows()), merge.similarity), want));
  return best;
}

struct ShareCase {
  const char* name;
  std::vector<int> sizes;
  float spread;
  float related;
};
class CalibrationShareTest : public ::testing::TestWithParam<ShareCase> {};
TEST_P(CalibrationShareTest, ComesNearTheBestCutWhateverTheRowsPerTopic) {
  double sum = 0;
  const std::vector<uint32_t> seeds = {5, 105, 205};
  for (const uint32_t seed : seeds) {
    const Planted planted = PlantRelatedTopics(GetParam().sizes, GetParam().spread, GetParam().related, seed);
    const std::vector<int> labels = AtCalibratedCut(planted.rows);
    const double share = PairwiseF1(labels, planted.labels) / BestF1AtAnyCut(planted.rows, planted.labels);
    EXPECT_GE(share, 0.6) << Count(labels) << " groups, seed " << seed;
    sum += share;
  }
  EXPECT_GE(sum / static_cast<double>(seeds.size()), 0.8);
}
INSTANTIATE_TEST_SUITE_P(
    Table, CalibrationShareTest,
    testing::ValuesIn<ShareCase>({{"AHundredPairs", Sizes(100, {2}), 1.0f, 0.8f},
                                  {"FiftyTriples", Sizes(50, {3}), 1.0f, 0.8f},
                                  {"FortyTopicsOfEight", Sizes(40, {8}), 1.2f, 0.8f},
                                  {"ThirtyUnequalTopics", Sizes(30, {1, 2, 4, 7, 12, 20}), 1.2f, 0.4f},
                                  {"FiveTopicsOfForty", Sizes(5, {40}), 1.5f, 0.8f},
                                  {"FiveTopicsOfAHundred", Sizes(5, {100}), 1.5f, 0.8f}}),
    [](const auto& each) { return each.param.name; });

TEST(CalibrateThresholdTest, ACommonDirectionRaisesTheCut) {
  const EmbeddingMatrix plain = PlantTopics(std::vector<int>(20, 10), 128, 0.8f, 0, 3).rows;
  const EmbeddingMatrix shifted = PlantTopics(std::vector<int>(20, 10), 128, 0.8f, 2.5f, 3).rows;
  EXPECT_LT(CalibrateThreshold(plain, Link(plain)).min_similarity, 0.6f);
  EXPECT_GT(CalibrateThreshold(shifted, Link(shifted)).min_similarity, 0.7f);
}

TEST(CalibrateThresholdTest, UnrelatedRowsStayAlone) {
  for (const int n : {2, 3, 6, 10, 40})
    EXPECT_EQ(Count(AtCalibratedCut(EmbeddingMatrix::Identity(n, 384))), n);
}

TEST(CalibrateThresholdTest, FewUnrelatedRowsOfRandomDirectionStayAlone) {
  for (const int n : {2, 3, 5, 8, 10}) EXPECT_EQ(Count(AtCalibratedCut(RandomRows(n, 384, 100 + n))), n);
}

TEST(CalibrateThresholdTest, FewNearlyEqualRowsMerge) {
  for (const int n : {2, 3, 6}) {
    EXPECT_EQ(Count(AtCalibratedCut(PlantTopics({n}, 384, 0.2f, 0, 5).rows)), 1) << n;
  }
}

TEST(CalibrateThresholdTest, AFewPairsAmongStraysAreFound) {
  const Planted planted = PlantTopics({2, 2, 2, 1, 1, 1, 1, 1, 1, 1}, 384, 0.3f, 0, 11);
  EXPECT_EQ(AtCalibratedCut(planted.rows), planted.labels);
}

TEST(CalibrateThresholdTest, EqualRowsAreNeverParted) {
  EmbeddingMatrix rows = RandomRows(60, 64, 4);
  for (int i = 1; i < 20; ++i) rows.row(i) = rows.row(0);
  const std::vector<int> labels = AtCalibratedCut(rows);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(labels[i], 0);
}

TEST(CalibrateThresholdTest, NamesAStableMethod) {
  const EmbeddingMatrix many = PlantTopics({20, 20, 20}, 64, 0.8f, 0, 1).rows;
  EXPECT_STREQ(CalibrateThreshold(many, Link(many)).method, "planted_partition");
  const EmbeddingMatrix few = RandomRows(3, 64, 1);
  EXPECT_STREQ(CalibrateThreshold(few, Link(few)).method, "fixed");
}

}  // namespace
}  // namespace slowwave
