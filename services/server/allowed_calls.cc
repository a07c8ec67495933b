#include "server/allowed_calls.h"

#include <algorithm>
#include <string>

#include "google/protobuf/descriptor.h"
#include "gridwarden/type/v1/options.pb.h"
#include "server/modules.h"

namespace gridwarden::server {
namespace {

constexpr std::string_view kAnyArea = "*";
constexpr std::string_view kGateway = "gateway";
constexpr std::string_view kSeveralAreas = "all";

struct Edge {
  std::string_view caller;
  std::string_view method;
  bool system = false;  // for itself: timers and consumers of the feed; otherwise for the user who called it
};

constexpr Edge kEdges[] = {
    // Every area keeps the ground and the accounts in memory.
    {kAnyArea, "gridwarden.grid.v1.GridInternalService/GetGround", true},
    {kAnyArea, "gridwarden.identity.v1.IdentityInternalService/GetAccess", true},
    // Hotspots located again after the outlines changed.
    {"intake", "gridwarden.grid.v1.GridInternalService/LocatePoints", true},
    // A new case of a small polluter compared with closed sources around it.
    {"casework", "gridwarden.source.v1.SourceInternalService/CompareSources", true},
    // Plans of patrols, which look at a whole county at once.
    {"patrol", "gridwarden.source.v1.SourceInternalService/ListPlanSources", true},
    // Readers of the feed.
    {"casework", "gridwarden.journal.v1.JournalInternalService/ReadFeed", true},
    {"intake", "gridwarden.journal.v1.JournalInternalService/ReadFeed", true},
    {"notify", "gridwarden.journal.v1.JournalInternalService/ReadFeed", true},
    {"report", "gridwarden.journal.v1.JournalInternalService/ReadFeed", true},
    {"sync", "gridwarden.journal.v1.JournalInternalService/ReadFeed", true},
    // What an area asks another for the user's sake.
    {"casework", "gridwarden.grid.v1.GridService/LocatePoint"},
    {"casework", "gridwarden.media.v1.MediaService/ListMissingMedia"},
    {"grid", "gridwarden.casework.v1.CaseworkService/ListCases"},
    {"grid", "gridwarden.patrol.v1.PatrolService/ListPatrolTasks"},
    {"grid", "gridwarden.report.v1.ReportService/GetBoard"},
    {"grid", "gridwarden.source.v1.SourceService/ListSources"},
    {"intake", "gridwarden.grid.v1.GridService/LocatePoints"},
    {"patrol", "gridwarden.source.v1.SourceService/BatchGetSources"},
    {"patrol", "gridwarden.source.v1.SourceService/GetSource"},
    {"patrol", "gridwarden.source.v1.SourceService/ListSources"},
    {"report", "gridwarden.journal.v1.JournalService/GetReceipt"},
    // What phones did while they were offline, done as the person who did it.
    {"sync", "gridwarden.casework.v1.CaseworkService/AcceptCase"},
    {"sync", "gridwarden.casework.v1.CaseworkService/SubmitCheck"},
    {"sync", "gridwarden.casework.v1.CaseworkService/SubmitFeedback"},
    {"sync", "gridwarden.casework.v1.CaseworkService/SubmitOnsiteCheck"},
    {"sync", "gridwarden.casework.v1.CaseworkService/SubmitRecheck"},
    {"sync", "gridwarden.casework.v1.CaseworkService/SubmitSignal"},
    {"sync", "gridwarden.casework.v1.ClosingService/StopProduction"},
    {"sync", "gridwarden.casework.v1.ClosingService/SubmitPart"},
    {"sync", "gridwarden.patrol.v1.PatrolService/StartPatrolTask"},
    {"sync", "gridwarden.patrol.v1.PatrolService/SubmitVisit"},
    // What phones fetch, as the person may see it.
    {"sync", "gridwarden.casework.v1.CaseworkService/BatchGetCases"},
    {"sync", "gridwarden.casework.v1.CaseworkService/BatchGetSignals"},
    {"sync", "gridwarden.journal.v1.JournalService/GetCheckpoint"},
    {"sync", "gridwarden.patrol.v1.PatrolService/BatchGetPatrolTasks"},
    // What they are about, as the person may see it.
    {"sync", "gridwarden.casework.v1.CaseworkService/GetCase"},
    {"sync", "gridwarden.casework.v1.CaseworkService/GetSignal"},
    {"sync", "gridwarden.media.v1.MediaService/ListMissingMedia"},
    {"sync", "gridwarden.patrol.v1.PatrolService/GetPatrolTask"},
    {"sync", "gridwarden.source.v1.SourceService/BatchGetSources"},
};

// The gateway brings what people ask for: every public rpc, and never as the system.
bool IsPublic(std::string_view method) {
  std::string dotted(method);
  const size_t slash = dotted.rfind('/');
  if (slash == std::string::npos) return false;
  dotted[slash] = '.';
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(dotted);
  return descriptor != nullptr && !descriptor->service()->options().GetExtension(type::v1::internal);
}

}  // namespace

bool MayCall(std::string_view target, std::string_view method, bool system) {
  const bool several = target == kSeveralAreas;
  if ((target == kGateway || several) && !system && IsPublic(method)) return true;
  if (!several && FindModule(target) == nullptr) return false;
  return std::any_of(std::begin(kEdges), std::end(kEdges), [&](const Edge& edge) {
    return edge.method == method && edge.system == system &&
           (several || edge.caller == kAnyArea || edge.caller == target);
  });
}

}  // namespace gridwarden::server
