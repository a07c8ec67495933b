#include <algorithm>
#include <functional>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "platform/rpc/page.h"

namespace gridwarden::grid {

absl::StatusOr<const domain::Division*> FindDivision(const domain::Ground& ground, std::string_view spelling,
                                                     absl::Time at, std::string_view field) {
  const std::vector<const domain::Division*> found = ground.DivisionsBySpelling(spelling, at);
  if (found.size() == 1) return found.front();
  const std::string shown(spelling.substr(0, 120));
  if (found.empty()) return NotFound(shown);
  std::string choices;
  for (size_t i = 0; i < found.size() && i < 5; ++i) {
    if (i > 0) choices += ", ";
    choices += ground.PathName(found[i]->id);
  }
  return InvalidField(
      field, absl::StrFormat("got \"%s\", which could be any of %d divisions, want one of: %s", shown,
                             static_cast<int>(found.size()), choices));
}

absl::StatusOr<v1::Division> GetDivision(GridArea& area, const rpc::Call& call,
                                         const v1::GetDivisionRequest& request) {
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const domain::Division* division,
                      FindDivision(*ground, request.name(), call.now, "name"));
  return ToProto(*ground, *division);
}

absl::StatusOr<v1::BatchGetDivisionsResponse> BatchGetDivisions(GridArea& area, const rpc::Call& call,
                                                                const v1::BatchGetDivisionsRequest& request) {
  constexpr int kNamesMax = 500;
  if (request.names_size() > kNamesMax) {
    return InvalidField("names", absl::StrFormat("got %d, want at most %d", request.names_size(), kNamesMax));
  }
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  v1::BatchGetDivisionsResponse response;
  for (const std::string& name : request.names()) {
    GW_ASSIGN_OR_RETURN(const domain::Division* division, FindDivision(*ground, name, call.now, "names"));
    *response.add_divisions() = ToProto(*ground, *division);
  }
  return response;
}

absl::StatusOr<v1::ListDivisionsResponse> ListDivisions(GridArea& area, const rpc::Call& call,
                                                        const v1::ListDivisionsRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  Uuid parent;
  if (!request.parent().empty()) {
    GW_ASSIGN_OR_RETURN(const domain::Division* division,
                        FindDivision(*ground, request.parent(), call.now, "parent"));
    parent = division->id;
  }
  // By level, then by code: the key of a page is (level, code, id), all of which outlive renames.
  using Key = std::tuple<int, std::string, Uuid>;
  const auto key_of = [](const domain::Division& d) {
    return Key{static_cast<int>(d.level), d.codes.empty() ? std::string() : d.codes.back().code, d.id};
  };
  std::vector<std::pair<Key, const domain::Division*>> wanted;
  std::function<void(const Uuid&, int)> collect = [&](const Uuid& above, int depth) {
    for (const domain::Division* division : ground->ChildrenOf(above)) {
      if (division->valid.to <= call.now) continue;  // ended: told by name and by ListLineages
      if (request.level() == v1::Division::LEVEL_UNSPECIFIED ||
          request.level() == static_cast<v1::Division::Level>(division->level)) {
        wanted.emplace_back(key_of(*division), division);
      }
      if (request.recursive() && depth < 10) collect(division->id, depth + 1);
    }
  };
  collect(parent, 0);
  std::sort(wanted.begin(), wanted.end());
  auto next = wanted.begin();
  if (page.after.size() == 3) {
    const Key after{std::atoi(page.after[0].c_str()), page.after[1],
                    Uuid::FromBytes(page.after[2]).value_or(Uuid())};
    next = std::upper_bound(wanted.begin(), wanted.end(), after,
                            [](const Key& key, const auto& entry) { return key < entry.first; });
  }
  v1::ListDivisionsResponse response;
  for (; next != wanted.end() && response.divisions_size() < page.size; ++next) {
    *response.add_divisions() = ToProto(*ground, *next->second);
  }
  if (next != wanted.end()) {
    const auto& [level, code, id] = std::prev(next)->first;
    response.set_next_page_token(rpc::NextPageToken(request, {std::to_string(level), code, id.Bytes()}));
  }
  return response;
}

}  // namespace gridwarden::grid
