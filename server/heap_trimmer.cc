#include "server/heap_trimmer.h"

#include <malloc.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>

namespace slowwave {
namespace {

// Resident beside what is allocated: program, stacks, and what the allocator may well keep for the next
// burst.
constexpr size_t kSlackBytes = size_t{96} << 20;

// 0: not known.
size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t total = 0, resident = 0;
  file >> total >> resident;
  return file ? resident * static_cast<size_t>(sysconf(_SC_PAGESIZE)) : 0;
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
    const struct mallinfo2 heap = mallinfo2();
    if (ResidentBytes() > heap.uordblks + heap.hblkhd + kSlackBytes) malloc_trim(0);
  }
}

}  // namespace slowwave
