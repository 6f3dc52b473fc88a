// A whole daemon in the test's process: real store in a folder of its own, real sockets on free ports.
#ifndef SLOWWAVE_TESTS_SUPPORT_RUNNING_APP_H_
#define SLOWWAVE_TESTS_SUPPORT_RUNNING_APP_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "server/app.h"
#include "slowwave/v1/consolidation.grpc.pb.h"
#include "slowwave/v1/memory.grpc.pb.h"

namespace slowwave {

class RunningApp {
 public:
  // `adjust` may change the configuration before anything is built.
  explicit RunningApp(const std::function<void(Config&)>& adjust = nullptr) {
    std::string folder = testing::TempDir() + "slowwave-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
    folder_ = folder;
    AppOptions options;
    options.config = DefaultConfig();
    options.config.listen = "127.0.0.1:0";
    options.config.http_listen = "";  // its library takes two seconds to stop
    options.config.data_dir = folder_;
    options.config.workers = 2;
    if (adjust) adjust(options.config);
    absl::StatusOr<std::unique_ptr<App>> made = App::Create(std::move(options));
    if (!made.ok()) {
      ADD_FAILURE() << made.status();
      return;
    }
    app_ = *std::move(made);
    if (const absl::Status started = app_->Start(); !started.ok()) {
      ADD_FAILURE() << started;
      return;
    }
    channel = grpc::CreateChannel(app_->listen(), grpc::InsecureChannelCredentials());
    memory = v1::MemoryService::NewStub(channel);
    consolidation = v1::ConsolidationService::NewStub(channel);
  }
  ~RunningApp() {
    app_.reset();
    std::filesystem::remove_all(folder_);
  }

  App& app() { return *app_; }
  // Stops it and closes its store; the folder stays.
  void Close() { app_.reset(); }
  const std::string& folder() const { return folder_; }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::MemoryService::Stub> memory;
  std::unique_ptr<v1::ConsolidationService::Stub> consolidation;

 private:
  std::string folder_;
  std::unique_ptr<App> app_;
};

// One unary call, with a deadline that only a hang meets.
template <typename Stub, typename Request, typename Response>
grpc::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const std::type_identity_t<Request>& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  return (stub.*method)(&context, request, &response);
}

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_RUNNING_APP_H_
