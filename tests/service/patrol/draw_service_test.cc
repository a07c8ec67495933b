#include <set>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/draw/bundle.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gridwarden/patrol/v1/draw_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "gtest/gtest.h"
#include "patrol/patrol_service.h"
#include "patrol/record_draw.h"
#include "source/source_service.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// Draws behind the real pipeline, in the test city: the sources of county 0, its officers.
namespace gridwarden::patrol {
namespace {

using domain::PostKind;
using domain::draw::Verdict;
using testing::City;
using testing::SharedDatabase;

class DrawTest : public ::testing::Test {
 protected:
  DrawTest() : server(*SharedDatabase(), City().MakeDirectory(), testing::TestPolicy()) {
    SharedDatabase().Clear();
    server.Install(Install);
    server.Install(source::Install);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server.Call<Response>(token, "gridwarden.patrol.v1.DrawService/" + method, request);
  }
  std::string NewId() { return Uuid::Make(server.clock().Now()).ToString(); }
  google::protobuf::Timestamp After(absl::Duration span) {
    return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
        absl::ToUnixMicros(server.clock().Now() + span));
  }
  std::string Day(int from_now) {
    return absl::FormatTime("%Y-%m-%d", server.clock().Now() + absl::Hours(24) * from_now,
                            absl::FixedTimeZone(8 * 3600));
  }

  // `count` building sites in the villages of a township.
  void MakeSources(int count, const std::string& credit_code = "") {
    for (int i = 0; i < count; ++i) {
      source::v1::CreateSourceRequest create;
      create.set_request_id(NewId());
      create.mutable_source()->set_display_name(absl::StrCat("工地", i));
      create.mutable_source()->set_category("BUILDING_SITE");
      if (i == 0) create.mutable_source()->set_credit_code(credit_code);
      create.mutable_source()->set_division(ResourceName("divisions", City().villages[0][0][i % 4]));
      const auto made = server.Call<source::v1::Source>(
          city_office, "gridwarden.source.v1.SourceService/CreateSource", create);
      ASSERT_TRUE(made.ok()) << made.status();
      sources.push_back(made->name());
    }
  }
  v1::CommitDrawRequest NewDraw() {
    v1::CommitDrawRequest request;
    request.set_request_id(NewId());
    request.set_division(ResourceName("divisions", City().counties[0]));
    request.set_title("十二月扬尘抽查");
    request.set_period_from(Day(3));
    request.set_period_to(Day(20));
    request.add_categories("BUILDING_SITE");
    request.mutable_inspectors()->add_kinds(grid::v1::Post::GRID_OFFICER);
    v1::Draw::SeedSource& seed = *request.add_seed_sources();
    seed.set_description("福彩双色球 2026139 期");
    *seed.mutable_available_time() = After(absl::Hours(24));
    return request;
  }
  v1::Draw Commit() {
    const absl::StatusOr<v1::Draw> draw = Call<v1::Draw>(office, "CommitDraw", NewDraw());
    EXPECT_TRUE(draw.ok()) << draw.status();
    return draw.value_or(v1::Draw());
  }
  v1::RevealSeedRequest NewReveal(const v1::Draw& draw) {
    v1::RevealSeedRequest request;
    request.set_request_id(NewId());
    request.set_name(draw.name());
    v1::RevealSeedRequest::Seed& seed = *request.add_seeds();
    seed.set_text("03 07 12 19 24 31 + 09");
    seed.set_reference("中国福利彩票网 2026139 期公告");
    return request;
  }
  v1::CancelDrawRequest NewCancel(const v1::Draw& draw) {
    v1::CancelDrawRequest request;
    request.set_request_id(NewId());
    request.set_name(draw.name());
    request.set_reason("检查人员名单有误");
    return request;
  }
  absl::StatusOr<v1::Draw> Get(const std::string& token, const std::string& name) {
    v1::GetDrawRequest request;
    request.set_name(name);
    return Call<v1::Draw>(token, "GetDraw", request);
  }
  absl::StatusOr<v1::ExportDrawResponse> Export(const std::string& token, const std::string& name) {
    v1::ExportDrawRequest request;
    request.set_name(name);
    return Call<v1::ExportDrawResponse>(token, "ExportDraw", request);
  }
  std::string ReasonOfCommit(const std::function<void(v1::CommitDrawRequest&)>& change) {
    v1::CommitDrawRequest request = NewDraw();
    change(request);
    return ReasonOf(Call<v1::Draw>(office, "CommitDraw", request).status());
  }
  static std::string Counts() {
    return SharedDatabase().Ask(
        "SELECT CONCAT((SELECT COUNT(*) FROM patrol_draw), '/', (SELECT COUNT(*) FROM patrol_task), '/', "
        "(SELECT COUNT(*) FROM journal_stage WHERE subject IN (SELECT draw_id FROM patrol_draw)))");
  }

