// Who said an episode and when, asked of the daemon once each.
#ifndef SLOWWAVE_SERVER_COMMANDS_EPISODE_LOOKUP_H_
#define SLOWWAVE_SERVER_COMMANDS_EPISODE_LOOKUP_H_

#include <map>
#include <string>

#include "server/commands/client.h"
#include "server/commands/format.h"

namespace slowwave {

// One thread. `client` and `target` must outlive it.
class EpisodeLookup {
 public:
  EpisodeLookup(Client& client, const Target& target) : client_(client), target_(target) {}
  // Empty if the episode is not there (erased since): the quote stands for itself then.
  Said operator()(const std::string& id) const;

 private:
  Client& client_;
  const Target& target_;
  mutable std::map<std::string, Said> known_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_COMMANDS_EPISODE_LOOKUP_H_
