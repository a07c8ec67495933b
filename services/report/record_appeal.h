#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "access/permission.h"
#include "domain/policy/score_rules.h"
#include "report/score_repository.h"

// What the steps of an appeal share.
namespace gridwarden::report {

inline constexpr int kAppealTextCharactersMax = 2000;

struct AppealStep {
  v1::ScoreAppealAction action = v1::SCORE_APPEAL_ACTION_UNSPECIFIED;
  v1::ScoreAppeal::State from = v1::ScoreAppeal::STATE_UNSPECIFIED;
  access::Acting acting;
  std::string request_id;
};

// Writes the appeal as it stands after the step and its journal entry; answers it with the new etag.
absl::StatusOr<v1::ScoreAppeal> RecordAppeal(const AreaContext& context, const rpc::Call& call,
                                             db::Transaction& tx, const AppealStep& step, AppealRow appeal);

// Locks the appeal for a step from `from`: as Absent, NOT_ALLOWED, ETAG_MISMATCH or ILLEGAL_TRANSITION.
struct HeldAppeal {
  AppealRow appeal;
  access::Acting acting;
};
absl::StatusOr<HeldAppeal> LockAppealFor(const AreaContext& context, const rpc::Call& call,
                                         db::Transaction& tx, std::string_view name, std::string_view etag,
                                         v1::ScoreAppeal::State from, std::string_view action);

// The level of a decision: 1 township, 2 county, 3 city. The first one above the division that is higher than
// `after`; none when there is none.
std::optional<int> NextAppealLevel(const domain::Ground& ground, const Uuid& division, absl::Time now,
                                   int after);
domain::Level LevelOfAppeal(int level);

// Whether a person holds the post, or a post of the unit.
bool HoldsParty(const domain::Ground& ground, const Uuid& person, const std::string& party, absl::Time now);
// A grid leader or campaign office of a village, township or county that answers for the division.
bool LeadsGround(const domain::Ground& ground, const Uuid& person, const Uuid& division, absl::Time now);

absl::Status CheckAppealText(std::string_view field, std::string_view text);
google::protobuf::Timestamp AppealTime(absl::Time time);

}  // namespace gridwarden::report
