// Many who watch: how many may, and what they cost.
#include "server/task_watchers.h"

#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "tests/support/http_get.h"
#include "tests/support/running_app.h"

namespace slowwave {
namespace {

using Consolidation = v1::ConsolidationService::Stub;

// A daemon with a task that stays as it is, and watches of it.
class WatchersTest : public testing::Test {
 protected:
  WatchersTest() {
    v1::PutTenantRequest pause;
    pause.mutable_settings()->set_paused(true);
    pause.mutable_settings()->set_weight(1);
    v1::TenantSettings settings;
    EXPECT_TRUE(Call(*app_.consolidation, &Consolidation::PutTenant, pause, settings).ok());
    v1::RegisterUserRequest user;
    user.set_user("ann");
    v1::User registered;
    EXPECT_TRUE(Call(*app_.memory, &v1::MemoryService::Stub::RegisterUser, user, registered).ok());
    v1::TriggerConsolidationRequest trigger;
    trigger.set_user("ann");
    v1::TriggerConsolidationResponse triggered;
    EXPECT_TRUE(Call(*app_.consolidation, &Consolidation::TriggerConsolidation, trigger, triggered).ok());
    task_ = triggered.task().id();
  }
  ~WatchersTest() override { Close(); }

  void Open(size_t count) {
    v1::WatchTaskRequest request;
    request.set_task_id(task_);
    for (size_t i = 0; i < count; ++i) {
      contexts_.push_back(std::make_unique<grpc::ClientContext>());
      readers_.push_back(app_.consolidation->WatchTask(contexts_.back().get(), request));
    }
  }
  void Close() {
    for (auto& context : contexts_) context->TryCancel();
    for (auto& reader : readers_) reader->Finish();
    readers_.clear();
    contexts_.clear();
  }
  // How a watch of no task ends: it is refused, or there is none.
  grpc::StatusCode CodeOfOneMore(const std::string& tenant) {
    v1::WatchTaskRequest request;
    request.set_tenant(tenant);
    request.set_task_id("none");
    grpc::ClientContext context;
    const auto reader = app_.consolidation->WatchTask(&context, request);
    v1::TaskEvent event;
    EXPECT_FALSE(reader->Read(&event));
    return reader->Finish().error_code();
  }
  double Lookups() {
    const std::string page = HttpGet(app_.app().http_listen(), "/metrics");
    const std::string series = "slowwave_store_operation_seconds_count{operation=\"get_task\"}";
    return absl::StrContains(page, series) ? MetricOf(page, series) : 0;
  }
  template <typename Condition>
  void Eventually(Condition condition) {
    const absl::Time patience = absl::Now() + absl::Minutes(2);
    while (!condition()) {
      ASSERT_LT(absl::Now(), patience);
      std::this_thread::yield();
    }
  }

  RunningApp app_{[](Config& config) {
    config.http_listen = "127.0.0.1:0";
    config.rpc_max_streams = 5000;
  }};
  std::string task_;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::TaskEvent>>> readers_;
};

TEST_F(WatchersTest, ATenantMayNotTakeAllThatThereIs) {
  Open(kMaxWatchesOfTenant);
  Eventually([&] { return CodeOfOneMore("default") == grpc::StatusCode::RESOURCE_EXHAUSTED; });
  EXPECT_EQ(CodeOfOneMore("other"), grpc::StatusCode::NOT_FOUND);
  Close();
  Eventually([&] { return CodeOfOneMore("default") == grpc::StatusCode::NOT_FOUND; });
}

TEST_F(WatchersTest, AsManyAsWatchOneTaskHaveItLookedUpOnce) {
  constexpr size_t kWatches = 100;
  Open(kWatches);
  // Each looks twice as it begins.
  Eventually([&] { return Lookups() >= 2 * kWatches; });
  Eventually([&] { return Lookups() >= 2 * kWatches + 2; });
  EXPECT_LT(Lookups(), 2 * kWatches + 50);
}

}  // namespace
}  // namespace slowwave
