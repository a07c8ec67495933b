#include "grid/boundary_repository.h"

#include "grid/boundary_cache.h"
#include "grid/division_repository.h"
#include "grid/geojson.h"
#include "grid/grid_change.h"
#include "gtest/gtest.h"
#include "platform/crypto/digest.h"
#include "support/test_city.h"
#include "support/test_database.h"

namespace gridwarden::grid {
namespace {

const testing::TestCity& City() { return testing::City(); }
const absl::Time kNow = absl::FromUnixSeconds(1790000000);

class BoundaryRepositoryTest : public ::testing::Test {
 protected:
  BoundaryRepositoryTest() {
    const absl::Status stored = City().Store(*database_);
    if (!stored.ok()) ADD_FAILURE() << stored;
  }

  // Draws a square of the given side around 114 E, 33 N for a division, as of a time.
  absl::Status Draw(const Uuid& division, double side, absl::Time from, bool keep) {
    const rpc::Call call = rpc::Call::System("test", kNow);
    return database_->Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, ""));
      GW_ASSIGN_OR_RETURN(const std::vector<DivisionRow> divisions,
                          LockDivisions(tx, std::span<const Uuid>(&division, 1)));
      GW_ASSIGN_OR_RETURN(const std::vector<BoundaryRow> before,
                          LockBoundaries(tx, std::span<const Uuid>(&division, 1)));
      BoundaryRecord boundary;
      boundary.division = division;
      boundary.geojson =
          WriteGeometry({{{{{114, 33}, {114 + side, 33}, {114 + side, 33 + side}, {114, 33 + side}}}}});
      boundary.digest = crypto::Sha256(boundary.geojson);
      boundary.vertices = 4;
      boundary.given_datum = domain::Datum::kWgs84;
      boundary.valid.from = from;
      const journal::Subject chain =
          before.empty() ? journal::Subject{.id = BoundaryId(division)} : before[0].subject;
      GW_RETURN_IF_ERROR(
          change.Put(boundary, chain, divisions.at(0), "", keep ? static_cast<int>(before.size()) : 0));
      return change.Save();
    });
  }
  absl::Status Know(const Uuid& division, const std::string& name) {
    const rpc::Call call = rpc::Call::System("test", kNow);
    return database_->Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, ""));
      PointRecord point;
      point.division = division;
      point.display_name = name;
      point.wgs84 = {114.5, 33.5};
      point.given_datum = domain::Datum::kBd09;
      GW_RETURN_IF_ERROR(change.Put(point, {.id = PointId(division, name)}, ""));
      return change.Save();
    });
  }
  std::vector<BoundaryRecord> Read(int64_t after, size_t bytes) {
    std::vector<BoundaryRecord> read;
    EXPECT_TRUE(database_
                    ->Read(absl::InfiniteFuture(),
                           [&](db::Transaction& tx) -> absl::Status {
                             GW_ASSIGN_OR_RETURN(read, ReadBoundaries(tx, after, bytes));
                             return absl::OkStatus();
                           })
                    .ok());
    return read;
  }

  testing::TestDatabase database_;
};

TEST_F(BoundaryRepositoryTest, EveryOutlineIsReadOnceInRevisionOrderHoweverSmallThePieces) {
  for (const auto& township : City().townships[0])
    ASSERT_TRUE(Draw(township, 0.1, kNow - absl::Hours(48), false).ok());
  ASSERT_TRUE(Draw(City().townships[0][1], 0.2, kNow - absl::Hours(24), true).ok());
  const std::vector<BoundaryRecord> all = Read(0, 1 << 20);
  ASSERT_EQ(all.size(), 4u);
  std::vector<BoundaryRecord> one_by_one;
  for (int64_t after = 0; true;) {
    const std::vector<BoundaryRecord> piece = Read(after, 1);
    if (piece.empty()) break;
    ASSERT_EQ(piece.size(), 1u);
    after = static_cast<int64_t>(piece[0].revision);
    one_by_one.push_back(piece[0]);
  }
  ASSERT_EQ(one_by_one.size(), all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(one_by_one[i].revision, all[i].revision);
    EXPECT_EQ(all[i].level, domain::Level::kTownship);
    EXPECT_LT(i > 0 ? all[i - 1].revision : 0, all[i].revision);
  }
  // The one that was kept ends where the new one begins.
  EXPECT_EQ(all[2].seq, 1);
  EXPECT_EQ(all[2].valid.to, kNow - absl::Hours(24));
  EXPECT_EQ(all[3].valid.from, kNow - absl::Hours(24));
  EXPECT_EQ(all[3].valid.to, absl::InfiniteFuture());
  EXPECT_TRUE(Read(static_cast<int64_t>(all[3].revision), 1 << 20).empty());
}

TEST_F(BoundaryRepositoryTest, TheCacheFetchesWhatIsNewAndAnswersByBothTimes) {
  BoundaryCache cache(*database_);
  const Uuid division = City().townships[0][0];
  const auto empty = cache.Get(absl::InfiniteFuture());
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ((*empty)->boundaries.size(), 0u);
  ASSERT_TRUE(Draw(division, 0.1, absl::InfinitePast(), false).ok());
  ASSERT_TRUE(Draw(division, 0.2, kNow, true).ok());
  ASSERT_TRUE(Know(division, "村委会").ok());
  const auto outlines = cache.Get(absl::InfiniteFuture(), BoundaryCache::Wait::kForTheNewest);
  ASSERT_TRUE(outlines.ok()) << outlines.status();
  EXPECT_EQ((*outlines)->boundaries.size(), 2u);
  EXPECT_EQ((*outlines)->points.points().size(), 1u);
  EXPECT_TRUE((*outlines)->boundaries.Locate({114.15, 33.15}, 0, kNow - absl::Hours(1)).empty());
  EXPECT_EQ((*outlines)->boundaries.Locate({114.15, 33.15}, 0, kNow).size(), 1u);
  EXPECT_EQ((*outlines)->boundaries.Locate({114.05, 33.05}, 0, kNow - absl::Hours(1)).size(), 1u);
  EXPECT_EQ((*empty)->boundaries.size(), 0u) << "whoever reads keeps what he began with";
  EXPECT_EQ(*cache.Get(absl::InfiniteFuture()), *outlines) << "nothing is built anew without need";
}

TEST_F(BoundaryRepositoryTest, AnOutlineDecidedByAnOldStateIsNotSaved) {
  ASSERT_TRUE(Draw(City().townships[0][0], 0.1, kNow, false).ok());
  BoundaryRow stale;
  stale.record.division = City().townships[0][0];
  stale.record.geojson = "{}";
  stale.record.digest = std::string(32, 'x');
  stale.subject = {BoundaryId(stale.record.division), 3, std::string(32, 'x')};
  EXPECT_FALSE(database_->Run([&](db::Transaction& tx) { return SaveBoundary(tx, stale); }).ok());
}

TEST_F(BoundaryRepositoryTest, NoHotStatementScansATable) {
  for (int i = 0; i < 12; ++i) {
    const Uuid& division = City().villages[0][i / 4][i % 4];
    ASSERT_TRUE(Draw(division, 0.1, absl::InfinitePast(), false).ok());
    ASSERT_TRUE(Draw(division, 0.2, kNow, true).ok());
    ASSERT_TRUE(Know(division, "").ok());
  }
  for (const std::string& statement : HotBoundaryStatements()) {
    std::string sql = statement;
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
