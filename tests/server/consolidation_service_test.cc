// ConsolidationService over a real socket, the real store and the real engine; and bad input at every call of
// both services.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/support/running_app.h"

namespace slowwave {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Memory = v1::MemoryService::Stub;
using Consolidation = v1::ConsolidationService::Stub;

class ConsolidationServiceTest : public testing::Test {
 protected:
  void Ingest(int episodes, const std::string& user = "ann") {
    v1::IngestEpisodesRequest request;
    request.set_user(user);
    for (int i = 0; i < episodes; ++i) {
      v1::Episode& episode = *request.add_episodes();
      episode.set_id("e" + std::to_string(i));
      episode.set_text(i == 0 ? "I live in Lisbon." : "We talked about topic " + std::to_string(i) + ".");
      episode.mutable_occurred_at()->set_seconds(1'700'000'000 + i);
    }
    v1::IngestEpisodesResponse response;
    ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, response).ok());
  }

  v1::TriggerConsolidationResponse Trigger(const std::string& request_id = "",
                                           const std::string& reason = "") {
    v1::TriggerConsolidationRequest request;
    request.set_user("ann");
    request.set_request_id(request_id);
    request.set_reason(reason);
    v1::TriggerConsolidationResponse response;
    const grpc::Status status =
        Call(*app_.consolidation, &Consolidation::TriggerConsolidation, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  // Until the task has ended.
  std::vector<v1::TaskEvent> Watch(const std::string& task_id) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
    v1::WatchTaskRequest request;
    request.set_task_id(task_id);
    auto reader = app_.consolidation->WatchTask(&context, request);
    std::vector<v1::TaskEvent> events;
    for (v1::TaskEvent event; reader->Read(&event);) events.push_back(event);
    const grpc::Status status = reader->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return events;
  }

  RunningApp app_;
};

TEST_F(ConsolidationServiceTest, TriggeredTaskRunsAndEveryStageIsSeen) {
  Ingest(5);
  const std::vector<v1::TaskEvent> events = Watch(Trigger().task().id());
  std::vector<std::string> stages;
  for (const v1::TaskEvent& event : events) {
    if (event.done() && !event.stage().empty()) stages.push_back(event.stage());
  }
  EXPECT_THAT(stages, ElementsAre("sample", "cluster", "extract", "align", "migrate"));
  ASSERT_THAT(events, testing::Not(IsEmpty()));
  EXPECT_EQ(events.back().task().state(), v1::TASK_STATE_DONE);
  for (size_t i = 0; i + 1 < events.size(); ++i) EXPECT_FALSE(events[i].has_task());
}

TEST_F(ConsolidationServiceTest, WhoWatchesLateSeesTheSame) {
  Ingest(5);
  const std::string id = Trigger().task().id();
  const size_t first = Watch(id).size();
  EXPECT_THAT(Watch(id), SizeIs(first));
}

TEST_F(ConsolidationServiceTest, RunLeavesAFactWithItsEvidenceAndAReport) {
  Ingest(5);
  const v1::Task task = Watch(Trigger("", "bedtime").task().id()).back().task();

  v1::GetReportRequest get;
  get.set_task_id(task.id());
  v1::Report report;
  const grpc::Status status = Call(*app_.consolidation, &Consolidation::GetReport, get, report);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(report.run_id(), task.run_id());
  EXPECT_EQ(report.sampled(), 5);
  EXPECT_TRUE(report.succeeded());
  EXPECT_THAT(report.reasons(), ElementsAre("bedtime"));
  EXPECT_THAT(report.changes(), testing::Not(IsEmpty()));

  v1::ListReportsRequest list;
  list.set_user("ann");
  v1::ListReportsResponse reports;
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::ListReports, list, reports).ok());
  ASSERT_THAT(reports.reports(), SizeIs(1));
  EXPECT_EQ(reports.reports(0).run_id(), task.run_id());
  EXPECT_THAT(reports.reports(0).changes(), IsEmpty());

  v1::ListFactsRequest facts_request;
  facts_request.set_user("ann");
  facts_request.set_category("location");
  v1::ListFactsResponse facts;
  ASSERT_TRUE(Call(*app_.memory, &Memory::ListFacts, facts_request, facts).ok());
  ASSERT_THAT(facts.facts(), SizeIs(1));
  EXPECT_EQ(facts.facts(0).value(), "Lisbon");
  EXPECT_EQ(facts.facts(0).evidence(0).episode_id(), "e0");
  EXPECT_TRUE(facts.facts(0).current());

  v1::GetFactRequest fact_request;
  fact_request.set_user("ann");
  fact_request.set_key(facts.facts(0).key());
  fact_request.mutable_as_of()->set_seconds(1'600'000'000);
  v1::FactDetail detail;
  ASSERT_TRUE(Call(*app_.memory, &Memory::GetFact, fact_request, detail).ok());
  ASSERT_THAT(detail.history(), SizeIs(1));
  EXPECT_FALSE(detail.history(0).current());  // not yet
  EXPECT_THAT(detail.assertions(), SizeIs(1));

  facts_request.mutable_as_of()->set_seconds(1'600'000'000);
  v1::ListFactsResponse before, history;
  ASSERT_TRUE(Call(*app_.memory, &Memory::ListFacts, facts_request, before).ok());
  EXPECT_THAT(before.facts(), IsEmpty());
  facts_request.set_history(true);
  ASSERT_TRUE(Call(*app_.memory, &Memory::ListFacts, facts_request, history).ok());
  EXPECT_THAT(history.facts(), SizeIs(1));

  v1::ListQuarantineRequest quarantine_request;
  quarantine_request.set_user("ann");
  v1::ListQuarantineResponse quarantine;
  EXPECT_TRUE(Call(*app_.memory, &Memory::ListQuarantine, quarantine_request, quarantine).ok());

  v1::VerifyUserRequest verify_request;
  verify_request.set_user("ann");
  v1::VerifyUserResponse verify;
  ASSERT_TRUE(Call(*app_.memory, &Memory::VerifyUser, verify_request, verify).ok());
  EXPECT_TRUE(verify.equal());
  EXPECT_GE(verify.facts(), 1);
}

TEST_F(ConsolidationServiceTest, SameRequestIdGivesTheSameTask) {
  Ingest(1);
  const v1::TriggerConsolidationResponse first = Trigger("id-1", "why");
  const v1::TriggerConsolidationResponse again = Trigger("id-1", "why");
  EXPECT_FALSE(first.repeated());
  EXPECT_TRUE(again.repeated());
  EXPECT_EQ(again.task().id(), first.task().id());
}

TEST_F(ConsolidationServiceTest, SameRequestIdWithAnotherBodyIsInvalid) {
  Ingest(1);
  Trigger("id-1", "why");
  v1::TriggerConsolidationRequest request;
  request.set_user("ann");
  request.set_request_id("id-1");
  request.set_reason("something else");
  v1::TriggerConsolidationResponse response;
  const grpc::Status status =
      Call(*app_.consolidation, &Consolidation::TriggerConsolidation, request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("request_id"));
}

// The engine may take a task at any moment, so what is joined is asked of many triggers at once: however they
// interleave, at most one task runs, one waits, and none is lost.
TEST_F(ConsolidationServiceTest, ManyTriggersMakeFewTasksAndAllEnd) {
  Ingest(50);
  std::vector<std::string> ids;
  for (int i = 0; i < 30; ++i) {
    const v1::TriggerConsolidationResponse response = Trigger("", "reason " + std::to_string(i));
    EXPECT_EQ(response.joined(), !ids.empty() && ids.back() == response.task().id());
    ids.push_back(response.task().id());
    v1::ListTasksRequest list;
    list.set_user("ann");
    for (const v1::TaskState state :
         {v1::TASK_STATE_WAITING, v1::TASK_STATE_BEHIND, v1::TASK_STATE_RUNNING}) {
      list.add_states(state);
    }
    v1::ListTasksResponse open;
    ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::ListTasks, list, open).ok());
    EXPECT_LE(open.tasks_size(), 2);
  }
  for (const std::string& id : ids) EXPECT_EQ(Watch(id).back().task().state(), v1::TASK_STATE_DONE);
}

