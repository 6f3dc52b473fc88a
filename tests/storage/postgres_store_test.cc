// What is Postgres' own, and the conformance suite on it.
#include "storage/postgres/postgres_store.h"

#include "storage/postgres/connection.h"
#include "storage/postgres/embedded_sql.h"
#include "tests/storage/store_conformance.h"
#include "tests/support/postgres_server.h"

namespace slowwave {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A store on the same database each time, emptied.
std::unique_ptr<Store> OpenFresh(std::function<absl::Time()> now) {
  PostgresServer& server = PostgresServer::Shared();
  static const std::string url = [&] {
    std::string made = server.NewDatabase();
    Must(PostgresMigrate(made));
    return made;
  }();
  server.Sql(url, R"(DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'slowwave' AND tablename <> 'schema_migration' LOOP
      EXECUTE 'DELETE FROM slowwave.' || name;
    END LOOP; END $$)");
  PostgresOptions options;
  options.url = url;
  options.now = std::move(now);
  return Must(OpenPostgres(std::move(options)));
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, testing::Values(StoreBackend{"Server", &OpenFresh}),
                         BackendName);

}  // namespace
}  // namespace slowwave
