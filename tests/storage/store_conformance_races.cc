// Many threads at once: the invariants hold whatever the order.
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::SizeIs;

void InThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

TEST_P(StoreConformance, RacingIngestsStoreEachIdOnce) {
  std::atomic<int> stored = 0, existed = 0;
  InThreads(4, [&](int) {
    for (int i = 0; i < 50; ++i) {
      const auto outcomes = store().IngestEpisodes(ana_, {MakeEpisode(absl::StrCat("e", i))}, {}, nullptr);
      ASSERT_TRUE(outcomes.ok()) << outcomes.status();
      (outcomes->outcomes.front() == IngestOutcome::kStored ? stored : existed)++;
    }
  });
  EXPECT_EQ(stored, 50);
  EXPECT_EQ(existed, 150);
  EXPECT_EQ(Must(store().GetUser(ana_)).pending, 50);
}

TEST_P(StoreConformance, RacingRequestsMakeOneWaitingTask) {
  Register(ana_);
  std::atomic<int> made = 0;
  InThreads(4, [&](int thread) {
    for (int i = 0; i < 25; ++i) {
      const auto result = store().Enqueue(Request(ana_, absl::StrCat(thread)));
      ASSERT_TRUE(result.ok()) << result.status();
      if (!result->joined) ++made;
    }
  });
  EXPECT_EQ(made, 1);
  const auto tasks = Must(store().ListTasks({.tenant = "acme", .user = "", .states = {}}, "", 100)).items;
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_THAT(tasks[0].reasons, SizeIs(4));
}

TEST_P(StoreConformance, RacingRetriesOfOneRequestGetOneTask) {
  Register(ana_);
  std::mutex mutex;
  std::set<std::string> ids;
  std::atomic<int> fresh = 0;
  EnqueueRequest request = Request(ana_);
  request.request_id = "r";
  InThreads(4, [&](int) {
    const auto result = store().Enqueue(request);
    ASSERT_TRUE(result.ok()) << result.status();
    if (!result->repeated) ++fresh;
    std::lock_guard lock(mutex);
    ids.insert(result->task.id);
  });
  EXPECT_EQ(fresh, 1);
  EXPECT_THAT(ids, SizeIs(1));
}

// Each thread asks for each user, half of them with the thread's own request_id and half with one that all
// share.
TEST_P(StoreConformance, RacingRequestsOfManyUsersMakeOneTaskEachAndAnswerEachRequestAlike) {
  constexpr int kThreads = 8, kUsers = 30;
  const auto user = [](int i) { return UserKey{i % 3 == 0 ? "bees" : "acme", absl::StrCat("u", i)}; };
  for (int i = 0; i < kUsers; ++i) Register(user(i));
  const auto request = [&](int thread, int i) {
    EnqueueRequest one = Request(user(i), absl::StrCat("thread ", thread));
    one.request_id = absl::StrCat("r", i, i % 2 == 0 ? "" : absl::StrCat(" of ", thread));
    if (i % 2 == 0) one.reason = "shared";
    return one;
  };
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> tasks;  // by user, that requests were answered with
  std::map<std::string, int> made, first;              // by user: not joined; by request: not repeated
  InThreads(kThreads, [&](int thread) {
    for (int n = 0; n < kUsers; ++n) {
      const int i = thread % 2 == 0 ? n : kUsers - 1 - n;
      const EnqueueRequest one = request(thread, i);
      const auto result = store().Enqueue(one);
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->task.user, one.user);
      std::lock_guard lock(mutex);
      tasks[one.user.user].insert(result->task.id);
      if (!result->repeated) ++first[one.request_id];
      if (!result->repeated && !result->joined) ++made[one.user.user];
    }
  });
  for (int i = 0; i < kUsers; ++i) {
    SCOPED_TRACE(i);
    EXPECT_THAT(tasks[user(i).user], SizeIs(1));
    EXPECT_EQ(made[user(i).user], 1);
    const auto listed = Must(store().ListTasks({user(i).tenant, user(i).user, {}}, "", 10)).items;
    ASSERT_THAT(listed, SizeIs(1));
    EXPECT_THAT(listed[0].reasons, SizeIs(i % 2 == 0 ? 1 : kThreads));
    for (int thread = 0; thread < kThreads; ++thread) {
      const EnqueueRequest one = request(thread, i);
      EXPECT_EQ(first[one.request_id], 1);
      const auto again = Must(store().Enqueue(one));
      EXPECT_TRUE(again.repeated);
      EXPECT_EQ(again.task.id, listed[0].id);
    }
  }
}

