#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "media/media_service.h"
#include "media/upload_repository.h"

// What the rpcs of an upload in pieces share.
namespace gridwarden::media {

// Phones send 64 KB to 1 MB as the line allows. A lower limit keeps the number of pieces small; the last one
// may be smaller.
inline constexpr int64_t kPieceBytesMin = 4 << 10;
inline constexpr int64_t kPieceBytesMax = 1 << 20;
inline constexpr absl::Duration kUploadLife = absl::Hours(7 * 24);
// No call lasts so long: what a call may still be writing is swept after it only.
inline constexpr absl::Duration kCallsEnd = absl::Hours(1);

v1::Upload UploadMessage(const UploadRow& upload);
// The name of a piece in the store.
std::string PieceName(const PieceRow& piece);

// Of the caller and alive; NOT_FOUND for another's, UPLOAD_EXPIRED, and what refused it when it was refused.
absl::StatusOr<UploadRow> Usable(const std::optional<UploadRow>& upload, const rpc::Call& call,
                                 const std::string& name, absl::Time now);

// Makes it begin again at 0, open for another week; what an earlier attempt left is swept.
void BeginAgain(UploadRow& upload, absl::Time now);

// Verifies an upload all of whose bytes are held: reads them back, and keeps the whole as UploadMedia does.
// MEDIA_DIGEST_MISMATCH when the whole has another SHA-256, or bytes were lost: it begins again at 0.
// MEDIA_TYPE_REFUSED ends it. Any other error leaves it as it is. Safe to repeat and to do at the same time.
absl::StatusOr<v1::Upload> FinishUpload(MediaArea& area, const rpc::Call& call, const UploadRow& upload);

}  // namespace gridwarden::media
