#include "source/source_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "access/standing.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"

namespace gridwarden::source {
namespace {

#define GW_SOURCE_COLUMNS                                                                                 \
  "source_id, city_id, source_no, display_name, category, division, ground_path, longitude, latitude, "   \
  "accuracy_m, "                                                                                          \
  "given_datum, operator_name, credit_code, trade, address, disposition, state, created_us, updated_us, " \
  "subject_seq, subject_leaf"

constexpr std::string_view kReadSource = "SELECT " GW_SOURCE_COLUMNS " FROM source WHERE source_id = ?";
constexpr std::string_view kReadSourceByNo = "SELECT " GW_SOURCE_COLUMNS " FROM source WHERE source_no = ?";
constexpr std::string_view kLockSource =
    "SELECT " GW_SOURCE_COLUMNS " FROM source WHERE source_id = ? FOR UPDATE";
constexpr std::string_view kReadSourcesHead = "SELECT " GW_SOURCE_COLUMNS " FROM source WHERE source_id IN (";
constexpr std::string_view kLockByNoHead = "SELECT " GW_SOURCE_COLUMNS " FROM source WHERE source_no IN (";

// The range and the key are one tuple, so that a later page starts in the index where the page before it
// ended.
constexpr std::string_view kListSubtree =
    "SELECT " GW_SOURCE_COLUMNS
    " FROM source FORCE INDEX (source_ground)"
    " WHERE ground_path >= ? AND ground_path < ? AND (ground_path > ? OR source_id > ?)"
    " AND (? = '' OR FIND_IN_SET(category, ?)) AND (? = '' OR FIND_IN_SET(state, ?))"
    " AND (? = '' OR source_no LIKE ? OR display_name LIKE ?)"
    " ORDER BY ground_path, source_id LIMIT ?";

constexpr std::string_view kInsertSource =
    "INSERT INTO source (" GW_SOURCE_COLUMNS
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

constexpr std::string_view kSaveSource =
    "UPDATE source SET city_id = ?, source_no = ?, display_name = ?, category = ?, division = ?, ground_path "
    "= ?, "
    "longitude = ?, latitude = ?, accuracy_m = ?, given_datum = ?, operator_name = ?, credit_code = ?, trade "
    "= ?, "
    "address = ?, disposition = ?, state = ?, updated_us = ?, subject_seq = ?, subject_leaf = ? "
    "WHERE source_id = ? AND subject_seq = ?";

constexpr std::string_view kInsertChange =
    "INSERT INTO source_change (source_id, seq, action, from_state, to_state, disposition, reason, "
    "changed_fields, "
    "event_us, receive_us, person, post) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

constexpr std::string_view kReadChanges =
    "SELECT seq, action, from_state, to_state, disposition, reason, changed_fields, event_us, receive_us, "
    "person, post "
    "FROM source_change WHERE source_id = ? AND seq > ? ORDER BY seq LIMIT ?";

using google::protobuf::util::TimeUtil;

LedgerSource FromRow(const db::Row& row) {
  LedgerSource source;
  source.id = row.Id(0);
  source.city = row.Id(1);
  source.division = row.Id(5);
  source.ground_path = row.Text(6);
  v1::Source& value = source.value;
  value.set_name(ResourceName("sources", source.id));
  value.set_source_no(row.Text(2));
  value.set_display_name(row.Text(3));
  value.set_category(row.Text(4));
  value.set_division(ResourceName("divisions", source.division));
  if (!row.IsNull(7)) {
    value.mutable_position()->set_longitude(row.Double(7));
    value.mutable_position()->set_latitude(row.Double(8));
    value.mutable_position()->set_accuracy_m(row.Double(9));
    value.mutable_position()->set_datum(type::v1::Position::WGS84);
    value.mutable_position()->set_given_datum(static_cast<type::v1::Position::Datum>(row.Int(10)));
  }
  value.set_operator_name(row.Text(11));
  value.set_credit_code(row.Text(12));
  value.set_trade(row.Text(13));
  value.set_address(row.Text(14));
  value.set_disposition(static_cast<v1::Source::Disposition>(row.Int(15)));
  value.set_state(static_cast<v1::Source::State>(row.Int(16)));
  *value.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(17));
  *value.mutable_update_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(18));
  source.subject = {.id = source.id, .seq = static_cast<uint64_t>(row.Int(19)), .leaf = row.Text(20)};
  value.set_etag(absl::StrCat(source.subject.seq));
  return source;
}

