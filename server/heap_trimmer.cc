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

void TrimHeap() {
  if (KeepsMuch()) malloc_trim(0);
}

}  // namespace slowwave
