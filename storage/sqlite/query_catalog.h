// The named queries of queries/*.sql.
#ifndef SLOWWAVE_STORAGE_SQLITE_QUERY_CATALOG_H_
#define SLOWWAVE_STORAGE_SQLITE_QUERY_CATALOG_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace slowwave::sqlite {

struct NamedQuery {
  std::string_view sql;
  std::vector<std::string> indexes;  // tables and indexes of its `-- index:` line; empty for `none`
};

// By name. Built once; safe from any thread.
const std::map<std::string_view, NamedQuery>& QueryCatalog();

}  // namespace slowwave::sqlite

#endif  // SLOWWAVE_STORAGE_SQLITE_QUERY_CATALOG_H_
