#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/id.h"
#include "domain/score/score.h"
#include "gridwarden/report/v1/score_service.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of scores and their appeals.
namespace gridwarden::report {

struct ScoreFactRow {
  Uuid subject;
  v1::ScoreFact fact;
};
absl::StatusOr<std::optional<v1::ScoreFact>> ReadScoreFact(db::Transaction& tx, int64_t generation,
                                                           const Uuid& subject);
absl::Status SaveScoreFact(db::Transaction& tx, int64_t generation, const Uuid& subject,
                           const v1::ScoreFact& fact);
// Facts below a path key after (path, subject), in that order.
absl::StatusOr<std::vector<ScoreFactRow>> ListScoreFacts(db::Transaction& tx, int64_t generation,
                                                         std::string_view ground, std::string_view after_path,
                                                         const Uuid& after_subject, int limit);

struct ScoreCell {
  std::string ground_path, term, party;
  int month = 0;
  auto operator<=>(const ScoreCell&) const = default;
};
using ScoreChanges = std::map<ScoreCell, domain::score::Tally>;
absl::Status AddToScores(db::Transaction& tx, int64_t generation, const ScoreChanges& changes);

// A sum over months, the paths cut off at `path_size` bytes.
struct ScoreSum {
  std::string path, term, party;
  domain::score::Tally tally;
};
struct ScoreSpan {
  std::string ground;  // path key
  int path_size = 0;
  int first_month = 0, last_month = 0;
  std::string parties;  // "units/..,posts/.."; "" = all
};
absl::StatusOr<std::vector<ScoreSum>> SumScores(db::Transaction& tx, int64_t generation,
                                                const ScoreSpan& span);

// The next entry of the feed that is not counted yet.
absl::StatusOr<int64_t> ReadScoreCursor(db::Transaction& tx, std::string_view consumer);

struct AppealRow {
  Uuid id;
  Uuid division;
  std::string ground_path;
  Uuid subject;  // of the case or signal
  int64_t submit_us = 0;
  v1::ScoreAppeal value;
  journal::Subject chain;
};
// NOT_FOUND if there is no such appeal.
absl::StatusOr<AppealRow> ReadAppeal(db::Transaction& tx, const Uuid& id);
absl::StatusOr<AppealRow> LockAppeal(db::Transaction& tx, const Uuid& id);
// ALREADY_EXISTS when the case was appealed against in this term before.
absl::Status InsertAppeal(db::Transaction& tx, const AppealRow& appeal);
absl::Status SaveAppeal(db::Transaction& tx, const AppealRow& appeal);

struct AppealKey {
  std::string ground_path;
  int64_t submit_us = -1;
  Uuid id;
};
// `states`: "1,3"; "" = all.
absl::StatusOr<std::vector<AppealRow>> ListAppeals(db::Transaction& tx, std::string_view ground,
                                                   std::string_view states, const AppealKey& after,
                                                   int limit);

}  // namespace gridwarden::report
