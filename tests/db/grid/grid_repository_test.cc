#include "grid/grid_repository.h"

#include <atomic>
#include <thread>

#include "access/permission.h"
#include "grid/grid_change.h"
#include "grid/ground_cache.h"
#include "grid/tenure_rules.h"
#include "gtest/gtest.h"
#include "support/test_city.h"
#include "support/test_database.h"

namespace gridwarden::grid {
namespace {

using domain::PostKind;

const testing::TestCity& City() { return testing::City(); }
const absl::Time kNow = absl::FromUnixSeconds(1790000000);

class GridRepositoryTest : public ::testing::Test {
 protected:
  GridRepositoryTest() {
    const absl::Status stored = City().Store(*database_);
    if (!stored.ok()) ADD_FAILURE() << stored;
  }

  // Records one more holder of the post, as RecordTenure does.
  absl::Status Record(const Uuid& post, const Uuid& person, absl::Time from) {
    const rpc::Call call = rpc::Call::System("test", kNow);
    return database_->Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, ""));
      GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> standing,
                          LockTenuresOfPosts(tx, std::span<const Uuid>(&post, 1)));
      domain::Tenure tenure;
      tenure.id = Uuid::Make(kNow);
      tenure.post = post;
      tenure.person = person;
      tenure.valid = {from, absl::InfiniteFuture()};
      GW_RETURN_IF_ERROR(CheckOverlap(tenure, standing));
      GW_RETURN_IF_ERROR(change.Add(tenure).status());
      return change.Save();
    });
  }

  testing::TestDatabase database_;
};

TEST_F(GridRepositoryTest, TheGroundReadFromTheTablesIsTheGroundThatWasStored) {
  GroundCache cache(*database_);
  const auto ground = cache.Fresh(absl::InfiniteFuture());
  ASSERT_TRUE(ground.ok()) << ground.status();
  ASSERT_EQ((*ground)->divisions().size(), City().ground->divisions().size());
  for (const domain::Division& want : City().ground->divisions()) {
    const domain::Division* got = (*ground)->FindDivision(want.id);
    ASSERT_NE(got, nullptr);
    EXPECT_EQ((*ground)->PathName(want.id), City().ground->PathName(want.id));
    EXPECT_EQ(got->codes.at(0).code, want.codes.at(0).code);
    EXPECT_EQ(got->valid.from, want.valid.from);
    const auto got_chain = (*ground)->ResolveResponsible(want.id, domain::Regime::kGeneral, kNow, kNow);
    const auto want_chain = City().ground->ResolveResponsible(want.id, domain::Regime::kGeneral, kNow, kNow);
    ASSERT_EQ(got_chain.size(), want_chain.size());
    for (size_t i = 0; i < got_chain.size(); ++i) {
      EXPECT_EQ(got_chain[i].post->id, want_chain[i].post->id);
      EXPECT_EQ(got_chain[i].tenure == nullptr, want_chain[i].tenure == nullptr);
      if (want_chain[i].tenure != nullptr) {
        EXPECT_EQ(got_chain[i].tenure->id, want_chain[i].tenure->id);
        EXPECT_EQ(got_chain[i].tenure->kind, want_chain[i].tenure->kind);
        EXPECT_EQ(got_chain[i].tenure->document_no, want_chain[i].tenure->document_no);
      }
    }
  }
  EXPECT_EQ((*ground)->FindUnit(City().bureaus[0])->aliases,
            City().ground->FindUnit(City().bureaus[0])->aliases);
}

TEST_F(GridRepositoryTest, TheCacheIsTheSameValueUntilSomethingChangesAndThenKnowsAtOnce) {
  GroundCache cache(*database_);
  const auto first = cache.Fresh(absl::InfiniteFuture());
  EXPECT_EQ(*cache.Fresh(absl::InfiniteFuture()), *first);
  const Uuid post = City().PostOf(PostKind::kPatrolOfficer, City().villages[0][0][3]).id;
  ASSERT_TRUE(Record(post, City().PersonIn(PostKind::kGridOfficer, City().villages[0][0][3]), kNow).ok());
  const auto second = cache.Fresh(absl::InfiniteFuture());
  EXPECT_EQ((*first)->HolderOf(post, kNow, absl::InfiniteFuture()), nullptr);
  EXPECT_NE((*second)->HolderOf(post, kNow, absl::InfiniteFuture()), nullptr);
}

