#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "media/photo.h"
#include "platform/db/database.h"

namespace gridwarden::media {

struct MediaRow {
  std::string sha256;  // 32 bytes
  Uuid id;             // what the journal calls it
  int64_t size = 0;
  PhotoInfo info;
  absl::Time created;
  uint64_t subject_seq = 0;
  std::string subject_leaf;
};

// Who uploaded it for which ground.
struct MediaScope {
  std::string sha256;
  Uuid account;
  Uuid division;
  std::string ground_path;
  std::string subject;  // "cases/{uuid}" or ""
  absl::Time created;
};

absl::StatusOr<std::optional<MediaRow>> FindMedia(db::Transaction& tx, std::string_view sha256);
absl::StatusOr<std::optional<MediaRow>> LockMedia(db::Transaction& tx, std::string_view sha256);
// A duplicate means that somebody stored the same content at the same time: ABORTED, the caller starts over.
absl::Status InsertMedia(db::Transaction& tx, const MediaRow& media);
absl::Status SaveMedia(db::Transaction& tx, const MediaRow& media);

absl::Status InsertScope(db::Transaction& tx, const MediaScope& scope);
absl::StatusOr<std::vector<MediaScope>> ListScopes(db::Transaction& tx, std::string_view sha256);

struct StoredMedia {
  std::string sha256;
  int64_t size = 0;
};
// Which of the digests have a row. At most 1,000.
absl::StatusOr<std::vector<StoredMedia>> FindStored(db::Transaction& tx,
                                                    const std::vector<std::string>& sha256s);
// A page of everything stored since, in the order of the digests, behind `after` ("" for the first page).
absl::StatusOr<std::vector<StoredMedia>> ListStored(db::Transaction& tx, std::string_view after,
                                                    absl::Time since, int limit);

}  // namespace gridwarden::media
