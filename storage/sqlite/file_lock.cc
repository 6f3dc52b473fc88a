#include "storage/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace slowwave::sqlite {

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Take(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return absl::UnavailableError(absl::StrCat("lock file ", path, ": ", std::strerror(errno)));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const ssize_t size = pread(file, holder, sizeof(holder) - 1, 0);
    close(file);
    const auto pid = absl::StripAsciiWhitespace(absl::string_view(holder, size > 0 ? size : 0));
    return absl::FailedPreconditionError(
        absl::StrCat("already in use by pid ", pid.empty() ? "unknown" : pid, " (lock file ", path, ")"));
  }
  // The pid only serves the message above: the lock is good without it, for instance on a full disk.
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(file, 0) == 0) [[maybe_unused]]
    const ssize_t written = pwrite(file, pid.data(), pid.size(), 0);
  return std::unique_ptr<FileLock>(new FileLock(file));
}

FileLock::~FileLock() { close(file_); }

}  // namespace slowwave::sqlite
