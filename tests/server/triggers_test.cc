// Triggers that fire by themselves, and tenants' settings, over a real socket with the real store and engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <thread>

#include "tests/support/running_app.h"

namespace slowwave {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Memory = v1::MemoryService::Stub;
using Consolidation = v1::ConsolidationService::Stub;

class TriggersTest : public testing::Test {
 protected:
  v1::IngestEpisodesResponse Ingest(int from, int to) {
    v1::IngestEpisodesRequest request;
    request.set_user("ann");
    for (int i = from; i < to; ++i) {
      v1::Episode& episode = *request.add_episodes();
      episode.set_id("e" + std::to_string(i));
      episode.set_text("I live in Lisbon.");
    }
    v1::IngestEpisodesResponse response;
    EXPECT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, response).ok());
    return response;
  }

  v1::User Register(const std::vector<v1::TriggerCondition>& conditions) {
    v1::RegisterUserRequest request;
    request.set_user("ann");
    for (const v1::TriggerCondition& condition : conditions) *request.add_conditions() = condition;
    v1::User user;
    EXPECT_TRUE(Call(*app_.memory, &Memory::RegisterUser, request, user).ok());
    return user;
  }

  v1::User Ann() {
    v1::GetUserRequest request;
    request.set_user("ann");
    v1::User user;
    EXPECT_TRUE(Call(*app_.memory, &Memory::GetUser, request, user).ok());
    return user;
  }

  // Polls for as long as only something wrong takes.
  v1::User AnnWhen(const std::function<bool(const v1::User&)>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    for (;;) {
      const v1::User user = Ann();
      if (condition(user)) return user;
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "waited in vain; the user is\n" << user.DebugString();
        return user;
      }
      std::this_thread::yield();
    }
  }

  v1::CheckTriggersResponse Check(const std::string& event, const std::string& request_id = "") {
    v1::CheckTriggersRequest request;
    request.set_user("ann");
    request.set_event(event);
    request.set_request_id(request_id);
    v1::CheckTriggersResponse response;
    EXPECT_TRUE(Call(*app_.consolidation, &Consolidation::CheckTriggers, request, response).ok());
    return response;
  }

  void PutTenant(const std::function<void(v1::TenantSettings&)>& change) {
    v1::PutTenantRequest request;
    change(*request.mutable_settings());
    v1::TenantSettings settings;
    const grpc::Status status = Call(*app_.consolidation, &Consolidation::PutTenant, request, settings);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }

  static v1::TriggerCondition Quota(int64_t episodes) {
    v1::TriggerCondition condition;
    condition.set_kind(v1::TRIGGER_KIND_QUOTA);
    condition.set_episodes(episodes);
    condition.mutable_cooldown()->set_seconds(3600);
    return condition;
  }
  static v1::TriggerCondition EverySecond() {
    v1::TriggerCondition condition;
    condition.set_kind(v1::TRIGGER_KIND_SCHEDULED);
    condition.mutable_interval()->set_seconds(1);
    return condition;
  }
  static v1::TriggerCondition Event(const std::string& name) {
    v1::TriggerCondition condition;
    condition.set_kind(v1::TRIGGER_KIND_EVENT);
    condition.add_events(name);
    return condition;
  }

  RunningApp app_;
};

TEST_F(TriggersTest, QuotaFiresInTheIngestThatReachesItAndIsWorkedOff) {
  Register({Quota(3)});
  EXPECT_THAT(Ingest(0, 2).fired(), IsEmpty());
  const v1::IngestEpisodesResponse reached = Ingest(2, 3);
  ASSERT_THAT(reached.fired(), SizeIs(1));
  EXPECT_EQ(reached.fired(0).kind(), v1::TRIGGER_KIND_QUOTA);
  EXPECT_FALSE(reached.fired(0).joined());
  AnnWhen([](const v1::User& user) { return user.pending() == 0; });
  EXPECT_THAT(Ingest(3, 7).fired(), IsEmpty());  // it cools down
  EXPECT_EQ(Ann().conditions(0).times_fired(), 1);
  EXPECT_TRUE(Ann().conditions(0).has_next_due());
}

