// MemoryService over a real socket and the real store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "tests/support/running_app.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using Memory = v1::MemoryService::Stub;

class MemoryServiceTest : public testing::Test {
 protected:
  v1::IngestEpisodesResponse Ingest(const std::vector<std::string>& texts, const std::string& user = "ann") {
    v1::IngestEpisodesRequest request;
    request.set_user(user);
    for (size_t i = 0; i < texts.size(); ++i) {
      v1::Episode& episode = *request.add_episodes();
      episode.set_id("e" + std::to_string(i));
      episode.set_text(texts[i]);
      episode.mutable_occurred_at()->set_seconds(1'700'000'000 + static_cast<int64_t>(i) * 60);
    }
    v1::IngestEpisodesResponse response;
    const grpc::Status status = Call(*app_.memory, &Memory::IngestEpisodes, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  RunningApp app_;
};

TEST_F(MemoryServiceTest, IngestForAnUnknownUserCreatesItWithTheDefaults) {
  EXPECT_EQ(Ingest({"I live in Lisbon."}).results(0).status(), v1::INGEST_STATUS_STORED);
  v1::GetUserRequest request;
  request.set_user("ann");
  v1::User user;
  ASSERT_TRUE(Call(*app_.memory, &Memory::GetUser, request, user).ok());
  EXPECT_EQ(user.tenant(), "default");
  EXPECT_EQ(user.episodes(), 1);
  EXPECT_THAT(user.digest(), SizeIs(64));
  EXPECT_THAT(user.conditions(), SizeIs(3));
}

TEST_F(MemoryServiceTest, SameEpisodeAgainExistsAndOtherContentIsDifferent) {
  Ingest({"one", "two"});
  const v1::IngestEpisodesResponse again = Ingest({"one", "2"});
  EXPECT_EQ(again.results(0).status(), v1::INGEST_STATUS_EXISTS);
  EXPECT_EQ(again.results(1).status(), v1::INGEST_STATUS_EXISTS_DIFFERENT);
  EXPECT_THAT(again.results(1).reason(), HasSubstr("episodes[1].id is taken"));
}

TEST_F(MemoryServiceTest, AnUndatedEpisodeKeepsTheTimeItFirstCame) {
  v1::IngestEpisodesRequest request;
  request.set_user("ann");
  request.add_episodes()->set_id("undated");
  request.mutable_episodes(0)->set_text("I live in Lisbon.");
  v1::IngestEpisodesResponse response;
  ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, response).ok());
  EXPECT_EQ(response.results(0).status(), v1::INGEST_STATUS_STORED);
  ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, response).ok());
  EXPECT_EQ(response.results(0).status(), v1::INGEST_STATUS_EXISTS);
}

TEST_F(MemoryServiceTest, BadEpisodesAreRefusedByNameAndTheGoodOnesStored) {
  v1::IngestEpisodesRequest request;
  request.set_user("ann");
  request.add_episodes()->set_text("good");
  request.add_episodes();
  request.add_episodes()->set_text("caf\xE9");
  request.add_episodes()->set_text(std::string("a\0b", 3));
  request.add_episodes()->set_text("vector");
  request.mutable_episodes(4)->add_embedding(std::numeric_limits<float>::quiet_NaN());
  request.add_episodes()->set_text("good too");
  v1::IngestEpisodesResponse response;
  ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, response).ok());
  ASSERT_THAT(response.results(), SizeIs(6));
  EXPECT_EQ(response.results(0).status(), v1::INGEST_STATUS_STORED);
  EXPECT_THAT(response.results(1).reason(), HasSubstr("episodes[1].text is empty"));
  EXPECT_THAT(response.results(2).reason(), HasSubstr("episodes[2].text is not UTF-8"));
  EXPECT_THAT(response.results(3).reason(), HasSubstr("episodes[3].text holds a NUL"));
  EXPECT_THAT(response.results(4).reason(), HasSubstr("episodes[4].embedding[0] is not finite"));
  for (int i = 1; i <= 4; ++i) EXPECT_EQ(response.results(i).status(), v1::INGEST_STATUS_REFUSED);
  EXPECT_EQ(response.results(5).status(), v1::INGEST_STATUS_STORED);
  EXPECT_THAT(response.results(5).id(), SizeIs(36));
}