TEST_F(ConsolidationServiceTest, EndedTaskCannotBeCancelledOrRetried) {
  Ingest(1);
  const std::string id = Watch(Trigger().task().id()).back().task_id();
  v1::CancelTaskRequest cancel;
  cancel.set_task_id(id);
  v1::Task task;
  EXPECT_EQ(Call(*app_.consolidation, &Consolidation::CancelTask, cancel, task).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  v1::RetryTaskRequest retry;
  retry.set_task_id(id);
  v1::TriggerConsolidationResponse response;
  EXPECT_EQ(Call(*app_.consolidation, &Consolidation::RetryTask, retry, response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(ConsolidationServiceTest, QuotaFiresOnGivenFiguresThenCoolsDown) {
  Ingest(1);
  v1::CheckTriggersRequest request;
  request.set_user("ann");
  v1::CheckTriggersResponse counted, given, cooling;
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::CheckTriggers, request, counted).ok());
  EXPECT_FALSE(counted.fired());
  EXPECT_EQ(counted.episode_count(), 1);
  EXPECT_FALSE(counted.has_task());
  request.set_episode_count(500);
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::CheckTriggers, request, given).ok());
  EXPECT_TRUE(given.fired());
  EXPECT_EQ(given.condition().kind(), v1::TRIGGER_KIND_QUOTA);
  EXPECT_EQ(given.condition().times_fired(), 1);
  EXPECT_THAT(given.reason(), HasSubstr("500"));
  EXPECT_EQ(given.task().kind(), v1::TRIGGER_KIND_QUOTA);
  EXPECT_EQ(given.task().priority(), 3);
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::CheckTriggers, request, cooling).ok());
  EXPECT_FALSE(cooling.fired());
}