  testing::TestServer server;
  std::vector<std::string> sources;
  const std::string office = City().TokenOf(PostKind::kCampaignOffice, City().counties[0]);
  const std::string foreign_office = City().TokenOf(PostKind::kCampaignOffice, City().counties[1]);
  const std::string township_office = City().TokenOf(PostKind::kCampaignOffice, City().townships[0][0]);
  const std::string city_office = City().TokenOf(PostKind::kCampaignOffice, City().city);
  const std::string leader = City().TokenOf(PostKind::kGridLeader, City().counties[0]);
};

TEST_F(DrawTest, FromTheListsToTasksOfWhoWasDrawnAndAnybodyFindsItTrue) {
  MakeSources(20);
  v1::CommitDrawRequest request = NewDraw();
  v1::CommitDrawRequest::Class& special = *request.add_classes();
  special.set_stratum("SPECIAL");
  special.set_weight(3);
  for (int i = 0; i < 8; ++i) special.add_sources(sources[i]);
  const absl::StatusOr<v1::Draw> committed = Call<v1::Draw>(office, "CommitDraw", request);
  ASSERT_TRUE(committed.ok()) << committed.status();
  EXPECT_EQ(committed->state(), v1::Draw::COMMITTED);
  EXPECT_EQ(committed->candidates(), 20);
  EXPECT_EQ(committed->inspectors_per_object(), 2);
  ASSERT_EQ(committed->strata_size(), 3);
  EXPECT_EQ(committed->strata(0).drawn(), 2);  // 25 % of 8
  EXPECT_EQ(committed->strata(1).drawn(), 2);  // 15 % of 12, rounded up
  EXPECT_EQ(committed->strata(2).drawn(), 0);
  EXPECT_EQ(committed->commitment_digest().size(), 64u);

  // What was published before the seed: the digest is that of the file, and nothing is drawn in it.
  const absl::StatusOr<v1::ExportDrawResponse> before = Export(leader, committed->name());
  ASSERT_TRUE(before.ok()) << before.status();
  domain::draw::Check check = domain::draw::VerifyJson(DrawHashes(), before->bundle());
  EXPECT_EQ(check.verdict, Verdict::kIncomplete);
  EXPECT_EQ(check.digest, committed->commitment_digest());
  EXPECT_EQ(check.commitment.candidates.size(), 20u);

  server.clock().Advance(absl::Hours(25));
  const absl::StatusOr<v1::Draw> drawn = Call<v1::Draw>(office, "RevealSeed", NewReveal(*committed));
  ASSERT_TRUE(drawn.ok()) << drawn.status();
  EXPECT_EQ(drawn->state(), v1::Draw::DRAWN);
  EXPECT_EQ(drawn->commitment_digest(), committed->commitment_digest());
  ASSERT_EQ(drawn->objects_size(), 4);
  const absl::StatusOr<v1::ExportDrawResponse> after = Export(leader, committed->name());
  check = domain::draw::VerifyJson(DrawHashes(), after->bundle());
  EXPECT_EQ(check.verdict, Verdict::kTrue) << check.what;
  EXPECT_EQ(check.digest, committed->commitment_digest());
  EXPECT_NE(after->page().find(committed->commitment_digest()), std::string::npos);

  std::set<std::string> tasks;
  for (const v1::Draw::Object& object : drawn->objects()) {
    EXPECT_EQ(object.inspectors_size(), 2);
    for (const v1::Draw::Inspector& inspector : object.inspectors()) {
      v1::GetPatrolTaskRequest get;
      get.set_name(inspector.patrol_task());
      const absl::StatusOr<v1::PatrolTask> task =
          server.Call<v1::PatrolTask>(office, "gridwarden.patrol.v1.PatrolService/GetPatrolTask", get);
      ASSERT_TRUE(task.ok()) << task.status();
      EXPECT_EQ(task->source(), object.source());
      EXPECT_EQ(task->post(), inspector.post());
      EXPECT_EQ(task->state(), v1::PatrolTask::ISSUED);
      EXPECT_EQ(task->category(), "BUILDING_SITE");
      tasks.insert(task->name());
    }
  }
  EXPECT_EQ(tasks.size(), 8u);
  EXPECT_EQ(Counts(), "1/8/2");
  EXPECT_EQ(Get(office, committed->name())->SerializeAsString(), drawn->SerializeAsString());

  // An inspector from elsewhere finds the task among his own and does it.
  const v1::Draw::Inspector& sent = drawn->objects(0).inspectors(0);
  const std::string token = City().TokenOfPerson(*ParseResourceName("persons", sent.person()));
  v1::SubmitVisitRequest visit;
  visit.set_request_id(NewId());
  visit.set_parent(sent.patrol_task());
  visit.mutable_visit()->set_result(v1::Visit::NORMAL);
  *visit.mutable_visit()->mutable_event_time() = After(absl::ZeroDuration());
  const absl::StatusOr<v1::Visit> made =
      server.Call<v1::Visit>(token, "gridwarden.patrol.v1.PatrolService/SubmitVisit", visit);
  EXPECT_TRUE(made.ok()) << made.status();
}

TEST_F(DrawTest, TheJournalHoldsTheDigestsAndNoWordsOfPeople) {
  MakeSources(4);
  const v1::Draw draw = Commit();
  server.clock().Advance(absl::Hours(25));
  ASSERT_TRUE(Call<v1::Draw>(office, "RevealSeed", NewReveal(draw)).ok());
  const auto entry = [](int seq) {
    journal::v1::Entry found;
    found.ParseFromString(
        SharedDatabase().Ask(absl::StrCat("SELECT body FROM journal_stage WHERE subject IN (SELECT draw_id "
                                          "FROM patrol_draw) AND subject_seq = ",
                                          seq)));
    return found;
  };
  v1::DrawEvent committed, drawn;
  EXPECT_EQ(entry(1).kind(), "draw");
  ASSERT_TRUE(committed.ParseFromString(entry(1).event()));
  ASSERT_TRUE(drawn.ParseFromString(entry(2).event()));
  EXPECT_EQ(committed.after().commitment_digest(), draw.commitment_digest());
  EXPECT_EQ(drawn.after().commitment_digest(), draw.commitment_digest());
  EXPECT_EQ(drawn.after().outcome_digest(), Get(office, draw.name())->outcome_digest());
  EXPECT_EQ(entry(1).event().find("扬尘抽查"), std::string::npos);
  EXPECT_EQ(entry(2).event().find("公告"), std::string::npos);
}

// The seed is announced for tomorrow: not today, not a minute too early, then once.
TEST_F(DrawTest, ASeedIsTakenOnlyAfterItsTimeAndOnlyOnce) {
  MakeSources(4);
  const v1::Draw draw = Commit();
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "RevealSeed", NewReveal(draw)).status()), "SEED_NOT_YET");
  server.clock().Advance(absl::Hours(24) - absl::Minutes(1));
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "RevealSeed", NewReveal(draw)).status()), "SEED_NOT_YET");
  EXPECT_EQ(Counts(), "1/0/1");
  server.clock().Advance(absl::Minutes(1));
  const v1::RevealSeedRequest reveal = NewReveal(draw);
  const absl::StatusOr<v1::Draw> drawn = Call<v1::Draw>(office, "RevealSeed", reveal);
  ASSERT_TRUE(drawn.ok()) << drawn.status();
  const std::string counts = Counts();
  EXPECT_EQ(Call<v1::Draw>(office, "RevealSeed", reveal)->SerializeAsString(), drawn->SerializeAsString());
  v1::RevealSeedRequest other = reveal;
  other.mutable_seeds(0)->set_text("01 02 03 04 05 06 + 07");
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "RevealSeed", other).status()), "REQUEST_ID_REUSED");
  other.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "RevealSeed", other).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CancelDraw", NewCancel(draw)).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(Counts(), counts);
}

