// What is told of the queue as a whole.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

TEST_P(StoreConformance, EmptyQueueCountsNothing) {
  const QueueCounts counts = Must(store().CountQueue(100));
  EXPECT_EQ(counts.waiting + counts.delayed + counts.running + counts.dead, 0);
  EXPECT_FALSE(counts.oldest_ready.has_value());
}

TEST_P(StoreConformance, QueueIsCountedByStateAcrossTenants) {
  const UserKey cem{"other", "cem"}, dua{"other", "dua"};
  for (const UserKey& user : {ana_, ben_, cem, dua}) Register(user);
  const std::string dead = DeadTask(ben_);
  const Lease running = LeaseFor(ana_);
  Enqueued(ana_);  // behind the running one
  const Lease failing = LeaseFor(cem);
  Must(store().FailTask(failing, "x", absl::Hours(1)));
  clock_.Advance(absl::Seconds(7));
  Enqueued(dua);
  clock_.Advance(absl::Seconds(5));
  const QueueCounts counts = Must(store().CountQueue(100));
  EXPECT_EQ(counts.waiting, 2);
  EXPECT_EQ(counts.delayed, 1);
  EXPECT_EQ(counts.running, 1);
  EXPECT_EQ(counts.dead, 1);
  EXPECT_EQ(counts.oldest_ready, absl::Seconds(5));
}

TEST_P(StoreConformance, NoMoreThanTheLimitAreCountedOfAKind) {
  for (int i = 0; i < 5; ++i) {
    const UserKey user{"acme", absl::StrCat("u", i)};
    Register(user);
    Enqueued(user);
  }
  EXPECT_EQ(Must(store().CountQueue(3)).waiting, 3);
  EXPECT_EQ(Must(store().CountQueue(5)).waiting, 5);
  EXPECT_EQ(Code(store().CountQueue(0)), absl::StatusCode::kInvalidArgument);
}

TEST_P(StoreConformance, OldestOfTheQueueIsFirstInLineWhateverItsPriority) {
  const UserKey cem{"other", "cem"};
  Register(ana_);
  Register(cem);
  EnqueueRequest urgent = Request(ana_);
  urgent.priority = 20;
  Must(store().Enqueue(urgent));
  clock_.Advance(absl::Seconds(40));
  Enqueued(cem);
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Must(store().CountQueue(10)).oldest_ready, absl::Seconds(42));
}

TEST_P(StoreConformance, PausedTenantsTasksAreNotCountedAndKeepNobodyWaiting) {
  const UserKey cem{"other", "cem"};
  Register(ana_);
  Register(cem);
  Enqueued(ana_);
  clock_.Advance(absl::Hours(3));
  Enqueued(cem);
  clock_.Advance(absl::Seconds(1));
  Must(store().PutTenant(ana_.tenant, {.paused = true}));
  const QueueCounts counts = Must(store().CountQueue(10));
  EXPECT_EQ(counts.waiting, 1);
  EXPECT_EQ(counts.oldest_ready, absl::Seconds(1));
  Must(store().PutTenant(ana_.tenant, {}));
  EXPECT_EQ(Must(store().CountQueue(10)).waiting, 2);
}

}  // namespace
}  // namespace slowwave
