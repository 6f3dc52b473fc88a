// A backend's SQL: files of named queries.
//
//   -- What the query is for.
//   -- name: user_get
//   -- index: user_state
//   SELECT ...
//
// `-- tenants: all` says that a query looks beyond one tenant; any other that names indexes is of its first
// parameter's.
//
// `-- fragment: tail` instead of a name begins what several queries of the file share; `-- then: tail` puts
// it there.
#ifndef SLOWWAVE_STORAGE_QUERY_CATALOG_H_
#define SLOWWAVE_STORAGE_QUERY_CATALOG_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace slowwave {

struct NamedQuery {
  std::string sql;                   // without comment lines
  bool has_indexes = false;          // there is an `-- index:` line
  std::vector<std::string> indexes;  // its tables and indexes; empty for `none`
  bool all_tenants = false;
};

using QueryMap = std::map<std::string, NamedQuery, std::less<>>;

// Throws std::out_of_range for a fragment that the file does not have before.
QueryMap ParseQueries(const std::vector<std::string_view>& files);

}  // namespace slowwave

#endif  // SLOWWAVE_STORAGE_QUERY_CATALOG_H_
