#include <benchmark/benchmark.h>

#include <random>

#include "core/linkage.h"

namespace slowwave {
namespace {

// A topic for every twenty rows, 384 numbers a row.
EmbeddingMatrix Topics(int n) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  EmbeddingMatrix centres(std::max(1, n / 20), 384), rows(n, 384);
  for (float& x : centres.reshaped()) x = normal(random);
  for (float& x : rows.reshaped()) x = normal(random);
  for (int i = 0; i < n; ++i) rows.row(i) += centres.row(i % centres.rows());
  rows.rowwise().normalize();
  return rows;
}

void BM_AverageLinkage(benchmark::State& state) {
  const EmbeddingMatrix rows = Topics(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(AverageLinkage(rows));
}
BENCHMARK(BM_AverageLinkage)
    ->Arg(200)
    ->Arg(2000)
    ->Arg(10'000)
    ->Arg(20'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_CalibrateThreshold(benchmark::State& state) {
  const EmbeddingMatrix rows = Topics(static_cast<int>(state.range(0)));
  const absl::StatusOr<std::vector<Merge>> merges = AverageLinkage(rows);
  if (!merges.ok()) return state.SkipWithError("linkage failed");
  for (auto _ : state) benchmark::DoNotOptimize(CalibrateThreshold(rows, *merges));
}
BENCHMARK(BM_CalibrateThreshold)
    ->Arg(200)
    ->Arg(2000)
    ->Arg(10'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace slowwave

BENCHMARK_MAIN();
