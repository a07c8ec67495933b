#include "media/s3_store.h"

#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "media/copy_media.h"
#include "media/file_store.h"
#include "media/media_service.h"
#include "media/moving_store.h"
#include "media/photo.h"
#include "media/store_watch.h"
#include "platform/crypto/digest.h"
#include "platform/tls/certificate.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_photo.h"
#include "support/test_s3.h"
#include "support/test_server.h"

// Photos in a bucket of a real S3 server that verifies signatures.
namespace gridwarden::media {
namespace {

namespace fs = std::filesystem;
using domain::PostKind;
using gridwarden::testing::City;
using gridwarden::testing::Jpeg;
using gridwarden::testing::SharedDatabase;
using gridwarden::testing::TestS3;
using ::testing::HasSubstr;

constexpr char kUpload[] = "gridwarden.media.v1.MediaService/UploadMedia";
constexpr char kGetContent[] = "gridwarden.media.v1.MediaService/GetMediaContent";
constexpr char kListMissing[] = "gridwarden.media.v1.MediaService/ListMissingMedia";

std::string Hex(const std::string& content) { return absl::BytesToHexString(crypto::Sha256(content)); }
absl::Time In(absl::Duration duration) { return absl::Now() + duration; }

S3Options OptionsOf(const TestS3& s3) {
  return {.endpoint = s3.endpoint(),
          .bucket = TestS3::kBucket,
          .access_key_file = s3.access_key_file(),
          .secret_key_file = s3.secret_key_file()};
}

std::shared_ptr<S3Store> Open(const S3Options& options) {
  const auto store = S3Store::Open(options);
  EXPECT_TRUE(store.ok()) << store.status();
  return *store;
}

class S3StoreTest : public ::testing::Test {
 protected:
  absl::Status Put(const std::string& content) {
    return store_->Put(Hex(content), content, In(absl::Seconds(10)));
  }
  absl::StatusOr<std::string> Get(const std::string& content) {
    return store_->Get(Hex(content), In(absl::Seconds(10)));
  }
  fs::path FileOf(const std::string& content) { return s3_.FileOf(ObjectPath(Hex(content))); }

