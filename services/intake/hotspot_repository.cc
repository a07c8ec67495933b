#include "intake/hotspot_repository.h"

#include <algorithm>

#include "access/standing.h"

namespace gridwarden::intake {
namespace {

#define GW_HOTSPOT_COLUMNS                                                                                \
  "h.hotspot_id, h.fire_id, h.grade, h.state, h.satellite, h.instrument, h.acquired_us, "                 \
  "h.acquired_until_us, h.longitude, "                                                                    \
  "h.latitude, h.accuracy_m, h.given_longitude, h.given_latitude, h.given_datum, h.division, h.city_id, " \
  "h.ground_path, "                                                                                       \
  "h.place_confidence, h.place_basis, h.confidence, h.confidence_percent, h.brightness_k, "               \
  "h.brightness_2_k, h.frp_mw, "                                                                          \
  "h.scan_km, h.track_km, h.night, h.type, h.version, h.superseded_by, h.replaces, h.channel_key, "       \
  "h.import_id, h.file_line, "                                                                            \
  "h.given_place, h.received_us, h.subject_seq, h.subject_leaf"

constexpr std::string_view kInsertHead =
    "INSERT INTO hotspot (hotspot_id, fire_id, grade, state, satellite, instrument, acquired_us, "
    "acquired_until_us, longitude, "
    "latitude, accuracy_m, given_longitude, given_latitude, given_datum, division, city_id, ground_path, "
    "place_confidence, "
    "place_basis, confidence, confidence_percent, brightness_k, brightness_2_k, frp_mw, scan_km, track_km, "
    "night, type, version, "
    "superseded_by, replaces, channel_key, import_id, file_line, given_place, received_us, subject_seq, "
    "subject_leaf) VALUES ";
constexpr int kColumns = 38;
constexpr int kRowsAtOnce[] = {256, 32, 4, 1};

int RowsFor(size_t left) {
  for (int rows : kRowsAtOnce) {
    if (static_cast<size_t>(rows) <= left) return rows;
  }
  return 1;
}

HotspotRecord RecordOf(const db::Row& row) {
  HotspotRecord record;
  HotspotRow& file = record.row;
  record.id = row.Id(0);
  record.fire = row.Id(1);
  file.grade = static_cast<v1::Hotspot::Grade>(row.Int(2));
  record.state = static_cast<v1::Hotspot::State>(row.Int(3));
  file.satellite = static_cast<v1::Hotspot::Satellite>(row.Int(4));
  file.instrument = static_cast<v1::Hotspot::Instrument>(row.Int(5));
  file.acquired = row.Time(6);
  file.acquired_until = row.Time(7);
  file.position = {row.Double(8), row.Double(9)};
  file.accuracy_m = row.Double(10);
  file.given = {row.Double(11), row.Double(12)};
  file.given_datum = static_cast<domain::Datum>(row.Int(13));
  record.division = row.Id(14);
  record.city = row.Id(15);
  record.ground_path = row.Text(16);
  record.place_confidence = row.Double(17);
  record.place_basis = row.Text(18);
  file.confidence = static_cast<v1::Hotspot::Confidence>(row.Int(19));
  file.confidence_percent = static_cast<int>(row.Int(20));
  file.brightness_k = row.Double(21);
  file.brightness_2_k = row.Double(22);
  file.frp_mw = row.Double(23);
  file.scan_km = row.Double(24);
  file.track_km = row.Double(25);
  file.night = row.Bool(26);
  file.type = static_cast<v1::Hotspot::Type>(row.Int(27));
  file.version = row.Text(28);
  record.superseded_by = row.Id(29);
  record.replaces = row.Id(30);
  file.channel_key = row.Text(31);
  record.import = row.Id(32);
  file.line = static_cast<int>(row.Int(33));
  file.given_place = row.Text(34);
  record.received = row.Time(35);
  record.subject_seq = static_cast<uint64_t>(row.Int(36));
  record.subject_leaf = row.Text(37);
  return record;
}

HotspotRecord RecordWithFile(const db::Row& row) {
  HotspotRecord record = RecordOf(row);
  record.file_name = row.OptText(kColumns).value_or("");
  return record;
}

void Bind(const HotspotRecord& record, std::vector<db::Value>& values) {
  const HotspotRow& row = record.row;
  values.insert(values.end(), {record.id,
                               record.fire,
                               static_cast<int>(row.grade),
                               static_cast<int>(record.state),
                               static_cast<int>(row.satellite),
                               static_cast<int>(row.instrument),
                               row.acquired,
                               row.acquired_until,
                               row.position.longitude,
                               row.position.latitude,
                               row.accuracy_m,
                               row.given.longitude,
                               row.given.latitude,
                               static_cast<int>(row.given_datum),
                               record.division,
                               record.city,
                               record.ground_path,
                               record.place_confidence,
                               record.place_basis,
                               static_cast<int>(row.confidence),
                               row.confidence_percent,
                               row.brightness_k,
                               row.brightness_2_k,
                               row.frp_mw,
                               row.scan_km,
                               row.track_km,
                               row.night,
                               static_cast<int>(row.type),
                               row.version,
                               record.superseded_by,
                               record.replaces,
                               row.channel_key,
                               record.import,
                               row.line,
                               row.given_place,
                               record.received,
                               record.subject_seq,
                               record.subject_leaf});
}

}  // namespace

absl::Status PassGate(db::Transaction& tx) {
  constexpr std::string_view kSql =
      "INSERT INTO hotspot_gate (gate, imports) VALUES (1, 1) ON DUPLICATE KEY UPDATE imports = imports + 1";
  return tx.Exec(kSql).status();
}

absl::StatusOr<absl::flat_hash_map<Uuid, HotspotRecord>> ReadFires(db::Transaction& tx,
                                                                   std::span<const Uuid> fires) {
  absl::flat_hash_map<Uuid, HotspotRecord> best;
  for (size_t at = 0; at < fires.size();) {
    const int rows = RowsFor(fires.size() - at);
    const std::string sql =
        "SELECT " GW_HOTSPOT_COLUMNS " FROM hotspot h WHERE h.fire_id IN (" + db::InList(rows) + ")";
    std::vector<db::Value> values;
    for (const Uuid& fire : fires.subspan(at, rows)) values.emplace_back(fire);
    GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
      HotspotRecord record = RecordOf(row);
      const auto known = best.find(record.fire);
      if (known != best.end() && known->second.row.grade >= record.row.grade) return;
      const Uuid fire = record.fire;
      best.insert_or_assign(fire, std::move(record));
    }));
    at += rows;
  }
  return best;
}

