#include "server/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace slowwave {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

void Add(std::vector<MetricFamily>& families, const char* name, const char* help, MetricType type,
         std::optional<double> value) {
  if (!value) return;
  MetricFamily& family = families.emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = *value;
}

// The fields of /proc/self/stat from the third on: the second, a name, may hold anything but ends at the last
// bracket. See proc(5), which counts from 1.
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const size_t end = line.rfind(") ");
  if (end == std::string::npos) return {};
  return absl::StrSplit(line.substr(end + 2), ' ');
}

std::optional<double> Field(const std::vector<std::string>& fields, size_t number) {
  double value = 0;
  if (number - 3 >= fields.size() || !absl::SimpleAtod(fields[number - 3], &value)) return std::nullopt;
  return value;
}

// When the machine started, in seconds from 1970.
std::optional<double> BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    double value = 0;
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() == 2 && words[0] == "btime" && absl::SimpleAtod(words[1], &value)) return value;
  }
  return std::nullopt;
}

std::optional<double> OpenFiles() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  double count = -1;  // the one that reads the folder
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    if (error) return std::nullopt;
    ++count;
  }
  return count;
}

std::optional<double> ResidentOf(const std::vector<std::string>& stat) {
  static const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  const std::optional<double> pages = Field(stat, 24);
  return pages ? std::optional(*pages * page) : std::nullopt;
}

}  // namespace

std::optional<double> ResidentBytes() { return ResidentOf(StatFields()); }

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  static const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const std::optional<double> boot = BootTime();
  const std::vector<std::string> stat = StatFields();
  std::vector<MetricFamily> out;
  const std::optional<double> user = Field(stat, 14), system = Field(stat, 15), began = Field(stat, 22);
  if (user && system) {
    Add(out, "process_cpu_seconds_total", "User and system time spent", MetricType::Counter,
        (*user + *system) / ticks);
  }
  if (boot && began) {
    Add(out, "process_start_time_seconds", "When the process started, from 1970", MetricType::Gauge,
        *boot + *began / ticks);
  }
  Add(out, "process_resident_memory_bytes", "Resident memory", MetricType::Gauge, ResidentOf(stat));
  Add(out, "process_virtual_memory_bytes", "Virtual memory", MetricType::Gauge, Field(stat, 23));
  Add(out, "process_open_fds", "Open file descriptors", MetricType::Gauge, OpenFiles());
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    Add(out, "process_max_fds", "Most open file descriptors", MetricType::Gauge,
        static_cast<double>(files.rlim_cur));
  }
  return out;
}

}  // namespace slowwave
