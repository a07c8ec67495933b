#pragma once

#include <map>
#include <string>
#include <vector>

namespace gridwarden::db {

// What is wrong with a server's global variables (names in lower case), one sentence each; empty when they
// are the durable set of guarantees.md G1. Our sessions never rely on autocommit (every statement stands in
// an explicit transaction), so its global value is not asked for.
std::vector<std::string> UnsafeVariables(const std::map<std::string, std::string>& variables);

}  // namespace gridwarden::db
