// Who gets room for what they send, and when.
#include "server/stream_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StreamBudgetTest : public testing::Test {
 protected:
  bool Take(size_t bytes, int who) {
    return budget_.Take(bytes, &streams_[who], [this, who] { given_.push_back(who); });
  }

  StreamBudget budget_{100};
  char streams_[5] = {};
  std::vector<int> given_;
};

TEST_F(StreamBudgetTest, WhoDoesNotFitWaitsTheirTurn) {
  EXPECT_TRUE(Take(60, 0));
  EXPECT_TRUE(Take(40, 1));
  EXPECT_FALSE(Take(30, 2));
  EXPECT_FALSE(Take(10, 3));
  budget_.Return(20);
  EXPECT_THAT(given_, IsEmpty()) << "3 would fit, but is not first";
  EXPECT_FALSE(Take(1, 4));
  budget_.Return(20);
  EXPECT_THAT(given_, ElementsAre(2, 3));
  budget_.Return(60);
  EXPECT_THAT(given_, ElementsAre(2, 3, 4));
  EXPECT_EQ(budget_.used(), 41u);
}

TEST_F(StreamBudgetTest, WhatIsLargerThanAllHasItsTurnAlone) {
  EXPECT_TRUE(Take(10, 0));
  EXPECT_FALSE(Take(500, 1));
  EXPECT_FALSE(Take(10, 2));
  budget_.Return(10);
  EXPECT_THAT(given_, ElementsAre(1));
  budget_.Return(500);
  EXPECT_THAT(given_, ElementsAre(1, 2));
}

TEST_F(StreamBudgetTest, WhoLeavesIsGivenNothingAndHoldsNobodyUp) {
  EXPECT_TRUE(Take(50, 0));
  EXPECT_FALSE(Take(90, 1));
  EXPECT_FALSE(Take(40, 2));
  budget_.Leave(&streams_[1]);
  EXPECT_THAT(given_, ElementsAre(2));
  EXPECT_EQ(budget_.used(), 90u);
}

}  // namespace
}  // namespace slowwave
