#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "platform/db/database.h"

// The SQL of applications. The row of their case is locked before any of them is written.
namespace gridwarden::casework {

struct ApplicationFile {
  Uuid id;
  Uuid case_id;
  std::string ground_path;      // of the case
  Uuid handler;                 // of the case when it was made
  Uuid office;                  // division of the applicant's post
  v1::Application application;  // whole, its etag unset
};

// NOT_FOUND if there is no such application; `name` is applications/{uuid}.
absl::StatusOr<ApplicationFile> ReadApplication(db::Transaction& tx, std::string_view name);
absl::StatusOr<ApplicationFile> LockApplication(db::Transaction& tx, std::string_view name);
// Waiting ones of a case, oldest first, locked.
absl::StatusOr<std::vector<ApplicationFile>> LockPending(db::Transaction& tx, const Uuid& case_id);

absl::Status InsertApplication(db::Transaction& tx, const ApplicationFile& file);
absl::Status SaveApplication(db::Transaction& tx, const ApplicationFile& file);
// Remembers who took part. The keys decide, whatever the code above thought: FAILED_PRECONDITION /
// ANOTHER_PERSON_NEEDED when the person took part before or the seat is taken.
absl::Status InsertDecision(db::Transaction& tx, const Uuid& application, const v1::Consent& consent);

// How many cases of these handlers (a unit with its posts, or one post), or on an office's ground, were filed
// since the month began, and how many of them an application of the kind concerns that waits or is in force.
// The holder's month is held until commit.
struct MonthCount {
  int64_t concerned = 0, cases = 0;
};
absl::StatusOr<MonthCount> CountOfHandlers(db::Transaction& tx, const Uuid& holder,
                                           const std::vector<Uuid>& handlers, const Uuid& except_case,
                                           v1::Application::Kind kind, absl::Time now);
absl::StatusOr<MonthCount> CountOfOffice(db::Transaction& tx, const Uuid& office,
                                         const std::vector<std::string>& grounds, v1::Application::Kind kind,
                                         absl::Time now);

struct ApplicationFilter {
  Uuid case_id;                      // nil = any
  std::vector<std::string> grounds;  // path keys; empty = everywhere
  std::vector<v1::Application::State> states;
  std::vector<v1::Application::Kind> kinds;
};
struct ApplicationKey {
  int64_t create_us = 0;
  Uuid id;
};
struct ListedApplication {
  ApplicationFile file;
  uint64_t case_seq = 0;  // the etag of its case
  Uuid case_division;
};
// Newest first, after `after` when it is not null.
absl::StatusOr<std::vector<ListedApplication>> ListApplicationFiles(db::Transaction& tx,
                                                                    const ApplicationFilter& filter,
                                                                    const ApplicationKey* after, int limit);
// Its text, for the test that asks how it is executed.
std::string ApplicationListStatement(const ApplicationFilter& filter, bool after);

}  // namespace gridwarden::casework
