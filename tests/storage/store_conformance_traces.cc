// Tasks keep the trace of whoever asked for them.
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

TraceContext TraceNumber(int digit, bool sampled = true) {
  return {absl::StrCat("f", std::string(30, '0'), digit), sampled};
}

TEST_P(StoreConformance, TaskKeepsTheTraceOfWhoeverAskedFirst) {
  Register(ana_);
  EnqueueRequest request = Request(ana_);
  request.options.trace = TraceNumber(1);
  const Task task = Must(store().Enqueue(request)).task;
  EXPECT_EQ(task.options.trace, TraceNumber(1));
  request.options.trace = TraceNumber(2);
  EXPECT_TRUE(Must(store().Enqueue(request)).joined);
  EXPECT_EQ(ClaimOne().task.options.trace, TraceNumber(1));
}

TEST_P(StoreConformance, TaskWithoutATraceJoinsThatOfTheNextWhoHasOne) {
  Register(ana_);
  EXPECT_FALSE(Enqueued(ana_).options.trace.has_value());
  EnqueueRequest request = Request(ana_);
  request.options.trace = TraceNumber(3, /*sampled=*/false);
  Must(store().Enqueue(request));
  EXPECT_EQ(ClaimOne().task.options.trace, TraceNumber(3, false));
}

}  // namespace
}  // namespace slowwave
