#pragma once

#include <map>
#include <string>
#include <vector>

namespace gridwarden::db {

// What is wrong with a server's global variables (names in lower case), one sentence each; empty when they
// are the durable set of guarantees.md G1, F3 and F4. wsrep_ready and wsrep_cluster_status, of the status,
// are looked at where they stand among them. Not asked for: autocommit (every statement of ours stands in an
// explicit transaction) and innodb_rollback_on_timeout (we roll back whatever lost a lock ourselves).
std::vector<std::string> UnsafeVariables(const std::map<std::string, std::string>& variables);

}  // namespace gridwarden::db
