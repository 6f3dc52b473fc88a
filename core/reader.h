// Facts as a caller sees them: the stored ones, or folded in memory if the slots changed since they were
// stored.
#ifndef SLOWWAVE_CORE_READER_H_
#define SLOWWAVE_CORE_READER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/fold.h"
#include "storage/store.h"

namespace slowwave {

struct FactDetail {
  std::vector<Fact> history;          // of one key, by time
  std::vector<Assertion> assertions;  // that it rests on
  std::vector<Unused> unused;         // contested, outranked, ... with the reason
};

struct Verification {
  bool equal = false;
  int64_t facts = 0, assertions = 0;
  std::string stored_digest, folded_digest;
  std::vector<std::string> differences;  // keys, at most 20
};

// Any thread. `store` must outlive it.
class MemoryReader {
 public:
  explicit MemoryReader(Store& store) : store_(store) {}
  // All facts, history included, in the order of Fold. kNotFound: no such user.
  absl::StatusOr<std::vector<Fact>> AllFacts(const UserKey& user) const;
  // One page; `after` and `next` as in Store. kNotFound.
  absl::StatusOr<Page<Fact>> Facts(const UserKey& user, const FactFilter& filter, const std::string& after,
                                   int limit) const;
  // `key` may be an alias. kNotFound: no such user, or nothing known under that key.
  absl::StatusOr<FactDetail> Detail(const UserKey& user, const std::string& key) const;
  absl::StatusOr<std::string> Digest(const UserKey& user) const;
  // Folds again from the assertions and compares with what is stored.
  absl::StatusOr<Verification> Verify(const UserKey& user) const;

 private:
  Store& store_;
};

}  // namespace slowwave

#endif  // SLOWWAVE_CORE_READER_H_
