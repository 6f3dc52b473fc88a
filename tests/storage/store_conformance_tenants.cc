// Tenants' settings: what is kept, and what they do to claims and queues.
#include <map>

#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

// `count` users of the tenant with a ready task each.
void QueueTasks(Store& store, const std::string& tenant, int count, int32_t priority = 10) {
  for (int i = 0; i < count; ++i) {
    EnqueueRequest request;
    request.user = {tenant, absl::StrCat("u", i)};
    request.priority = priority;
    Must(store.RegisterUser(request.user, {}));
    Must(store.Enqueue(request));
  }
}

std::map<std::string, int> ClaimByTenant(Store& store, int limit) {
  std::map<std::string, int> claimed;
  for (const ClaimedTask& task : Must(store.ClaimTasks("w", limit, absl::Seconds(30)))) {
    ++claimed[task.task.user.tenant];
  }
  return claimed;
}

using Claimed = std::map<std::string, int>;

TEST_P(StoreConformance, TenantThatNobodySetHasDefaults) {
  const TenantSettings settings = Must(store().GetTenant("acme"));
  EXPECT_FALSE(settings.paused);
  EXPECT_EQ(settings.weight, 1);
  EXPECT_EQ(settings.max_waiting, 0);
  EXPECT_FALSE(settings.window_from.has_value());
  EXPECT_FALSE(settings.window_to.has_value());
}

TEST_P(StoreConformance, TenantSettingsComeBackAsPut) {
  Must(store().PutTenant("acme", {.paused = true,
                                  .weight = 2.5,
                                  .max_waiting = 70,
                                  .window_from = absl::Hours(22),
                                  .window_to = absl::Minutes(90)}));
  const TenantSettings settings = Must(store().GetTenant("acme"));
  EXPECT_TRUE(settings.paused);
  EXPECT_EQ(settings.weight, 2.5);
  EXPECT_EQ(settings.max_waiting, 70);
  EXPECT_EQ(settings.window_from, absl::Hours(22));
  EXPECT_EQ(settings.window_to, absl::Minutes(90));
  EXPECT_FALSE(Must(store().GetTenant("other")).paused);
  Must(store().PutTenant("acme", {}));
  EXPECT_FALSE(Must(store().GetTenant("acme")).paused);
  EXPECT_FALSE(Must(store().GetTenant("acme")).window_from.has_value());
}

TEST_P(StoreConformance, TenantSettingsAndSlotsDoNotDisturbEachOther) {
  Slot slot;
  slot.pattern = "*:a:b";
  Must(store().PutSlots("acme", {slot}));
  Must(store().PutTenant("acme", {.weight = 3}));
  EXPECT_EQ(Must(store().GetSlots("acme")).version, 1);
  slot.many = false;
  Must(store().PutSlots("acme", {slot}));
  EXPECT_EQ(Must(store().GetTenant("acme")).weight, 3);
}

// ---- claims

TEST_P(StoreConformance, TenantsShareClaimsEqually) {
  QueueTasks(store(), "big", 10);
  clock_.Advance(absl::Minutes(1));
  QueueTasks(store(), "small", 2);
  EXPECT_EQ(ClaimByTenant(store(), 4), (Claimed{{"big", 2}, {"small", 2}}));
  EXPECT_EQ(ClaimByTenant(store(), 4), (Claimed{{"big", 4}}));
}

TEST_P(StoreConformance, TenantWithFewerRunningTasksGoesFirst) {
  QueueTasks(store(), "busy", 6);
  EXPECT_EQ(ClaimByTenant(store(), 3), (Claimed{{"busy", 3}}));
  QueueTasks(store(), "quiet", 6, /*priority=*/0);
  EXPECT_EQ(ClaimByTenant(store(), 3), (Claimed{{"quiet", 3}}));
  EXPECT_EQ(ClaimByTenant(store(), 4), (Claimed{{"busy", 2}, {"quiet", 2}}));
}

TEST_P(StoreConformance, SharesFollowTheWeightsOfTenants) {
  Must(store().PutTenant("heavy", {.weight = 3}));
  QueueTasks(store(), "heavy", 20);
  QueueTasks(store(), "light", 20);
  EXPECT_EQ(ClaimByTenant(store(), 4), (Claimed{{"heavy", 3}, {"light", 1}}));
  EXPECT_EQ(ClaimByTenant(store(), 8), (Claimed{{"heavy", 6}, {"light", 2}}));
}

TEST_P(StoreConformance, OfTenantsWithEqualSharesTheBestRankIsFirst) {
  QueueTasks(store(), "a_later", 1);
  QueueTasks(store(), "b_sooner", 1, /*priority=*/50);
  EXPECT_EQ(ClaimOne().task.user.tenant, "b_sooner");
}

