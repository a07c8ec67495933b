#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "journal/journal_repository.h"
#include "platform/rpc/call.h"

// The journal area: the rpcs of JournalService and JournalInternalService, the sequencer and the sealer.
// services/server calls OpenLog (journal/log.h) first, so that a log of the other kind refuses to start.
namespace gridwarden::journal {

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

// The rpcs.
absl::StatusOr<v1::JournalStatus> GetStatus(db::Database& database, const rpc::Call& call);
absl::StatusOr<v1::ListEntriesResponse> ListEntries(db::Database& database, const rpc::Call& call,
                                                    const v1::ListEntriesRequest& request);
absl::StatusOr<v1::Receipt> GetReceipt(db::Database& database, const rpc::Call& call,
                                       const v1::GetReceiptRequest& request);
absl::StatusOr<v1::Checkpoint> GetCheckpoint(db::Database& database, const rpc::Call& call,
                                             const v1::GetCheckpointRequest& request,
                                             const std::string& verifier_key);
absl::StatusOr<v1::ReadFeedResponse> ReadFeed(db::Database& database, const rpc::Call& call,
                                              const v1::ReadFeedRequest& request);

// What they share.
v1::SequencedEntry ToProto(StoredEntry entry);
void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp);
// The head; UNAVAILABLE before the log was founded.
absl::StatusOr<Head> RequireHead(db::Transaction& tx);
// An answer holds about this many bytes of entries; more come with the next page.
inline constexpr size_t kAnswerBytesMax = 2 * 1024 * 1024;

}  // namespace gridwarden::journal
