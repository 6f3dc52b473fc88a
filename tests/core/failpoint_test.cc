#include "core/failpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace slowwave {
namespace {

using testing::HasSubstr;

class FailpointTest : public testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(ArmFailpoints("").ok()); }

  static std::string Problem(std::string_view specification) {
    const absl::Status status = ArmFailpoints(specification);
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    return std::string(status.message());
  }

  // Runs into the place in a process of its own. Returns what waitpid says of it at first.
  static int StatusOfChild(std::string_view specification, std::string_view name, pid_t& pid) {
    pid = fork();
    if (pid == 0) _exit(ArmFailpoints(specification).ok() && Failpoint(name).ok() ? 7 : 8);
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
    return status;
  }
};

TEST_F(FailpointTest, NothingHappensWhereNothingIsArmed) {
  for (const std::string& name : FailpointNames()) EXPECT_TRUE(Failpoint(name).ok()) << name;
  ASSERT_TRUE(ArmFailpoints("after_plan=error").ok());
  EXPECT_TRUE(Failpoint("after_sample").ok());
}

TEST_F(FailpointTest, ActsOnceAtItsHit) {
  ASSERT_TRUE(ArmFailpoints("after_plan=error, before_commit=error@3").ok());
  EXPECT_TRUE(absl::IsUnavailable(Failpoint("after_plan")));
  EXPECT_TRUE(Failpoint("after_plan").ok());
  EXPECT_TRUE(Failpoint("before_commit").ok());
  EXPECT_TRUE(Failpoint("before_commit").ok());
  EXPECT_TRUE(absl::IsUnavailable(Failpoint("before_commit")));
  EXPECT_TRUE(Failpoint("before_commit").ok());
}

TEST_F(FailpointTest, ArmingCountsAnew) {
  ASSERT_TRUE(ArmFailpoints("after_plan=error@2").ok());
  EXPECT_TRUE(Failpoint("after_plan").ok());
  ASSERT_TRUE(ArmFailpoints("after_plan=error@2").ok());
  EXPECT_TRUE(Failpoint("after_plan").ok());
  EXPECT_TRUE(absl::IsUnavailable(Failpoint("after_plan")));
}

TEST_F(FailpointTest, KillLeavesNoTimeToTidyUp) {
  pid_t pid = 0;
  const int status = StatusOfChild("after_claim=kill", "after_claim", pid);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(FailpointTest, AStoppedProcessGoesOnWhenItMay) {
  pid_t pid = 0;
  const int stopped = StatusOfChild("after_claim=stop", "after_claim", pid);
  ASSERT_TRUE(WIFSTOPPED(stopped));
  ASSERT_EQ(kill(pid, SIGCONT), 0);
  int ended = 0;
  ASSERT_EQ(waitpid(pid, &ended, 0), pid);
  ASSERT_TRUE(WIFEXITED(ended));
  EXPECT_EQ(WEXITSTATUS(ended), 7);
}

TEST_F(FailpointTest, WhatIsNoSpecificationIsRefusedAndNamed) {
  EXPECT_THAT(Problem("before_comit=kill"),
              HasSubstr("'before_comit=kill': no such place; there are after_claim"));
  EXPECT_THAT(Problem("before_commit"), HasSubstr("allowed there: kill, stop"));
  EXPECT_THAT(Problem("before_commit=sulk"), HasSubstr("allowed there: kill, stop"));
  EXPECT_THAT(Problem("before_commit=kill@0"), HasSubstr("counted from 1"));
  EXPECT_THAT(Problem("before_commit=kill@"), HasSubstr("counted from 1"));
  EXPECT_THAT(Problem("before_commit=kill,before_commit=stop"), HasSubstr("named twice"));
}

TEST_F(FailpointTest, ARunThatIsCommittedCannotFailAnyMore) {
  EXPECT_THAT(Problem("after_commit=error"), HasSubstr("error where the place can fail"));
  EXPECT_TRUE(ArmFailpoints("after_commit=kill@1000").ok());
}

TEST_F(FailpointTest, ABadSpecificationLeavesWhatWasArmed) {
  ASSERT_TRUE(ArmFailpoints("after_plan=error").ok());
  EXPECT_THAT(Problem("after_plan=kill,nowhere=kill"), HasSubstr("nowhere"));
  EXPECT_TRUE(absl::IsUnavailable(Failpoint("after_plan")));
}

}  // namespace
}  // namespace slowwave
