#include "casework/supervision_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "domain/escalation/supervision.h"

#define ORDER_COLUMNS                                                                                 \
  "o.order_id, o.division, o.ground_path, o.addressee, o.addressee_is_unit, o.record_us, o.details, " \
  "o.subject_seq, o.subject_leaf"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kLock =
    "SELECT " ORDER_COLUMNS " FROM supervision_order o WHERE o.order_id = ? FOR UPDATE";
constexpr std::string_view kRead = "SELECT " ORDER_COLUMNS " FROM supervision_order o WHERE o.order_id = ?";

constexpr std::string_view kInsert = R"(
  INSERT INTO supervision_order (kind, state, division, ground_path, addressee, addressee_is_unit, record_us, details,
    subject_seq, subject_leaf, order_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kSave = R"(
  UPDATE supervision_order SET state = ?, addressee = ?, addressee_is_unit = ?, details = ?, subject_seq = ?,
    subject_leaf = ?
  WHERE order_id = ? AND subject_seq = ?)";

constexpr std::string_view kInsertCase =
    "INSERT INTO supervision_order_case (order_id, case_id, kind, state, standing_kind) VALUES (?, ?, ?, ?, "
    "?)";
// The order's row is locked.
constexpr std::string_view kSaveCases =
    "UPDATE supervision_order_case SET state = ?, standing_kind = ? WHERE order_id = ? AND state <> ?";
constexpr std::string_view kHasOpen = R"(
  SELECT 1 FROM supervision_order_case WHERE case_id = ? AND kind = ? AND state IN (1, 3, 4, 5) LIMIT 1)";

constexpr std::string_view kSaveListed =
    "UPDATE case_file SET details = ? WHERE case_id = ? AND subject_seq = ?";

OrderFile ReadRow(const db::Row& row) {
  OrderFile file;
  int column = 0;
  file.id = row.Id(column++);
  file.division = row.Id(column++);
  file.ground_path = row.Text(column++);
  file.addressee = row.Id(column++);
  file.addressee_is_unit = row.Bool(column++);
  file.recorded = row.Time(column++);
  file.order.ParseFromString(row.Text(column++));
  file.subject.id = file.id;
  file.subject.seq = static_cast<uint64_t>(row.Int(column++));
  file.subject.leaf = row.Text(column++);
  for (const std::string& name : file.order.cases()) {
    if (const auto id = ParseResourceName("cases", name); id.ok()) file.cases.push_back(*id);
  }
  return file;
}

absl::StatusOr<OrderFile> ReadOne(db::Transaction& tx, std::string_view sql, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("supervisionOrders", name));
  if (id.IsNil()) return InvalidField("name", "got nothing, want supervisionOrders/{uuid}");
  GW_ASSIGN_OR_RETURN(std::optional<OrderFile> file, tx.QueryOne(sql, ReadRow, id));
  if (!file) return NotFound(name);
  return *std::move(file);
}

db::Value StandingKind(const v1::SupervisionOrder& order) {
  if (domain::Stands(static_cast<domain::OrderState>(order.state()))) return static_cast<int>(order.kind());
  return nullptr;
}

absl::Status StandsAlready(const v1::SupervisionOrder& order, std::string_view case_name) {
  const std::string_view kind = domain::ZhOf(static_cast<domain::OrderKind>(order.kind()));
  return FailedPrecondition("ORDER_STANDS", "an order of this kind stands over the case",
                            {{"case", std::string(case_name)}, {"kind", std::string(kind)}});
}

}  // namespace

absl::StatusOr<OrderFile> LockOrder(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kLock, name);
}

absl::StatusOr<OrderFile> ReadOrder(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kRead, name);
}

