// Which requests go together, and what each is told. The test answers the batches itself, when it likes.
#include "storage/postgres/enqueue_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace slowwave::postgres {
namespace {

using testing::ElementsAre;
using Answer = absl::StatusOr<std::optional<EnqueueResult>>;

EnqueueRequest Of(const std::string& user, const std::string& request_id = "",
                  const std::string& tenant = "acme") {
  EnqueueRequest request;
  request.user = {tenant, user};
  request.request_id = request_id;
  return request;
}

// The first batch of the tenant "acme" waits until the test lets it go.
class EnqueueLineTest : public testing::Test {
 protected:
  ~EnqueueLineTest() override { Join(); }

  void Start(const EnqueueRequest& request, absl::Duration timeout = absl::Seconds(60)) {
    const size_t n = answers_.size();
    {
      absl::MutexLock lock(&mu_);
      answers_.emplace_back();
    }
    threads_.emplace_back([this, n, request, timeout] {
      Answer answer = line_.Enqueue(request, Deadline::After(timeout));
      absl::MutexLock lock(&mu_);
      answers_[n] = std::move(answer);
    });
  }
  // One that is on the wire, and these in line behind it.
  void Hold(const std::vector<EnqueueRequest>& behind) {
    answers_.reserve(20);
    Start(Of("first"));
    WaitFor([&] { return !batches_.empty(); });
    size_t waiting = 0;
    for (const EnqueueRequest& request : behind) {
      Start(request);
      ++waiting;
      while (line_.waiting("acme") < waiting) std::this_thread::yield();
    }
  }
  void Join() {
    {
      absl::MutexLock lock(&mu_);
      go_on_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  void WaitFor(const std::function<bool()>& condition) {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&condition));
  }

  absl::StatusOr<EnqueueLine::Answers> Send(const EnqueueLine::Batch& batch) {
    std::vector<std::string> users;
    EnqueueLine::Answers answers;
    for (const EnqueueRequest* request : batch) {
      users.push_back(request->user.user);
      EnqueueResult result;
      result.task.id = absl::StrCat("task of ", request->user.user);
      answers.push_back(std::move(result));
    }
    absl::MutexLock lock(&mu_);
    batches_.push_back(users);
    if (batch.front()->user.tenant == "acme") mu_.Await(absl::Condition(&go_on_));
    if (batches_.size() > 1 && !failure_.ok()) return failure_;
    return answers;
  }

  absl::Mutex mu_;
  bool go_on_ = false;
  absl::Status failure_;  // of all batches but the first
  std::vector<std::vector<std::string>> batches_;
  std::vector<Answer> answers_;
  std::vector<std::thread> threads_;
  EnqueueLine line_{[this](const EnqueueLine::Batch& batch, Deadline) { return Send(batch); }};
};

TEST_F(EnqueueLineTest, WhatComesInMeanwhileGoesTogether) {
  Hold({Of("ana"), Of("ben"), Of("cem")});
  Join();
  EXPECT_THAT(batches_, ElementsAre(ElementsAre("first"), ElementsAre("ana", "ben", "cem")));
  EXPECT_EQ((*answers_[0])->task.id, "task of first");
  EXPECT_EQ((*answers_[2])->task.id, "task of ben");
}

TEST_F(EnqueueLineTest, NoneWaitsWhereNothingIsOnTheWire) {
  go_on_ = true;
  for (const char* user : {"ana", "ben"}) {
    EXPECT_EQ((**line_.Enqueue(Of(user), Deadline::After(absl::Seconds(60)))).task.id,
              absl::StrCat("task of ", user));
  }
  EXPECT_THAT(batches_, ElementsAre(ElementsAre("ana"), ElementsAre("ben")));
}

TEST_F(EnqueueLineTest, TenantsDoNotWaitForEachOther) {
  Hold({});
  EXPECT_TRUE(line_.Enqueue(Of("ana", "", "other"), Deadline::After(absl::Seconds(60)))->has_value());
  Join();
  EXPECT_THAT(batches_, ElementsAre(ElementsAre("first"), ElementsAre("ana")));
}

TEST_F(EnqueueLineTest, OfOneUserOrRequestOneIsSentAndTheOthersGoTheirOwnWay) {
  Hold({Of("ana", "r1"), Of("ana", "r2"), Of("ben", "r1"), Of("cem", "r3")});
  Join();
  EXPECT_THAT(batches_, ElementsAre(ElementsAre("first"), ElementsAre("ana", "cem")));
  EXPECT_TRUE(answers_[1]->has_value());
  EXPECT_FALSE(answers_[2]->has_value());
  EXPECT_FALSE(answers_[3]->has_value());
  EXPECT_TRUE(answers_[4]->has_value());
}

TEST_F(EnqueueLineTest, FailureIsToldToEachOfTheBatch) {
  failure_ = absl::UnavailableError("gone");
  Hold({Of("ana"), Of("ben")});
  Join();
  EXPECT_TRUE(answers_[0].ok());
  EXPECT_EQ(answers_[1].status(), failure_);
  EXPECT_EQ(answers_[2].status(), failure_);
  failure_ = absl::OkStatus();
  EXPECT_TRUE(line_.Enqueue(Of("ana"), Deadline::After(absl::Seconds(60))).ok());
}

TEST_F(EnqueueLineTest, WhoseDeadlinePassesIsToldSoAndNotSent) {
  Hold({Of("ana")});
  EXPECT_TRUE(absl::IsUnavailable(line_.Enqueue(Of("late"), Deadline::After(absl::ZeroDuration())).status()));
  Join();
  EXPECT_THAT(batches_, ElementsAre(ElementsAre("first"), ElementsAre("ana")));
}

TEST_F(EnqueueLineTest, LongLineGoesInSeveralBatches) {
  answers_.reserve(200);
  std::vector<EnqueueRequest> many;
  for (int i = 0; i < 100; ++i) many.push_back(Of(absl::StrCat("u", i)));
  Hold(many);
  Join();
  ASSERT_EQ(batches_.size(), 3u);
  EXPECT_EQ(batches_[1].size() + batches_[2].size(), 100u);
  for (const Answer& answer : answers_) EXPECT_TRUE(answer.ok() && answer->has_value());
}

}  // namespace
}  // namespace slowwave::postgres
