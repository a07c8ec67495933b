#include "sim/city_plan.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_format.h"
#include "sim/random.h"

namespace gridwarden::sim {
namespace {

using Level = grid::v1::Division;

constexpr std::array kSurnames = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴",
                                  "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗",
                                  "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于"};
constexpr std::array kGiven = {"伟",   "芳",   "娜",   "敏",   "静",   "丽",   "强",   "磊",  "军", "洋",
                               "勇",   "艳",   "杰",   "娟",   "涛",   "明",   "超",   "霞",  "平", "刚",
                               "桂英", "建国", "建华", "志强", "秀兰", "海燕", "文博", "子轩"};

// Cuts `box` among the children, always across the longer side, by halves of their number.
void Cut(std::map<std::string, Ground>& grounds, const std::vector<std::string>& children, size_t first,
         size_t last, double west, double south, double east, double north, Random& random) {
  if (last - first == 1) {
    Ground& ground = grounds.at(children[first]);
    ground.west = west, ground.south = south, ground.east = east, ground.north = north;
    return;
  }
  const size_t middle = first + (last - first) / 2;
  const double share =
      static_cast<double>(middle - first) / static_cast<double>(last - first) + random.Between(-0.04, 0.04);
  // A degree of longitude is shorter than one of latitude here, at 33 degrees north by 0.84.
  if ((east - west) * 0.84 >= north - south) {
    const double at = west + (east - west) * share;
    Cut(grounds, children, first, middle, west, south, at, north, random);
    Cut(grounds, children, middle, last, at, south, east, north, random);
  } else {
    const double at = south + (north - south) * share;
    Cut(grounds, children, first, middle, west, south, east, at, random);
    Cut(grounds, children, middle, last, west, at, east, north, random);
  }
}

void CutBelow(std::map<std::string, Ground>& grounds, const std::string& name, Random& random) {
  const Ground ground = grounds.at(name);
  if (ground.children.empty()) return;
  Cut(grounds, ground.children, 0, ground.children.size(), ground.west, ground.south, ground.east,
      ground.north, random);
  for (const std::string& child : ground.children) CutBelow(grounds, child, random);
}

std::string Date(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::FixedTimeZone(8 * 3600));
}

}  // namespace

std::map<std::string, Ground> LayOut(const std::vector<grid::v1::Division>& divisions,
                                     const std::string& city, uint64_t seed) {
  std::map<std::string, Ground> grounds;
  for (const grid::v1::Division& division : divisions) {
    grounds[division.name()] = {.name = division.name(),
                                .code = division.codes().empty() ? "" : division.codes().rbegin()->code(),
                                .display_name = division.display_name(),
                                .parent = division.parent(),
                                .level = division.level()};
  }
  for (const auto& [name, ground] : grounds) {
    if (grounds.contains(ground.parent)) grounds.at(ground.parent).children.push_back(name);
  }
  for (auto& [name, ground] : grounds) {
    std::sort(ground.children.begin(), ground.children.end(),
              [&grounds](const auto& a, const auto& b) { return grounds.at(a).code < grounds.at(b).code; });
  }
  // Roughly where Zhumadian lies.
  Ground& top = grounds.at(city);
  top.west = 113.2, top.south = 32.3, top.east = 115.2, top.north = 33.6;
  Random random(seed, "lay out");
  CutBelow(grounds, city, random);
  return grounds;
}

std::string BoundariesGeoJson(const std::map<std::string, Ground>& grounds) {
  std::string json = R"({"type":"FeatureCollection","features":[)";
  bool first = true;
  for (const auto& [name, g] : grounds) {
    if (g.code.empty() || g.east <= g.west) continue;
    absl::StrAppendFormat(
        &json,
        R"(%s{"type":"Feature","properties":{"code":"%s","note":"synthetic"},"geometry":{"type":"Polygon","coordinates":)"
        R"([[[%.6f,%.6f],[%.6f,%.6f],[%.6f,%.6f],[%.6f,%.6f],[%.6f,%.6f]]]}})",
        first ? "" : ",\n", g.code, g.west, g.south, g.east, g.south, g.east, g.north, g.west, g.north,
        g.west, g.south);
    first = false;
  }
  return json + "]}";
}

