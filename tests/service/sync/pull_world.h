#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "access/directory.h"
#include "base/status.h"
#include "domain/ground/ground.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/source/v1/source_event.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "gtest/gtest.h"
#include "platform/journal/consumer.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"
#include "support/watched_database.h"
#include "sync/change_fold.h"
#include "sync/change_repository.h"
#include "sync/device_repository.h"
#include "sync/pull.h"
#include "sync/pull_repository.h"
#include "sync/sync_service.h"

// The sync area behind the real pipeline, on a log that the test writes. The other areas are stand-ins that
// know every record the log speaks of, and show it unless it is hidden.
namespace gridwarden::sync {

using testing::City;

class PullWorld {
 public:
  explicit PullWorld(std::shared_ptr<const domain::Ground> ground = nullptr)
      : watched_(*testing::SharedDatabase(),
                 [this](std::string_view sql, std::span<const db::Value>) { return Sent(sql); }),
        directory_(ground == nullptr ? City().ground : ground),
        server_(watched_, std::make_unique<access::Directory>(directory_, City().MakeAccess()),
                testing::TestPolicy()) {
    server_.Install(Install);
    ServeFeed();
    ServeAreas();
  }

  testing::TestServer& server() { return server_; }
  FakeClock& clock() { return server_.clock(); }
  const domain::Ground& ground() const { return *directory_; }

  // Statements that mention a table of ours, since the last look. With fail_at > 0 the fail_at-th from now
  // fails.
  int statements = 0;
  int fail_at = 0;
  std::set<Uuid> hidden;           // the areas do not show them
  std::vector<std::string> asked;  // BatchGet rpcs, in order
  std::string origin = "test/log";

  // The log.
  std::vector<journal::v1::Entry> log;
  void Share(const PullWorld& other) {
    log = other.log;
    seqs_ = other.seqs_;
    shown_cases_ = other.shown_cases_;
    shown_tasks_ = other.shown_tasks_;
    server_.clock().Set(const_cast<PullWorld&>(other).server_.clock().Now());
  }

  static Uuid Named(std::string_view what, int n) {
    return Uuid::Derive(City().city, absl::StrCat(std::string(what), n));
  }

  struct CaseFacts {
    Uuid division;
    casework::v1::Case::State state = casework::v1::Case::FILED;
    std::string handler;
    std::string check_post;
    std::vector<std::string> cooperators;
    casework::v1::Action action = casework::v1::ACTION_UNSPECIFIED;
    Uuid actor_post;
  };
  void Case(const Uuid& id, const CaseFacts& facts) {
    casework::v1::CaseEvent event;
    event.set_action(facts.action);
    casework::v1::Case& after = *event.mutable_after();
    after.set_name(ResourceName("cases", id));
    after.set_state(facts.state);
    after.set_category("DUST");
    after.set_division(ResourceName("divisions", facts.division));
    after.set_handler(facts.handler);
    after.set_check_post(facts.check_post);
    for (const std::string& unit : facts.cooperators) after.add_cooperators(unit);
    shown_cases_[id] = after;
    event.set_ground_path(ground().PathKey(facts.division));
    Append("case.transition", id, event, facts.actor_post);
  }
  void Signal(const Uuid& id, const Uuid& division, casework::v1::Signal::State state,
              const Uuid& onsite_post = Uuid()) {
    casework::v1::SignalEvent event;
    casework::v1::Signal& after = *event.mutable_after();
    after.set_name(ResourceName("signals", id));
    after.set_state(state);
    after.set_division(ResourceName("divisions", division));
    if (!onsite_post.IsNil()) after.mutable_onsite_check()->set_post(ResourceName("posts", onsite_post));
    event.set_ground_path(ground().PathKey(division));
    Append("signal.transition", id, event);
  }
  void Task(const Uuid& id, const Uuid& division, patrol::v1::PatrolTask::State state,
            const Uuid& post = Uuid()) {
    patrol::v1::PatrolTaskEvent event;
    patrol::v1::PatrolTask& after = *event.mutable_after();
    after.set_name(ResourceName("patrolTasks", id));
    after.set_state(state);
    after.set_division(ResourceName("divisions", division));
    after.set_post(ResourceName("posts", post));
    shown_tasks_[id] = after;
    Append("patrol_task", id, event);
  }
  void Source(const Uuid& id, const Uuid& division,
              source::v1::Source::State state = source::v1::Source::ACTIVE) {
    source::v1::SourceEvent event;
    event.mutable_after()->set_name(ResourceName("sources", id));
    event.mutable_after()->set_state(state);
    event.mutable_after()->set_division(ResourceName("divisions", division));
    Append("source", id, event);
  }

  // Lets the consumer come to the end of the log, as the area installs it.
  absl::Status CatchUp() {
    const auto consumer = journal::Consumer::InTransaction(
        watched_, server_.channel(), server_.clock(),
        {.name = std::string(kChangesConsumer), .kinds = KindsOfChanges()},
        [this](const rpc::Call&, db::Transaction& tx, const journal::FeedEntry& entry) {
          return FoldChange(ground(), *testing::TestPolicy(), tx, entry);
        });
    return consumer->CatchUp(absl::Now() + absl::Seconds(60)).status();
  }

