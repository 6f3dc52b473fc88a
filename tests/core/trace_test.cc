#include "core/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log_fields.h"

namespace slowwave {
namespace {

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";

TEST(TraceparentTest, SaysTraceAndWhetherItIsSampled) {
  EXPECT_EQ(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            (TraceContext{kTrace, true}));
  EXPECT_EQ(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
            (TraceContext{kTrace, false}));
  // Other flags are not ours to know.
  EXPECT_EQ(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0b"),
            (TraceContext{kTrace, true}));
  EXPECT_EQ(ParseTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe"),
            (TraceContext{kTrace, false}));
}

TEST(TraceparentTest, LaterVersionIsReadAsFarAsItIsKnown) {
  EXPECT_EQ(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes"),
            (TraceContext{kTrace, true}));
  EXPECT_EQ(ParseTraceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            (TraceContext{kTrace, true}));
}

class BadTraceparent : public testing::TestWithParam<const char*> {};

TEST_P(BadTraceparent, IsIgnored) { EXPECT_EQ(ParseTraceparent(GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(Table, BadTraceparent,
                         testing::Values("", "00", "nonsense",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                         "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
                                         "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                         "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                         "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                         "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                         "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                                         "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                         "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0G",
                                         " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));

TEST(TraceTest, HeaderOfACallIsReadAgainAsTheSameTrace) {
  const TraceContext trace{kTrace, true};
  const std::string span = NewSpanId();
  EXPECT_EQ(span.size(), 16u);
  EXPECT_NE(span, NewSpanId());
  EXPECT_EQ(ParseTraceparent(Traceparent(trace, span)), trace);
  EXPECT_THAT(Traceparent(trace, span), testing::HasSubstr(span));
}

TEST(TraceTest, TaskThatNobodyTracedHasATraceOfItsOwn) {
  Task task, other;
  task.id = "5c9f0e0e-0000-4000-8000-000000000001";
  other.id = "5c9f0e0e-0000-4000-8000-000000000002";
  const TraceContext own = TraceOf(task);
  EXPECT_TRUE(ParseTraceparent(Traceparent(own, NewSpanId())).has_value());
  EXPECT_EQ(TraceOf(task), own);
  EXPECT_FALSE(TraceOf(other) == own);
  task.options.trace = TraceContext{kTrace, true};
  EXPECT_EQ(TraceOf(task).trace_id, kTrace);
}

TEST(LogScopeTest, FieldsAreTheInnermostOnesOfTheThread) {
  EXPECT_EQ(CurrentLogFields(), nullptr);
  const LogFields outer{.task_id = "outer"};
  const LogScope around(outer);
  {
    const LogFields inner{.task_id = "inner"};
    const LogScope within(inner);
    EXPECT_EQ(CurrentLogFields()->task_id, "inner");
  }
  EXPECT_EQ(CurrentLogFields()->task_id, "outer");
}

}  // namespace
}  // namespace slowwave