TEST_F(GridRepositoryTest, OfManyWhoAppointAtOnceExactlyOneGetsThePost) {
  const Uuid post = City().PostOf(PostKind::kPatrolOfficer, City().villages[0][0][3]).id;
  std::atomic<int> appointed{0}, overlaps{0}, others{0};
  std::vector<std::thread> offices;
  for (int i = 0; i < 8; ++i) {
    offices.emplace_back([&, i] {
      const absl::Status status = Record(post, Uuid::Derive(post, std::to_string(i)), kNow);
      if (status.ok())
        ++appointed;
      else if (ReasonOf(status) == "TENURE_OVERLAP")
        ++overlaps;
      else
        ++others;
    });
  }
  for (std::thread& office : offices) office.join();
  EXPECT_EQ(appointed, 1);
  EXPECT_EQ(overlaps, 7);
  EXPECT_EQ(others, 0);
}

TEST_F(GridRepositoryTest, RevisionsOfConcurrentChangesHaveNoGapAReaderCouldFallInto) {
  // Eight writers of different posts; a reader that follows the feed sees every tenure exactly once.
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (int c = 0; c < 2; ++c) {
    for (int v = 0; v < 4; ++v) {
      writers.emplace_back([&, c, v] {
        domain::Post post = City().PostOf(PostKind::kPatrolOfficer, City().villages[c][1][v]);
        const rpc::Call call = rpc::Call::System("test", kNow);
        for (int ordinal = 2; ordinal < 12; ++ordinal) {
          const absl::Status status = database_->Run([&](db::Transaction& tx) -> absl::Status {
            GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, ""));
            domain::Post more = post;
            more.id = Uuid::Make(kNow);
            more.ordinal = ordinal;
            GW_RETURN_IF_ERROR(change.Add(more).status());
            return change.Save();
          });
          EXPECT_TRUE(status.ok()) << status;
        }
      });
    }
  }
  int64_t after = static_cast<int64_t>(City().ground->divisions().size() + City().ground->units().size() +
                                       City().ground->posts().size() + City().ground->persons().size() +
                                       City().ground->tenures().size());
  std::thread joiner([&] {
    for (std::thread& writer : writers) writer.join();
    done = true;
  });
  int seen = 0;
  for (bool last = false; !last;) {
    last = done;
    const absl::Status status =
        database_->Read(absl::InfiniteFuture(), [&](db::Transaction& tx) -> absl::Status {
          GW_ASSIGN_OR_RETURN(const v1::GetGroundResponse piece, ReadGround(tx, after, 7));
          seen += piece.posts_size();
          after = piece.revision();
          if (!piece.complete()) last = false;
          return absl::OkStatus();
        });
    ASSERT_TRUE(status.ok()) << status;
  }
  joiner.join();
  EXPECT_EQ(seen, 80);
}

TEST_F(GridRepositoryTest, NoHotStatementScansATable) {
  for (const std::string& statement : HotStatements()) {
    std::string sql = statement;
    // A number beside a BINARY column would be a scan by itself, so everything but a limit is text.
    for (size_t at = sql.find("LIMIT ?"); at != std::string::npos; at = sql.find("LIMIT ?"))
      sql.replace(at, 7, "LIMIT 1");
    for (size_t at = sql.find('?'); at != std::string::npos; at = sql.find('?')) sql.replace(at, 1, "'1'");
    const absl::Status status = database_->Run([&](db::Transaction& tx) -> absl::Status {
      return tx.QueryValues("EXPLAIN " + sql, {}, [&](const db::Row& row) {
        const std::string access = row.IsNull(3) ? "" : row.Text(3);
        EXPECT_NE(access, "ALL") << sql;
      });
    });
    EXPECT_TRUE(status.ok()) << status << " " << sql;
  }
}

}  // namespace
}  // namespace gridwarden::grid
