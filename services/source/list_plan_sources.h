#pragma once

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/source/v1/source_internal.pb.h"

namespace gridwarden::source {

absl::StatusOr<v1::ListPlanSourcesResponse> ListPlanSources(const AreaContext&, const rpc::Call&,
                                                            const v1::ListPlanSourcesRequest&);

// The hot statement, for the test that asks EXPLAIN.
std::string_view ListPlanSourcesSql();

}  // namespace gridwarden::source
