// The client streams: whose they are, and what their callers may bring.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/time/clock.h"
#include "tests/support/running_app.h"
#include "tests/support/tokens.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Memory = v1::MemoryService::Stub;

v1::Slot TeaSlot(const std::string& description = "") {
  v1::Slot slot;
  slot.set_pattern("*:preference:tea");
  slot.set_category(v1::CATEGORY_PREFERENCE);
  slot.set_cardinality(v1::CARDINALITY_ONE);
  slot.set_description(description);
  return slot;
}

class ImportTest : public testing::Test {
 protected:
  template <typename Message>
  grpc::Status Send(const std::string& token, const std::vector<Message>& messages,
                    v1::IngestSummary& summary) {
    grpc::ClientContext context;
    CallAs(token, context);
    const auto writer = Open(context, summary, messages);
    for (const Message& message : messages) writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  }
  std::vector<std::string> Slots() {
    grpc::ClientContext context;
    CallAs("operator", context);
    v1::ListSlotsRequest request;
    request.set_page_size(1000);
    v1::ListSlotsResponse response;
    EXPECT_TRUE(app_.memory->ListSlots(&context, request, &response).ok());
    std::vector<std::string> own;
    for (const v1::Slot& slot : response.slots()) {
      if (!slot.builtin()) own.push_back(slot.pattern() + slot.description());
    }
    return own;
  }

  const TokensFile tokens_{{"writer", "acme", "read, write"},
                           {"operator", "acme", "read, write, operate"},
                           {"everywhere", "*", "read, write, operate"}};
  RunningApp app_{[this](Config& config) { config.auth_tokens_file = tokens_.path(); }};

 private:
  std::unique_ptr<grpc::ClientWriter<v1::ImportUserRequest>> Open(grpc::ClientContext& context,
                                                                  v1::IngestSummary& summary,
                                                                  const std::vector<v1::ImportUserRequest>&) {
    return app_.memory->ImportUser(&context, &summary);
  }
  std::unique_ptr<grpc::ClientWriter<v1::IngestEpisodeStreamRequest>> Open(
      grpc::ClientContext& context, v1::IngestSummary& summary,
      const std::vector<v1::IngestEpisodeStreamRequest>&) {
    return app_.memory->IngestEpisodeStream(&context, &summary);
  }
};

TEST_F(ImportTest, SlotsAreRefusedOfWhoeverMayNotPutThemAndTheRestIsTaken) {
  v1::ImportUserRequest message;
  message.set_user("ann");
  *message.add_records()->mutable_slot() = TeaSlot();
  message.add_records()->mutable_episode()->set_text("I like tea.");
  v1::IngestSummary summary;
  grpc::Status status = Send<v1::ImportUserRequest>("writer", {message}, summary);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(summary.stored(), 1);
  EXPECT_EQ(summary.slots(), 0);
  EXPECT_EQ(summary.refused(), 1);
  ASSERT_THAT(summary.problems(), SizeIs(1));
  EXPECT_EQ(summary.problems(0).index(), 0);
  EXPECT_THAT(summary.problems(0).reason(), HasSubstr("records[0].slot: this needs the role operate"));
  EXPECT_THAT(Slots(), SizeIs(0));

  summary.Clear();
  ASSERT_TRUE(Send<v1::ImportUserRequest>("operator", {message}, summary).ok());
  EXPECT_EQ(summary.slots(), 1);
  EXPECT_EQ(summary.refused(), 0);
  EXPECT_THAT(Slots(), ElementsAre("*:preference:tea"));
}

TEST_F(ImportTest, ASlotThatIsThereAlreadyMayComeAgainButNotChanged) {
  v1::ImportUserRequest message;
  message.set_user("ann");
  *message.add_records()->mutable_slot() = TeaSlot("as it was");
  v1::IngestSummary summary;
  ASSERT_TRUE(Send<v1::ImportUserRequest>("operator", {message}, summary).ok());
  *message.add_records()->mutable_slot() = TeaSlot("otherwise");
  summary.Clear();
  ASSERT_TRUE(Send<v1::ImportUserRequest>("writer", {message}, summary).ok());
  EXPECT_EQ(summary.refused(), 1);
  ASSERT_THAT(summary.problems(), SizeIs(1));
  EXPECT_EQ(summary.problems(0).index(), 1);
  EXPECT_THAT(Slots(), ElementsAre("*:preference:teaas it was"));
}

template <typename Message>
std::vector<Message> Repeating(const std::vector<std::pair<std::string, std::string>>& owners) {
  std::vector<Message> messages;
  for (const auto& [tenant, user] : owners) {
    Message& message = messages.emplace_back();
    message.set_tenant(tenant);
    message.set_user(user);
  }
  return messages;
}