TEST_F(TriggersTest, QuotaLoweredUnderWhatIsPendingFiresByItself) {
  Register({Quota(100)});
  Ingest(0, 3);
  Register({Quota(2)});
  AnnWhen([](const v1::User& user) { return user.pending() == 0; });
  EXPECT_EQ(Ann().conditions(0).times_fired(), 1);
}

TEST_F(TriggersTest, ScheduleOfASecondFiresWhenSomethingIsPending) {
  Register({EverySecond()});
  Ingest(0, 1);
  const v1::User user = AnnWhen([](const v1::User& u) { return u.pending() == 0; });
  EXPECT_GE(user.conditions(0).times_fired(), 1);
  EXPECT_TRUE(user.conditions(0).has_last_fired());
}

TEST_F(TriggersTest, CheckUnderARequestIdIsAnsweredAgainAndFiresOnce) {
  Register({Event("done")});
  const v1::CheckTriggersResponse first = Check("done", "r1"), again = Check("done", "r1");
  EXPECT_TRUE(first.fired());
  EXPECT_FALSE(first.repeated());
  EXPECT_TRUE(again.repeated());
  EXPECT_TRUE(again.fired());
  EXPECT_EQ(again.reason(), first.reason());
  EXPECT_EQ(again.condition().SerializeAsString(), first.condition().SerializeAsString());
  EXPECT_EQ(again.task().id(), first.task().id());
  EXPECT_EQ(Ann().conditions(0).times_fired(), 1);
  EXPECT_FALSE(Check("done", "r2").repeated());
  EXPECT_EQ(Ann().conditions(0).times_fired(), 2);
}

TEST_F(TriggersTest, RequestIdOfAnotherCheckOrOfATriggerIsRefused) {
  Register({Event("done")});
  Check("done", "r1");
  v1::CheckTriggersRequest other;
  other.set_user("ann");
  other.set_event("else");
  other.set_request_id("r1");
  v1::CheckTriggersResponse response;
  EXPECT_EQ(Call(*app_.consolidation, &Consolidation::CheckTriggers, other, response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::TriggerConsolidationRequest trigger;
  trigger.set_user("ann");
  trigger.set_request_id("r1");
  v1::TriggerConsolidationResponse triggered;
  EXPECT_EQ(Call(*app_.consolidation, &Consolidation::TriggerConsolidation, trigger, triggered).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(TriggersTest, ManualTriggersCountInTheirCondition) {
  v1::TriggerCondition manual;
  manual.set_kind(v1::TRIGGER_KIND_MANUAL);
  Register({manual});
  v1::TriggerConsolidationRequest request;
  request.set_user("ann");
  v1::TriggerConsolidationResponse response;
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::TriggerConsolidation, request, response).ok());
  EXPECT_EQ(Ann().conditions(0).times_fired(), 1);
}

TEST_F(TriggersTest, EventIsKeptOnce) {
  v1::TriggerCondition event = Event("done");
  event.add_events("left");
  event.add_events("done");
  EXPECT_THAT(Register({event}).conditions(0).events(), testing::ElementsAre("done", "left"));
}

// ---- tenants

TEST_F(TriggersTest, NothingOfAPausedTenantFiresOrRunsUntilItGoesOn) {
  PutTenant([](v1::TenantSettings& s) { s.set_paused(true); });
  Register({Quota(2), Event("done")});
  EXPECT_THAT(Ingest(0, 3).fired(), IsEmpty());
  const v1::CheckTriggersResponse check = Check("done");
  EXPECT_FALSE(check.fired());
  EXPECT_THAT(check.reason(), HasSubstr("paused"));
  EXPECT_EQ(Ann().conditions(0).times_fired(), 0);
  PutTenant([](v1::TenantSettings&) {});
  AnnWhen([](const v1::User& user) { return user.pending() == 0; });
  EXPECT_EQ(Ann().conditions(0).times_fired(), 1);
}

TEST_F(TriggersTest, FullQueueRefusesTasksByNameAndNumber) {
  PutTenant([](v1::TenantSettings& s) { s.set_max_waiting(1), s.set_paused(true); });
  const auto trigger = [&](const std::string& user) {
    v1::RegisterUserRequest registration;
    registration.set_user(user);
    v1::User registered;
    EXPECT_TRUE(Call(*app_.memory, &Memory::RegisterUser, registration, registered).ok());
    v1::TriggerConsolidationRequest request;
    request.set_user(user);
    v1::TriggerConsolidationResponse response;
    return Call(*app_.consolidation, &Consolidation::TriggerConsolidation, request, response);
  };
  EXPECT_TRUE(trigger("ann").ok());
  const grpc::Status refused = trigger("bob");
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(), "queue: tenant has 1 waiting tasks, limit 1");
  EXPECT_TRUE(trigger("ann").ok());  // joins
}

TEST_F(TriggersTest, TenantSettingsComeBackAndAreTheTenantsOwn) {
  PutTenant([](v1::TenantSettings& s) {
    s.set_weight(2.5);
    s.set_max_waiting(70);
    s.mutable_window_from()->set_seconds(22 * 3600);
    s.mutable_window_to()->set_seconds(4 * 3600);
  });
  v1::GetTenantRequest request;
  v1::TenantSettings own, other;
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::GetTenant, request, own).ok());
  EXPECT_EQ(own.weight(), 2.5);
  EXPECT_EQ(own.max_waiting(), 70);
  EXPECT_EQ(own.window_from().seconds(), 22 * 3600);
  EXPECT_EQ(own.window_to().seconds(), 4 * 3600);
  request.set_tenant("other");
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::GetTenant, request, other).ok());
  EXPECT_EQ(other.weight(), 1);
  EXPECT_FALSE(other.has_window_from());
}