absl::Status InsertOrder(db::Transaction& tx, const OrderFile& file) {
  const v1::SupervisionOrder& order = file.order;
  GW_RETURN_IF_ERROR(tx.Exec(kInsert, static_cast<int>(order.kind()), static_cast<int>(order.state()),
                             file.division, file.ground_path, file.addressee, file.addressee_is_unit,
                             file.recorded, order.SerializeAsString(), file.subject.seq, file.subject.leaf,
                             file.id)
                         .status());
  for (const Uuid& id : file.cases) {
    const absl::Status inserted = tx.Exec(kInsertCase, file.id, id, static_cast<int>(order.kind()),
                                          static_cast<int>(order.state()), StandingKind(order))
                                      .status();
    if (db::IsDuplicateKey(inserted)) return StandsAlready(order, ResourceName("cases", id));
    GW_RETURN_IF_ERROR(inserted);
  }
  return absl::OkStatus();
}

absl::Status SaveOrder(db::Transaction& tx, const OrderFile& file) {
  const v1::SupervisionOrder& order = file.order;
  GW_ASSIGN_OR_RETURN(
      const uint64_t matched,
      tx.Exec(kSave, static_cast<int>(order.state()), file.addressee, file.addressee_is_unit,
              order.SerializeAsString(), file.subject.seq, file.subject.leaf, file.id, file.subject.seq - 1));
  if (matched != 1) return EtagMismatch(ResourceName("supervisionOrders", file.id));
  const absl::Status saved = tx.Exec(kSaveCases, static_cast<int>(order.state()), StandingKind(order),
                                     file.id, static_cast<int>(order.state()))
                                 .status();
  if (db::IsDuplicateKey(saved)) return StandsAlready(order, order.cases(0));
  return saved;
}

absl::StatusOr<bool> HasOpenOrder(db::Transaction& tx, const Uuid& case_id, v1::SupervisionOrder::Kind kind) {
  GW_ASSIGN_OR_RETURN(const auto found, tx.QueryOne(
                                            kHasOpen, [](const db::Row& row) { return row.Int(0); }, case_id,
                                            static_cast<int>(kind)));
  return found.has_value();
}

absl::Status SaveListed(db::Transaction& tx, const CaseFile& file) {
  GW_ASSIGN_OR_RETURN(const uint64_t matched,
                      tx.Exec(kSaveListed, file.details.SerializeAsString(), file.id, file.subject.seq));
  return matched == 1 ? absl::OkStatus() : EtagMismatch(ResourceName("cases", file.id));
}

absl::StatusOr<std::vector<OrderFile>> ListOrderFiles(db::Transaction& tx, const OrderFilter& filter,
                                                      const OrderKey* after, int limit) {
  std::vector<OrderFile> files;
  if (filter.only_addressed && filter.addressees.empty()) return files;
  std::vector<db::Value> values;
  std::string sql = "SELECT " ORDER_COLUMNS " FROM supervision_order o";
  if (!filter.case_id.IsNil()) {
    sql += " JOIN supervision_order_case c ON c.order_id = o.order_id AND c.case_id = ?";
    values.emplace_back(filter.case_id);
  }
  sql += " WHERE 1 = 1";
  sql += GroundClause(filter.grounds.size(), "o.ground_path");
  BindGrounds(filter.grounds, values);
  sql += InClause("o.state", filter.states.size());
  BindIn(
      filter.states, [](v1::SupervisionOrder::State state) { return static_cast<int>(state); }, values);
  if (filter.only_addressed) {
    sql += InClause("o.addressee", filter.addressees.size());
    BindIn(
        filter.addressees, [](const Uuid& id) { return id; }, values);
  }
  if (after != nullptr) {
    sql += " AND (o.record_us < ? OR (o.record_us = ? AND o.order_id < ?))";
    values.emplace_back(after->time_us);
    values.emplace_back(after->time_us);
    values.emplace_back(after->id);
  }
  sql += " ORDER BY o.record_us DESC, o.order_id DESC LIMIT ?";
  values.emplace_back(limit);
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { files.push_back(ReadRow(row)); }));
  return files;
}

}  // namespace gridwarden::casework
