// Whether a file is still the one that was read.
#ifndef SLOWWAVE_SERVER_FILE_STAMP_H_
#define SLOWWAVE_SERVER_FILE_STAMP_H_

#include <sys/stat.h>

#include <cstdint>
#include <string>

namespace slowwave {

// What tells one version of a file from another: a replaced, rewritten or removed one differs.
struct FileStamp {
  int64_t nanos = 0, size = 0;
  uint64_t inode = 0;

  bool operator==(const FileStamp& other) const {
    return nanos == other.nanos && size == other.size && inode == other.inode;
  }
  static FileStamp Of(const std::string& path) {
    struct stat file {};
    if (stat(path.c_str(), &file) != 0) return {};
    return {int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec, int64_t{file.st_size},
            uint64_t{file.st_ino}};
  }
};

}  // namespace slowwave

#endif  // SLOWWAVE_SERVER_FILE_STAMP_H_
