#include "storage/fair_share.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Deal(const std::vector<TenantDemand>& demands, int room) {
  std::vector<std::string> lines;
  for (const TenantShare& share : FairShares(demands, room)) {
    lines.push_back(absl::StrCat(share.tenant, " ", share.tasks));
  }
  return lines;
}

TenantDemand Of(const std::string& tenant, double weight, int64_t running, int64_t ready, int64_t rank = 0) {
  return {.tenant = tenant, .weight = weight, .running = running, .ready = ready, .best_rank = rank};
}

TEST(FairShareTest, EqualTenantsShareEqually) {
  EXPECT_THAT(Deal({Of("a", 1, 0, 100), Of("b", 1, 0, 100)}, 6), ElementsAre("a 3", "b 3"));
}

TEST(FairShareTest, SharesFollowTheWeights) {
  EXPECT_THAT(Deal({Of("a", 3, 0, 100), Of("b", 1, 0, 100)}, 8), ElementsAre("a 6", "b 2"));
}

TEST(FairShareTest, WhatRunsAlreadyCounts) {
  EXPECT_THAT(Deal({Of("a", 1, 4, 100), Of("b", 1, 0, 100)}, 4), ElementsAre("b 4"));
}

TEST(FairShareTest, WhatOneDoesNotNeedOthersGet) {
  EXPECT_THAT(Deal({Of("a", 1, 0, 1), Of("b", 1, 0, 100)}, 6), ElementsAre("a 1", "b 5"));
}

TEST(FairShareTest, NobodyGetsMoreThanIsReady) {
  EXPECT_THAT(Deal({Of("a", 1, 0, 2), Of("b", 9, 0, 1)}, 100), ElementsAre("a 2", "b 1"));
}

TEST(FairShareTest, OfEqualsTheBestRankIsFirstThenTheName) {
  EXPECT_THAT(Deal({Of("a", 1, 0, 9, 20), Of("b", 1, 0, 9, 10)}, 1), ElementsAre("b 1"));
  EXPECT_THAT(Deal({Of("b", 1, 0, 9), Of("a", 1, 0, 9)}, 1), ElementsAre("a 1"));
}

TEST(FairShareTest, NoRoomOrNoDemandIsNothing) {
  EXPECT_THAT(Deal({Of("a", 1, 0, 9)}, 0), IsEmpty());
  EXPECT_THAT(Deal({Of("a", 1, 0, 0)}, 5), IsEmpty());
  EXPECT_THAT(Deal({}, 5), IsEmpty());
}

// Dealt all at once or one by one, in any order of the demands: the same.
TEST(FairShareTest, DealingOneByOneGivesTheSame) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<TenantDemand> demands;
    for (int i = 0; i < 4; ++i) {
      demands.push_back(Of(absl::StrCat("t", i), 1 + random() % 4, random() % 5, random() % 9, random() % 3));
    }
    const int room = static_cast<int>(random() % 20);
    std::vector<TenantShare> at_once = FairShares(demands, room);
    std::vector<TenantDemand> one_by_one = demands;
    std::shuffle(one_by_one.begin(), one_by_one.end(), random);
    for (int i = 0; i < room; ++i) {
      for (const TenantShare& share : FairShares(one_by_one, 1)) {
        for (TenantDemand& demand : one_by_one) {
          if (demand.tenant != share.tenant) continue;
          ++demand.running;
          --demand.ready;
        }
      }
    }
    for (const TenantDemand& before : demands) {
      int dealt = 0;
      for (const TenantShare& share : at_once) dealt += share.tenant == before.tenant ? share.tasks : 0;
      for (const TenantDemand& after : one_by_one) {
        if (after.tenant != before.tenant) continue;
        EXPECT_EQ(after.running - before.running, dealt);
      }
    }
  }
}

}  // namespace
}  // namespace slowwave
