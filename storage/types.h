// The records that the core and the stores exchange. Plain values: no behaviour, no SQL, no wire format.
//
// Times are absl::Time at microsecond grain, between 0001-01-01 and 9999-12-31 (UTC). Confidences and
// importances lie in [0, 1]. Strings are valid UTF-8 without NUL; whoever fills a record from outside has
// checked that.
#ifndef SLOWWAVE_STORAGE_TYPES_H_
#define SLOWWAVE_STORAGE_TYPES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace slowwave {

// Whose memory. Every record of a user lives under exactly one of these.
struct UserKey {
  std::string tenant;
  std::string user;
  friend bool operator==(const UserKey&, const UserKey&) = default;
  friend auto operator<=>(const UserKey&, const UserKey&) = default;
};

// ---------------------------------------------------------------- episodes

// Numbers are stored and on the wire: never renumber.
enum class EpisodeType : int {
  kUnspecified = 0,
  kEpisodicEvent = 1,
  kPreference = 2,
  kHypothesis = 3,
  kConstraint = 4,
  kSemanticFact = 5,
  kProcedure = 6,
  kSummary = 7,
};
inline constexpr int kEpisodeTypeCount = 8;

enum class Origin : int { kUnspecified = 0, kUser = 1, kAssistant = 2, kTool = 3, kDerived = 4 };
inline constexpr int kOriginCount = 5;

enum class EpisodeStatus : int {
  kUnspecified = 0,
  kActive = 1,
  kSilent = 2,
  kCompressed = 3,
  kArchived = 4,
  kDeleted = 5,
};

// One raw memory. Its words never change once stored.
struct Episode {
  std::string id;  // 1..128 bytes, unique among its user's
  EpisodeType type = EpisodeType::kEpisodicEvent;
  std::string text;
  std::string speaker;     // as said; empty if unknown
  std::string session_id;  // empty if unknown
  std::optional<int32_t> turn;
  absl::Time occurred_at;  // InfinitePast on ingest: not known, the store sets its own time, once
  Origin origin = Origin::kUser;
  std::vector<std::string> entities;
  std::vector<float> embedding;  // empty if none was given
  double importance = 0.5;
  double confidence = 0.9;
  int64_t access_count = 0;
  std::string metadata;  // a JSON object as text; empty if none
  EpisodeStatus status = EpisodeStatus::kActive;
};

// What became of one episode of an ingest.
enum class IngestOutcome : int {
  kStored = 1,
  kExists = 2,           // the same id with the same content: nothing changed
  kExistsDifferent = 3,  // the same id with other content: nothing changed, the stored one stands
  kErased = 4,           // the id was erased on request and does not come back
  kWrongDimension = 5,   // its embedding is of another length than the user's others
};

// An episode and what the store knows of it beyond its content.
struct StoredEpisode {
  Episode episode;
  bool pending = false;
  int tries = 0;            // chunks with it that were left unanswered
  bool unreadable = false;  // given up on; not eligible
  std::string reviewed_by;  // run id; empty while pending or if never eligible
  bool cited = false;       // that run found support in it
};

// ---------------------------------------------------------------- facts

enum class GistType : int {
  kUnspecified = 0,
  kFact = 1,
  kPreference = 2,
  kPattern = 3,
  kSummary = 4,
  kGoal = 5,
  kValue = 6,
  kState = 7,
  kCausal = 8,
  kPolicy = 9,
};
inline constexpr int kGistTypeCount = 10;

enum class Category : int {
  kUnspecified = 0,
  kIdentity = 1,
  kLocation = 2,
  kPreference = 3,
  kRelationship = 4,
  kOccupation = 5,
  kTemporal = 6,
  kAttribute = 7,
  kGoal = 8,
  kValue = 9,
  kState = 10,
  kCausal = 11,
  kPolicy = 12,
  kPattern = 13,
  kCustom = 14,
};
inline constexpr int kCategoryCount = 15;

enum class ValueType : int { kUnspecified = 0, kText = 1, kNumber = 2, kDate = 3, kBoolean = 4, kList = 5 };
inline constexpr int kValueTypeCount = 6;

enum class AssertionState : int { kHolds = 1, kEnded = 2 };

// An episode and the words of it that support something. The quote occurs verbatim in the episode's text.
struct Evidence {
  std::string episode_id;
  std::string quote;
  friend bool operator==(const Evidence&, const Evidence&) = default;
  friend auto operator<=>(const Evidence&, const Evidence&) = default;
};