  // A phone of whoever bears the token.
  std::string NewDevice(const std::string& token) {
    const absl::StatusOr<rpc::Principal> owner = testing::ReadTestToken(token);
    DeviceRow device{.id = Uuid::Make(clock().Now()), .account = owner->account, .person = owner->person};
    device.public_key = std::string(65, '\4');
    device.label = "test";
    device.created = clock().Now();
    device.subject = {device.id, 1, std::string(32, 'L')};
    const absl::Status stored =
        testing::SharedDatabase()->Run([&](db::Transaction& tx) { return InsertDevice(tx, device); });
    EXPECT_TRUE(stored.ok()) << stored;
    return ResourceName("devices", device.id);
  }
  absl::StatusOr<v1::PullResponse> Pull(const std::string& token, const v1::PullRequest& request) {
    return server_.Call<v1::PullResponse>(token, "gridwarden.sync.v1.SyncService/Pull", request);
  }

 private:
  absl::Status Sent(std::string_view sql) {
    ++statements;
    if (fail_at > 0 && --fail_at == 0)
      return MakeError(absl::StatusCode::kUnavailable, "the test says so",
                       {.reason = "DATABASE_UNAVAILABLE"});
    (void)sql;
    return absl::OkStatus();
  }

  static Uuid IdIn(const std::string& name) { return *Uuid::Parse(name.substr(name.size() - 36)); }

  template <typename Event>
  void Append(std::string_view kind, const Uuid& id, const Event& event, const Uuid& actor_post = Uuid()) {
    journal::v1::Entry entry;
    entry.set_schema(1);
    entry.set_entry_id(Uuid::Make(clock().Now()).Bytes());
    entry.set_kind(std::string(kind));
    entry.set_subject(id.Bytes());
    entry.set_subject_seq(++seqs_[id]);
    if (!actor_post.IsNil()) entry.mutable_actor()->set_post(actor_post.Bytes());
    entry.set_received_us(absl::ToUnixMicros(clock().Now()));
    entry.set_event(event.SerializeAsString());
    entry.set_event_type(Event::descriptor()->full_name());
    log.push_back(std::move(entry));
  }

  void ServeFeed() {
    server_.registry().Add<journal::v1::ReadFeedRequest, journal::v1::ReadFeedResponse>(
        "gridwarden.journal.v1.JournalInternalService/ReadFeed",
        [this](const rpc::Call&,
               const journal::v1::ReadFeedRequest& request) -> absl::StatusOr<journal::v1::ReadFeedResponse> {
          journal::v1::ReadFeedResponse response;
          uint64_t index = request.start_index();
          for (; index < log.size() && response.entries_size() < request.limit(); ++index) {
            auto* entry = response.add_entries();
            entry->set_index(index);
            entry->set_body(log[index].SerializeAsString());
          }
          response.set_next_index(index);
          response.set_log_size(log.size());
          return response;
        });
    server_.registry().Add<journal::v1::GetCheckpointRequest, journal::v1::Checkpoint>(
        "gridwarden.journal.v1.JournalService/GetCheckpoint",
        [](const rpc::Call&,
           const journal::v1::GetCheckpointRequest&) -> absl::StatusOr<journal::v1::Checkpoint> {
          journal::v1::Checkpoint checkpoint;
          checkpoint.set_note("a note");
          return checkpoint;
        });
  }

  // Answers each name that is not hidden; `add` makes the message.
  template <typename Request, typename Response, typename Add>
  void ServeBatch(const std::string& method, Add add) {
    server_.registry().Add<Request, Response>(
        method, [this, method, add](const rpc::Call&, const Request& request) -> absl::StatusOr<Response> {
          asked.push_back(method.substr(method.find('/') + 1));
          Response response;
          for (const std::string& name : request.names()) {
            const Uuid id = Uuid::Parse(name.substr(name.size() - 36)).value_or(Uuid());
            if (!hidden.contains(id)) add(response, name, absl::StrCat(seqs_[id]));
          }
          return response;
        });
  }
  void ServeAreas() {
    ServeBatch<casework::v1::BatchGetCasesRequest, casework::v1::BatchGetCasesResponse>(
        "gridwarden.casework.v1.CaseworkService/BatchGetCases",
        [this](auto& response, const auto& name, const auto& etag) {
          auto& one = *response.add_cases();
          one = shown_cases_[IdIn(name)];
          one.set_name(name);
          one.set_etag(etag);
          auto& line = *response.add_histories()->add_events();
          line.set_subject(name);
          line.set_person(ResourceName(
              "persons", City().PersonIn(domain::PostKind::kGridOfficer, City().villages[0][0][0])));
        });
    ServeBatch<casework::v1::BatchGetSignalsRequest, casework::v1::BatchGetSignalsResponse>(
        "gridwarden.casework.v1.CaseworkService/BatchGetSignals",
        [](auto& response, const auto& name, const auto& etag) {
          auto& one = *response.add_signals();
          one.set_name(name);
          one.set_etag(etag);
        });
    ServeBatch<patrol::v1::BatchGetPatrolTasksRequest, patrol::v1::BatchGetPatrolTasksResponse>(
        "gridwarden.patrol.v1.PatrolService/BatchGetPatrolTasks",
        [this](auto& response, const auto& name, const auto& etag) {
          auto& one = *response.add_patrol_tasks();
          one = shown_tasks_[IdIn(name)];
          one.set_name(name);
          one.set_etag(etag);
        });
    ServeBatch<source::v1::BatchGetSourcesRequest, source::v1::BatchGetSourcesResponse>(
        "gridwarden.source.v1.SourceService/BatchGetSources",
        [](auto& response, const auto& name, const auto& etag) {
          auto& one = *response.add_sources();
          one.set_name(name);
          one.set_etag(etag);
        });
  }

