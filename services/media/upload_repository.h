#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "platform/db/database.h"

namespace gridwarden::media {

// Stored; never renumber.
enum class UploadState { kOpen = 1, kComplete = 2, kRefused = 3 };

// A photo or document on its way in pieces.
struct UploadRow {
  Uuid id;
  Uuid account;
  std::string sha256;  // 32 bytes, of the whole
  int64_t size = 0;
  Uuid division;
  std::string subject;
  UploadState state = UploadState::kOpen;
  int64_t held = 0;     // bytes that would survive a power cut
  int64_t attempt = 0;  // how often it began again
  absl::Time expires;
  absl::Time due;  // when the sweeper looks at it
};

// One piece. Its row stands before its bytes do; `held` says that they came.
struct PieceRow {
  Uuid upload;
  int64_t attempt = 0;
  int64_t start = 0;
  std::string sha256;  // 32 bytes
  int64_t size = 0;
  bool held = false;
};

absl::StatusOr<std::optional<UploadRow>> FindUpload(db::Transaction& tx, const Uuid& id);
absl::StatusOr<std::optional<UploadRow>> LockUpload(db::Transaction& tx, const Uuid& id);
// The one of this account for that content and ground.
absl::StatusOr<std::optional<UploadRow>> LockUploadOf(db::Transaction& tx, const UploadRow& wanted);
// A duplicate means that somebody began the same upload at the same time: ABORTED, the caller starts over.
absl::Status InsertUpload(db::Transaction& tx, const UploadRow& upload);
// Saves what changes; the row is locked.
absl::Status SaveUpload(db::Transaction& tx, const UploadRow& upload);
absl::Status DeleteUpload(db::Transaction& tx, const Uuid& id);

struct UnderWay {
  int64_t count = 0;
  int64_t bytes = 0;  // of the wholes
};
absl::StatusOr<UnderWay> CountUnderWay(db::Transaction& tx, const Uuid& account, absl::Time now);
// Of everybody.
absl::StatusOr<int64_t> CountOpenUploads(db::Transaction& tx);
// Uploads that the sweeper has to look at, the oldest first.
absl::StatusOr<std::vector<Uuid>> ListDueUploads(db::Transaction& tx, absl::Time now, int limit);

// Does nothing when it stands there already.
absl::Status InsertPiece(db::Transaction& tx, const PieceRow& piece);
absl::Status HoldPiece(db::Transaction& tx, const PieceRow& piece);
absl::Status DeletePiece(db::Transaction& tx, const PieceRow& piece);
// All pieces of all attempts, in the order of their bytes.
absl::StatusOr<std::vector<PieceRow>> ListPieces(db::Transaction& tx, const Uuid& upload);

}  // namespace gridwarden::media
