// The daemon as a whole: health, reflection, HTTP, drain, ready file.
#include "server/app.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "tests/support/http_get.h"
#include "tests/support/running_app.h"

namespace slowwave {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A unary (or first-message) call by name with raw bytes: what a client without our stubs does.
grpc::Status RawCall(RunningApp& app, const std::string& method, const std::string& bytes,
                     std::string& answer) {
  grpc::GenericStub stub(app.channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status result;
  absl::Notification done;
  stub.UnaryCall(&context, method, {}, &request, &response, [&](grpc::Status status) {
    result = std::move(status);
    done.Notify();
  });
  done.WaitForNotification();
  std::vector<grpc::Slice> slices;
  if (response.Valid() && response.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices)
      answer.append(reinterpret_cast<const char*>(part.begin()), part.size());
  }
  return result;
}

void WithHttp(Config& config) { config.http_listen = "127.0.0.1:0"; }

class HealthTest : public testing::TestWithParam<const char*> {};

TEST_P(HealthTest, ServiceIsServing) {
  RunningApp app;
  const std::string name = GetParam();
  // HealthCheckRequest{service}: field 1, length-delimited; HealthCheckResponse{SERVING}: field 1, varint 1.
  std::string request = name.empty() ? "" : std::string("\x0A") + static_cast<char>(name.size()) + name;
  std::string answer;
  const grpc::Status status = RawCall(app, "/grpc.health.v1.Health/Check", request, answer);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answer, "\x08\x01");
}

INSTANTIATE_TEST_SUITE_P(Services, HealthTest,
                         testing::Values("", "slowwave.v1.MemoryService",
                                         "slowwave.v1.ConsolidationService"));

TEST(AppTest, ReflectionListsBothServicesAndTheirFiles) {
  RunningApp app;
  std::string services, file;
  // ServerReflectionRequest{list_services: "*"} (field 7) and {file_containing_symbol} (field 4).
  ASSERT_TRUE(RawCall(app, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                      std::string("\x3A\x01*", 3), services)
                  .ok());
  EXPECT_THAT(services, HasSubstr("slowwave.v1.MemoryService"));
  EXPECT_THAT(services, HasSubstr("slowwave.v1.ConsolidationService"));
  EXPECT_THAT(services, HasSubstr("grpc.health.v1.Health"));
  const std::string symbol = "slowwave.v1.MemoryService";
  ASSERT_TRUE(RawCall(app, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                      std::string("\x22") + static_cast<char>(symbol.size()) + symbol, file)
                  .ok());
  EXPECT_THAT(file, HasSubstr("IngestEpisodeStream"));
}

TEST(AppTest, BytesThatAreNoMessageAreInvalidNotACrash) {
  RunningApp app;
  std::string answer;
  const grpc::Status status = RawCall(app, "/slowwave.v1.MemoryService/GetUser", "\x0A\x7F!", answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("not a slowwave.v1.GetUserRequest"));
}