TEST_F(DrawTest, SourcesThatComeOrGoAfterTheCommitmentChangeNothing) {
  MakeSources(6);
  const v1::Draw draw = Commit();
  MakeSources(6);
  source::v1::SetSourceStateRequest close;
  close.set_request_id(NewId());
  close.set_name(sources[0]);
  close.set_state(source::v1::Source::CLOSED);
  close.set_reason("关闭");
  ASSERT_TRUE(
      server.Call<source::v1::Source>(office, "gridwarden.source.v1.SourceService/SetSourceState", close)
          .ok());
  server.clock().Advance(absl::Hours(25));
  ASSERT_TRUE(Call<v1::Draw>(office, "RevealSeed", NewReveal(draw)).ok());
  const domain::draw::Check check =
      domain::draw::VerifyJson(DrawHashes(), Export(office, draw.name())->bundle());
  EXPECT_EQ(check.verdict, Verdict::kTrue) << check.what;
  EXPECT_EQ(check.commitment.candidates.size(), 6u);
}

TEST_F(DrawTest, AConflictKeepsAnInspectorAwayAndTooManyAreRefusedByName) {
  MakeSources(4, "91350100M000100Y43");
  v1::CommitDrawRequest request = NewDraw();
  request.mutable_inspectors()->set_division(ResourceName("divisions", City().villages[0][0][0]));
  request.mutable_inspectors()->add_kinds(grid::v1::Post::PATROL_OFFICER);
  request.mutable_inspectors()->add_kinds(grid::v1::Post::GRID_LEADER);
  v1::CommitDrawRequest::Conflict& conflict = *request.add_conflicts();
  const std::string excluded =
      ResourceName("persons", City().PersonIn(PostKind::kPatrolOfficer, City().villages[0][0][0]));
  conflict.set_person(excluded);
  conflict.set_source(sources[1]);
  const absl::StatusOr<v1::Draw> draw = Call<v1::Draw>(office, "CommitDraw", request);
  ASSERT_TRUE(draw.ok()) << draw.status();
  EXPECT_EQ(draw->inspectors(), 3);
  EXPECT_EQ(draw->exclusions(), 1);
  // By the firm's code: the first site is its.
  v1::CommitDrawRequest of_firm = request;
  of_firm.set_request_id(NewId());
  of_firm.add_conflicts()->set_person(excluded);
  of_firm.mutable_conflicts(1)->set_credit_code("91350100M000100Y43");
  EXPECT_EQ(Call<v1::Draw>(office, "CommitDraw", of_firm)->exclusions(), 2);
  request.set_request_id(NewId());
  request.set_inspectors_per_object(3);
  const absl::Status lacking = Call<v1::Draw>(office, "CommitDraw", request).status();
  EXPECT_EQ(ReasonOf(lacking), "INSPECTORS_LACKING");
  EXPECT_EQ(FactsOf(lacking)->metadata.at("object"), "工地1");
  EXPECT_EQ(FactsOf(lacking)->metadata.at("count"), "2");
}

