// The journal of exchanges with the LLM endpoint.
#include <algorithm>

#include "absl/strings/escaping.h"
#include "storage/codec.h"
#include "tests/storage/store_conformance.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr absl::Duration kKeep = absl::InfiniteDuration();

std::string HashOf(const std::string& request) { return absl::BytesToHexString(codec::Sha256(request)); }

Exchange MakeExchange(const std::string& request, const std::string& reply = R"({"gists": []})") {
  return {.request_hash = HashOf(request),
          .reply = reply,
          .model = "model-1",
          .prompt_tokens = 900,
          .completion_tokens = 30};
}

std::vector<Exchange> ManyExchanges(const std::string& prefix, int count) {
  std::vector<Exchange> list;
  for (int i = 0; i < count; ++i) list.push_back(MakeExchange(absl::StrCat(prefix, i)));
  return list;
}

std::vector<std::string> Hashes(const std::vector<Exchange>& exchanges) {
  std::vector<std::string> hashes;
  for (const Exchange& one : exchanges) hashes.push_back(one.request_hash);
  return hashes;
}

// The replies that these requests got, by hash.
std::vector<std::string> Replies(Store& store, const UserKey& user,
                                 const std::vector<std::string>& requests) {
  std::vector<std::string> hashes, replies;
  for (const std::string& request : requests) hashes.push_back(HashOf(request));
  for (const Exchange& one : Must(store.LoadExchanges(user, hashes))) replies.push_back(one.reply);
  return replies;
}

TEST_P(StoreConformance, StoredExchangesAreLoadedByHashAndUnknownOnesAreAbsent) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Exchange big = MakeExchange("b", "{\"gists\": [\"caf\u00e9\\n\"]}");
  big.prompt_tokens = int64_t{1} << 40;
  std::vector<Exchange> stored = {MakeExchange("a"), big};
  Must(store().StoreExchanges(lease, "run", stored, kKeep));
  const std::vector<Exchange> loaded =
      Must(store().LoadExchanges(ana_, {HashOf("b"), HashOf("none"), HashOf("a"), HashOf("b")}));
  std::sort(stored.begin(), stored.end(),
            [](const Exchange& x, const Exchange& y) { return x.request_hash < y.request_hash; });
  ASSERT_THAT(loaded, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(loaded[i].request_hash, stored[i].request_hash);
    EXPECT_EQ(loaded[i].reply, stored[i].reply);
    EXPECT_EQ(loaded[i].model, stored[i].model);
    EXPECT_EQ(loaded[i].prompt_tokens, stored[i].prompt_tokens);
    EXPECT_EQ(loaded[i].completion_tokens, stored[i].completion_tokens);
  }
  EXPECT_THAT(Must(store().LoadExchanges(ana_, {})), IsEmpty());
}

TEST_P(StoreConformance, FirstReplyToARequestStands) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().StoreExchanges(lease, "run", {MakeExchange("a", "first"), MakeExchange("a", "twin")}, kKeep));
  Must(
      store().StoreExchanges(lease, "run", {MakeExchange("b", "other"), MakeExchange("a", "second")}, kKeep));
  EXPECT_THAT(Replies(store(), ana_, {"a"}), ElementsAre("first"));
  EXPECT_THAT(Replies(store(), ana_, {"b"}), ElementsAre("other"));
}

TEST_P(StoreConformance, ExchangesOfAnotherUserOrTenantAreNotSeen) {
  const UserKey namesake{"other", "ana"};
  for (const UserKey& user : {ana_, ben_, namesake}) {
    Register(user);
    EXPECT_THAT(Replies(store(), user, {"a"}), IsEmpty());
    Must(store().StoreExchanges(LeaseFor(user), "run", {MakeExchange("a", user.tenant + user.user)}, kKeep));
  }
  for (const UserKey& user : {ana_, ben_, namesake}) {
    EXPECT_THAT(Replies(store(), user, {"a"}), ElementsAre(user.tenant + user.user));
  }
}