// A gist that passed its checks, kept as extracted. Inserted and deleted, never updated.
struct Assertion {
  std::string id;  // hex digest of content and run: equal content of one run is one assertion
  std::string run_id;
  std::string key;                   // `subject:category:predicate`, as extracted (slugs, before aliases)
  std::optional<std::string> value;  // as extracted
  ValueType value_type = ValueType::kText;
  GistType type = GistType::kFact;
  AssertionState state = AssertionState::kHolds;
  absl::Time said_at;                    // the (latest) supporting episode's occurred_at
  std::optional<absl::Time> valid_from;  // only if the text names a day, month or year
  std::optional<absl::Time> valid_to;
  int32_t turn = 0;               // the (latest) supporting episode's
  std::string session;            // its session id, or the UTC day if it has none
  int trust = 0;                  // lowest of its episodes: see TrustOf in core/fold.h
  double confidence = 0;          // the gist's
  double episode_confidence = 0;  // lowest of its episodes'
  std::string text;
  std::vector<Evidence> evidence;  // what it rests on: one episode, or several that carry it jointly
  std::vector<Evidence> context;   // also cited, but not what it rests on
};

// A value of a slot over an interval of event time. Derived: the fold of the user's assertions.
struct Fact {
  std::string key;  // the slot's, after aliases
  Category category = Category::kCustom;
  std::string subject;
  std::string predicate;
  std::string value;  // as said
  ValueType value_type = ValueType::kText;
  GistType type = GistType::kFact;
  std::string text;
  double confidence = 0;
  int trust = 0;
  bool temporal = true;                  // false: no dates; `closed` then means corrected
  std::optional<absl::Time> valid_from;  // unset: since when is not known, or not temporal
  std::optional<absl::Time> valid_to;    // unset: still holds, or not temporal
  bool closed = false;                   // ended, superseded or corrected
  std::vector<Evidence> evidence;        // ordered by episode time, then id
  std::vector<Evidence> closing;         // what ended or replaced it
  std::string run_id;                    // the run that last changed it; not part of the digest
};

// A key pattern and how the values under it behave.
struct Slot {
  std::string pattern;  // `subject:category:predicate`; the first and last part may be `*`
  Category category = Category::kCustom;
  ValueType value_type = ValueType::kText;
  bool many = true;                  // several values may hold at a time
  bool temporal = true;              // values have dates and end; otherwise they are corrected
  std::vector<std::string> aliases;  // keys or patterns with subject `*` that mean this slot
  std::string description;
  bool builtin = false;
};

// A tenant's slots. `version` grows with every change.
struct SlotRegistry {
  int64_t version = 0;
  std::vector<Slot> slots;
};

// A gist that failed its checks: kept and listed, never a fact.
struct Quarantined {
  std::string run_id;
  int ordinal = 0;     // within the run
  std::string reason;  // a stable word, such as `quote_not_found`
  std::string detail;  // what exactly
  std::string text;
  std::string key;
  std::optional<std::string> value;
  std::vector<Evidence> evidence;  // as claimed
  absl::Time at;
};

// ---------------------------------------------------------------- tasks

enum class TriggerKind : int { kUnspecified = 0, kScheduled = 1, kQuota = 2, kEvent = 3, kManual = 4 };

// kBehind waits behind a running task of the same user; kDelayed waits for `run_after` after a failure.
enum class TaskState : int {
  kUnspecified = 0,
  kWaiting = 1,
  kRunning = 2,
  kBehind = 3,
  kDelayed = 4,
  kDone = 5,
  kDead = 6,
  kCancelled = 7,
};

