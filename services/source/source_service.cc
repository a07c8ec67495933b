#include "source/source_service.h"

#include <string>

#include "source/compare_sources.h"
#include "source/list_plan_sources.h"
#include "source/zone_rpcs.h"

namespace gridwarden::source {
namespace {

// `name` is "Service/Rpc" of the area's package.
template <typename Request, typename Response>
void AddTo(rpc::Registry& registry, const AreaContext& context, const std::string& name,
           absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>("gridwarden.source.v1." + name,
                                  [context, body](const rpc::Call& call, const Request& request) {
                                    return body(context, call, request);
                                  });
}

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const AreaContext& context, const std::string& method,
         absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  AddTo(registry, context, "SourceService/" + method, body);
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
  AddTo(registry, context, "ZoneService/CreateZone", CreateZone);
  AddTo(registry, context, "ZoneService/EndZone", EndZone);
  AddTo(registry, context, "ZoneService/ListZones", ListZones);
  AddTo(registry, context, "ZoneService/GetZone", GetZone);
  AddTo(registry, context, "ZoneService/FindZones", FindZones);
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
