#include "server/commands/episode_sender.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/mapping.h"

namespace slowwave {
namespace {

constexpr int kBatchEpisodes = 500;
constexpr size_t kBatchBytes = size_t{1} << 20;

std::string StatusWord(v1::IngestStatus status) {
  switch (status) {
    case v1::INGEST_STATUS_EXISTS_DIFFERENT:
      return "different";
    case v1::INGEST_STATUS_ERASED:
      return "erased";
    default:
      return "refused";
  }
}

// The server names the field as 'episodes[3].text'; the line is named already.
std::string WithoutIndex(const std::string& reason) {
  if (!absl::StartsWith(reason, "episodes[")) return reason;
  const size_t end = reason.find("].");
  return end == std::string::npos ? reason : reason.substr(end + 2);
}

}  // namespace

v1::Episode ToWire(const ImportedEpisode& imported) {
  v1::Episode out = ToWire(imported.episode);
  if (!imported.timed) out.clear_occurred_at();
  return out;
}

void LineMap::Sent(const std::string& file, int64_t line) {
  if (runs_.empty() || line != last_line_ + 1 || runs_.back().file != file)
    runs_.push_back({sent_, line, file});
  last_line_ = line;
  ++sent_;
}

std::pair<std::string, int64_t> LineMap::At(int64_t index) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                      [](int64_t wanted, const Run& run) { return wanted < run.index; });
  const Run& run = *std::prev(after);
  return {run.file, run.line + (index - run.index)};
}

EpisodeSender::EpisodeSender(Client& client, const Target& target,
                             std::function<void(const LineProblem&)> problem)
    : client_(client), target_(target), problem_(std::move(problem)) {}

EpisodeSender::~EpisodeSender() {
  if (writer_ == nullptr) return;
  // Given up on: a call must be finished before its context goes.
  context_.TryCancel();
  (void)writer_->Finish();
}

absl::Status EpisodeSender::Read(const std::string& name, std::istream& in, Progress& progress) {
  LineReader reader(in);
  std::string line;
  for (;;) {
    const LineReader::Result result = reader.Next(line);
    if (result == LineReader::Result::kEnd) return absl::OkStatus();
    if (result == LineReader::Result::kError)
      return absl::UnavailableError(absl::StrCat("cannot read ", name));
    absl::string_view text = line;
    if (reader.number() == 1) absl::ConsumePrefix(&text, "\xEF\xBB\xBF");
    if (result == LineReader::Result::kLine && absl::StripAsciiWhitespace(text).empty()) continue;
    ++counts_.lines;
    absl::StatusOr<ImportedEpisode> episode =
        result == LineReader::Result::kTooLong
            ? absl::InvalidArgumentError(absl::StrCat("longer than ", kMaxLineBytes, " bytes"))
            : ParseEpisodeLine(text);
    if (!episode.ok()) {
      ++counts_.refused;
      progress.Clear();
      problem_({name, reader.number(), "", "refused", std::string(episode.status().message())});
      continue;
    }
    map_.Sent(name, reader.number());
    *batch_.add_episodes() = ToWire(*episode);
    batch_bytes_ += line.size();
    if (batch_.episodes_size() >= kBatchEpisodes || batch_bytes_ >= kBatchBytes) {
      if (absl::Status status = Flush(); !status.ok()) return status;
    }
    progress.Update(absl::StrCat("importing: ", Grouped(counts_.lines), " lines read, ",
                                 Grouped(counts_.refused), " refused (", name, ", ",
                                 Grouped(reader.bytes() / 1000), " kB)"));
  }
}

absl::Status EpisodeSender::Flush() {
  if (batch_.episodes_size() == 0) return absl::OkStatus();
  if (writer_ == nullptr) {
    batch_.set_tenant(target_.tenant);
    batch_.set_user(target_.user);
    client_.Authorize(context_);
    writer_ = client_.memory().IngestEpisodeStream(&context_, &summary_);
  }
  const bool written = writer_->Write(batch_);
  batch_.Clear();
  batch_bytes_ = 0;
  return written ? absl::OkStatus() : Broken();
}

absl::Status EpisodeSender::Broken() {
  const absl::Status status = Readable(writer_->Finish(), client_.address());
  writer_.reset();
  return absl::Status(status.code(),
                      absl::StrCat(status.message(),
                                   " (what was stored stays; importing the same file again is safe if "
                                   "its lines have ids)"));
}

absl::StatusOr<ImportCounts> EpisodeSender::Finish(Progress& progress) {
  if (absl::Status status = Flush(); !status.ok()) return status;
  if (writer_ != nullptr) {
    progress.Update(
        absl::StrCat("importing: ", Grouped(counts_.lines), " lines sent, waiting for the store"));
    writer_->WritesDone();
    const grpc::Status status = writer_->Finish();
    writer_.reset();
    if (!status.ok()) return Readable(status, client_.address());
  }
  progress.Clear();
  counts_.stored = summary_.stored();
  counts_.existed = summary_.existed();
  counts_.different = summary_.different();
  counts_.erased = summary_.erased();
  counts_.refused += summary_.refused();
  for (const v1::IngestResult& result : summary_.problems()) {
    if (result.index() < 0 || result.index() >= map_.sent()) continue;
    const auto [file, line] = map_.At(result.index());
    problem_({file, line, result.id(), StatusWord(result.status()), WithoutIndex(result.reason())});
  }
  if (summary_.problems_omitted() > 0) {
    problem_(
        {"", 0, "", "refused", absl::StrCat("and ", summary_.problems_omitted(), " more lines like these")});
  }
  return counts_;
}

}  // namespace slowwave