TEST(AppTest, UnknownMethodIsUnimplemented) {
  RunningApp app;
  std::string answer;
  EXPECT_EQ(RawCall(app, "/slowwave.v1.MemoryService/Forget", "", answer).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST(AppTest, HttpServesMetricsAndProbes) {
  RunningApp app(WithHttp);
  EXPECT_THAT(HttpGet(app.app().http_listen(), "/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(HttpGet(app.app().http_listen(), "/readyz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(HttpGet(app.app().http_listen(), "/metrics"), HasSubstr("slowwave_"));
  EXPECT_THAT(HttpGet(app.app().http_listen(), "/secrets"), StartsWith("HTTP/1.1 404"));
}

TEST(AppTest, CallsAreCountedByMethodAndCode) {
  RunningApp app(WithHttp);
  const auto series = [](const char* name, const char* method, const char* type, const char* code) {
    return absl::StrCat(name, "{", *code == 0 ? "" : absl::StrCat("grpc_code=\"", code, "\","),
                        "grpc_method=\"", method, "\",grpc_service=\"slowwave.v1.",
                        std::string(method) == "WatchTask" ? "ConsolidationService" : "MemoryService",
                        "\",grpc_type=\"", type, "\"}");
  };
  EXPECT_EQ(MetricOf(HttpGet(app.app().http_listen(), "/metrics"),
                     series("grpc_server_handled_total", "GetUser", "unary", "OK")),
            0);
  v1::GetUserRequest get;
  v1::User user;
  get.set_user("nobody");
  EXPECT_EQ(Call(*app.memory, &v1::MemoryService::Stub::GetUser, get, user).error_code(),
            grpc::StatusCode::NOT_FOUND);
  v1::RegisterUserRequest register_user;
  register_user.set_user("nobody");
  EXPECT_TRUE(Call(*app.memory, &v1::MemoryService::Stub::RegisterUser, register_user, user).ok());
  EXPECT_TRUE(Call(*app.memory, &v1::MemoryService::Stub::GetUser, get, user).ok());
  {
    grpc::ClientContext context;
    v1::WatchTaskRequest watch;
    watch.set_task_id("none");
    const auto reader = app.consolidation->WatchTask(&context, watch);
    v1::TaskEvent event;
    EXPECT_FALSE(reader->Read(&event));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
  }
  const std::string page = HttpGet(app.app().http_listen(), "/metrics");
  EXPECT_EQ(MetricOf(page, series("grpc_server_started_total", "GetUser", "unary", "")), 2);
  EXPECT_EQ(MetricOf(page, series("grpc_server_handled_total", "GetUser", "unary", "OK")), 1);
  EXPECT_EQ(MetricOf(page, series("grpc_server_handled_total", "GetUser", "unary", "NotFound")), 1);
  EXPECT_EQ(MetricOf(page, series("grpc_server_handling_seconds_count", "GetUser", "unary", "")), 2);
  EXPECT_EQ(MetricOf(page, series("grpc_server_handled_total", "WatchTask", "server_stream", "NotFound")), 1);
}

TEST(AppTest, TheProcessTellsOfItself) {
  RunningApp app(WithHttp);
  const std::string page = HttpGet(app.app().http_listen(), "/metrics");
  EXPECT_GT(MetricOf(page, "process_cpu_seconds_total"), 0);
  EXPECT_GT(MetricOf(page, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(MetricOf(page, "process_virtual_memory_bytes"), MetricOf(page, "process_resident_memory_bytes"));
  EXPECT_GT(MetricOf(page, "process_open_fds"), 3);
  EXPECT_GE(MetricOf(page, "process_max_fds"), MetricOf(page, "process_open_fds"));
  const double started = MetricOf(page, "process_start_time_seconds");
  EXPECT_GT(started, absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()) - 24 * 3600);
  EXPECT_LT(started, absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch()) + 60);
}

TEST(AppTest, NoHttpListenMeansNoHttp) {
  RunningApp app;
  EXPECT_EQ(app.app().http_listen(), "");
}

TEST(AppTest, ReadyFileTellsBothAddresses) {
  RunningApp app(WithHttp);
  const std::string path = app.folder() + "/ready.json";
  ASSERT_TRUE(app.app().WriteReadyFile(path).ok());
  std::ifstream file(path);
  const nlohmann::json ready = nlohmann::json::parse(file);
  EXPECT_EQ(ready["listen"], app.app().listen());
  EXPECT_EQ(ready["http_listen"], app.app().http_listen());
}

TEST(AppTest, ReadyFileInAMissingFolderIsAnError) {
  RunningApp app;
  EXPECT_EQ(app.app().WriteReadyFile(app.folder() + "/none/ready.json").code(),
            absl::StatusCode::kUnavailable);
}

TEST(AppTest, PortInUseIsAClearError) {
  RunningApp app;
  const std::string taken = app.app().listen();
  AppOptions options;
  options.config = DefaultConfig();
  options.config.listen = taken;
  options.config.http_listen = "";
  options.config.data_dir = app.folder() + "/second";
  absl::StatusOr<std::unique_ptr<App>> second = App::Create(std::move(options));
  ASSERT_TRUE(second.ok()) << second.status();
  const absl::Status status = (*second)->Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("listen: cannot listen on " + taken));
}

TEST(AppTest, StopEndsOpenWatchesAndIsIdempotent) {
  RunningApp app([](Config& config) { config.workers = 1; });
  v1::IngestEpisodesRequest ingest;
  ingest.set_user("ann");
  ingest.add_episodes()->set_text("I live in Lisbon.");
  v1::IngestEpisodesResponse ingested;
  ASSERT_TRUE(Call(*app.memory, &v1::MemoryService::Stub::IngestEpisodes, ingest, ingested).ok());
  // A health watch never ends by itself.
  grpc::GenericStub generic(app.channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  auto watch = generic.PrepareCall(&context, "/grpc.health.v1.Health/Watch", &queue);
  watch->StartCall(reinterpret_cast<void*>(1));
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  app.app().Stop();
  app.app().Stop();
  context.TryCancel();
  grpc::Status status;
  watch->Finish(&status, reinterpret_cast<void*>(2));
  ASSERT_TRUE(queue.Next(&tag, &ok));
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  v1::User user;
  v1::GetUserRequest get;
  get.set_user("ann");
  EXPECT_EQ(Call(*app.memory, &v1::MemoryService::Stub::GetUser, get, user).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST(AppTest, WhatWasStoredIsThereAfterARestart) {
  RunningApp first;
  v1::IngestEpisodesRequest ingest;
  ingest.set_user("ann");
  ingest.add_episodes()->set_text("I live in Lisbon.");
  v1::IngestEpisodesResponse ingested;
  ASSERT_TRUE(Call(*first.memory, &v1::MemoryService::Stub::IngestEpisodes, ingest, ingested).ok());
  const std::string file = first.folder() + "/copy.db";
  first.Close();
  std::filesystem::copy_file(first.folder() + "/slowwave.db", file);
  RunningApp second([&](Config& config) { config.store_url = "sqlite:" + file; });
  v1::GetUserRequest get;
  get.set_user("ann");
  v1::User user;
  ASSERT_TRUE(Call(*second.memory, &v1::MemoryService::Stub::GetUser, get, user).ok());
  EXPECT_EQ(user.episodes(), 1);
}

}  // namespace
}  // namespace slowwave
