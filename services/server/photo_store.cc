#include "server/photo_store.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "media/copy_media.h"
#include "media/file_store.h"
#include "media/moving_store.h"
#include "platform/db/database.h"
#include "platform/runtime/log.h"
#include "server/serve.h"

namespace gridwarden::server {
namespace {

constexpr Flag kPhotoStoreFlags[] = {
    {"--media-s3-endpoint", "URL", "",
     "S3-compatible store for photos, https://HOST[:PORT]; none: DATA-DIR/media"},
    {"--media-s3-bucket", "NAME", "",
     "its bucket; the key must be allowed to list, get and put, and to delete below uploads/ and "
     "thumbnails/"},
    {"--media-s3-region", "NAME", "us-east-1", "region that requests are signed for"},
    {"--media-s3-access-key-file", "PATH", "",
     "file whose first line is the access key; read anew for each request"},
    {"--media-s3-secret-key-file", "PATH", "", "file whose first line is the secret key"},
    {"--media-s3-ca-file", "PATH", "",
     "authorities its certificate may come from; none: those of the system"},
};

constexpr Flag kCopyMediaFlags[] = {
    {"--to", "STORE", "s3", "where to: s3 (from the data folder) or folder (from the bucket)"},
    {"--data-dir", "PATH", ".run/data", "photos are in its folder media"},
    {"--since", "TIME", "", "only what was stored since then, 2026-11-22T08:00:00Z; none: everything"},
    {"--parallel", "N", "8", "photos under way at once, 1 to 16"},
};

constexpr absl::Duration kSayEvery = absl::Seconds(5);
constexpr int kLostNamedMax = 100;

// Says how far it is, at most every few seconds.
class Progress {
 public:
  void Say(const media::CopyCounts& counts) {
    if (absl::Now() - said_ < kSayEvery) return;
    said_ = absl::Now();
    std::printf("%s\n", Words(counts).c_str());
    std::fflush(stdout);
  }
  void Lost(const std::string& hex) {
    if (++lost_ <= kLostNamedMax)
      std::fprintf(stderr, "lost: media/%s is missing or damaged in both stores\n", hex.c_str());
  }
  static std::string Words(const media::CopyCounts& counts) {
    return absl::StrFormat("%d there already, %d copied (%.1f MB), %d lost", counts.there, counts.copied,
                           static_cast<double>(counts.bytes) / 1e6, counts.lost);
  }

 private:
  absl::Time said_ = absl::Now();
  int lost_ = 0;
};

}  // namespace

std::span<const Flag> PhotoStoreFlags() { return kPhotoStoreFlags; }
std::span<const Flag> CopyMediaFlags() { return kCopyMediaFlags; }

absl::StatusOr<std::optional<media::S3Options>> ReadPhotoStoreFlags(const Flags& flags) {
  if (flags.Text("--media-s3-endpoint").empty()) {
    for (const Flag& flag : kPhotoStoreFlags) {
      if (!flags.All(flag.name).empty())
        return InvalidField(flag.name, "want --media-s3-endpoint too, or none of them");
    }
    return std::nullopt;
  }
  media::S3Options options;
  options.endpoint = flags.Text("--media-s3-endpoint");
  options.bucket = flags.Text("--media-s3-bucket");
  options.region = flags.Text("--media-s3-region");
  options.access_key_file = flags.Text("--media-s3-access-key-file");
  options.secret_key_file = flags.Text("--media-s3-secret-key-file");
  options.ca_file = flags.Text("--media-s3-ca-file");
  return options;
}

absl::StatusOr<std::shared_ptr<media::ObjectStore>> OpenBucket(const media::S3Options& options,
                                                               const std::string& data_dir) {
  GW_ASSIGN_OR_RETURN(std::shared_ptr<media::ObjectStore> bucket, media::S3Store::Open(options));
  std::error_code ignored;
  if (!std::filesystem::is_directory(data_dir + "/media", ignored)) return bucket;
  const auto moving =
      std::make_shared<media::MovingStore>(std::move(bucket), std::make_shared<media::FileStore>(data_dir));
  Log(LogLevel::kInfo, "photos_are_moving",
      {{"stores", moving->Name()}, {"detail", "copy-media copies them; the folder may go when it says so"}});
  return moving;
}

absl::Status RunCopyMedia(const Flags& flags) {
  GW_ASSIGN_OR_RETURN(const std::optional<media::S3Options> s3, ReadPhotoStoreFlags(flags));
  if (!s3) return InvalidField("--media-s3-endpoint", "want the bucket to copy to or from");
  media::CopyOptions options;
  GW_ASSIGN_OR_RETURN(options.parallel, flags.Number("--parallel", 1, 16));
  if (const std::string since = flags.Text("--since"); !since.empty()) {
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, since, &options.since, &error))
      return InvalidField("--since", absl::StrCat("got ", since, ", want a time like 2026-11-22T08:00:00Z"));
  }
  const std::string to = flags.Text("--to");
  if (to != "s3" && to != "folder")
    return InvalidField("--to", absl::StrCat("got ", to, ", want s3 or folder"));
  GW_ASSIGN_OR_RETURN(const std::shared_ptr<media::S3Store> bucket, media::S3Store::Open(*s3));
  media::FileStore folder(flags.Text("--data-dir"));
  media::ObjectStore& from = to == "s3" ? static_cast<media::ObjectStore&>(folder) : *bucket;
  media::ObjectStore& into = to == "s3" ? static_cast<media::ObjectStore&>(*bucket) : folder;

  GW_ASSIGN_OR_RETURN(db::Options database_options, ReadDatabaseFlags(flags));
  database_options.pool_size = 1;
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database, db::Database::Open(database_options));
  std::printf("from %s to %s\n", from.Name().c_str(), into.Name().c_str());
  Progress progress;
  options.progress = [&](const media::CopyCounts& counts) { progress.Say(counts); };
  options.lost = [&](const std::string& hex) { progress.Lost(hex); };
  GW_ASSIGN_OR_RETURN(const media::CopyCounts counts, media::CopyMedia(*database, from, into, options));
  std::printf("done: %s\n", Progress::Words(counts).c_str());
  if (counts.lost == 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(counts.lost, " of the photos the database knows are in neither store"));
}

}  // namespace gridwarden::server