TEST_P(StoreConformance, PausedTenantIsNotClaimedAndGoesOnAfterwards) {
  QueueTasks(store(), "acme", 2);
  QueueTasks(store(), "other", 1);
  EXPECT_EQ(ClaimByTenant(store(), 1), (Claimed{{"acme", 1}}));
  Must(store().PutTenant("acme", {.paused = true}));
  EXPECT_EQ(ClaimByTenant(store(), 5), (Claimed{{"other", 1}}));
  EXPECT_EQ(ClaimByTenant(store(), 5), Claimed{});
  Must(store().PutTenant("acme", {}));
  EXPECT_EQ(ClaimByTenant(store(), 5), (Claimed{{"acme", 1}}));
}

TEST_P(StoreConformance, ARequestDoesNotWakeAPausedTenant) {
  Register(ana_);
  Must(store().PutTenant("acme", {.paused = true}));
  EXPECT_TRUE(Must(store().ClaimTasks("worker", 5, absl::Seconds(30))).empty());
  Enqueued(ana_);
  EXPECT_TRUE(Must(store().ClaimTasks("worker", 5, absl::Seconds(30))).empty());
  Must(store().PutTenant("acme", {}));
  EXPECT_EQ(ClaimOne().task.user, ana_);
}

TEST_P(StoreConformance, WhatRunsWhenItsTenantIsPausedGoesOn) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().PutTenant("acme", {.paused = true}));
  EXPECT_TRUE(store().RenewLease(lease, absl::Seconds(30)).ok());
  EXPECT_TRUE(store().CommitRun(CommitFor(lease, "run")).ok());
}

// ---- queue limit

TEST_P(StoreConformance, FullQueueRefusesNewTasksButLetsOthersJoin) {
  Must(store().PutTenant("acme", {.max_waiting = 2}));
  QueueTasks(store(), "acme", 2);
  Register(ana_);
  const auto refused = store().Enqueue(Request(ana_));
  EXPECT_EQ(Code(refused), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(refused), "queue: tenant has 2 waiting tasks, limit 2");
  EXPECT_TRUE(Must(store().Enqueue(Request({"acme", "u0"}, "again"))).joined);
  Register({"other", "ana"});
  EXPECT_TRUE(store().Enqueue(Request({"other", "ana"})).ok());
  ClaimOne();
  EXPECT_TRUE(store().Enqueue(Request(ana_)).ok());
}

TEST_P(StoreConformance, TasksBehindAndDelayedCountAgainstTheQueue) {
  Must(store().PutTenant("acme", {.max_waiting = 2}));
  Register(ana_);
  Register(ben_);
  const Lease delayed = LeaseFor(ana_);
  Must(store().FailTask(delayed, "broken", absl::Minutes(1)));
  LeaseFor(ben_);
  Enqueued(ben_);  // behind
  const UserKey third{"acme", "third"};
  Register(third);
  EXPECT_EQ(Code(store().Enqueue(Request(third))), absl::StatusCode::kResourceExhausted);
  Must(store().PutTenant("acme", {.max_waiting = 3}));
  EXPECT_TRUE(store().Enqueue(Request(third)).ok());
}

TEST_P(StoreConformance, RepeatedRequestIsAnsweredThoughTheQueueIsFull) {
  Must(store().PutTenant("acme", {.max_waiting = 1}));
  Register(ana_);
  EnqueueRequest request = Request(ana_);
  request.request_id = "r1";
  const EnqueueResult first = Must(store().Enqueue(request));
  const EnqueueResult again = Must(store().Enqueue(request));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.task.id, first.task.id);
}

TEST_P(StoreConformance, FireIntoAFullQueueIsRefusedAndLeavesTheCondition) {
  Must(store().PutTenant("acme", {.max_waiting = 1}));
  QueueTasks(store(), "acme", 1);
  TriggerCondition event;
  event.kind = TriggerKind::kEvent;
  event.events = {"done"};
  Must(store().RegisterUser(ana_, {event}));
  FireRequest fire{.user = ana_, .condition = 0, .as_read = event, .after = event, .task = Request(ana_)};
  fire.after.times_fired = 1;
  EXPECT_EQ(Code(store().FireTrigger(fire)), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Must(store().GetUser(ana_)).conditions[0].times_fired, 0);
}

// ---- waking up

TEST_P(StoreConformance, OnWorkMayBeSetAndEndedAtAnyTime) {
  store().OnWork([] {});
  Register(ana_);
  Enqueued(ana_);
  store().OnWork(nullptr);
  store().OnWork(nullptr);
  EXPECT_EQ(ClaimOne().task.user, ana_);
}

}  // namespace
}  // namespace slowwave
