#include "source/source_service.h"

#include <string>

#include "source/compare_sources.h"
#include "source/list_plan_sources.h"

namespace gridwarden::source {
namespace {

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const AreaContext& context, const char* method,
         absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(std::string("gridwarden.source.v1.SourceService/") + method,
                                  [context, body](const rpc::Call& call, const Request& request) {
                                    return body(context, call, request);
                                  });
}

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  Add(registry, context, "GetSource", GetSource);
  Add(registry, context, "BatchGetSources", BatchGetSources);
  Add(registry, context, "ListSources", ListSources);
  Add(registry, context, "CreateSource", CreateSource);
  Add(registry, context, "UpdateSource", UpdateSource);
  Add(registry, context, "SetSourceDisposition", SetSourceDisposition);
  Add(registry, context, "SetSourceState", SetSourceState);
  Add(registry, context, "ListSourceHistory", ListSourceHistory);
  Add(registry, context, "ImportSources", ImportSources);
  Add(registry, context, "ExportSources", ExportSources);
  Add(registry, context, "ListCategories", ListCategories);
  Add(registry, context, "GetCategory", GetCategory);
  Add(registry, context, "GetChecklist", GetChecklist);
  registry.Add<v1::ListPlanSourcesRequest, v1::ListPlanSourcesResponse>(
      "gridwarden.source.v1.SourceInternalService/ListPlanSources",
      [context](const rpc::Call& call, const v1::ListPlanSourcesRequest& request) {
        return ListPlanSources(context, call, request);
      });
  registry.Add<v1::CompareSourcesRequest, v1::CompareSourcesResponse>(
      "gridwarden.source.v1.SourceInternalService/CompareSources",
      [context](const rpc::Call& call, const v1::CompareSourcesRequest& request) {
        return CompareSources(context, call, request);
      });
  return {};
}

}  // namespace gridwarden::source
