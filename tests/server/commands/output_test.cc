#include "server/commands/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "slowwave/v1/memory.pb.h"

namespace slowwave {
namespace {

using testing::HasSubstr;

TEST(PrintableTest, ControlCharactersBecomeSpaces) {
  EXPECT_EQ(Printable("a\x1b[31mb\nc\x7f"), "a [31mb c ");
  EXPECT_EQ(Printable("caf\xC3\xA9 \xC2\x9B"), "caf\xC3\xA9  ");
}

TEST(JsonLine, IsOneLineWithFalseAndZeroInIt) {
  v1::Fact fact;
  fact.set_text("two\nlines");
  const std::string line = JsonLine(fact);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_THAT(line, HasSubstr("\"current\":false"));
  EXPECT_THAT(line, HasSubstr("\"trust\":0"));
  EXPECT_THAT(line, HasSubstr("\"evidence\":[]"));
  EXPECT_EQ(line.find("validTo"), std::string::npos) << "an unset time is not there";
}

TEST(Table, AlignsByCharactersAndLeavesTheLastColumnAlone) {
  Table table(2);
  table.Row({"Zoë", "x", "long last cell"});
  table.Row({"ab", "yyy", "z"});
  EXPECT_EQ(table.Text(), "  Zoë  x    long last cell\n  ab   yyy  z\n");
}

TEST(Shorten, CutsBetweenCharactersOnly) {
  EXPECT_EQ(Shorten("Zoë", 3), "Zoë");
  EXPECT_EQ(Shorten("Zoës", 3), "Zoë…");
  EXPECT_EQ(Shorten("a\nb", 9), "a b");
  EXPECT_EQ(Shorten("", 3), "");
}

TEST(Grouped, PutsACommaAtEveryThousand) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(-1234567), "-1,234,567");
}

TEST(Progress, OffATerminalWritesAtMostALineEveryFiveSeconds) {
  std::ostringstream err;
  absl::Time now = absl::UnixEpoch();
  Progress progress(err, /*terminal=*/false, [&now] { return now; });
  progress.Update("a");
  now += absl::Seconds(5);
  progress.Update("b");
  now += absl::Seconds(1);
  progress.Update("c");
  progress.Clear();
  EXPECT_EQ(err.str(), "b\n");
}

TEST(Progress, OnATerminalRewritesItsLineAndClearsIt) {
  std::ostringstream err;
  absl::Time now = absl::UnixEpoch();
  Progress progress(err, /*terminal=*/true, [&now] { return now; });
  progress.Update("a");
  progress.Update("too soon");
  progress.Print("kept");
  EXPECT_EQ(err.str(), "\ra\x1b[K\r\x1b[Kkept\n");
}

}  // namespace
}  // namespace slowwave
