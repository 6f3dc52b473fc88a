#include "server/commands/output.h"

#include <google/protobuf/util/json_util.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace slowwave {

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string out;
  // It fails only for types (Any, Struct) that our messages do not have.
  if (!google::protobuf::util::MessageToJsonString(message, &out, options).ok()) out = "{}";
  out += '\n';
  return out;
}

std::string Table::Text() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    // What is last in its row may be long without pushing a column of other rows away.
    for (size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line(static_cast<size_t>(indent_), ' ');
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - Width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

size_t Width(absl::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void Table::Row(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Printable(absl::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    const bool c1 = byte == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0;
    if (c1) out.replace(i, 2, " ");  // U+0080 to U+009F
    if (byte < 0x20 || byte == 0x7F) out[i] = ' ';
  }
  return out;
}

std::string Shorten(absl::string_view raw, size_t width) {
  const std::string text = Printable(raw);
  std::string out;
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts && ++count > width) {
      out += "…";
      break;
    }
    out += text[i];
  }
  return out;
}

std::string Grouped(int64_t number) {
  std::string out = absl::StrCat(number);
  const size_t start = number < 0 ? 1 : 0;
  for (size_t i = out.size(); i > start + 3;) {
    i -= 3;
    out.insert(i, 1, ',');
  }
  return out;
}

Progress::Progress(std::ostream& err, bool terminal, std::function<absl::Time()> clock)
    : err_(err), terminal_(terminal), clock_(std::move(clock)) {
  // Off a terminal a short job says nothing until it is done.
  next_ = terminal_ ? absl::InfinitePast() : clock_() + absl::Seconds(5);
}

void Progress::Update(const std::string& line) {
  const absl::Time now = clock_();
  if (now < next_) return;
  next_ = now + (terminal_ ? absl::Milliseconds(100) : absl::Seconds(5));
  if (terminal_) {
    err_ << '\r' << line << "\x1b[K" << std::flush;
    open_ = true;
  } else {
    err_ << line << std::endl;
  }
}

void Progress::Print(const std::string& line) {
  Clear();
  err_ << line << std::endl;
}

void Progress::Clear() {
  if (open_) err_ << "\r\x1b[K" << std::flush;
  open_ = false;
}

bool IsTerminal(const std::ostream& err) { return &err == &std::cerr && isatty(STDERR_FILENO) == 1; }

}  // namespace slowwave
