#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "base/status.h"
#include "platform/rpc/page.h"
#include "sync/operation_repository.h"
#include "sync/read_devices.h"
#include "sync/subject.h"
#include "sync/sync.h"

namespace gridwarden::sync {
namespace {

// A verdict that few operations have makes nobody read a whole log for one page.
constexpr int kReadMax = 2000;

v1::Operation Shown(const domain::Ground& ground, const OperationRow& row) {
  v1::Operation operation;
  operation.set_op_id(row.op_id.ToString());
  operation.set_device(ResourceName("devices", row.device));
  operation.set_seq(row.seq);
  operation.set_rpc(row.rpc);
  operation.set_subject(row.subject);
  operation.set_person(ResourceName("persons", row.person));
  if (const domain::Person* person = ground.FindPerson(row.person); person != nullptr)
    operation.set_person_display_name(person->display_name);
  operation.set_verdict(row.verdict == v1::VERDICT_UNSPECIFIED ? v1::WAITING : row.verdict);
  *operation.mutable_time() = ShownTime(row.time, row.received);
  ShowFlags(row.time.flags, operation);
  operation.set_reason(row.reason);
  operation.set_hash(absl::BytesToHexString(row.hash));
  return operation;
}

// May the caller read the log of this device, or all that was done about this subject? Answers the device.
absl::StatusOr<Uuid> AllowList(const Sync& sync, const rpc::Call& call,
                               const v1::ListOperationsRequest& request) {
  if (request.device().empty() == request.subject().empty())
    return InvalidField("device", "want a device or a subject");
  if (request.device().empty()) {
    GW_RETURN_IF_ERROR(ReadSubject(sync, call, request.subject()).status());
    return Uuid();
  }
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("devices", request.device(), "device"));
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) {
    return AllowDevice(call, ReadDevice(tx, id), request.device());
  }));
  return id;
}

absl::StatusOr<OperationKey> ReadKey(const rpc::Page& page) {
  OperationKey after;
  if (page.after.empty()) return after;
  const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::Parse(page.after[1]) : std::nullopt;
  if (!id || !absl::SimpleAtoi(page.after[0], &after.number))
    return InvalidField("page_token", "got no token of ours");
  after.op_id = *id;
  return after;
}

}  // namespace

absl::StatusOr<v1::ListOperationsResponse> ListOperations(const Sync& sync, const rpc::Call& call,
                                                          const v1::ListOperationsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const OperationKey after, ReadKey(page));
  GW_ASSIGN_OR_RETURN(const Uuid device, AllowList(sync, call, request));
  const auto wanted = [&](const OperationRow& row) {
    const v1::Verdict verdict = row.verdict == v1::VERDICT_UNSPECIFIED ? v1::WAITING : row.verdict;
    return request.verdicts().empty() || std::find(request.verdicts().begin(), request.verdicts().end(),
                                                   verdict) != request.verdicts().end();
  };
  const auto key_of = [&](const OperationRow& row) {
    return OperationKey{device.IsNil() ? absl::ToUnixMicros(row.received) : row.seq, row.op_id};
  };
  v1::ListOperationsResponse response;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    OperationKey at = after;
    for (int read = 0; read < kReadMax;) {
      const int size = page.size + 1;
      GW_ASSIGN_OR_RETURN(const std::vector<OperationRow> rows,
                          device.IsNil() ? ListOfSubject(tx, request.subject(), at, size)
                                         : ListOfDevice(tx, device, at, size));
      for (const OperationRow& row : rows) {
        if (response.operations_size() == page.size) {
          response.set_next_page_token(
              rpc::NextPageToken(request, {absl::StrCat(at.number), at.op_id.ToString()}));
          return absl::OkStatus();
        }
        at = key_of(row);
        if (wanted(row)) *response.add_operations() = Shown(*ground, row);
      }
      if (static_cast<int>(rows.size()) < size) return absl::OkStatus();
      read += size;
    }
    response.set_next_page_token(rpc::NextPageToken(request, {absl::StrCat(at.number), at.op_id.ToString()}));
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::Operation> GetOperation(const Sync& sync, const rpc::Call& call,
                                           const v1::GetOperationRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  const std::optional<Uuid> id = Uuid::Parse(request.op_id());
  if (!id || id->IsNil()) return InvalidField("op_id", "want a UUID");
  std::optional<OperationRow> row;
  std::string public_key;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(row, FindOperation(tx, *id));
    if (!row) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(const DeviceRow device, ReadDevice(tx, row->device));
    public_key = device.public_key;
    return absl::OkStatus();
  }));
  const bool own = row && row->account == call.principal.account;
  const bool allowed =
      row && (own || call.principal.administrator ||
              (!row->division.IsNil() && access::AllowAt(*ground, call, row->division).ok()));
  if (!allowed) return NotFound(absl::StrCat("operations/", id->ToString()));
  v1::Operation operation = Shown(*ground, *row);
  operation.set_body(row->body);
  operation.set_signature(row->signature);
  operation.set_public_key(public_key);
  return operation;
}

}  // namespace gridwarden::sync
