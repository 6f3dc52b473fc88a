// A client stream that has to wait for room, over a real socket.
#include "server/stream_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <thread>

#include "absl/time/clock.h"
#include "server/memory_service.h"
#include "storage/sqlite/sqlite_store.h"
#include "tests/support/running_app.h"

namespace slowwave {
namespace {

// The service with a budget of the test's.
class StreamReaderTest : public testing::Test {
 protected:
  static constexpr size_t kBudget = 100'000;

  StreamReaderTest() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    stub_ = v1::MemoryService::NewStub(
        grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  }
  ~StreamReaderTest() override {
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::minutes(2));
    executor_.Stop();
  }
  static std::unique_ptr<Store> OpenStore() {
    SqliteOptions options;
    options.path = ":memory:";
    return *OpenSqlite(options);
  }
  void AwaitWaiting(size_t streams) {
    const absl::Time patience = absl::Now() + absl::Minutes(2);
    while (budget_.waiting() != streams) {
      ASSERT_LT(absl::Now(), patience);
      std::this_thread::yield();
    }
  }
  static v1::IngestEpisodeStreamRequest Message() {
    v1::IngestEpisodeStreamRequest message;
    message.set_user("ann");
    message.add_episodes()->set_text("I like tea.");
    return message;
  }

  prometheus::Registry metrics_;
  const std::unique_ptr<Store> store_ = OpenStore();
  Engine engine_{EngineOptions(), *store_, metrics_};
  const ServiceEnv env_{*store_, engine_, SystemClock(), [] { return std::string("id"); }};
  CallGate gate_;
  Executor executor_{2, 100};
  StreamBudget budget_{kBudget};
  StreamTimers timers_{StreamLimits(), SystemSteadyClock()};
  MemoryService service_{env_, CallRoom{executor_, gate_, nullptr, nullptr, &timers_, budget_}};
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::MemoryService::Stub> stub_;
};

TEST_F(StreamReaderTest, WhoFindsNoRoomWaitsAndLosesNothing) {
  ASSERT_TRUE(budget_.Take(kBudget, nullptr, nullptr));  // another stream's
  grpc::ClientContext context;
  v1::IngestSummary summary;
  const auto writer = stub_->IngestEpisodeStream(&context, &summary);
  writer->Write(Message());
  v1::IngestEpisodeStreamRequest second = Message();
  second.mutable_episodes(0)->set_id("another");
  writer->Write(second);
  writer->WritesDone();
  AwaitWaiting(1);
  EXPECT_TRUE(absl::IsNotFound(store_->GetUser({"default", "ann"}).status()));
  budget_.Return(kBudget);
  const grpc::Status status = writer->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(summary.stored(), 2);
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(StreamReaderTest, WhoGoesWhileItWaitsLeavesTheBudgetAsItWas) {
  ASSERT_TRUE(budget_.Take(kBudget, nullptr, nullptr));
  {
    grpc::ClientContext context;
    v1::IngestSummary summary;
    const auto writer = stub_->IngestEpisodeStream(&context, &summary);
    writer->Write(Message());
    AwaitWaiting(1);
    context.TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  budget_.Return(kBudget);
  AwaitWaiting(0);
  gate_.Close();
  EXPECT_TRUE(gate_.WaitIdle(absl::Minutes(2)));
  EXPECT_EQ(budget_.used(), 0u);
}

}  // namespace
}  // namespace slowwave
