#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "media/media_service.h"
#include "media/upload_steps.h"
#include "platform/crypto/digest.h"

namespace gridwarden::media {
namespace {

absl::Status OffsetWrong(int64_t offset) {
  return MakeError(absl::StatusCode::kAborted, absl::StrCat("the upload stands at ", offset),
                   {.reason = "UPLOAD_OFFSET_WRONG", .metadata = {{"offset", absl::StrCat(offset)}}});
}

// The SHA-256 of the piece, as the caller says too if he says any.
absl::StatusOr<std::string> DigestOf(const v1::AppendUploadRequest& request) {
  const std::string digest = crypto::Sha256(request.content());
  if (request.sha256().empty()) return digest;
  GW_ASSIGN_OR_RETURN(const std::string expected, ParseSha256(request.sha256(), "sha256"));
  if (digest == expected) return digest;
  return MakeError(absl::StatusCode::kInvalidArgument, "the piece does not have the expected SHA-256",
                   {.reason = "MEDIA_DIGEST_MISMATCH",
                    .metadata = {{"offset", absl::StrCat(request.offset())}},
                    .fields = {{"content", "another SHA-256 than expected; send the piece again"}}});
}

// The upload, locked, if the piece is the next one of it.
absl::StatusOr<UploadRow> LockNext(db::Transaction& tx, const rpc::Call& call, const std::string& name,
                                   const PieceRow& piece, absl::Time now) {
  GW_ASSIGN_OR_RETURN(const std::optional<UploadRow> found, LockUpload(tx, piece.upload));
  GW_ASSIGN_OR_RETURN(UploadRow upload, Usable(found, call, name, now));
  if (upload.held != piece.start) return OffsetWrong(upload.held);
  if (piece.size > upload.size - upload.held) {
    return InvalidField("content", absl::StrCat("got ", piece.size, " bytes, want at most the ",
                                                upload.size - upload.held, " that are missing"));
  }
  if (piece.size < kPieceBytesMin && piece.size < upload.size - upload.held) {
    return InvalidField("content", absl::StrCat("got ", piece.size, " bytes, want at least ", kPieceBytesMin,
                                                " unless they are the last"));
  }
  return upload;
}

}  // namespace

absl::StatusOr<v1::Upload> AppendUpload(MediaArea& area, const rpc::Call& call,
                                        const v1::AppendUploadRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("uploads", request.name()));
  const auto size = static_cast<int64_t>(request.content().size());
  if (size < 1 || size > kPieceBytesMax)
    return InvalidField("content", absl::StrCat("got ", size, " bytes, want 1 to ", kPieceBytesMax));
  PieceRow piece{.upload = id, .start = request.offset(), .size = size};
  GW_ASSIGN_OR_RETURN(piece.sha256, DigestOf(request));
  const absl::Time now = area.clock.Now();

  GW_RETURN_IF_ERROR(area.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const UploadRow upload, LockNext(tx, call, request.name(), piece, now));
    piece.attempt = upload.attempt;
    return InsertPiece(tx, piece);
  }));

  GW_RETURN_IF_ERROR(area.store->PutNamed(PieceName(piece), request.content(), call.deadline));

  UploadRow upload;
  GW_RETURN_IF_ERROR(area.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(upload, LockNext(tx, call, request.name(), piece, now));
    // It began again meanwhile: these bytes belong to what was given up.
    if (upload.attempt != piece.attempt) return OffsetWrong(upload.held);
    upload.held += size;
    upload.expires = now + kUploadLife;
    upload.due = upload.expires + kCallsEnd;
    GW_RETURN_IF_ERROR(HoldPiece(tx, piece));
    return SaveUpload(tx, upload);
  }));
  if (upload.held < upload.size) return UploadMessage(upload);
  return FinishUpload(area, call, upload);
}

}  // namespace gridwarden::media
