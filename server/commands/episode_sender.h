// Sends episode lines to a daemon and accounts for every one of them.
#ifndef SLOWWAVE_SERVER_COMMANDS_EPISODE_SENDER_H_
#define SLOWWAVE_SERVER_COMMANDS_EPISODE_SENDER_H_

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/commands/client.h"
#include "server/commands/output.h"
#include "server/jsonl.h"

namespace slowwave {

// Without a time if the line gave none: the server's is then the episode's.
v1::Episode ToWire(const ImportedEpisode& episode);

// What became of an import. taken + existed + problems is the number of lines that were not blank.
struct ImportCounts {
  int64_t lines = 0;  // not blank
  int64_t stored = 0, existed = 0, different = 0, erased = 0, refused = 0;
};

// A line that was not stored, and why.
struct LineProblem {
  std::string file;
  int64_t line = 0;
  std::string id;      // empty: not known
  std::string status;  // refused, different, erased
  std::string reason;
};

// The lines of the episodes sent, by their index in the stream: memory grows with the gaps, not with the
// lines.
class LineMap {
 public:
  // The episode with the next index stands at this line.
  void Sent(const std::string& file, int64_t line);
  int64_t sent() const { return sent_; }
  // `index` < sent().
  std::pair<std::string, int64_t> At(int64_t index) const;

 private:
  struct Run {
    int64_t index;
    int64_t line;
    std::string file;
  };
  std::vector<Run> runs_;
  int64_t sent_ = 0, last_line_ = 0;
};

// One stream of episodes for one user. One thread.
class EpisodeSender {
 public:
  // `problem` is called for each line that was not stored: bad ones as they are read, the server's at the
  // end.
  EpisodeSender(Client& client, const Target& target, std::function<void(const LineProblem&)> problem);
  ~EpisodeSender();
  // Reads to the end of `in`, never holding more than a batch. Unavailable: the stream broke.
  absl::Status Read(const std::string& name, std::istream& in, Progress& progress);
  // Waits until all that was sent is committed. Call once, after the last Read.
  absl::StatusOr<ImportCounts> Finish(Progress& progress);

 private:
  absl::Status Flush();
  absl::Status Broken();

  Client& client_;
  const Target& target_;
  std::function<void(const LineProblem&)> problem_;
  grpc::ClientContext context_;
  v1::IngestSummary summary_;
  std::unique_ptr<grpc::ClientWriter<v1::IngestEpisodeStreamRequest>> writer_;
  v1::IngestEpisodeStreamRequest batch_;
  size_t batch_bytes_ = 0;
  LineMap map_;
  ImportCounts counts_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_EPISODE_SENDER_H_