namespace {

// Writes the people and the appointments of the whole tree.
class Appointer {
 public:
  Appointer(Cast& cast, absl::Time since, uint64_t seed)
      : cast_(cast), since_(since), random_(seed, "appoint") {
    cast_.persons_csv = "工号,姓名,电话\n";
    cast_.tenures_csv = "工号,区划代码,岗位,体系,序号,任职方式,任职日期,离任日期,文号\n";
  }

  std::string Person() {
    const int number = ++people_;
    const std::string staff_no = absl::StrFormat("D%06d", number);
    const std::string name =
        std::string(kSurnames[random_.Below(kSurnames.size())]) + kGiven[random_.Below(kGiven.size())];
    cast_.names[staff_no] = name;
    absl::StrAppendFormat(&cast_.persons_csv, "%s,%s,199%08d\n", staff_no, name, number);
    return staff_no;
  }

  // One appointment; about one in thirty is an acting one.
  void Hold(const std::string& staff_no, const Ground& ground, const std::string& post, bool acting = false) {
    absl::StrAppendFormat(&cast_.tenures_csv, "%s,%s,%s,GENERAL,1,%s,%s,,驻网格演示〔%s〕%d号\n", staff_no,
                          ground.code, post, acting ? "代理" : "正式",
                          Date(since_ - absl::Hours(24) * (30 + random_.Below(700))),
                          absl::FormatTime("%Y", since_, absl::UTCTimeZone()), ++documents_);
  }

  // An ordinary holder, unless the post stays vacant.
  void Fill(const Ground& ground, const std::string& post, double vacant) {
    if (random_.Chance(vacant)) return;
    Hold(Person(), ground, post, random_.Chance(0.03));
  }

 private:
  Cast& cast_;
  absl::Time since_;
  Random random_;
  int people_ = 0;
  int documents_ = 0;
};

// One of the county's supervision officers who does not belong to the township; "" when there is none.
std::string SupervisorFromElsewhere(const Cast& cast, const std::string& county, const std::string& township,
                                    size_t turn) {
  std::vector<std::string> others;
  for (const LivelyTownship& lively : cast.townships) {
    if (lively.county == county && lively.township != township) others.push_back(lively.supervisor);
  }
  return others.empty() ? "" : others[turn % others.size()];
}

}  // namespace

Cast Appoint(const std::map<std::string, Ground>& grounds, const std::string& city, int accounts_max,
             absl::Time since, uint64_t seed) {
  Cast cast;
  Appointer appoint(cast, since, seed);
  const Ground& top = grounds.at(city);
  cast.city_office = appoint.Person();
  cast.city_leader = appoint.Person();
  appoint.Hold(cast.city_office, top, "CAMPAIGN_OFFICE");
  appoint.Hold(cast.city_leader, top, "GRID_LEADER");
  appoint.Fill(top, "SUPERVISION_OFFICER", 0);

  // Five people of a lively township get accounts, three of each county, two of the city.
  const int counties = std::max<int>(1, static_cast<int>(top.children.size()));
  const int lively_each = std::max(1, (accounts_max - 2 - 3 * counties) / (5 * counties));
  for (const std::string& county_name : top.children) {
    const Ground& county = grounds.at(county_name);
    CountyStaff staff{appoint.Person(), appoint.Person(), appoint.Person()};
    appoint.Hold(staff.office, county, "CAMPAIGN_OFFICE");
    appoint.Hold(staff.leader, county, "GRID_LEADER");
    appoint.Hold(staff.supervisor, county, "SUPERVISION_OFFICER");
    cast.counties[county_name] = staff;
    int lively = 0;
    for (const std::string& township_name : county.children) {
      const Ground& township = grounds.at(township_name);
      if (township.level != Level::TOWNSHIP) continue;
      const bool is_lively = lively < lively_each && !township.children.empty();
      LivelyTownship cast_here{.township = township_name, .county = county_name};
      if (is_lively) {
        ++lively;
        for (std::string* staff_no : {&cast_here.office, &cast_here.leader, &cast_here.handler,
                                      &cast_here.patrol, &cast_here.supervisor}) {
          *staff_no = appoint.Person();
        }
        appoint.Hold(cast_here.office, township, "CAMPAIGN_OFFICE");
        appoint.Hold(cast_here.leader, township, "GRID_LEADER", lively == 2);
        appoint.Hold(cast_here.handler, township, "GRID_OFFICER");
        appoint.Hold(cast_here.patrol, township, "PATROL_OFFICER");
        appoint.Hold(cast_here.supervisor, township, "SUPERVISION_OFFICER");
        cast.townships.push_back(cast_here);
      } else {
        for (const char* post : {"CAMPAIGN_OFFICE", "GRID_LEADER", "GRID_OFFICER", "PATROL_OFFICER"}) {
          appoint.Fill(township, post, 0.05);
        }
      }
      for (const std::string& village_name : township.children) {
        const Ground& village = grounds.at(village_name);
        appoint.Fill(village, "GRID_LEADER", 0.04);
        appoint.Fill(village, "GRID_OFFICER", 0.06);
        appoint.Fill(village, "PATROL_OFFICER", 0.06);
      }
    }
    // The supervision officers of the lively townships go round the villages of the others, so that a fix is
    // checked by somebody from elsewhere.
    size_t next = 0;
    for (const std::string& township_name : county.children) {
      const bool has_own = std::any_of(cast.townships.begin(), cast.townships.end(),
                                       [&](const LivelyTownship& t) { return t.township == township_name; });
      std::vector<std::string> supervised = grounds.at(township_name).children;
      if (!has_own) supervised.push_back(township_name);
      for (const std::string& name : supervised) {
        const std::string supervisor = SupervisorFromElsewhere(cast, county_name, township_name, next++);
        if (!supervisor.empty() && next % 16 != 0)
          appoint.Hold(supervisor, grounds.at(name), "SUPERVISION_OFFICER");
      }
    }
  }
  return cast;
}