TEST_F(DrawTest, CommittingIsRefusedWithoutWhatADrawNeeds) {
  EXPECT_EQ(ReasonOfCommit([](auto&) {}), "DRAW_WITHOUT_CANDIDATES");
  MakeSources(3);
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.clear_title(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.clear_division(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.clear_seed_sources(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.clear_inspectors(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.set_title("一\n二"); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.set_division("999999"); }), "DIVISION_CODE_UNKNOWN");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.set_period_from("2026-13-01"); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([&](auto& r) { r.set_period_to(Day(2)); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([&](auto& r) {
              r.set_period_from("2020-01-01");
              r.set_period_to("2020-01-31");
            }),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.add_categories("NOTHING"); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.set_inspectors_per_object(6); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.add_classes()->set_stratum("NOTHING"); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.add_classes()->set_weight(101); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([&](auto& r) { r.add_classes()->add_sources("sources/" + NewId()); }),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([&](auto& r) {
              r.add_classes()->add_sources(sources[0]);
              r.add_classes()->add_sources(sources[0]);
            }),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.mutable_inspectors()->add_kinds(grid::v1::Post::DISCIPLINE); }),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([&](auto& r) {
              r.add_conflicts()->set_person("persons/" + NewId());
              r.mutable_conflicts(0)->set_source(sources[0]);
            }),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.add_conflicts()->set_person("x"); }), "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([&](auto& r) {
              *r.mutable_seed_sources(0)->mutable_available_time() = After(absl::Minutes(59));
            }),
            "SEED_ANNOUNCED_TOO_LATE");
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.mutable_seed_sources(0)->clear_available_time(); }),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) {
              *r.add_seed_sources() = r.seed_sources(0);
              *r.add_seed_sources() = r.seed_sources(0);
            }),
            "INVALID_FIELD");
  EXPECT_EQ(Counts(), "0/0/0");
}

TEST_F(DrawTest, CommittingIsForCampaignOfficesOfCountiesAndAboveInTheirOwnGround) {
  MakeSources(3);
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(leader, "CommitDraw", NewDraw()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(township_office, "CommitDraw", NewDraw()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(foreign_office, "CommitDraw", NewDraw()).status()), "NOT_ALLOWED");
  // Nor by inspectors from ground that is not one's own.
  v1::CommitDrawRequest elsewhere = NewDraw();
  elsewhere.mutable_inspectors()->set_division(ResourceName("divisions", City().counties[1]));
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CommitDraw", elsewhere).status()), "NOT_ALLOWED");
  EXPECT_TRUE(Call<v1::Draw>(city_office, "CommitDraw", elsewhere).ok());
}

