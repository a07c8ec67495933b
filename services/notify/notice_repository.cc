#include "notify/notice_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "notify/rows.h"

namespace gridwarden::notify {
namespace {

// What is kept for a page and for a count alike: the unread ones of one recipient. That nobody has read one
// is asked for that one alone: of a NOT EXISTS MariaDB makes a table of all that anybody ever read.
constexpr std::string_view kUnreadOfRecipient = R"(
  FROM notice n
  LEFT JOIN notice_read r ON r.person = ? AND r.notice_id = n.notice_id
  LEFT JOIN notice_delivery d ON d.notice_id = n.notice_id AND d.channel = 1 AND d.target = ?
  WHERE n.recipient = ? AND r.person IS NULL AND n.created_us >= ? AND n.created_us <= ?
  AND (n.created_us < ? OR n.notice_id < ?)
  AND (n.created_us >= ? OR (SELECT o.person FROM notice_read o WHERE o.notice_id = n.notice_id LIMIT 1) IS NULL))";

constexpr std::string_view kReadByPerson = R"(
  FROM notice_read r
  JOIN notice n ON n.notice_id = r.notice_id
  LEFT JOIN notice_delivery d ON d.notice_id = r.notice_id AND d.channel = 1 AND d.target = ?
  WHERE r.person = ? AND r.created_us >= ? AND r.created_us <= ? AND (r.created_us < ? OR r.notice_id < ?))";

#define GW_NOTICE_COLUMNS                                                                      \
  "n.notice_id AS notice_id, n.recipient AS recipient, n.to_post AS to_post, n.kind AS kind, " \
  "n.urgency AS urgency, n.subject AS subject, n.facts AS facts, n.created_us AS created_us, " \
  "d.due_us AS due_us, d.digest AS digest, d.state AS state"

// A delivery that waits for the summary; see notify.v1.Delivery.State.
constexpr int kWaiting = 1;

constexpr size_t kKindsStep = 8;

ListedNotice ListedOf(const db::Row& row) {
  ListedNotice listed;
  NoticeRow& notice = listed.notice;
  notice.id = row.Id(0);
  notice.recipient = row.Id(1);
  notice.to_post = row.Bool(2);
  notice.kind = row.Text(3);
  notice.urgency = static_cast<domain::Urgency>(row.Int(4));
  notice.subject = row.Text(5);
  notice.facts = row.Text(6);
  notice.created = row.Time(7);
  if (!row.IsNull(8)) {
    listed.announced = row.Time(8);
    listed.digest = row.Bool(9) && row.Int(10) == kWaiting;
  }
  if (!row.IsNull(11)) listed.read = row.Time(11);
  return listed;
}

// " AND n.kind IN (?,...)": few sizes, the last kind repeated.
std::string KindFilter(size_t kinds) {
  if (kinds == 0) return "";
  return absl::StrCat(" AND n.kind IN (",
                      db::InList(static_cast<int>((kinds + kKindsStep - 1) / kKindsStep * kKindsStep)), ")");
}

void BindKinds(const std::vector<std::string>& kinds, std::vector<db::Value>& values) {
  const size_t slots = (kinds.size() + kKindsStep - 1) / kKindsStep * kKindsStep;
  for (size_t i = 0; i < slots; ++i) values.emplace_back(kinds[std::min(i, kinds.size() - 1)]);
}

// An unread part, bound in the order of kUnreadOfRecipient.
void BindUnread(const Inbox& inbox, const InboxPart& part, int64_t after_us, const std::string& after_id,
                std::vector<db::Value>& values) {
  values.emplace_back(inbox.person);
  values.emplace_back(inbox.person);
  values.emplace_back(part.recipient);
  values.emplace_back(absl::ToUnixMicros(inbox.oldest));
  values.emplace_back(after_us);
  values.emplace_back(after_us);
  values.emplace_back(after_id);
  values.emplace_back(absl::ToUnixMicros(part.since));
}

}  // namespace