// What stands in one request's way is no matter to those that came in with it.
TEST_P(StoreConformance, OfRacingRequestsEachIsAnsweredByItself) {
  constexpr int kEach = 10;
  const UserKey stranger{"acme", "stranger"};
  TriggerCondition manual;
  manual.kind = TriggerKind::kManual;
  for (int i = 0; i < kEach; ++i) {
    Register({"acme", absl::StrCat("event", i)});
    Must(store().RegisterUser({"acme", absl::StrCat("hand", i)}, {manual}));
    Register({"full", absl::StrCat("u", i)});
  }
  Must(store().PutTenant("full", {.max_waiting = 4}));
  EnqueueRequest taken = Request(ana_);
  taken.request_id = "taken";
  Register(ana_);
  Must(store().Enqueue(taken));
  std::atomic<int> fit = 0, full = 0;
  InThreads(5, [&](int thread) {
    for (int i = 0; i < kEach; ++i) {
      EnqueueRequest one = Request({"acme", absl::StrCat("event", i)});
      if (thread == 0) one.kind = TriggerKind::kEvent;
      if (thread == 1) one.user = stranger;
      if (thread == 2) one.request_id = "taken";
      if (thread == 3) one.user = {"full", absl::StrCat("u", i)};
      if (thread == 4) one.user = {"acme", absl::StrCat("hand", i)};
      const absl::StatusCode code = Code(store().Enqueue(one));
      if (thread == 1) {
        EXPECT_EQ(code, absl::StatusCode::kNotFound);
      } else if (thread == 2) {
        EXPECT_EQ(code, absl::StatusCode::kInvalidArgument);
      } else if (thread == 3) {
        ++(code == absl::StatusCode::kOk ? fit : full);
      } else {
        EXPECT_EQ(code, absl::StatusCode::kOk);
      }
    }
  });
  EXPECT_EQ(fit, 4);
  EXPECT_EQ(full, kEach - 4);
  for (int i = 0; i < kEach; ++i) {
    const UserState by_hand = Must(store().GetUser({"acme", absl::StrCat("hand", i)}));
    EXPECT_EQ(by_hand.conditions.at(0).times_fired, 1);
    EXPECT_EQ(by_hand.conditions.at(0).last_fired, clock_.Now());
  }
  const auto tasks = Must(store().ListTasks({.tenant = "acme", .user = "", .states = {}}, "", 100)).items;
  EXPECT_THAT(tasks, SizeIs(1 + 2 * kEach));
}

TEST_P(StoreConformance, RacingClaimsGetEachTaskOnce) {
  constexpr int kTasks = 40;
  for (int i = 0; i < kTasks; ++i) {
    const UserKey user{"acme", absl::StrCat("u", i)};
    Register(user);
    Enqueued(user);
  }
  std::mutex mutex;
  std::vector<std::string> claimed;
  InThreads(4, [&](int) {
    while (true) {
      const auto some = store().ClaimTasks("w", 3, absl::Seconds(30));
      ASSERT_TRUE(some.ok()) << some.status();
      if (some->empty()) return;
      std::lock_guard lock(mutex);
      for (const ClaimedTask& one : *some) claimed.push_back(one.task.id);
    }
  });
  EXPECT_THAT(claimed, SizeIs(kTasks));
  EXPECT_THAT(std::set<std::string>(claimed.begin(), claimed.end()), SizeIs(kTasks));
}

