// An exclusive lock on a file, held by the process that is named in it.
#ifndef SLOWWAVE_STORAGE_SQLITE_FILE_LOCK_H_
#define SLOWWAVE_STORAGE_SQLITE_FILE_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace slowwave::sqlite {

// Released by the destructor or by the end of the process, however it ends. The file stays.
class FileLock {
 public:
  // kFailedPrecondition: taken, by this process or another. kUnavailable: the file cannot be made.
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(const std::string& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int file) : file_(file) {}
  const int file_;
};

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_FILE_LOCK_H_
