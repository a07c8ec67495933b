#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "casework/casework.h"
#include "gridwarden/casework/v1/site_service.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// Orders to stop work on a site: their rows and what their rpcs share.
namespace gridwarden::casework {

struct StopWorkFile {
  Uuid id;
  v1::StopWork order;  // whole, but for name and etag
  Uuid case_id, source, division;
  std::string ground_path;
  absl::Time start, until;
  journal::Subject subject;
};

absl::StatusOr<v1::StopWork> OrderStopWork(const Casework&, const rpc::Call&,
                                           const v1::OrderStopWorkRequest&);
absl::StatusOr<v1::StopWork> AcceptRestart(const Casework&, const rpc::Call&,
                                           const v1::AcceptRestartRequest&);
absl::StatusOr<v1::StopWork> RevokeStopWork(const Casework&, const rpc::Call&,
                                            const v1::RevokeStopWorkRequest&);
absl::StatusOr<v1::ListStopWorksResponse> ListStopWorks(const Casework&, const rpc::Call&,
                                                        const v1::ListStopWorksRequest&);

// stopWorks/{uuid}, locked for the rest of `tx`. NOT_FOUND if there is none.
absl::StatusOr<StopWorkFile> LockStopWork(db::Transaction& tx, std::string_view name);
// ALREADY_EXISTS when the case has an order.
absl::Status InsertStopWork(db::Transaction& tx, const StopWorkFile& file);
absl::Status SaveStopWork(db::Transaction& tx, const StopWorkFile& file);
// How many cases of the source were filed since, voided ones left out.
absl::StatusOr<int> CountFindings(db::Transaction& tx, const Uuid& source, absl::Time since);

struct StopWorkKey {
  int64_t time_us = 0;
  Uuid id;
};
// Newest first, after `after` when it is not null.
absl::StatusOr<std::vector<StopWorkFile>> ListStopWorkFiles(db::Transaction& tx,
                                                            const std::vector<std::string>& grounds,
                                                            bool standing, const StopWorkKey* after,
                                                            int limit);

// Seals the entry, moves the file's subject, saves the file by `save` and stages the entry.
absl::Status TellStopWork(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                          v1::StopWorkEvent::Act act, const access::Acting& acting,
                          const std::string& request_id, StopWorkFile& file,
                          absl::Status (*save)(db::Transaction&, const StopWorkFile&));
v1::StopWork View(const StopWorkFile& file);
v1::Consent ConsentIn(const rpc::Call& call, const access::Acting& acting, std::string_view seat,
                      std::string_view reason);

}  // namespace gridwarden::casework
