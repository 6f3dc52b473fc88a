// What storage/store.h promises, as tests that any backend runs.
//
// A backend's test file links these sources and instantiates the suite:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(StoreBackend{...}), BackendName);
// Each test gets an empty store and a clock that stands still until the test moves it.
#ifndef SLOWWAVE_TESTS_STORAGE_STORE_CONFORMANCE_H_
#define SLOWWAVE_TESTS_STORAGE_STORE_CONFORMANCE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "storage/store.h"

namespace slowwave {

// A clock that tests move. Any thread.
class ManualClock {
 public:
  absl::Time Now() const { return absl::FromUnixMicros(micros_.load()); }
  void Advance(absl::Duration by) { micros_ += absl::ToInt64Microseconds(by); }

 private:
  std::atomic<int64_t> micros_ =
      absl::ToUnixMicros(absl::FromCivil(absl::CivilDay(2024, 5, 1), absl::UTCTimeZone()));
};

struct StoreBackend {
  std::string name;
  // A new, empty store with this clock.
  std::function<std::unique_ptr<Store>(std::function<absl::Time()> now)> open;
};

inline std::string BackendName(const testing::TestParamInfo<StoreBackend>& info) { return info.param.name; }

// The value of a StatusOr, or a failed test (and an exception, which ends it).
template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) throw std::runtime_error(result.status().ToString());
  return *std::move(result);
}
inline void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.ToString());
}

template <typename T>
absl::StatusCode Code(const absl::StatusOr<T>& result) {
  return result.status().code();
}
inline absl::StatusCode Code(const absl::Status& status) { return status.code(); }

template <typename T>
std::string Message(const absl::StatusOr<T>& result) {
  return std::string(result.status().message());
}
inline std::string Message(const absl::Status& status) { return std::string(status.message()); }

inline absl::Time Day(int year, int month, int day) {
  return absl::FromCivil(absl::CivilDay(year, month, day), absl::UTCTimeZone());
}

Episode MakeEpisode(const std::string& id, const std::string& text = "I live in Ghent now.");
Fact MakeFact(const std::string& key, const std::string& value,
              std::optional<absl::Time> from = std::nullopt);
Assertion MakeAssertion(const std::string& id, const std::string& key, const std::string& value);

// Walks a list to its end with pages of `limit`. `list(after, limit)` gives one page.
template <typename List>
auto AllPages(List list, int limit) {
  auto page = Must(list(std::string(), limit));
  auto items = page.items;
  while (!page.next.empty()) {
    EXPECT_EQ(page.items.size(), static_cast<size_t>(limit));
    page = Must(list(page.next, limit));
    EXPECT_FALSE(page.items.empty());
    items.insert(items.end(), page.items.begin(), page.items.end());
  }
  return items;
}

class StoreConformance : public testing::TestWithParam<StoreBackend> {
 protected:
  StoreConformance() : store_(GetParam().open([this] { return clock_.Now(); })) {}

  Store& store() { return *store_; }

  void Register(const UserKey& user) { Must(store().RegisterUser(user, {})); }
  // Registers if need be, and expects every episode to be stored.
  void Ingest(const UserKey& user, const std::vector<Episode>& episodes);
  // "e0", "e1", ...
  std::vector<std::string> IngestMany(const UserKey& user, int count);
  EnqueueRequest Request(const UserKey& user, const std::string& reason = "test") const;
  Task Enqueued(const UserKey& user) { return Must(store().Enqueue(Request(user))).task; }
  // Claims the one task that is ready.
  ClaimedTask ClaimOne();
  // Enqueues and claims.
  Lease LeaseFor(const UserKey& user);
  // A commit under the lease that changes nothing yet.
  RunCommit CommitFor(const Lease& lease, const std::string& run_id);
  TaskState StateOf(const std::string& task_id) { return Must(store().GetTask(ana_.tenant, task_id)).state; }
  // Makes a dead task of the user's.
  std::string DeadTask(const UserKey& user);

  ManualClock clock_;
  const UserKey ana_{"acme", "ana"};
  const UserKey ben_{"acme", "ben"};

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_STORAGE_STORE_CONFORMANCE_H_
