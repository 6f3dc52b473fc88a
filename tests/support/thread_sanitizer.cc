// Tells the thread sanitizer what Debian's Abseil, which is not compiled for it, does with an absl::Mutex.
//
// Without this every lock is invisible and every guarded variable a false race. The linker sends our calls
// here
// (--wrap, see thread_sanitizer.cmake); each function does the real thing between the sanitizer's
// annotations. Between a pre and its post the sanitizer ignores the thread, which covers conditions that
// Abseil evaluates for other threads inside Unlock and Await.
#include <sanitizer/tsan_interface.h>

#include "absl/synchronization/mutex.h"

// The mangled names with Debian's inline namespace.
#define SLOWWAVE_MUTEX(name) _ZN4absl7debian35Mutex##name
#define SLOWWAVE_CONDVAR(name) _ZN4absl7debian37CondVar##name
#define SLOWWAVE_PASTE(a, b) a##b
#define SLOWWAVE_JOIN(a, b) SLOWWAVE_PASTE(a, b)
#define REAL(symbol) SLOWWAVE_JOIN(__real_, symbol)
#define WRAP(symbol) SLOWWAVE_JOIN(__wrap_, symbol)

namespace {

constexpr unsigned kExclusive = 0;
constexpr unsigned kShared = __tsan_mutex_read_lock;

unsigned TryFlags(unsigned flags) { return flags | __tsan_mutex_try_lock; }

void Unlocked(absl::Mutex* mu) {
  __tsan_mutex_pre_unlock(mu, kExclusive);
  __tsan_mutex_post_unlock(mu, kExclusive);
}

}  // namespace

// Who takes the lock: `flags` says how.
#define SLOWWAVE_WRAP_LOCK(symbol, flags) \
  void REAL(symbol)(absl::Mutex * mu);    \
  void WRAP(symbol)(absl::Mutex * mu) {   \
    __tsan_mutex_pre_lock(mu, flags);     \
    REAL(symbol)(mu);                     \
    __tsan_mutex_post_lock(mu, flags, 0); \
  }

#define SLOWWAVE_WRAP_TRY_LOCK(symbol, flags)                                                     \
  bool REAL(symbol)(absl::Mutex * mu);                                                            \
  bool WRAP(symbol)(absl::Mutex * mu) {                                                           \
    __tsan_mutex_pre_lock(mu, TryFlags(flags));                                                   \
    const bool locked = REAL(symbol)(mu);                                                         \
    __tsan_mutex_post_lock(mu, TryFlags(flags) | (locked ? 0 : __tsan_mutex_try_lock_failed), 0); \
    return locked;                                                                                \
  }

#define SLOWWAVE_WRAP_UNLOCK(symbol, flags) \
  void REAL(symbol)(absl::Mutex * mu);      \
  void WRAP(symbol)(absl::Mutex * mu) {     \
    __tsan_mutex_pre_unlock(mu, flags);     \
    REAL(symbol)(mu);                       \
    __tsan_mutex_post_unlock(mu, flags);    \
  }

#define SLOWWAVE_WRAP_LOCK_WHEN(symbol)                                   \
  void REAL(symbol)(absl::Mutex * mu, const absl::Condition& condition);  \
  void WRAP(symbol)(absl::Mutex * mu, const absl::Condition& condition) { \
    __tsan_mutex_pre_lock(mu, kExclusive);                                \
    REAL(symbol)(mu, condition);                                          \
    __tsan_mutex_post_lock(mu, kExclusive, 0);                            \
  }

// Held before and after, free in between.
#define SLOWWAVE_WRAP_AWAIT(symbol)                                       \
  void REAL(symbol)(absl::Mutex * mu, const absl::Condition& condition);  \
  void WRAP(symbol)(absl::Mutex * mu, const absl::Condition& condition) { \
    Unlocked(mu);                                                         \
    __tsan_mutex_pre_lock(mu, kExclusive);                                \
    REAL(symbol)(mu, condition);                                          \
    __tsan_mutex_post_lock(mu, kExclusive, 0);                            \
  }

