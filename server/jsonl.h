// Episodes as JSON lines: the import and export format. Text to values and back; no socket, no file names.
//
// One line is one object with the keys id, type, text, speaker, session_id, turn, occurred_at, origin,
// entities, embedding, importance, confidence, access_count and metadata. Only text is required; null counts
// as absent. A key beside these is refused, because a misspelt `occurred_at` must not silently date a memory
// today; whatever else a caller wants to keep goes under `metadata`, an object of any shape.
#ifndef SLOWWAVE_SERVER_JSONL_H_
#define SLOWWAVE_SERVER_JSONL_H_

#include <cstddef>
#include <cstdint>
#include <istream>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/types.h"

namespace slowwave {

inline constexpr int kMaxJsonDepth = 32;
// The longest import line. An episode of the largest text, metadata and embedding that the daemon takes is
// shorter.
inline constexpr size_t kMaxLineBytes = size_t{2} << 20;

// Parses a whole text as one JSON value. InvalidArgument says what is wrong and at which byte: not UTF-8, not
// JSON, a NUL (raw or as \u0000), a key twice in one object, nesting over `max_depth`, a number out of range.
// Never throws.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text, int max_depth = kMaxJsonDepth);

// RFC 3339 ('2025-03-01T09:30:00Z', '...09:30:00.25+02:00') or a day alone ('2025-03-01', its start in UTC),
// in years 1 to 9999 UTC, at microsecond grain. InvalidArgument: anything else; a time of day without an
// offset is refused rather than guessed.
absl::StatusOr<absl::Time> ParseTimestamp(absl::string_view text);
// '2025-03-01T09:30:00Z', with as many fractional digits as needed.
std::string FormatTimestamp(absl::Time time);

struct ImportedEpisode {
  Episode episode;     // id empty if the line gave none
  bool timed = false;  // the line gave occurred_at; else episode.occurred_at means nothing
};

// InvalidArgument names the key and what is allowed; never more of the line than a key's name or a short
// value of an enum or time.
absl::StatusOr<ImportedEpisode> ParseEpisodeLine(absl::string_view line);

// One line without its end, keys in the order above. Always id, type, text, occurred_at, origin, importance
// and confidence; the others only if they say something. ParseEpisodeLine gives back an equal episode.
std::string FormatEpisodeLine(const Episode& episode);

// Cuts a stream into lines, never holding more than one. A line over the limit is skipped to its end.
// Not thread-safe. `in` must outlive it.
class LineReader {
 public:
  enum class Result { kLine, kTooLong, kEnd, kError };
  explicit LineReader(std::istream& in, size_t max_bytes = kMaxLineBytes) : in_(in), max_bytes_(max_bytes) {}
  // kLine: `line` is the next line without its end ('\n' or '\r\n').
  Result Next(std::string& line);
  int64_t number() const { return number_; }  // of the line last returned, from 1
  int64_t bytes() const { return bytes_; }    // read so far

 private:
  std::istream& in_;
  size_t max_bytes_;
  int64_t number_ = 0, bytes_ = 0;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_JSONL_H_
