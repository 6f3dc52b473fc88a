#include <algorithm>
#include <map>

#include "storage/codec.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/store_impl.h"

namespace slowwave::sqlite {
namespace {

// Sorts before every time that a fact can have; facts.sql has the same number.
constexpr int64_t kNoBeginning = -INT64_MAX;

Assertion ReadAssertion(Query& q) {
  Assertion a;
  a.key = q.Text(0);
  a.id = q.Text(1);
  a.run_id = q.Text(2);
  a.value = q.MaybeText(3);
  a.value_type = q.Enum<ValueType>(4);
  a.type = q.Enum<GistType>(5);
  a.state = q.Enum<AssertionState>(6);
  a.said_at = q.Time(7);
  a.valid_from = q.MaybeTime(8);
  a.valid_to = q.MaybeTime(9);
  a.turn = static_cast<int32_t>(q.Int(10));
  a.session = q.Text(11);
  a.trust = static_cast<int>(q.Int(12));
  a.confidence = q.Real(13);
  a.episode_confidence = q.Real(14);
  a.text = q.Text(15);
  a.evidence = q.EvidenceList(16);
  a.context = q.EvidenceList(17);
  return a;
}

Fact ReadFact(Query& q) {
  Fact fact;
  fact.key = q.Text(0);
  fact.category = q.Enum<Category>(2);
  fact.subject = q.Text(3);
  fact.predicate = q.Text(4);
  fact.value = q.Text(5);
  fact.value_type = q.Enum<ValueType>(6);
  fact.type = q.Enum<GistType>(7);
  fact.text = q.Text(8);
  fact.confidence = q.Real(9);
  fact.trust = static_cast<int>(q.Int(10));
  fact.temporal = q.Bool(11);
  fact.valid_from = q.MaybeTime(12);
  fact.valid_to = q.MaybeTime(13);
  fact.closed = q.Bool(14);
  fact.evidence = q.EvidenceList(15);
  fact.closing = q.EvidenceList(16);
  fact.run_id = q.Text(17);
  return fact;
}

std::string CategoryPart(std::string_view key) {
  const size_t first = key.find(':');
  if (first == std::string_view::npos) return "";
  return std::string(key.substr(first + 1, key.find(':', first + 1) - first - 1));
}

// The user's versions. False: no such user.
bool Open(Connection& c, const UserKey& user, SlotContents& contents) {
  std::optional<UserState> state = LoadUser(c, user);
  if (!state) return false;
  contents.memory_version = state->memory_version;
  contents.fold_stamp = std::move(state->fold_stamp);
  return true;
}

std::vector<std::string> Distinct(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

}  // namespace

void InsertAssertion(Connection& c, const UserKey& user, const Assertion& a) {
  Query(c, "assertion_insert", user.tenant, user.user, a.key, a.id, a.run_id, a.value, a.value_type, a.type,
        a.state, a.said_at, a.valid_from, a.valid_to, a.turn, a.session, a.trust, a.confidence,
        a.episode_confidence, a.text, codec::EncodeEvidence(a.evidence), codec::EncodeEvidence(a.context))
      .Run();
}

void InsertFacts(Connection& c, const UserKey& user, const std::vector<Fact>& facts) {
  std::map<std::string_view, int> next;
  for (const Fact& f : facts) {
    Query(c, "fact_insert", user.tenant, user.user, f.key, next[f.key]++, f.category, CategoryPart(f.key),
          f.subject, f.predicate, f.value, f.value_type, f.type, f.text, f.confidence, f.trust, f.temporal,
          f.valid_from, f.valid_to, f.closed, codec::EncodeEvidence(f.evidence),
          codec::EncodeEvidence(f.closing), f.run_id)
        .Run();
  }
}

absl::StatusOr<SlotContents> SqliteStore::LoadSlots(const UserKey& user,
                                                    const std::vector<std::string>& raw_keys,
                                                    const std::vector<std::string>& slot_keys) {
  return Read("load slots", [&](Connection& c) -> absl::StatusOr<SlotContents> {
    SlotContents contents;
    if (!Open(c, user, contents)) return NoSuchUser();
    for (const std::string& key : Distinct(raw_keys)) {
      Query q(c, "assertions_of_key", user.tenant, user.user, key);
      while (q.Step()) contents.assertions.push_back(ReadAssertion(q));
    }
    for (const std::string& key : Distinct(slot_keys)) {
      Query q(c, "facts_of_key", user.tenant, user.user, key);
      while (q.Step()) contents.facts.push_back(ReadFact(q));
    }
    return contents;
  });
}

absl::StatusOr<SlotContents> SqliteStore::LoadAllSlots(const UserKey& user) {
  return Read("load all slots", [&](Connection& c) -> absl::StatusOr<SlotContents> {
    SlotContents contents;
    if (!Open(c, user, contents)) return NoSuchUser();
    Query assertions(c, "assertions_of_user", user.tenant, user.user);
    while (assertions.Step()) contents.assertions.push_back(ReadAssertion(assertions));
    Query facts(c, "facts_of_user", user.tenant, user.user);
    while (facts.Step()) contents.facts.push_back(ReadFact(facts));
    return contents;
  });
}

absl::StatusOr<std::vector<std::string>> SqliteStore::ListFactKeys(const UserKey& user) {
  return Read("list fact keys", [&](Connection& c) -> absl::StatusOr<std::vector<std::string>> {
    if (!LoadUser(c, user)) return NoSuchUser();
    std::vector<std::string> keys;
    Query q(c, "fact_keys", user.tenant, user.user);
    while (q.Step()) keys.push_back(q.Text(0));
    return keys;
  });
}

absl::Status SqliteStore::ReplaceFacts(const UserKey& user, int64_t memory_version,
                                       const std::string& fold_stamp, const std::vector<Fact>& facts) {
  return Write("replace facts", [&](Connection& c) -> absl::Status {
    const std::optional<UserState> state = LoadUser(c, user);
    if (!state) return NoSuchUser();
    if (state->memory_version != memory_version)
      return absl::AbortedError("memory changed since it was read");
    const int64_t removed = Query(c, "fact_delete_user", user.tenant, user.user).Run();
    InsertFacts(c, user, facts);
    Query(c, "user_count_run", user.tenant, user.user, 0, 0, 0, static_cast<int64_t>(facts.size()) - removed,
          0, fold_stamp)
        .Run();
    return absl::OkStatus();
  });
}

absl::StatusOr<Page<Fact>> SqliteStore::ListFacts(const UserKey& user, const FactFilter& filter,
                                                  const std::string& after, int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::string last_key;
  int64_t last_from = INT64_MIN, last_ord = -1;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("facts", after, 3);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> from = codec::PageTokenNumber((*fields)[1]),
                            ord = codec::PageTokenNumber((*fields)[2]);
    if (!from.ok()) return from.status();
    if (!ord.ok()) return ord.status();
    last_key = (*fields)[0];
    last_from = *from;
    last_ord = *ord;
  }
  return Read("list facts", [&](Connection& c) -> absl::StatusOr<Page<Fact>> {
    if (!LoadUser(c, user)) return NoSuchUser();
    Page<Fact> page;
    int64_t ord = 0;
    Query q(c, "fact_page", user.tenant, user.user, last_key, last_from, last_ord, filter.subject,
            filter.category_part, filter.key, int64_t{limit} + 1);
    while (q.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        const Fact& last = page.items.back();
        const int64_t from = last.valid_from ? absl::ToUnixMicros(*last.valid_from) : kNoBeginning;
        page.next = codec::EncodePageToken("facts", {last.key, absl::StrCat(from), absl::StrCat(ord)});
        break;
      }
      page.items.push_back(ReadFact(q));
      ord = q.Int(1);
    }
    return page;
  });
}

}  // namespace slowwave::sqlite