absl::Status InsertNotices(db::Transaction& tx, std::span<const NoticeRow> notices) {
  std::vector<db::Value> values;
  for (const NoticeRow& notice : notices) {
    values.emplace_back(notice.id);
    values.emplace_back(notice.recipient);
    values.emplace_back(notice.to_post);
    values.emplace_back(notice.kind);
    values.emplace_back(static_cast<int>(notice.urgency));
    values.emplace_back(notice.subject);
    values.emplace_back(notice.facts);
    values.emplace_back(notice.entry);
    values.emplace_back(notice.created);
  }
  return ExecRows(tx,
                  "INSERT IGNORE INTO notice (notice_id, recipient, to_post, kind, urgency, subject, facts, "
                  "entry_id, created_us) VALUES ",
                  9, "", values)
      .status();
}

absl::StatusOr<std::vector<ListedNotice>> ReadInbox(db::Transaction& tx, const Inbox& inbox,
                                                    const InboxPage& page) {
  const std::string kinds = KindFilter(page.kinds.size());
  std::string sql;
  std::vector<db::Value> values;
  if (!page.unread_only) {
    absl::StrAppend(&sql, "(SELECT " GW_NOTICE_COLUMNS ", r.read_us AS read_us", std::string(kReadByPerson),
                    kinds, " ORDER BY r.created_us DESC, r.notice_id DESC LIMIT ?)");
    values.insert(values.end(), {inbox.person, inbox.person, absl::ToUnixMicros(inbox.oldest), page.after_us,
                                 page.after_us, page.after_id});
    BindKinds(page.kinds, values);
    values.emplace_back(page.limit);
  }
  for (const InboxPart& part : inbox.parts) {
    absl::StrAppend(&sql, sql.empty() ? "" : " UNION ALL ",
                    "(SELECT " GW_NOTICE_COLUMNS ", r.read_us AS read_us", std::string(kUnreadOfRecipient),
                    kinds, " ORDER BY n.created_us DESC, n.notice_id DESC LIMIT ?)");
    BindUnread(inbox, part, page.after_us, page.after_id, values);
    BindKinds(page.kinds, values);
    values.emplace_back(page.limit);
  }
  absl::StrAppend(&sql, " ORDER BY created_us DESC, notice_id DESC LIMIT ?");
  values.emplace_back(page.limit);
  std::vector<ListedNotice> listed;
  if (values.size() == 1) return listed;
  GW_RETURN_IF_ERROR(
      tx.QueryValues(sql, values, [&](const db::Row& row) { listed.push_back(ListedOf(row)); }));
  return listed;
}

absl::StatusOr<Unread> CountUnread(db::Transaction& tx, const Inbox& inbox, int most) {
  Unread unread;
  if (inbox.parts.empty()) return unread;
  std::string sql;
  std::vector<db::Value> values;
  for (const InboxPart& part : inbox.parts) {
    absl::StrAppend(&sql, sql.empty() ? "" : " UNION ALL ",
                    "(SELECT CASE WHEN d.state IS NULL OR d.state = 2 THEN 1 ELSE 0 END AS announced",
                    std::string(kUnreadOfRecipient), " LIMIT ?)");
    BindUnread(inbox, part, INT64_MAX, std::string(16, '\xff'), values);
    values.emplace_back(most);
  }
  sql = absl::StrCat("SELECT COUNT(*), COALESCE(SUM(announced), 0) FROM (", sql, ") AS unread_ones");
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
    unread.all = static_cast<int>(std::min<int64_t>(row.Int(0), most));
    unread.announced = static_cast<int>(std::min<double>(row.Double(1), most));
  }));
  return unread;
}

absl::StatusOr<absl::flat_hash_map<Uuid, NoticeMark>> ReadMarks(db::Transaction& tx, const Uuid& person,
                                                                std::span<const Uuid> ids) {
  absl::flat_hash_map<Uuid, NoticeMark> marks;
  if (ids.empty()) return marks;
  std::vector<db::Value> values{person, person};
  const std::vector<db::Value> padded = PaddedIds(ids);
  values.insert(values.end(), padded.begin(), padded.end());
  const std::string sql = absl::StrCat(
      "SELECT n.notice_id, n.recipient, n.created_us, "
      "EXISTS (SELECT 1 FROM notice_read r WHERE r.notice_id = n.notice_id AND r.person = ?), "
      "EXISTS (SELECT 1 FROM notice_read o FORCE INDEX (notice_read_by) WHERE o.notice_id = n.notice_id AND "
      "o.person <> ?) "
      "FROM notice n WHERE n.notice_id IN (",
      db::InList(static_cast<int>(padded.size())), ")");
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
    const Uuid id = row.Id(0);
    marks[id] = {id, row.Id(1), row.Time(2), row.Bool(3), row.Bool(4)};
  }));
  return marks;
}

