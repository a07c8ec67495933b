#include "server/photo_store.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace gridwarden::server {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::optional<media::S3Options>> Read(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Flags> flags = Flags::Parse(PhotoStoreFlags(), arguments);
  EXPECT_TRUE(flags.ok()) << flags.status();
  return ReadPhotoStoreFlags(*flags);
}

TEST(PhotoStoreFlags, NoneMeansTheFolderAndTheEndpointMeansABucket) {
  const auto none = Read({});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_FALSE(none->has_value());
  const auto bucket = Read({"--media-s3-endpoint=https://s3.example.cn", "--media-s3-bucket=photos"});
  ASSERT_TRUE(bucket.ok() && bucket->has_value()) << bucket.status();
  EXPECT_EQ((*bucket)->bucket, "photos");
  EXPECT_EQ((*bucket)->region, "us-east-1");
}

TEST(PhotoStoreFlags, AnyOfThemWithoutTheEndpointIsRefusedByItsName) {
  for (const Flag& flag : PhotoStoreFlags()) {
    if (flag.name == "--media-s3-endpoint") continue;
    const std::string given = absl::StrFormat("%s=x", flag.name);
    EXPECT_THAT(std::string(Read({given}).status().message()), HasSubstr(std::string(flag.name))) << given;
  }
}

TEST(PhotoStoreFlags, ABucketIsReadBesideTheFolderAsLongAsThereIsOne) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "photo_store_", getpid());
  std::filesystem::create_directories(folder);
  media::S3Options options{.endpoint = "https://s3.example.cn",
                           .bucket = "photos",
                           .access_key_file = folder + "/key",
                           .secret_key_file = folder + "/key"};
  std::ofstream(folder + "/key") << "x\n";
  const auto alone = OpenBucket(options, folder);
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ((*alone)->Name(), "bucket photos at https://s3.example.cn");
  std::filesystem::create_directories(folder + "/media");
  EXPECT_THAT((*OpenBucket(options, folder))->Name(), HasSubstr("before folder"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gridwarden::server
