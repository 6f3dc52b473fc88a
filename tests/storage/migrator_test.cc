#include "storage/migrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FakeDriver : public MigrationDriver {
 public:
  absl::StatusOr<std::vector<AppliedMigration>> Applied() override { return applied; }
  absl::Status Apply(const Migration& migration, const std::string& checksum) override {
    if (migration.sql == "bad") return absl::InternalError("syntax");
    applied.push_back({migration.version, std::string(migration.name), checksum, absl::UnixEpoch()});
    versions.push_back(migration.version);
    return absl::OkStatus();
  }
  std::vector<AppliedMigration> applied;
  std::vector<int> versions;
};

const std::vector<Migration> kTwo = {{1, "first", "one"}, {2, "second", "two"}};

TEST(MigratorTest, AppliesInOrderAndOnlyOnce) {
  FakeDriver driver;
  EXPECT_EQ(*MigrateUp(kTwo, driver), 2);
  EXPECT_EQ(*MigrateUp(kTwo, driver), 0);
  EXPECT_THAT(driver.versions, ElementsAre(1, 2));
}

TEST(MigratorTest, AppliesWhatIsOutstanding) {
  FakeDriver driver;
  EXPECT_EQ(*MigrateUp({kTwo[0]}, driver), 1);
  EXPECT_EQ(*MigrateUp(kTwo, driver), 1);
}

TEST(MigratorTest, FailureNamesTheMigrationAndKeepsThoseBefore) {
  FakeDriver driver;
  const auto result = MigrateUp({kTwo[0], {2, "second", "bad"}}, driver);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("0002_second"));
  EXPECT_THAT(driver.versions, ElementsAre(1));
}

TEST(MigratorTest, NewerDatabaseIsRefused) {
  FakeDriver driver;
  EXPECT_EQ(*MigrateUp(kTwo, driver), 2);
  EXPECT_EQ(MigrateUp({kTwo[0]}, driver).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(MigratorTest, ChangedMigrationIsRefused) {
  FakeDriver driver;
  EXPECT_EQ(*MigrateUp(kTwo, driver), 2);
  EXPECT_EQ(MigrateUp({{1, "first", "edited"}, kTwo[1]}, driver).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(MigratorTest, GapIsRefused) {
  FakeDriver driver;
  driver.applied = {{2, "second", MigrationChecksum(kTwo[1]), absl::UnixEpoch()}};
  EXPECT_EQ(MigrateUp(kTwo, driver).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(driver.versions, testing::IsEmpty());
}

TEST(MigratorTest, StatusTellsAppliedFromOutstanding) {
  FakeDriver driver;
  EXPECT_EQ(*MigrateUp({kTwo[0]}, driver), 1);
  const MigrationStatus status = *ReadMigrationStatus(kTwo, driver);
  EXPECT_EQ(status.applied, 1);
  EXPECT_EQ(status.outstanding, 1);
  EXPECT_TRUE(status.migrations[0].applied_at.has_value());
  EXPECT_FALSE(status.migrations[1].applied_at.has_value());
  EXPECT_TRUE(ValidateMigrations(status).ok());
}

}  // namespace
}  // namespace slowwave
