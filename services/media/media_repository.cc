#include "media/media_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::media {
namespace {

constexpr std::string_view kFindMedia = R"(
  SELECT sha256, media_id, size, content_type, width, height, created_us, subject_seq, subject_leaf
  FROM media WHERE sha256 = ?)";
constexpr std::string_view kLockMedia = R"(
  SELECT sha256, media_id, size, content_type, width, height, created_us, subject_seq, subject_leaf
  FROM media WHERE sha256 = ? FOR UPDATE)";
constexpr std::string_view kInsertMedia = R"(
  INSERT INTO media (sha256, media_id, size, content_type, width, height, created_us, subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kSaveMedia = R"(
  UPDATE media SET subject_seq = ?, subject_leaf = ? WHERE sha256 = ?)";
constexpr std::string_view kInsertScope = R"(
  INSERT INTO media_scope (sha256, account, division, ground_path, subject, created_us) VALUES (?, ?, ?, ?, ?, ?))";
constexpr std::string_view kListScopes = R"(
  SELECT sha256, account, division, ground_path, subject, created_us FROM media_scope WHERE sha256 = ?)";

constexpr std::string_view kListStored = R"(
  SELECT sha256, size FROM media WHERE sha256 > ? AND created_us >= ? ORDER BY sha256 LIMIT ?)";

MediaRow ReadMedia(const db::Row& row) {
  return {.sha256 = row.Text(0),
          .id = row.Id(1),
          .size = row.Int(2),
          .info = {.type = static_cast<ContentType>(row.Int(3)),
                   .width = static_cast<int32_t>(row.Int(4)),
                   .height = static_cast<int32_t>(row.Int(5))},
          .created = row.Time(6),
          .subject_seq = static_cast<uint64_t>(row.Int(7)),
          .subject_leaf = row.Text(8)};
}

}  // namespace

absl::StatusOr<std::optional<MediaRow>> FindMedia(db::Transaction& tx, std::string_view sha256) {
  return tx.QueryOne(kFindMedia, ReadMedia, sha256);
}

absl::StatusOr<std::optional<MediaRow>> LockMedia(db::Transaction& tx, std::string_view sha256) {
  return tx.QueryOne(kLockMedia, ReadMedia, sha256);
}

absl::Status InsertMedia(db::Transaction& tx, const MediaRow& media) {
  const absl::Status status =
      tx.Exec(kInsertMedia, media.sha256, media.id, media.size, static_cast<int>(media.info.type),
              media.info.width, media.info.height, media.created, media.subject_seq, media.subject_leaf)
          .status();
  if (db::IsDuplicateKey(status)) return absl::AbortedError("the same content was stored at the same time");
  return status;
}

absl::Status SaveMedia(db::Transaction& tx, const MediaRow& media) {
  return tx.Exec(kSaveMedia, media.subject_seq, media.subject_leaf, media.sha256).status();
}

absl::Status InsertScope(db::Transaction& tx, const MediaScope& scope) {
  return tx
      .Exec(kInsertScope, scope.sha256, scope.account, scope.division.Bytes(), scope.ground_path,
            scope.subject, scope.created)
      .status();
}

absl::StatusOr<std::vector<MediaScope>> ListScopes(db::Transaction& tx, std::string_view sha256) {
  return tx.Query(
      kListScopes,
      [](const db::Row& row) {
        return MediaScope{.sha256 = row.Text(0),
                          .account = row.Id(1),
                          .division = row.Id(2),
                          .ground_path = row.Text(3),
                          .subject = row.Text(4),
                          .created = row.Time(5)};
      },
      sha256);
}

absl::StatusOr<std::vector<StoredMedia>> FindStored(db::Transaction& tx,
                                                    const std::vector<std::string>& sha256s) {
  std::vector<StoredMedia> stored;
  if (sha256s.empty()) return stored;
  // List lengths are rounded up to a power of two, so that few statements are prepared; the last digest fills
  // the rest.
  size_t size = 1;
  while (size < sha256s.size()) size *= 2;
  std::vector<db::Value> values(sha256s.begin(), sha256s.end());
  values.resize(size, db::Value(sha256s.back()));
  const std::string sql = absl::StrCat("SELECT sha256, size FROM media WHERE sha256 IN (",
                                       db::InList(static_cast<int>(size)), ")");
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
    stored.push_back({.sha256 = row.Text(0), .size = row.Int(1)});
  }));
  return stored;
}

absl::StatusOr<std::vector<StoredMedia>> ListStored(db::Transaction& tx, std::string_view after,
                                                    absl::Time since, int limit) {
  const absl::Time first = std::max(since, absl::UnixEpoch());
  return tx.Query(
      kListStored, [](const db::Row& row) { return StoredMedia{.sha256 = row.Text(0), .size = row.Int(1)}; },
      after, first, limit);
}

}  // namespace gridwarden::media