TEST_P(StoreConformance, ClaimsAsManyAsThereIsRoomFor) {
  constexpr int kUsers = 450, kRoom = 430;
  for (int i = 0; i < kUsers; ++i) {
    const UserKey user{"acme", absl::StrCat("u", i)};
    Register(user);
    Enqueued(user);
  }
  const std::vector<ClaimedTask> claimed = Must(store().ClaimTasks("test", kRoom, absl::Seconds(30)));
  EXPECT_THAT(claimed, SizeIs(kRoom));
  std::set<std::string> ids;
  for (const ClaimedTask& one : claimed) ids.insert(one.task.id);
  EXPECT_THAT(ids, SizeIs(kRoom));
  EXPECT_THAT(Must(store().ClaimTasks("test", kRoom, absl::Seconds(30))), SizeIs(kUsers - kRoom));
}

TEST_P(StoreConformance, OfRacingFinishersOfIdleTasksEachTaskIsOnes) {
  constexpr int kUsers = 300;
  for (int i = 0; i < kUsers; ++i) {
    const UserKey user{"acme", absl::StrCat("u", i)};
    Register(user);
    Enqueued(user);
  }
  std::mutex mu;
  std::multiset<std::string> finished;
  InThreads(3, [&](int) {
    // Those that another has taken are passed by, so that one may find none before all are done.
    for (int round = 0; round < 10'000; ++round) {
      const std::vector<IdleTask> some = Must(store().FinishIdleTasks(20, "nothing"));
      const std::lock_guard lock(mu);
      for (const IdleTask& one : some) finished.insert(one.task_id);
      if (finished.size() >= kUsers) return;
    }
  });
  EXPECT_EQ(finished.size(), static_cast<size_t>(kUsers));
  EXPECT_EQ(std::set<std::string>(finished.begin(), finished.end()).size(), static_cast<size_t>(kUsers));
  for (const std::string& task : finished) EXPECT_EQ(StateOf(task), TaskState::kDone);
}

TEST_P(StoreConformance, OfRacingCommitsUnderOneLeaseOneLands) {
  IngestMany(ana_, 1);
  RunCommit commit = CommitFor(LeaseFor(ana_), "");
  commit.reviewed = {"e0"};
  std::atomic<int> landed = 0, aborted = 0;
  InThreads(4, [&](int thread) {
    RunCommit mine = commit;
    mine.run.run_id = absl::StrCat("run-", thread);
    const auto result = store().CommitRun(mine);
    if (result.ok()) ++landed;
    if (result.status().code() == absl::StatusCode::kAborted) ++aborted;
  });
  EXPECT_EQ(landed, 1);
  EXPECT_EQ(aborted, 3);
  EXPECT_EQ(Must(store().GetUser(ana_)).memory_version, 1);
}

TEST_P(StoreConformance, CommitsAndRefoldsFromOneVersionExcludeEachOther) {
  IngestMany(ana_, 1);
  RunCommit commit = CommitFor(LeaseFor(ana_), "run");
  std::atomic<int> landed = 0;
  InThreads(4, [&](int thread) {
    const absl::Status done = thread == 0 ? store().CommitRun(commit).status()
                                          : store().ReplaceFacts(ana_, 0, absl::StrCat(thread), {});
    if (done.ok()) {
      ++landed;
    } else {
      EXPECT_EQ(done.code(), absl::StatusCode::kAborted);
    }
  });
  EXPECT_EQ(landed, 1);
}

TEST_P(StoreConformance, RacingFiresOfAConditionFireOnce) {
  TriggerCondition quota;
  quota.kind = TriggerKind::kQuota;
  quota.episodes = 1;
  Must(store().RegisterUser(ana_, {quota}));
  FireRequest fire{.user = ana_, .condition = 0, .as_read = quota, .after = quota, .task = Request(ana_)};
  fire.after.times_fired = 1;
  std::atomic<int> fired = 0;
  InThreads(4, [&](int) {
    if (store().FireTrigger(fire).ok()) ++fired;
  });
  EXPECT_EQ(fired, 1);
}

