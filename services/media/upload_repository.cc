#include "media/upload_repository.h"

#include "base/status.h"

namespace gridwarden::media {
namespace {

constexpr std::string_view kFindUpload = R"(
  SELECT upload_id, account, sha256, size, division, subject, state, held, attempt, expires_us, due_us
  FROM media_upload WHERE upload_id = ?)";
constexpr std::string_view kLockUpload = R"(
  SELECT upload_id, account, sha256, size, division, subject, state, held, attempt, expires_us, due_us
  FROM media_upload WHERE upload_id = ? FOR UPDATE)";
constexpr std::string_view kLockUploadOf = R"(
  SELECT upload_id, account, sha256, size, division, subject, state, held, attempt, expires_us, due_us
  FROM media_upload WHERE account = ? AND sha256 = ? AND size = ? AND division = ? FOR UPDATE)";
constexpr std::string_view kInsertUpload = R"(
  INSERT INTO media_upload (upload_id, account, sha256, size, division, subject, state, held, attempt,
                            expires_us, due_us)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kSaveUpload = R"(
  UPDATE media_upload SET subject = ?, state = ?, held = ?, attempt = ?, expires_us = ?, due_us = ?
  WHERE upload_id = ?)";
constexpr std::string_view kDeleteUpload = "DELETE FROM media_upload WHERE upload_id = ?";
constexpr std::string_view kCountUnderWay = R"(
  SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS SIGNED) FROM media_upload
  WHERE account = ? AND state = 1 AND expires_us > ?)";
constexpr std::string_view kCountOpen = "SELECT COUNT(*) FROM media_upload WHERE state = 1";
constexpr std::string_view kListDue = R"(
  SELECT upload_id FROM media_upload WHERE due_us <= ? ORDER BY due_us LIMIT ?)";

constexpr std::string_view kInsertPiece = R"(
  INSERT IGNORE INTO media_piece (upload_id, attempt, start, sha256, size, held) VALUES (?, ?, ?, ?, ?, FALSE))";
// Unlocked: the upload it belongs to is.
constexpr std::string_view kHoldPiece = R"(
  UPDATE media_piece SET held = TRUE WHERE upload_id = ? AND attempt = ? AND start = ? AND sha256 = ?)";
constexpr std::string_view kDeletePiece = R"(
  DELETE FROM media_piece WHERE upload_id = ? AND attempt = ? AND start = ? AND sha256 = ?)";
constexpr std::string_view kListPieces = R"(
  SELECT upload_id, attempt, start, sha256, size, held FROM media_piece WHERE upload_id = ?
  ORDER BY attempt, start)";

UploadRow ReadUpload(const db::Row& row) {
  return {.id = row.Id(0),
          .account = row.Id(1),
          .sha256 = row.Text(2),
          .size = row.Int(3),
          .division = row.Id(4),
          .subject = row.Text(5),
          .state = static_cast<UploadState>(row.Int(6)),
          .held = row.Int(7),
          .attempt = row.Int(8),
          .expires = row.Time(9),
          .due = row.Time(10)};
}

}  // namespace

absl::StatusOr<std::optional<UploadRow>> FindUpload(db::Transaction& tx, const Uuid& id) {
  return tx.QueryOne(kFindUpload, ReadUpload, id);
}

absl::StatusOr<std::optional<UploadRow>> LockUpload(db::Transaction& tx, const Uuid& id) {
  return tx.QueryOne(kLockUpload, ReadUpload, id);
}

absl::StatusOr<std::optional<UploadRow>> LockUploadOf(db::Transaction& tx, const UploadRow& wanted) {
  return tx.QueryOne(kLockUploadOf, ReadUpload, wanted.account, wanted.sha256, wanted.size, wanted.division);
}

absl::Status InsertUpload(db::Transaction& tx, const UploadRow& upload) {
  const absl::Status status = tx.Exec(kInsertUpload, upload.id, upload.account, upload.sha256, upload.size,
                                      upload.division, upload.subject, static_cast<int>(upload.state),
                                      upload.held, upload.attempt, upload.expires, upload.due)
                                  .status();
  if (db::IsDuplicateKey(status)) return absl::AbortedError("the same upload was begun at the same time");
  return status;
}

absl::Status SaveUpload(db::Transaction& tx, const UploadRow& upload) {
  return tx
      .Exec(kSaveUpload, upload.subject, static_cast<int>(upload.state), upload.held, upload.attempt,
            upload.expires, upload.due, upload.id)
      .status();
}

absl::Status DeleteUpload(db::Transaction& tx, const Uuid& id) { return tx.Exec(kDeleteUpload, id).status(); }

absl::StatusOr<UnderWay> CountUnderWay(db::Transaction& tx, const Uuid& account, absl::Time now) {
  GW_ASSIGN_OR_RETURN(
      const std::optional<UnderWay> under_way,
      tx.QueryOne(
          kCountUnderWay,
          [](const db::Row& row) { return UnderWay{.count = row.Int(0), .bytes = row.Int(1)}; }, account,
          now));
  return under_way.value_or(UnderWay{});
}

absl::StatusOr<int64_t> CountOpenUploads(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> count,
                      tx.QueryOne(kCountOpen, [](const db::Row& row) { return row.Int(0); }));
  return count.value_or(0);
}

absl::StatusOr<std::vector<Uuid>> ListDueUploads(db::Transaction& tx, absl::Time now, int limit) {
  return tx.Query(
      kListDue, [](const db::Row& row) { return row.Id(0); }, now, limit);
}

absl::Status InsertPiece(db::Transaction& tx, const PieceRow& piece) {
  return tx.Exec(kInsertPiece, piece.upload, piece.attempt, piece.start, piece.sha256, piece.size).status();
}

absl::Status HoldPiece(db::Transaction& tx, const PieceRow& piece) {
  return tx.Exec(kHoldPiece, piece.upload, piece.attempt, piece.start, piece.sha256).status();
}

absl::Status DeletePiece(db::Transaction& tx, const PieceRow& piece) {
  return tx.Exec(kDeletePiece, piece.upload, piece.attempt, piece.start, piece.sha256).status();
}

absl::StatusOr<std::vector<PieceRow>> ListPieces(db::Transaction& tx, const Uuid& upload) {
  return tx.Query(
      kListPieces,
      [](const db::Row& row) {
        return PieceRow{.upload = row.Id(0),
                        .attempt = row.Int(1),
                        .start = row.Int(2),
                        .sha256 = row.Text(3),
                        .size = row.Int(4),
                        .held = row.Bool(5)};
      },
      upload);
}

}  // namespace gridwarden::media
