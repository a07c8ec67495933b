#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "casework/case_file.h"
#include "gridwarden/casework/v1/supervision_service.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of orders.
namespace gridwarden::casework {

struct OrderFile {
  Uuid id;
  v1::SupervisionOrder order;  // without name, etag and the names of views
  Uuid division;
  std::string ground_path;
  Uuid addressee;
  bool addressee_is_unit = false;
  std::vector<Uuid> cases;
  absl::Time recorded;
  journal::Subject subject;
};

// Reads and locks one order (supervisionOrders/{uuid}) for the rest of `tx`. NOT_FOUND if there is no such
// order.
absl::StatusOr<OrderFile> LockOrder(db::Transaction& tx, std::string_view name);
absl::StatusOr<OrderFile> ReadOrder(db::Transaction& tx, std::string_view name);

// ALREADY_EXISTS when an order has the id. FAILED_PRECONDITION / ORDER_STANDS when one of the kind stands
// over one of the cases: the key decides, whatever was read before.
absl::Status InsertOrder(db::Transaction& tx, const OrderFile& file);
// As above; the row must be locked. ABORTED when it is not at subject.seq - 1.
absl::Status SaveOrder(db::Transaction& tx, const OrderFile& file);

// Whether an order of the kind waits to be issued or stands over the case.
absl::StatusOr<bool> HasOpenOrder(db::Transaction& tx, const Uuid& case_id, v1::SupervisionOrder::Kind kind);

// Saves the mark of a listed order on a case that is locked: its other columns and its etag stay.
absl::Status SaveListed(db::Transaction& tx, const CaseFile& file);

struct OrderFilter {
  std::vector<std::string> grounds;  // path keys; empty = everywhere
  std::vector<v1::SupervisionOrder::State> states;
  Uuid case_id;                  // nil = any
  std::vector<Uuid> addressees;  // used when only_addressed
  bool only_addressed = false;
};
struct OrderKey {
  int64_t time_us = 0;
  Uuid id;
};
// Newest first, after `after` when it is not null.
absl::StatusOr<std::vector<OrderFile>> ListOrderFiles(db::Transaction& tx, const OrderFilter& filter,
                                                      const OrderKey* after, int limit);

}  // namespace gridwarden::casework