// The distributed trace of whoever asked for a task.
struct TraceContext {
  std::string trace_id;  // 32 lower-case hexadecimal digits, not all zero
  bool sampled = false;  // somebody records it
  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

struct TaskOptions {
  int32_t episode_limit = 0;                               // 0: the configured default
  std::optional<absl::Time> window_from;                   // occurred_at >=
  std::optional<absl::Time> window_to;                     // occurred_at <
  bool keep_pending = false;                               // do not mark the episodes reviewed
  EpisodeStatus set_status = EpisodeStatus::kUnspecified;  // kCompressed or kArchived for cited episodes
  bool include_reverted = false;
  bool fresh = false;           // no stored exchanges
  bool ignore_backoff = false;  // manual triggers
  std::optional<TraceContext> trace;
};

struct Task {
  std::string id;  // UUID
  UserKey user;
  TriggerKind kind = TriggerKind::kManual;
  TaskState state = TaskState::kUnspecified;
  int32_t priority = 0;              // higher first
  std::vector<std::string> reasons;  // in order of arrival, each once
  TaskOptions options;
  absl::Time created_at;
  std::optional<absl::Time> run_after;
  std::optional<absl::Time> started_at;  // of the last attempt
  std::optional<absl::Time> finished_at;
  int32_t attempt = 0;  // counted at claim
  std::string last_error;
  std::string run_id;     // of the last attempt that was planned or committed
  std::string follow_up;  // id of the task that goes on with the backlog
};

// What a worker holds while it runs a task. Every write of the run names it, and fails once it is lost.
struct Lease {
  UserKey user;
  std::string task_id;
  int32_t attempt = 0;
  std::string token;
};

struct ClaimedTask {
  Task task;
  Lease lease;
  std::string plan;  // as StorePlan left it; empty if none
};

// ---------------------------------------------------------------- triggers

struct TriggerCondition {
  TriggerKind kind = TriggerKind::kUnspecified;
  std::optional<absl::Duration> interval;  // scheduled
  std::optional<int64_t> episodes;         // quota: pending episodes
  std::optional<double> megabytes;         // quota: pending megabytes (10^6 bytes)
  std::optional<absl::Duration> cooldown;  // quota: least time between two firings
  std::vector<std::string> events;         // event
  std::optional<absl::Time> last_fired;
  std::optional<absl::Time>
      next_due;  // when the sweep looks at it: a schedule, the end of a quota's cooldown
  int64_t times_fired = 0;
};

struct UserState {
  UserKey user;
  absl::Time registered_at;
  int64_t memory_version = 0;  // grows with every change of the user's memory
  int64_t episodes = 0;
  int64_t pending = 0;        // active, not yet reviewed, not unreadable
  int64_t pending_bytes = 0;  // text, embedding and metadata of those
  int64_t unreadable = 0;
  int64_t facts = 0;  // as stored, history included
  int64_t quarantined = 0;
  int32_t embedding_dimension = 0;           // of the user's episodes; 0 while none has one
  std::string fold_stamp;                    // what the stored facts were folded with; see core/reader.h
  std::string paused_by;                     // empty: automatic triggers are live
  std::vector<TriggerCondition> conditions;  // at most one of each kind
  absl::Time read_at;                        // of GetUser: when, by the store's clock
};

// What an operator sets for all users of a tenant.
struct TenantSettings {
  bool paused = false;      // nothing of the tenant's is fired or claimed; what runs goes on
  double weight = 1;        // its share of the workers beside other tenants'; > 0
  int32_t max_waiting = 0;  // tasks waiting, behind or delayed; 0: no limit
  // Scheduled triggers fire between these times of the day (UTC, [0, 24 h)); from > to spans midnight. Both
  // or neither set.
  std::optional<absl::Duration> window_from = {}, window_to = {};
};

// ---------------------------------------------------------------- runs

// The durable record of a run. `report` and `change_set` are opaque to the store.
struct RunRecord {
  std::string run_id;  // UUID, assigned before the run; of one by FinishIdleTasks its task's id
  std::string task_id;
  UserKey user;
  absl::Time started_at;
  absl::Time finished_at;
  bool succeeded = false;
  std::string report;
  std::string change_set;
  // As its task has them; read, never written.
  TriggerKind trigger = TriggerKind::kUnspecified;
  std::vector<std::string> reasons;
  int32_t attempt = 0;
};

// Tokens drawn from a tenant's day.
struct TokenGrant {
  int64_t tokens = 0;
  int64_t day = 0;          // of UTC, from 1970
  absl::Duration day_left;  // until it ends, by the store's clock
};

// A request to the LLM endpoint that was answered. Inserted and deleted, never updated.
struct Exchange {
  std::string request_hash;  // SHA-256 of the request, lower-case hex
  std::string reply;         // what the endpoint said, as it was accepted
  std::string model;
  int64_t prompt_tokens = 0, completion_tokens = 0;  // as billed when it was made
};

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_TYPES_H_
