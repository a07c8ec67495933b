#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/source/v1/source_service.pb.h"

// The ledger (台账): table of contents. Each rpc that changes something has its own file.
namespace gridwarden::source {

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

absl::StatusOr<v1::Source> GetSource(const AreaContext&, const rpc::Call&, const v1::GetSourceRequest&);
absl::StatusOr<v1::BatchGetSourcesResponse> BatchGetSources(const AreaContext&, const rpc::Call&,
                                                            const v1::BatchGetSourcesRequest&);
absl::StatusOr<v1::ListSourcesResponse> ListSources(const AreaContext&, const rpc::Call&,
                                                    const v1::ListSourcesRequest&);
absl::StatusOr<v1::ListSourceHistoryResponse> ListSourceHistory(const AreaContext&, const rpc::Call&,
                                                                const v1::ListSourceHistoryRequest&);
absl::StatusOr<v1::Source> CreateSource(const AreaContext&, const rpc::Call&, const v1::CreateSourceRequest&);
absl::StatusOr<v1::Source> UpdateSource(const AreaContext&, const rpc::Call&, const v1::UpdateSourceRequest&);
absl::StatusOr<v1::Source> SetSourceDisposition(const AreaContext&, const rpc::Call&,
                                                const v1::SetSourceDispositionRequest&);
absl::StatusOr<v1::Source> SetSourceState(const AreaContext&, const rpc::Call&,
                                          const v1::SetSourceStateRequest&);
absl::StatusOr<type::v1::ImportReport> ImportSources(const AreaContext&, const rpc::Call&,
                                                     const v1::ImportSourcesRequest&);
absl::StatusOr<v1::ExportSourcesResponse> ExportSources(const AreaContext&, const rpc::Call&,
                                                        const v1::ExportSourcesRequest&);
absl::StatusOr<v1::ListCategoriesResponse> ListCategories(const AreaContext&, const rpc::Call&,
                                                          const v1::ListCategoriesRequest&);
absl::StatusOr<v1::Category> GetCategory(const AreaContext&, const rpc::Call&, const v1::GetCategoryRequest&);
absl::StatusOr<v1::Checklist> GetChecklist(const AreaContext&, const rpc::Call&,
                                           const v1::GetChecklistRequest&);

}  // namespace gridwarden::source
