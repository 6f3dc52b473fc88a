// Slots and trigger conditions.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TriggerCondition Quota() {
  TriggerCondition condition;
  condition.kind = TriggerKind::kQuota;
  condition.episodes = 500;
  condition.megabytes = 100.5;
  condition.cooldown = absl::Hours(1);
  return condition;
}

TriggerCondition Scheduled() {
  TriggerCondition condition;
  condition.kind = TriggerKind::kScheduled;
  condition.interval = absl::Hours(6);
  condition.next_due = Day(2024, 5, 2);
  return condition;
}

// ---- slots

Slot MakeSlot(const std::string& pattern) {
  Slot slot;
  slot.pattern = pattern;
  slot.category = Category::kLocation;
  slot.value_type = ValueType::kText;
  slot.many = false;
  slot.temporal = true;
  slot.aliases = {"*:location:home", "user:location:flat"};
  slot.description = "where one lives";
  return slot;
}

TEST_P(StoreConformance, UnknownTenantHasNoSlots) {
  const SlotRegistry registry = Must(store().GetSlots("acme"));
  EXPECT_EQ(registry.version, 0);
  EXPECT_THAT(registry.slots, IsEmpty());
}

TEST_P(StoreConformance, SlotsComeBackAsPut) {
  const SlotRegistry put =
      Must(store().PutSlots("acme", {MakeSlot("*:location:current_city"), MakeSlot("*:a:b")}));
  EXPECT_EQ(put.version, 1);
  const SlotRegistry got = Must(store().GetSlots("acme"));
  ASSERT_THAT(got.slots, SizeIs(2));
  EXPECT_EQ(got.slots[0].pattern, "*:a:b");
  EXPECT_EQ(got.slots[1].category, Category::kLocation);
  EXPECT_FALSE(got.slots[1].many);
  EXPECT_TRUE(got.slots[1].temporal);
  EXPECT_THAT(got.slots[1].aliases, ElementsAre("*:location:home", "user:location:flat"));
  EXPECT_EQ(got.slots[1].description, "where one lives");
  EXPECT_THAT(Must(store().GetSlots("other")).slots, IsEmpty());
}

TEST_P(StoreConformance, RegistryVersionGrowsOnlyWithAChange) {
  EXPECT_EQ(Must(store().PutSlots("acme", {MakeSlot("*:a:b")})).version, 1);
  EXPECT_EQ(Must(store().PutSlots("acme", {MakeSlot("*:a:b")})).version, 1);
  EXPECT_EQ(Must(store().PutSlots("acme", {})).version, 1);
  Slot changed = MakeSlot("*:a:b");
  changed.many = true;
  const SlotRegistry registry = Must(store().PutSlots("acme", {changed}));
  EXPECT_EQ(registry.version, 2);
  ASSERT_THAT(registry.slots, SizeIs(1));
  EXPECT_TRUE(registry.slots[0].many);
}

// ---- triggers

TEST_P(StoreConformance, FiringWritesConditionAndTask) {
  Must(store().RegisterUser(ana_, {Quota(), Scheduled()}));
  FireRequest fire;
  fire.user = ana_;
  fire.condition = 1;
  fire.as_read = Must(store().GetUser(ana_)).conditions[1];
  fire.after = fire.as_read;
  fire.after.last_fired = clock_.Now();
  fire.after.next_due = Day(2024, 6, 1);
  fire.after.times_fired = 1;
  fire.task = Request(ana_, "due");
  fire.task.kind = TriggerKind::kScheduled;
  const EnqueueResult fired = Must(store().FireTrigger(fire));
  EXPECT_EQ(fired.task.kind, TriggerKind::kScheduled);
  EXPECT_EQ(StateOf(fired.task.id), TaskState::kWaiting);
  const TriggerCondition read = Must(store().GetUser(ana_)).conditions[1];
  EXPECT_EQ(read.last_fired, clock_.Now());
  EXPECT_EQ(read.next_due, Day(2024, 6, 1));
  EXPECT_EQ(read.times_fired, 1);
  EXPECT_EQ(Must(store().GetUser(ana_)).conditions[0].times_fired, 0);
}

TEST_P(StoreConformance, FiringTwiceFromOneReadAbortsTheSecond) {
  Must(store().RegisterUser(ana_, {Quota()}));
  FireRequest fire;
  fire.user = ana_;
  fire.as_read = Must(store().GetUser(ana_)).conditions[0];
  fire.after = fire.as_read;
  fire.after.times_fired = 1;
  fire.task = Request(ana_);
  Must(store().FireTrigger(fire));
  fire.task.reason = "second";
  EXPECT_EQ(Code(store().FireTrigger(fire)), absl::StatusCode::kAborted);
  const auto tasks = Must(store().ListTasks({.tenant = "acme", .user = "ana", .states = {}}, "", 10)).items;
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_THAT(tasks[0].reasons, ElementsAre("test"));
}

TEST_P(StoreConformance, FiringAConditionThatIsGoneAborts) {
  Must(store().RegisterUser(ana_, {Quota()}));
  FireRequest fire{.user = ana_, .condition = 1, .as_read = Quota(), .after = Quota(), .task = Request(ana_)};
  EXPECT_EQ(Code(store().FireTrigger(fire)), absl::StatusCode::kAborted);
  fire.condition = -1;
  EXPECT_EQ(Code(store().FireTrigger(fire)), absl::StatusCode::kAborted);
  fire.user = fire.task.user = ben_;
  EXPECT_EQ(Code(store().FireTrigger(fire)), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace slowwave