// Unset when there is no position.
struct PlaceColumns {
  std::optional<double> longitude, latitude, accuracy_m;
  std::optional<int> given_datum;
};

PlaceColumns PlaceOf(const v1::Source& source) {
  if (!source.has_position()) return {};
  const type::v1::Position& position = source.position();
  return {position.longitude(), position.latitude(), position.accuracy_m(),
          static_cast<int>(position.given_datum())};
}

absl::Status NumberTaken(const absl::Status& status, const LedgerSource& source) {
  if (!db::IsDuplicateKey(status)) return status;
  return AlreadyExists(absl::StrCat(source.value.name(), " or sources/no:", source.value.source_no()));
}

absl::StatusOr<LedgerSource> OrNotFound(absl::StatusOr<std::optional<LedgerSource>> found,
                                        std::string_view name) {
  if (!found.ok()) return found.status();
  if (!*found) return NotFound(name);
  return **std::move(found);
}

// "%" and "_" typed by a person mean themselves.
std::string LikePrefix(std::string_view typed) {
  std::string pattern;
  for (const char c : typed) {
    if (c == '%' || c == '_' || c == '\\') pattern.push_back('\\');
    pattern.push_back(c);
  }
  pattern.push_back('%');
  return pattern;
}

// The statement cache stays small when the lists have few lengths: the last value is repeated.
int RoundUp(size_t count) {
  for (const int size : {1, 10, 100, 500}) {
    if (count <= static_cast<size_t>(size)) return size;
  }
  return static_cast<int>(count);
}

template <typename T>
absl::StatusOr<std::vector<LedgerSource>> QueryIn(db::Transaction& tx, std::string_view head,
                                                  const std::vector<T>& keys, std::string_view tail) {
  std::vector<LedgerSource> found;
  if (keys.empty()) return found;
  const int count = RoundUp(keys.size());
  std::vector<db::Value> values;
  for (int i = 0; i < count; ++i) values.emplace_back(keys[std::min<size_t>(i, keys.size() - 1)]);
  std::string sql(head);
  sql += db::InList(count);
  sql += tail;
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { found.push_back(FromRow(row)); }));
  return found;
}

}  // namespace

absl::StatusOr<LedgerSource> ReadSource(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kReadSource, FromRow, id), ResourceName("sources", id));
}

absl::StatusOr<LedgerSource> ReadSourceByNo(db::Transaction& tx, std::string_view source_no) {
  return OrNotFound(tx.QueryOne(kReadSourceByNo, FromRow, source_no), "sources/no:" + std::string(source_no));
}

absl::StatusOr<std::vector<LedgerSource>> ReadSources(db::Transaction& tx, const std::vector<Uuid>& ids) {
  return QueryIn(tx, kReadSourcesHead, ids, ")");
}

absl::StatusOr<LedgerSource> LockSource(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kLockSource, FromRow, id), ResourceName("sources", id));
}

absl::StatusOr<std::vector<LedgerSource>> LockSourcesByNo(db::Transaction& tx,
                                                          const std::vector<std::string>& numbers) {
  return QueryIn(tx, kLockByNoHead, numbers, ") FOR UPDATE");
}

