// The SQL of intake on the real MariaDB.
#include "intake/hotspot_repository.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"
#include "support/test_city.h"

namespace gridwarden::intake {
namespace {

using testing::City;
using testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class HotspotRepository : public ::testing::Test {
 protected:
  HotspotRepository() { SharedDatabase().Clear(); }

  static absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return SharedDatabase()->Run(body);
  }
  // The n-th fire, seen n minutes before now at a division; nil = outside.
  static HotspotRecord NewHotspot(int n, const Uuid& division,
                                  v1::Hotspot::Grade grade = v1::Hotspot::NEAR_REAL_TIME) {
    HotspotRecord record;
    record.row.line = n;
    record.row.satellite = v1::Hotspot::AQUA;
    record.row.instrument = v1::Hotspot::MODIS;
    record.row.acquired = kNow - absl::Minutes(n);
    record.row.given = record.row.position = {114.01234, 32.98765};
    record.row.accuracy_m = 500;
    record.row.confidence_percent = 33;
    record.row.frp_mw = 9.9;
    record.row.night = true;
    record.row.version = "6.1NRT";
    record.row.grade = grade;
    record.row.given_place = "柳林镇 🔥";
    record.row.channel_key = absl::StrCat("test/", n);
    record.id = record.row.HotspotId();
    record.fire = record.row.FireId();
    record.state = division.IsNil() ? v1::Hotspot::OUTSIDE : v1::Hotspot::LOCATED;
    record.division = division;
    record.city = City().city;
    if (!division.IsNil()) record.ground_path = City().ground->PathKey(division);
    record.place_confidence = 0.75;
    record.place_basis = "polygon";
    record.import = Uuid::Derive(City().city, "import");
    record.received = kNow;
    record.subject_seq = 1;
    record.subject_leaf = std::string(32, '\x01');
    return record;
  }
  static void Insert(const std::vector<HotspotRecord>& records) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertHotspots(tx, records); }).ok());
  }
  static std::vector<HotspotRecord> Read(const HotspotQuery& query) {
    std::vector<HotspotRecord> found;
    const absl::Status status = Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(found, ReadHotspots(tx, query));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return found;
  }

  const Uuid village = City().villages[0][0][0];
  const Uuid foreign = City().villages[1][0][0];
};

TEST_F(HotspotRepository, ReadsBackWhatItWroteWithTheNameOfItsFile) {
  HotspotRecord wrote = NewHotspot(7, village);
  wrote.import = Uuid::Make(kNow);
  Insert({wrote});
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_RETURN_IF_ERROR(InsertImport(tx, {.id = wrote.import,
                                                     .file_name = "MODIS_C6_1.csv",
                                                     .digest = std::string(32, 'd'),
                                                     .recognised_as = "FIRMS MODIS",
                                                     .account = Uuid::Make(kNow),
                                                     .rows_read = 1,
                                                     .created = 1,
                                                     .received = kNow}));
                GW_ASSIGN_OR_RETURN(const std::optional<HotspotRecord> read, ReadHotspot(tx, wrote.id));
                EXPECT_TRUE(read.has_value());
                if (!read) return Internal("not there");
                EXPECT_EQ(read->fire, wrote.fire);
                EXPECT_EQ(read->state, v1::Hotspot::LOCATED);
                EXPECT_EQ(read->division, village);
                EXPECT_EQ(read->ground_path, wrote.ground_path);
                EXPECT_EQ(read->row.acquired, wrote.row.acquired);
                EXPECT_EQ(read->row.acquired_until, absl::InfiniteFuture());
                EXPECT_EQ(read->row.position.longitude, 114.01234);
                EXPECT_EQ(read->row.position.latitude, 32.98765);
                EXPECT_EQ(read->row.confidence_percent, 33);
                EXPECT_TRUE(read->row.night);
                EXPECT_EQ(read->row.given_place, "柳林镇 🔥");
                EXPECT_EQ(read->row.line, 7);
                EXPECT_EQ(read->file_name, "MODIS_C6_1.csv");
                EXPECT_EQ(read->subject_leaf, wrote.subject_leaf);
                GW_ASSIGN_OR_RETURN(const std::optional<HotspotRecord> none,
                                    ReadHotspot(tx, Uuid::Make(kNow)));
                EXPECT_FALSE(none.has_value());
                return absl::OkStatus();
              }).ok());
}

