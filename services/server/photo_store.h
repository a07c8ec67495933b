#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "media/s3_store.h"
#include "server/flags.h"

namespace gridwarden::server {

// Where photos are kept: in a bucket when --media-s3-endpoint is given, otherwise in the data folder.
std::span<const Flag> PhotoStoreFlags();
// Nullopt for the folder. INVALID_ARGUMENT naming the flag that cannot be meant or is missing.
absl::StatusOr<std::optional<media::S3Options>> ReadPhotoStoreFlags(const Flags& flags);

// The bucket; while there still is a folder of photos in `data_dir`, what the bucket lacks is read from
// there.
absl::StatusOr<std::shared_ptr<media::ObjectStore>> OpenBucket(const media::S3Options& options,
                                                               const std::string& data_dir);

// The command "copy-media": moves an installation from one kind of store to the other.
std::span<const Flag> CopyMediaFlags();
absl::Status RunCopyMedia(const Flags& flags);

}  // namespace gridwarden::server
