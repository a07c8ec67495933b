#include "journal/journal_service.h"

#include "journal/journal_watch.h"
#include "journal/sealer.h"
#include "journal/sequencer.h"

namespace gridwarden::journal {
namespace {

// Owns both workers: the sealer asks the sequencer whether it leads.
class JournalWorker final : public Worker {
 public:
  JournalWorker(const AreaContext& context)
      : sequencer_(context.database, context.clock, {.demo = context.demo}),
        sealer_(context.database, context.clock,
                context.data_dir.empty() ? "" : context.data_dir + "/journal", context.demo,
                [this] { return sequencer_.leading(); }),
        watch_(context.database, context.clock, context.demo) {}

  void Start() override {
    sequencer_.Start();
    sealer_.Start();
    watch_.Start();
  }
  void Stop() override {
    watch_.Stop();
    sealer_.Stop();
    sequencer_.Stop();
  }

  absl::Status Health() const {
    GW_RETURN_IF_ERROR(sequencer_.Health());
    return sealer_.Health();
  }
  std::string VerifierKey() const { return sealer_.VerifierKey(); }

 private:
  Sequencer sequencer_;
  Sealer sealer_;
  JournalWatch watch_;
};

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  db::Database& database = context.database;
  auto worker = std::make_unique<JournalWorker>(context);
  JournalWorker& journal = *worker;  // lives as long as the registry is served

  registry.Add<v1::GetStatusRequest, v1::JournalStatus>(
      "gridwarden.journal.v1.JournalService/GetStatus",
      [&database, &journal](const rpc::Call& call,
                            const v1::GetStatusRequest&) -> absl::StatusOr<v1::JournalStatus> {
        GW_ASSIGN_OR_RETURN(v1::JournalStatus status, GetStatus(database, call));
        // The story names files and rows: for those who run the place.
        if (const absl::Status health = journal.Health(); !health.ok()) {
          const bool insider = call.principal.administrator || call.principal.system;
          status.set_trouble(insider ? std::string(health.message())
                                     : "the journal stands still or is not sealed");
        }
        return status;
      });
  registry.Add<v1::ListEntriesRequest, v1::ListEntriesResponse>(
      "gridwarden.journal.v1.JournalService/ListEntries",
      [&database](const rpc::Call& call, const v1::ListEntriesRequest& request) {
        return ListEntries(database, call, request);
      });
  registry.Add<v1::GetReceiptRequest, v1::Receipt>(
      "gridwarden.journal.v1.JournalService/GetReceipt",
      [&database](const rpc::Call& call, const v1::GetReceiptRequest& request) {
        return GetReceipt(database, call, request);
      });
  registry.Add<v1::GetCheckpointRequest, v1::Checkpoint>(
      "gridwarden.journal.v1.JournalService/GetCheckpoint",
      [&database, &journal](const rpc::Call& call, const v1::GetCheckpointRequest& request) {
        return GetCheckpoint(database, call, request, journal.VerifierKey());
      });
  registry.Add<v1::ReadFeedRequest, v1::ReadFeedResponse>(
      "gridwarden.journal.v1.JournalInternalService/ReadFeed",
      [&database](const rpc::Call& call, const v1::ReadFeedRequest& request) {
        return ReadFeed(database, call, request);
      });

  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(std::move(worker));
  return workers;
}

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1'000'000;
  if (micros % 1'000'000 < 0) --seconds;
  timestamp->set_seconds(seconds);
  timestamp->set_nanos(static_cast<int32_t>((micros - seconds * 1'000'000) * 1000));
}

v1::SequencedEntry ToProto(StoredEntry entry) {
  v1::SequencedEntry proto;
  proto.set_index(entry.index);
  proto.set_leaf(entry.leaf);
  SetTime(entry.sequenced, proto.mutable_sequenced_time());
  proto.set_body(std::move(entry.body));
  return proto;
}

absl::StatusOr<Head> RequireHead(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(std::optional<Head> head, ReadHead(tx));
  if (!head)
    return Unavailable("DATABASE_UNAVAILABLE", "the journal has not been opened yet", absl::Seconds(1));
  return *std::move(head);
}

}  // namespace gridwarden::journal
