#include "server/store_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "server/store_watch.h"
#include "storage/sqlite/sqlite_store.h"

namespace slowwave {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string PageOf(prometheus::Registry& registry) {
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

TEST(StoreMetricsTest, TransactionsOfARealStoreAreTimedByName) {
  prometheus::Registry registry;
  StoreMetrics metrics(registry, 0);
  SqliteOptions options;
  options.path = ":memory:";
  options.observer = &metrics;
  const auto store = OpenSqlite(options);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->RegisterUser({"acme", "ana"}, {}).ok());
  EXPECT_EQ((*store)->GetUser({"acme", "nobody"}).status().code(), absl::StatusCode::kNotFound);
  const std::string page = PageOf(registry);
  EXPECT_THAT(page, HasSubstr("slowwave_store_operation_seconds_count{operation=\"register_user\"} 1"));
  EXPECT_THAT(page, HasSubstr("slowwave_store_operation_seconds_count{operation=\"get_user\"} 1"));
  // That there is no such user is no trouble of the store's.
  EXPECT_THAT(page, HasSubstr("slowwave_store_errors_total{code=\"unavailable\"} 0"));
  EXPECT_THAT(page, Not(HasSubstr("not_found")));
  // It has no pool.
  EXPECT_THAT(page, Not(HasSubstr("slowwave_store_connections")));
}

TEST(StoreMetricsTest, TroubleIsCountedByCodeAndConnectionsByState) {
  prometheus::Registry registry;
  StoreMetrics metrics(registry, 8);
  metrics.Connections(3, 2);
  metrics.Ended("claim tasks", absl::Milliseconds(3), absl::UnavailableError("gone"));
  metrics.Ended("claim tasks", absl::Milliseconds(3), absl::OkStatus());
  const std::string page = PageOf(registry);
  EXPECT_THAT(page, HasSubstr("slowwave_store_operation_seconds_count{operation=\"claim_tasks\"} 2"));
  EXPECT_THAT(page, HasSubstr("slowwave_store_errors_total{code=\"unavailable\"} 1"));
  EXPECT_THAT(page, HasSubstr("slowwave_store_connections{state=\"idle\"} 3"));
  EXPECT_THAT(page, HasSubstr("slowwave_store_connections{state=\"in_use\"} 2"));
  EXPECT_THAT(page, HasSubstr("slowwave_store_connections_limit 8"));
}

// ---- StoreWatch

struct Watched {
  absl::Mutex mu;
  absl::Status answer;        // of the next look
  std::vector<bool> changes;  // told so far

  void Set(const absl::Status& status) {
    absl::MutexLock lock(&mu);
    answer = status;
  }
  absl::Status Get() {
    absl::MutexLock lock(&mu);
    return answer;
  }
  void Changed(bool fine) {
    absl::MutexLock lock(&mu);
    changes.push_back(fine);
  }
  void AwaitChanges(size_t count) {
    const auto enough = [&] { return changes.size() >= count; };
    absl::MutexLock lock(&mu);
    EXPECT_TRUE(mu.AwaitWithTimeout(absl::Condition(&enough), absl::Minutes(1)));
  }
};

TEST(StoreWatchTest, TellsOfTheFirstLookAndOfEveryChange) {
  Watched watched;
  StoreWatch watch([&] { return watched.Get(); }, absl::Milliseconds(1));
  EXPECT_FALSE(watch.status().ok());
  watch.Start([&](bool fine) { watched.Changed(fine); });
  EXPECT_TRUE(watch.status().ok());
  watched.Set(absl::UnavailableError("gone"));
  watched.AwaitChanges(2);
  EXPECT_EQ(watch.status().message(), "gone");
  watched.Set(absl::OkStatus());
  watched.AwaitChanges(3);
  watch.Stop();
  watch.Stop();
  EXPECT_THAT(watched.changes, testing::ElementsAre(true, false, true));
}

}  // namespace
}  // namespace slowwave
