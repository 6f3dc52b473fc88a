#include "server/store_metrics.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"

namespace slowwave {
namespace {

const prometheus::Histogram::BucketBoundaries& Buckets() {
  static const auto* const buckets = new prometheus::Histogram::BucketBoundaries{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20};
  return *buckets;
}

// UNAVAILABLE as unavailable, in the manner of our other labels.
std::string CodeName(absl::StatusCode code) { return absl::AsciiStrToLower(absl::StatusCodeToString(code)); }

}  // namespace

StoreMetrics::StoreMetrics(prometheus::Registry& registry, int connections)
    : seconds_(
          prometheus::BuildHistogram()
              .Name("slowwave_store_operation_seconds")
              .Help("Time of the store's transactions, waiting for a connection and further tries included.")
              .Register(registry)),
      errors_(prometheus::BuildCounter()
                  .Name("slowwave_store_errors_total")
                  .Help("Transactions that the database, or the way to it, failed.")
                  .Register(registry)) {
  // There from the start, so that the first error is a rise and not a beginning.
  for (const absl::StatusCode code :
       {absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted, absl::StatusCode::kDataLoss,
        absl::StatusCode::kInternal, absl::StatusCode::kFailedPrecondition}) {
    errors_.Add({{"code", CodeName(code)}});
  }
  if (connections <= 0) return;
  auto& family = prometheus::BuildGauge()
                     .Name("slowwave_store_connections")
                     .Help("Connections to the database by what they are at.")
                     .Register(registry);
  idle_ = &family.Add({{"state", "idle"}});
  in_use_ = &family.Add({{"state", "in_use"}});
  prometheus::BuildGauge()
      .Name("slowwave_store_connections_limit")
      .Help("How many connections to the database there may be.")
      .Register(registry)
      .Add({})
      .Set(connections);
}

prometheus::Histogram& StoreMetrics::SecondsOf(std::string_view operation) {
  {
    absl::ReaderMutexLock lock(&mu_);
    const auto found = by_operation_.find(operation);
    if (found != by_operation_.end()) return *found->second;
  }
  const std::string label = absl::StrReplaceAll({operation.data(), operation.size()}, {{" ", "_"}});
  prometheus::Histogram& made = seconds_.Add({{"operation", label}}, Buckets());
  absl::MutexLock lock(&mu_);
  return *by_operation_.emplace(operation, &made).first->second;
}

void StoreMetrics::Ended(std::string_view operation, absl::Duration took, const absl::Status& trouble) {
  SecondsOf(operation).Observe(absl::ToDoubleSeconds(took));
  if (!trouble.ok()) errors_.Add({{"code", CodeName(trouble.code())}}).Increment();
}

void StoreMetrics::Connections(int idle, int in_use) {
  if (idle_ == nullptr) return;
  idle_->Set(idle);
  in_use_->Set(in_use);
}

}  // namespace slowwave
