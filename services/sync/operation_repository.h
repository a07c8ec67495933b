#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "domain/sync/chain.h"
#include "domain/sync/claimed_time.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/db/database.h"

// What phones sent, as it was signed and judged: table operation. Nothing is ever deleted.
namespace gridwarden::sync {

struct OperationRow {
  Uuid op_id;
  Uuid device;
  Uuid account;
  Uuid person;
  int64_t seq = 0;
  std::string hash;
  std::string prev_hash;  // "" for the first
  std::string rpc;
  std::string subject;
  std::string body;
  std::string signature;
  Uuid division;  // of the post held when it happened
  Uuid post;
  absl::Time anchor;  // newest time token of it and of those before it
  domain::TimeJudgement time;
  absl::Time received;
  std::optional<domain::Fix> fix;
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;  // not settled yet
  std::string reason;
  v1::PushResult result;  // of a settled one: what was answered, without time, flags and receipt
};

absl::StatusOr<std::optional<OperationRow>> FindOperation(db::Transaction& tx, const Uuid& op_id);
absl::Status InsertOperation(db::Transaction& tx, const OperationRow& row);
// False when it was settled before. Saves verdict, reason, result and flags.
absl::StatusOr<bool> SettleOperation(db::Transaction& tx, const OperationRow& row, absl::Time now);

// The operations of a device that have a number; the one that came first, first.
absl::StatusOr<std::vector<OperationRow>> ReadOperationsAt(db::Transaction& tx, const Uuid& device,
                                                           int64_t seq);
// What became of operations of an account, by op_id: those that are known.
absl::StatusOr<absl::flat_hash_map<Uuid, v1::Verdict>> ReadVerdicts(db::Transaction& tx, const Uuid& account,
                                                                    std::span<const Uuid> op_ids);
// The newest accepted operation of a device about a subject.
absl::StatusOr<std::optional<OperationRow>> LastAccepted(db::Transaction& tx, const Uuid& device,
                                                         const std::string& subject);
// Whether a person ever had an operation about a subject taken.
absl::StatusOr<bool> WorkedOn(db::Transaction& tx, const Uuid& person, const std::string& subject);

// For lists: of a device by number after one; about a subject in the order they came.
struct OperationKey {
  int64_t number = 0;  // seq, or received_us
  Uuid op_id;
};
absl::StatusOr<std::vector<OperationRow>> ListOfDevice(db::Transaction& tx, const Uuid& device,
                                                       const OperationKey& after, int limit);
absl::StatusOr<std::vector<OperationRow>> ListOfSubject(db::Transaction& tx, const std::string& subject,
                                                        const OperationKey& after, int limit);

// Photos that acknowledged operations rest on.
absl::Status InsertPhotos(db::Transaction& tx, const Uuid& device, const Uuid& op_id,
                          const std::vector<std::string>& digests);
absl::StatusOr<std::vector<std::string>> ReadUnverified(db::Transaction& tx, const Uuid& device, int limit);
absl::Status SaveVerified(db::Transaction& tx, const Uuid& device, const std::vector<std::string>& digests,
                          absl::Time now);
struct VerifiedPhoto {
  std::string digest;
  absl::Time verified;
};
absl::StatusOr<std::vector<VerifiedPhoto>> ReadVerified(db::Transaction& tx, const Uuid& device,
                                                        absl::Time since, int limit);

v1::JudgedTime ShownTime(const domain::TimeJudgement& time, absl::Time received);
// Adds the flags of a set, in the order of their numbers.
template <typename Message>
void ShowFlags(domain::OperationFlags flags, Message& message) {
  for (int flag = v1::Flag_MIN + 1; flag <= v1::Flag_MAX; ++flag)
    if (domain::Has(flags, static_cast<domain::OperationFlag>(flag)))
      message.add_flags(static_cast<v1::Flag>(flag));
}

}  // namespace gridwarden::sync
