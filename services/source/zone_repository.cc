#include "source/zone_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "source/zone_shape.h"

#define ZONE_COLUMNS "z.zone_id, z.details, z.create_us, z.subject_seq, z.subject_leaf"

namespace gridwarden::source {
namespace {

constexpr std::string_view kLock = "SELECT " ZONE_COLUMNS " FROM zone z WHERE z.zone_id = ? FOR UPDATE";
constexpr std::string_view kRead = "SELECT " ZONE_COLUMNS ", z.corners FROM zone z WHERE z.zone_id = ?";
constexpr std::string_view kInsert = R"(
  INSERT INTO zone (zone_id, kind, valid_from, valid_to, details, corners, west, south, east, north, create_us,
    subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kInsertDivision = "INSERT INTO zone_division (division, zone_id) VALUES (?, ?)";
constexpr std::string_view kSaveEnd = R"(
  UPDATE zone SET valid_to = ?, details = ?, subject_seq = ?, subject_leaf = ?
  WHERE zone_id = ? AND subject_seq = ?)";
constexpr std::string_view kAround = "SELECT " ZONE_COLUMNS R"(, z.corners FROM zone z
  WHERE z.south <= ? AND z.north >= ? AND z.west <= ? AND z.east >= ? AND z.valid_from <= ? AND z.valid_to > ?)";

ZoneFile ReadRow(const db::Row& row) {
  ZoneFile file;
  file.id = row.Id(0);
  file.zone.ParseFromString(row.Text(1));
  file.created = row.Time(2);
  file.subject = {file.id, static_cast<uint64_t>(row.Int(3)), row.Text(4)};
  for (const std::string& name : file.zone.divisions()) {
    if (const auto id = ParseResourceName("divisions", name, "divisions"); id.ok())
      file.divisions.push_back(*id);
  }
  return file;
}

ZoneFile ReadRowWithCorners(const db::Row& row) {
  ZoneFile file = ReadRow(row);
  v1::Zone corners;
  if (corners.ParseFromString(row.Text(5))) *file.zone.mutable_rings() = corners.rings();
  return file;
}

template <typename Map>
absl::StatusOr<ZoneFile> ReadOne(db::Transaction& tx, std::string_view sql, std::string_view name, Map map) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("zones", name));
  GW_ASSIGN_OR_RETURN(std::optional<ZoneFile> file, tx.QueryOne(sql, map, id));
  if (!file) return NotFound(name);
  return *std::move(file);
}

std::string EndOf(const v1::Zone& zone) {
  return zone.valid_to_date().empty() ? std::string(kOpenEnd) : zone.valid_to_date();
}

v1::Zone WithoutCorners(v1::Zone zone) {
  zone.clear_rings();
  return zone;
}

}  // namespace

absl::StatusOr<ZoneFile> LockZone(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kLock, name, ReadRow);
}
absl::StatusOr<ZoneFile> ReadZone(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kRead, name, ReadRowWithCorners);
}

absl::Status InsertZone(db::Transaction& tx, const ZoneFile& file) {
  const bool drawn = !file.zone.rings().empty();
  v1::Zone corners;
  *corners.mutable_rings() = file.zone.rings();
  const Box box = BoxOf(file.zone);
  const auto side = [&](double value) { return drawn ? db::Value(value) : db::Value(nullptr); };
  GW_RETURN_IF_ERROR(tx.Exec(kInsert, file.id, static_cast<int>(file.zone.kind()),
                             file.zone.valid_from_date(), EndOf(file.zone),
                             WithoutCorners(file.zone).SerializeAsString(), corners.SerializeAsString(),
                             side(box.west), side(box.south), side(box.east), side(box.north), file.created,
                             file.subject.seq, file.subject.leaf)
                         .status());
  for (const Uuid& division : file.divisions)
    GW_RETURN_IF_ERROR(tx.Exec(kInsertDivision, division, file.id).status());
  return absl::OkStatus();
}

absl::Status SaveZoneEnd(db::Transaction& tx, const ZoneFile& file) {
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSaveEnd, EndOf(file.zone), WithoutCorners(file.zone).SerializeAsString(),
                              file.subject.seq, file.subject.leaf, file.id, file.subject.seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("zones", file.id));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ZoneFile>> ListZoneFiles(db::Transaction& tx, const std::vector<int>& kinds,
                                                    const std::string& day, const ZoneKey* after, int limit) {
  std::vector<ZoneFile> files;
  std::vector<db::Value> values;
  for (int kind : kinds) values.emplace_back(kind);
  if (!day.empty()) {
    values.emplace_back(day);
    values.emplace_back(day);
  }
  if (after != nullptr) {
    values.emplace_back(after->time_us);
    values.emplace_back(after->time_us);
    values.emplace_back(after->id);
  }
  values.emplace_back(limit);
  const std::string sql = absl::StrCat(
      "SELECT " ZONE_COLUMNS " FROM zone z WHERE 1 = 1",
      kinds.empty() ? "" : absl::StrCat(" AND z.kind IN (", db::InList(static_cast<int>(kinds.size())), ")"),
      day.empty() ? "" : " AND z.valid_from <= ? AND z.valid_to > ?",
      after == nullptr ? "" : " AND (z.create_us < ? OR (z.create_us = ? AND z.zone_id < ?))",
      " ORDER BY z.create_us DESC, z.zone_id DESC LIMIT ?");
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { files.push_back(ReadRow(row)); }));
  return files;
}

absl::StatusOr<std::vector<ZoneFile>> ZonesOfDivisions(db::Transaction& tx,
                                                       const std::vector<Uuid>& divisions,
                                                       const std::string& day) {
  std::vector<ZoneFile> files;
  if (divisions.empty()) return files;
  std::vector<db::Value> values;
  for (const Uuid& division : divisions) values.emplace_back(division);
  values.emplace_back(day);
  values.emplace_back(day);
  const std::string sql = absl::StrCat(
      "SELECT DISTINCT " ZONE_COLUMNS
      " FROM zone_division d JOIN zone z ON z.zone_id = d.zone_id WHERE d.division IN (",
      db::InList(static_cast<int>(divisions.size())), ") AND z.valid_from <= ? AND z.valid_to > ?");
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { files.push_back(ReadRow(row)); }));
  return files;
}

absl::StatusOr<std::vector<ZoneFile>> ZonesAround(db::Transaction& tx, const domain::Point& point,
                                                  const std::string& day) {
  return tx.Query(kAround, ReadRowWithCorners, point.latitude, point.latitude, point.longitude,
                  point.longitude, day, day);
}

}  // namespace gridwarden::source
