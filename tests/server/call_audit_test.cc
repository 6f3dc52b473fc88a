// What is recorded of calls that were to change something, whatever became of them.
#include "server/call_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/support/running_app.h"
#include "tests/support/tokens.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Memory = v1::MemoryService::Stub;
using Consolidation = v1::ConsolidationService::Stub;

// Collects the log of this process while it lives.
class CollectedLog {
 public:
  CollectedLog() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_, /*force_flush=*/true);
    sink->set_pattern("%v");
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", std::move(sink)));
  }
  ~CollectedLog() { spdlog::set_default_logger(before_); }

  // Only while nobody writes.
  std::vector<std::string> Audits() const {
    std::vector<std::string> lines;
    for (const absl::string_view line : absl::StrSplit(text_.str(), '\n')) {
      if (absl::StartsWith(line, "audit: ")) lines.emplace_back(line.substr(7));
    }
    return lines;
  }

 private:
  std::ostringstream text_;
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

class AuditTest : public testing::Test {
 protected:
  template <typename Stub, typename Request, typename Response>
  void CallOnce(const std::string& token, Stub& stub,
                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const std::type_identity_t<Request>& request) {
    grpc::ClientContext context;
    CallAs(token, context);
    Response response;
    (stub.*method)(&context, request, &response);
  }
  void Import(const std::string& token, const std::vector<v1::ImportUserRequest>& messages) {
    grpc::ClientContext context;
    CallAs(token, context);
    v1::IngestSummary summary;
    const auto writer = app_->memory->ImportUser(&context, &summary);
    for (const v1::ImportUserRequest& message : messages) writer->Write(message);
    writer->WritesDone();
    writer->Finish();
  }
  // Once all who write are done.
  std::vector<std::string> Audits() {
    app_.reset();
    return log_.Audits();
  }

  CollectedLog log_;
  const TokensFile tokens_{{"chat", "acme", "read, write, operate, erase"},
                           {"reader", "acme", "read"},
                           {"everywhere", "*", "read, write"}};
  std::unique_ptr<RunningApp> Start(double calls_per_second) {
    return std::make_unique<RunningApp>([&](Config& config) {
      config.auth_tokens_file = tokens_.path();
      config.rpc_tenant_calls_per_second = calls_per_second;
      config.rpc_tenant_burst = 3;
    });
  }
  std::unique_ptr<RunningApp> app_ = Start(0);
};

TEST_F(AuditTest, CallsThatAreRefusedAreRecordedAsWellAsThoseThatAreServed) {
  app_ = Start(0.001);
  v1::RegisterUserRequest request;
  request.set_user("ada\n");
  CallOnce("chat", *app_->memory, &Memory::RegisterUser, request);
  request.set_tenant("other");
  CallOnce("chat", *app_->memory, &Memory::RegisterUser, request);
  CallOnce("reader", *app_->memory, &Memory::RegisterUser, request);
  CallOnce("chat", *app_->memory, &Memory::RegisterUser, request);
  CallOnce("nobody", *app_->memory, &Memory::RegisterUser, request);
  EXPECT_THAT(Audits(),
              ElementsAre(R"(RegisterUser by "chat": tenant="acme" user="ada\n" OK)",
                          R"(RegisterUser by "chat": tenant="other" user="ada\n" PERMISSION_DENIED)",
                          R"(RegisterUser by "reader": tenant="acme" PERMISSION_DENIED)",
                          R"(RegisterUser by "chat": tenant="acme" RESOURCE_EXHAUSTED)"));
}

TEST_F(AuditTest, WhatIsNoRequestAndWhatIsNotThereYetAreRecordedAndReadsAreNot) {
  v1::RegisterUserRequest bad;
  bad.set_user("\xFF");
  CallOnce("chat", *app_->memory, &Memory::RegisterUser, bad);
  CallOnce("chat", *app_->memory, &Memory::EraseUser, v1::EraseUserRequest());
  CallOnce("chat", *app_->consolidation, &Consolidation::GetTenant, v1::GetTenantRequest());
  EXPECT_THAT(Audits(), ElementsAre(R"(RegisterUser by "chat": tenant="acme" INVALID_ARGUMENT)",
                                    R"(EraseUser by "chat": tenant="acme" UNIMPLEMENTED)"));
}

TEST_F(AuditTest, AStreamIsRecordedAtItsEndWithWhatItBrought) {
  v1::ImportUserRequest first, second;
  first.add_records()->mutable_header()->set_tenant("there");
  first.mutable_records(0)->mutable_header()->set_user("ann");
  first.mutable_records(0)->mutable_header()->set_format(1);
  v1::Slot& slot = *second.add_records()->mutable_slot();
  slot.set_pattern("*:preference:tea");
  slot.set_category(v1::CATEGORY_PREFERENCE);
  slot.set_cardinality(v1::CARDINALITY_ONE);
  second.add_records()->mutable_episode()->set_text("I like tea.");
  second.add_records()->mutable_episode()->set_text("");
  Import("everywhere", {first, second});
  first.Clear();
  first.set_user("bob");
  Import("chat", {first, second});
  first.set_user("ann");
  first.set_tenant("other");
  Import("chat", {first});
  EXPECT_THAT(
      Audits(),
      ElementsAre(
          R"(ImportUser by "everywhere": tenant="there" user="ann" stored=1 existed=0 different=0 erased=0 refused=2 slots=0 slots_denied=1 OK)",
          R"(ImportUser by "chat": tenant="acme" slot="*:preference:tea" OK)",
          R"(ImportUser by "chat": tenant="acme" user="bob" stored=1 existed=0 different=0 erased=0 refused=1 slots=1 OK)",
          R"(ImportUser by "chat": tenant="other" user="ann" stored=0 existed=0 different=0 erased=0 refused=0 slots=0 PERMISSION_DENIED)"));
}

TEST_F(AuditTest, AStreamThatEndsBadlyIsRecordedSoWithWhatItBroughtBefore) {
  {
    grpc::ClientContext context;
    CallAs("chat", context);
    v1::IngestSummary summary;
    const auto writer = app_->memory->IngestEpisodeStream(&context, &summary);
    v1::IngestEpisodeStreamRequest message;
    message.set_user("ann");
    message.add_episodes()->set_text("kept");
    writer->Write(message);
    message.set_user("bob");
    writer->Write(message);
    writer->WritesDone();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_THAT(
      Audits(),
      ElementsAre(
          R"(IngestEpisodeStream by "chat": tenant="acme" user="ann" stored=1 existed=0 different=0 erased=0 refused=0 INVALID_ARGUMENT)"));
}

TEST(CallAuditTest, CutsWhatIsTooLongForANameAndSaysNothingWithoutACaller) {
  CollectedLog log;
  CallAudit audit("RegisterUser");
  audit.Set("user", std::string(100'000, 'x'));
  audit.End(absl::OkStatus());
  EXPECT_THAT(log.Audits(), IsEmpty());
  Caller caller;
  caller.name = "chat";
  caller.tenant = "*";
  audit.By(std::make_shared<const Caller>(caller));
  audit.End(absl::InternalError("a memory's text"));
  ASSERT_EQ(log.Audits().size(), 1u);
  EXPECT_THAT(log.Audits()[0], HasSubstr("xxx\"... INTERNAL"));
  EXPECT_LT(log.Audits()[0].size(), 300u);
}

}  // namespace
}  // namespace slowwave
