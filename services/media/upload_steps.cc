#include "media/upload_steps.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "media/keep_media.h"
#include "media/numbers.h"
#include "media/photo.h"
#include "platform/crypto/digest_stream.h"
#include "platform/runtime/log.h"

namespace gridwarden::media {
namespace {

absl::Status Mismatch() {
  return MakeError(absl::StatusCode::kInvalidArgument, "the whole does not have the expected SHA-256",
                   {.reason = "MEDIA_DIGEST_MISMATCH",
                    .metadata = {{"offset", "0"}},
                    .fields = {{"content", "another SHA-256 than expected; send it from the beginning"}}});
}

absl::Status Refused() {
  return MakeError(
      absl::StatusCode::kInvalidArgument, "its bytes are no whole JPEG, PNG, WebP or PDF",
      {.reason = "MEDIA_TYPE_REFUSED", .fields = {{"content", "want a whole JPEG, PNG, WebP or PDF"}}});
}

// The held pieces of this attempt.
absl::StatusOr<std::vector<PieceRow>> HeldPieces(MediaArea& area, const rpc::Call& call,
                                                 const UploadRow& upload) {
  std::vector<PieceRow> pieces;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(pieces, ListPieces(tx, upload.id));
    std::erase_if(pieces,
                  [&](const PieceRow& piece) { return !piece.held || piece.attempt != upload.attempt; });
    return absl::OkStatus();
  }));
  return pieces;
}

// The whole, or nothing when it is not what it should be. An error only while the store is away.
absl::StatusOr<std::optional<std::string>> WholeOf(MediaArea& area, const rpc::Call& call,
                                                   const UploadRow& upload,
                                                   const std::vector<PieceRow>& pieces) {
  std::string whole;
  crypto::Sha256Stream digest;
  for (const PieceRow& piece : pieces) {
    const absl::StatusOr<std::string> bytes = area.store->GetNamed(PieceName(piece), call.deadline);
    if (absl::IsNotFound(bytes.status())) return std::nullopt;
    if (!bytes.ok()) return bytes.status();
    if (piece.start != static_cast<int64_t>(whole.size()) ||
        piece.size != static_cast<int64_t>(bytes->size()))
      return std::nullopt;
    whole += *bytes;
    digest.Add(*bytes);
  }
  if (static_cast<int64_t>(whole.size()) != upload.size || digest.Finish() != upload.sha256)
    return std::nullopt;
  return whole;
}

// Changes the upload unless it went on meanwhile; answers it as it stands then.
absl::StatusOr<UploadRow> Change(MediaArea& area, const rpc::Call& call, const UploadRow& seen,
                                 const std::function<void(UploadRow&)>& change) {
  UploadRow now_stands;
  GW_RETURN_IF_ERROR(area.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(std::optional<UploadRow> upload, LockUpload(tx, seen.id));
    if (!upload) return NotFound(ResourceName("uploads", seen.id));
    if (upload->state == UploadState::kOpen && upload->attempt == seen.attempt) {
      change(*upload);
      GW_RETURN_IF_ERROR(SaveUpload(tx, *upload));
    }
    now_stands = *upload;
    return absl::OkStatus();
  }));
  return now_stands;
}

// What it held is no longer needed. The sweeper does what is left undone.
void Drop(MediaArea& area, const rpc::Call& call, const std::vector<PieceRow>& pieces) {
  for (const PieceRow& piece : pieces) {
    absl::Status status = area.store->RemoveNamed(PieceName(piece), call.deadline);
    if (status.ok()) {
      status = area.database.Run({.deadline = call.deadline},
                                 [&](db::Transaction& tx) { return DeletePiece(tx, piece); });
    }
    if (status.ok()) continue;
    Log(LogLevel::kInfo, "upload_pieces_left", {{"detail", std::string(status.message())}});
    return;
  }
}

}  // namespace

v1::Upload UploadMessage(const UploadRow& upload) {
  v1::Upload message;
  message.set_name(ResourceName("uploads", upload.id));
  message.set_sha256(absl::BytesToHexString(upload.sha256));
  message.set_size(upload.size);
  message.set_offset(upload.held);
  message.set_complete(upload.state == UploadState::kComplete);
  message.mutable_expire_time()->set_seconds(absl::ToUnixSeconds(upload.expires));
  return message;
}

std::string PieceName(const PieceRow& piece) {
  return absl::StrCat("uploads/", piece.upload.ToString(), "/", piece.attempt, "-", piece.start, "-",
                      absl::BytesToHexString(piece.sha256.substr(0, 8)));
}

absl::StatusOr<UploadRow> Usable(const std::optional<UploadRow>& upload, const rpc::Call& call,
                                 const std::string& name, absl::Time now) {
  if (!upload || upload->account != call.principal.account) return NotFound(name);
  if (upload->expires <= now) {
    return FailedPrecondition("UPLOAD_EXPIRED", "nothing came for seven days: begin it again");
  }
  if (upload->state == UploadState::kRefused) return Refused();
  return *upload;
}

void BeginAgain(UploadRow& upload, absl::Time now) {
  upload.state = UploadState::kOpen;
  upload.held = 0;
  ++upload.attempt;
  upload.expires = now + kUploadLife;
  upload.due = now + kCallsEnd;
}

absl::StatusOr<v1::Upload> FinishUpload(MediaArea& area, const rpc::Call& call, const UploadRow& upload) {
  GW_ASSIGN_OR_RETURN(const std::vector<PieceRow> pieces, HeldPieces(area, call, upload));
  GW_ASSIGN_OR_RETURN(const std::optional<std::string> whole, WholeOf(area, call, upload, pieces));
  const absl::Time now = area.clock.Now();
  if (!whole) {
    GW_ASSIGN_OR_RETURN(const UploadRow left,
                        Change(area, call, upload, [now](UploadRow& changed) { BeginAgain(changed, now); }));
    if (left.state == UploadState::kComplete) return UploadMessage(left);  // somebody else was first
    if (left.attempt == upload.attempt + 1) Drop(area, call, pieces);
    CountUpload(UploadEnd::kMismatch);
    return Mismatch();
  }

  const std::shared_ptr<const domain::Ground> ground = area.directory.ground();
  GW_ASSIGN_OR_RETURN(const Place place, PlaceOf(*ground, call, ResourceName("divisions", upload.division)));
  const absl::Status kept = KeepMedia(area, call, upload.sha256, *whole, upload.subject, place).status();
  const bool refused = ReasonOf(kept) == "MEDIA_TYPE_REFUSED" || ReasonOf(kept) == "MEDIA_TOO_LARGE";
  if (!kept.ok() && !refused) return kept;
  GW_ASSIGN_OR_RETURN(const UploadRow ended, Change(area, call, upload, [&](UploadRow& changed) {
                        changed.state = refused ? UploadState::kRefused : UploadState::kComplete;
                        changed.expires = now + kUploadLife;
                        changed.due = now + kCallsEnd;
                      }));
  Drop(area, call, pieces);
  CountUpload(refused ? UploadEnd::kRefused : UploadEnd::kVerified);
  if (refused) return kept;
  return UploadMessage(ended);
}

}  // namespace gridwarden::media
