#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "google/protobuf/repeated_field.h"
#include "source/source_repository.h"

// What lists and exports have in common.
namespace gridwarden::source {

// One walk through the ledger: what is wanted, in which subtrees.
struct Listing {
  SourceFilter filter;               // ground is filled per subtree
  std::vector<std::string> grounds;  // sorted, disjoint path keys the caller may see
};

// INVALID_FIELD for an unknown category or an overlong query, DIVISION_CODE_UNKNOWN, NOT_ALLOWED outside the
// caller's scope.
absl::StatusOr<Listing> PlanListing(const AreaContext& context, const rpc::Call& call,
                                    std::string_view division, std::string_view category,
                                    const google::protobuf::RepeatedField<int>& states,
                                    std::string_view query);

// The next `limit` sources of the walk, after `after`.
absl::StatusOr<std::vector<LedgerSource>> ReadListing(db::Transaction& tx, const Listing& listing,
                                                      const SourceKey& after, int limit);

// A page key as token parts and back. INVALID_ARGUMENT for parts that are none.
std::vector<std::string> KeyParts(const LedgerSource& last);
absl::StatusOr<SourceKey> ParseKey(const std::vector<std::string>& parts);

}  // namespace gridwarden::source
