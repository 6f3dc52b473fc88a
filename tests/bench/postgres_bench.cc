// What the store does in a second on a durable Postgres of its own: triggers, claims, consolidations, sweeps,
// and whether a run gets slower beside what was reviewed before. Prints a table; asserts nothing.
//
//   postgres_bench [open] [triggers|queue|runs|growth|sweep ...]
//
// As the daemon's role and with row security (deploy/sql/), but with `open` without the latter.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "storage/postgres/postgres_store.h"
#include "tests/support/daemon_database.h"
#include "tests/support/postgres_server.h"

namespace slowwave {
namespace {

constexpr int kEpisodes = 200;
constexpr int kDimensions = 384;

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}
void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

UserKey User(int i) { return {"bench", absl::StrCat("u", i)}; }

void InThreads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

double Seconds(const std::function<void()>& body) {
  const absl::Time began = absl::Now();
  body();
  return absl::ToDoubleSeconds(absl::Now() - began);
}

// What a piece of work cost the server and this process, in processor time: steadier than what it took.
struct Cost {
  double seconds = 0, server = 0, client = 0;
};

double OwnCpuSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

Cost CostOf(const PostgresServer& server, const std::function<void()>& body) {
  const double server_before = server.CpuSeconds(), client_before = OwnCpuSeconds();
  Cost cost;
  cost.seconds = Seconds(body);
  cost.server = server.CpuSeconds() - server_before;
  cost.client = OwnCpuSeconds() - client_before;
  return cost;
}

void PrintRate(const char* what, int count, const Cost& cost) {
  std::printf("%-50s %9.1f   each: server %.3f ms, client %.3f ms of processor time\n", what,
              count / cost.seconds, 1e3 * cost.server / count, 1e3 * cost.client / count);
}

std::vector<Episode> Memory(int count, const std::string& prefix) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<Episode> episodes(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    Episode& e = episodes[static_cast<size_t>(i)];
    e.id = absl::StrCat(prefix, i);
    e.text =
        absl::StrCat("Something of about the length that people say in one turn of a talk, number ", i, ".");
    e.session_id = absl::StrCat(prefix, "s", i / 20);
    e.turn = i % 20;
    e.occurred_at = absl::UnixEpoch() + absl::Hours(400000 + i);
    e.embedding.resize(kDimensions);
    for (float& value : e.embedding) value = normal(random);
  }
  return episodes;
}

void Ingest(Store& store, const UserKey& user, int count, const std::string& prefix) {
  const std::vector<Episode> all = Memory(count, prefix);
  for (size_t from = 0; from < all.size(); from += 1000) {
    const std::vector<Episode> some(all.begin() + static_cast<ptrdiff_t>(from),
                                    all.begin() + static_cast<ptrdiff_t>(std::min(all.size(), from + 1000)));
    Must(store.IngestEpisodes(user, some, {}, nullptr));
  }
}

void Enqueue(Store& store, const UserKey& user) {
  EnqueueRequest request;
  request.user = user;
  request.reason = "bench";
  Must(store.Enqueue(request));
}

// All store calls of one consolidation, with as many assertions and facts as a night makes.
void RunOnce(Store& store, const ClaimedTask& claimed) {
  SampleSpec spec;
  spec.age_at = claimed.task.created_at;
  const Sample sample = Must(store.SampleEpisodes(claimed.lease, spec));
  RunCommit commit;
  commit.lease = claimed.lease;
  commit.run.run_id = claimed.task.id;
  commit.run.task_id = claimed.task.id;
  commit.run.user = claimed.lease.user;
  commit.run.report = std::string(8000, 'r');
  Must(store.StorePlan(claimed.lease, commit.run.run_id, std::string(6000, 'p')));
  Must(store.ListFactKeys(claimed.lease.user));
  for (int i = 0; i < 40; ++i) {
    Assertion a;
    a.id = absl::StrCat(commit.run.run_id, i);
    a.run_id = commit.run.run_id;
    a.key = absl::StrCat("user:preference:p", i);
    a.value = "value";
    a.text = "The user said that something is so.";
    a.evidence = {{"e1", "something is so"}};
    commit.assertions.push_back(a);
    commit.replaced_keys.push_back(a.key);
    Fact fact;
    fact.key = a.key;
    fact.value = "value";
    fact.text = a.text;
    fact.evidence = a.evidence;
    commit.facts.push_back(fact);
  }
  const SlotContents slots =
      Must(store.LoadSlots(claimed.lease.user, commit.replaced_keys, commit.replaced_keys));
  commit.memory_version = slots.memory_version;
  commit.fold_stamp = "1";
  for (const Episode& e : sample.episodes) commit.reviewed.push_back(e.id);
  commit.follow_up = spec;
  Must(store.CommitRun(commit));
}

