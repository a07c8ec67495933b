#pragma once

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/source/v1/source_internal.pb.h"

namespace gridwarden::source {

absl::StatusOr<v1::CompareSourcesResponse> CompareSources(const AreaContext&, const rpc::Call&,
                                                          const v1::CompareSourcesRequest&);

}  // namespace gridwarden::source