TEST_F(MemoryServiceTest, EmbeddingOfAnotherLengthIsRefusedWithBothLengths) {
  v1::IngestEpisodesRequest request;
  request.set_user("ann");
  for (int i = 0; i < 2; ++i) {
    request.add_episodes()->set_text("x");
    request.mutable_episodes(i)->mutable_embedding()->Resize(3 - i, 1);
  }
  v1::IngestEpisodesResponse response;
  ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, response).ok());
  EXPECT_EQ(response.results(0).status(), v1::INGEST_STATUS_STORED);
  EXPECT_EQ(response.results(1).status(), v1::INGEST_STATUS_REFUSED);
  EXPECT_THAT(response.results(1).reason(), HasSubstr("episodes[1].embedding has 2 numbers; allowed: 3"));
}

TEST_F(MemoryServiceTest, EpisodeComesBackAsItWasSent) {
  v1::IngestEpisodesRequest request;
  request.set_user("ann");
  v1::Episode& sent = *request.add_episodes();
  sent.set_id("e");
  sent.set_type(v1::EPISODE_TYPE_PREFERENCE);
  sent.set_text("Zoë likes 茶.");
  sent.set_speaker("Zoë");
  sent.set_session_id("s");
  sent.set_turn(4);
  sent.mutable_occurred_at()->set_seconds(-62135596800);
  sent.set_origin(v1::ORIGIN_TOOL);
  sent.add_entities("Zoë");
  sent.add_embedding(0.25);
  sent.set_importance(0);
  sent.set_confidence(1);
  sent.set_access_count(9);
  sent.set_metadata(R"({"a":[1,2]})");
  v1::IngestEpisodesResponse ingested;
  ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, ingested).ok());
  ASSERT_EQ(ingested.results(0).status(), v1::INGEST_STATUS_STORED) << ingested.results(0).reason();
  v1::GetEpisodeRequest get;
  get.set_user("ann");
  get.set_episode_id("e");
  v1::StoredEpisode got;
  ASSERT_TRUE(Call(*app_.memory, &Memory::GetEpisode, get, got).ok());
  EXPECT_EQ(got.episode().SerializeAsString(), sent.SerializeAsString());
  EXPECT_EQ(got.status(), v1::EPISODE_STATUS_ACTIVE);
  EXPECT_TRUE(got.pending());
}

TEST_F(MemoryServiceTest, DerivedEpisodeIsKeptButNotPending) {
  v1::IngestEpisodesRequest request;
  request.set_user("ann");
  request.add_episodes()->set_text("a summary");
  request.mutable_episodes(0)->set_id("d");
  request.mutable_episodes(0)->set_origin(v1::ORIGIN_DERIVED);
  v1::IngestEpisodesResponse ingested;
  ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, ingested).ok());
  v1::GetEpisodeRequest get;
  get.set_user("ann");
  get.set_episode_id("d");
  v1::StoredEpisode got;
  ASSERT_TRUE(Call(*app_.memory, &Memory::GetEpisode, get, got).ok());
  EXPECT_FALSE(got.pending());
}

TEST_F(MemoryServiceTest, StreamStoresTheGoodAndListsTheBadWithIndexIdAndReason) {
  Ingest({"known"});
  grpc::ClientContext context;
  v1::IngestSummary summary;
  auto writer = app_.memory->IngestEpisodeStream(&context, &summary);
  constexpr int kMessages = 30, kPerMessage = 100;
  int index = 0;
  for (int i = 0; i < kMessages; ++i) {
    v1::IngestEpisodeStreamRequest message;
    if (i == 0) message.set_user("ann");
    for (int j = 0; j < kPerMessage; ++j, ++index) {
      v1::Episode& episode = *message.add_episodes();
      episode.set_id("s" + std::to_string(index));
      episode.set_text(index == 1234 ? "\xFF" : "text " + std::to_string(index));
      if (index == 2000) {
        episode.set_id("e0");  // as Ingest stored it
        episode.set_text("known");
        episode.mutable_occurred_at()->set_seconds(1'700'000'000);
      }
      if (index == 2001) episode.set_id("e0");
    }
    ASSERT_TRUE(writer->Write(message));
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(summary.stored(), kMessages * kPerMessage - 3);
  EXPECT_EQ(summary.existed(), 1);
  EXPECT_EQ(summary.different(), 1);
  EXPECT_EQ(summary.refused(), 1);
  ASSERT_THAT(summary.problems(), SizeIs(2));
  EXPECT_EQ(summary.problems(0).index(), 1234);
  EXPECT_EQ(summary.problems(0).id(), "s1234");
  EXPECT_THAT(summary.problems(0).reason(), HasSubstr("episodes[1234].text is not UTF-8"));
  EXPECT_EQ(summary.problems(1).index(), 2001);
  EXPECT_EQ(summary.problems(1).status(), v1::INGEST_STATUS_EXISTS_DIFFERENT);
}

TEST_F(MemoryServiceTest, StreamThatChangesItsUserEndsButKeepsWhatCameBefore) {
  grpc::ClientContext context;
  v1::IngestSummary summary;
  auto writer = app_.memory->IngestEpisodeStream(&context, &summary);
  v1::IngestEpisodeStreamRequest message;
  message.set_user("ann");
  message.add_episodes()->set_text("kept");
  writer->Write(message);
  message.set_user("bob");
  writer->Write(message);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("user is not the first message's"));
  v1::GetUserRequest request;
  request.set_user("ann");
  v1::User user;
  ASSERT_TRUE(Call(*app_.memory, &Memory::GetUser, request, user).ok());
  EXPECT_EQ(user.episodes(), 1);
}

TEST_F(MemoryServiceTest, StreamWithoutAUserIsInvalid) {
  grpc::ClientContext context;
  v1::IngestSummary summary;
  auto writer = app_.memory->IngestEpisodeStream(&context, &summary);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("user is empty"));
}

