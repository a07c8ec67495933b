#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "grid/division_plan.h"
#include "grid/open_work.h"
#include "grid/proposal_repository.h"
#include "platform/rpc/mutate.h"

// A list of operations on divisions, taken together: what ReorganiseDivisions, an accepted proposal and a
// correction share.
namespace gridwarden::grid {

inline constexpr int kOperationsMax = 200;

class Reorganiser {
 public:
  // `ground` as it was just before: spellings are read by it.
  Reorganiser(GridArea& area, const rpc::Call& call, const domain::Ground& ground, db::Transaction& tx,
              GridChange& change, absl::Time effective, std::string document_no)
      : call_(call),
        ground_(ground),
        tx_(tx),
        change_(change),
        effective_(effective),
        document_no_(std::move(document_no)),
        plan_(area, call, tx, change) {}

  // One after the other, then Finish. INVALID_FIELD names operations[index]. GROUND_CHANGED_SINCE,
  // ETAG_MISMATCH.
  absl::Status Take(const v1::DivisionOperation& operation, int index);
  // RENAMED_OR_REPLACED: ends the division and begins another one with its code.
  absl::Status Replace(const Uuid& division, std::string_view display_name);
  // Takes back what these links recorded, and what followed from them.
  absl::Status Withdraw(std::vector<LineageRow> lineages);

  // What follows: places below merged divisions move, tenures on ended ground end, proposals that are
  // answered by this are closed. Hands everything to the change and answers what it does. With `dry_run`
  // nothing is written beside the change.
  absl::StatusOr<v1::Reorganisation> Finish(bool dry_run);

 private:
  absl::StatusOr<Uuid> DivisionOf(std::string_view spelling, const std::string& field);
  absl::StatusOr<Uuid> SuccessorOf(const v1::DivisionOperation& operation, const Uuid& from,
                                   const std::string& field);
  absl::StatusOr<Uuid> CreateBeside(const Uuid& from, std::string_view display_name, std::string_view code,
                                    const std::string& field);
  absl::Status CheckCode(std::string_view code, domain::Level level, const std::string& field);
  absl::Status CheckNoCircle(const Uuid& division, const Uuid& parent, const std::string& field);
  absl::Status CheckUnchangedSince(const domain::Division& division, absl::Time since);
  absl::Status MoveWhatStandsBelow();
  absl::Status EndTenures(v1::Reorganisation& answer);
  absl::Status RestoreTenures(v1::Reorganisation& answer);
  absl::Status CloseProposals();
  absl::Status WithdrawOne(const domain::Lineage& lineage);
  absl::StatusOr<std::vector<LineageRow>> FollowedFrom(const domain::Lineage& lineage);
  absl::Status UnmakeWhatWasMade(const domain::Lineage& lineage);
  v1::Reorganisation::AffectedPost AffectedPost(const domain::Post& post, const domain::Tenure* tenure,
                                                bool ends) const;

  const rpc::Call& call_;
  const domain::Ground& ground_;
  db::Transaction& tx_;
  GridChange& change_;
  absl::Time effective_;
  const std::string document_no_;
  DivisionPlan plan_;
  absl::flat_hash_map<std::string, Uuid> created_;  // by code
  absl::flat_hash_map<Uuid, Uuid> merged_into_;
  std::vector<Uuid> ended_, asked_about_;
  absl::flat_hash_map<Uuid, double> shares_;
  std::set<Uuid> withdrawn_, reopened_;
  std::vector<domain::Lineage> withdrawn_lineages_;
  absl::Time undone_ = absl::InfinitePast();  // when the reorganisation that is withdrawn was recorded
};

// Runs `body(tx)` once and for all, or, where it is only tried, without leaving anything behind (the body
// does not save).
template <typename Response, typename Request, typename Body>
absl::StatusOr<Response> MutateOrTry(GridArea& area, const rpc::Call& call, const Request& request,
                                     Body body) {
  if (!request.dry_run()) return rpc::Mutate<Response>(area.database, call, request, body);
  GW_RETURN_IF_ERROR(rpc::RequestId(request.request_id()).status());
  Response response;
  GW_RETURN_IF_ERROR(area.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(response, body(tx));
    return absl::OkStatus();
  }));
  return response;
}

// The time a change shall take effect, at most a day ahead.
absl::StatusOr<absl::Time> ReadEffectiveTime(const rpc::Call& call, const google::protobuf::Timestamp& time);
absl::Status CheckDocumentNo(std::string_view document_no);

}  // namespace gridwarden::grid
