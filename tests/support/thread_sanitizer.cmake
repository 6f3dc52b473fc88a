# Linked into every test of the thread sanitizer's build: see thread_sanitizer.cc.
add_library(slowwave_thread_sanitizer OBJECT support/thread_sanitizer.cc)
target_link_libraries(slowwave_thread_sanitizer PRIVATE slowwave_options absl::synchronization)
foreach(symbol
    Mutex4LockEv
    Mutex10ReaderLockEv
    Mutex7TryLockEv
    Mutex13ReaderTryLockEv
    Mutex6UnlockEv
    Mutex12ReaderUnlockEv
    Mutex8LockWhenERKNS0_9ConditionE
    Mutex5AwaitERKNS0_9ConditionE
    Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE
    Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE
    MutexD1Ev
    CondVar4WaitEPNS0_5MutexE
    CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE
    CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE)
  string(REGEX MATCH "^(Mutex|CondVar)" class ${symbol})
  string(LENGTH ${class} length)
  target_link_options(slowwave_thread_sanitizer INTERFACE LINKER:--wrap=_ZN4absl7debian3${length}${symbol})
endforeach()
target_sources(slowwave_thread_sanitizer INTERFACE $<TARGET_OBJECTS:slowwave_thread_sanitizer>)