absl::Status InsertReads(db::Transaction& tx, const Uuid& person, std::span<const NoticeMark> notices,
                         absl::Time now) {
  std::vector<db::Value> values;
  for (const NoticeMark& notice : notices) {
    values.insert(values.end(), {person, notice.id, notice.created, now});
  }
  return ExecRows(tx, "INSERT IGNORE INTO notice_read (person, notice_id, created_us, read_us) VALUES ", 4,
                  "", values)
      .status();
}

absl::StatusOr<int> InsertAllReads(db::Transaction& tx, const Inbox& inbox, absl::Time until, int most,
                                   absl::Time now) {
  static const std::string kSql = absl::StrCat(
      "INSERT IGNORE INTO notice_read (person, notice_id, created_us, read_us) "
      "SELECT ?, n.notice_id, n.created_us, ?",
      std::string(kUnreadOfRecipient), " ORDER BY n.created_us DESC, n.notice_id DESC LIMIT ?");
  int marked = 0;
  for (const InboxPart& part : inbox.parts) {
    if (marked >= most) break;
    std::vector<db::Value> values{inbox.person, now};
    BindUnread(inbox, part, absl::ToUnixMicros(until), std::string(16, '\xff'), values);
    values.emplace_back(most - marked);
    GW_ASSIGN_OR_RETURN(const uint64_t some, tx.ExecValues(kSql, values));
    marked += static_cast<int>(some);
  }
  return marked;
}

absl::StatusOr<int> DeleteReads(db::Transaction& tx, const Uuid& person, std::span<const Uuid> ids) {
  if (ids.empty()) return 0;
  std::vector<db::Value> values{person};
  const std::vector<db::Value> padded = PaddedIds(ids);
  values.insert(values.end(), padded.begin(), padded.end());
  const std::string sql = absl::StrCat("DELETE FROM notice_read WHERE person = ? AND notice_id IN (",
                                       db::InList(static_cast<int>(padded.size())), ")");
  GW_ASSIGN_OR_RETURN(const uint64_t deleted, tx.ExecValues(sql, values));
  return static_cast<int>(deleted);
}

absl::StatusOr<absl::Time> ReadNewest(db::Transaction& tx) {
  constexpr std::string_view kSql = "SELECT MAX(created_us) FROM notice";
  GW_ASSIGN_OR_RETURN(const auto newest, tx.QueryOne(kSql, [](const db::Row& row) {
    return row.Time(0, absl::InfinitePast());
  }));
  return newest.value_or(absl::InfinitePast());
}

absl::Status InsertOrigins(db::Transaction& tx, std::span<const Origin> origins) {
  std::vector<db::Value> values;
  for (const Origin& origin : origins)
    values.insert(values.end(), {origin.subject, origin.person, origin.post});
  return ExecRows(tx, "INSERT IGNORE INTO notice_origin (subject, person, post) VALUES ", 3, "", values)
      .status();
}

absl::StatusOr<std::vector<Origin>> ReadOrigins(db::Transaction& tx, std::span<const Uuid> subjects) {
  std::vector<Origin> origins;
  if (subjects.empty()) return origins;
  const std::vector<db::Value> values = PaddedIds(subjects);
  const std::string sql = absl::StrCat("SELECT subject, person, post FROM notice_origin WHERE subject IN (",
                                       db::InList(static_cast<int>(values.size())), ")");
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
    origins.push_back({row.Id(0), row.Id(1), row.Id(2)});
  }));
  return origins;
}

}  // namespace gridwarden::notify
