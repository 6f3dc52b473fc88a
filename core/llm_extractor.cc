#include "core/llm_extractor.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "core/guarded_json.h"
#include "core/prompt.h"
#include "core/reply_parser.h"
#include "core/stages/chunk.h"
#include "core/token_budget.h"

namespace slowwave {
namespace {

using nlohmann::json;

// The memories `members` of a chunk alone; the others count as turns around them.
Chunk PartOf(const Chunk& whole, const std::vector<int>& members) {
  if (members.size() == whole.memories.size()) return whole;
  Chunk part;
  part.themes = whole.themes;
  part.slots = whole.slots;
  std::vector<const Episode*> others = whole.context;
  for (size_t i = 0; i < whole.memories.size(); ++i) {
    if (std::find(members.begin(), members.end(), static_cast<int>(i)) == members.end()) {
      others.push_back(whole.memories[i].episode);
    } else {
      part.memories.push_back(whole.memories[i]);
    }
  }
  for (const Episode* other : others) {
    const bool near = std::any_of(part.memories.begin(), part.memories.end(),
                                  [&](const ChunkMemory& m) { return AreNeighbours(*m.episode, *other); });
    if (near) part.context.push_back(other);
  }
  return part;
}

// The gists of an answer about a part, citing the whole chunk's memories.
absl::StatusOr<std::vector<Gist>> GistsOf(const std::string& answer, const Chunk& whole,
                                          const std::vector<int>& members) {
  absl::StatusOr<std::vector<Gist>> gists = ParseReply(answer, PartOf(whole, members));
  if (!gists.ok()) return gists;
  for (Gist& gist : *gists) {
    for (Citation& citation : gist.evidence) {
      if (citation.memory >= 0) citation.memory = members[static_cast<size_t>(citation.memory)];
    }
  }
  return gists;
}

// After so many refused requests of a chunk, and no answer, it is split no further.
constexpr int kRefusedRequests = 8;

// Outcomes of calls that the endpoint did its work for.
constexpr const char* kAnswered[] = {"ok", "length", "refused", "bad_reply"};

// What a call may cost at most, nearly: hardly any text has more tokens than half its bytes.
int64_t MostTokensOf(const LlmRequest& request) {
  size_t bytes = request.schema.size();
  for (const LlmMessage& message : request.messages) bytes += message.content.size();
  return static_cast<int64_t>(bytes / 2) + request.max_tokens;
}

// What the calls cost as the endpoint counts. One that does not say, or that nobody waited for to the end,
// may have cost all that was set aside; one that was turned away has cost nothing.
int64_t UsedOf(const LlmReply& reply, const SetAside& aside) {
  const int64_t counted = reply.prompt_tokens + reply.completion_tokens;
  int64_t silent = reply.calls;
  for (const auto& [word, count] : reply.outcomes) {
    if (word != "timeout") silent -= count;
  }
  const bool answered = std::any_of(std::begin(kAnswered), std::end(kAnswered),
                                    [&](const char* word) { return reply.outcomes.contains(word); });
  if (answered && counted == 0) ++silent;
  return counted + silent * aside.tokens;
}

// Where to cut in two: between clusters if that leaves at least a quarter on either side, else in the middle.
size_t CutOf(const Chunk& chunk, const std::vector<int>& members) {
  const size_t middle = members.size() / 2, least = std::max<size_t>(1, members.size() / 4);
  for (size_t away = 0; away <= middle; ++away) {
    for (const size_t at : {middle - away, middle + away}) {
      if (at < least || at + least > members.size()) continue;
      const int before = chunk.memories[static_cast<size_t>(members[at - 1])].cluster;
      const int after = chunk.memories[static_cast<size_t>(members[at])].cluster;
      if (before != after || before < 0) return at;
    }
  }
  return middle;
}

}  // namespace

absl::StatusOr<ChunkReply> ReplyOfJournal(const Chunk& chunk, const std::string& journal) {
  const absl::Status wrong = absl::InvalidArgumentError("a stored exchange does not fit its chunk");
  const json stored = json::parse(journal, nullptr, /*allow_exceptions=*/false);
  if (!stored.is_object() || !stored.contains("parts") || !stored.contains("unreadable")) return wrong;
  ChunkReply reply;
  reply.journal = journal;
  try {
    stored.at("unreadable").get_to(reply.unreadable);
    for (const json& part : stored.at("parts")) {
      const auto members = part.at("memories").get<std::vector<int>>();
      for (const int i : members) {
        if (i < 0 || static_cast<size_t>(i) >= chunk.memories.size()) return wrong;
      }
      absl::StatusOr<std::vector<Gist>> gists = GistsOf(part.at("answer").get<std::string>(), chunk, members);
      if (!gists.ok()) return wrong;
      std::move(gists->begin(), gists->end(), std::back_inserter(reply.gists));
    }
  } catch (const json::exception&) {
    return wrong;
  }
  for (const int i : reply.unreadable) {
    if (i < 0 || static_cast<size_t>(i) >= chunk.memories.size()) return wrong;
  }
  reply.outcomes["stored"] = 1;
  return reply;
}

std::string LlmReaderName() { return absl::StrCat("llm/", kParserVersion); }

struct LlmExtractor::Part {
  std::vector<int> members;  // indices into the chunk's memories
  bool asked_again = false;
  bool asked = false;  // in vain so far, by itself or within a larger part
  SetAside aside;      // for the call under way
};

struct LlmExtractor::Job {
  Job(const Chunk& c, StopFlag s, Done d) : chunk(c), stop(std::move(s)), done(std::move(d)) {}
  const Chunk& chunk;
  const StopFlag stop;
  const Done done;
  absl::Mutex mu;
  int open ABSL_GUARDED_BY(mu) = 1;  // parts asked about
  ChunkReply reply ABSL_GUARDED_BY(mu);
  json parts ABSL_GUARDED_BY(mu) = json::array();  // of the journal
  int refused_requests ABSL_GUARDED_BY(mu) = 0;    // before any part was answered
};

LlmExtractor::LlmExtractor(LlmClient& client, int max_reply_tokens)
    : client_(client), max_reply_tokens_(max_reply_tokens) {}

std::string LlmExtractor::name() const { return LlmReaderName(); }
std::string LlmExtractor::model() const { return client_.model(); }
std::string LlmExtractor::prompt_version() const { return kPromptVersion; }

std::string LlmExtractor::QuestionOf(const Chunk& chunk) const {
  return QuestionHash(chunk, client_.model());
}

absl::StatusOr<ChunkReply> LlmExtractor::Recall(const Chunk& chunk, const std::string& journal) const {
  return ReplyOfJournal(chunk, journal);
}

void LlmExtractor::Extract(const Chunk& chunk, StopFlag stop, Done done) {
  auto job = std::make_shared<Job>(chunk, std::move(stop), std::move(done));
  Part all;
  all.members.resize(chunk.memories.size());
  std::iota(all.members.begin(), all.members.end(), 0);
  Ask(job, std::move(all), "");
}

void LlmExtractor::Ask(const std::shared_ptr<Job>& job, Part part, const std::string& bad_answer) {
  LlmRequest request;
  request.messages = AskAbout(PartOf(job->chunk, part.members));
  if (part.asked_again) request.messages = AskAgain(std::move(request.messages), bad_answer);
  request.schema_name = "gists";
  request.schema = ReplySchema();
  request.max_tokens = max_reply_tokens_;
  request.stop = job->stop;
  request.traceparent = job->chunk.traceparent;
  if (job->chunk.tokens != nullptr) {
    if (request.max_tokens == 0) request.max_tokens = kReplyTokens;
    absl::StatusOr<SetAside> aside = job->chunk.tokens->Take(MostTokensOf(request));
    if (!aside.ok()) return NotAsked(job, part, aside.status());
    part.aside = *aside;
  }
  client_.Complete(std::move(request), [this, job, part = std::move(part)](LlmReply reply) {
    // The client's thread carries all calls: reading and parsing happen elsewhere.
    auto shared = std::make_shared<LlmReply>(std::move(reply));
    const auto work = [this, job, part, shared] { Answered(job, part, std::move(*shared)); };
    if (!post_ || post_(work)) {
      if (!post_) work();
      return;
    }
    shared->outcome = LlmOutcome::kStopped;
    work();
  });
}

void LlmExtractor::NotAsked(const std::shared_ptr<Job>& job, const Part& part, const absl::Status& why) {
  if (absl::IsOutOfRange(why)) {
    if (Split(job, part)) return;
    Leave(*job, part, "asking takes more tokens than the whole budget has");
  } else if (absl::IsResourceExhausted(why) && part.asked) {
    // It has cost something: were it not to count as a try, the same would be paid for in vain for ever.
    Leave(*job, part, "the budget of tokens has no room for another call");
  } else {
    absl::MutexLock lock(&job->mu);
    if (absl::IsResourceExhausted(why)) {
      job->reply.unasked.insert(job->reply.unasked.end(), part.members.begin(), part.members.end());
    } else {
      job->reply.status = why;
    }
  }
  Close(job);
}

void LlmExtractor::Answered(const std::shared_ptr<Job>& job, Part part, LlmReply reply) {
  if (job->chunk.tokens != nullptr) job->chunk.tokens->Settle(part.aside, UsedOf(reply, part.aside));
  part.asked = true;
  {
    absl::MutexLock lock(&job->mu);
    job->reply.calls += reply.calls;
    job->reply.retries += reply.retries;
    job->reply.prompt_tokens += reply.prompt_tokens;
    job->reply.completion_tokens += reply.completion_tokens;
    for (const auto& [word, count] : reply.outcomes) job->reply.outcomes[word] += count;
  }
  switch (reply.outcome) {
    case LlmOutcome::kOk:
      return Read(job, std::move(part), std::move(reply));
    case LlmOutcome::kLength:
      if (Split(job, part)) return;
      Leave(*job, part, "the answer is cut off");
      break;
    case LlmOutcome::kBadRequest:
      if (MayBlameMemories(*job) && Split(job, part)) return;
      Leave(*job, part, reply.detail);
      break;
    case LlmOutcome::kRefused:
      if (Split(job, part)) return;
      {
        absl::MutexLock lock(&job->mu);
        job->reply.unreadable.push_back(part.members.front());
      }
      break;
    case LlmOutcome::kBadReply:
      if (!part.asked_again) {
        part.asked_again = true;
        return Ask(job, std::move(part), "");
      }
      Leave(*job, part, absl::StrCat("no usable reply: ", reply.detail));
      break;
    case LlmOutcome::kFailed:
      Leave(*job, part, reply.detail);
      break;
    case LlmOutcome::kBusy: {
      // The endpoint's doing: no try of these memories.
      absl::MutexLock lock(&job->mu);
      job->reply.unasked.insert(job->reply.unasked.end(), part.members.begin(), part.members.end());
      job->reply.problems.push_back(
          absl::StrCat(part.members.size(), " memories wait: the endpoint puts them off: ", reply.detail));
      break;
    }
    case LlmOutcome::kDown:
    case LlmOutcome::kStopped: {
      absl::MutexLock lock(&job->mu);
      job->reply.status = reply.outcome == LlmOutcome::kDown
                              ? absl::UnavailableError(absl::StrCat("LLM endpoint: ", reply.detail))
                              : absl::CancelledError("the run was stopped");
      break;
    }
  }
  Close(job);
}

void LlmExtractor::Read(const std::shared_ptr<Job>& job, Part part, LlmReply reply) {
  absl::StatusOr<std::vector<Gist>> gists = GistsOf(reply.content, job->chunk, part.members);
  if (!gists.ok()) {
    {
      absl::MutexLock lock(&job->mu);
      --job->reply.outcomes["ok"];
      ++job->reply.outcomes[std::string(gists.status().message())];
    }
    if (!part.asked_again) {
      part.asked_again = true;
      return Ask(job, std::move(part), reply.content);
    }
    Leave(*job, part, absl::StrCat("the answer is not what was asked for: ", gists.status().message()));
    return Close(job);
  }
  {
    absl::MutexLock lock(&job->mu);
    std::move(gists->begin(), gists->end(), std::back_inserter(job->reply.gists));
    job->parts.push_back({{"memories", part.members}, {"answer", std::move(reply.content)}});
  }
  Close(job);
}

// A question that is refused is split to find out which memory is at fault; where all is refused, none is.
bool LlmExtractor::MayBlameMemories(Job& job) {
  absl::MutexLock lock(&job.mu);
  return !job.parts.empty() || ++job.refused_requests <= kRefusedRequests;
}

bool LlmExtractor::Split(const std::shared_ptr<Job>& job, const Part& part) {
  if (part.members.size() < 2) return false;
  const auto cut = part.members.begin() + static_cast<std::ptrdiff_t>(CutOf(job->chunk, part.members));
  {
    absl::MutexLock lock(&job->mu);
    ++job->open;
  }
  Part first, second;
  first.asked = second.asked = part.asked;
  first.members.assign(part.members.begin(), cut);
  second.members.assign(cut, part.members.end());
  Ask(job, std::move(first), "");
  Ask(job, std::move(second), "");
  return true;
}

void LlmExtractor::Leave(Job& job, const Part& part, const std::string& why) {
  absl::MutexLock lock(&job.mu);
  job.reply.left.insert(job.reply.left.end(), part.members.begin(), part.members.end());
  job.reply.problems.push_back(absl::StrCat(part.members.size(), " memories are left: ", why));
}

void LlmExtractor::Close(const std::shared_ptr<Job>& job) {
  ChunkReply reply;
  {
    absl::MutexLock lock(&job->mu);
    if (--job->open > 0) return;
    reply = std::move(job->reply);
    std::erase_if(reply.outcomes, [](const auto& entry) { return entry.second == 0; });
    if (reply.status.ok() && reply.left.empty() && reply.unasked.empty()) {
      const json journal = {
          {"version", 1}, {"parts", std::move(job->parts)}, {"unreadable", reply.unreadable}};
      reply.journal = journal.dump();
    }
  }
  job->done(std::move(reply));
}

}  // namespace slowwave
