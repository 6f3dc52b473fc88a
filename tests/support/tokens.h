// Callers with tokens, for a daemon in the test's process.
#ifndef SLOWWAVE_TESTS_SUPPORT_TOKENS_H_
#define SLOWWAVE_TESTS_SUPPORT_TOKENS_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/digest.h"

namespace slowwave {

// A file of tokens, gone with the test.
class TokensFile {
 public:
  struct Token {
    std::string name;  // and the token
    std::string tenant, roles;
  };
  TokensFile(std::initializer_list<Token> tokens)
      : path_(absl::StrCat(testing::TempDir(), "tokens-", ::getpid(), "-",
                           testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::ofstream file(path_);
    for (const Token& token : tokens) {
      file << absl::StrCat("- {name: ", token.name, ", sha256: ", Sha256Hex(token.name), ", tenant: '",
                           token.tenant, "', roles: [", token.roles, "]}\n");
    }
  }
  ~TokensFile() { std::filesystem::remove(path_); }
  TokensFile(const TokensFile&) = delete;
  TokensFile& operator=(const TokensFile&) = delete;

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
