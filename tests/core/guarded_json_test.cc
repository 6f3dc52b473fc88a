#include "core/guarded_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace slowwave {
namespace {

std::string ReasonFor(absl::string_view text) {
  const absl::StatusOr<nlohmann::json> parsed = ParseGuardedJson(text);
  return parsed.ok() ? "" : std::string(parsed.status().message());
}

std::string Nested(int depth) {
  return absl::StrCat(std::string(static_cast<size_t>(depth), '['),
                      std::string(static_cast<size_t>(depth), ']'));
}

TEST(GuardedJsonTest, GivesWhatTheTextSays) {
  const absl::StatusOr<nlohmann::json> parsed =
      ParseGuardedJson(R"({"a":[1,2.5,"x\u00e9",null,true],"b":{"a":-3}})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->dump(), "{\"a\":[1,2.5,\"x\xc3\xa9\",null,true],\"b\":{\"a\":-3}}");
}

TEST(GuardedJsonTest, RefusesWhatIsNotOneText) {
  for (const char* text :
       {"", " ", "{", "{\"a\":1}}", "{} {}", "nope", "{'a':1}", "[1,]", "\"\xff\"", "NaN"}) {
    EXPECT_EQ(ReasonFor(text), "not_json") << text;
  }
}

TEST(GuardedJsonTest, RefusesDepthBeyondTheLimitOnly) {
  EXPECT_EQ(ReasonFor(Nested(kMaxJsonDepth)), "");
  EXPECT_EQ(ReasonFor(Nested(kMaxJsonDepth + 1)), "too_deep");
  EXPECT_EQ(ReasonFor(std::string(1 << 20, '[')), "too_deep");
}

TEST(GuardedJsonTest, RefusesAKeyTwiceInOneObject) {
  EXPECT_EQ(ReasonFor(R"({"a":1,"b":2,"a":3})"), "duplicate_key");
  EXPECT_EQ(ReasonFor(R"({"a":1,"\u0061":3})"), "duplicate_key");
  EXPECT_EQ(ReasonFor(R"([{"a":1},{"a":{"a":2}}])"), "");
}

TEST(GuardedJsonTest, RefusesNulHoweverItIsWritten) {
  EXPECT_EQ(ReasonFor(R"({"a":"x\u0000y"})"), "nul");
  EXPECT_EQ(ReasonFor(R"({"a\u0000":1})"), "nul");
  EXPECT_EQ(ReasonFor(absl::string_view("[1]\0", 4)), "nul");
}

TEST(GuardedJsonTest, RefusesNumbersThatAreNone) {
  EXPECT_EQ(ReasonFor("[1e999]"), "not_a_number");
  EXPECT_EQ(ReasonFor("[-1e999]"), "not_a_number");
  EXPECT_EQ(ReasonFor("[1e308]"), "");
}

TEST(GuardedJsonTest, RefusesMoreThanTheLimit) {
  const std::string most = absl::StrCat("\"", std::string(kMaxJsonBytes - 2, 'x'), "\"");
  EXPECT_EQ(ReasonFor(most), "");
  EXPECT_EQ(ReasonFor(most + " "), "too_large");
}

}  // namespace
}  // namespace slowwave