  testing::WatchedDatabase watched_;
  std::shared_ptr<const domain::Ground> directory_;
  testing::TestServer server_;
  std::map<Uuid, uint64_t> seqs_;
  std::map<Uuid, casework::v1::Case> shown_cases_;
  std::map<Uuid, patrol::v1::PatrolTask> shown_tasks_;
};

// What a phone does with pages, as the contract says and no more.
class ModelPhone {
 public:
  ModelPhone(PullWorld& world, std::string token)
      : world_(&world), token_(std::move(token)), device_(world.NewDevice(token_)) {}

  struct Held {
    int64_t revision = 0;
    bool open = false;
    bool assigned = false;
    bool operator==(const Held&) const = default;
  };
  std::map<std::string, Held> held;  // by "KIND:name"
  std::string cursor;
  std::vector<v1::ResetReason> resets;
  std::vector<v1::Tombstone> tombstones;  // of the last whole pull
  std::vector<v1::ScopePost> posts;
  std::map<std::string, std::string> names;
  int left_out = 0;
  int pages = 0;
  bool tells_held = true;
  bool checks_digest = true;  // that the answer of a last page adds up to what is held

  const std::string& device() const { return device_; }
  void MoveTo(PullWorld& world) { world_ = &world; }

  absl::StatusOr<v1::PullResponse> Page(int page_size = 0) {
    v1::PullRequest request;
    request.set_device(device_);
    request.set_cursor(cursor);
    request.set_page_size(page_size);
    if (tells_held && whole_) *request.mutable_held() = Digest();
    return world_->Pull(token_, request);
  }

  // One whole pull; `between` runs after each page.
  template <typename Between>
  absl::Status Pull(int page_size, Between between) {
    tombstones.clear();
    while (true) {
      GW_ASSIGN_OR_RETURN(const v1::PullResponse page, Page(page_size));
      ++pages;
      if (page.reset()) {
        EXPECT_EQ(page.records_size() + page.tombstones_size(), 0);
        EXPECT_TRUE(page.next_cursor().empty());
        resets.push_back(page.reset_reason());
        cursor.clear();
        held.clear();
        whole_ = false;
        continue;
      }
      for (const v1::Tombstone& tombstone : page.tombstones()) {
        held.erase(absl::StrCat(v1::Record::Kind_Name(tombstone.kind()), ":", tombstone.name()));
        tombstones.push_back(tombstone);
      }
      for (const v1::Record& record : page.records()) {
        EXPECT_FALSE(record.json().empty());
        held[absl::StrCat(v1::Record::Kind_Name(record.kind()), ":", record.name())] = {
            record.revision(), record.open(), record.assigned()};
      }
      for (const auto& [name, shown] : page.display_names()) names[name] = shown;
      if (page.posts_size() > 0) posts = {page.posts().begin(), page.posts().end()};
      cursor = page.next_cursor();
      as_of = page.as_of_index();
      if (!page.more()) {
        left_out = page.left_out();
        whole_ = true;
        if (checks_digest) {
          EXPECT_EQ(page.scope_digest().count(), Digest().count());
          EXPECT_EQ(page.scope_digest().hash(), Digest().hash());
        }
        return absl::OkStatus();
      }
      between();
    }
  }
  absl::Status Pull(int page_size = 0) {
    return Pull(page_size, [] {});
  }
  uint64_t as_of = 0;

  v1::ScopeDigest Digest() const {
    uint64_t sum = 0;
    int count = 0;
    for (const auto& [key, one] : held) {
      if (!one.open) continue;
      const std::string name = key.substr(key.find(':') + 1);
      sum += DigestOf(KindOf(name), *Uuid::Parse(name.substr(name.size() - 36)), one.revision);
      ++count;
    }
    v1::ScopeDigest digest;
    digest.set_count(count);
    digest.set_hash(absl::StrFormat("%016x", sum));
    return digest;
  }

 private:
  PullWorld* world_;
  std::string token_;
  std::string device_;
  bool whole_ = false;
};

}  // namespace gridwarden::sync
