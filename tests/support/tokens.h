// Callers with tokens, for a daemon in the test's process.
#ifndef SLOWWAVE_TESTS_SUPPORT_TOKENS_H_
#define SLOWWAVE_TESTS_SUPPORT_TOKENS_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/digest.h"

namespace slowwave {

// A file of tokens, gone with the test.
class TokensFile {
 public:
  TokensFile()
      : path_(absl::StrCat(testing::TempDir(), "tokens-", ::getpid(), "-",
                           testing::UnitTest::GetInstance()->current_test_info()->name())) {}
  ~TokensFile() { std::filesystem::remove(path_); }
  TokensFile(const TokensFile&) = delete;
  TokensFile& operator=(const TokensFile&) = delete;

  // The token is the name.
  TokensFile& With(const std::string& name, const std::string& tenant, const std::string& roles) {
    std::ofstream(path_, std::ios::app)
        << absl::StrCat("- {name: ", name, ", sha256: ", Sha256Hex(name), ", tenant: '", tenant, "', roles: [",
                        roles, "]}\n");
    return *this;
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// `context` calls with this token, with a deadline that only a hang meets.
inline void CallAs(const std::string& token, grpc::ClientContext& context) {
  context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
}

}  // namespace slowwave

#endif  // SLOWWAVE_TESTS_SUPPORT_TOKENS_H_