std::string SourcesCsv(const std::map<std::string, Ground>& grounds, int count, uint64_t seed) {
  struct Kind {
    const char* category;
    const char* name;
  };
  constexpr std::array kKinds = {Kind{"SMALL_POLLUTER", "小加工点"}, Kind{"BUILDING_SITE", "建筑工地"},
                                 Kind{"RESTAURANT", "饭店"},         Kind{"LOOSE_COAL_SALES", "煤球销售点"},
                                 Kind{"COAL_BOILER", "锅炉房"},      Kind{"BRICK_KILN", "砖厂"},
                                 Kind{"PETROL_STATION", "加油站"},   Kind{"MIXING_STATION", "搅拌站"},
                                 Kind{"INDUSTRIAL_YARD", "堆场"},    Kind{"OPEN_AIR_BBQ", "烧烤摊"}};
  std::vector<const Ground*> villages;
  for (const auto& [name, ground] : grounds) {
    if (ground.level == Level::VILLAGE) villages.push_back(&ground);
  }
  Random random(seed, "sources");
  std::string csv = "编号,名称,类别,区划代码,经度,纬度,坐标系,经营者,行业,地址\n";
  for (int i = 1; i <= count && !villages.empty(); ++i) {
    const Ground& at = *villages[random.Below(static_cast<int>(villages.size()))];
    const Kind kind = kKinds[random.Below(kKinds.size())];
    absl::StrAppendFormat(&csv, "YS%05d,%s%s%d号,%s,%s,%.6f,%.6f,WGS84,演示经营者%d,,%s\n", i,
                          at.display_name, kind.name, i, kind.category, at.code,
                          random.Between(at.west, at.east), random.Between(at.south, at.north), i,
                          at.display_name);
  }
  return csv;
}

std::string HotspotsCsv(const std::map<std::string, Ground>& grounds,
                        const std::vector<std::string>& townships, absl::Time day, int count, uint64_t seed) {
  Random random(seed, absl::StrFormat("hotspots %s", Date(day)));
  std::string csv =
      "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,"
      "bright_ti5,frp,"
      "daynight\n";
  const std::string date = absl::FormatTime("%Y-%m-%d", day, absl::UTCTimeZone());
  for (int i = 0; i < count; ++i) {
    const Ground& at = grounds.at(random.Pick(townships));
    const bool outside = random.Chance(0.1);
    const double lon = outside ? random.Between(116.0, 117.0) : random.Between(at.west, at.east);
    const double lat = outside ? random.Between(34.5, 35.0) : random.Between(at.south, at.north);
    absl::StrAppendFormat(&csv, "%.5f,%.5f,%.1f,0.39,0.36,%s,%02d%02d,N,VIIRS,%s,2.0NRT,%.1f,%.2f,D\n", lat,
                          lon, random.Between(310, 367), date, 5, random.Below(60),
                          random.Chance(0.8) ? "nominal" : "low", random.Between(285, 300),
                          random.Between(1, 30));
  }
  return csv;
}

}  // namespace gridwarden::sim
