#include "patrol/draw_service.h"

#include <string>

namespace gridwarden::patrol {
namespace {

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const AreaContext& context, const char* method,
         absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(std::string("gridwarden.patrol.v1.DrawService/") + method,
                                  [context, body](const rpc::Call& call, const Request& request) {
                                    return body(context, call, request);
                                  });
}

}  // namespace

void InstallDraws(const AreaContext& context, rpc::Registry& registry) {
  Add(registry, context, "CommitDraw", CommitDraw);
  Add(registry, context, "RevealSeed", RevealSeed);
  Add(registry, context, "CancelDraw", CancelDraw);
  Add(registry, context, "GetDraw", GetDraw);
  Add(registry, context, "ListDraws", ListDraws);
  Add(registry, context, "ExportDraw", ExportDraw);
}

}  // namespace gridwarden::patrol
