// Files for the tests of the embedded store.
#ifndef SLOWWAVE_TESTS_STORAGE_SQLITE_FILES_H_
#define SLOWWAVE_TESTS_STORAGE_SQLITE_FILES_H_

#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "absl/strings/escaping.h"

namespace slowwave {

// A folder of its own, gone with the object.
class TempFolder {
 public:
  explicit TempFolder(std::filesystem::path parent = std::filesystem::temp_directory_path()) {
    std::string path = (parent / "slowwave-test-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no folder for the test");
    path_ = path;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Runs SQL beside the store; returns the first column of the last row. Throws on an error.
inline std::string RawSql(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  std::string last;
  const auto keep = [](void* out, int, char** values, char**) {
    *static_cast<std::string*>(out) = values[0] == nullptr ? "" : values[0];
    return 0;
  };
  int code = sqlite3_open(path.c_str(), &db);
  if (code == SQLITE_OK) code = sqlite3_exec(db, sql.c_str(), keep, &last, nullptr);
  const std::string message = sqlite3_errmsg(db);
  sqlite3_close(db);
  if (code != SQLITE_OK) throw std::runtime_error(message);
  return last;
}

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_STORAGE_SQLITE_FILES_H_
