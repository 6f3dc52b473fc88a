// What the demo tells of a consolidated memory. Pure functions of what the daemon answered.
#ifndef SLOWWAVE_SERVER_COMMANDS_DEMO_STORY_H_
#define SLOWWAVE_SERVER_COMMANDS_DEMO_STORY_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/format.h"
#include "slowwave/v1/consolidation.pb.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {

// An episode of the sample as it came in.
struct Arrival {
  int64_t line = 0;
  std::string speaker, day;
  bool late = false;  // something said later came in before it
};

// By episode id. Lines that are no episodes are left out.
std::map<std::string, Arrival> Arrivals(std::string_view jsonl);

// What holds now, person by person, each fact with the quotes behind it (at most two, and how many more).
std::string NowText(const std::vector<v1::Fact>& facts, const std::map<std::string, Arrival>& arrivals);

// What no longer holds and what took its place, a slot a line, with the words that ended it.
std::string ChangesText(const std::vector<v1::Fact>& facts, const std::map<std::string, Arrival>& arrivals);

// Facts that rest on words that came in late or that speak of an earlier time, at most `limit` of each.
std::string LateText(const std::vector<v1::Fact>& facts, const std::map<std::string, Arrival>& arrivals,
                     size_t limit);

// What was said about these slots but changed nothing, with the reason; empty if all of it did.
std::string UnusedText(const std::vector<v1::FactDetail>& details,
                       const std::map<std::string, Arrival>& arrivals, size_t limit);

// The runs' figures, summed.
std::string RunsText(const std::vector<v1::Report>& reports);

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_DEMO_STORY_H_