TEST_F(DrawTest, TheSameCommitmentTwiceIsOneDraw) {
  MakeSources(3);
  v1::CommitDrawRequest request = NewDraw();
  const absl::StatusOr<v1::Draw> draw = Call<v1::Draw>(office, "CommitDraw", request);
  ASSERT_TRUE(draw.ok()) << draw.status();
  server.clock().Advance(absl::Hours(30));  // too late for a new one, not for the same again
  EXPECT_EQ(Call<v1::Draw>(office, "CommitDraw", request)->SerializeAsString(), draw->SerializeAsString());
  request.set_title("别的");
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CommitDraw", request).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(Counts(), "1/0/1");
}

TEST_F(DrawTest, RevealingIsRefusedToOthersElsewhereAndWithoutEverySeed) {
  MakeSources(3);
  const v1::Draw draw = Commit();
  server.clock().Advance(absl::Hours(25));
  for (const std::string& token : {leader, township_office, foreign_office})
    EXPECT_EQ(ReasonOf(Call<v1::Draw>(token, "RevealSeed", NewReveal(draw)).status()), "NOT_ALLOWED");
  const auto reason = [&](const std::function<void(v1::RevealSeedRequest&)>& change) {
    v1::RevealSeedRequest request = NewReveal(draw);
    change(request);
    return ReasonOf(Call<v1::Draw>(office, "RevealSeed", request).status());
  };
  EXPECT_EQ(reason([](auto& r) { r.clear_seeds(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason([](auto& r) { r.clear_name(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason([](auto& r) { *r.add_seeds() = r.seeds(0); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) { r.mutable_seeds(0)->set_text("1\n2"); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) { r.mutable_seeds(0)->clear_reference(); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) { r.set_etag("9"); }), "ETAG_MISMATCH");
  EXPECT_EQ(reason([&](auto& r) { r.set_name("draws/" + NewId()); }), "NOT_ALLOWED");
  EXPECT_EQ(Counts(), "1/0/1");
}

TEST_F(DrawTest, ACancelledDrawKeepsItsListsAndSaysWhy) {
  MakeSources(3);
  const v1::Draw draw = Commit();
  for (const std::string& token : {leader, township_office, foreign_office})
    EXPECT_EQ(ReasonOf(Call<v1::Draw>(token, "CancelDraw", NewCancel(draw)).status()), "NOT_ALLOWED");
  v1::CancelDrawRequest cancel = NewCancel(draw);
  cancel.clear_reason();
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CancelDraw", cancel).status()), "REQUIRED_FIELD_MISSING");
  cancel = NewCancel(draw);
  cancel.set_etag("9");
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CancelDraw", cancel).status()), "ETAG_MISMATCH");
  cancel.set_etag("1");
  const absl::StatusOr<v1::Draw> cancelled = Call<v1::Draw>(office, "CancelDraw", cancel);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_EQ(cancelled->state(), v1::Draw::CANCELLED);
  EXPECT_FALSE(cancelled->cancelled_after_seed());
  EXPECT_EQ(cancelled->commitment_digest(), draw.commitment_digest());
  EXPECT_EQ(Call<v1::Draw>(office, "CancelDraw", cancel)->SerializeAsString(),
            cancelled->SerializeAsString());
  cancel.set_reason("别的");
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CancelDraw", cancel).status()), "REQUEST_ID_REUSED");
  cancel.set_request_id(NewId());
  cancel.clear_etag();
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CancelDraw", cancel).status()), "ILLEGAL_TRANSITION");
  server.clock().Advance(absl::Hours(25));
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "RevealSeed", NewReveal(draw)).status()), "ILLEGAL_TRANSITION");
  const absl::StatusOr<v1::ExportDrawResponse> file = Export(office, draw.name());
  EXPECT_NE(file->page().find("检查人员名单有误"), std::string::npos);
  EXPECT_EQ(domain::draw::VerifyJson(DrawHashes(), file->bundle()).verdict, Verdict::kIncomplete);
}

// The server knows when a round of a beacon comes: nobody can call an old one a future one.
TEST_F(DrawTest, ARoundOfABeaconComesWhenItsNetworkSays) {
  MakeSources(3);
  const int64_t now_round = (absl::ToUnixSeconds(server.clock().Now()) - 1692803367) / 3 + 1;
  v1::CommitDrawRequest request = NewDraw();
  v1::Draw::SeedSource& seed = *request.mutable_seed_sources(0);
  seed.Clear();
  seed.set_beacon("DRAND_QUICKNET");
  seed.set_round(now_round);
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CommitDraw", request).status()), "SEED_ANNOUNCED_TOO_LATE");
  seed.set_round(now_round + 20 * 60 + 2);
  *seed.mutable_available_time() = After(absl::Hours(24));
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "CommitDraw", request).status()), "INVALID_FIELD");
  seed.clear_available_time();
  const absl::StatusOr<v1::Draw> draw = Call<v1::Draw>(office, "CommitDraw", request);
  ASSERT_TRUE(draw.ok()) << draw.status();
  EXPECT_NE(draw->seed_sources(0).description().find(absl::StrCat("第 ", seed.round(), " 轮")),
            std::string::npos);
  v1::RevealSeedRequest reveal = NewReveal(*draw);
  reveal.mutable_seeds(0)->set_text(std::string(64, 'a'));
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "RevealSeed", reveal).status()), "SEED_NOT_YET");
  server.clock().Advance(absl::Minutes(61));
  reveal.mutable_seeds(0)->set_text(std::string(64, 'A'));
  EXPECT_EQ(ReasonOf(Call<v1::Draw>(office, "RevealSeed", reveal).status()), "INVALID_FIELD");
  reveal.mutable_seeds(0)->set_text(std::string(64, 'a'));
  EXPECT_EQ(Call<v1::Draw>(office, "RevealSeed", reveal)->state(), v1::Draw::DRAWN);
  EXPECT_EQ(ReasonOfCommit([](auto& r) { r.mutable_seed_sources(0)->set_beacon("NOTHING"); }),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOfCommit([](auto& r) {
              r.mutable_seed_sources(0)->clear_available_time();
              r.mutable_seed_sources(0)->set_beacon("DRAND_DEFAULT");
            }),
            "INVALID_FIELD");
}