TEST_F(MemoryServiceTest, CancelledStreamsLeaveTheServerWell) {
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    v1::IngestSummary summary;
    auto writer = app_.memory->IngestEpisodeStream(&context, &summary);
    v1::IngestEpisodeStreamRequest message;
    message.set_user("ann");
    message.add_episodes()->set_text("x");
    for (int j = 0; j < i; ++j) writer->Write(message);
    context.TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  EXPECT_EQ(Ingest({"still here"}).results(0).status(), v1::INGEST_STATUS_STORED);
}

TEST_F(MemoryServiceTest, ListsArePagedWithoutGapsOrRepeats) {
  std::vector<std::string> texts;
  for (int i = 0; i < 25; ++i) texts.push_back("text " + std::to_string(i));
  Ingest(texts);
  std::vector<std::string> ids;
  v1::ListEpisodesRequest request;
  request.set_user("ann");
  request.set_page_size(7);
  int pages = 0;
  do {
    v1::ListEpisodesResponse page;
    ASSERT_TRUE(Call(*app_.memory, &Memory::ListEpisodes, request, page).ok());
    for (const v1::StoredEpisode& episode : page.episodes()) ids.push_back(episode.episode().id());
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_THAT(ids, SizeIs(25));
  EXPECT_THAT(std::set<std::string>(ids.begin(), ids.end()), SizeIs(25));
  EXPECT_EQ(pages, 4);
}

TEST_F(MemoryServiceTest, LargePagesAreCutToWhatAClientTakes) {
  constexpr int kEpisodes = 80;
  for (int i = 0; i < kEpisodes; ++i) {
    v1::IngestEpisodesRequest request;
    request.set_user("ann");
    request.add_episodes()->set_text(std::string(65536, 'x'));
    v1::IngestEpisodesResponse response;
    ASSERT_TRUE(Call(*app_.memory, &Memory::IngestEpisodes, request, response).ok());
  }
  v1::ListEpisodesRequest request;
  request.set_user("ann");
  request.set_page_size(1000);
  int seen = 0;
  do {
    v1::ListEpisodesResponse page;
    const grpc::Status status = Call(*app_.memory, &Memory::ListEpisodes, request, page);
    ASSERT_TRUE(status.ok()) << status.error_message();
    seen += page.episodes_size();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, kEpisodes);
}

TEST_F(MemoryServiceTest, RegisteringAgainKeepsWhatAConditionHasBehindIt) {
  v1::RegisterUserRequest request;
  request.set_user("ann");
  v1::User first, second;
  ASSERT_TRUE(Call(*app_.memory, &Memory::RegisterUser, request, first).ok());
  ASSERT_TRUE(Call(*app_.memory, &Memory::RegisterUser, request, second).ok());
  ASSERT_THAT(first.conditions(), SizeIs(3));
  EXPECT_EQ(second.conditions(0).SerializeAsString(), first.conditions(0).SerializeAsString());
}

TEST_F(MemoryServiceTest, RegisterWithoutConditionsHasNone) {
  v1::RegisterUserRequest request;
  request.set_user("ann");
  request.set_no_conditions(true);
  v1::User user;
  ASSERT_TRUE(Call(*app_.memory, &Memory::RegisterUser, request, user).ok());
  EXPECT_THAT(user.conditions(), SizeIs(0));
}

TEST_F(MemoryServiceTest, SlotIsPutListedAndReplaced) {
  v1::PutSlotRequest put;
  put.mutable_slot()->set_pattern("*:preference:tea");
  put.mutable_slot()->set_category(v1::CATEGORY_PREFERENCE);
  put.mutable_slot()->set_cardinality(v1::CARDINALITY_ONE);
  v1::PutSlotResponse first, same;
  const grpc::Status status = Call(*app_.memory, &Memory::PutSlot, put, first);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_TRUE(Call(*app_.memory, &Memory::PutSlot, put, same).ok());
  EXPECT_EQ(first.version(), same.version());
  v1::ListSlotsRequest list;
  list.set_page_size(2);
  int tea = 0, builtin = 0;
  do {
    v1::ListSlotsResponse page;
    ASSERT_TRUE(Call(*app_.memory, &Memory::ListSlots, list, page).ok());
    for (const v1::Slot& slot : page.slots()) {
      tea += slot.pattern() == "*:preference:tea";
      builtin += slot.builtin();
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(tea, 1);
  EXPECT_GE(builtin, 10);
}

TEST_F(MemoryServiceTest, ExportOfOneUserImportsIntoAnother) {
  Ingest({"I live in Lisbon.", "I work as a baker."});
  v1::PutSlotRequest put;
  put.mutable_slot()->set_pattern("*:preference:tea");
  put.mutable_slot()->set_category(v1::CATEGORY_PREFERENCE);
  put.mutable_slot()->set_cardinality(v1::CARDINALITY_ONE);
  v1::PutSlotResponse put_response;
  ASSERT_TRUE(Call(*app_.memory, &Memory::PutSlot, put, put_response).ok());

  std::vector<v1::ExportRecord> records;
  {
    grpc::ClientContext context;
    v1::ExportUserRequest request;
    request.set_user("ann");
    auto reader = app_.memory->ExportUser(&context, request);
    for (v1::ExportRecord record; reader->Read(&record);) records.push_back(record);
    ASSERT_TRUE(reader->Finish().ok());
  }
  ASSERT_THAT(records, SizeIs(4));
  EXPECT_EQ(records[0].header().user(), "ann");
  EXPECT_EQ(records[1].slot().pattern(), "*:preference:tea");
  EXPECT_EQ(records[2].episode().text(), "I live in Lisbon.");

  grpc::ClientContext context;
  v1::IngestSummary summary;
  auto writer = app_.memory->ImportUser(&context, &summary);
  v1::ImportUserRequest message;
  message.set_tenant("other");
  message.set_user("copy");
  for (const v1::ExportRecord& record : records) {
    *message.add_records() = record;
    ASSERT_TRUE(writer->Write(message));
    message.Clear();
  }
  message.add_records();                                    // empty
  message.add_records()->mutable_episode()->set_text("");   // bad
  message.add_records()->mutable_slot()->set_pattern("x");  // bad
  message.add_records()->mutable_episode()->set_text("one more");
  writer->Write(message);
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(summary.stored(), 3);
  EXPECT_EQ(summary.slots(), 1);
  EXPECT_EQ(summary.refused(), 3);
  EXPECT_EQ(summary.problems(0).index(), 4);

  v1::GetUserRequest get;
  get.set_tenant("other");
  get.set_user("copy");
  v1::User user;
  ASSERT_TRUE(Call(*app_.memory, &Memory::GetUser, get, user).ok());
  EXPECT_EQ(user.episodes(), 3);
}

TEST_F(MemoryServiceTest, AnotherTenantsUserIsNotFound) {
  Ingest({"x"});
  v1::GetUserRequest request;
  request.set_tenant("other");
  request.set_user("ann");
  v1::User user;
  EXPECT_EQ(Call(*app_.memory, &Memory::GetUser, request, user).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(MemoryServiceTest, ErasureIsOfALaterVersion) {
  v1::ErasureReceipt receipt;
  EXPECT_EQ(Call(*app_.memory, &Memory::EraseUser, {}, receipt).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Call(*app_.memory, &Memory::EraseEpisodes, {}, receipt).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(MemoryServiceTest, VerifyFindsAnEmptyMemoryEqual) {
  Ingest({"x"});
  v1::VerifyUserRequest request;
  request.set_user("ann");
  v1::VerifyUserResponse response;
  ASSERT_TRUE(Call(*app_.memory, &Memory::VerifyUser, request, response).ok());
  EXPECT_TRUE(response.equal());
  EXPECT_EQ(response.stored_digest(), response.folded_digest());
}

}  // namespace
}  // namespace slowwave