TEST_F(ConsolidationServiceTest, EventFiresTheConditionThatNamesIt) {
  v1::RegisterUserRequest registration;
  registration.set_user("ann");
  registration.add_conditions()->set_kind(v1::TRIGGER_KIND_EVENT);
  registration.mutable_conditions(0)->add_events("task_completed");
  v1::User user;
  ASSERT_TRUE(Call(*app_.memory, &Memory::RegisterUser, registration, user).ok());
  v1::CheckTriggersRequest request;
  request.set_user("ann");
  request.set_event("something_else");
  v1::CheckTriggersResponse response;
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::CheckTriggers, request, response).ok());
  EXPECT_FALSE(response.fired());
  request.set_event("task_completed");
  ASSERT_TRUE(Call(*app_.consolidation, &Consolidation::CheckTriggers, request, response).ok());
  EXPECT_TRUE(response.fired());
  EXPECT_EQ(response.task().priority(), 5);
}

TEST_F(ConsolidationServiceTest, LaterCallsAreUnimplemented) {
  v1::TriggerConsolidationResponse preview;
  v1::Report report;
  v1::RevertRunResponse revert;
  EXPECT_EQ(Call(*app_.consolidation, &Consolidation::PreviewConsolidation, {}, preview).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Call(*app_.consolidation, &Consolidation::ApplyPreview, {}, report).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Call(*app_.consolidation, &Consolidation::RevertRun, {}, revert).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

// ---- unknown users, tasks and runs, at every call that names one

TEST_F(ConsolidationServiceTest, WhatDoesNotExistIsNotFound) {
  const auto expect = [](const grpc::Status& status, const char* call) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << call << ": " << status.error_message();
  };
  const auto with_user = [](auto request) {
    request.set_user("nobody");
    return request;
  };
  const auto with_task = [](auto request) {
    request.set_task_id("no-such-task");
    return request;
  };
  v1::TriggerConsolidationResponse trigger;
  v1::CheckTriggersResponse check;
  v1::Report report;
  v1::ListReportsResponse reports;
  v1::Task task;
  v1::User user;
  v1::ListEpisodesResponse episodes;
  v1::ListFactsResponse facts;
  v1::ListQuarantineResponse quarantine;
  v1::VerifyUserResponse verify;
  expect(Call(*app_.consolidation, &Consolidation::TriggerConsolidation,
              with_user(v1::TriggerConsolidationRequest()), trigger),
         "Trigger");
  expect(
      Call(*app_.consolidation, &Consolidation::CheckTriggers, with_user(v1::CheckTriggersRequest()), check),
      "Check");
  expect(Call(*app_.consolidation, &Consolidation::ListReports, with_user(v1::ListReportsRequest()), reports),
         "ListReports");
  expect(Call(*app_.consolidation, &Consolidation::GetReport, with_task(v1::GetReportRequest()), report),
         "GetReport");
  expect(Call(*app_.consolidation, &Consolidation::GetTask, with_task(v1::GetTaskRequest()), task),
         "GetTask");
  expect(Call(*app_.consolidation, &Consolidation::CancelTask, with_task(v1::CancelTaskRequest()), task),
         "CancelTask");
  expect(Call(*app_.consolidation, &Consolidation::RetryTask, with_task(v1::RetryTaskRequest()), trigger),
         "RetryTask");
  expect(Call(*app_.memory, &Memory::GetUser, with_user(v1::GetUserRequest()), user), "GetUser");
  expect(Call(*app_.memory, &Memory::ListEpisodes, with_user(v1::ListEpisodesRequest()), episodes),
         "ListEpisodes");
  expect(Call(*app_.memory, &Memory::ListFacts, with_user(v1::ListFactsRequest()), facts), "ListFacts");
  expect(Call(*app_.memory, &Memory::ListQuarantine, with_user(v1::ListQuarantineRequest()), quarantine),
         "ListQuarantine");
  expect(Call(*app_.memory, &Memory::VerifyUser, with_user(v1::VerifyUserRequest()), verify), "VerifyUser");
  v1::GetEpisodeRequest get_episode = with_user(v1::GetEpisodeRequest());
  get_episode.set_episode_id("e");
  v1::StoredEpisode episode;
  expect(Call(*app_.memory, &Memory::GetEpisode, get_episode, episode), "GetEpisode");
  v1::GetFactRequest get_fact = with_user(v1::GetFactRequest());
  get_fact.set_key("user:location:current_city");
  v1::FactDetail fact;
  expect(Call(*app_.memory, &Memory::GetFact, get_fact, fact), "GetFact");
  {
    grpc::ClientContext context;
    v1::TaskEvent event;
    auto reader = app_.consolidation->WatchTask(&context, with_task(v1::WatchTaskRequest()));
    EXPECT_FALSE(reader->Read(&event));
    expect(reader->Finish(), "WatchTask");
  }
  {
    grpc::ClientContext context;
    v1::ExportRecord record;
    auto reader = app_.memory->ExportUser(&context, with_user(v1::ExportUserRequest()));
    EXPECT_FALSE(reader->Read(&record));
    expect(reader->Finish(), "ExportUser");
  }
}

// ---- bad input, at every call

struct BadCall {
  const char* name;
  std::function<grpc::Status(RunningApp&)> call;
  const char* says;
};

template <typename Request, typename Response, typename Stub, typename Owner>
std::function<grpc::Status(RunningApp&)> Bad(std::unique_ptr<Owner> RunningApp::*stub,
                                             grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                          const Request&, Response*),
                                             std::function<void(Request&)> change) {
  return [=](RunningApp& app) {
    Request request;
    change(request);
    Response response;
    return Call(*(app.*stub), method, request, response);
  };
}

