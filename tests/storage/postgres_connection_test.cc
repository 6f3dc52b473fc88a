// Pipelines over one connection, and the plans that a session of its own keeps.
#include <gtest/gtest.h>

#include "storage/postgres/connection.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/postgres_server.h"

namespace slowwave::postgres {
namespace {

class PostgresConnectionTest : public testing::Test {
 protected:
  std::unique_ptr<Connection> Open() {
    return Must(Connection::Open(url_, Deadline::After(absl::Minutes(1))));
  }
  Failure Run(const std::vector<Statement>& statements) {
    results_.clear();
    return connection_->Run(statements, Deadline::After(absl::Minutes(1)), results_);
  }
  int64_t Number(size_t statement) {
    return DecodeInt({PQgetvalue(results_.at(statement).get(), 0, 0), sizeof(int64_t)});
  }
  int64_t Kept(const std::string& name) {
    const Failure failure =
        Run({{"SELECT count(*) FROM pg_prepared_statements WHERE name = $1", Parameters(name)}});
    EXPECT_TRUE(failure.status.ok());
    return Number(0);
  }

  const std::string url_ = PostgresServer::Shared().NewDatabase();
  std::unique_ptr<Connection> connection_ = Open();
  std::vector<Result> results_;
};

constexpr std::string_view kDouble = "SELECT 2 * $1";

Statement Double(int64_t number) { return {kDouble, Parameters(number), "double"}; }

TEST_F(PostgresConnectionTest, SessionOfItsOwnKeepsThePlanOfANamedStatement) {
  ASSERT_TRUE(connection_->owns_session());
  ASSERT_TRUE(Run({Double(3), Double(4)}).status.ok());
  EXPECT_EQ(Number(0), 6);
  EXPECT_EQ(Number(1), 8);
  EXPECT_EQ(Kept("double"), 1);
  ASSERT_TRUE(Run({Double(5)}).status.ok());
  EXPECT_EQ(Number(0), 10);
}

// Its plans are made for large tables, whose cost would have each statement compiled.
TEST_F(PostgresConnectionTest, SessionOfItsOwnCompilesNothing) {
  ASSERT_TRUE(Run({Double(3)}).status.ok());
  ASSERT_TRUE(Run({{"SELECT (current_setting('jit') = 'off')::integer::bigint", Parameters()}}).status.ok());
  EXPECT_EQ(Number(0), 1);
}

TEST_F(PostgresConnectionTest, UnnamedStatementsLeaveNothing) {
  ASSERT_TRUE(Run({{kDouble, Parameters(int64_t{3})}}).status.ok());
  EXPECT_EQ(Number(0), 6);
  ASSERT_TRUE(Run({{"SELECT count(*) FROM pg_prepared_statements", Parameters()}}).status.ok());
  EXPECT_EQ(Number(0), 0);
}

TEST_F(PostgresConnectionTest, StatementThatWasNotReachedIsPreparedTheNextTime) {
  const Failure failure = Run({{"SELECT 1 / $1", Parameters(int64_t{0})}, Double(3)});
  EXPECT_EQ(failure.statement, 0);
  EXPECT_EQ(failure.sql_state, "22012");
  EXPECT_TRUE(results_.empty());
  ASSERT_TRUE(Run({Double(3)}).status.ok());
  EXPECT_EQ(Number(0), 6);
}

TEST_F(PostgresConnectionTest, StatementThatCannotBePreparedFailsByItself) {
  const Statement bad{"SELECT no_such_column", Parameters(), "bad"};
  for (int i = 0; i < 2; ++i) {
    const Failure failure = Run({Double(1), bad, Double(2)});
    EXPECT_EQ(failure.statement, 1);
    EXPECT_EQ(failure.sql_state, "42703");
    EXPECT_EQ(results_.size(), 1u);
    EXPECT_FALSE(connection_->broken());
  }
}

TEST_F(PostgresConnectionTest, NamedStatementTakesParametersOfAnotherTypeToo) {
  ASSERT_TRUE(Run({Double(3)}).status.ok());
  ASSERT_TRUE(Run({{kDouble, Parameters(1.5), "double"}}).status.ok());
  ASSERT_TRUE(Run({Double(4)}).status.ok());
  EXPECT_EQ(Number(0), 8);
}

TEST_F(PostgresConnectionTest, SessionThatLostItsPlansIsGivenUp) {
  ASSERT_TRUE(Run({Double(3)}).status.ok());
  ASSERT_TRUE(Run({{"DEALLOCATE ALL", Parameters()}}).status.ok());
  const Failure failure = Run({Double(3)});
  EXPECT_EQ(failure.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(connection_->broken());
}

TEST_F(PostgresConnectionTest, SessionWhosePlanGivesOtherRowsThanBeforeIsGivenUp) {
  const Statement all{"SELECT * FROM grows", Parameters(), "all"};
  PostgresServer::Sql(url_, "CREATE TABLE grows(a bigint); INSERT INTO grows VALUES (7)");
  ASSERT_TRUE(Run({all}).status.ok());
  PostgresServer::Sql(url_, "ALTER TABLE grows ADD COLUMN b bigint");
  EXPECT_EQ(Run({all}).status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(connection_->broken());
  connection_ = Open();
  ASSERT_TRUE(Run({all}).status.ok());
  EXPECT_EQ(Number(0), 7);
}

}  // namespace
}  // namespace slowwave::postgres
