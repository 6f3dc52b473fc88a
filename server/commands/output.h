// How commands write: JSON lines for programs, columns and progress for people.
#ifndef SLOWWAVE_SERVER_COMMANDS_OUTPUT_H_
#define SLOWWAVE_SERVER_COMMANDS_OUTPUT_H_

#include <google/protobuf/message.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace slowwave {

// The message's proto3 JSON on one line, with the end of the line; primitive fields are always there.
std::string JsonLine(const google::protobuf::Message& message);

// Columns an eye can follow: each as wide as its widest cell (in characters), two spaces between. The last
// column is not padded. `indent` spaces before every row.
class Table {
 public:
  explicit Table(int indent = 0) : indent_(indent) {}
  void Row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  std::string Text() const;

 private:
  int indent_;
  std::vector<std::vector<std::string>> rows_;
};

// Characters that a terminal shows for it, near enough: UTF-8 code points.
size_t Width(absl::string_view text);

// `text` with control characters made spaces, so that what an episode says cannot steer a terminal.
std::string Printable(absl::string_view text);

// The first `width` characters, with an ellipsis if there were more; line breaks made spaces.
std::string Shorten(absl::string_view text, size_t width);

// '1,234'.
std::string Grouped(int64_t number);

// A line about how far something is. On a terminal it is rewritten in place, elsewhere a new line every few
// seconds. One thread.
class Progress {
 public:
  // `clock`: tests give their own.
  Progress(std::ostream& err, bool terminal, std::function<absl::Time()> clock = absl::Now);
  // Shown now or, if the last was shown only just before, not at all.
  void Update(const std::string& line);
  // Shown for good, on a line of its own.
  void Print(const std::string& line);
  // Ends the line being rewritten, so that others may write.
  void Clear();

 private:
  std::ostream& err_;
  bool terminal_;
  std::function<absl::Time()> clock_;
  absl::Time next_;
  bool open_ = false;
};

// Whether `err` is this process' standard error and that a terminal.
bool IsTerminal(const std::ostream& err);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_OUTPUT_H_