// Whoever knows the seed knows what would be drawn; giving up then must not look like giving up before.
TEST_F(DrawTest, ADrawCancelledWhenItsSeedWasPublicSaysSo) {
  MakeSources(3);
  const v1::Draw draw = Commit();
  server.clock().Advance(absl::Hours(24));
  const absl::StatusOr<v1::Draw> cancelled = Call<v1::Draw>(office, "CancelDraw", NewCancel(draw));
  ASSERT_TRUE(cancelled.ok()) << cancelled.status();
  EXPECT_TRUE(cancelled->cancelled_after_seed());
  EXPECT_NE(Export(office, draw.name())->page().find("取消时种子已经公布"), std::string::npos);
}

TEST_F(DrawTest, DrawsAreReadInScopeAndPagedByGroundAndTime) {
  MakeSources(3);
  std::vector<std::string> names;
  for (int i = 0; i < 3; ++i) {
    names.push_back(Commit().name());
    server.clock().Advance(absl::Minutes(1));
  }
  EXPECT_TRUE(Get(leader, names[0]).ok());
  EXPECT_EQ(ReasonOf(Get(foreign_office, names[0]).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Export(foreign_office, names[0]).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Get(township_office, names[0]).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Get(city_office, "draws/" + NewId()).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get(office, "").status()), "REQUIRED_FIELD_MISSING");
  v1::ListDrawsRequest list;
  list.set_page_size(2);
  const absl::StatusOr<v1::ListDrawsResponse> first =
      Call<v1::ListDrawsResponse>(city_office, "ListDraws", list);
  ASSERT_EQ(first->draws_size(), 2);
  list.set_page_token(first->next_page_token());
  const absl::StatusOr<v1::ListDrawsResponse> second =
      Call<v1::ListDrawsResponse>(city_office, "ListDraws", list);
  ASSERT_EQ(second->draws_size(), 1);
  EXPECT_TRUE(second->next_page_token().empty());
  EXPECT_EQ(first->draws(0).name(), names[0]);
  EXPECT_EQ(first->draws(1).name(), names[1]);
  EXPECT_EQ(second->draws(0).name(), names[2]);
  EXPECT_EQ(Call<v1::ListDrawsResponse>(foreign_office, "ListDraws", v1::ListDrawsRequest())->draws_size(),
            0);
}

}  // namespace
}  // namespace gridwarden::patrol
