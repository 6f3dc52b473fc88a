// The SQL files beside this one, as built in by storage/embed_sql.cmake.
#ifndef SLOWWAVE_STORAGE_SQLITE_EMBEDDED_SQL_H_
#define SLOWWAVE_STORAGE_SQLITE_EMBEDDED_SQL_H_

#include <vector>

#include "storage/migrator.h"
#include "storage/query_catalog.h"

namespace slowwave::sqlite {

const std::vector<Migration>& EmbeddedMigrations();
// The named queries of queries/*.sql. Built once; safe from any thread.
const QueryMap& QueryCatalog();

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_EMBEDDED_SQL_H_
