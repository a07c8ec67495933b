#include "platform/rpc/mutate.h"

#include <optional>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "platform/crypto/digest.h"

namespace gridwarden::rpc {
namespace {

constexpr std::string_view kInsertReceipt =
    "INSERT INTO op_receipt (request_id, account, method, digest, answer, created_us) VALUES (?, ?, ?, ?, ?, "
    "?)";
constexpr std::string_view kReadReceipt =
    "SELECT digest, account, answer FROM op_receipt WHERE request_id = ?";

// What makes two requests the same: the method and every field.
std::string DigestOf(const Call& call, const google::protobuf::Message& request) {
  std::string bytes = call.method;
  bytes.push_back('\0');
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  request.SerializeToCodedStream(&coded);
  coded.Trim();
  return crypto::Sha256(bytes);
}

struct Stored {
  OpReceipt receipt;
  Uuid account;
};

absl::StatusOr<std::optional<Stored>> ReadStored(db::Transaction& tx, const Uuid& request_id) {
  return tx.QueryOne(
      kReadReceipt,
      [&](const db::Row& row) {
        return Stored{.receipt = {.request_id = request_id, .digest = row.Text(0), .answer = row.Text(2)},
                      .account = row.Id(1)};
      },
      request_id);
}

// The stored answer if this very request was done before; nothing if its id was never used.
absl::StatusOr<std::optional<std::string>> AnswerOf(db::Database& database, const Call& call,
                                                    const Uuid& request_id, const std::string& digest) {
  std::optional<Stored> stored;
  GW_RETURN_IF_ERROR(database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(stored, ReadStored(tx, request_id));
    return absl::OkStatus();
  }));
  if (!stored) return std::nullopt;
  // Somebody else's answer is never given away, not even for the same payload.
  if (stored->receipt.digest == digest && stored->account == call.principal.account) {
    return std::optional<std::string>(std::move(stored->receipt.answer));
  }
  return MakeError(absl::StatusCode::kAlreadyExists, "request_id was used for another request",
                   {.reason = "REQUEST_ID_REUSED", .metadata = {{"request_id", request_id.ToString()}}});
}

}  // namespace

absl::StatusOr<Uuid> RequestId(std::string_view text) {
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (!id || id->IsNil()) return InvalidField("request_id", "want a UUID");
  return *id;
}

absl::StatusOr<std::string> MutateBytes(
    db::Database& database, const Call& call, const Uuid& request_id,
    const google::protobuf::Message& request,
    const std::function<absl::StatusOr<std::string>(db::Transaction&)>& body) {
  const std::string digest = DigestOf(call, request);
  std::string answer;
  bool receipt_refused = false;
  db::RunOptions options{.deadline = call.deadline};
  options.committed = [&](db::Transaction& tx) -> absl::StatusOr<bool> {
    GW_ASSIGN_OR_RETURN(const std::optional<Stored> stored, ReadStored(tx, request_id));
    return stored && stored->receipt.digest == digest;
  };
  // First come, first done: the body runs as if the request were new, and the receipt's primary key refuses
  // the second of two.
  const absl::Status status = database.Run(options, [&](db::Transaction& tx) -> absl::Status {
    receipt_refused = false;
    GW_ASSIGN_OR_RETURN(answer, body(tx));
    const absl::StatusOr<uint64_t> inserted =
        tx.Exec(kInsertReceipt, request_id, call.principal.account, call.method, digest, answer, call.now);
    receipt_refused = !inserted.ok() && db::IsDuplicateKey(inserted.status());
    return inserted.status();
  });
  if (status.ok()) return answer;
  // A repeat usually fails in the body (the state has moved on), so every error asks whether this was one.
  absl::StatusOr<std::optional<std::string>> before = AnswerOf(database, call, request_id, digest);
  if (before.ok() && *before) return **std::move(before);
  if (!before.ok() && (receipt_refused || before.status().code() == absl::StatusCode::kAlreadyExists)) {
    return before.status();
  }
  return status;
}

}  // namespace gridwarden::rpc
