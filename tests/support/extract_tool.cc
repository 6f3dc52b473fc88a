// Shows what the built-in extractor makes of a conversation: reads episodes (import format, JSON lines) from
// standard input, prints a gist a line. Each session is one chunk; clusters are left out unless the line has
// `cluster`.
#include <fstream>
#include <iostream>
#include <list>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "core/builtin_extractor.h"
#include "core/extraction.h"
#include "core/grounding.h"
#include "nlohmann/json.hpp"

namespace slowwave {
namespace {

Episode EpisodeFrom(const nlohmann::json& line) {
  Episode episode;
  episode.id = line.value("id", "");
  episode.text = line.value("text", "");
  episode.speaker = line.value("speaker", "");
  episode.session_id = line.value("session_id", "");
  if (line.contains("turn")) episode.turn = line["turn"].get<int>();
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, line.value("occurred_at", "2024-01-01T00:00:00Z"),
                       &episode.occurred_at, &error)) {
    std::cerr << "occurred_at: " << error << "\n";
  }
  const std::string origin = line.value("origin", "user");
  episode.origin = origin == "assistant" ? Origin::kAssistant
                   : origin == "tool"    ? Origin::kTool
                                         : Origin::kUser;
  return episode;
}

std::string Day(const std::optional<absl::Time>& time) {
  return time ? absl::FormatTime("%Y-%m-%d", *time, absl::UTCTimeZone()) : "";
}

int Run() {
  std::list<Episode> episodes;
  std::map<std::string, Chunk> sessions;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_discarded()) {
      std::cerr << "not JSON: a line was left out\n";
      continue;
    }
    episodes.push_back(EpisodeFrom(json));
    sessions[episodes.back().session_id].memories.push_back(
        {&episodes.back(), json.value("cluster", -1), json.value("centrality", 0.0F)});
  }
  for (const auto& [session, chunk] : sessions) {
    for (const Gist& gist : ExtractBuiltin(chunk)) {
      const Grounding grounding = Ground(gist, chunk);
      nlohmann::ordered_json out{{"key", gist.key},
                                 {"value", gist.value.value_or("")},
                                 {"state", gist.state == AssertionState::kHolds ? "holds" : "ended"},
                                 {"text", gist.text},
                                 {"from", Day(gist.valid_from)},
                                 {"to", Day(gist.valid_to)},
                                 {"confidence", gist.confidence},
                                 {"episode", chunk.memories[gist.evidence[0].memory].episode->id},
                                 {"quote", gist.evidence[0].quote},
                                 {"grounding", grounding.reason}};
      std::cout << out.dump() << "\n";
    }
  }
  return 0;
}

}  // namespace
}  // namespace slowwave

int main() {
  try {
    return slowwave::Run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
