// What a run is made of, as its record keeps it: for reading its replies again, and for taking it back. Ids
// only; the rows themselves hold the content.
#ifndef SLOWWAVE_CORE_CHANGE_SET_H_
#define SLOWWAVE_CORE_CHANGE_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/plan.h"

namespace slowwave {

struct ChangeSet {
  // What became of a chunk's reply.
  struct Answer {
    std::string question;  // the hash it is stored under; empty: it is not
    std::string digest;    // of the stored reply, SHA-256 in hex; empty: not all of the chunk was answered
  };
  Plan plan;                            // as shown: without episodes that were gone by then
  std::vector<Answer> answers;          // by chunk of the plan
  std::vector<std::string> assertions;  // ids
  std::vector<std::string> reviewed, cited;
  int64_t quarantined = 0;
};

// Each id in `reviewed` and `cited` is in `plan.episodes`.
std::string ChangeSetToJson(const ChangeSet& set);
// FailedPrecondition: of an earlier version, which kept no plan. DataLoss: not such a text.
absl::StatusOr<ChangeSet> ChangeSetFromJson(const std::string& json);

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_CHANGE_SET_H_
