#include "absl/strings/str_cat.h"
#include "casework/casework_service.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "patrol/patrol_service.h"
#include "platform/journal/stage.h"
#include "service/sync/pull_world.h"
#include "source/source_service.h"

// Pulls from the real areas: what they write, the fold understands, and what they show is what the phone
// gets.
namespace gridwarden::sync {
namespace {

using domain::PostKind;
using google::protobuf::util::TimeUtil;

class PullFromAreas : public ::testing::Test {
 protected:
  PullFromAreas() : server(*testing::SharedDatabase(), City().MakeDirectory(), testing::TestPolicy()) {
    testing::SharedDatabase().Clear();
    server.clock().Set(
        absl::FromCivil(absl::CivilSecond(2026, 9, 1, 9, 0, 0), absl::FixedTimeZone(8 * 3600)));
    server.Install(Install);
    server.Install(casework::Install);
    server.Install(patrol::Install);
    server.Install(source::Install);
    server.registry().Add<journal::v1::GetCheckpointRequest, journal::v1::Checkpoint>(
        "gridwarden.journal.v1.JournalService/GetCheckpoint",
        [](const rpc::Call&,
           const journal::v1::GetCheckpointRequest&) -> absl::StatusOr<journal::v1::Checkpoint> {
          return Unavailable("DATABASE_UNAVAILABLE", "the journal is away", absl::Seconds(1));
        });
  }
  std::string NewId() { return Uuid::Make(server.clock().Now()).ToString(); }

  // Folds everything that was staged, in the order of the commits.
  void Fold() {
    const absl::Status folded = testing::SharedDatabase()->Run([&](db::Transaction& tx) -> absl::Status {
      std::vector<std::string> bodies;
      GW_RETURN_IF_ERROR(tx.QueryValues("SELECT body FROM journal_stage ORDER BY id", {},
                                        [&](const db::Row& row) { bodies.push_back(row.Text(0)); }));
      for (size_t i = 0; i < bodies.size(); ++i) {
        journal::FeedEntry entry;
        entry.index = i;
        if (!entry.entry.ParseFromString(bodies[i])) return Internal("a staged entry cannot be parsed");
        GW_RETURN_IF_ERROR(FoldChange(*City().ground, *testing::TestPolicy(), tx, entry));
      }
      return tx
          .Exec(
              "INSERT INTO feed_cursor (consumer, next_index) VALUES ('sync.changes', ?) "
              "ON DUPLICATE KEY UPDATE next_index = VALUES(next_index)",
              static_cast<uint64_t>(bodies.size()))
          .status();
    });
    ASSERT_TRUE(folded.ok()) << folded;
  }
  v1::PullResponse Pull(const std::string& token, std::string& cursor) {
    if (devices_[token].empty()) devices_[token] = Register(token);
    v1::PullRequest request;
    request.set_device(devices_[token]);
    request.set_cursor(cursor);
    const auto page = server.Call<v1::PullResponse>(token, "gridwarden.sync.v1.SyncService/Pull", request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (page.ok()) cursor = page->next_cursor();
    return page.value_or(v1::PullResponse());
  }
  std::string Register(const std::string& token) {
    const absl::StatusOr<rpc::Principal> owner = testing::ReadTestToken(token);
    DeviceRow device{
        .id = Uuid::Make(server.clock().Now()), .account = owner->account, .person = owner->person};
    device.public_key = std::string(65, '\4');
    device.created = server.clock().Now();
    device.subject = {device.id, 1, std::string(32, 'L')};
    EXPECT_TRUE(
        testing::SharedDatabase()->Run([&](db::Transaction& tx) { return InsertDevice(tx, device); }).ok());
    return ResourceName("devices", device.id);
  }

  testing::TestServer server;
  std::map<std::string, std::string> devices_;
  const Uuid village = City().villages[0][0][0];
  const std::string patrol = City().TokenOf(PostKind::kPatrolOfficer, village);
  const std::string office = City().TokenOf(PostKind::kCampaignOffice, City().townships[0][0]);
  const std::string elsewhere = City().TokenOf(PostKind::kPatrolOfficer, City().villages[1][0][0]);
};

TEST_F(PullFromAreas, WhatTheAreasWroteComesAsTheyShowIt) {
  source::v1::CreateSourceRequest new_source;
  new_source.set_request_id(NewId());
  new_source.mutable_source()->set_display_name("某板材厂");
  new_source.mutable_source()->set_category("SMALL_POLLUTER");
  new_source.mutable_source()->set_division(ResourceName("divisions", village));
  new_source.mutable_source()->set_operator_name("王某");
  const auto source =
      server.Call<source::v1::Source>(office, "gridwarden.source.v1.SourceService/CreateSource", new_source);
  ASSERT_TRUE(source.ok()) << source.status();

  patrol::v1::CreatePatrolTaskRequest new_task;
  new_task.set_request_id(NewId());
  new_task.mutable_patrol_task()->set_source(source->name());
  new_task.mutable_patrol_task()->set_title("看一看");
  *new_task.mutable_patrol_task()->mutable_due_time() =
      TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(server.clock().Now() + absl::Hours(8)));
  new_task.mutable_patrol_task()->set_post(
      ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, village).id));
  const auto task = server.Call<patrol::v1::PatrolTask>(
      office, "gridwarden.patrol.v1.PatrolService/CreatePatrolTask", new_task);
  ASSERT_TRUE(task.ok()) << task.status();