TEST_F(TriggersTest, BadTenantSettingsAreRefusedByName) {
  const auto refused = [&](const std::function<void(v1::TenantSettings&)>& change) {
    v1::PutTenantRequest request;
    change(*request.mutable_settings());
    v1::TenantSettings settings;
    const grpc::Status status = Call(*app_.consolidation, &Consolidation::PutTenant, request, settings);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << request.DebugString();
    return status.error_message();
  };
  using S = v1::TenantSettings;
  EXPECT_THAT(refused([](S& s) { s.set_weight(0); }), HasSubstr("settings.weight"));
  EXPECT_THAT(refused([](S& s) { s.set_weight(1000.5); }), HasSubstr("settings.weight"));
  EXPECT_THAT(refused([](S& s) { s.set_weight(std::numeric_limits<double>::quiet_NaN()); }),
              HasSubstr("settings.weight"));
  EXPECT_THAT(refused([](S& s) { s.set_max_waiting(-1); }), HasSubstr("settings.max_waiting"));
  EXPECT_THAT(refused([](S& s) { s.mutable_window_from()->set_seconds(1); }),
              HasSubstr("settings.window_to"));
  EXPECT_THAT(refused([](S& s) { s.mutable_window_to()->set_seconds(1); }),
              HasSubstr("settings.window_from"));
  EXPECT_THAT(refused([](S& s) {
                s.mutable_window_from()->set_seconds(86400);
                s.mutable_window_to()->set_seconds(1);
              }),
              HasSubstr("settings.window_from"));
  EXPECT_THAT(refused([](S& s) {
                s.mutable_window_from()->set_seconds(60);
                s.mutable_window_to()->set_seconds(60);
              }),
              HasSubstr("settings.window_to"));
  v1::PutTenantRequest none;
  v1::TenantSettings settings;
  EXPECT_THAT(Call(*app_.consolidation, &Consolidation::PutTenant, none, settings).error_message(),
              HasSubstr("settings is missing"));
}

}  // namespace
}  // namespace slowwave
