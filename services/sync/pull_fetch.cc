#include "sync/pull_fetch.h"

#include <string_view>
#include <utility>

#include "base/status.h"
#include "google/protobuf/util/json_util.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "platform/rpc/channel.h"
#include "sync/change_repository.h"

namespace gridwarden::sync {
namespace {

using Records = absl::flat_hash_map<Uuid, Fetched>;

absl::StatusOr<std::string> Json(const google::protobuf::Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok())
    return Internal("a record cannot be written as JSON");
  return json;
}

// The answer of a BatchGet rpc. A caller who may ask for nothing there any more sees nothing.
template <typename Response, typename Request>
absl::StatusOr<Response> Ask(const Sync& sync, const rpc::Call& call, std::string_view area,
                             std::string_view method, const Request& request) {
  absl::StatusOr<Response> answer = rpc::Send<Response>(sync.channel(area), call, method, request);
  if (absl::IsPermissionDenied(answer.status())) return Response();
  return answer;
}

template <typename Message>
absl::Status Keep(v1::Record::Kind kind, const Message& message, Waiting waiting, Records& records,
                  NamesSeen& names) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName(CollectionOf(kind), message.name()));
  NoteNames(message, names);
  records[id].waiting = std::move(waiting);
  GW_ASSIGN_OR_RETURN(records[id].json, Json(message));
  return absl::OkStatus();
}

absl::Status FetchCases(const Sync& sync, const rpc::Call& call,
                        const google::protobuf::RepeatedPtrField<std::string>& asked, Records& records,
                        NamesSeen& names) {
  casework::v1::BatchGetCasesRequest request;
  *request.mutable_names() = asked;
  request.set_with_events(true);
  GW_ASSIGN_OR_RETURN(
      const auto answer,
      Ask<casework::v1::BatchGetCasesResponse>(
          sync, call, "casework", "gridwarden.casework.v1.CaseworkService/BatchGetCases", request));
  for (int i = 0; i < answer.cases_size(); ++i) {
    GW_RETURN_IF_ERROR(
        Keep(v1::Record::CASE, answer.cases(i), WaitingOf(*sync.policy, answer.cases(i)), records, names));
    if (i >= answer.histories_size()) continue;
    const Uuid id = ParseResourceName("cases", answer.cases(i).name()).value_or(Uuid());
    NoteNames(answer.histories(i), names);
    GW_ASSIGN_OR_RETURN(records[id].events, Json(answer.histories(i)));
  }
  return absl::OkStatus();
}

absl::Status FetchKind(const Sync& sync, const rpc::Call& call, v1::Record::Kind kind,
                       const google::protobuf::RepeatedPtrField<std::string>& asked, Records& records,
                       NamesSeen& names) {
  switch (kind) {
    case v1::Record::CASE:
      return FetchCases(sync, call, asked, records, names);
    case v1::Record::SIGNAL: {
      casework::v1::BatchGetSignalsRequest request;
      *request.mutable_names() = asked;
      GW_ASSIGN_OR_RETURN(
          const auto answer,
          Ask<casework::v1::BatchGetSignalsResponse>(
              sync, call, "casework", "gridwarden.casework.v1.CaseworkService/BatchGetSignals", request));
      for (const auto& one : answer.signals())
        GW_RETURN_IF_ERROR(Keep(kind, one, WaitingOf(one), records, names));
      return absl::OkStatus();
    }
    case v1::Record::PATROL_TASK: {
      patrol::v1::BatchGetPatrolTasksRequest request;
      *request.mutable_names() = asked;
      GW_ASSIGN_OR_RETURN(
          const auto answer,
          Ask<patrol::v1::BatchGetPatrolTasksResponse>(
              sync, call, "patrol", "gridwarden.patrol.v1.PatrolService/BatchGetPatrolTasks", request));
      for (const auto& one : answer.patrol_tasks())
        GW_RETURN_IF_ERROR(Keep(kind, one, WaitingOf(one), records, names));
      return absl::OkStatus();
    }
    case v1::Record::SOURCE: {
      source::v1::BatchGetSourcesRequest request;
      *request.mutable_names() = asked;
      request.set_skip_absent(true);
      GW_ASSIGN_OR_RETURN(
          const auto answer,
          Ask<source::v1::BatchGetSourcesResponse>(
              sync, call, "source", "gridwarden.source.v1.SourceService/BatchGetSources", request));
      for (const auto& one : answer.sources()) GW_RETURN_IF_ERROR(Keep(kind, one, Waiting(), records, names));
      return absl::OkStatus();
    }
    default:
      return Internal("a record of no kind");
  }
}

}  // namespace

absl::StatusOr<Records> FetchRecords(const Sync& sync, const rpc::Call& call,
                                     const std::vector<Wanted>& wanted, NamesSeen& names) {
  Records records;
  for (const v1::Record::Kind kind :
       {v1::Record::CASE, v1::Record::SIGNAL, v1::Record::PATROL_TASK, v1::Record::SOURCE}) {
    google::protobuf::RepeatedPtrField<std::string> asked;
    for (const Wanted& one : wanted) {
      if (one.kind == kind) asked.Add(NameOf(kind, one.id));
    }
    if (!asked.empty()) GW_RETURN_IF_ERROR(FetchKind(sync, call, kind, asked, records, names));
  }
  return records;
}

}  // namespace gridwarden::sync
