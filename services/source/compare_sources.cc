#include "source/compare_sources.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "source/source_repository.h"

namespace gridwarden::source {
namespace {

constexpr int kOthersMax = 499;  // with the source itself a batch of ReadSources

// Two empty fields say nothing.
bool Same(const std::string& a, const std::string& b) { return !a.empty() && a == b; }

// A credit code names one firm for good; a name alone may be spelled for two, but is all many yards have.
bool SameOwner(const v1::Source& a, const v1::Source& b) {
  if (!a.credit_code().empty() && !b.credit_code().empty()) return a.credit_code() == b.credit_code();
  return Same(a.operator_name(), b.operator_name());
}

absl::StatusOr<std::vector<Uuid>> ReadIds(const v1::CompareSourcesRequest& request) {
  if (request.others_size() > kOthersMax) {
    return InvalidField("others",
                        absl::StrFormat("got %d, want at most %d", request.others_size(), kOthersMax));
  }
  GW_ASSIGN_OR_RETURN(const Uuid source, ParseResourceName("sources", request.source(), "source"));
  std::vector<Uuid> ids{source};
  for (int i = 0; i < request.others_size(); ++i) {
    GW_ASSIGN_OR_RETURN(const Uuid other,
                        ParseResourceName("sources", request.others(i), absl::StrCat("others[", i, "]")));
    if (!other.IsNil() && other != source) ids.push_back(other);
  }
  return ids;
}

}  // namespace

absl::StatusOr<v1::CompareSourcesResponse> CompareSources(const AreaContext& context, const rpc::Call& call,
                                                          const v1::CompareSourcesRequest& request) {
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(request));
  std::vector<LedgerSource> sources;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(sources, ReadSources(tx, ids));
    return absl::OkStatus();
  }));
  v1::CompareSourcesResponse response;
  const auto own = std::find_if(sources.begin(), sources.end(),
                                [&](const LedgerSource& source) { return source.id == ids.front(); });
  if (own == sources.end()) return response;
  for (const LedgerSource& other : sources) {
    if (other.id == own->id) continue;
    const bool owner = SameOwner(own->value, other.value);
    const bool trade = Same(own->value.trade(), other.value.trade());
    if (!owner && !trade) continue;
    v1::SourceLikeness& likeness = *response.add_likenesses();
    likeness.set_name(ResourceName("sources", other.id));
    likeness.set_same_owner(owner);
    likeness.set_same_trade(trade);
  }
  return response;
}

}  // namespace gridwarden::source