#define SLOWWAVE_WRAP_TIMED_AWAIT(symbol, When)                                      \
  bool REAL(symbol)(absl::Mutex * mu, const absl::Condition& condition, When when);  \
  bool WRAP(symbol)(absl::Mutex * mu, const absl::Condition& condition, When when) { \
    Unlocked(mu);                                                                    \
    __tsan_mutex_pre_lock(mu, kExclusive);                                           \
    const bool met = REAL(symbol)(mu, condition, when);                              \
    __tsan_mutex_post_lock(mu, kExclusive, 0);                                       \
    return met;                                                                      \
  }

#define SLOWWAVE_WRAP_TIMED_WAIT(symbol, When)                               \
  bool REAL(symbol)(absl::CondVar * variable, absl::Mutex * mu, When when);  \
  bool WRAP(symbol)(absl::CondVar * variable, absl::Mutex * mu, When when) { \
    Unlocked(mu);                                                            \
    __tsan_mutex_pre_lock(mu, kExclusive);                                   \
    const bool timed_out = REAL(symbol)(variable, mu, when);                 \
    __tsan_mutex_post_lock(mu, kExclusive, 0);                               \
    return timed_out;                                                        \
  }

extern "C" {

SLOWWAVE_WRAP_LOCK(SLOWWAVE_MUTEX(4LockEv), kExclusive)
SLOWWAVE_WRAP_LOCK(SLOWWAVE_MUTEX(10ReaderLockEv), kShared)
SLOWWAVE_WRAP_TRY_LOCK(SLOWWAVE_MUTEX(7TryLockEv), kExclusive)
SLOWWAVE_WRAP_TRY_LOCK(SLOWWAVE_MUTEX(13ReaderTryLockEv), kShared)
SLOWWAVE_WRAP_UNLOCK(SLOWWAVE_MUTEX(6UnlockEv), kExclusive)
SLOWWAVE_WRAP_UNLOCK(SLOWWAVE_MUTEX(12ReaderUnlockEv), kShared)
SLOWWAVE_WRAP_LOCK_WHEN(SLOWWAVE_MUTEX(8LockWhenERKNS0_9ConditionE))
SLOWWAVE_WRAP_AWAIT(SLOWWAVE_MUTEX(5AwaitERKNS0_9ConditionE))
SLOWWAVE_WRAP_TIMED_AWAIT(SLOWWAVE_MUTEX(16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE), absl::Duration)
SLOWWAVE_WRAP_TIMED_AWAIT(SLOWWAVE_MUTEX(17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE), absl::Time)
SLOWWAVE_WRAP_TIMED_WAIT(SLOWWAVE_CONDVAR(15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE), absl::Duration)
SLOWWAVE_WRAP_TIMED_WAIT(SLOWWAVE_CONDVAR(16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE), absl::Time)

void REAL(SLOWWAVE_CONDVAR(4WaitEPNS0_5MutexE))(absl::CondVar* variable, absl::Mutex* mu);
void WRAP(SLOWWAVE_CONDVAR(4WaitEPNS0_5MutexE))(absl::CondVar* variable, absl::Mutex* mu) {
  Unlocked(mu);
  __tsan_mutex_pre_lock(mu, kExclusive);
  REAL(SLOWWAVE_CONDVAR(4WaitEPNS0_5MutexE))(variable, mu);
  __tsan_mutex_post_lock(mu, kExclusive, 0);
}

void REAL(SLOWWAVE_MUTEX(D1Ev))(absl::Mutex* mu);
void WRAP(SLOWWAVE_MUTEX(D1Ev))(absl::Mutex* mu) {
  __tsan_mutex_destroy(mu, 0);
  REAL(SLOWWAVE_MUTEX(D1Ev))(mu);
}

}  // extern "C"
