#include "sync/offline_rpcs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/reflection.h"
#include "google/protobuf/timestamp.pb.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "sync/timestamps.h"

namespace gridwarden::sync {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Timestamp;
using type::v1::ChecklistAnswer;
using type::v1::Evidence;
using type::v1::Position;

template <typename T>
const Message* Of() {
  return &T::default_instance();
}

namespace cw = casework::v1;
namespace pt = patrol::v1;

constexpr OfflineRpc kRpcs[] = {
    {.method = "gridwarden.casework.v1.CaseworkService/SubmitSignal",
     .area = "casework",
     .request = Of<cw::SubmitSignalRequest>,
     .response = Of<cw::Signal>,
     .new_collection = "signals",
     .new_id_field = "signal_id",
     .seen_field = "signal"},
    {.method = "gridwarden.casework.v1.CaseworkService/SubmitOnsiteCheck",
     .area = "casework",
     .request = Of<cw::SubmitOnsiteCheckRequest>,
     .response = Of<cw::Signal>,
     .fact = true,
     .subject_field = "name"},
    {.method = "gridwarden.casework.v1.CaseworkService/AcceptCase",
     .area = "casework",
     .request = Of<cw::AcceptCaseRequest>,
     .response = Of<cw::Case>,
     .command = true,
     .subject_field = "name"},
    {.method = "gridwarden.casework.v1.CaseworkService/SubmitFeedback",
     .area = "casework",
     .request = Of<cw::SubmitFeedbackRequest>,
     .response = Of<cw::Case>,
     .fact = true,
     .subject_field = "name"},
    {.method = "gridwarden.casework.v1.CaseworkService/SubmitCheck",
     .area = "casework",
     .request = Of<cw::SubmitCheckRequest>,
     .response = Of<cw::Case>,
     .fact = true,
     .subject_field = "name"},
    {.method = "gridwarden.casework.v1.CaseworkService/SubmitRecheck",
     .area = "casework",
     .request = Of<cw::SubmitRecheckRequest>,
     .response = Of<cw::Case>,
     .fact = true,
     .subject_field = "name"},
    {.method = "gridwarden.casework.v1.ClosingService/SubmitPart",
     .area = "casework",
     .request = Of<cw::SubmitPartRequest>,
     .response = Of<cw::Case>,
     .fact = true,
     .subject_field = "name"},
    {.method = "gridwarden.casework.v1.ClosingService/StopProduction",
     .area = "casework",
     .request = Of<cw::StopProductionRequest>,
     .response = Of<cw::Case>,
     .fact = true,
     .subject_field = "name"},
    {.method = "gridwarden.patrol.v1.PatrolService/StartPatrolTask",
     .area = "patrol",
     .request = Of<pt::StartPatrolTaskRequest>,
     .response = Of<pt::PatrolTask>,
     .command = true,
     .subject_field = "name"},
    {.method = "gridwarden.patrol.v1.PatrolService/SubmitVisit",
     .area = "patrol",
     .request = Of<pt::SubmitVisitRequest>,
     .response = Of<pt::Visit>,
     .fact = true,
     .subject_field = "parent",
     .seen_field = "visit"},
    {.method = "gridwarden.sync.v1.SyncService/RecordObservation",
     .area = "sync",
     .request = Of<v1::RecordObservationRequest>,
     .response = Of<v1::Observation>,
     .subject_field = "subject"},
};

const FieldDescriptor* Field(const Message& message, std::string_view name) {
  return message.GetDescriptor()->FindFieldByName(std::string(name));
}

std::string Text(const Message& message, std::string_view name) {
  const FieldDescriptor* field = name.empty() ? nullptr : Field(message, name);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

void SetText(Message& message, std::string_view name, const std::string& value) {
  const FieldDescriptor* field = Field(message, name);
  if (field != nullptr) message.GetReflection()->SetString(&message, field, value);
}

// The field as a message of type T; null when it has none of that name and type, or it is not set.
template <typename T>
const T* Part(const Message& message, std::string_view name) {
  const FieldDescriptor* field = Field(message, name);
  if (field == nullptr || field->is_repeated() || field->message_type() != T::descriptor() ||
      !message.GetReflection()->HasField(message, field))
    return nullptr;
  return static_cast<const T*>(&message.GetReflection()->GetMessage(message, field));
}

template <typename T, typename Out>
void CopyAll(const Message& message, std::string_view name, Out* out) {
  const FieldDescriptor* field = Field(message, name);
  if (field == nullptr || !field->is_repeated() || field->message_type() != T::descriptor()) return;
  for (const T& item : message.GetReflection()->GetRepeatedFieldRef<T>(message, field)) *out->Add() = item;
}

// The message in the request that says what was seen.
const Message& SeenIn(const OfflineRpc& rpc, const Message& request) {
  const FieldDescriptor* field = rpc.seen_field.empty() ? nullptr : Field(request, rpc.seen_field);
  return field == nullptr ? request : request.GetReflection()->GetMessage(request, field);
}

void SetTimeField(Message& message, std::string_view name, std::optional<absl::Time> time) {
  const FieldDescriptor* field = Field(message, name);
  if (field == nullptr) return;
  if (!time) return message.GetReflection()->ClearField(&message, field);
  SetTime(*time, static_cast<Timestamp*>(message.GetReflection()->MutableMessage(&message, field)));
}

absl::Status AboutSomethingElse(const std::string& got) {
  return MakeError(absl::StatusCode::kInvalidArgument,
                   "the request is about something else than the operation",
                   {.reason = "OPERATION_MALFORMED",
                    .metadata = {{"field", "subject"}},
                    .fields = {{"subject", absl::StrCat("the request is about ", got.substr(0, 60))}}});
}

}  // namespace

std::span<const OfflineRpc> OfflineRpcs() { return kRpcs; }

const OfflineRpc* FindOfflineRpc(std::string_view method) {
  const auto* found = std::find_if(std::begin(kRpcs), std::end(kRpcs),
                                   [&](const OfflineRpc& rpc) { return rpc.method == method; });
  return found == std::end(kRpcs) ? nullptr : found;
}

absl::StatusOr<std::unique_ptr<Message>> ReadRequest(const OfflineRpc& rpc, const v1::OperationBody& body) {
  std::unique_ptr<Message> request(rpc.request()->New());
  GW_RETURN_IF_ERROR(FromJson(body.request(), *request));
  if (!rpc.subject_field.empty()) {
    const std::string about = Text(*request, rpc.subject_field);
    if (about != body.subject()) return AboutSomethingElse(about);
  }
  if (!rpc.new_id_field.empty()) {
    const std::string made =
        absl::StrCat(std::string(rpc.new_collection), "/", Text(*request, rpc.new_id_field));
    if (made != body.subject()) return AboutSomethingElse(made);
  }
  return request;
}

void CompleteRequest(const OfflineRpc& rpc, const OperationRow& row, Message& request) {
  SetText(request, "request_id", row.op_id.ToString());
  // Whether it is still allowed is judged by the state as it stands, not by whether something else changed.
  SetText(request, "etag", "");
  const domain::CountedTime counted = domain::Counted(row.time);
  Message* seen = &request;
  if (!rpc.seen_field.empty())
    seen = request.GetReflection()->MutableMessage(&request, Field(request, rpc.seen_field));
  SetTimeField(*seen, "event_time", counted.latest);
  SetTimeField(*seen, "earliest_time",
               counted.earliest < counted.latest ? std::optional(counted.earliest) : std::nullopt);
}

v1::Observation ObservationOf(const OfflineRpc& rpc, const Message& request) {
  const Message& seen = SeenIn(rpc, request);
  v1::Observation observation;
  observation.set_kind(v1::Observation::ASSERTION);
  observation.set_rpc(std::string(rpc.method));
  observation.set_note(Text(seen, "note"));
  CopyAll<Evidence>(seen, "evidence", observation.mutable_evidence());
  CopyAll<ChecklistAnswer>(seen, "answers", observation.mutable_answers());
  if (const Position* position = Part<Position>(seen, "position"); position != nullptr)
    *observation.mutable_position() = *position;
  const FieldDescriptor* result = Field(seen, "result");
  if (result != nullptr && result->cpp_type() == FieldDescriptor::CPPTYPE_ENUM)
    observation.set_result(seen.GetReflection()->GetEnum(seen, result)->name());
  return observation;
}

}  // namespace gridwarden::sync
