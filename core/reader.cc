#include "core/reader.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/refold.h"

namespace slowwave {
namespace {

constexpr int kPageSize = 1000;
constexpr size_t kListedDifferences = 20;

bool Passes(const Fact& fact, const FactFilter& filter) {
  return (filter.subject.empty() || fact.subject == filter.subject) &&
         (filter.category_part.empty() || filter.category_part == Name(fact.category)) &&
         (filter.key.empty() || fact.key == filter.key);
}

absl::StatusOr<std::vector<Fact>> StoredFacts(Store& store, const UserKey& user) {
  std::vector<Fact> facts;
  std::string after;
  do {
    absl::StatusOr<Page<Fact>> page = store.ListFacts(user, {}, after, kPageSize);
    if (!page.ok()) return page.status();
    std::move(page->items.begin(), page->items.end(), std::back_inserter(facts));
    after = page->next;
  } while (!after.empty());
  return facts;
}

// Folded in memory, so that a changed registry shows at once.
absl::StatusOr<std::vector<Fact>> FreshFacts(Store& store, const UserKey& user, const Registry& registry) {
  absl::StatusOr<SlotContents> all = store.LoadAllSlots(user);
  if (!all.ok()) return all.status();
  return RefoldAll(*all, registry).facts;
}

bool IsStale(const UserState& state, const Registry& registry) {
  return !state.fold_stamp.empty() && state.fold_stamp != registry.stamp();
}

}  // namespace

absl::StatusOr<std::vector<Fact>> MemoryReader::AllFacts(const UserKey& user) const {
  absl::StatusOr<UserState> state = store_.GetUser(user);
  if (!state.ok()) return state.status();
  absl::StatusOr<SlotRegistry> slots = store_.GetSlots(user.tenant);
  if (!slots.ok()) return slots.status();
  const Registry registry(*std::move(slots));
  return IsStale(*state, registry) ? FreshFacts(store_, user, registry) : StoredFacts(store_, user);
}

absl::StatusOr<Page<Fact>> MemoryReader::Facts(const UserKey& user, const FactFilter& filter,
                                               const std::string& after, int limit) const {
  absl::StatusOr<UserState> state = store_.GetUser(user);
  if (!state.ok()) return state.status();
  absl::StatusOr<SlotRegistry> slots = store_.GetSlots(user.tenant);
  if (!slots.ok()) return slots.status();
  const Registry registry(*std::move(slots));
  FactFilter resolved = filter;
  if (!resolved.key.empty()) resolved.key = registry.Resolve(resolved.key).name;
  // A page of a stale user names its place by number; a refold between two pages makes such a token invalid.
  constexpr char kFresh[] = "fresh:";
  const bool stale = IsStale(*state, registry);
  const bool counted = absl::string_view(after).substr(0, 6) == kFresh;
  if (!stale) {
    if (counted) return absl::InvalidArgumentError("page_token: the slots changed meanwhile; begin again");
    return store_.ListFacts(user, resolved, after, limit);
  }
  size_t skip = 0;
  if (!after.empty() && (!counted || !absl::SimpleAtoi(after.substr(6), &skip))) {
    return absl::InvalidArgumentError("page_token: the slots changed meanwhile; begin again");
  }
  absl::StatusOr<std::vector<Fact>> all = FreshFacts(store_, user, registry);
  if (!all.ok()) return all.status();
  std::erase_if(*all, [&](const Fact& fact) { return !Passes(fact, resolved); });
  Page<Fact> page;
  for (size_t i = skip; i < all->size() && page.items.size() < static_cast<size_t>(limit); ++i) {
    page.items.push_back((*all)[i]);
  }
  if (skip + page.items.size() < all->size()) page.next = absl::StrCat(kFresh, skip + page.items.size());
  return page;
}

absl::StatusOr<FactDetail> MemoryReader::Detail(const UserKey& user, const std::string& key) const {
  absl::StatusOr<SlotRegistry> slots = store_.GetSlots(user.tenant);
  if (!slots.ok()) return slots.status();
  const Registry registry(*std::move(slots));
  const std::string name = registry.Resolve(key).name;
  absl::StatusOr<SlotContents> contents = store_.LoadSlots(user, registry.RawKeysOf(name), {name});
  if (!contents.ok()) return contents.status();
  if (contents->assertions.empty())
    return absl::NotFoundError(absl::StrCat("nothing is known under key ", key));
  Folded folded = RefoldAll(*contents, registry);
  return FactDetail{std::move(folded.facts), std::move(contents->assertions), std::move(folded.unused)};
}

absl::StatusOr<std::string> MemoryReader::Digest(const UserKey& user) const {
  absl::StatusOr<std::vector<Fact>> facts = AllFacts(user);
  if (!facts.ok()) return facts.status();
  return DigestOf(*facts);
}

absl::StatusOr<Verification> MemoryReader::Verify(const UserKey& user) const {
  absl::StatusOr<UserState> state = store_.GetUser(user);
  if (!state.ok()) return state.status();
  absl::StatusOr<SlotRegistry> slots = store_.GetSlots(user.tenant);
  if (!slots.ok()) return slots.status();
  const Registry registry(*std::move(slots));
  absl::StatusOr<SlotContents> all = store_.LoadAllSlots(user);
  if (!all.ok()) return all.status();
  const std::vector<Fact> folded = RefoldAll(*all, registry).facts;
  // Stored facts of a changed registry are stale by design, not wrong: they are never served.
  const std::vector<Fact>& stored = IsStale(*state, registry) ? folded : all->facts;
  Verification out;
  out.facts = static_cast<int64_t>(folded.size());
  out.assertions = static_cast<int64_t>(all->assertions.size());
  out.stored_digest = DigestOf(stored);
  out.folded_digest = DigestOf(folded);
  out.equal = out.stored_digest == out.folded_digest;
  std::map<std::string, int> balance;
  for (const Fact& fact : stored) ++balance[Canonical(fact)];
  for (const Fact& fact : folded) --balance[Canonical(fact)];
  std::set<std::string> keys;
  for (const auto* list : {&stored, &folded}) {
    for (const Fact& fact : *list) {
      if (balance[Canonical(fact)] != 0) keys.insert(fact.key);
    }
  }
  for (const std::string& key : keys) {
    if (out.differences.size() < kListedDifferences) out.differences.push_back(key);
  }
  return out;
}

}  // namespace slowwave
