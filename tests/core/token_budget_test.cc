#include "core/token_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "storage/sqlite/sqlite_store.h"

namespace slowwave {
namespace {

class TokenBudgetTest : public testing::Test {
 protected:
  TokenBudgetTest() {
    SqliteOptions options;
    options.path = ":memory:";
    options.now = [this] { return now_; };
    store_ = std::move(OpenSqlite(std::move(options)).value());
  }
  SteadyClock Steady() {
    return [this] { return now_ - absl::UnixEpoch(); };
  }
  // What the store has left of a day's 1,000.
  int64_t Left() { return store_->DrawTokens("t", 1000, 0, 1000)->tokens; }

  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<Store> store_;
};

TEST_F(TokenBudgetTest, ProcessesShareADayAndNeverExceedIt) {
  TenantTokens one(*store_, 1000, Steady()), other(*store_, 1000, Steady());
  int64_t taken = 0;
  for (int i = 0; i < 100; ++i) {
    for (TenantTokens* tokens : {&one, &other}) {
      if (tokens->Take("t", 30).ok()) taken += 30;
    }
  }
  EXPECT_LE(taken, 1000);
  EXPECT_GE(taken, 1000 - 2 * 30);
  EXPECT_EQ(one.Take("t", 30).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(one.Take("another", 30).ok());
}

TEST_F(TokenBudgetTest, WhatACallDidNotNeedComesBack) {
  TenantTokens tokens(*store_, 100, Steady());
  for (int i = 0; i < 9; ++i) {
    const SetAside aside = tokens.Take("t", 20).value();
    tokens.Settle("t", aside, 10);
  }
  EXPECT_FALSE(tokens.Take("t", 11).ok());
  EXPECT_TRUE(tokens.Take("t", 10).ok());
}

TEST_F(TokenBudgetTest, CallThatNeededMoreIsPaidForByTheNext) {
  TenantTokens tokens(*store_, 100, Steady());
  tokens.Settle("t", tokens.Take("t", 10).value(), 60);
  EXPECT_FALSE(tokens.Take("t", 41).ok());
  EXPECT_TRUE(tokens.Take("t", 40).ok());
}

TEST_F(TokenBudgetTest, NewDayBeginsAnewAndOldCallsDoNotCountInIt) {
  TenantTokens tokens(*store_, 100, Steady());
  const SetAside aside = tokens.Take("t", 100).value();
  EXPECT_FALSE(tokens.Take("t", 1).ok());
  EXPECT_EQ(tokens.TryAgainIn("t"), absl::Minutes(1)) << "the call may not need all";
  now_ = absl::FromUnixSeconds(1'700'006'400);  // midnight
  const SetAside next = tokens.Take("t", 60).value();
  EXPECT_EQ(next.day, aside.day + 1);
  tokens.Settle("t", aside, 0);
  EXPECT_FALSE(tokens.Take("t", 41).ok());
}

TEST_F(TokenBudgetTest, SpentDayIsOverAtMidnight) {
  TenantTokens tokens(*store_, 100, Steady());
  tokens.Settle("t", tokens.Take("t", 100).value(), 100);
  EXPECT_FALSE(tokens.Take("t", 1).ok());
  EXPECT_EQ(tokens.TryAgainIn("t"), absl::Seconds(6'400));
}

TEST_F(TokenBudgetTest, RefusalBesideAnOpenCallIsTriedSoonThoughThatCallHasEndedSince) {
  TenantTokens tokens(*store_, 100, Steady());
  const SetAside aside = tokens.Take("t", 90).value();
  EXPECT_FALSE(tokens.Take("t", 50).ok());
  tokens.Settle("t", aside, 10);
  EXPECT_EQ(tokens.TryAgainIn("t"), absl::Minutes(1));
}

TEST_F(TokenBudgetTest, UnspentSliceIsReturned) {
  TenantTokens tokens(*store_, 1000, Steady());
  tokens.Settle("t", tokens.Take("t", 5).value(), 5);
  EXPECT_TRUE(tokens.ReturnAll().ok());
  EXPECT_TRUE(tokens.ReturnAll().ok());
  EXPECT_EQ(Left(), 995);
}

TEST_F(TokenBudgetTest, WhatIsDrawnSpentAndReturnedIsCounted) {
  prometheus::Registry registry;
  EngineMetrics metrics(registry);
  TenantTokens tokens(*store_, 1000, Steady(), &metrics);
  tokens.Settle("t", tokens.Take("t", 20).value(), 5);
  ASSERT_TRUE(tokens.ReturnAll().ok());
  EXPECT_EQ(metrics.budget_drawn.Value(), 20);
  EXPECT_EQ(metrics.budget_spent.Value(), 5);
  EXPECT_EQ(metrics.budget_returned.Value(), 15);
}

TEST_F(TokenBudgetTest, RunHasItsOwnLimit) {
  TenantTokens tenants(*store_, 1000, Steady());
  RunTokens run(100, &tenants, "t");
  EXPECT_EQ(run.Take(101).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(run.met(), "");
  const SetAside aside = run.Take(80).value();
  EXPECT_EQ(run.Take(30).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(run.met(), "run");
  run.Settle(aside, 20);
  EXPECT_TRUE(run.Take(80).ok());
}

TEST_F(TokenBudgetTest, DayThatIsSpentIsNamedAndTakesNothingFromTheRun) {
  TenantTokens tenants(*store_, 100, Steady());
  ASSERT_TRUE(tenants.Take("t", 90).ok());
  RunTokens run(50, &tenants, "t");
  EXPECT_EQ(run.Take(50).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(run.met(), "tenant_day");
  EXPECT_TRUE(run.Take(10).ok());
  RunTokens unlimited(0, nullptr, "t");
  EXPECT_TRUE(unlimited.Take(1'000'000).ok());
}

}  // namespace
}  // namespace slowwave