absl::Status InsertHotspots(db::Transaction& tx, std::span<const HotspotRecord> hotspots) {
  for (size_t at = 0; at < hotspots.size();) {
    const int rows = RowsFor(hotspots.size() - at);
    std::vector<db::Value> values;
    values.reserve(static_cast<size_t>(rows) * kColumns);
    for (const HotspotRecord& record : hotspots.subspan(at, rows)) Bind(record, values);
    const std::string sql = std::string(kInsertHead) + db::RepeatedRows(kColumns, rows);
    GW_RETURN_IF_ERROR(tx.ExecValues(sql, values).status());
    at += rows;
  }
  return absl::OkStatus();
}

absl::Status SaveSuperseded(db::Transaction& tx, const HotspotRecord& hotspot) {
  constexpr std::string_view kSql = R"(
    UPDATE hotspot SET state = ?, superseded_by = ?, subject_seq = ?, subject_leaf = ?
    WHERE hotspot_id = ? AND subject_seq = ?)";
  GW_ASSIGN_OR_RETURN(
      const uint64_t changed,
      tx.Exec(kSql, static_cast<int>(hotspot.state), hotspot.superseded_by, hotspot.subject_seq,
              hotspot.subject_leaf, hotspot.id, hotspot.subject_seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("hotspots", hotspot.id));
  return absl::OkStatus();
}

absl::Status InsertImport(db::Transaction& tx, const ImportRecord& import) {
  constexpr std::string_view kSql = R"(
    INSERT INTO hotspot_import (import_id, file_name, digest, recognised_as, account, rows_read, created, duplicates, outside,
                                superseded, received_us)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
  return tx
      .Exec(kSql, import.id, import.file_name, import.digest, import.recognised_as, import.account,
            import.rows_read, import.created, import.duplicates, import.outside, import.superseded,
            import.received)
      .status();
}

absl::StatusOr<std::vector<HotspotRecord>> ReadOutside(db::Transaction& tx, absl::Time acquired,
                                                       const Uuid& after, int limit) {
  constexpr std::string_view kSql =
      "SELECT " GW_HOTSPOT_COLUMNS
      " FROM hotspot h FORCE INDEX (hotspot_newest) WHERE h.state = ? AND h.acquired_us >= ?"
      " AND (h.acquired_us > ? OR h.hotspot_id > ?) ORDER BY h.acquired_us, h.hotspot_id LIMIT ?";
  const int64_t from = acquired == absl::InfinitePast() ? -(int64_t{1} << 60) : absl::ToUnixMicros(acquired);
  return tx.Query(kSql, RecordOf, static_cast<int>(v1::Hotspot::OUTSIDE), from, from, after, limit);
}

absl::StatusOr<absl::flat_hash_map<Uuid, HotspotRecord>> LockOutside(db::Transaction& tx,
                                                                     std::span<const Uuid> ids) {
  absl::flat_hash_map<Uuid, HotspotRecord> outside;
  for (size_t at = 0; at < ids.size();) {
    const int rows = RowsFor(ids.size() - at);
    const std::string sql = "SELECT " GW_HOTSPOT_COLUMNS " FROM hotspot h WHERE h.hotspot_id IN (" +
                            db::InList(rows) + ") FOR UPDATE";
    std::vector<db::Value> values;
    for (const Uuid& id : ids.subspan(at, rows)) values.emplace_back(id);
    GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
      HotspotRecord record = RecordOf(row);
      if (record.state != v1::Hotspot::OUTSIDE) return;
      const Uuid id = record.id;
      outside.emplace(id, std::move(record));
    }));
    at += rows;
  }
  return outside;
}

