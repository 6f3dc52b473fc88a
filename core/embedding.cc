#include "core/embedding.h"

#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

// In double, one number after another: neither the largest float nor the order of a vector unit can change
// it.
double Norm(absl::Span<const float> embedding) {
  double squares = 0;
  for (const float x : embedding) squares += static_cast<double>(x) * x;
  return std::sqrt(squares);
}

}  // namespace

absl::Status CheckEmbedding(absl::Span<const float> embedding) {
  if (embedding.empty()) return absl::InvalidArgumentError("empty");
  if (embedding.size() > kMaxEmbeddingDimension) {
    return absl::InvalidArgumentError(
        absl::StrCat(embedding.size(), " numbers, at most ", kMaxEmbeddingDimension, " are allowed"));
  }
  for (size_t i = 0; i < embedding.size(); ++i) {
    if (!std::isfinite(embedding[i])) {
      return absl::InvalidArgumentError(absl::StrCat("number ", i, " is not finite"));
    }
  }
  if (Norm(embedding) == 0) return absl::InvalidArgumentError("all zero");
  return absl::OkStatus();
}

UnitRows BuildUnitRows(absl::Span<const absl::Span<const float>> embeddings) {
  std::vector<bool> good(embeddings.size());
  std::map<size_t, int> lengths;
  for (size_t i = 0; i < embeddings.size(); ++i) {
    good[i] = CheckEmbedding(embeddings[i]).ok();
    if (good[i]) ++lengths[embeddings[i].size()];
  }
  size_t length = 0;
  int most = 0;
  for (const auto& [candidate, count] : lengths) {
    if (count >= most) {
      length = candidate;
      most = count;
    }
  }
  UnitRows result;
  result.rows.resize(most, static_cast<Eigen::Index>(length));
  for (size_t i = 0; i < embeddings.size(); ++i) {
    if (!good[i] || embeddings[i].size() != length) {
      result.unusable.push_back(static_cast<int>(i));
      continue;
    }
    const double norm = Norm(embeddings[i]);
    const auto row = static_cast<Eigen::Index>(result.source.size());
    for (size_t k = 0; k < length; ++k) {
      result.rows(row, static_cast<Eigen::Index>(k)) = static_cast<float>(embeddings[i][k] / norm);
    }
    result.source.push_back(static_cast<int>(i));
  }
  return result;
}

}  // namespace slowwave
