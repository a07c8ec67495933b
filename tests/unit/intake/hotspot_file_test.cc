#include "intake/hotspot_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "base/status.h"

namespace gridwarden::intake {
namespace {

using v1::Hotspot;

const absl::Time kNow = absl::FromCivil(absl::CivilDay(2026, 11, 1), absl::UTCTimeZone());

constexpr std::string_view kModis =
    "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,"
    "daynight\n";
constexpr std::string_view kViirs =
    "country_id,latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,"
    "version,bright_ti5,frp,"
    "daynight,type\n";

absl::StatusOr<HotspotFile> Read(const std::string& text, domain::Datum datum = domain::Datum::kUnspecified) {
  return ReadHotspotFile(text, 0, datum, kNow);
}

std::string ReasonOf(const absl::StatusOr<HotspotFile>& file) { return gridwarden::ReasonOf(file.status()); }

TEST(HotspotFile, ReadsAModisRow) {
  const auto file = Read(std::string(kModis) +
                         "32.95585,114.07358,326.21,1.03,1.01,2022-05-28,0536,A,33,6.1NRT,304.54,9.99,D\n");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->recognised_as, "FIRMS MODIS");
  ASSERT_EQ(file->rows.size(), 1u);
  const HotspotRow& row = file->rows[0];
  EXPECT_EQ(row.line, 2);
  EXPECT_EQ(row.satellite, Hotspot::AQUA);
  EXPECT_EQ(row.instrument, Hotspot::MODIS);
  EXPECT_EQ(row.acquired, absl::FromCivil(absl::CivilMinute(2022, 5, 28, 5, 36), absl::UTCTimeZone()));
  EXPECT_EQ(row.confidence, Hotspot::NOMINAL);
  EXPECT_EQ(row.confidence_percent, 33);
  EXPECT_DOUBLE_EQ(row.frp_mw, 9.99);
  EXPECT_DOUBLE_EQ(row.brightness_2_k, 304.54);
  EXPECT_EQ(row.grade, Hotspot::NEAR_REAL_TIME);
  EXPECT_EQ(row.channel_key, "A/MODIS/2022-05-28T05:36Z/32956,114074");
}

TEST(HotspotFile, ReadsAViirsRowOfTheStandardProduct) {
  const auto file = Read(std::string(kViirs) +
                         "CHN,33.1,113.2,330.9,0.36,0.57,2024-06-01,5:36,N20,VIIRS,h,2,296.4,1.6,N,0\n");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->rows.size(), 1u) << (file->problems.empty() ? "" : file->problems[0].ShortDebugString());
  const HotspotRow& row = file->rows[0];
  EXPECT_EQ(row.satellite, Hotspot::NOAA_20);
  EXPECT_EQ(row.instrument, Hotspot::VIIRS);
  EXPECT_EQ(row.confidence, Hotspot::HIGH);
  EXPECT_EQ(row.confidence_percent, -1);
  EXPECT_EQ(row.grade, Hotspot::STANDARD);
  EXPECT_EQ(row.type, Hotspot::VEGETATION);
  EXPECT_TRUE(row.night);
}

TEST(HotspotFile, EverySpellingOfATimeMeansTheSame) {
  const absl::Time wanted = absl::FromCivil(absl::CivilMinute(2022, 5, 28, 5, 36), absl::UTCTimeZone());
  for (const char* time : {"0536", "536", "05:36", "5:36", "05:36:00"}) {
    const auto parsed = ParseAcquisition("2022-05-28", time);
    ASSERT_TRUE(parsed.ok()) << time;
    EXPECT_EQ(*parsed, wanted) << time;
  }
  EXPECT_EQ(*ParseAcquisition("2022/5/28", "536"), wanted);
  EXPECT_EQ(*ParseAcquisition("2022-05-28", "36"), wanted - absl::Hours(5));
  EXPECT_EQ(*ParseAcquisition("2022-05-28", "0"), wanted - absl::Hours(5) - absl::Minutes(36));
}

TEST(HotspotFile, RefusesTimesThatAreNone) {
  for (const char* time : {"", "2400", "0560", "12345", "5.36", "-100", "5:3", ":30", "05:36:17", "ab"}) {
    EXPECT_FALSE(ParseAcquisition("2022-05-28", time).ok()) << time;
  }
  for (const char* date : {"", "2022-02-30", "22-05-28", "2022-13-01", "28.05.2022", "2022-05"}) {
    EXPECT_FALSE(ParseAcquisition(date, "0536").ok()) << date;
  }
}

