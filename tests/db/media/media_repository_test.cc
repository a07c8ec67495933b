// The SQL of media on the real MariaDB.
#include "media/media_repository.h"

#include <gtest/gtest.h>

#include "base/status.h"
#include "platform/crypto/digest.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"
#include "support/test_city.h"

namespace gridwarden::media {
namespace {

using testing::City;
using testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class MediaRepository : public ::testing::Test {
 protected:
  MediaRepository() { SharedDatabase().Clear(); }

  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  static MediaRow NewMedia(const std::string& content) {
    return {.sha256 = crypto::Sha256(content),
            .id = Uuid::Make(kNow),
            .size = static_cast<int64_t>(content.size()),
            .info = {.type = ContentType::kJpeg, .width = 4000, .height = 3000},
            .created = kNow,
            .subject_seq = 1,
            .subject_leaf = std::string(32, '\x01')};
  }
  static MediaScope NewScope(const std::string& content, const Uuid& account, const Uuid& division) {
    return {.sha256 = crypto::Sha256(content),
            .account = account,
            .division = division,
            .ground_path = City().ground->PathKey(division),
            .subject = ResourceName("cases", Uuid::Make(kNow)),
            .created = kNow};
  }
  static void Insert(const std::string& content) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertMedia(tx, NewMedia(content)); }).ok());
  }

  const Uuid village = City().villages[0][0][0];
  const Uuid account = Uuid::Make(kNow);
};

TEST_F(MediaRepository, ReadsBackWhatItWroteAndSavesItsPlaceInTheJournal) {
  const MediaRow wrote = NewMedia("a photo");
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertMedia(tx, wrote); }).ok());
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(std::optional<MediaRow> media, LockMedia(tx, wrote.sha256));
                EXPECT_TRUE(media.has_value());
                if (!media) return Internal("not there");
                EXPECT_EQ(media->id, wrote.id);
                EXPECT_EQ(media->size, 7);
                EXPECT_EQ(media->info.type, ContentType::kJpeg);
                EXPECT_EQ(media->info.width, 4000);
                EXPECT_EQ(media->info.height, 3000);
                EXPECT_EQ(media->created, kNow);
                media->subject_seq = 2;
                media->subject_leaf = std::string(32, '\x02');
                return SaveMedia(tx, *media);
              }).ok());
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const std::optional<MediaRow> media, FindMedia(tx, wrote.sha256));
                EXPECT_EQ(media->subject_seq, 2u);
                EXPECT_EQ(media->subject_leaf, std::string(32, '\x02'));
                GW_ASSIGN_OR_RETURN(const std::optional<MediaRow> other,
                                    FindMedia(tx, crypto::Sha256("another")));
                EXPECT_FALSE(other.has_value());
                return absl::OkStatus();
              }).ok());
}

TEST_F(MediaRepository, TheSameContentTwiceIsToldApartFromAFault) {
  Insert("a photo");
  EXPECT_TRUE(
      absl::IsAborted(Run([&](db::Transaction& tx) { return InsertMedia(tx, NewMedia("a photo")); })));
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM media"), "1");
}

TEST_F(MediaRepository, KeepsOneScopeForEachUploaderAndGround) {
  Insert("a photo");
  const Uuid other = Uuid::Make(kNow);
  for (const auto& [who, where] :
       {std::pair(account, village), std::pair(other, village), std::pair(account, City().townships[0][1])}) {
    ASSERT_TRUE(
        Run([&](db::Transaction& tx) { return InsertScope(tx, NewScope("a photo", who, where)); }).ok());
  }
  EXPECT_FALSE(
      Run([&](db::Transaction& tx) { return InsertScope(tx, NewScope("a photo", account, village)); }).ok());
  ASSERT_TRUE(
      Run([&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const std::vector<MediaScope> scopes, ListScopes(tx, crypto::Sha256("a photo")));
        EXPECT_EQ(scopes.size(), 3u);
        for (const MediaScope& scope : scopes) {
          EXPECT_EQ(scope.ground_path, City().ground->PathKey(scope.division));
          EXPECT_EQ(scope.subject.rfind("cases/", 0), 0u);
          EXPECT_EQ(scope.created, kNow);
        }
        GW_ASSIGN_OR_RETURN(const std::vector<MediaScope> none, ListScopes(tx, crypto::Sha256("another")));
        EXPECT_TRUE(none.empty());
        return absl::OkStatus();
      }).ok());
}

TEST_F(MediaRepository, FindsWhichOfAThousandDigestsAreStored) {
  Insert("3");
  Insert("700");
  std::vector<std::string> digests;
  for (int i = 0; i < 1000; ++i) digests.push_back(crypto::Sha256(std::to_string(i)));
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const std::vector<StoredMedia> stored, FindStored(tx, digests));
                EXPECT_EQ(stored.size(), 2u);
                for (const StoredMedia& one : stored) {
                  EXPECT_EQ(one.size, one.sha256 == crypto::Sha256("3") ? 1 : 3);
                }
                GW_ASSIGN_OR_RETURN(const std::vector<StoredMedia> none, FindStored(tx, {}));
                EXPECT_TRUE(none.empty());
                return absl::OkStatus();
              }).ok());
}

TEST_F(MediaRepository, NoStatementReadsAWholeTable) {
  for (int i = 0; i < 200; ++i) {
    const std::string content = std::to_string(i);
    Insert(content);
    ASSERT_TRUE(
        Run([&](db::Transaction& tx) { return InsertScope(tx, NewScope(content, account, village)); }).ok());
  }
  SharedDatabase().Ask("ANALYZE TABLE media");
  SharedDatabase().Ask("ANALYZE TABLE media_scope");
  const std::string one = crypto::Sha256("17");
  testing::ExpectKeysServe(testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(FindMedia(tx, one).status());
    GW_ASSIGN_OR_RETURN(const std::optional<MediaRow> media, LockMedia(tx, one));
    GW_RETURN_IF_ERROR(SaveMedia(tx, *media));
    GW_RETURN_IF_ERROR(ListScopes(tx, one).status());
    return FindStored(tx, {one, crypto::Sha256("18"), crypto::Sha256("none")}).status();
  }));
}

}  // namespace
}  // namespace gridwarden::media
