#include "server/wire_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "slowwave/v1/memory.pb.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pointee;

TEST(WireTextTest, GoodMessageIsParsedAsItIs) {
  v1::IngestEpisodesRequest sent, got;
  sent.set_user("zoë");
  sent.add_episodes()->set_text("日本 😀");
  BadText bad;
  ASSERT_TRUE(ParseWire(sent.SerializeAsString(), got, bad).ok());
  EXPECT_THAT(bad, IsEmpty());
  EXPECT_EQ(got.SerializeAsString(), sent.SerializeAsString());
}

TEST(WireTextTest, NamesEveryFieldThatIsNotUtf8AndKeepsTheOthers) {
  v1::IngestEpisodesRequest sent, got;
  sent.set_user("u");
  sent.add_episodes()->set_text("fine");
  sent.add_episodes()->set_text("caf\xE9 ok");
  sent.mutable_episodes(1)->add_entities("a");
  sent.mutable_episodes(1)->add_entities("\xC3");
  BadText bad;
  ASSERT_TRUE(ParseWire(sent.SerializeAsString(), got, bad).ok());
  EXPECT_THAT(bad, ElementsAre("episodes[1].text", "episodes[1].entities[1]"));
  EXPECT_EQ(got.episodes(0).text(), "fine");
  EXPECT_EQ(got.episodes(1).text(), "caf? ok");
}

class NotUtf8Test : public testing::TestWithParam<std::string> {};

TEST_P(NotUtf8Test, IsFound) {
  v1::GetUserRequest sent, got;
  sent.set_user("x" + GetParam() + "y");
  BadText bad;
  ASSERT_TRUE(ParseWire(sent.SerializeAsString(), got, bad).ok());
  EXPECT_THAT(bad, ElementsAre("user"));
}

INSTANTIATE_TEST_SUITE_P(Table, NotUtf8Test,
                         testing::Values("\xFF", "\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80",
                                         "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                                         "\xF5\x80\x80\x80", "\xE2\x82"));

TEST(WireTextTest, BytesThatAreNoMessageAreInvalid) {
  v1::GetUserRequest got;
  BadText bad;
  const absl::Status status = ParseWire("\x0A\x7F oops", got, bad);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "the request's bytes are not a slowwave.v1.GetUserRequest");
}

TEST(WireTextTest, EveryCutOfAMessageIsParsedOrRefusedWithoutHarm) {
  v1::IngestEpisodesRequest sent;
  sent.set_user("\xFF");
  sent.add_episodes()->set_text("\xFE\xFE");
  sent.mutable_episodes(0)->add_embedding(1);
  sent.mutable_episodes(0)->mutable_occurred_at()->set_seconds(5);
  const std::string wire = sent.SerializeAsString();
  int parsed = 0;
  for (size_t size = 0; size <= wire.size(); ++size) {
    v1::IngestEpisodesRequest got;
    BadText bad;
    if (ParseWire(wire.substr(0, size), got, bad).ok()) ++parsed;
  }
  EXPECT_GE(parsed, 2);  // nothing, and all
  EXPECT_LT(parsed, static_cast<int>(wire.size()));
}

TEST(WireTextTest, FindBadMatchesWholeNames) {
  const BadText bad = {"episodes[12].text", "user"};
  EXPECT_THAT(FindBad(bad, "episodes[12]"), Pointee(std::string("episodes[12].text")));
  EXPECT_EQ(FindBad(bad, "episodes[1]"), nullptr);
  EXPECT_EQ(FindBad(bad, "use"), nullptr);
  EXPECT_THAT(FindBad(bad, ""), Pointee(std::string("episodes[12].text")));
}

}  // namespace
}  // namespace slowwave