TEST(HotspotFile, GradesComeFromTheVersion) {
  EXPECT_EQ(GradeOf("6.1NRT"), Hotspot::NEAR_REAL_TIME);
  EXPECT_EQ(GradeOf("2.0NRT"), Hotspot::NEAR_REAL_TIME);
  EXPECT_EQ(GradeOf("2.0URT"), Hotspot::REAL_TIME);
  EXPECT_EQ(GradeOf("6.1RT"), Hotspot::REAL_TIME);
  EXPECT_EQ(GradeOf("6.1"), Hotspot::STANDARD);
  EXPECT_EQ(GradeOf("61.03"), Hotspot::STANDARD);
  EXPECT_EQ(GradeOf("2"), Hotspot::STANDARD);
  EXPECT_EQ(GradeOf(""), Hotspot::NEAR_REAL_TIME);
}

TEST(HotspotFile, TheFootprintHolds68PercentOfThePixel) {
  std::mt19937_64 random(7);
  for (const auto& [scan, track] :
       {std::pair(1.0, 1.0), std::pair(4.8, 2.0), std::pair(0.375, 0.375), std::pair(1.6, 1.2)}) {
    const double radius = FootprintRadius(scan, track) / 1000;
    std::uniform_real_distribution<double> x(-scan / 2, scan / 2), y(-track / 2, track / 2);
    int inside = 0;
    for (int i = 0; i < 200'000; ++i) inside += std::hypot(x(random), y(random)) <= radius;
    EXPECT_NEAR(inside / 200'000.0, 0.68, 0.005) << scan << "x" << track;
  }
}

TEST(HotspotFile, AnswersEveryBadCellAtOnce) {
  const auto file = Read(std::string(kModis) +
                         "95,114.07,326,1,1,2022-05-28,0536,A,33,6.1NRT,304,9,D\n"
                         "32.9,114.07,326,1,1,2022-05-28,2536,A,133,6.1NRT,304,9,X\n"
                         "32.9,114.07,abc,1,1,2022-05-28,0536,N20,33,6.1NRT,304,9,D\n"
                         "32.9,114.07,326,1,1,2030-05-28,0536,A,33,6.1NRT,304,9,D\n"
                         "32.9,114.07,326,1,1,2022-05-28,0536,A,33,6.1NRT,304,9,D\n"
                         "nan,inf\n");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->rows_read, 6);
  EXPECT_EQ(file->rows_refused, 5);
  EXPECT_EQ(file->rows.size(), 1u);
  std::multiset<int> lines;
  for (const auto& problem : file->problems) lines.insert(problem.line());
  EXPECT_EQ(lines.count(2), 1u);
  EXPECT_EQ(lines.count(3), 3u);
  EXPECT_EQ(lines.count(4), 2u);
  EXPECT_EQ(lines.count(5), 1u);
  EXPECT_GE(lines.count(7), 3u);
}

TEST(HotspotFile, BomCrlfAndGbkAreReadAlike) {
  const std::string row = "32.9,114.07,326,1,1,2022-05-28,0536,A,33,6.1NRT,304,9,D";
  const auto plain = Read(std::string(kModis) + row + "\n");
  const auto dressed =
      Read("\xEF\xBB\xBF" + std::string(kModis.substr(0, kModis.size() - 1)) + "\r\n" + row + "\r\n");
  ASSERT_TRUE(plain.ok());
  ASSERT_TRUE(dressed.ok()) << dressed.status();
  EXPECT_EQ(plain->rows[0].HotspotId(), dressed->rows[0].HotspotId());
  // 时间,中心经度,中心纬度,省,市,县 / 2017-01-03,114.02,32.98,河南,... in GBK
  const std::string gbk =
      "\xCA\xB1\xBC\xE4,\xD6\xD0\xD0\xC4\xBE\xAD\xB6\xC8,\xD6\xD0\xD0\xC4\xCE\xB3\xB6\xC8,\xCA\xA1,\xCA\xD0,"
      "\xCF\xD8\n"
      "2017-01-03,114.02,32.98,\xBA\xD3\xC4\xCF,,\n";
  const auto list = Read(gbk, domain::Datum::kWgs84);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list->rows.size(), 1u);
  EXPECT_EQ(list->rows[0].given_place, "河南");
}