TEST_P(StoreConformance, ExchangesOutliveTheAttemptAndTheRun) {
  Ingest(ana_, {MakeEpisode("e")});
  const Lease lost = LeaseFor(ana_);
  Must(store().StoreExchanges(lost, "run", {MakeExchange("a", "paid")}, kKeep));
  clock_.Advance(absl::Minutes(1));
  Must(store().RescueTasks(5, false));
  const Lease lease = ClaimOne().lease;
  EXPECT_THAT(Replies(store(), ana_, {"a"}), ElementsAre("paid"));
  RunCommit commit = CommitFor(lease, "run");
  commit.reviewed = {"e"};
  Must(store().CommitRun(commit));
  EXPECT_THAT(Replies(store(), ana_, {"a"}), ElementsAre("paid"));
}

TEST_P(StoreConformance, LostLeaseStoresNoExchangeAndExpiresNone) {
  Register(ana_);
  const Lease lost = LeaseFor(ana_);
  Must(store().StoreExchanges(lost, "run", {MakeExchange("old")}, kKeep));
  clock_.Advance(absl::Minutes(1));
  Must(store().RescueTasks(5, false));
  const absl::Status fenced = store().StoreExchanges(lost, "later", {MakeExchange("a")}, absl::Seconds(1));
  EXPECT_EQ(fenced.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(fenced), HasSubstr("lease lost"));
  const Lease lease = ClaimOne().lease;
  for (int field = 0; field < 4; ++field) {
    Lease forged = lease;
    if (field == 0) forged.user = ben_;
    if (field == 1) forged.attempt = 1;
    if (field == 2) forged.token = lost.token;
    if (field == 3) forged.task_id = "other";
    EXPECT_EQ(Code(store().StoreExchanges(forged, "later", {MakeExchange("a")}, absl::Seconds(1))),
              absl::StatusCode::kAborted)
        << field;
  }
  EXPECT_THAT(Replies(store(), ana_, {"a"}), IsEmpty());
  EXPECT_THAT(Replies(store(), ben_, {"a"}), IsEmpty());
  EXPECT_THAT(Replies(store(), ana_, {"old"}), SizeIs(1));
}

TEST_P(StoreConformance, ExchangesPastTheirRetentionGoWithTheNextOnesStored) {
  Register(ana_);
  Register(ben_);
  const Lease ana = LeaseFor(ana_), ben = LeaseFor(ben_);
  Must(store().StoreExchanges(ana, "run-1", {MakeExchange("old")}, kKeep));
  Must(store().StoreExchanges(ben, "run-2", {MakeExchange("old")}, kKeep));
  clock_.Advance(absl::Hours(1));
  Must(store().StoreExchanges(ana, "run-1", {MakeExchange("newer")}, kKeep));
  clock_.Advance(absl::Hours(23));
  Must(store().StoreExchanges(ana, "run-3", {MakeExchange("a")}, absl::Hours(24)));
  EXPECT_THAT(Replies(store(), ana_, {"old", "newer", "a"}), SizeIs(3));  // a day is not more than a day
  clock_.Advance(absl::Microseconds(1));
  Must(store().StoreExchanges(ana, "run-3", {MakeExchange("b")}, absl::Hours(24)));
  EXPECT_THAT(Replies(store(), ana_, {"old"}), IsEmpty());
  EXPECT_THAT(Replies(store(), ana_, {"newer", "a", "b"}), SizeIs(3));
  EXPECT_THAT(Replies(store(), ben_, {"old"}), SizeIs(1));
}

TEST_P(StoreConformance, ExpiryTakesTheOldestAndAFewAtATime) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  const std::vector<Exchange> later = ManyExchanges("later", 20), first = ManyExchanges("first", 20);
  Must(store().StoreExchanges(lease, "run-1", first, kKeep));
  clock_.Advance(absl::Seconds(1));
  Must(store().StoreExchanges(lease, "run-1", later, kKeep));
  clock_.Advance(absl::Hours(1));
  Must(store().StoreExchanges(lease, "run-2", {}, absl::Minutes(1)));
  EXPECT_THAT(Must(store().LoadExchanges(ana_, Hashes(first))), IsEmpty());
  EXPECT_THAT(Must(store().LoadExchanges(ana_, Hashes(later))), SizeIs(40 - kExpireExchanges));
  Must(store().StoreExchanges(lease, "run-2", {}, absl::Minutes(1)));
  EXPECT_THAT(Must(store().LoadExchanges(ana_, Hashes(later))), IsEmpty());
}

