#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "absl/synchronization/notification.h"
#include "core/progress.h"
#include "core/retry.h"
#include "core/task_queue.h"
#include "core/worker_pool.h"

namespace slowwave {
namespace {

using testing::ElementsAre;

ClaimedTask TaskOf(const std::string& id, int priority, int created) {
  ClaimedTask task;
  task.task.id = id;
  task.task.priority = priority;
  task.task.created_at = absl::FromUnixSeconds(created);
  return task;
}

TEST(TaskQueueTest, PriorityFirstThenAge) {
  TaskQueue queue;
  queue.Push(TaskOf("young", 3, 20));
  queue.Push(TaskOf("old", 3, 10));
  queue.Push(TaskOf("urgent", 10, 30));
  EXPECT_EQ(queue.size(), 3u);
  EXPECT_EQ(queue.Pop()->task.id, "urgent");
  EXPECT_EQ(queue.Pop()->task.id, "old");
  EXPECT_EQ(queue.Pop()->task.id, "young");
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(TaskQueueTest, TwoClaimsOfOneTaskAreTwoEntries) {
  TaskQueue queue;
  ClaimedTask again = TaskOf("a", 0, 1);
  again.lease.token = "second";
  queue.Push(TaskOf("a", 0, 1));
  queue.Push(again);
  EXPECT_EQ(queue.size(), 2u);
}

TEST(TaskQueueTest, DrainTakesAllOutBestFirst) {
  TaskQueue queue;
  queue.Push(TaskOf("b", 0, 2));
  queue.Push(TaskOf("a", 0, 1));
  std::vector<std::string> ids;
  for (const ClaimedTask& t : queue.Drain()) ids.push_back(t.task.id);
  EXPECT_THAT(ids, ElementsAre("a", "b"));
  EXPECT_EQ(queue.size(), 0u);
}

TEST(TaskQueueTest, LowPriorityGetsItsTurnByWaiting) {
  TaskQueue queue;
  queue.Push(TaskOf("urgent", 10, 3601));
  queue.Push(TaskOf("patient", 0, 0));
  EXPECT_EQ(queue.Pop()->task.id, "patient");
}

TEST(TaskQueueTest, TenantsTakeTurnsAsTheyWereDealtWorkers) {
  TaskQueue queue;
  for (const auto& [tenant, id, priority] : {std::tuple("quiet", "q1", 0), std::tuple("loud", "l1", 5),
                                             std::tuple("loud", "l2", 9), std::tuple("quiet", "q2", 1)}) {
    ClaimedTask task = TaskOf(id, priority, 0);
    task.task.user.tenant = tenant;
    queue.Push(task);
  }
  std::vector<std::string> ids;
  while (auto task = queue.Pop()) ids.push_back(task->task.id);
  EXPECT_THAT(ids, ElementsAre("q2", "l2", "l1", "q1"));
}

TEST(WorkerPoolTest, UrgentWorkGoesAheadOfWhatWaits) {
  WorkerPool pool(1);
  absl::Notification busy, go;
  std::vector<std::string> order;  // one worker
  pool.Submit(
      [&] {
        busy.Notify();
        go.WaitForNotification();
      },
      false);
  busy.WaitForNotification();
  pool.Submit([&] { order.push_back("normal"); }, false);
  pool.Submit([&] { order.push_back("urgent"); }, true);
  go.Notify();
  pool.Stop();
  EXPECT_THAT(order, ElementsAre("urgent", "normal"));
}

TEST(WorkerPoolTest, StopRunsWhatWasSubmittedAndTakesNoMore) {
  int done = 0;
  WorkerPool pool(1);
  for (int i = 0; i < 100; ++i) pool.Submit([&] { ++done; }, false);
  pool.Stop();
  EXPECT_EQ(done, 100);
  EXPECT_FALSE(pool.Submit([] {}, false));
}

TEST(ProgressHubTest, WhoComesLateSeesEveryStage) {
  ProgressHub hub;
  const auto event = [](const std::string& task, const std::string& stage) {
    ProgressEvent e;
    e.task_id = task;
    e.stage = stage;
    return e;
  };
  hub.Publish(event("t1", "sample"));
  hub.Publish(event("t2", "sample"));
  std::vector<std::string> seen;
  const int64_t handle = hub.Subscribe("t1", [&](const ProgressEvent& e) { seen.push_back(e.stage); });
  hub.Publish(event("t1", "cluster"));
  hub.Unsubscribe(handle);
  hub.Publish(event("t1", "extract"));
  EXPECT_THAT(seen, ElementsAre("sample", "cluster"));
}

TEST(ProgressHubTest, EachListenerHearsOfItsTaskUntilItLeaves) {
  ProgressHub hub;
  std::vector<std::string> heard;
  const auto listen = [&](const std::string& who) {
    return [&heard, who](const ProgressEvent& event) { heard.push_back(who + event.task_id); };
  };
  const int64_t first = hub.Subscribe("1", listen("a"));
  hub.Subscribe("1", listen("b"));
  hub.Subscribe("2", listen("c"));
  ProgressEvent event;
  event.task_id = "1";
  hub.Publish(event);
  hub.Unsubscribe(first);
  hub.Unsubscribe(first);
  hub.Publish(event);
  event.task_id = "2";
  hub.Publish(event);
  EXPECT_THAT(heard, testing::ElementsAre("a1", "b1", "b1", "c2"));
}

TEST(ProgressHubTest, ATaskThatBeginsAnewReplaysNothingOfBefore) {
  ProgressHub hub;
  ProgressEvent e;
  e.task_id = "t";
  hub.Publish(e);
  hub.Forget("t");
  int seen = 0;
  hub.Subscribe("t", [&](const ProgressEvent&) { ++seen; });
  EXPECT_EQ(seen, 0);
  hub.Publish(e);
  EXPECT_EQ(seen, 1);
}

TEST(ProgressHubTest, ATaskThatIsDoneBeforeItsRetryIsToldOfIsNotForgotten) {
  ProgressHub hub;
  ProgressEvent done;
  done.task_id = "t";
  done.state = TaskState::kDone;
  done.done = true;
  hub.Publish(done);
  hub.Forget("t");
  int seen = 0;
  hub.Subscribe("t", [&](const ProgressEvent& e) { seen += e.state == TaskState::kDone ? 1 : 0; });
  EXPECT_EQ(seen, 1);
}

TEST(ProgressHubTest, ForgetsTheLeastRecentTaskFirst) {
  ProgressHub hub;
  for (int i = 0; i < 300; ++i) {
    ProgressEvent e;
    e.task_id = std::to_string(i);
    hub.Publish(std::move(e));
  }
  int seen = 0;
  hub.Subscribe("0", [&](const ProgressEvent&) { ++seen; });
  EXPECT_EQ(seen, 0);
  hub.Subscribe("299", [&](const ProgressEvent&) { ++seen; });
  EXPECT_EQ(seen, 1);
}

struct BackoffCase {
  const char* name;
  int attempt;
  absl::Duration want;
};
class BackoffTest : public testing::TestWithParam<BackoffCase> {};
TEST_P(BackoffTest, DelayForAttempt) { EXPECT_EQ(BackoffDelay(GetParam().attempt), GetParam().want); }
INSTANTIATE_TEST_SUITE_P(Table, BackoffTest,
                         testing::ValuesIn<BackoffCase>({{"FirstRetry", 1, absl::Seconds(1)},
                                                         {"Doubles", 3, absl::Seconds(4)},
                                                         {"CapsAtFiveMinutes", 30, absl::Minutes(5)}}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace slowwave