TEST(HotspotFile, AStrawListNeedsItsDatumDeclared) {
  const std::string text = "时间,中心经度,中心纬度,省,市,县\n2017-01-03,114.02,32.98,河南,驻马店市,遂平县\n";
  EXPECT_EQ(ReasonOf(Read(text)), "DATUM_MISSING");
  const auto wgs = Read(text, domain::Datum::kWgs84);
  const auto gcj = Read(text, domain::Datum::kGcj02);
  ASSERT_TRUE(wgs.ok() && gcj.ok());
  EXPECT_EQ(wgs->recognised_as, "ministry straw list");
  EXPECT_NE(wgs->rows[0].position.longitude, gcj->rows[0].position.longitude);
  EXPECT_EQ(wgs->rows[0].HotspotId(), gcj->rows[0].HotspotId());  // the same line of the same list
  EXPECT_EQ(wgs->rows[0].acquired,
            absl::FromCivil(absl::CivilDay(2017, 1, 3), absl::FixedTimeZone(8 * 3600)));
  EXPECT_EQ(wgs->rows[0].acquired_until - wgs->rows[0].acquired, absl::Hours(24));
  EXPECT_EQ(wgs->rows[0].given_place, "河南/驻马店市/遂平县");
}

TEST(HotspotFile, WhatIsNoHotspotFileIsRefusedWithWords) {
  EXPECT_EQ(ReasonOf(Read("")), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Read("code,name\n411702,驿城区\n")), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Read(std::string("\x89PNG\r\n\x1a\n\0\0\0", 11))), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Read("<html><body>Service unavailable</body></html>")), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Read(std::string(kModis) + "32.9,114.07,326,1,1,2022-05-28,0536,A,33,6.1NRT,304,9,D\n",
                          domain::Datum::kGcj02)),
            "INVALID_FIELD");
  const auto only_header = Read(std::string(kModis));
  ASSERT_TRUE(only_header.ok()) << only_header.status();
  EXPECT_EQ(only_header->rows_read, 0);
}

TEST(HotspotFile, RubbishNeverCrashes) {
  std::mt19937 random(3);
  const std::string good = std::string(kModis) + "32.9,114.07,326,1,1,2022-05-28,0536,A,33,6.1NRT,304,9,D\n";
  for (int i = 0; i < 3000; ++i) {
    std::string text = good;
    for (int n = 0; n < 1 + i % 9; ++n) text[random() % text.size()] = static_cast<char>(random());
    const auto file = Read(text);
    if (file.ok()) EXPECT_EQ(static_cast<int>(file->rows.size()) + file->rows_refused, file->rows_read);
  }
}

// The real files, where this checkout has them beside it.
std::string SharedFires() {
  const char* shared = std::getenv("GW_SHARED");
  return shared != nullptr ? std::string(shared) + "/data/fires/"
                           : std::string(GW_SOURCE_DIR) + "/../shared/data/fires/";
}

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(HotspotFile, ReadsEveryRealFileThatIsHere) {
  if (!std::filesystem::exists(SharedFires())) {
    GTEST_LOG_(INFO) << "no real files beside this checkout; the own samples above stand for them";
    return;
  }
  std::set<Uuid> of_2025;
  int files = 0, twice = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SharedFires())) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".csv") continue;
    const bool straw = name.starts_with("straw");
    const auto file = Read(Slurp(entry.path()), straw ? domain::Datum::kWgs84 : domain::Datum::kUnspecified);
    ASSERT_TRUE(file.ok()) << name << ": " << file.status();
    EXPECT_EQ(file->rows_refused, 0) << name
                                     << (file->problems.empty() ? "" : file->problems[0].ShortDebugString());
    EXPECT_GT(file->rows.size(), 3u) << name;
    ++files;
    if (name.find("2025-04") == std::string::npos) continue;
    for (const HotspotRow& row : file->rows) twice += !of_2025.insert(row.HotspotId()).second;
  }
  EXPECT_GE(files, 7);
  EXPECT_EQ(twice, 57);  // the later download repeats 57 rows of the earlier one
}

}  // namespace
}  // namespace gridwarden::intake