absl::Status InsertSource(db::Transaction& tx, const LedgerSource& source) {
  const v1::Source& value = source.value;
  const PlaceColumns place = PlaceOf(value);
  const absl::StatusOr<uint64_t> inserted = tx.Exec(
      kInsertSource, source.id, source.city, value.source_no(), value.display_name(), value.category(),
      source.division, source.ground_path, place.longitude, place.latitude, place.accuracy_m,
      place.given_datum, value.operator_name(), value.credit_code(), value.trade(), value.address(),
      static_cast<int>(value.disposition()), static_cast<int>(value.state()),
      TimeUtil::TimestampToMicroseconds(value.create_time()),
      TimeUtil::TimestampToMicroseconds(value.update_time()), source.subject.seq, source.subject.leaf);
  return NumberTaken(inserted.status(), source);
}

absl::Status SaveSource(db::Transaction& tx, const LedgerSource& source) {
  const v1::Source& value = source.value;
  const PlaceColumns place = PlaceOf(value);
  const absl::StatusOr<uint64_t> changed =
      tx.Exec(kSaveSource, source.city, value.source_no(), value.display_name(), value.category(),
              source.division, source.ground_path, place.longitude, place.latitude, place.accuracy_m,
              place.given_datum, value.operator_name(), value.credit_code(), value.trade(), value.address(),
              static_cast<int>(value.disposition()), static_cast<int>(value.state()),
              TimeUtil::TimestampToMicroseconds(value.update_time()), source.subject.seq, source.subject.leaf,
              source.id, source.subject.seq - 1);
  if (!changed.ok()) return NumberTaken(changed.status(), source);
  if (*changed != 1) return EtagMismatch(value.name());
  return absl::OkStatus();
}

absl::Status InsertChange(db::Transaction& tx, const SourceChangeRow& change) {
  const v1::SourceChange& value = change.value;
  return tx
      .Exec(kInsertChange, change.source, value.seq(), static_cast<int>(value.action()),
            static_cast<int>(value.from_state()), static_cast<int>(value.to_state()),
            static_cast<int>(value.disposition()), value.reason(), absl::StrJoin(value.changed_fields(), ","),
            TimeUtil::TimestampToMicroseconds(value.event_time()),
            TimeUtil::TimestampToMicroseconds(value.receive_time()), change.person, change.post)
      .status();
}

absl::StatusOr<std::vector<v1::SourceChange>> ReadChanges(db::Transaction& tx, const Uuid& source,
                                                          int64_t after_seq, int limit) {
  return tx.Query(
      kReadChanges,
      [](const db::Row& row) {
        v1::SourceChange change;
        change.set_seq(row.Int(0));
        change.set_action(static_cast<v1::SourceChange::Action>(row.Int(1)));
        change.set_from_state(static_cast<v1::Source::State>(row.Int(2)));
        change.set_to_state(static_cast<v1::Source::State>(row.Int(3)));
        change.set_disposition(static_cast<v1::Source::Disposition>(row.Int(4)));
        change.set_reason(row.Text(5));
        const std::string fields = row.Text(6);
        if (!fields.empty()) {
          for (const auto& field : absl::StrSplit(fields, ',')) change.add_changed_fields(std::string(field));
        }
        *change.mutable_event_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(7));
        *change.mutable_receive_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(8));
        change.set_person(ResourceName("persons", row.Id(9)));
        change.set_post(ResourceName("posts", row.Id(10)));
        return change;
      },
      source, after_seq, limit);
}

absl::StatusOr<std::vector<LedgerSource>> ListSubtree(db::Transaction& tx, const SourceFilter& filter,
                                                      const SourceKey& after, int limit) {
  const std::string end = access::EndOfSubtree(filter.ground);
  const std::string start = std::max(filter.ground, after.ground_path);
  // Without a page before it, every id of the first ground is wanted.
  const std::string after_id = after.ground_path.empty() ? std::string() : after.id.Bytes();
  const std::string pattern = LikePrefix(filter.prefix);
  return tx.Query(kListSubtree, FromRow, start, end, after.ground_path, after_id, filter.categories,
                  filter.categories, filter.states, filter.states, filter.prefix, pattern, pattern, limit);
}

std::string_view ListSubtreeSql() { return kListSubtree; }

}  // namespace gridwarden::source