TEST_F(ImportTest, LaterMessagesMayRepeatTenantOrUserOrNeither) {
  for (const auto& [token, owners] :
       std::vector<std::pair<std::string, std::vector<std::pair<std::string, std::string>>>>{
           {"writer", {{"", "ann"}, {"", "ann"}, {"acme", ""}, {"acme", "ann"}, {"", ""}}},
           {"everywhere", {{"acme", "ann"}, {"", "ann"}, {"acme", ""}, {"", ""}}},
           {"everywhere", {{"", "ann"}, {"default", ""}, {"", "ann"}, {"default", "ann"}}}}) {
    v1::IngestSummary summary;
    grpc::Status status = Send(token, Repeating<v1::IngestEpisodeStreamRequest>(owners), summary);
    EXPECT_TRUE(status.ok()) << token << ": " << status.error_message();
    status = Send(token, Repeating<v1::ImportUserRequest>(owners), summary);
    EXPECT_TRUE(status.ok()) << token << ": " << status.error_message();
  }
}

TEST_F(ImportTest, LaterMessagesOfAnotherTenantOrUserEndTheStream) {
  const struct {
    std::string token;
    std::vector<std::pair<std::string, std::string>> owners;
    grpc::StatusCode code;
    const char* says;
  } cases[] = {
      {"everywhere",
       {{"acme", "ann"}, {"other", ""}},
       grpc::StatusCode::INVALID_ARGUMENT,
       "tenant is not the"},
      {"everywhere", {{"acme", "ann"}, {"", "bob"}}, grpc::StatusCode::INVALID_ARGUMENT, "user is not the"},
      {"everywhere", {{"", "ann"}, {"acme", ""}}, grpc::StatusCode::INVALID_ARGUMENT, "tenant is not the"},
      {"writer", {{"", "ann"}, {"other", ""}}, grpc::StatusCode::PERMISSION_DENIED, "tenant is not that"},
  };
  for (const auto& [token, owners, code, says] : cases) {
    v1::IngestSummary summary;
    for (const grpc::Status& status :
         {Send(token, Repeating<v1::IngestEpisodeStreamRequest>(owners), summary),
          Send(token, Repeating<v1::ImportUserRequest>(owners), summary)}) {
      EXPECT_EQ(status.error_code(), code);
      EXPECT_THAT(status.error_message(), HasSubstr(says));
    }
  }
}

// As many messages as batches: each is as large as one may be.
std::vector<v1::IngestEpisodeStreamRequest> FullMessages(int count) {
  std::vector<v1::IngestEpisodeStreamRequest> messages(static_cast<size_t>(count));
  messages[0].set_user("ann");
  for (v1::IngestEpisodeStreamRequest& message : messages) {
    for (int i = 0; i < 1000; ++i) message.add_episodes()->set_text(std::string(4000, 'x'));
  }
  return messages;
}

class StreamRateTest : public testing::Test {
 protected:
  static RunningApp With(double per_second, double burst) {
    return RunningApp([=](Config& config) {
      config.rpc_tenant_calls_per_second = per_second;
      config.rpc_tenant_burst = burst;
    });
  }
  static grpc::Status Send(RunningApp& app, int messages, v1::IngestSummary& summary) {
    grpc::ClientContext context;
    const auto writer = app.memory->IngestEpisodeStream(&context, &summary);
    for (const auto& message : FullMessages(messages)) writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  }
  static grpc::StatusCode CodeOfAnother(RunningApp& app) {
    v1::GetTenantRequest request;
    v1::TenantSettings settings;
    return Call(*app.consolidation, &v1::ConsolidationService::Stub::GetTenant, request, settings)
        .error_code();
  }
};

TEST_F(StreamRateTest, EachBatchOfAStreamCountsAsACall) {
  RunningApp app = With(0.001, 5);
  v1::IngestSummary summary;
  const grpc::Status status = Send(app, 4, summary);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(summary.stored(), 4000);
  EXPECT_EQ(CodeOfAnother(app), grpc::StatusCode::OK);
  EXPECT_EQ(CodeOfAnother(app), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(StreamRateTest, AStreamOverItsRateIsReadMoreSlowlyAndLosesNothing) {
  RunningApp app = With(4, 1);
  v1::IngestSummary summary;
  const grpc::Status status = Send(app, 4, summary);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(summary.stored(), 4000);
}

TEST_F(StreamRateTest, AServerThatDrainsTakesWhatIsLeftAtOnce) {
  RunningApp app = With(0.001, 1);
  grpc::ClientContext context;
  v1::IngestSummary summary;
  const auto writer = app.memory->IngestEpisodeStream(&context, &summary);
  for (const auto& message : FullMessages(3)) writer->Write(message);
  writer->WritesDone();
  // It has begun, and rests.
  const absl::Time patience = absl::Now() + absl::Minutes(2);
  while (!app.app().store().GetUser({"default", "ann"}).ok() && absl::Now() < patience) {
    std::this_thread::yield();
  }
  app.app().Stop();
  const grpc::Status status = writer->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(summary.stored(), 3000);
}

}  // namespace
}  // namespace slowwave