  casework::v1::SubmitSignalRequest find;
  find.set_request_id(NewId());
  casework::v1::Signal& signal = *find.mutable_signal();
  signal.set_channel(casework::v1::Signal::PATROL);
  signal.set_category("BARE_LAND");
  signal.set_division(ResourceName("divisions", village));
  signal.set_description("路边堆垛");
  *signal.mutable_event_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(server.clock().Now()));
  for (const auto kind : {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence& photo = *signal.add_evidence();
    photo.set_kind(kind);
    photo.set_media("media/" + std::string(64, kind == type::v1::Evidence::NEAR ? 'a' : 'b'));
  }
  const auto handed_in =
      server.Call<casework::v1::Signal>(patrol, "gridwarden.casework.v1.CaseworkService/SubmitSignal", find);
  ASSERT_TRUE(handed_in.ok()) << handed_in.status();
  Fold();

  std::string cursor, other_cursor;
  const v1::PullResponse page = Pull(patrol, cursor);
  ASSERT_EQ(page.records_size(), 3);
  EXPECT_EQ(page.records(0).name(), source->name());
  EXPECT_NE(page.records(0).json().find("王某"), std::string::npos);  // staff see who operates it
  EXPECT_EQ(page.records(1).name(), task->name());
  EXPECT_TRUE(page.records(1).assigned());
  EXPECT_NE(page.records(1).json().find("看一看"), std::string::npos);
  EXPECT_EQ(page.records(2).name(), handed_in->name());
  EXPECT_NE(page.records(2).json().find("路边堆垛"), std::string::npos);
  EXPECT_EQ(page.scope_digest().count(), 3);
  EXPECT_FALSE(page.more());
  EXPECT_TRUE(page.checkpoint().empty());  // and nothing else suffers
  EXPECT_EQ(Pull(elsewhere, other_cursor).records_size(), 0);

  // A case is filed and handled: it comes with its story, and the request of each step.
  casework::v1::FileCaseRequest file;
  file.set_request_id(NewId());
  file.set_signal(handed_in->name());
  const auto filed =
      server.Call<casework::v1::Case>(office, "gridwarden.casework.v1.CaseworkService/FileCase", file);
  ASSERT_TRUE(filed.ok()) << filed.status();
  Fold();
  const v1::PullResponse later = Pull(patrol, cursor);
  ASSERT_EQ(later.records_size(), 2);
  const v1::Record& of_case =
      later.records(0).kind() == v1::Record::CASE ? later.records(0) : later.records(1);
  EXPECT_EQ(of_case.name(), filed->name());
  EXPECT_NE(of_case.json().find(filed->case_no()), std::string::npos);
  EXPECT_NE(of_case.events().find(file.request_id()), std::string::npos);
  EXPECT_NE(of_case.events().find(find.request_id()), std::string::npos);
}

}  // namespace
}  // namespace gridwarden::sync