// What every request with a user must refuse.
template <typename Request, typename Response, typename Stub, typename Owner>
void AddUserCases(std::vector<BadCall>& cases, const char* name, std::unique_ptr<Owner> RunningApp::*stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  const auto add = [&](std::function<void(Request&)> change, const char* says) {
    cases.push_back({name, Bad<Request, Response>(stub, method, change), says});
  };
  add([](Request& r) { r.set_user(""); }, "user is empty");
  add([](Request& r) { r.set_user(std::string(129, 'u')); }, "user has 129 bytes");
  add([](Request& r) { r.set_user(std::string("a\0b", 3)); }, "user holds a NUL");
  add([](Request& r) { r.set_user("\xFF"); }, "user is not UTF-8");
  add([](Request& r) { r.set_user("u"), r.set_tenant(std::string(129, 't')); }, "tenant has 129 bytes");
  add([](Request& r) { r.set_user("u"), r.set_tenant("\xC0\x80"); }, "tenant is not UTF-8");
  if constexpr (requires(Request r) { r.set_page_size(1); }) {
    add([](Request& r) { r.set_user("u"), r.set_page_size(-1); }, "page_size is -1");
    add([](Request& r) { r.set_user("u"), r.set_page_size(1001); }, "page_size is 1001");
    add([](Request& r) { r.set_user("u"), r.set_page_token("nonsense"); },
        "page_token is not one of this list");
  }
  if constexpr (requires(Request r) { r.mutable_as_of(); }) {
    add([](Request& r) { r.set_user("u"), r.mutable_as_of()->set_seconds(-62135596801); },
        "as_of is out of range");
    add([](Request& r) { r.set_user("u"), r.mutable_as_of()->set_seconds(253402300800); },
        "as_of is out of range");
    add([](Request& r) { r.set_user("u"), r.mutable_as_of()->set_nanos(-1); },
        "as_of has nanos out of range");
  }
}

