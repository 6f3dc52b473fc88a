// The file of tokens: what is read from it, when it is read again, and who may do what by it.
#include "server/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "core/digest.h"
#include "slowwave/v1/consolidation.pb.h"
#include "slowwave/v1/memory.pb.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

std::string Entry(const std::string& name, const std::string& token, const std::string& tenant = "acme",
                  const std::string& roles = "read, write", const std::string& more = "") {
  return absl::StrCat("- name: ", name, "\n  sha256: ", Sha256Hex(token), "\n  tenant: '", tenant,
                      "'\n  roles: [", roles, "]\n", more);
}

class AccessTest : public testing::Test {
 protected:
  AccessTest()
      : path_(testing::TempDir() + "tokens-" +
              testing::UnitTest::GetInstance()->current_test_info()->name()) {}
  ~AccessTest() override { std::filesystem::remove(path_); }

  // As a person or a mounted secret replaces a file.
  void Write(const std::string& content) {
    std::ofstream(path_ + ".new") << content;
    std::filesystem::rename(path_ + ".new", path_);
  }
  std::unique_ptr<Access> Open() {
    absl::StatusOr<std::unique_ptr<Access>> access = Access::Open({.tokens_file = path_, .jwt = {}});
    EXPECT_TRUE(access.ok()) << access.status();
    return access.ok() ? *std::move(access) : nullptr;
  }
  static absl::StatusCode CodeOf(Access& access, const std::string& header) {
    return access.Authenticate(header).status().code();
  }

  const std::string path_;
};

TEST_F(AccessTest, ATokenTellsWhoCallsAndWhatTheyMayDo) {
  Write(Entry("chat", "one") + Entry("ops", "two", "*", "operate", "  expires: 2999-01-01T00:00:00Z\n"));
  const std::unique_ptr<Access> access = Open();
  const absl::StatusOr<CallerPtr> chat = access->Authenticate("Bearer one");
  ASSERT_TRUE(chat.ok()) << chat.status();
  EXPECT_EQ((*chat)->name, "chat");
  EXPECT_EQ((*chat)->tenant, "acme");
  EXPECT_TRUE(CheckRole(*chat, Role::kRead).ok());
  EXPECT_TRUE(CheckRole(*chat, Role::kWrite).ok());
  EXPECT_EQ(CheckRole(*chat, Role::kOperate).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(CheckRole(*chat, Role::kErase).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ((*access->Authenticate("bearer two"))->tenant, "*");
}

TEST_F(AccessTest, WhatIsNoGoodTokenIsUnauthenticated) {
  Write(Entry("chat", "one") + Entry("old", "two", "acme", "read", "  expires: 2020-01-01T00:00:00Z\n"));
  const std::unique_ptr<Access> access = Open();
  for (const char* bad : {"", "one", "Bearer", "Bearer ", "Bearer One", "Basic one", "Bearer two"}) {
    EXPECT_EQ(CodeOf(*access, bad), absl::StatusCode::kUnauthenticated) << bad;
  }
  EXPECT_EQ(CodeOf(*access, "Bearer " + std::string(100000, 'x')), absl::StatusCode::kUnauthenticated);
  // The hash is no password.
  EXPECT_EQ(CodeOf(*access, "Bearer " + Sha256Hex("one")), absl::StatusCode::kUnauthenticated);
}

TEST_F(AccessTest, AFileThatChangesIsReadAgainAndABrokenOneChangesNothing) {
  Write(Entry("chat", "one"));
  const std::unique_ptr<Access> access = Open();
  EXPECT_EQ(CodeOf(*access, "Bearer one"), absl::StatusCode::kOk);
  Write(Entry("chat", "another"));
  EXPECT_EQ(CodeOf(*access, "Bearer one"), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(*access, "Bearer another"), absl::StatusCode::kOk);
  Write("- name: chat\n");
  EXPECT_EQ(CodeOf(*access, "Bearer another"), absl::StatusCode::kOk);
  std::filesystem::remove(path_);
  EXPECT_EQ(CodeOf(*access, "Bearer another"), absl::StatusCode::kOk);
  Write("");
  EXPECT_EQ(CodeOf(*access, "Bearer another"), absl::StatusCode::kUnauthenticated);
}

TEST_F(AccessTest, ABadFileIsRefusedWithPlaceAndReason) {
  EXPECT_EQ(Access::Open({.tokens_file = path_, .jwt = {}}).status().code(), absl::StatusCode::kNotFound);
  const struct {
    std::string content;
    const char* says;
  } cases[] = {
      {"tokens: []\n", "is not a list"},
      {"- just text\n", ":1: is not a map"},
      {Entry("a", "one") + Entry("a", "two"), "a is there twice"},
      {Entry("a", "one") + Entry("b", "one"), ":5: sha256: is another entry's"},
      {Entry("a", "one", "acme", "read, admin"), "roles: needs"},
      {Entry("a", "one", "acme", ""), "roles: needs"},
      {Entry("a", "one", ""), "tenant: is missing"},
      {Entry("a", "one", "acme", "read", "  expires: soon\n"), "expires: needs"},
      {Entry("a", "one", "acme", "read", "  scope: all\n"), "unknown key scope"},
      {"- {name: a, sha256: ABC, tenant: t, roles: [read]}\n", "sha256: needs"},
      {"- [\n", ""},
  };
  for (const auto& [content, says] : cases) {
    Write(content);
    const absl::Status status = Access::Open({.tokens_file = path_, .jwt = {}}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << content;
    EXPECT_THAT(std::string(status.message()), HasSubstr(says));
  }
}

TEST(RoleTest, EveryMethodOfBothServicesNeedsOne) {
  for (const auto* file : {v1::Task::descriptor()->file(), v1::User::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        EXPECT_TRUE(RoleOf(file->service(s)->method(m)->name()).has_value())
            << file->service(s)->method(m)->full_name();
      }
    }
  }
  EXPECT_EQ(RoleOf("Nothing"), std::nullopt);
}

TEST(TenantTest, IsTheCallersOrRefused) {
  Caller of_acme;
  of_acme.tenant = "acme";
  const auto acme = std::make_shared<const Caller>(of_acme);
  v1::GetUserRequest request;
  EXPECT_TRUE(CheckTenantOf(acme, request).ok());
  EXPECT_EQ(request.tenant(), "acme");
  EXPECT_TRUE(CheckTenantOf(acme, request).ok());
  request.set_tenant("other");
  EXPECT_EQ(CheckTenantOf(acme, request).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(request.tenant(), "other");
  Caller of_all;
  of_all.tenant = "*";
  EXPECT_TRUE(CheckTenantOf(std::make_shared<const Caller>(of_all), request).ok());
  EXPECT_TRUE(CheckTenantOf(nullptr, request).ok());
}

}  // namespace
}  // namespace slowwave
