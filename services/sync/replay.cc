#include "sync/replay.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/struct.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/server.h"
#include "sync/change_repository.h"
#include "sync/offline_rpcs.h"
#include "sync/subject.h"

namespace gridwarden::sync {
namespace {

constexpr absl::Duration kRetryAfter = absl::Seconds(2);
constexpr absl::Duration kRetryAfterFault = absl::Seconds(60);
constexpr absl::Duration kRetryMax = absl::Minutes(5);
constexpr size_t kAnswerMax = 64 * 1024;

// Whether sending it again may end otherwise. A fault of ours is no reason to give a record up.
bool MayPass(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kDataLoss:
      return true;
    case absl::StatusCode::kAborted:
      return ReasonOf(status) != "ETAG_MISMATCH";
    default:
      return false;
  }
}

// Whether the state, or who holds which post, stands against it; not the operation itself.
bool StandsAgainst(const absl::Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition ||
         status.code() == absl::StatusCode::kPermissionDenied;
}

// Whether the person has left a post since that he held when it was done.
bool LeftAPost(const domain::Ground& ground, const OperationRow& row, absl::Time now) {
  const std::vector<domain::Holding> still = ground.HoldingsOf(row.person, now, absl::InfiniteFuture());
  const std::vector<domain::Holding> then =
      ground.HoldingsOf(row.person, row.time.estimate, absl::InfiniteFuture());
  return std::any_of(then.begin(), then.end(), [&](const domain::Holding& held) {
    return std::none_of(still.begin(), still.end(),
                        [&](const domain::Holding& one) { return one.post == held.post; });
  });
}

rpc::Call ReplayCall(const rpc::Call& call, const OfflineRpc& rpc, const OperationRow& row, bool left) {
  rpc::Call replay = call;
  replay.method = std::string(rpc.method);
  replay.operation =
      rpc::DeviceOperation{.device = row.device, .digest = row.hash, .signature = row.signature};
  if (left && !rpc.command) {
    const domain::CountedTime counted = domain::Counted(row.time);
    replay.operation->done = {counted.earliest, counted.latest};
  }
  return replay;
}

// The area's answer as JSON.
absl::StatusOr<std::string> Send(const Sync& sync, const rpc::Call& call, const OfflineRpc& rpc,
                                 const google::protobuf::Message& request) {
  if (rpc.area == "sync") {
    GW_ASSIGN_OR_RETURN(
        const v1::Observation kept,
        RecordObservation(sync, call, static_cast<const v1::RecordObservationRequest&>(request)));
    return ToJson(kept);
  }
  rpc::Envelope envelope = rpc::EnvelopeOf(call, rpc.method, request);
  envelope.operation = call.operation;
  GW_ASSIGN_OR_RETURN(const std::string bytes, sync.channel(rpc.area).Send(envelope));
  const std::unique_ptr<google::protobuf::Message> answer(rpc.response()->New());
  if (!answer->ParseFromString(bytes)) return Internal("the answer cannot be read");
  return ToJson(*answer);
}

int64_t EtagIn(const std::string& etag) {
  int64_t number = 0;
  return absl::SimpleAtoi(etag, &number) ? number : -1;
}

// The etag in the JSON of an answer; -1 when it has none.
int64_t EtagOfAnswer(const std::string& json) {
  google::protobuf::Struct answer;
  if (!FromJson(json, answer).ok()) return -1;
  const auto etag = answer.fields().find("etag");
  return etag == answer.fields().end() ? -1 : EtagIn(etag->second.string_value());
}

// Whether somebody else changed the subject since the phone saw it: its own operations are no news to it.
absl::StatusOr<bool> BaseChanged(const Sync& sync, const rpc::Call& call, const OperationRow& row,
                                 const std::string& base_etag, const Subject& subject) {
  int64_t seen = EtagIn(base_etag);
  const int64_t stands = EtagIn(subject.etag);
  if (seen < 0 || stands < 0 || stands <= seen) return false;
  std::optional<OperationRow> own;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(own, LastAccepted(tx, row.device, row.subject));
    return absl::OkStatus();
  }));
  if (own) seen = std::max(seen, EtagOfAnswer(own->result.answer()));
  return stands > seen;
}