template <typename Request, typename Response, typename Stub>
void AddTaskCases(std::vector<BadCall>& cases, const char* name,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  const auto add = [&](std::function<void(Request&)> change, const char* says) {
    cases.push_back({name, Bad<Request, Response>(&RunningApp::consolidation, method, change), says});
  };
  add([](Request&) {}, "task_id is empty");
  add([](Request& r) { r.set_task_id(std::string(129, 't')); }, "task_id has 129 bytes");
  add([](Request& r) { r.set_task_id(std::string(1, '\0')); }, "task_id holds a NUL");
  add([](Request& r) { r.set_task_id("\xFF"); }, "task_id is not UTF-8");
  add([](Request& r) { r.set_task_id("t"), r.set_tenant(std::string(1, '\0')); }, "tenant holds a NUL");
}

std::vector<BadCall> BadCalls() {
  std::vector<BadCall> cases;
  const auto c = &RunningApp::consolidation;
  const auto m = &RunningApp::memory;
  AddUserCases(cases, "TriggerConsolidation", c, &Consolidation::TriggerConsolidation);
  AddUserCases(cases, "CheckTriggers", c, &Consolidation::CheckTriggers);
  AddUserCases(cases, "ListReports", c, &Consolidation::ListReports);
  AddTaskCases(cases, "GetTask", &Consolidation::GetTask);
  AddTaskCases(cases, "CancelTask", &Consolidation::CancelTask);
  AddTaskCases(cases, "RetryTask", &Consolidation::RetryTask);
  AddUserCases(cases, "RegisterUser", m, &Memory::RegisterUser);
  AddUserCases(cases, "GetUser", m, &Memory::GetUser);
  AddUserCases(cases, "IngestEpisodes", m, &Memory::IngestEpisodes);
  AddUserCases(cases, "GetEpisode", m, &Memory::GetEpisode);
  AddUserCases(cases, "ListEpisodes", m, &Memory::ListEpisodes);
  AddUserCases(cases, "ListFacts", m, &Memory::ListFacts);
  AddUserCases(cases, "GetFact", m, &Memory::GetFact);
  AddUserCases(cases, "ListQuarantine", m, &Memory::ListQuarantine);
  AddUserCases(cases, "VerifyUser", m, &Memory::VerifyUser);

  using Trigger = v1::TriggerConsolidationRequest;
  const auto trigger = [&](std::function<void(Trigger&)> change, const char* says) {
    cases.push_back(
        {"TriggerConsolidation",
         Bad<Trigger, v1::TriggerConsolidationResponse>(c, &Consolidation::TriggerConsolidation,
                                                        [change](Trigger& r) { r.set_user("u"), change(r); }),
         says});
  };
  trigger([](Trigger& r) { r.set_episode_limit(-1); }, "episode_limit is -1");
  trigger([](Trigger& r) { r.set_set_status(static_cast<v1::EpisodeStatus>(77)); }, "set_status is 77");
  trigger([](Trigger& r) { r.set_set_status(v1::EPISODE_STATUS_DELETED); },
          "set_status is EPISODE_STATUS_DELETED");
  trigger([](Trigger& r) { r.set_reason("\xFF"); }, "reason is not UTF-8");
  trigger([](Trigger& r) { r.set_request_id(std::string("\0", 1)); }, "request_id holds a NUL");
  trigger([](Trigger& r) { r.mutable_time_window()->mutable_from()->set_seconds(253402300800); },
          "time_window.from is out of range");

  using Check = v1::CheckTriggersRequest;
  const auto check = [&](std::function<void(Check&)> change, const char* says) {
    cases.push_back(
        {"CheckTriggers",
         Bad<Check, v1::CheckTriggersResponse>(c, &Consolidation::CheckTriggers,
                                               [change](Check& r) { r.set_user("u"), change(r); }),
         says});
  };
  check([](Check& r) { r.set_episode_count(-1); }, "episode_count is negative");
  check([](Check& r) { r.set_memory_size_mb(-0.5); }, "memory_size_mb is negative");
  check([](Check& r) { r.set_memory_size_mb(std::numeric_limits<double>::quiet_NaN()); },
        "memory_size_mb is not finite");
  check([](Check& r) { r.set_event(std::string(129, 'e')); }, "event has 129 bytes");

  using Replay = v1::ReplayRunRequest;
  cases.push_back({"ReplayRun",
                   Bad<Replay, v1::ReplayRunResponse>(c, &Consolidation::ReplayRun, [](Replay&) {}),
                   "run_id"});
  using Report = v1::GetReportRequest;
  const auto report = [&](std::function<void(Report&)> change, const char* says) {
    cases.push_back({"GetReport", Bad<Report, v1::Report>(c, &Consolidation::GetReport, change), says});
  };
  report([](Report&) {}, "run_id and task_id: exactly one");
  report([](Report& r) { r.set_run_id("r"), r.set_task_id("t"); }, "run_id and task_id: exactly one");
  report([](Report& r) { r.set_run_id(std::string(129, 'r')); }, "run_id has 129 bytes");
  report([](Report& r) { r.set_run_id("\xFF"); }, "run_id is not UTF-8");

  using Tasks = v1::ListTasksRequest;
  const auto tasks = [&](std::function<void(Tasks&)> change, const char* says) {
    cases.push_back(
        {"ListTasks", Bad<Tasks, v1::ListTasksResponse>(c, &Consolidation::ListTasks, change), says});
  };
  tasks([](Tasks& r) { r.add_states(static_cast<v1::TaskState>(99)); }, "states[0] is 99");
  tasks([](Tasks& r) { r.add_states(v1::TASK_STATE_UNSPECIFIED); }, "states[0] is unspecified");
  tasks([](Tasks& r) { r.set_page_size(-2); }, "page_size is -2");
  tasks([](Tasks& r) { r.set_user(std::string(129, 'u')); }, "user has 129 bytes");
  tasks([](Tasks& r) { r.set_page_token("\xFF"); }, "page_token is not UTF-8");

  using Register = v1::RegisterUserRequest;
  const auto reg = [&](std::function<void(Register&)> change, const char* says) {
    cases.push_back({"RegisterUser",
                     Bad<Register, v1::User>(m, &Memory::RegisterUser,
                                             [change](Register& r) { r.set_user("u"), change(r); }),
                     says});
  };
  reg([](Register& r) { r.add_conditions(); }, "conditions[0].kind");
  reg([](Register& r) { r.add_conditions()->set_kind(static_cast<v1::TriggerKind>(9)); },
      "conditions[0].kind is 9");
  reg([](Register& r) { r.add_conditions()->set_kind(v1::TRIGGER_KIND_SCHEDULED); },
      "conditions[0].interval");
  reg(
      [](Register& r) {
        r.add_conditions()->set_kind(v1::TRIGGER_KIND_SCHEDULED);
        r.mutable_conditions(0)->mutable_interval()->set_seconds(-5);
      },
      "conditions[0].interval");
  reg(
      [](Register& r) {
        r.add_conditions()->set_kind(v1::TRIGGER_KIND_QUOTA);
        r.mutable_conditions(0)->set_episodes(-1);
      },
      "conditions[0].episodes");
  reg(
      [](Register& r) {
        r.add_conditions()->set_kind(v1::TRIGGER_KIND_QUOTA);
        r.mutable_conditions(0)->set_megabytes(std::numeric_limits<double>::infinity());
      },
      "conditions[0].megabytes is not finite");
  reg(
      [](Register& r) {
        for (int i = 0; i < 33; ++i) r.add_conditions();
      },
      "conditions has 33 entries");
  reg([](Register& r) { r.add_conditions(), r.set_no_conditions(true); }, "no_conditions is set");

  using Ingest = v1::IngestEpisodesRequest;
  cases.push_back({"IngestEpisodes",
                   Bad<Ingest, v1::IngestEpisodesResponse>(m, &Memory::IngestEpisodes,
                                                           [](Ingest& r) { r.set_user("u"); }),
                   "episodes has 0 entries"});
  cases.push_back({"IngestEpisodes",
                   Bad<Ingest, v1::IngestEpisodesResponse>(m, &Memory::IngestEpisodes,
                                                           [](Ingest& r) {
                                                             r.set_user("u");
                                                             for (int i = 0; i < 1001; ++i) r.add_episodes();
                                                           }),
                   "episodes has 1001 entries"});

  using GetEpisode = v1::GetEpisodeRequest;
  cases.push_back(
      {"GetEpisode",
       Bad<GetEpisode, v1::StoredEpisode>(m, &Memory::GetEpisode, [](GetEpisode& r) { r.set_user("u"); }),
       "episode_id is empty"});
  using GetFact = v1::GetFactRequest;
  cases.push_back({"GetFact",
                   Bad<GetFact, v1::FactDetail>(m, &Memory::GetFact, [](GetFact& r) { r.set_user("u"); }),
                   "key is empty"});
  cases.push_back(
      {"GetFact",
       Bad<GetFact, v1::FactDetail>(m, &Memory::GetFact,
                                    [](GetFact& r) { r.set_user("u"), r.set_key(std::string(201, 'k')); }),
       "key has 201 bytes"});
  using ListFacts = v1::ListFactsRequest;
  cases.push_back(
      {"ListFacts",
       Bad<ListFacts, v1::ListFactsResponse>(
           m, &Memory::ListFacts, [](ListFacts& r) { r.set_user("u"), r.set_subject(std::string("\0", 1)); }),
       "subject holds a NUL"});

  using Put = v1::PutSlotRequest;
  const auto put = [&](std::function<void(Put&)> change, const char* says) {
    cases.push_back({"PutSlot", Bad<Put, v1::PutSlotResponse>(m, &Memory::PutSlot, change), says});
  };
  const auto good = [](Put& r) {
    r.mutable_slot()->set_pattern("*:preference:tea");
    r.mutable_slot()->set_category(v1::CATEGORY_PREFERENCE);
    r.mutable_slot()->set_cardinality(v1::CARDINALITY_ONE);
  };
  put([](Put&) {}, "slot is missing");
  put([good](Put& r) { good(r), r.mutable_slot()->set_pattern(""); }, "slot.pattern is empty");
  put([good](Put& r) { good(r), r.mutable_slot()->set_pattern("no colons"); }, "slot");
  put([good](Put& r) { good(r), r.mutable_slot()->set_pattern("\xFF"); }, "slot.pattern is not UTF-8");
  put([good](Put& r) { good(r), r.mutable_slot()->set_category(v1::CATEGORY_UNSPECIFIED); },
      "slot.category is unspecified");
  put([good](Put& r) { good(r), r.mutable_slot()->set_category(static_cast<v1::Category>(50)); },
      "slot.category is 50");
  put([good](Put& r) { good(r), r.mutable_slot()->set_value_type(static_cast<v1::ValueType>(50)); },
      "slot.value_type is 50");
  put([good](Put& r) { good(r), r.mutable_slot()->clear_cardinality(); }, "slot.cardinality is unspecified");
  put([good](Put& r) { good(r), r.mutable_slot()->add_aliases(""); }, "slot.aliases[0] is empty");
  put([good](Put& r) { good(r), r.mutable_slot()->set_description(std::string(1025, 'd')); },
      "slot.description has 1025");
  put([good](Put& r) { good(r), r.set_tenant(std::string(129, 't')); }, "tenant has 129 bytes");

  using Slots = v1::ListSlotsRequest;
  cases.push_back(
      {"ListSlots",
       Bad<Slots, v1::ListSlotsResponse>(m, &Memory::ListSlots, [](Slots& r) { r.set_page_size(-1); }),
       "page_size is -1"});
  cases.push_back(
      {"ListSlots",
       Bad<Slots, v1::ListSlotsResponse>(m, &Memory::ListSlots, [](Slots& r) { r.set_tenant("\xFF"); }),
       "tenant is not UTF-8"});

  cases.push_back({"WatchTask",
                   [](RunningApp& app) {
                     grpc::ClientContext context;
                     v1::WatchTaskRequest request;
                     request.set_task_id("\xFF");
                     v1::TaskEvent event;
                     auto reader = app.consolidation->WatchTask(&context, request);
                     reader->Read(&event);
                     return reader->Finish();
                   },
                   "task_id is not UTF-8"});
  cases.push_back({"ExportUser",
                   [](RunningApp& app) {
                     grpc::ClientContext context;
                     v1::ExportRecord record;
                     auto reader = app.memory->ExportUser(&context, {});
                     reader->Read(&record);
                     return reader->Finish();
                   },
                   "user is empty"});
  cases.push_back({"ImportUser",
                   [](RunningApp& app) {
                     grpc::ClientContext context;
                     v1::IngestSummary summary;
                     auto writer = app.memory->ImportUser(&context, &summary);
                     v1::ImportUserRequest request;
                     request.set_user("\xFF");
                     writer->Write(request);
                     writer->WritesDone();
                     return writer->Finish();
                   },
                   "user is not UTF-8"});
  cases.push_back({"IngestEpisodeStream",
                   [](RunningApp& app) {
                     grpc::ClientContext context;
                     v1::IngestSummary summary;
                     auto writer = app.memory->IngestEpisodeStream(&context, &summary);
                     v1::IngestEpisodeStreamRequest request;
                     request.set_user(std::string("\0", 1));
                     writer->Write(request);
                     writer->WritesDone();
                     return writer->Finish();
                   },
                   "user holds a NUL"});
  return cases;
}

TEST_F(ConsolidationServiceTest, BadInputAtEveryCallIsInvalidAndNamesTheField) {
  for (const BadCall& bad : BadCalls()) {
    const grpc::Status status = bad.call(app_);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << bad.name << ", " << bad.says;
    EXPECT_THAT(status.error_message(), HasSubstr(bad.says)) << bad.name;
  }
}

TEST_F(ConsolidationServiceTest, OversizeRequestIsRefusedAndTheServerGoesOn) {
  v1::IngestEpisodesRequest request;
  request.set_user("ann");
  request.add_episodes()->set_text(std::string(5 << 20, 'x'));
  v1::IngestEpisodesResponse response;
  EXPECT_EQ(Call(*app_.memory, &Memory::IngestEpisodes, request, response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  Ingest(1);
}

}  // namespace
}  // namespace slowwave