TEST_F(HotspotRepository, OneFireHasOneRowForEachGradeAndTheBestIsAnswered) {
  const HotspotRecord quick = NewHotspot(1, village, v1::Hotspot::NEAR_REAL_TIME);
  const HotspotRecord standard = NewHotspot(1, village, v1::Hotspot::STANDARD);
  ASSERT_EQ(quick.fire, standard.fire);
  Insert({quick, standard});
  EXPECT_FALSE(Run([&](db::Transaction& tx) { return InsertHotspots(tx, std::vector{quick}); }).ok());
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const auto best,
                                    ReadFires(tx, std::vector{quick.fire, NewHotspot(2, village).fire}));
                EXPECT_EQ(best.size(), 1u);
                EXPECT_EQ(best.at(quick.fire).row.grade, v1::Hotspot::STANDARD);
                return absl::OkStatus();
              }).ok());
}

TEST_F(HotspotRepository, ABetterProcessingSupersedesOnlyWhatItWasDecidedBy) {
  HotspotRecord old = NewHotspot(1, village);
  Insert({old});
  old.state = v1::Hotspot::SUPERSEDED;
  old.superseded_by = Uuid::Make(kNow);
  old.subject_seq = 2;
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveSuperseded(tx, old); }).ok());
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) { return SaveSuperseded(tx, old); })), "ETAG_MISMATCH");
}

TEST_F(HotspotRepository, APageIsTheNewestOfAllStatesAskedForInTheScopeOnly) {
  std::vector<HotspotRecord> records;
  for (int n = 0; n < 30; ++n)
    records.push_back(NewHotspot(n, n % 3 == 0 ? foreign : n % 3 == 1 ? village : Uuid()));
  Insert(records);
  HotspotQuery query{.states = {v1::Hotspot::LOCATED, v1::Hotspot::OUTSIDE}, .scope = {""}, .limit = 12};
  std::vector<int> lines;
  while (true) {
    const std::vector<HotspotRecord> page = Read(query);
    for (const HotspotRecord& record : page) lines.push_back(record.row.line);
    if (page.size() < 12) break;
    query.after = {absl::ToUnixMicros(page.back().row.acquired), page.back().id.Bytes()};
  }
  ASSERT_EQ(lines.size(), 30u);
  for (int n = 0; n < 30; ++n) EXPECT_EQ(lines[n], n);

  query = {.states = {v1::Hotspot::LOCATED}, .scope = {City().ground->PathKey(City().counties[0])}};
  EXPECT_EQ(Read(query).size(), 10u);
  query.scope.push_back(City().ground->PathKey(foreign));
  EXPECT_EQ(Read(query).size(), 20u);
  query.from = kNow - absl::Minutes(3);
  query.to = kNow;
  EXPECT_EQ(Read(query).size(), 2u) << "the first and the third; now itself is beyond the end";
}

TEST_F(HotspotRepository, OneImportAtATimePassesTheGate) {
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return PassGate(tx); }).ok());
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return PassGate(tx); }).ok());
  EXPECT_EQ(SharedDatabase().Ask("SELECT imports FROM hotspot_gate"), "2");
}

TEST_F(HotspotRepository, NoStatementReadsAWholeTable) {
  std::vector<HotspotRecord> records;
  for (int n = 0; n < 400; ++n) records.push_back(NewHotspot(n, n % 2 == 0 ? foreign : village));
  Insert(records);
  SharedDatabase().Ask("ANALYZE TABLE hotspot");
  testing::ExpectKeysServe(testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(ReadHotspot(tx, records[5].id).status());
    GW_RETURN_IF_ERROR(ReadFires(tx, std::vector{records[5].fire, records[6].fire}).status());
    HotspotRecord superseded = records[5];
    superseded.subject_seq = 2;
    GW_RETURN_IF_ERROR(SaveSuperseded(tx, superseded));
    return ReadHotspots(tx, {.states = {v1::Hotspot::LOCATED},
                             .scope = {City().ground->PathKey(City().counties[0])},
                             .from = kNow - absl::Hours(1)})
        .status();
  }));
}

}  // namespace
}  // namespace gridwarden::intake
