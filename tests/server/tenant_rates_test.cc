// A tenant's calls a second, with time that the test moves.
#include "server/tenant_rates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

class TenantRatesTest : public testing::Test {
 protected:
  TenantRates Make(double per_second, double burst, size_t max_tenants = 100) {
    return TenantRates(per_second, burst, max_tenants, [this] { return now_; });
  }
  static int Admitted(TenantRates& rates, const std::string& tenant, int calls) {
    int admitted = 0;
    for (int i = 0; i < calls; ++i) admitted += rates.Take(tenant) == absl::ZeroDuration() ? 1 : 0;
    return admitted;
  }
  static CallerPtr Of(const std::string& tenant) {
    Caller caller;
    caller.tenant = tenant;
    return std::make_shared<const Caller>(caller);
  }

  absl::Duration now_ = absl::Hours(1);
};

TEST_F(TenantRatesTest, ABurstAndThenTheRate) {
  TenantRates rates = Make(10, 5);
  EXPECT_EQ(Admitted(rates, "acme", 100), 5);
  now_ += absl::Milliseconds(99);
  EXPECT_EQ(Admitted(rates, "acme", 100), 0);
  now_ += absl::Milliseconds(1);
  EXPECT_EQ(Admitted(rates, "acme", 100), 1);
  now_ += absl::Milliseconds(300);
  EXPECT_EQ(Admitted(rates, "acme", 100), 3);
  now_ += absl::Hours(9);
  EXPECT_EQ(Admitted(rates, "acme", 100), 5) << "no more than the burst, however long the rest";
}

TEST_F(TenantRatesTest, WhatWasDoneAlreadyIsPaidForAfterwards) {
  TenantRates rates = Make(2, 4);
  EXPECT_EQ(rates.Charge("acme", 3), absl::ZeroDuration());
  EXPECT_EQ(rates.Charge("acme", 3), absl::Seconds(1));
  EXPECT_EQ(rates.Take("acme"), absl::Milliseconds(1500));
  now_ += absl::Seconds(1);
  EXPECT_EQ(rates.Charge("acme", 0), absl::ZeroDuration());
  now_ += absl::Milliseconds(500);
  EXPECT_EQ(Admitted(rates, "acme", 10), 1);
}

TEST_F(TenantRatesTest, TenantsDoNotPayForEachOther) {
  TenantRates rates = Make(1, 2);
  EXPECT_EQ(Admitted(rates, "loud", 1000), 2);
  EXPECT_EQ(Admitted(rates, "quiet", 2), 2);
}

TEST_F(TenantRatesTest, WhatIsRefusedSaysWhenToTryAgain) {
  TenantRates rates = Make(4, 1);
  EXPECT_TRUE(rates.Admit("acme").ok());
  now_ += absl::Milliseconds(50);
  const absl::Status refused = rates.Admit("acme");
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("try again in 200 ms"));
  EXPECT_EQ(RetryDelayOf(refused), absl::Milliseconds(200));
  EXPECT_EQ(RetryDelayOf(absl::ResourceExhaustedError("the queue")), std::nullopt);
  now_ += absl::Milliseconds(200);
  EXPECT_TRUE(rates.Admit("acme").ok());
}

TEST_F(TenantRatesTest, RatesUnderOneASecondWorkAndABurstIsOneAtLeast) {
  TenantRates rates = Make(0.1, 0.1);
  EXPECT_EQ(Admitted(rates, "acme", 10), 1);
  EXPECT_EQ(rates.Take("acme"), absl::Seconds(10));
  now_ += absl::Seconds(10);
  EXPECT_EQ(Admitted(rates, "acme", 10), 1);
}

TEST_F(TenantRatesTest, MadeUpNamesCostNoMemoryAndTheOnesInUseAreKept) {
  TenantRates rates = Make(1, 1, 100);
  EXPECT_EQ(Admitted(rates, "acme", 2), 1);
  for (int i = 0; i < 100'000; ++i) {
    rates.Take(absl::StrCat("made-up-", i));
    if (i % 50 == 0) {
      EXPECT_NE(rates.Take("acme"), absl::ZeroDuration());
    }
  }
  EXPECT_EQ(rates.tenants(), 100u);
}

TEST_F(TenantRatesTest, EachCallIsCountedOnceForTheTenantThatItIsOf) {
  TenantRates rates = Make(1, 1);
  v1::GetUserRequest request;
  EXPECT_TRUE(AdmitCaller(nullptr, Of("acme")).ok());
  EXPECT_TRUE(AdmitRequest(nullptr, nullptr, request).ok());
  // Of one tenant: before the request is read.
  EXPECT_TRUE(AdmitCaller(&rates, Of("acme")).ok());
  request.set_tenant("acme");
  EXPECT_TRUE(AdmitRequest(&rates, Of("acme"), request).ok());
  EXPECT_FALSE(AdmitCaller(&rates, Of("acme")).ok());
  // Of all, or of anybody: as the request says.
  for (const CallerPtr& caller : {CallerPtr(), Of("*")}) {
    const std::string tenant = caller == nullptr ? "blue" : "green";
    request.set_tenant(tenant);
    EXPECT_TRUE(AdmitCaller(&rates, caller).ok());
    EXPECT_TRUE(AdmitRequest(&rates, caller, request).ok());
    EXPECT_FALSE(AdmitRequest(&rates, caller, request).ok());
  }
  request.set_tenant("");
  EXPECT_TRUE(AdmitRequest(&rates, nullptr, request).ok());
  request.set_tenant("default");
  EXPECT_FALSE(AdmitRequest(&rates, nullptr, request).ok());
  request.set_tenant(std::string(1000, 'x'));
  EXPECT_TRUE(AdmitRequest(&rates, nullptr, request).ok()) << "refused elsewhere, with its reason";
}

}  // namespace
}  // namespace slowwave
