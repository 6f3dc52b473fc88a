#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/fold.h"
#include "core/text.h"

namespace slowwave {
namespace {

std::string NormalText(absl::string_view value) {
  const std::string folded = FoldText(value);
  constexpr char kOuter[] = " .,;:!?\"'()[]";
  const size_t first = folded.find_first_not_of(kOuter);
  if (first == std::string::npos) return folded;  // nothing but punctuation stands for itself
  return folded.substr(first, folded.find_last_not_of(kOuter) - first + 1);
}

// Each form starts with a mark of its type only if it could be read as that type; otherwise it is compared as
// text.
std::string NormalNumber(absl::string_view value) {
  double number = 0;
  const std::string plain = absl::StrReplaceAll(NormalText(value), {{",", ""}});
  if (!absl::SimpleAtod(plain, &number) || !std::isfinite(number)) return NormalText(value);
  return absl::StrFormat("%.15g", number == 0 ? 0.0 : number);
}

std::string NormalDate(absl::string_view value) {
  const std::string text = NormalText(value);
  const std::vector<std::string> formats = {"%Y-%m-%d", "%d %B %Y", "%B %d, %Y",
                                            "%B %d %Y", "%d %b %Y", "%Y-%m-%d%ET%H:%M:%E*S%Ez"};
  for (const std::string& format : formats) {
    absl::Time at;
    std::string error;
    if (absl::ParseTime(format, text, absl::UTCTimeZone(), &at, &error)) {
      return absl::FormatTime("%Y-%m-%d", at, absl::UTCTimeZone());
    }
  }
  return text;
}

std::string NormalBoolean(absl::string_view value) {
  const std::string text = NormalText(value);
  if (text == "true" || text == "yes" || text == "y" || text == "1") return "true";
  if (text == "false" || text == "no" || text == "n" || text == "0") return "false";
  return text;
}

std::string NormalList(absl::string_view value) {
  const std::string separated =
      absl::StrReplaceAll(FoldText(value), {{" and ", ","}, {";", ","}, {"[", ""}, {"]", ""}});
  std::vector<std::string> items;
  for (absl::string_view item : absl::StrSplit(separated, ',')) {
    if (std::string text = NormalText(item); !text.empty()) items.push_back(std::move(text));
  }
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return absl::StrJoin(items, ",");
}

}  // namespace

std::string NormalValue(ValueType type, absl::string_view value) {
  switch (type) {
    case ValueType::kNumber:
      return NormalNumber(value);
    case ValueType::kDate:
      return NormalDate(value);
    case ValueType::kBoolean:
      return NormalBoolean(value);
    case ValueType::kList:
      return NormalList(value);
    case ValueType::kText:
    case ValueType::kUnspecified:
      return NormalText(value);
  }
  return NormalText(value);
}

}  // namespace slowwave
