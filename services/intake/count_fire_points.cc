#include <map>

#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/fire/verdict.h"
#include "intake/fire_service.h"

namespace gridwarden::intake {
namespace {

constexpr absl::Duration kPeriodMax = absl::Hours(24 * 400);
constexpr size_t kIdBytes = 16;

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// The shares of one division, added up.
struct Tally {
  std::map<int, std::pair<double, int64_t>> by_verdict;
  double straw = 0, appealed = 0;

  void Add(const ShareSum& sum) {
    auto& [shares, hotspots] = by_verdict[sum.verdict];
    shares += sum.share;
    hotspots += sum.hotspots;
    const auto verdict = static_cast<domain::FireVerdict>(sum.verdict);
    if (domain::Counts(verdict, static_cast<domain::VerdictState>(sum.state))) {
      straw += sum.share;
    } else if (verdict == domain::FireVerdict::kStraw) {
      appealed += sum.share;
    }
  }
};

void Fill(const Tally& tally, const domain::Division* division, v1::FirePoints& out) {
  if (division != nullptr) {
    out.set_division(ResourceName("divisions", division->id));
    out.set_display_name(division->display_name);
  }
  out.set_straw(tally.straw);
  out.set_straw_appealed(tally.appealed);
  for (const auto& [verdict, sums] : tally.by_verdict) {
    auto& one = *out.add_by_verdict();
    one.set_verdict(static_cast<v1::HotspotVerdict::Verdict>(verdict));
    one.set_shares(sums.first);
    one.set_hotspots(sums.second);
  }
}

}  // namespace

absl::StatusOr<v1::CountFirePointsResponse> CountFirePoints(const AreaContext& context, const rpc::Call& call,
                                                            const v1::CountFirePointsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  const absl::Time from = TimeOf(request.from_time()), to = TimeOf(request.to_time());
  if (!(from < to) || to - from > kPeriodMax)
    return InvalidField("to_time", "got a time not after from_time or more than 400 days after it");
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                      access::PathKeysOf(*ground, request.division(), call.now, "division"));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> scope, access::ListScope(*ground, call, within));
  Tally total;
  std::map<std::string, Tally> children;  // by path
  int64_t awaiting = 0;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    total = {};
    children.clear();
    awaiting = 0;
    for (const std::string& path : scope) {
      GW_ASSIGN_OR_RETURN(const std::vector<ShareSum> sums,
                          SumShares(tx, path, path.size() + kIdBytes, from, to));
      for (const ShareSum& sum : sums) {
        total.Add(sum);
        if (sum.path.size() > path.size()) children[sum.path].Add(sum);
      }
      GW_ASSIGN_OR_RETURN(const int64_t more, CountAwaiting(tx, path, from, to));
      awaiting += more;
    }
    return absl::OkStatus();
  }));
  v1::CountFirePointsResponse response;
  Fill(total, ground->FindDivisionBySpelling(request.division(), call.now), *response.mutable_total());
  for (const auto& [path, tally] : children) {
    const std::optional<Uuid> id = Uuid::FromBytes(path.substr(path.size() - kIdBytes));
    Fill(tally, id ? ground->FindDivision(*id) : nullptr, *response.add_children());
  }
  response.set_awaiting(awaiting);
  response.mutable_as_of_time()->set_seconds(absl::ToUnixSeconds(call.now));
  return response;
}

}  // namespace gridwarden::intake
