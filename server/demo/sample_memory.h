// The memory that `slowwave demo` imports: sample_memory.jsonl beside this file, as it was at build time.
#ifndef SLOWWAVE_SERVER_DEMO_SAMPLE_MEMORY_H_
#define SLOWWAVE_SERVER_DEMO_SAMPLE_MEMORY_H_

#include <string_view>

namespace slowwave {

// JSON lines in the import format. Lives as long as the program.
std::string_view SampleMemory();

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_DEMO_SAMPLE_MEMORY_H_
