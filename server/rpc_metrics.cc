#include "server/rpc_metrics.h"

#include <google/protobuf/descriptor.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <chrono>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "slowwave/v1/consolidation.pb.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {
namespace {

using prometheus::Counter;
using prometheus::Histogram;

const Histogram::BucketBoundaries& Buckets() {
  static const auto* const buckets =
      new Histogram::BucketBoundaries{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  return *buckets;
}

const char* TypeOf(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "bidi_stream" : "client_stream";
  return method.server_streaming() ? "server_stream" : "unary";
}

// As gRPC's clients for Prometheus write them: NotFound.
std::string CodeName(grpc::StatusCode code) {
  const std::string words = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
  if (code == grpc::StatusCode::OK) return "OK";
  std::string name;
  bool first = true;
  for (const char c : words) {
    if (c == '_') {
      first = true;
      continue;
    }
    name.push_back(first ? c : absl::ascii_tolower(static_cast<unsigned char>(c)));
    first = false;
  }
  return name;
}

}  // namespace

struct RpcMetrics::Families {
  prometheus::Family<Counter>&started, &handled;
  prometheus::Family<Histogram>& seconds;
};

struct RpcMetrics::Method {
  prometheus::Family<Counter>& handled;
  const prometheus::Labels labels;
  Counter& started;
  Histogram& seconds;

  void Handled(grpc::StatusCode code) {
    prometheus::Labels with_code = labels;
    with_code["grpc_code"] = CodeName(code);
    handled.Add(with_code).Increment();
  }
};

// One call's; gRPC deletes it when the call is over.
class RpcMetrics::Call : public grpc::experimental::Interceptor {
 public:
  explicit Call(Method& method) : method_(method), began_(std::chrono::steady_clock::now()) {
    method_.started.Increment();
  }
  // No status was sent: the client has gone.
  ~Call() override {
    if (!ended_) End(grpc::StatusCode::CANCELLED);
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (!ended_ &&
        methods->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      End(methods->GetSendStatus().error_code());
    }
    methods->Proceed();
  }

 private:
  void End(grpc::StatusCode code) {
    ended_ = true;
    method_.seconds.Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count());
    method_.Handled(code);
  }

  Method& method_;
  const std::chrono::steady_clock::time_point began_;
  bool ended_ = false;
};

class RpcMetrics::Factory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(RpcMetrics& metrics) : metrics_(metrics) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    const auto found = metrics_.methods_.find(info->method());
    return found == metrics_.methods_.end() ? nullptr : new Call(*found->second);
  }

 private:
  RpcMetrics& metrics_;
};

RpcMetrics::RpcMetrics(prometheus::Registry& registry)
    : families_(new Families{prometheus::BuildCounter()
                                 .Name("grpc_server_started_total")
                                 .Help("Calls that began")
                                 .Register(registry),
                             prometheus::BuildCounter()
                                 .Name("grpc_server_handled_total")
                                 .Help("Calls that ended, by code")
                                 .Register(registry),
                             prometheus::BuildHistogram()
                                 .Name("grpc_server_handling_seconds")
                                 .Help("From a call's begin to its end")
                                 .Register(registry)}) {
  for (const auto* file : {v1::Task::descriptor()->file(), v1::User::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) {
        const google::protobuf::MethodDescriptor& method = *service.method(m);
        const prometheus::Labels labels = {{"grpc_service", service.full_name()},
                                           {"grpc_method", method.name()},
                                           {"grpc_type", TypeOf(method)}};
        auto made =
            std::unique_ptr<Method>(new Method{families_->handled, labels, families_->started.Add(labels),
                                               families_->seconds.Add(labels, Buckets())});
        prometheus::Labels fine = labels;
        fine["grpc_code"] = CodeName(grpc::StatusCode::OK);
        families_->handled.Add(fine);  // there from the start, so that its rate is known from the first call
        methods_.emplace(absl::StrCat("/", service.full_name(), "/", method.name()), std::move(made));
      }
    }
  }
}

RpcMetrics::~RpcMetrics() = default;

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> RpcMetrics::MakeFactory() {
  return std::make_unique<Factory>(*this);
}

}  // namespace slowwave
