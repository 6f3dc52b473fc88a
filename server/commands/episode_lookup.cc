#include "server/commands/episode_lookup.h"

namespace slowwave {

Said EpisodeLookup::operator()(const std::string& id) const {
  const auto [entry, fresh] = known_.try_emplace(id);
  if (fresh) {
    auto request = For<v1::GetEpisodeRequest>(target_);
    request.set_episode_id(id);
    const auto episode = client_.Call(&v1::MemoryService::Stub::GetEpisode, request);
    if (episode.ok()) entry->second = {episode->episode().speaker(), Day(episode->episode().occurred_at())};
  }
  return entry->second;
}

}  // namespace slowwave
