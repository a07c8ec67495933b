#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/casework/v1/rung_event.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of vacancy findings.
namespace gridwarden::casework {

struct Vacancy {
  Uuid id;
  Uuid post;
  Uuid division;
  std::string ground_path;
  Uuid rung;
  std::string subject;
  absl::Time first_seen, last_seen;
  std::optional<absl::Time> end;
  v1::VacancyFinding::End end_kind = v1::VacancyFinding::END_UNSPECIFIED;
  journal::Subject chain;
};

// False when a finding for the post stands already.
absl::StatusOr<bool> InsertVacancy(db::Transaction& tx, const Vacancy& vacancy);
// The standing findings of these posts were seen again. Those seen less than an hour before keep their time,
// so that a post which many rungs meet is no hot row.
absl::Status TouchVacancies(db::Transaction& tx, const std::vector<Uuid>& posts, absl::Time now);
// Standing findings after this post, in the order of posts.
absl::StatusOr<std::vector<Vacancy>> ReadOpenVacancies(db::Transaction& tx, const Uuid& after, int limit);
absl::StatusOr<std::optional<Vacancy>> LockVacancy(db::Transaction& tx, const Uuid& id);
// Ends it; the row must be locked. ABORTED when it is not at chain.seq - 1.
absl::Status EndVacancy(db::Transaction& tx, const Vacancy& vacancy);

struct VacancyFilter {
  std::vector<std::string> grounds;  // path keys; empty = everywhere
  bool open = false;
};
struct VacancyKey {
  int64_t time_us = 0;
  Uuid id;
};
// Newest first, after `after` when it is not null.
absl::StatusOr<std::vector<Vacancy>> ListVacancies(db::Transaction& tx, const VacancyFilter& filter,
                                                   const VacancyKey* after, int limit);

}  // namespace gridwarden::casework
