#include "sync/take_operations.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "base/status.h"
#include "platform/crypto/digest.h"
#include "sync/device_journal.h"
#include "sync/device_repository.h"
#include "sync/time_token.h"

namespace gridwarden::sync {
namespace {

// Coordinates are compared with those of the operation before, of the same day.
constexpr absl::Duration kSameDay = absl::Hours(24);

// The time tokens of a push, each proven once.
using Tokens = absl::flat_hash_map<std::string, std::optional<absl::Time>>;

absl::StatusOr<Tokens> OpenTokens(const Sync& sync, const std::vector<Taken>& taken, const Uuid& device) {
  Tokens tokens;
  for (const Taken& one : taken) {
    if (!one.read) continue;
    const std::string& token = one.read->body.time().time_token();
    if (tokens.contains(token)) continue;
    GW_ASSIGN_OR_RETURN(tokens[token], OpenTimeToken(sync, token, device));
  }
  return tokens;
}

std::vector<Taken> ReadAll(const DeviceRow& device, const v1::PushRequest& request) {
  std::vector<Taken> taken;
  for (const v1::SignedOperation& operation : request.operations()) {
    Taken one;
    absl::StatusOr<SignedBody> read = ReadOperation(device, operation);
    if (read.ok()) {
      one.op_id = read->op_id.ToString();
      one.read = *std::move(read);
    } else {
      one.refused = read.status();
      // Which one it was, as far as that can be seen: the phone has to know which to keep back.
      v1::OperationBody body;
      if (operation.body().size() <= kBodyMax && FromJson(operation.body(), body).ok())
        one.op_id = body.op_id().substr(0, 36);
    }
    taken.push_back(std::move(one));
  }
  return taken;
}

// The post in which the person acted, as far as is known today: of several the nearest to the ground.
void PlaceActor(const domain::Ground& ground, OperationRow& row) {
  size_t depth = 0;
  for (const domain::Holding& holding :
       ground.HoldingsOf(row.person, row.time.estimate, absl::InfiniteFuture())) {
    const Uuid division = ground.DivisionOf(*holding.post);
    const size_t at = ground.AncestorsAt(division, row.received, absl::InfiniteFuture()).size() + 1;
    if (at <= depth) continue;
    depth = at;
    row.post = holding.post->id;
    row.division = division;
  }
}

v1::DeviceEvent Incident(v1::DeviceEvent::Kind kind, int64_t seq, const std::vector<std::string>& hashes) {
  v1::DeviceEvent event;
  event.set_kind(kind);
  event.set_seq(seq);
  for (const std::string& hash : hashes) event.add_hashes(hash);
  return event;
}

// One push being taken in, under the lock of its device.
class Intake {
 public:
  Intake(const Sync& sync, const rpc::Call& call, const v1::PushRequest& request, const Tokens& tokens,
         db::Transaction& tx, DeviceRow& device)
      : ground_(sync.directory.ground()),
        call_(call),
        tokens_(tokens),
        clock_(ReadPushClock(request)),
        tx_(tx),
        device_(device) {}