bool row_security = true;

std::unique_ptr<Store> Open(PostgresServer& server, int connections) {
  PostgresOptions options;
  options.url = NewDaemonDatabase(server, row_security);
  options.migrate = false;
  options.connections = connections;
  options.call_timeout = absl::Seconds(60);
  return Must(OpenPostgres(options));
}

void Triggers(PostgresServer& server) {
  constexpr int kInFlight = 10, kEach = 300;
  auto store = Open(server, kInFlight);
  for (int i = 0; i < kInFlight * kEach; ++i) Must(store->RegisterUser(User(i), {}));
  const Cost cost = CostOf(server, [&] {
    InThreads(kInFlight, [&](int t) {
      for (int i = 0; i < kEach; ++i) Enqueue(*store, User(t * kEach + i));
    });
  });
  PrintRate("durable triggers a second, 10 in flight", kInFlight * kEach, cost);
}

void Queue(PostgresServer& server) {
  constexpr int kTasks = 20000, kBatch = 500;
  auto store = Open(server, 10);
  const std::string report(150, 'r');
  for (const int threads : {1, 2}) {
    InThreads(10, [&](int t) {
      for (int i = t; i < kTasks; i += 10) {
        if (threads == 1) Must(store->RegisterUser(User(i), {}));
        Enqueue(*store, User(i));
      }
    });
    std::atomic<int> done = 0;
    const Cost cost = CostOf(server, [&] {
      InThreads(threads, [&](int) {
        while (true) {
          const auto finished = Must(store->FinishIdleTasks(kBatch, report));
          if (finished.empty()) return;
          done += static_cast<int>(finished.size());
        }
      });
    });
    PrintRate(absl::StrCat("no-op tasks a second, ", kTasks, " queued, ", threads, " at once").c_str(), done,
              cost);
  }
}

void Runs(PostgresServer& server) {
  for (const int connections : {1, 2, 4}) {
    constexpr int kRuns = 120;
    auto store = Open(server, connections);
    for (int i = 0; i < kRuns; ++i) {
      Ingest(*store, User(i), kEpisodes, "e");
      Enqueue(*store, User(i));
    }
    std::mutex mu;
    std::vector<ClaimedTask> tasks = Must(store->ClaimTasks("bench", kRuns, absl::Seconds(300)));
    const Cost cost = CostOf(server, [&] {
      InThreads(connections, [&](int) {
        while (true) {
          ClaimedTask task;
          {
            const std::lock_guard lock(mu);
            if (tasks.empty()) return;
            task = std::move(tasks.back());
            tasks.pop_back();
          }
          RunOnce(*store, task);
        }
      });
    });
    PrintRate(absl::StrCat("consolidations a second, ", connections, " connections").c_str(), kRuns, cost);
  }
}

