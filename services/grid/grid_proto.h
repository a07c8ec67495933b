#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/ground/ground.h"
#include "google/protobuf/timestamp.pb.h"
#include "gridwarden/grid/v1/grid.pb.h"

// Between the domain's records and the API's messages.
namespace gridwarden::grid {

// Fills in everything a record says by itself; `path` of a division needs the ground.
v1::Division ToProto(const domain::Division& division);
v1::Division ToProto(const domain::Ground& ground, const domain::Division& division);
v1::Post ToProto(const domain::Post& post);
v1::Tenure ToProto(const domain::Tenure& tenure);
v1::Lineage ToProto(const domain::Lineage& lineage);
v1::Person ToProto(const domain::Person& person);
v1::Unit ToProto(const domain::Unit& unit);

google::protobuf::Timestamp ToProto(absl::Time time);
// Between the years 1900 and 2200 and to the microsecond; INVALID_FIELD naming `field` otherwise.
absl::StatusOr<absl::Time> ReadTime(const google::protobuf::Timestamp& time, std::string_view field);

// Where in the world people mean when they write a date here: the start of the day, Beijing time.
absl::TimeZone BeijingTime();
// "2023-06-30", "2023/6/30", "2023.6.30", "2023年6月30日" or an RFC 3339 instant; nothing for anything else.
std::optional<absl::Time> ParseDay(std::string_view text);

}  // namespace gridwarden::grid