  absl::Status TakeAll(std::vector<Taken>& taken) {
    GW_ASSIGN_OR_RETURN(const std::vector<domain::SeqGap> gaps, ReadGaps(tx_, device_.id));
    domain::SeqLog log{device_.last_seq, gaps};
    for (Taken& one : taken) {
      one.row.reset();
      one.known = false;
      one.quarantined = false;
      if (!one.read) {
        GW_RETURN_IF_ERROR(NoteRefused(one));
        continue;
      }
      one.refused = absl::OkStatus();
      GW_RETURN_IF_ERROR(Take(log, one));
      one.quarantined = one.row && device_.lost <= one.row->time.estimate;
    }
    if (log.last != device_.last_seq || log.gaps != gaps) {
      device_.last_seq = log.last;
      GW_RETURN_IF_ERROR(SaveLog(tx_, device_));
      GW_RETURN_IF_ERROR(SaveGaps(tx_, device_.id, gaps, log.gaps, call_.now));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status NoteRefused(const Taken& one) {
    if (ReasonOf(one.refused) != "SIGNATURE_INVALID") return absl::OkStatus();
    const std::string digest = crypto::Sha256(one.op_id);
    return RecordIncident(tx_, call_, Incident(v1::DeviceEvent::SIGNATURE_INVALID, 0, {}), digest, device_);
  }

  absl::Status Take(domain::SeqLog& log, Taken& one) {
    const SignedBody& read = *one.read;
    GW_ASSIGN_OR_RETURN(std::optional<OperationRow> before, FindOperation(tx_, read.op_id));
    if (before) {
      if (before->hash == read.hash && before->device == device_.id) {
        one.row = std::move(before);
        one.known = true;
        return absl::OkStatus();
      }
      one.refused = MakeError(absl::StatusCode::kAlreadyExists, "op_id was used for other bytes",
                              {.reason = "OPERATION_ID_REUSED", .metadata = {{"op_id", one.op_id}}});
      return RecordIncident(
          tx_, call_, Incident(v1::DeviceEvent::OPERATION_ID_REUSED, read.seq, {before->hash, read.hash}),
          read.hash, device_);
    }
    GW_ASSIGN_OR_RETURN(OperationRow row, Judge(read));
    domain::TakeSeq(log, row.seq);
    if (log.last == row.seq) device_.last_hash = row.hash;
    if (domain::Has(row.time.flags, domain::OperationFlag::kChainFork)) {
      GW_RETURN_IF_ERROR(RecordIncident(tx_, call_,
                                        Incident(v1::DeviceEvent::FORK, row.seq, {row.prev_hash, row.hash}),
                                        row.hash, device_));
    }
    GW_RETURN_IF_ERROR(InsertOperation(tx_, row));
    one.row = std::move(row);
    return absl::OkStatus();
  }

  absl::StatusOr<OperationRow> Judge(const SignedBody& read) {
    OperationRow row{.op_id = read.op_id,
                     .device = device_.id,
                     .account = device_.account,
                     .person = device_.person,
                     .seq = read.seq,
                     .hash = read.hash,
                     .prev_hash = read.prev_hash,
                     .rpc = read.body.rpc(),
                     .subject = read.body.subject(),
                     .body = read.bytes,
                     .signature = read.signature,
                     .received = call_.now};
    GW_ASSIGN_OR_RETURN(const auto before, ReadOperationsAt(tx_, device_.id, row.seq - 1));
    GW_ASSIGN_OR_RETURN(const auto after, ReadOperationsAt(tx_, device_.id, row.seq + 1));
    GW_ASSIGN_OR_RETURN(const auto twins, ReadOperationsAt(tx_, device_.id, row.seq));
    // Of two with one number either may be the one that is named.
    const auto named = std::find_if(before.begin(), before.end(), [&](const OperationRow& candidate) {
      return candidate.hash == row.prev_hash;
    });
    std::optional<std::string> hash_before, after_names;
    if (named != before.end())
      hash_before = named->hash;
    else if (!before.empty())
      hash_before = before.front().hash;
    if (!after.empty()) after_names = after.front().prev_hash;
    const domain::ChainLink link =
        domain::LinkOf(row.seq, row.prev_hash, row.hash, hash_before, after_names, !twins.empty());

    domain::TimeEvidence evidence{.received = call_.now,
                                  .token = tokens_.at(read.body.time().time_token()),
                                  .anchor = device_.created,
                                  .at_push = clock_,
                                  .chain_gap = link.gap,
                                  .chain_fork = link.fork};
    // What names another operation was made after it, and so after its token.
    if (named != before.end()) evidence.anchor = std::max(evidence.anchor, named->anchor);
    row.anchor = std::min(std::max(evidence.anchor, evidence.token.value_or(evidence.anchor)), call_.now);
    row.time = domain::JudgeTime(read.time, evidence);
    if (read.fix) {
      row.fix = read.fix;
      row.fix->at = row.time.estimate;
      for (const OperationRow& other : before) {
        if (other.fix && row.time.estimate - other.time.estimate < kSameDay)
          row.time.flags |= domain::CompareFixes(*other.fix, *row.fix);
      }
    }
    if (device_.lost != absl::InfiniteFuture() && row.time.estimate < device_.lost)
      row.time.flags |= domain::Bit(domain::OperationFlag::kLostDevice);
    PlaceActor(*ground_, row);
    return row;
  }

  const std::shared_ptr<const domain::Ground> ground_;
  const rpc::Call& call_;
  const Tokens& tokens_;
  const domain::ClockReading clock_;
  db::Transaction& tx_;
  DeviceRow& device_;
};

}  // namespace

absl::StatusOr<std::vector<Taken>> TakeOperations(const Sync& sync, const rpc::Call& call,
                                                  const v1::PushRequest& request) {
  DeviceRow device;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(device, ReadOwnDevice(tx, call, request.device()));
    return absl::OkStatus();
  }));
  if (request.operations().empty()) return std::vector<Taken>();
  // Signatures are proven outside the transaction: they take longer than all the rest.
  const std::vector<Taken> read = ReadAll(device, request);
  GW_ASSIGN_OR_RETURN(const Tokens tokens, OpenTokens(sync, read, device.id));
  std::vector<Taken> taken;
  GW_RETURN_IF_ERROR(sync.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(DeviceRow locked, LockOwnDevice(tx, call, request.device()));
    taken = read;
    return Intake(sync, call, request, tokens, tx, locked).TakeAll(taken);
  }));
  return taken;
}

}  // namespace gridwarden::sync
