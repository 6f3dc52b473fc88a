#include "server/heap_trimmer.h"

#include <malloc.h>

#include "server/process_metrics.h"

namespace slowwave {
namespace {

// Resident beside what is allocated: program, stacks, and what the allocator may well keep for the next
// burst.
constexpr double kSlackBytes = 96 << 20;

// Counting what is allocated goes through all that is free: not where there cannot be much.
bool KeepsMuch() {
  const double resident = ResidentBytes().value_or(0);
  if (resident <= kSlackBytes) return false;
  const struct mallinfo2 heap = mallinfo2();
  return resident > static_cast<double>(heap.uordblks + heap.hblkhd) + kSlackBytes;
}

}  // namespace

HeapTrimmer::HeapTrimmer(absl::Duration every) : every_(every), thread_([this] { Run(); }) {}

HeapTrimmer::~HeapTrimmer() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  thread_.join();
}

void HeapTrimmer::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (mu_.AwaitWithTimeout(absl::Condition(&stopping_), every_)) return;
    }
    if (KeepsMuch()) malloc_trim(0);
  }
}

}  // namespace slowwave
