#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "platform/runtime/log.h"
#include "sync/device_repository.h"
#include "sync/numbers.h"
#include "sync/observation_repository.h"
#include "sync/photos.h"
#include "sync/replay.h"
#include "sync/subject.h"
#include "sync/sync.h"
#include "sync/take_operations.h"
#include "sync/time_token.h"
#include "sync/timestamps.h"

// Three steps for each operation: kept with its judgement (take_operations.h), carried out (replay.h),
// settled. A crash between them loses nothing: the phone sends it again, the judgement is the first one, and
// the area answers what it answered.
namespace gridwarden::sync {
namespace {

constexpr int kOperationsMax = 50;
constexpr size_t kBytesMax = 256 * 1024;
constexpr int kPendingMax = 1'000'000;
constexpr int kMissingSeqsMax = 100;
// What is left for answering when operations are no longer begun.
constexpr absl::Duration kAnswerTime = absl::Milliseconds(500);

absl::Status CheckRequest(const v1::PushRequest& request) {
  if (request.operations_size() > kOperationsMax)
    return InvalidField("operations", absl::StrCat("got ", request.operations_size(), ", want at most 50"));
  size_t bytes = 0;
  for (const v1::SignedOperation& operation : request.operations()) bytes += operation.body().size();
  if (bytes > kBytesMax)
    return MakeError(absl::StatusCode::kInvalidArgument, "operations: want at most 256 KB",
                     {.reason = "MESSAGE_TOO_LARGE",
                      .metadata = {{"limit", "256 KB"}},
                      .fields = {{"operations", "want at most 256 KB"}}});
  return absl::OkStatus();
}

// Not OK while something that has to be settled before is not.
absl::Status CheckPredecessors(const Sync& sync, const rpc::Call& call, const Taken& one) {
  if (one.read->after.empty()) return absl::OkStatus();
  absl::flat_hash_map<Uuid, v1::Verdict> verdicts;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(verdicts, ReadVerdicts(tx, one.row->account, one.read->after));
    return absl::OkStatus();
  }));
  for (const Uuid& id : one.read->after) {
    const auto found = verdicts.find(id);
    if (found != verdicts.end() && found->second != v1::VERDICT_UNSPECIFIED) continue;
    return Unavailable("PREDECESSOR_MISSING", absl::StrCat("operation ", id.ToString(), " is not settled"),
                       absl::Seconds(5));
  }
  return absl::OkStatus();
}

Replayed Refused(const absl::Status& status, v1::Verdict verdict) {
  Replayed refused{.verdict = verdict};
  refused.result.set_verdict(verdict);
  Explain(status, verdict, refused.result);
  return refused;
}

// The third step: what became of it, its observation and its photos in one commit. When another push of the
// same operation was faster, what that one settled stands.
absl::Status Settle(const Sync& sync, const rpc::Call& call, const Taken& one, const Replayed& replayed,
                    OperationRow& row) {
  row.verdict = replayed.verdict;
  row.reason = replayed.result.reason();
  row.result = replayed.result;
  row.time.flags |= replayed.flags;
  rpc::Call signed_call = call;
  signed_call.operation =
      rpc::DeviceOperation{.device = row.device, .digest = row.hash, .signature = row.signature};
  return sync.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const bool settled, SettleOperation(tx, row, call.now));
    if (!settled) {
      GW_ASSIGN_OR_RETURN(const std::optional<OperationRow> stands, FindOperation(tx, row.op_id));
      if (!stands) return Internal("an operation vanished");
      row = *stands;
      return absl::OkStatus();
    }
    if (replayed.verdict == v1::ACCEPTED || replayed.verdict == v1::ASSERTED)
      GW_RETURN_IF_ERROR(InsertPhotos(tx, row.device, row.op_id, one.read->photos));
    if (!replayed.assertion) return absl::OkStatus();
    ObservationRow kept{.id = row.op_id,
                        .account = row.account,
                        .person = row.person,
                        .post = row.post,
                        .division = replayed.division.IsNil() ? row.division : replayed.division,
                        .received = row.received,
                        .content = *replayed.assertion};
    kept.content.set_subject(row.subject);
    kept.content.set_post(ResourceName("posts", row.post));
    *kept.content.mutable_time() = ShownTime(row.time, row.received);
    ShowFlags(row.time.flags, kept.content);
    return KeepObservation(tx, signed_call, kept);
  });
}

// What the phone is told of an operation that is kept.
absl::StatusOr<v1::PushResult> Told(const Sync& sync, const rpc::Call& call, const OperationRow& row,
                                    v1::PushResult result) {
  result.set_op_id(row.op_id.ToString());
  *result.mutable_time() = ShownTime(row.time, row.received);
  ShowFlags(row.time.flags, result);
  GW_ASSIGN_OR_RETURN(*result.mutable_receipt(), OperationReceipt(sync, row.op_id, row.hash, row.received));
  if (result.verdict() == v1::ASSERTED || result.verdict() == v1::REFUSED) {
    const absl::StatusOr<Subject> subject = ReadSubject(sync, call, row.subject);
    if (subject.ok()) result.set_answer(subject->json);
  }
  return result;
}

