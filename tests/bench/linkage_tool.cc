// Links and cuts one matrix: `linkage_tool FILE N D [SIMILARITY]`. FILE holds N x D float32, row after row,
// of unit length. Prints `linkage_ms`, `calibration_ms`, `threshold`, `method`, `peak_mb`, then `labels` and
// N of them.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "core/linkage.h"

namespace {

// Not getrusage's: that one keeps the peak of the process that started this one.
double PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: linkage_tool FILE N D [SIMILARITY]\n";
    return 2;
  }
  const int n = std::atoi(argv[2]), d = std::atoi(argv[3]);
  slowwave::EmbeddingMatrix rows(n, d);
  std::ifstream in(argv[1], std::ios::binary);
  if (!in.read(reinterpret_cast<char*>(rows.data()),
               static_cast<std::streamsize>(sizeof(float)) * rows.size())) {
    std::cerr << "linkage_tool: " << argv[1] << " is shorter than " << n << " x " << d << "\n";
    return 1;
  }
  const auto milliseconds = [](auto since) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since).count();
  };
  auto since = std::chrono::steady_clock::now();
  auto merges = slowwave::AverageLinkage(rows);
  if (!merges.ok()) {
    std::cerr << "linkage_tool: " << merges.status() << "\n";
    return 1;
  }
  // The first run of a process pays for fresh pages; a daemon's do not.
  std::vector<double> spent = {milliseconds(since)};
  for (int i = 0; i < (n <= 2000 ? 10 : 0); ++i) {
    since = std::chrono::steady_clock::now();
    merges = slowwave::AverageLinkage(rows);
    spent.push_back(milliseconds(since));
  }
  std::sort(spent.begin(), spent.end());
  std::cout << "linkage_ms " << spent[spent.size() / 2] << "\n";
  const double peak = PeakMegabytes();
  since = std::chrono::steady_clock::now();
  slowwave::Calibration cut = slowwave::CalibrateThreshold(rows, *merges);
  std::cout << "calibration_ms " << milliseconds(since) << "\n";
  if (argc > 4) cut = {static_cast<float>(std::atof(argv[4])), "given"};
  std::cout << "threshold " << cut.min_similarity << "\nmethod " << cut.method << "\npeak_mb " << peak
            << "\nlabels";
  for (const int label : slowwave::CutAt(*merges, n, cut.min_similarity)) std::cout << ' ' << label;
  std::cout << "\n";
}
