// The SQL files beside this one, as built in by embed_sql.cmake.
#ifndef SLOWWAVE_STORAGE_SQLITE_EMBEDDED_SQL_H_
#define SLOWWAVE_STORAGE_SQLITE_EMBEDDED_SQL_H_

#include <string_view>
#include <vector>

#include "storage/migrator.h"

namespace slowwave::sqlite {

const std::vector<Migration>& EmbeddedMigrations();
const std::vector<std::string_view>& EmbeddedQueryFiles();

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_EMBEDDED_SQL_H_