  TestS3 s3_;
  std::shared_ptr<S3Store> store_ = Open(OptionsOf(s3_));
};

TEST_F(S3StoreTest, KeepsContentUnderItsDigestAndGivesItBack) {
  const std::string large(kBytesMax, 'x');
  for (const std::string& content : {std::string("one"), std::string("bytes\0of any kind\xff", 18), large}) {
    ASSERT_TRUE(Put(content).ok());
    const auto back = Get(content);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back == content, true);
    EXPECT_TRUE(fs::exists(FileOf(content)));
  }
}

TEST_F(S3StoreTest, DoesNotReplaceWhatIsThereIntact) {
  ASSERT_TRUE(Put("photo").ok());
  const auto written = fs::last_write_time(FileOf("photo"));
  ASSERT_TRUE(Put("photo").ok());
  EXPECT_EQ(fs::last_write_time(FileOf("photo")), written);
}

TEST_F(S3StoreTest, TellsMissingFromDamagedByNothingAndHealsBothByPuttingAgain) {
  EXPECT_EQ(Get("photo").status().code(), absl::StatusCode::kDataLoss);
  ASSERT_TRUE(Put("photo").ok());
  std::ofstream(FileOf("photo"), std::ios::trunc) << "phot0";
  EXPECT_EQ(ReasonOf(Get("photo").status()), "MEDIA_DIGEST_MISMATCH");
  ASSERT_TRUE(Put("photo").ok());
  EXPECT_EQ(Get("photo").value(), "photo");
}

TEST_F(S3StoreTest, AnObjectLargerThanAnyPhotoIsDamagedAndNeverReadWhole) {
  ASSERT_TRUE(Put("photo").ok());
  std::ofstream(FileOf("photo"), std::ios::trunc) << std::string(kBytesMax + 1, 'x');
  EXPECT_EQ(Get("photo").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(S3StoreTest, KeepsReplacesAndRemovesWhatHasANameOfOurs) {
  const std::string name = "uploads/0190/0-8192-ab";
  const absl::Time deadline = In(absl::Seconds(20));
  EXPECT_TRUE(absl::IsNotFound(store_->GetNamed(name, deadline).status()));
  ASSERT_TRUE(store_->RemoveNamed(name, deadline).ok()) << "it was not there either";
  ASSERT_TRUE(store_->PutNamed(name, "one", deadline).ok());
  ASSERT_TRUE(store_->PutNamed(name, "two", deadline).ok());
  EXPECT_EQ(store_->GetNamed(name, deadline).value(), "two");
  EXPECT_TRUE(fs::exists(s3_.FileOf(name)));
  s3_.Fault("slow-down", 1);
  ASSERT_TRUE(store_->RemoveNamed(name, deadline).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->GetNamed(name, deadline).status()));
  ASSERT_TRUE(store_->PutNamed(name, "", deadline).ok());
  EXPECT_EQ(store_->GetNamed(name, deadline).value(), "") << "nothing is something";
  s3_.Stop();
  const absl::Time soon = In(absl::Seconds(1));
  EXPECT_EQ(ReasonOf(store_->GetNamed(name, soon).status()), "MEDIA_STORE_UNAVAILABLE") << "not: not there";
  EXPECT_EQ(ReasonOf(store_->RemoveNamed(name, In(absl::Seconds(1)))), "MEDIA_STORE_UNAVAILABLE");
}

TEST_F(S3StoreTest, SaysWhatIsThereInItsFullSize) {
  ASSERT_TRUE(Put("a").ok());
  ASSERT_TRUE(Put("bb").ok());
  std::vector<ObjectSize> asked;
  for (int i = 0; i < 100; ++i) asked.push_back({Hex(absl::StrCat("absent ", i)), 8});
  asked[7] = {Hex("a"), 1};
  asked[50] = {Hex("bb"), 2};
  asked[51] = {Hex("bb"), 3};  // the row says it is larger
  const auto there = store_->Has(asked, In(absl::Seconds(20)));
  ASSERT_TRUE(there.ok()) << there.status();
  for (size_t i = 0; i < asked.size(); ++i) EXPECT_EQ((*there)[i], i == 7 || i == 50) << i;
}

TEST_F(S3StoreTest, AWrongKeyIsRefusedInWordsAndARotatedOneNeedsNoRestart) {
  s3_.WriteKeys("SOMEBODY", "else");
  EXPECT_THAT(std::string(Put("photo").message()), HasSubstr("does not know the access key"));
  s3_.WriteKeys("GRIDWARDENTEST", "wrong");
  const absl::Status refused = Put("photo");
  EXPECT_EQ(ReasonOf(refused), "MEDIA_STORE_UNAVAILABLE");
  EXPECT_THAT(std::string(refused.message()), HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(std::string(refused.message()), ::testing::Not(HasSubstr("wrong")));
  EXPECT_EQ(ReasonOf(Get("photo").status()), "MEDIA_STORE_UNAVAILABLE") << "not: missing";
  EXPECT_EQ(ReasonOf(store_->Has({{Hex("photo"), 5}}, In(absl::Seconds(5))).status()),
            "MEDIA_STORE_UNAVAILABLE");
  EXPECT_FALSE(fs::exists(FileOf("photo")));
  s3_.WriteKeys();
  EXPECT_TRUE(Put("photo").ok());
  fs::remove(s3_.secret_key_file());
  EXPECT_THAT(std::string(Put("other").message()), HasSubstr("--media-s3-secret-key-file"));
}

TEST_F(S3StoreTest, AnotherBucketOrRegionIsRefusedInWords) {
  S3Options options = OptionsOf(s3_);
  options.bucket = "elsewhere";
  EXPECT_THAT(std::string(Open(options)->Put(Hex("a"), "a", In(absl::Seconds(5))).message()),
              HasSubstr("no such bucket"));
  EXPECT_EQ(ReasonOf(Open(options)->Get(Hex("a"), In(absl::Seconds(5))).status()), "MEDIA_STORE_UNAVAILABLE");
  options = OptionsOf(s3_);
  options.region = "cn-north-1";
  EXPECT_THAT(std::string(Open(options)->Check(In(absl::Seconds(5))).message()),
              HasSubstr("AuthorizationHeaderMalformed"));
}

TEST_F(S3StoreTest, TriesAgainWhatPassesByItself) {
  s3_.Fault("slow-down", 2);
  EXPECT_TRUE(Put("slow").ok());
  EXPECT_EQ(s3_.Seen("PUT"), 3);
  s3_.Fault("cut", 2);
  EXPECT_TRUE(Put("cut").ok());
  EXPECT_EQ(Get("cut").value(), "cut");
}

TEST_F(S3StoreTest, GivesUpAtTheDeadlineAndAfterAFewAttempts) {
  s3_.Fault("hang", 100);
  const absl::Time begin = absl::Now();
  EXPECT_EQ(ReasonOf(store_->Put(Hex("photo"), "photo", In(absl::Seconds(1)))), "MEDIA_STORE_UNAVAILABLE");
  EXPECT_LT(absl::Now() - begin, absl::Seconds(3));
  s3_.Fault("slow-down", 1000);
  const int before = s3_.Seen("PUT");
  EXPECT_EQ(ReasonOf(Put("photo")), "MEDIA_STORE_UNAVAILABLE");
  EXPECT_EQ(s3_.Seen("PUT") - before, 5);
}

TEST_F(S3StoreTest, AStoreWithoutConditionalWritesIsServedAsWell) {
  s3_.Fault("no-conditions", 1);
  EXPECT_TRUE(Put("photo").ok());
  EXPECT_EQ(Get("photo").value(), "photo");
}

TEST_F(S3StoreTest, TheBytesOfAnotherNameAreRefusedByTheStoreItself) {
  EXPECT_FALSE(store_->Put(Hex("photo"), "another", In(absl::Seconds(5))).ok());
  EXPECT_EQ(Get("photo").status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(S3StoreTest, ManyAtOnceShareTheConnections) {
  S3Options options = OptionsOf(s3_);
  options.requests_max = 2;
  const auto store = Open(options);
  std::vector<std::thread> threads;
  std::atomic<int> well = 0;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&, i] {
      const std::string content = absl::StrCat("photo ", i % 4);
      well += store->Put(Hex(content), content, In(absl::Seconds(20))).ok() &&
              store->Get(Hex(content), In(absl::Seconds(20))).value_or("") == content;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(well, 12);
}

TEST_F(S3StoreTest, IsWatchedWhetherItWouldTakeAnUpload) {
  StoreWatch watch(store_, std::chrono::milliseconds(20), std::chrono::milliseconds(20));
  const auto becomes = [&](bool well) {
    const absl::Time give_up = In(absl::Seconds(15));
    while (watch.last().ok() != well && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(10));
    return watch.last().ok() == well;
  };
  EXPECT_EQ(ReasonOf(watch.last()), "MEDIA_STORE_UNAVAILABLE") << "before it was asked";
  watch.Start();
  EXPECT_TRUE(becomes(true));
  s3_.Stop();
  EXPECT_TRUE(becomes(false));
  s3_.Start();
  EXPECT_TRUE(becomes(true));
  s3_.WriteKeys("GRIDWARDENTEST", "wrong");
  EXPECT_TRUE(becomes(false));
}

TEST(S3Options, ThatCannotBeMeantAreRefusedByTheNameOfTheFlag) {
  TestS3 s3;
  const auto refused = [&](auto change) {
    S3Options options = OptionsOf(s3);
    change(options);
    return std::string(S3Store::Open(options).status().ToString());
  };
  EXPECT_THAT(refused([](S3Options& o) { o.endpoint = "http://s3.example.cn"; }),
              HasSubstr("--media-s3-endpoint"));
  EXPECT_THAT(refused([](S3Options& o) { o.endpoint = "http://127.0.0.1.evil.cn"; }),
              HasSubstr("--media-s3-endpoint"));
  EXPECT_THAT(refused([](S3Options& o) { o.endpoint = "https://s3.example.cn/path"; }),
              HasSubstr("--media-s3-endpoint"));
  EXPECT_THAT(refused([](S3Options& o) { o.endpoint = "https://key@s3.example.cn"; }),
              HasSubstr("--media-s3-endpoint"));
  EXPECT_THAT(refused([](S3Options& o) { o.bucket = "Photos/a"; }), HasSubstr("--media-s3-bucket"));
  EXPECT_THAT(refused([](S3Options& o) { o.region = ""; }), HasSubstr("--media-s3-region"));
  EXPECT_THAT(refused([](S3Options& o) { o.access_key_file = ""; }), HasSubstr("--media-s3-access-key-file"));
  EXPECT_THAT(refused([](S3Options& o) { o.secret_key_file += ".none"; }),
              HasSubstr("--media-s3-secret-key-file"));
}

TEST(S3Tls, IsVerifiedAndTheAuthorityMayBeAFile) {
  const fs::path folder = fs::path(::testing::TempDir()) / absl::StrCat("s3_tls_", getpid());
  fs::create_directories(folder);
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  };
  const tls::Subject authority{.common_name = "tests",
                               .not_before = absl::FromUnixSeconds(absl::ToUnixSeconds(In(-absl::Hours(1)))),
                               .not_after = absl::FromUnixSeconds(absl::ToUnixSeconds(In(absl::Hours(24))))};
  tls::Subject leaf = authority;
  leaf.common_name = "s3";
  leaf.addresses = {"127.0.0.1"};
  const auto trusted = tls::MakeAuthority(authority);
  const auto stranger = tls::MakeAuthority(authority);
  ASSERT_TRUE(trusted.ok() && stranger.ok()) << trusted.status();
  const auto pair = tls::IssueLeaf(*trusted, leaf);
  ASSERT_TRUE(pair.ok()) << pair.status();
  TestS3 s3(write("s3.key", pair->key), write("s3.pem", pair->certificate));

  S3Options options = OptionsOf(s3);
  options.ca_file = write("ca.pem", trusted->certificate);
  const auto store = Open(options);
  EXPECT_TRUE(store->Put(Hex("photo"), "photo", In(absl::Seconds(10))).ok());
  EXPECT_EQ(store->Get(Hex("photo"), In(absl::Seconds(10))).value_or(""), "photo");

  options.ca_file = write("stranger.pem", stranger->certificate);
  EXPECT_THAT(std::string(Open(options)->Check(In(absl::Seconds(10))).message()), HasSubstr("certificate"));
  options.ca_file = "";
  EXPECT_FALSE(Open(options)->Check(In(absl::Seconds(10))).ok()) << "the system knows no such authority";
  fs::remove_all(folder);
}

TEST_F(S3StoreTest, WhileItIsMovedIntoWhatItLacksIsReadFromTheStoreBefore) {
  const std::string data_dir = absl::StrCat(::testing::TempDir(), "moving_", getpid());
  const auto folder = std::make_shared<FileStore>(data_dir);
  const absl::Time deadline = In(absl::Seconds(20));
  ASSERT_TRUE(folder->Put(Hex("old"), "old", deadline).ok());
  MovingStore moving(store_, folder);
  ASSERT_TRUE(moving.Put(Hex("new"), "new", deadline).ok());
  EXPECT_EQ(moving.Get(Hex("old"), deadline).value_or(""), "old");
  EXPECT_EQ(Get("new").value_or(""), "new");
  EXPECT_EQ(folder->Get(Hex("new"), deadline).status().code(), absl::StatusCode::kDataLoss);
  const auto there =
      moving.Has({{Hex("new"), 3}, {Hex("none"), 4}, {Hex("old"), 3}, {Hex("new"), 9}}, deadline);
  ASSERT_TRUE(there.ok()) << there.status();
  EXPECT_EQ(*there, (std::vector<bool>{true, false, true, false}));
  EXPECT_EQ(moving.Get(Hex("none"), deadline).status().code(), absl::StatusCode::kDataLoss);
  s3_.Stop();
  EXPECT_EQ(moving.Get(Hex("old"), In(absl::Seconds(2))).value_or(""), "old");
  // Nobody knows what the bucket holds, so nothing is said to be missing, and nothing is taken.
  EXPECT_EQ(ReasonOf(moving.Get(Hex("new"), In(absl::Seconds(2))).status()), "MEDIA_STORE_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(moving.Has({{Hex("new"), 3}}, In(absl::Seconds(2))).status()),
            "MEDIA_STORE_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(moving.Put(Hex("late"), "late", In(absl::Seconds(2)))), "MEDIA_STORE_UNAVAILABLE");
  fs::remove_all(data_dir);
}

// The media area on a bucket: a replica of it.
class Replica {
 public:
  explicit Replica(std::shared_ptr<ObjectStore> store)
      : server_(*SharedDatabase(), City().MakeDirectory(), nullptr, "/nonexistent") {
    server_.KeepPhotosIn(std::move(store));
    server_.Install(Install);
  }
  absl::StatusOr<v1::Media> Upload(const std::string& token, const std::string& photo) {
    v1::UploadMediaRequest request;
    request.set_content(photo);
    request.set_sha256(Hex(photo));
    return server_.Call<v1::Media>(token, kUpload, request);
  }
  absl::StatusOr<v1::MediaContent> Copy(const std::string& token, const std::string& photo) {
    v1::GetMediaContentRequest request;
    request.set_name("media/" + Hex(photo));
    return server_.Call<v1::MediaContent>(token, kGetContent, request);
  }
  absl::StatusOr<v1::ListMissingMediaResponse> Missing(const std::string& token, const std::string& photo) {
    v1::ListMissingMediaRequest request;
    request.add_sha256s(Hex(photo));
    return server_.Call<v1::ListMissingMediaResponse>(token, kListMissing, request);
  }

 private:
  gridwarden::testing::TestServer server_;
};

class MediaOnS3 : public S3StoreTest {
 protected:
  MediaOnS3() { SharedDatabase().Clear(); }

  const std::string photo_ = Jpeg(400, 300);
  const std::string officer_ = City().TokenOf(PostKind::kGridOfficer, City().villages[0][0][0]);
  Replica replica_{store_};
};

TEST_F(MediaOnS3, IsStoredByOneReplicaAndReadByAnother) {
  ASSERT_TRUE(replica_.Upload(officer_, photo_).ok());
  Replica other(Open(OptionsOf(s3_)));
  EXPECT_EQ(other.Missing(officer_, photo_)->sha256s_size(), 0);
  const auto copy = other.Copy(officer_, photo_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(copy->content(), StripMetadata(photo_).value());
  const auto again = other.Upload(officer_, photo_);
  EXPECT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "1");
}

TEST_F(MediaOnS3, IsRefusedWhileTheStoreIsAwayWithNothingHalfAcknowledgedAndTakenWhenItIsBack) {
  s3_.Stop();
  const auto refused = replica_.Upload(officer_, photo_);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused.status()), "MEDIA_STORE_UNAVAILABLE");
  EXPECT_EQ(SharedDatabase().Ask("SELECT (SELECT COUNT(*) FROM media) + (SELECT COUNT(*) FROM media_scope) + "
                                 "(SELECT COUNT(*) FROM journal_stage)"),
            "0");
  s3_.Start();
  EXPECT_EQ(replica_.Missing(officer_, photo_)->sha256s_size(), 1);
  ASSERT_TRUE(replica_.Upload(officer_, photo_).ok());
  EXPECT_TRUE(replica_.Copy(officer_, photo_).ok());

  s3_.Stop();
  EXPECT_EQ(ReasonOf(replica_.Copy(officer_, photo_).status()), "MEDIA_STORE_UNAVAILABLE");
  // A phone must not be told to send again what is only out of sight.
  EXPECT_EQ(ReasonOf(replica_.Missing(officer_, photo_).status()), "MEDIA_STORE_UNAVAILABLE");
}

TEST_F(MediaOnS3, MovesFromTheFolderToTheBucketAndBackCheckingEveryByte) {
  const std::string data_dir = absl::StrCat(::testing::TempDir(), "move_", getpid());
  const auto folder = std::make_shared<FileStore>(data_dir);
  Replica before(folder);
  std::vector<std::string> photos;
  for (int i = 0; i < 7; ++i) {
    photos.push_back(Jpeg(100 + i, 90));
    ASSERT_TRUE(before.Upload(officer_, photos.back()).ok());
  }
  const auto file_of = [&](const std::string& photo) { return data_dir + "/" + ObjectPath(Hex(photo)); };
  std::ofstream(file_of(photos[0]), std::ios::trunc) << "damaged";  // in the folder only: the old store
  ASSERT_TRUE(store_->Put(Hex(photos[1]), photos[1], In(absl::Seconds(5))).ok());  // by an earlier run
  ASSERT_TRUE(store_->Put(Hex(photos[2]), photos[2], In(absl::Seconds(5))).ok());
  std::ofstream(FileOf(photos[2]), std::ios::trunc) << "damaged";

  std::vector<std::string> lost;
  const CopyOptions options{.parallel = 3, .lost = [&](const std::string& hex) { lost.push_back(hex); }};
  auto counts = CopyMedia(*SharedDatabase(), *folder, *store_, options);
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->there, 1);
  EXPECT_EQ(counts->copied, 5);
  EXPECT_EQ(counts->lost, 1);
  EXPECT_EQ(lost, std::vector<std::string>{Hex(photos[0])});
  EXPECT_TRUE(replica_.Copy(officer_, photos[2]).ok()) << "healed from the folder";

  counts = CopyMedia(*SharedDatabase(), *folder, *store_, options);  // repeated
  EXPECT_EQ(counts->there, 6);
  EXPECT_EQ(counts->copied, 0);
  ASSERT_TRUE(replica_.Upload(officer_, photos[0]).ok());       // the phone still had it
  counts = CopyMedia(*SharedDatabase(), *store_, *folder, {});  // and back again
  EXPECT_EQ(counts->copied, 1);
  EXPECT_EQ(counts->lost, 0);
  EXPECT_TRUE(before.Copy(officer_, photos[0]).ok());

  const CopyOptions later{.since = absl::Now() + absl::Hours(24 * 3650)};
  EXPECT_EQ(CopyMedia(*SharedDatabase(), *folder, *store_, later)->there, 0);
  s3_.Stop();
  EXPECT_EQ(ReasonOf(CopyMedia(*SharedDatabase(), *folder, *store_, {}).status()), "MEDIA_STORE_UNAVAILABLE");
  fs::remove_all(data_dir);
}

}  // namespace
}  // namespace gridwarden::media