TEST_P(StoreConformance, ARunsOwnExchangesDoNotExpireUnderIt) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().StoreExchanges(lease, "run", {MakeExchange("a")}, absl::ZeroDuration()));
  clock_.Advance(absl::Hours(1));
  Must(store().StoreExchanges(lease, "run", {MakeExchange("b")}, absl::ZeroDuration()));
  EXPECT_THAT(Replies(store(), ana_, {"a", "b"}), SizeIs(2));
}

TEST_P(StoreConformance, ExpiredReplyDoesNotKeepItsSuccessorOut) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().StoreExchanges(lease, "run-1", {MakeExchange("a", "old")}, kKeep));
  clock_.Advance(absl::Hours(1));
  Must(store().StoreExchanges(lease, "run-2", {MakeExchange("a", "new")}, absl::Minutes(1)));
  EXPECT_THAT(Replies(store(), ana_, {"a"}), ElementsAre("new"));
}

TEST_P(StoreConformance, RetentionMayBeAsLongAsADurationIs) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  Must(store().StoreExchanges(lease, "run-1", {MakeExchange("a")}, kKeep));
  clock_.Advance(absl::Hours(1));
  for (const absl::Duration retention :
       {absl::InfiniteDuration(), absl::Hours(24 * 365 * 100'000), absl::Hours(24 * 365 * 3000)}) {
    Must(store().StoreExchanges(lease, "run-2", {}, retention));
  }
  EXPECT_THAT(Replies(store(), ana_, {"a"}), SizeIs(1));
}

TEST_P(StoreConformance, ThousandExchangesInOneCall) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  std::vector<Exchange> many = ManyExchanges("r", kMaxExchanges);
  Must(store().StoreExchanges(lease, "run", many, kKeep));
  EXPECT_THAT(Must(store().LoadExchanges(ana_, Hashes(many))), SizeIs(kMaxExchanges));
  many.push_back(MakeExchange("one more"));
  EXPECT_EQ(Code(store().StoreExchanges(lease, "run", many, kKeep)), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(store().LoadExchanges(ana_, Hashes(many))), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Replies(store(), ana_, {"one more"}), IsEmpty());
}

TEST_P(StoreConformance, RepliesMayBeAsLongAsTheLimitAndNoLonger) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  const std::string longest(kMaxReplyBytes, 'x');
  Must(store().StoreExchanges(lease, "run", {MakeExchange("a", longest)}, kKeep));
  EXPECT_TRUE(Replies(store(), ana_, {"a"}) == std::vector<std::string>{longest});
  EXPECT_EQ(Code(store().StoreExchanges(lease, "run", {MakeExchange("b"), MakeExchange("c", longest + "x")},
                                        kKeep)),
            absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Replies(store(), ana_, {"b", "c"}), IsEmpty());
}

TEST_P(StoreConformance, RepliesOfOneCallAreBoundedTogether) {
  Register(ana_);
  const Lease lease = LeaseFor(ana_);
  std::vector<Exchange> many;
  for (size_t i = 0; i < kMaxRepliesBytes / kMaxReplyBytes; ++i) {
    many.push_back(MakeExchange(absl::StrCat("r", i), std::string(kMaxReplyBytes, 'x')));
  }
  many.push_back(MakeExchange("one more", "x"));
  EXPECT_EQ(Code(store().StoreExchanges(lease, "run", many, kKeep)), absl::StatusCode::kInvalidArgument);
  many.pop_back();
  Must(store().StoreExchanges(lease, "run", many, kKeep));
  EXPECT_THAT(Must(store().LoadExchanges(ana_, Hashes(many))), SizeIs(many.size()));
}

}  // namespace
}  // namespace slowwave
