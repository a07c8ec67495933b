#include "source/source_views.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "access/permission.h"
#include "access/standing.h"
#include "platform/rpc/page.h"
#include "source/source_fields.h"
#include "source/source_service.h"

namespace gridwarden::source {
namespace {

constexpr int kBatchMax = 500;
constexpr std::string_view kByNo = "sources/no:";

}  // namespace

absl::StatusOr<Listing> PlanListing(const AreaContext& context, const rpc::Call& call,
                                    std::string_view division, std::string_view category,
                                    const google::protobuf::RepeatedField<int>& states,
                                    std::string_view query) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  Listing listing;
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                      access::PathKeysOf(*ground, division, call.now, "division"));
  GW_ASSIGN_OR_RETURN(listing.grounds, access::ListScope(*ground, call, within));
  GW_ASSIGN_OR_RETURN(listing.filter.categories, WithCategoriesBelow(*context.policy, category));
  listing.filter.states = absl::StrJoin(states, ",");
  if (CharacterCount(query) > kQueryCharactersMax) {
    return InvalidField("query", absl::StrFormat("want at most %d characters", kQueryCharactersMax));
  }
  listing.filter.prefix = std::string(query);
  return listing;
}

absl::StatusOr<std::vector<LedgerSource>> ReadListing(db::Transaction& tx, const Listing& listing,
                                                      const SourceKey& after, int limit) {
  std::vector<LedgerSource> found;
  for (const std::string& ground : listing.grounds) {
    if (access::EndOfSubtree(ground) <= after.ground_path) continue;
    SourceFilter filter = listing.filter;
    filter.ground = ground;
    GW_ASSIGN_OR_RETURN(std::vector<LedgerSource> part,
                        ListSubtree(tx, filter, after, limit - static_cast<int>(found.size())));
    std::move(part.begin(), part.end(), std::back_inserter(found));
    if (static_cast<int>(found.size()) >= limit) break;
  }
  return found;
}

std::vector<std::string> KeyParts(const LedgerSource& last) { return {last.ground_path, last.id.Bytes()}; }

absl::StatusOr<SourceKey> ParseKey(const std::vector<std::string>& parts) {
  if (parts.empty()) return SourceKey();
  const std::optional<Uuid> id = parts.size() == 2 ? Uuid::FromBytes(parts[1]) : std::nullopt;
  if (!id) return InvalidField("page_token", "want a token that this rpc gave");
  return SourceKey{parts[0], *id};
}

absl::StatusOr<v1::Source> GetSource(const AreaContext& context, const rpc::Call& call,
                                     const v1::GetSourceRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  const std::string& name = request.name();
  Uuid id;
  std::string source_no;
  if (name.compare(0, kByNo.size(), kByNo) == 0) {
    source_no = name.substr(kByNo.size());
  } else {
    GW_ASSIGN_OR_RETURN(id, ParseResourceName("sources", name));
  }
  LedgerSource source;
  const absl::Status read = context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(source, source_no.empty() ? ReadSource(tx, id) : ReadSourceByNo(tx, source_no));
    return absl::OkStatus();
  });
  if (absl::IsNotFound(read)) return access::Absent(*ground, call, name);
  GW_RETURN_IF_ERROR(read);
  GW_RETURN_IF_ERROR(access::AllowToSee(*ground, call, source.division, source.ground_path));
  return source.value;
}

absl::StatusOr<v1::BatchGetSourcesResponse> BatchGetSources(const AreaContext& context, const rpc::Call& call,
                                                            const v1::BatchGetSourcesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  if (request.names_size() > kBatchMax) {
    return InvalidField("names", absl::StrFormat("got %d, want at most %d", request.names_size(), kBatchMax));
  }
  std::vector<Uuid> ids;
  for (int i = 0; i < request.names_size(); ++i) {
    GW_ASSIGN_OR_RETURN(const Uuid id,
                        ParseResourceName("sources", request.names(i), absl::StrFormat("names[%d]", i)));
    ids.push_back(id);
  }
  std::vector<LedgerSource> found;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(found, ReadSources(tx, ids));
    return absl::OkStatus();
  }));
  absl::flat_hash_map<Uuid, const LedgerSource*> by_id;
  for (const LedgerSource& source : found) by_id[source.id] = &source;
  v1::BatchGetSourcesResponse response;
  for (const Uuid& id : ids) {
    const auto at = by_id.find(id);
    const absl::Status allowed =
        at == by_id.end() ? access::Absent(*ground, call, ResourceName("sources", id))
                          : access::AllowToSee(*ground, call, at->second->division, at->second->ground_path);
    if (!allowed.ok() && request.skip_absent()) continue;
    GW_RETURN_IF_ERROR(allowed);
    *response.add_sources() = at->second->value;
  }
  return response;
}

absl::StatusOr<v1::ListSourcesResponse> ListSources(const AreaContext& context, const rpc::Call& call,
                                                    const v1::ListSourcesRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const SourceKey after, ParseKey(page.after));
  GW_ASSIGN_OR_RETURN(
      const Listing listing,
      PlanListing(context, call, request.division(), request.category(), request.states(), request.query()));
  std::vector<LedgerSource> found;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(found, ReadListing(tx, listing, after, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListSourcesResponse response;
  for (int i = 0; i < page.size && i < static_cast<int>(found.size()); ++i)
    *response.add_sources() = found[i].value;
  if (static_cast<int>(found.size()) > page.size) {
    response.set_next_page_token(rpc::NextPageToken(request, KeyParts(found[page.size - 1])));
  }
  return response;
}

absl::StatusOr<v1::ListSourceHistoryResponse> ListSourceHistory(const AreaContext& context,
                                                                const rpc::Call& call,
                                                                const v1::ListSourceHistoryRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("sources", request.parent(), "parent"));
  int64_t after_seq = 0;
  if (!page.after.empty() && !absl::SimpleAtoi(page.after[0], &after_seq)) {
    return InvalidField("page_token", "want a token that this rpc gave");
  }
  LedgerSource source;
  std::vector<v1::SourceChange> changes;
  const absl::Status read = context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(source, ReadSource(tx, id));
    GW_ASSIGN_OR_RETURN(changes, ReadChanges(tx, id, after_seq, page.size + 1));
    return absl::OkStatus();
  });
  if (absl::IsNotFound(read)) return access::Absent(*ground, call, request.parent());
  GW_RETURN_IF_ERROR(read);
  GW_RETURN_IF_ERROR(access::AllowToSee(*ground, call, source.division, source.ground_path));
  v1::ListSourceHistoryResponse response;
  for (int i = 0; i < page.size && i < static_cast<int>(changes.size()); ++i)
    *response.add_changes() = changes[i];
  if (static_cast<int>(changes.size()) > page.size) {
    response.set_next_page_token(rpc::NextPageToken(request, {std::to_string(changes[page.size - 1].seq())}));
  }
  return response;
}

}  // namespace gridwarden::source