// Where a subject that the caller may not see stands, by what the feed told.
Uuid DivisionOf(const Sync& sync, const rpc::Call& call, const std::string& subject) {
  const std::optional<Uuid> id = Uuid::Parse(std::string_view(subject).substr(subject.find('/') + 1));
  Uuid division;
  if (!id || KindOf(subject) == v1::Record::KIND_UNSPECIFIED) return division;
  const absl::Status read = sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto record, FindRecord(tx, KindOf(subject), *id));
    if (record) division = record->division;
    return absl::OkStatus();
  });
  return read.ok() ? division : Uuid();
}

Replayed Failed(const absl::Status& status, v1::Verdict verdict) {
  Replayed failed{.verdict = verdict};
  failed.result.set_verdict(verdict);
  Explain(status, verdict, failed.result);
  return failed;
}

}  // namespace

void Explain(const absl::Status& status, v1::Verdict verdict, v1::PushResult& result) {
  google::rpc::Status details;
  details.ParseFromString(rpc::EncodeStatusDetails(status));
  result.set_message_en(details.message().substr(0, 500));
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::LocalizedMessage words;
    if (detail.UnpackTo(&info)) {
      result.set_reason(info.reason());
      *result.mutable_facts() = info.metadata();
    } else if (detail.UnpackTo(&words)) {
      result.set_message_zh(words.message());
    }
  }
  if (verdict != v1::WAITING) return;
  const std::optional<ErrorFacts> facts = FactsOf(status);
  absl::Duration wait = kRetryAfter;
  if (facts && facts->retry_after)
    wait = *facts->retry_after;
  else if (status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown ||
           status.code() == absl::StatusCode::kDataLoss)
    wait = kRetryAfterFault;
  result.set_retry_after_ms(
      static_cast<int32_t>(absl::ToInt64Milliseconds(std::clamp(wait, absl::Milliseconds(100), kRetryMax))));
}

Replayed Replay(const Sync& sync, const rpc::Call& call, const SignedBody& read, const OperationRow& row) {
  const OfflineRpc* rpc = FindOfflineRpc(row.rpc);
  if (rpc == nullptr) {
    return Failed(FailedPrecondition("NOT_OFFLINE", "this rpc needs the server", {{"rpc", row.rpc}}),
                  v1::REFUSED);
  }
  const auto request = ReadRequest(*rpc, read.body);
  if (!request.ok()) return Failed(request.status(), v1::REFUSED);
  CompleteRequest(*rpc, row, **request);

  absl::StatusOr<Subject> subject = absl::UnknownError("not asked");
  domain::OperationFlags flags = 0;
  const bool left = LeftAPost(*sync.directory.ground(), row, call.now);
  if (left) flags |= domain::Bit(domain::OperationFlag::kPostEnded);
  if (!read.body.base_etag().empty()) {
    subject = ReadSubject(sync, call, row.subject);
    if (subject.ok() && BaseChanged(sync, call, row, read.body.base_etag(), *subject).value_or(false))
      flags |= domain::Bit(domain::OperationFlag::kBaseChanged);
  }
  const absl::StatusOr<std::string> answer = Send(sync, ReplayCall(call, *rpc, row, left), *rpc, **request);
  Replayed replayed;
  if (answer.ok()) {
    replayed.verdict = v1::ACCEPTED;
    replayed.result.set_verdict(v1::ACCEPTED);
    replayed.flags = flags;
    // Whoever left hands in what he did and sees nothing new by it.
    const bool may_see = !left || ReadSubject(sync, call, row.subject).ok();
    if (may_see && answer->size() <= kAnswerMax) replayed.result.set_answer(*answer);
    return replayed;
  }
  if (MayPass(answer.status())) return Failed(answer.status(), v1::WAITING);
  // Whoever never held a post here says nothing about the ground.
  const bool asserted = rpc->fact && StandsAgainst(answer.status()) && !row.post.IsNil();
  replayed = Failed(answer.status(), asserted ? v1::ASSERTED : v1::REFUSED);
  replayed.flags = flags;
  if (!asserted) return replayed;
  if (!subject.ok()) subject = ReadSubject(sync, call, row.subject);
  replayed.division = subject.ok() ? subject->division : DivisionOf(sync, call, row.subject);
  replayed.assertion = ObservationOf(*rpc, **request);
  replayed.assertion->set_reason(replayed.result.reason());
  replayed.assertion->set_corrects(read.body.corrects());
  return replayed;
}

}  // namespace gridwarden::sync
