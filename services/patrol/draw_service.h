#pragma once

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/patrol/v1/draw_service.pb.h"

// Double-random draws (双随机): table of contents. Each rpc that changes something has its own file.
namespace gridwarden::patrol {

void InstallDraws(const AreaContext& context, rpc::Registry& registry);

absl::StatusOr<v1::Draw> CommitDraw(const AreaContext&, const rpc::Call&, const v1::CommitDrawRequest&);
absl::StatusOr<v1::Draw> RevealSeed(const AreaContext&, const rpc::Call&, const v1::RevealSeedRequest&);
absl::StatusOr<v1::Draw> CancelDraw(const AreaContext&, const rpc::Call&, const v1::CancelDrawRequest&);
absl::StatusOr<v1::Draw> GetDraw(const AreaContext&, const rpc::Call&, const v1::GetDrawRequest&);
absl::StatusOr<v1::ListDrawsResponse> ListDraws(const AreaContext&, const rpc::Call&,
                                                const v1::ListDrawsRequest&);
absl::StatusOr<v1::ExportDrawResponse> ExportDraw(const AreaContext&, const rpc::Call&,
                                                  const v1::ExportDrawRequest&);

}  // namespace gridwarden::patrol
