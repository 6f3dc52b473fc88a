#include <algorithm>
#include <map>

#include "storage/codec.h"
#include "storage/postgres/rows.h"
#include "storage/postgres/store_impl.h"

namespace slowwave::postgres {
namespace {

Assertion ReadAssertion(Rows& row) {
  Assertion a;
  a.key = row.Text(0);
  a.id = row.Text(1);
  a.run_id = row.Text(2);
  a.value = row.MaybeText(3);
  a.value_type = row.Enum<ValueType>(4);
  a.type = row.Enum<GistType>(5);
  a.state = row.Enum<AssertionState>(6);
  a.said_at = row.Time(7);
  a.valid_from = row.MaybeTime(8);
  a.valid_to = row.MaybeTime(9);
  a.turn = static_cast<int32_t>(row.Int(10));
  a.session = row.Text(11);
  a.trust = static_cast<int>(row.Int(12));
  a.confidence = row.Real(13);
  a.episode_confidence = row.Real(14);
  a.text = row.Text(15);
  a.evidence = row.EvidenceList(16);
  a.context = row.EvidenceList(17);
  return a;
}

Fact ReadFact(Rows& row) {
  Fact fact;
  fact.key = row.Text(0);
  fact.category = row.Enum<Category>(2);
  fact.subject = row.Text(3);
  fact.predicate = row.Text(4);
  fact.value = row.Text(5);
  fact.value_type = row.Enum<ValueType>(6);
  fact.type = row.Enum<GistType>(7);
  fact.text = row.Text(8);
  fact.confidence = row.Real(9);
  fact.trust = static_cast<int>(row.Int(10));
  fact.temporal = row.Bool(11);
  fact.valid_from = row.MaybeTime(12);
  fact.valid_to = row.MaybeTime(13);
  fact.closed = row.Bool(14);
  fact.evidence = row.EvidenceList(15);
  fact.closing = row.EvidenceList(16);
  fact.run_id = row.Text(17);
  return fact;
}

std::string CategoryPart(std::string_view key) {
  const size_t first = key.find(':');
  if (first == std::string_view::npos) return "";
  return std::string(key.substr(first + 1, key.find(':', first + 1) - first - 1));
}

absl::StatusOr<SlotContents> ReadContents(const UserKey& user, Rows owner, Rows assertions, Rows facts) {
  if (!owner.Step()) return NoSuchUser();
  SlotContents contents;
  const UserState state = ReadUser(user, owner);
  contents.memory_version = state.memory_version;
  contents.fold_stamp = state.fold_stamp;
  while (assertions.Step()) contents.assertions.push_back(ReadAssertion(assertions));
  while (facts.Step()) contents.facts.push_back(ReadFact(facts));
  return contents;
}

}  // namespace

void InsertAssertions(Transaction& t, const UserKey& user, const std::vector<Assertion>& assertions) {
  if (assertions.empty()) return;
  std::vector<std::string> keys, ids, runs, sessions, texts, evidence, context;
  std::vector<std::optional<std::string>> values;
  std::vector<ValueType> value_types;
  std::vector<GistType> types;
  std::vector<AssertionState> states;
  std::vector<absl::Time> said;
  std::vector<std::optional<absl::Time>> from, to;
  std::vector<int> turns, trusts;
  std::vector<double> confidences, episode_confidences;
  for (const Assertion& a : assertions) {
    keys.push_back(a.key);
    ids.push_back(a.id);
    runs.push_back(a.run_id);
    values.push_back(a.value);
    value_types.push_back(a.value_type);
    types.push_back(a.type);
    states.push_back(a.state);
    said.push_back(a.said_at);
    from.push_back(a.valid_from);
    to.push_back(a.valid_to);
    turns.push_back(a.turn);
    sessions.push_back(a.session);
    trusts.push_back(a.trust);
    confidences.push_back(a.confidence);
    episode_confidences.push_back(a.episode_confidence);
    texts.push_back(a.text);
    evidence.push_back(codec::EncodeEvidence(a.evidence));
    context.push_back(codec::EncodeEvidence(a.context));
  }
  t.Add("commit_assertions", user.tenant, user.user, keys, ids, runs, values, value_types, types, states,
        said, from, to, turns, sessions, trusts, confidences, episode_confidences, texts, evidence, context);
}

void InsertFacts(Transaction& t, const UserKey& user, const std::vector<Fact>& facts) {
  if (facts.empty()) return;
  std::map<std::string_view, int> next;
  std::vector<std::string> keys, parts, subjects, predicates, values, texts, evidence, closing, runs;
  std::vector<int> ords, trusts;
  std::vector<Category> categories;
  std::vector<ValueType> value_types;
  std::vector<GistType> types;
  std::vector<double> confidences;
  std::vector<bool> temporal, closed;
  std::vector<std::optional<absl::Time>> from, to;
  for (const Fact& f : facts) {
    keys.push_back(f.key);
    ords.push_back(next[f.key]++);
    categories.push_back(f.category);
    parts.push_back(CategoryPart(f.key));
    subjects.push_back(f.subject);
    predicates.push_back(f.predicate);
    values.push_back(f.value);
    value_types.push_back(f.value_type);
    types.push_back(f.type);
    texts.push_back(f.text);
    confidences.push_back(f.confidence);
    trusts.push_back(f.trust);
    temporal.push_back(f.temporal);
    from.push_back(f.valid_from);
    to.push_back(f.valid_to);
    closed.push_back(f.closed);
    evidence.push_back(codec::EncodeEvidence(f.evidence));
    closing.push_back(codec::EncodeEvidence(f.closing));
    runs.push_back(f.run_id);
  }
  t.Add("fact_insert", user.tenant, user.user, keys, ords, categories, parts, subjects, predicates, values,
        value_types, types, texts, confidences, trusts, temporal, from, to, closed, evidence, closing, runs);
}

absl::StatusOr<SlotContents> PostgresStore::LoadSlots(const UserKey& user,
                                                      const std::vector<std::string>& raw_keys,
                                                      const std::vector<std::string>& slot_keys) {
  return Read("load slots", [&](Transaction& t) -> absl::StatusOr<SlotContents> {
    Rows owner = t.Add("user_get", user.tenant, user.user);
    Rows assertions = t.Add("assertions_of_keys", user.tenant, user.user, raw_keys);
    Rows facts = t.Add("facts_of_keys", user.tenant, user.user, slot_keys);
    t.Finish();
    return ReadContents(user, owner, assertions, facts);
  });
}

absl::StatusOr<SlotContents> PostgresStore::LoadAllSlots(const UserKey& user) {
  return Read("load all slots", [&](Transaction& t) -> absl::StatusOr<SlotContents> {
    Rows owner = t.Add("user_get", user.tenant, user.user);
    Rows assertions = t.Add("assertions_of_user", user.tenant, user.user);
    Rows facts = t.Add("facts_of_user", user.tenant, user.user);
    t.Finish();
    return ReadContents(user, owner, assertions, facts);
  });
}

absl::StatusOr<std::vector<std::string>> PostgresStore::ListFactKeys(const UserKey& user) {
  return Read("list fact keys", [&](Transaction& t) -> absl::StatusOr<std::vector<std::string>> {
    Rows owner = t.Add("user_get", user.tenant, user.user);
    Rows rows = t.Add("fact_keys", user.tenant, user.user);
    if (!t.Finish() || !owner.Step()) return NoSuchUser();
    std::vector<std::string> keys;
    while (rows.Step()) keys.push_back(rows.Text(0));
    return keys;
  });
}

absl::Status PostgresStore::ReplaceFacts(const UserKey& user, int64_t memory_version,
                                         const std::string& fold_stamp, const std::vector<Fact>& facts) {
  return Write("replace facts", [&](Transaction& t) -> absl::Status {
    Rows owner = t.Add("user_lock", user.tenant, user.user);
    if (!t.Send() || !owner.Step()) return NoSuchUser();
    t.Add("facts_replace_all", user.tenant, user.user, memory_version, fold_stamp, facts.size());
    t.Guard(absl::AbortedError("memory changed since it was read"));
    InsertFacts(t, user, facts);
    return absl::OkStatus();
  });
}

absl::StatusOr<Page<Fact>> PostgresStore::ListFacts(const UserKey& user, const FactFilter& filter,
                                                    const std::string& after, int limit) {
  if (absl::Status checked = CheckLimit(limit); !checked.ok()) return checked;
  std::string last_key;
  std::optional<absl::Time> last_from;
  int64_t last_ord = -1;
  if (!after.empty()) {
    absl::StatusOr<std::vector<std::string>> fields = codec::DecodePageToken("facts", after, 3);
    if (!fields.ok()) return fields.status();
    absl::StatusOr<int64_t> ord = codec::PageTokenNumber((*fields)[2]);
    if (!ord.ok()) return ord.status();
    last_key = (*fields)[0];
    last_ord = *ord;
    if (!(*fields)[1].empty()) {
      absl::StatusOr<int64_t> from = codec::PageTokenNumber((*fields)[1]);
      if (!from.ok()) return from.status();
      last_from = TimeOfToken(*from);
    }
  }
  return Read("list facts", [&](Transaction& t) -> absl::StatusOr<Page<Fact>> {
    Rows owner = t.Add("user_get", user.tenant, user.user);
    Rows rows = t.Add("fact_page", user.tenant, user.user, last_key, last_from, last_ord, filter.subject,
                      filter.category_part, filter.key, int64_t{limit} + 1);
    if (!t.Finish() || !owner.Step()) return NoSuchUser();
    Page<Fact> page;
    int64_t ord = 0;
    while (rows.Step()) {
      if (page.items.size() == static_cast<size_t>(limit)) {
        const Fact& last = page.items.back();
        const std::string from = last.valid_from ? absl::StrCat(absl::ToUnixMicros(*last.valid_from)) : "";
        page.next = codec::EncodePageToken("facts", {last.key, from, absl::StrCat(ord)});
        break;
      }
      page.items.push_back(ReadFact(rows));
      ord = rows.Int(1);
    }
    return page;
  });
}

}  // namespace slowwave::postgres