// Ingesters, requesters, workers that commit, fail, release or lose their lease, and readers, all at once;
// then everything is drained, and nothing was lost or reviewed twice.
TEST_P(StoreConformance, MixedLoadReviewsEachEpisodeOnce) {
  constexpr int kUsers = 3, kEpisodes = 40;
  std::vector<UserKey> users;
  for (int i = 0; i < kUsers; ++i) {
    users.push_back({"acme", absl::StrCat("u", i)});
    Register(users.back());
  }
  std::atomic<int> reviewed = 0, runs = 0;
  const auto work = [&](bool clumsy) {
    const auto claimed = store().ClaimTasks("w", 1, absl::Seconds(30));
    ASSERT_TRUE(claimed.ok()) << claimed.status();
    if (claimed->empty()) return;
    const Lease& lease = claimed->front().lease;
    const int run = runs++;
    SampleSpec spec;
    spec.limit = 7;
    const auto sample = store().SampleEpisodes(lease, spec);
    if (!sample.ok()) return;  // cancelled meanwhile
    if (clumsy && run % 5 == 1) return (void)store().FailTask(lease, "clumsy", absl::ZeroDuration());
    if (clumsy && run % 5 == 2) return (void)store().ReleaseTask(lease);
    if (clumsy && run % 5 == 3) (void)store().CancelTask("acme", lease.task_id);
    RunCommit commit;
    commit.lease = lease;
    commit.memory_version = sample->memory_version;
    commit.run.run_id = absl::StrCat("run-", run);
    commit.run.user = lease.user;
    for (const Episode& episode : sample->episodes) commit.reviewed.push_back(episode.id);
    commit.follow_up = spec;
    const auto done = store().CommitRun(commit);
    if (done.ok()) {
      reviewed += static_cast<int>(commit.reviewed.size());
    } else {
      EXPECT_EQ(done.status().code(), absl::StatusCode::kAborted) << done.status();
    }
  };
  InThreads(6, [&](int thread) {
    for (int i = 0; i < kEpisodes; ++i) {
      const UserKey& user = users[i % kUsers];
      if (thread < 2) {
        for (const UserKey& each : users) {
          EXPECT_TRUE(
              store().IngestEpisodes(each, {MakeEpisode(absl::StrCat(thread, "-", i))}, {}, nullptr).ok());
        }
        EXPECT_TRUE(store().Enqueue(Request(user)).ok());
      } else if (thread < 5) {
        work(/*clumsy=*/true);
        EXPECT_TRUE(store().RescueTasks(1000, false).ok());
      } else {
        EXPECT_TRUE(store().GetUser(user).ok());
        const auto tasks = store().ListTasks({.tenant = "acme", .user = user.user, .states = {}}, "", 1000);
        ASSERT_TRUE(tasks.ok()) << tasks.status();
        int live = 0, behind = 0;
        for (const Task& task : tasks->items) {
          live += task.state == TaskState::kWaiting || task.state == TaskState::kRunning ||
                  task.state == TaskState::kDelayed;
          behind += task.state == TaskState::kBehind;
        }
        EXPECT_LE(live, 1);
        EXPECT_LE(behind, 1);
      }
    }
  });
  Must(store().RescueTasks(1000, false));
  for (const UserKey& user : users) Must(store().Enqueue(Request(user)));
  while (!Must(store().ListTasks({.tenant = "acme", .user = "", .states = {TaskState::kWaiting}}, "", 1))
              .items.empty()) {
    work(/*clumsy=*/false);
  }
  EXPECT_EQ(reviewed, kUsers * 2 * kEpisodes);
  for (const UserKey& user : users) EXPECT_EQ(Must(store().GetUser(user)).pending, 0);
}

}  // namespace
}  // namespace slowwave
