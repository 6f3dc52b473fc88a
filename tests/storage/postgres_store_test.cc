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

// A store on a database of its own, copied from one that is migrated already. The last one's is dropped.
std::unique_ptr<Store> OpenFresh(std::function<absl::Time()> now) {
  static std::string last;
  PostgresServer& server = PostgresServer::Shared();
  static const std::string pattern = [&] {
    std::string url = server.NewDatabase();
    Must(PostgresMigrate(url));
    return url.substr(url.rfind('/') + 1);
  }();
  if (!last.empty()) server.DropDatabase(last);
  static int count = 0;
  const std::string name = absl::StrCat("conformance_", ++count);
  server.Sql(server.Url(), absl::StrCat("CREATE DATABASE ", name, " TEMPLATE ", pattern));
  last = server.Url(name);
  PostgresOptions options;
  options.url = last;
  options.now = std::move(now);
  return Must(OpenPostgres(std::move(options)));
}

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, testing::Values(StoreBackend{"Server", &OpenFresh}),
                         BackendName);

}  // namespace
}  // namespace slowwave
