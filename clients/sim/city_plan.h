#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gridwarden/grid/v1/grid.pb.h"

// The synthetic part of the demo city: on the real tree of divisions, invented polygons, people, appointments
// and sources. Nothing here is a real person or firm. Everything follows from the seed.
namespace gridwarden::sim {

struct Ground {  // one division with its invented rectangle
  std::string name, code, display_name, parent;
  grid::v1::Division::Level level;
  double west = 0, south = 0, east = 0, north = 0;
  std::vector<std::string> children;  // resource names
};

// The tree by resource name, rectangles cut so that children fill their parent.
std::map<std::string, Ground> LayOut(const std::vector<grid::v1::Division>& divisions,
                                     const std::string& city, uint64_t seed);

// GeoJSON of all rectangles, WGS-84.
std::string BoundariesGeoJson(const std::map<std::string, Ground>& grounds);

// A township where the demo is lively: its people have accounts.
struct LivelyTownship {
  std::string township, county;
  std::string office, leader, handler, patrol, supervisor;  // staff numbers
};
struct CountyStaff {
  std::string office, leader, supervisor;  // staff numbers
};

struct Cast {
  std::string persons_csv;
  std::string tenures_csv;
  std::vector<LivelyTownship> townships;
  std::map<std::string, CountyStaff> counties;  // by county resource name
  std::string city_office, city_leader;
  std::map<std::string, std::string> names;  // staff number -> display name
};

// Appoints people to the posts of the preset: some posts stay vacant, some are held by acting people. At most
// `accounts_max` people are meant to get accounts.
Cast Appoint(const std::map<std::string, Ground>& grounds, const std::string& city, int accounts_max,
             absl::Time since, uint64_t seed);

// The ledger: `count` invented sources as CSV.
std::string SourcesCsv(const std::map<std::string, Ground>& grounds, int count, uint64_t seed);

// A day's satellite hotspots as FIRMS VIIRS CSV; some lie outside the city.
std::string HotspotsCsv(const std::map<std::string, Ground>& grounds,
                        const std::vector<std::string>& townships, absl::Time day, int count, uint64_t seed);

}  // namespace gridwarden::sim