absl::Status SaveLocated(db::Transaction& tx, const HotspotRecord& hotspot) {
  constexpr std::string_view kSql = R"(
    UPDATE hotspot SET state = ?, division = ?, city_id = ?, ground_path = ?, place_confidence = ?, place_basis = ?,
                       subject_seq = ?, subject_leaf = ?
    WHERE hotspot_id = ? AND subject_seq = ?)";
  GW_ASSIGN_OR_RETURN(
      const uint64_t changed,
      tx.Exec(kSql, static_cast<int>(hotspot.state), hotspot.division, hotspot.city, hotspot.ground_path,
              hotspot.place_confidence, hotspot.place_basis, hotspot.subject_seq, hotspot.subject_leaf,
              hotspot.id, hotspot.subject_seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("hotspots", hotspot.id));
  return absl::OkStatus();
}

absl::StatusOr<Relocation> ReadRelocation(db::Transaction& tx) {
  constexpr std::string_view kSql = "SELECT wanted, done FROM hotspot_relocation WHERE id = 1";
  GW_ASSIGN_OR_RETURN(const std::optional<Relocation> found, tx.QueryOne(kSql, [](const db::Row& row) {
    return Relocation{static_cast<uint64_t>(row.Int(0)), static_cast<uint64_t>(row.Int(1))};
  }));
  return found.value_or(Relocation{});
}

absl::Status WantRelocation(db::Transaction& tx, uint64_t entries) {
  constexpr std::string_view kSql = R"(
    INSERT INTO hotspot_relocation (id, wanted, done) VALUES (1, ?, 0)
    ON DUPLICATE KEY UPDATE wanted = GREATEST(wanted, VALUES(wanted)))";
  return tx.Exec(kSql, entries).status();
}

absl::Status SaveRelocation(db::Transaction& tx, uint64_t entries) {
  // Unlocked: it only ever grows, and whoever did less than another says nothing.
  constexpr std::string_view kSql = "UPDATE hotspot_relocation SET done = GREATEST(done, ?) WHERE id = 1";
  return tx.Exec(kSql, entries).status();
}

absl::StatusOr<std::optional<HotspotRecord>> ReadHotspot(db::Transaction& tx, const Uuid& id) {
  constexpr std::string_view kSql =
      "SELECT " GW_HOTSPOT_COLUMNS
      ", i.file_name FROM hotspot h LEFT JOIN hotspot_import i ON i.import_id = h.import_id"
      " WHERE h.hotspot_id = ?";
  return tx.QueryOne(kSql, RecordWithFile, id);
}

absl::StatusOr<std::vector<HotspotRecord>> ReadHotspots(db::Transaction& tx, const HotspotQuery& query) {
  // One ordered index range per state; the pages of the states are merged here.
  std::vector<HotspotRecord> found;
  std::string ground;
  std::vector<db::Value> ground_values;
  for (const std::string& path : query.scope) {
    if (path.empty()) continue;
    ground += ground.empty() ? " AND (" : " OR ";
    ground += "(h.ground_path >= ? AND h.ground_path < ?)";
    ground_values.emplace_back(path);
    ground_values.emplace_back(access::EndOfSubtree(path));
  }
  if (!ground.empty()) ground += ")";
  const std::string sql =
      "SELECT " GW_HOTSPOT_COLUMNS
      ", i.file_name FROM hotspot h FORCE INDEX (hotspot_newest) LEFT JOIN hotspot_import i"
      " ON i.import_id = h.import_id WHERE h.state = ? AND h.acquired_us >= ? AND h.acquired_us < ?"
      " AND h.acquired_us <= ? AND (h.acquired_us < ? OR h.hotspot_id < ?)" +
      ground + " ORDER BY h.acquired_us DESC, h.hotspot_id DESC LIMIT ?";
  constexpr int64_t kEver = int64_t{1} << 60;
  for (int state : query.states) {
    std::vector<db::Value> values{state,
                                  query.from ? absl::ToUnixMicros(*query.from) : -kEver,
                                  query.to ? absl::ToUnixMicros(*query.to) : kEver,
                                  query.after ? query.after->first : kEver,
                                  query.after ? query.after->first : kEver,
                                  query.after ? query.after->second : std::string()};
    values.insert(values.end(), ground_values.begin(), ground_values.end());
    values.emplace_back(query.limit);
    GW_RETURN_IF_ERROR(
        tx.QueryValues(sql, values, [&](const db::Row& row) { found.push_back(RecordWithFile(row)); }));
  }
  std::sort(found.begin(), found.end(), [](const HotspotRecord& a, const HotspotRecord& b) {
    return std::pair(b.row.acquired, b.id) < std::pair(a.row.acquired, a.id);
  });
  if (static_cast<int>(found.size()) > query.limit) found.resize(query.limit);
  return found;
}

#undef GW_HOTSPOT_COLUMNS

}  // namespace gridwarden::intake