void Growth(PostgresServer& server) {
  auto store = Open(server, 2);
  const UserKey young = User(1), old = User(2);
  constexpr int kReviewed = 100000, kStep = 20000;
  for (int done = 0; done < kReviewed; done += kStep) {
    Ingest(*store, old, kStep, absl::StrCat("old", done, "-"));
    Enqueue(*store, old);
    const ClaimedTask task = Must(store->ClaimTasks("bench", 1, absl::Seconds(300))).at(0);
    SampleSpec spec;
    spec.limit = kStep;
    spec.context_turns = 0;
    const Sample sample = Must(store->SampleEpisodes(task.lease, spec));
    RunCommit commit;
    commit.lease = task.lease;
    commit.memory_version = sample.memory_version;
    commit.run.run_id = task.task.id;
    for (const Episode& e : sample.episodes) commit.reviewed.push_back(e.id);
    Must(store->CommitRun(commit));
  }
  std::vector<double> beside_none, beside_many;
  for (int round = 0; round < 60; ++round) {
    for (const bool first : {false, true}) {
      const bool many = first == (round % 2 == 0);
      const UserKey& user = many ? old : young;
      Ingest(*store, user, kEpisodes, absl::StrCat("r", round, "-"));
      Enqueue(*store, user);
      const ClaimedTask task = Must(store->ClaimTasks("bench", 1, absl::Seconds(300))).at(0);
      (many ? beside_many : beside_none).push_back(Seconds([&] { RunOnce(*store, task); }));
    }
  }
  std::printf("a run beside none, 100,000 reviewed, ms        %9.1f %9.1f   ratio %.2f\n",
              1e3 * Median(beside_none), 1e3 * Median(beside_many),
              Median(beside_many) / Median(beside_none));
}

void Sweep(PostgresServer& server) {
  constexpr int kUsers = 1000000, kDue = 10000;
  auto store = Open(server, 2);
  const std::string url = server.Url(absl::StrCat("test_", server.databases()));
  server.Sql(
      url, absl::StrCat(
               "INSERT INTO slowwave.tenant(tenant_id) SELECT 't' || n FROM generate_series(0, 9) n;"
               "INSERT INTO slowwave.user_state(tenant_id, user_id, registered_at, pending) SELECT 't' || n "
               "% 10, 'u' "
               "|| n, now(), 1 FROM generate_series(1, ",
               kUsers,
               ") n; INSERT INTO slowwave.trig(tenant_id, user_id, ord, kind, interval_us, events, next_due, "
               "times_fired) SELECT tenant_id, user_id, 0, 1, 21600000000, '[]', now() + interval '1 hour', "
               "0 FROM "
               "slowwave.user_state; ANALYZE"));
  const TriggerRule rule = [](const UserState& user, const TenantSettings&, absl::Time now) {
    TriggerDecision decision;
    decision.after = user.conditions[0];
    decision.after.next_due = now + absl::Hours(6);
    decision.after.last_fired = now;
    decision.task = EnqueueRequest();
    decision.task->user = user.user;
    decision.task->kind = TriggerKind::kScheduled;
    return std::vector<TriggerDecision>{decision};
  };
  std::vector<double> idle;
  for (int i = 0; i < 21; ++i) idle.push_back(Seconds([&] { Must(store->SweepTriggers(rule, 500)); }));
  std::printf("sweep of 1,000,000 users, none due, ms         %9.2f\n", 1e3 * Median(idle));
  server.Sql(
      url, absl::StrCat("UPDATE slowwave.trig SET next_due = now() WHERE substr(user_id, 2)::int % 100 = 0"));
  int fired = 0;
  const double seconds = Seconds([&] {
    while (true) {
      const SweepResult one = Must(store->SweepTriggers(rule, 500));
      if (one.examined == 0) return;
      fired += one.fired;
    }
  });
  std::printf("sweep of 1,000,000 users, %d due, s         %9.2f   (%d fired)\n", kDue, seconds, fired);
}

int Main(std::vector<std::string> wanted) {
  row_security = std::erase(wanted, "open") == 0;
  PostgresServer server(/*durable=*/true, {"shared_buffers=512MB", "max_wal_size=4GB"});
  const std::vector<std::pair<std::string, void (*)(PostgresServer&)>> all = {
      {"triggers", &Triggers}, {"queue", &Queue}, {"runs", &Runs}, {"growth", &Growth}, {"sweep", &Sweep}};
  for (const auto& [name, run] : all) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) run(server);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace slowwave

int main(int count, char** arguments) { return slowwave::Main({arguments + 1, arguments + count}); }
