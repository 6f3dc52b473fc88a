#include "storage/postgres/enqueue_line.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace slowwave::postgres {

// Those whose user or request_id is in the batch already are taken too, but not sent: what they join is there
// only when the batch is.
std::vector<std::shared_ptr<EnqueueLine::Place>> EnqueueLine::TakeFrom(Line& line, Batch& batch) const {
  std::vector<std::shared_ptr<Place>> sent, others;
  std::set<std::string_view> users, ids;
  while (!line.waiting.empty() && sent.size() + others.size() < kMaxBatch) {
    std::shared_ptr<Place> place = std::move(line.waiting.front());
    line.waiting.pop_front();
    const EnqueueRequest& request = place->request;
    const bool new_id = request.request_id.empty() || ids.insert(request.request_id).second;
    const bool new_user = users.insert(request.user.user).second;
    if (new_id && new_user) batch.push_back(&request);
    (new_id && new_user ? sent : others).push_back(std::move(place));
  }
  sent.insert(sent.end(), others.begin(), others.end());
  return sent;
}

absl::StatusOr<std::optional<EnqueueResult>> EnqueueLine::Enqueue(const EnqueueRequest& request,
                                                                  Deadline deadline) {
  const auto mine = std::make_shared<Place>();
  mine->request = request;
  const std::string& tenant = request.user.tenant;
  // A line stays where it is while anybody waits or is sent in it.
  Line* line = nullptr;
  Batch batch;
  std::vector<std::shared_ptr<Place>> places;
  {
    absl::MutexLock lock(&mu_);
    line = &lines_[tenant];
    line->waiting.push_back(mine);
    const auto turn = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return mine->answered || (!line->sending && !line->waiting.empty() && line->waiting.front() == mine);
    };
    if (!mine->changed.Await(mu_, deadline, turn)) {
      std::erase(line->waiting, mine);
      if (!line->sending) Next(tenant);
      return absl::UnavailableError("enqueue: the database did not answer in time");
    }
    if (mine->answered) return std::move(mine->answer);
    line->sending = true;
    places = TakeFrom(*line, batch);
  }
  absl::StatusOr<Answers> answers = send_(batch, deadline);

  absl::MutexLock lock(&mu_);
  line->sending = false;
  for (size_t i = 0; i < places.size(); ++i) {
    places[i]->answered = true;
    if (!answers.ok()) {
      places[i]->answer = answers.status();
    } else if (i < batch.size()) {
      places[i]->answer = std::move((*answers)[i]);
    }
    places[i]->changed.NotifyOne();
  }
  Next(tenant);
  return std::move(mine->answer);
}

void EnqueueLine::Next(const std::string& tenant) {
  const auto line = lines_.find(tenant);
  if (line->second.waiting.empty()) {
    lines_.erase(line);
  } else {
    line->second.waiting.front()->changed.NotifyOne();
  }
}

size_t EnqueueLine::waiting(const std::string& tenant) const {
  absl::MutexLock lock(&mu_);
  const auto line = lines_.find(tenant);
  return line == lines_.end() ? 0 : line->second.waiting.size();
}

}  // namespace slowwave::postgres
