#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/policy/policy.h"
#include "platform/db/database.h"

// Rules are data: db/policy/*.json, kept in the database with every version they had, so that all processes
// of an installation go by the same ones.
namespace gridwarden::server {

// The .json files of a folder, by name. FAILED_PRECONDITION naming what cannot be read.
absl::StatusOr<std::map<std::string, std::string>> ReadPolicyFolder(const std::string& folder);

// Stores what differs from the newest stored version, after it was parsed as a whole: rules that do not parse
// change nothing. A file that is no longer there is stored empty. Answers the names of what changed.
absl::StatusOr<std::vector<std::string>> StorePolicy(db::Database& database,
                                                     const std::map<std::string, std::string>& files,
                                                     absl::Time now);

// The policy in force. FAILED_PRECONDITION when none was ever stored or it does not parse.
absl::StatusOr<std::shared_ptr<const domain::Policy>> LoadPolicy(db::Database& database);

}  // namespace gridwarden::server