absl::StatusOr<v1::PushResult> CarryOut(const Sync& sync, const rpc::Call& call, Taken& one) {
  if (!one.row) {
    v1::PushResult result;
    result.set_op_id(one.op_id);
    result.set_verdict(v1::REFUSED);
    Explain(one.refused, v1::REFUSED, result);
    return result;
  }
  OperationRow& row = *one.row;
  const bool settled_before = row.verdict != v1::VERDICT_UNSPECIFIED;
  if (!settled_before) {
    Replayed replayed;
    if (one.quarantined) {
      replayed =
          Refused(FailedPrecondition("DEVICE_LOST", "made on a lost device after the loss"), v1::REFUSED);
    } else if (absl::Now() > call.deadline - kAnswerTime) {
      replayed = Refused(absl::DeadlineExceededError("no time is left in this push"), v1::WAITING);
    } else if (const absl::Status before = CheckPredecessors(sync, call, one); !before.ok()) {
      replayed = Refused(before, v1::WAITING);
    } else {
      replayed = Replay(sync, call, *one.read, row);
    }
    if (replayed.verdict == v1::WAITING) return Told(sync, call, row, replayed.result);
    if (const absl::Status settled = Settle(sync, call, one, replayed, row); !settled.ok()) {
      // It is carried out, but that is not kept: the phone sends it again and hears then.
      v1::PushResult waiting;
      waiting.set_verdict(v1::WAITING);
      Explain(settled, v1::WAITING, waiting);
      row.verdict = v1::VERDICT_UNSPECIFIED;
      return Told(sync, call, row, std::move(waiting));
    }
  }
  v1::PushResult result = row.result;
  result.set_verdict(settled_before && row.verdict == v1::ACCEPTED ? v1::DUPLICATE : row.verdict);
  return Told(sync, call, row, std::move(result));
}

// When it synced, what is still only on it, and which numbers never came.
absl::Status CloseSync(const Sync& sync, const rpc::Call& call, const Uuid& device,
                       const v1::PushRequest& request, v1::PushResponse& response) {
  return sync.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    response.clear_missing_seqs();
    GW_RETURN_IF_ERROR(NoteSync(tx, device, call.now));
    GW_RETURN_IF_ERROR(NotePending(tx, device, std::clamp(request.pending_operations(), 0, kPendingMax),
                                   std::clamp(request.pending_photos(), 0, kPendingMax)));
    GW_ASSIGN_OR_RETURN(const DeviceRow row, ReadDevice(tx, device));
    GW_ASSIGN_OR_RETURN(const std::vector<domain::SeqGap> gaps, ReadGaps(tx, device));
    response.set_contiguous_seq(domain::SeqLog{row.last_seq, gaps}.Contiguous());
    for (const domain::SeqGap& gap : gaps) {
      for (int64_t seq = gap.from; seq <= gap.to && response.missing_seqs_size() < kMissingSeqsMax; ++seq)
        response.add_missing_seqs(seq);
    }
    return absl::OkStatus();
  });
}

}  // namespace

absl::StatusOr<v1::PushResponse> Push(const Sync& sync, const rpc::Call& call,
                                      const v1::PushRequest& request) {
  GW_RETURN_IF_ERROR(CheckRequest(request));
  GW_ASSIGN_OR_RETURN(const Uuid device, ParseResourceName("devices", request.device(), "device"));
  GW_ASSIGN_OR_RETURN(std::vector<Taken> taken, TakeOperations(sync, call, request));
  v1::PushResponse response;
  for (Taken& one : taken) {
    GW_ASSIGN_OR_RETURN(*response.add_results(), CarryOut(sync, call, one));
    const v1::PushResult& result = response.results(response.results_size() - 1);
    CountVerdict(result.verdict());
    if (one.row && !one.known) CountGrade(result.time().grade());
  }
  GW_RETURN_IF_ERROR(CloseSync(sync, call, device, request, response));
  const absl::StatusOr<absl::Time> told = ReconcilePhotos(sync, call, device, request.time_token(), response);
  if (!told.ok()) {
    response.clear_missing_photos();
    response.clear_photo_receipts();
    Log(LogLevel::kWarning, "photos_not_reconciled", {{"error", told.status().ToString()}});
  }
  SetTime(call.now, response.mutable_server_time());
  // Without receipts the phone goes on showing the token that it has.
  if (told.ok()) {
    GW_ASSIGN_OR_RETURN(*response.mutable_time_token(), MakeTimeToken(sync, *told, device));
  }
  return response;
}

}  // namespace gridwarden::sync
