// The world of the casework tests (casework_world.h). Named as a test so that it is built into the binary.
#include "service/casework/casework_world.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "casework/casework_service.h"
#include "casework/supervision_service.h"
#include "casework/timer_scheduler.h"
#include "casework/timestamps.h"
#include "domain/policy/application_rules.h"
#include "domain/policy/check_rules.h"
#include "domain/policy/duty_list.h"
#include "domain/policy/escalation_rules.h"
#include "domain/policy/policy_files.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "platform/journal/stage.h"
#include "support/reorganised_city.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using casework::v1::SubmitCheckRequest;
using casework::v1::SubmitRecheckRequest;
using domain::PostKind;

template <typename T>
T Must(absl::StatusOr<T> result, const char* what) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s: %s\n", what, result.status().ToString().c_str());
    std::abort();
  }
  return *std::move(result);
}

domain::Limit Hours(int hours) { return {domain::Calendar::kContinuous, absl::Hours(hours)}; }

domain::CaseType TypeOf(std::string category) {
  domain::CaseType type;
  type.category = std::move(category);
  type.limits = {.screen = Hours(2),
                 .onsite = Hours(8),
                 .dispatch = Hours(4),
                 .accept = Hours(4),
                 .handle = Hours(72),
                 .check = Hours(24),
                 .sign = Hours(24),
                 .total = Hours(240),
                 .rework_floor = absl::Hours(24)};
  type.rechecks = {absl::Hours(24 * 7)};
  type.postponement.cap = Hours(96);
  type.postponement.ratio_max = 50;
  type.postponement.ratio_from = 3;
  return type;
}

// Points near 114 east lie in the story's village; nothing lies elsewhere.
absl::StatusOr<grid::v1::LocatePointResponse> LocatePoint(const rpc::Call&,
                                                          const grid::v1::LocatePointRequest& request) {
  grid::v1::LocatePointResponse response;
  if (request.position().longitude() < 113 || request.position().longitude() > 115) return response;
  auto* candidate = response.add_candidates();
  candidate->set_division(ResourceName("divisions", City().villages[0][0][0]));
  candidate->set_confidence(0.9);
  return response;
}

// The staged entries as the feed: what the sequencer would give, in the order of commits.
journal::v1::ReadFeedResponse FeedOf(db::Database& database, uint64_t start) {
  journal::v1::ReadFeedResponse response;
  uint64_t index = 0;
  const absl::Status status = database.Run([&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    index = 0;
    return tx.QueryValues("SELECT body FROM journal_stage ORDER BY id", {}, [&](const db::Row& row) {
      if (index >= start) {
        auto* entry = response.add_entries();
        entry->set_index(index);
        entry->set_body(row.Text(0));
        entry->set_leaf(journal::LeafHash(row.Text(0)));
      }
      ++index;
    });
  });
  if (!status.ok()) std::abort();
  response.set_next_index(index);
  response.set_log_size(index);
  return response;
}

// The grid answers for everything on its ground, and the bureau of housing as well.
std::shared_ptr<const domain::DutyList> TestDutyList() {
  using domain::Level;
  using domain::PostKind;
  auto list = std::make_shared<domain::DutyList>();
  list->canonical = {{"住房和城乡建设局", "住房和城乡建设局"}};
  list->items.push_back(
      {.id = "D-GRID",
       .zh = "属地网格负责",
       .categories = {"*"},
       .lead = {.posts = {PostKind::kGridOfficer, PostKind::kGridLeader, PostKind::kPatrolOfficer},
                .levels = {Level::kCity, Level::kCounty, Level::kTownship, Level::kVillage}},
       .valid_from = "2017-01-01",
       .source = "test"});
  list->items.push_back({.id = "D-BUREAU",
                         .zh = "住建部门负责",
                         .categories = {"*"},
                         .lead = {.units = {"住房和城乡建设局"}},
                         .valid_from = "2017-01-01",
                         .source = "test"});
  return list;
}

// The real ladder: percents of the clocks above.
std::shared_ptr<const domain::EscalationRules> RealLadder() {
  std::ostringstream text;
  text << std::ifstream(SourceDir() + "/db/policy/escalation.json").rdbuf();
  auto json = Must(domain::ParseJson("escalation.json", text.str()), "escalation.json");
  json.erase("stop_work");  // names categories that this small policy does not have
  domain::Problem problem;
  domain::Policy policy;
  domain::ReadEscalation(domain::JsonValue(&json, "escalation.json#", &problem), policy);
  if (problem.found()) Must<int>(problem.ToStatus(), "escalation.json");
  auto rules = std::make_shared<domain::EscalationRules>(*policy.escalation);
  rules->stop_work.push_back({.categories = {"SITE"},
                              .within = absl::Hours(24 * 365),
                              .days = {7, 30, 90},
                              .restart_items = {"SITE_RESTART.SIX_MET"},
                              .source = "test"});
  return rules;
}

}  // namespace

std::shared_ptr<const domain::Policy> CaseworkPolicy() {
  static const auto policy = [] {
    auto made = std::make_shared<domain::Policy>();
    made->version = "test-1";
    made->duty_list = TestDutyList();
    made->escalation = RealLadder();
    made->calendar.working_minutes = {{510, 720}, {870, 1080}};
    for (const char* code : {"DUST", "SMALL_POLLUTER", "STRAW_BURNING", "WATCHED", "KILN", "CLUSTER",
                             "STORED", "SITE", "LOCAL"}) {
      made->categories[code] = {.code = code, .zh = code, .en = code};
    }
    domain::ChecklistItem power{
        .code = "POWER_CUT", .zh = "断电", .answer = "yes_no", .pass_when = "yes", .evidence = {"photo"}};
    domain::ChecklistItem fire{
        .code = "CONFIRMED", .zh = "现场确认", .answer = "yes_no", .pass_when = "record"};
    domain::ChecklistItem stored{.code = "STORED_ON_SITE",
                                 .zh = "原址存放",
                                 .answer = "yes_no",
                                 .pass_when = "record",
                                 .evidence = {"photo"}};
    domain::ChecklistItem until{.code = "STORED_UNTIL",
                                .zh = "原址存放期限",
                                .answer = "date",
                                .pass_when = "record",
                                .required_if = "STORED_ON_SITE=yes"};
    domain::ChecklistItem owner{.code = "OWNER", .zh = "业主", .answer = "text", .pass_when = "record"};
    made->checklists["CLOSURE"] = {.code = "CLOSURE", .zh = "销号", .items = {power, owner, stored, until}};
    domain::ChecklistItem six{.code = "SIX_MET",
                              .zh = "六个百分百全部达到",
                              .answer = "yes_no",
                              .pass_when = "yes",
                              .evidence = {"photo"}};
    made->checklists["SITE_RESTART"] = {.code = "SITE_RESTART", .zh = "开复工验收", .items = {six}};
    made->case_types["SITE"] = TypeOf("SITE");
    made->checklists["FIRE"] = {.code = "FIRE", .zh = "火点", .items = {fire}};
    made->case_types[""] = TypeOf("");
    made->case_types["DUST"] = TypeOf("DUST");
    domain::CaseType polluter = TypeOf("SMALL_POLLUTER");
    polluter.needs_disposition = true;
    polluter.closing_items["SHUT_DOWN"] = {"CLOSURE.POWER_CUT"};
    made->case_types["SMALL_POLLUTER"] = polluter;
    domain::CaseType watched = TypeOf("WATCHED");
    watched.rechecks = {absl::Hours(24 * 7), absl::Hours(24 * 30), absl::Hours(24 * 90)};
    made->case_types["WATCHED"] = watched;
    domain::CaseType kiln = TypeOf("KILN");
    kiln.stop_first = Hours(24);
    made->case_types["KILN"] = kiln;
    domain::CaseType cluster = TypeOf("CLUSTER");
    cluster.cosigners[""] = {"COOPERATING_UNITS", "COUNTY_CENTRE", "COUNTY_LEADER"};
    made->case_types["CLUSTER"] = cluster;
    domain::CaseType goods = TypeOf("STORED");
    goods.closing_items[""] = {"CLOSURE.POWER_CUT"};
    made->case_types["STORED"] = goods;
    made->case_types["LOCAL"] = TypeOf("LOCAL");
    made->case_types["LOCAL@990102"] = goods;
    domain::CaseType straw = TypeOf("STRAW_BURNING");
    straw.filing_items = {"FIRE.CONFIRMED=yes"};
    made->case_types["STRAW_BURNING"] = straw;
    made->categories["FIREWORKS"] = {.code = "FIREWORKS", .zh = "烟花爆竹", .en = "fireworks"};
    made->case_types["FIREWORKS"] = TypeOf("FIREWORKS");
    made->case_types["FIREWORKS"].postponement.allowed = false;
    made->case_types["FIREWORKS"].may_suspend = false;
    made->categories["NIGHT_WORK"] = {.code = "NIGHT_WORK", .zh = "夜间作业", .en = "night work"};
    made->case_types["NIGHT_WORK"] = TypeOf("NIGHT_WORK");
    made->case_types["NIGHT_WORK"].check_same_hours = true;
    made->reasons["POSTPONEMENT"] = {{.code = "WEATHER"}, {.code = "ENGINEERING"}};
    made->reasons["SUSPENSION"] = {{.code = "SEASON"}};
    made->reasons["FORCED_CLOSING"] = {{.code = "SUBJECT_GONE"}};
    made->reasons["VOIDING"] = {{.code = "WRONG_ENTRY"}};
    made->applications = std::make_shared<const domain::ApplicationRules>(
        domain::ApplicationRules{.voiding_ratio_max = 50, .voiding_from = 3});
    made->checks = std::make_shared<const domain::CheckRules>(
        domain::CheckRules{.alternation = 2, .position_slack_m = 300, .checks_position = true});
    return std::shared_ptr<const domain::Policy>(made);
  }();
  return policy;
}

std::shared_ptr<const domain::Ground> CityWithDoublePosts() {
  const domain::Ground& city = *City().ground;
  std::vector<domain::Tenure> tenures = city.tenures();
  std::set<Uuid> person_ids, unit_ids;
  for (const domain::Tenure& tenure : tenures) person_ids.insert(tenure.person);
  for (const domain::Post& post : city.posts()) {
    if (!post.unit.IsNil()) unit_ids.insert(post.unit);
  }
  std::vector<domain::Person> persons;
  for (const Uuid& id : person_ids) persons.push_back(*city.FindPerson(id));
  std::vector<domain::Unit> units;
  for (const Uuid& id : unit_ids) units.push_back(*city.FindUnit(id));
  const auto act_as = [&](const Uuid& person, const Uuid& division) {
    domain::Tenure tenure = tenures.front();
    tenure.id = Uuid::Derive(person, "acting");
    tenure.post = City().PostOf(PostKind::kGridLeader, division).id;
    tenure.person = person;
    tenure.kind = domain::TenureKind::kActing;
    tenures.push_back(tenure);
  };
  act_as(City().PersonIn(PostKind::kGridOfficer, City().villages[0][2][0]), City().city);
  act_as(City().PersonIn(PostKind::kSupervisionOfficer, City().villages[0][1][0]), City().counties[0]);
  return std::make_shared<const domain::Ground>(city.divisions(), city.posts(), tenures, persons, units);
}

CaseworkWorld::CaseworkWorld() : database_(std::make_unique<TestDatabase>()) { Serve(CityWithDoublePosts()); }

void CaseworkWorld::Serve(std::shared_ptr<const domain::Ground> ground) {
  const absl::Time now = server_ == nullptr ? absl::InfinitePast() : clock().Now();
  area_.reset();
  server_ = std::make_unique<TestServer>(
      database_->database(), std::make_unique<access::Directory>(std::move(ground), City().MakeAccess()),
      CaseworkPolicy());
  if (now != absl::InfinitePast()) clock().Set(now);
  server_->registry().Add<grid::v1::LocatePointRequest, grid::v1::LocatePointResponse>(
      "gridwarden.grid.v1.GridService/LocatePoint", LocatePoint);
  server_->registry().Add<journal::v1::ReadFeedRequest, journal::v1::ReadFeedResponse>(
      "gridwarden.journal.v1.JournalInternalService/ReadFeed",
      [this](const rpc::Call&,
             const journal::v1::ReadFeedRequest& request) -> absl::StatusOr<journal::v1::ReadFeedResponse> {
        return FeedOf(database_->database(), request.start_index());
      });
  server_->registry().Add<media::v1::ListMissingMediaRequest, media::v1::ListMissingMediaResponse>(
      "gridwarden.media.v1.MediaService/ListMissingMedia",
      [this](const rpc::Call&, const media::v1::ListMissingMediaRequest& request)
          -> absl::StatusOr<media::v1::ListMissingMediaResponse> {
        media::v1::ListMissingMediaResponse response;
        for (const std::string& sha256 : request.sha256s()) {
          if (lost_photos.contains(sha256)) response.add_sha256s(sha256);
        }
        return response;
      });
  server_->registry().Add<source::v1::CompareSourcesRequest, source::v1::CompareSourcesResponse>(
      "gridwarden.source.v1.SourceInternalService/CompareSources",
      [this](const rpc::Call&, const source::v1::CompareSourcesRequest& request)
          -> absl::StatusOr<source::v1::CompareSourcesResponse> {
        source::v1::CompareSourcesResponse response;
        for (const std::string& other : request.others()) {
          for (const source::v1::SourceLikeness& likeness : likenesses) {
            if (likeness.name() == other) *response.add_likenesses() = likeness;
          }
        }
        return response;
      });
  server_->Install(casework::Install);
  const AreaContext& context = server_->context();
  area_ = std::make_unique<casework::Casework>(
      casework::Casework{context.database, context.directory, context.policy, context.channel});
}

CaseworkWorld& World() {
  static CaseworkWorld* world = new CaseworkWorld();
  return *world;
}

void CaseworkWorld::Reorganise() {
  Serve(ReorganisedCity(*CityWithDoublePosts(), clock().Now()));
  reorganised_ = true;
}

void CaseworkWorld::Reset() {
  if (std::exchange(reorganised_, false)) Serve(CityWithDoublePosts());
  village = City().villages[0][0][0];
  township = City().townships[0][0];
  county = City().counties[0];
  database_->Clear();
  settled_ = 0;
  lost_photos.clear();
  likenesses.clear();
  clock().Set(absl::FromCivil(absl::CivilSecond(2026, 9, 1, 9, 0, 0), absl::FixedTimeZone(8 * 3600)));
}

std::vector<journal::FeedEntry> CaseworkWorld::Entries() {
  std::vector<journal::FeedEntry> entries;
  const journal::v1::ReadFeedResponse feed = FeedOf(database_->database(), 0);
  for (const auto& sequenced : feed.entries()) {
    journal::FeedEntry entry;
    entry.index = sequenced.index();
    entry.leaf = sequenced.leaf();
    if (!entry.entry.ParseFromString(sequenced.body())) std::abort();
    entries.push_back(std::move(entry));
  }
  return entries;
}

absl::Status CaseworkWorld::Fold(Act act, const journal::FeedEntry& entry) {
  const rpc::Call call = rpc::Call::System("feed", clock().Now());
  return database_->database().Run([&](db::Transaction& tx) { return act(area(), call, tx, entry); });
}

void CaseworkWorld::Settle() {
  for (std::vector<journal::FeedEntry> entries = Entries(); settled_ < entries.size(); entries = Entries()) {
    for (; settled_ < entries.size(); ++settled_) {
      for (Act act : {casework::AssignCheckOnFeedback, casework::MonitorOnClosing, casework::SignalOfVisit,
                      casework::SignalOfHotspot, casework::EscalateOnStep, casework::ActOnRung}) {
        const absl::Status folded = Fold(act, entries[settled_]);
        if (!folded.ok()) std::fprintf(stderr, "fold: %s\n", folded.ToString().c_str()), std::abort();
      }
    }
  }
}

int CaseworkWorld::FireTimers() {
  casework::TimerScheduler scheduler(std::make_shared<const casework::Casework>(area()), clock(),
                                     area().channel("journal"), false);
  return Must(scheduler.CatchUp(clock().Now()), "timers");
}

std::string CaseworkWorld::CheckerOf(const Case& file) const {
  const Uuid post = *ParseResourceName("posts", file.check_post());
  return City().TokenOfPerson(City().PersonIn(post));
}

std::string CaseworkWorld::NewId() { return Uuid::Make(absl::Now()).ToString(); }

std::string CaseworkWorld::Photo() { return absl::StrFormat("media/%064x", ++photos_); }

void CaseworkWorld::AddPhoto(type::v1::Evidence::Kind kind,
                             google::protobuf::RepeatedPtrField<type::v1::Evidence>* evidence) {
  auto* photo = evidence->Add();
  photo->set_media(Photo());
  photo->set_kind(kind);
}

casework::v1::SubmitSignalRequest CaseworkWorld::SignalRequest(std::string category) {
  casework::v1::SubmitSignalRequest request;
  request.set_request_id(NewId());
  Signal& signal = *request.mutable_signal();
  signal.set_channel(Signal::PATROL);
  signal.set_category(std::move(category));
  signal.set_division(ResourceName("divisions", village));
  signal.set_description("院内露天喷漆，户主王某");
  *signal.mutable_event_time() = casework::ToTimestamp(clock().Now() - absl::Minutes(10));
  AddPhoto(type::v1::Evidence::NEAR, signal.mutable_evidence());
  AddPhoto(type::v1::Evidence::FAR, signal.mutable_evidence());
  return request;
}

casework::v1::SubmitSignalRequest CaseworkWorld::LeadRequest(std::string category) {
  casework::v1::SubmitSignalRequest request = SignalRequest(std::move(category));
  request.mutable_signal()->set_channel(Signal::HOTLINE);
  request.mutable_signal()->clear_evidence();
  return request;
}

casework::v1::FileCaseRequest CaseworkWorld::FileRequest(const std::string& signal) {
  casework::v1::FileCaseRequest request;
  request.set_request_id(NewId());
  request.set_signal(signal);
  return request;
}

casework::v1::DispatchCaseRequest CaseworkWorld::DispatchRequest(const std::string& name) {
  casework::v1::DispatchCaseRequest request;
  request.set_request_id(NewId());
  request.set_name(name);
  request.set_handler(FixerPost());
  return request;
}

casework::v1::AcceptCaseRequest CaseworkWorld::AcceptRequest(const std::string& name) {
  casework::v1::AcceptCaseRequest request;
  request.set_request_id(NewId());
  request.set_name(name);
  return request;
}

casework::v1::SubmitFeedbackRequest CaseworkWorld::FeedbackRequest(const std::string& name) {
  casework::v1::SubmitFeedbackRequest request;
  request.set_request_id(NewId());
  request.set_name(name);
  AddPhoto(type::v1::Evidence::BEFORE, request.mutable_evidence());
  AddPhoto(type::v1::Evidence::AFTER, request.mutable_evidence());
  *request.mutable_event_time() = casework::ToTimestamp(clock().Now());
  return request;
}

SubmitCheckRequest CaseworkWorld::CheckRequest(const std::string& name, SubmitCheckRequest::Result result) {
  SubmitCheckRequest request;
  request.set_request_id(NewId());
  request.set_name(name);
  request.set_result(result);
  request.set_note("现场查看");
  AddPhoto(result == SubmitCheckRequest::FAIL ? type::v1::Evidence::REMAINS : type::v1::Evidence::AFTER,
           request.mutable_evidence());
  *request.mutable_event_time() = casework::ToTimestamp(clock().Now());
  return request;
}

casework::v1::SignOffRequest CaseworkWorld::SignRequest(const std::string& name, bool sign) {
  casework::v1::SignOffRequest request;
  request.set_request_id(NewId());
  request.set_name(name);
  request.set_sign(sign);
  if (!sign) request.set_reason("照片看不清");
  return request;
}

SubmitRecheckRequest CaseworkWorld::RecheckRequest(const std::string& name,
                                                   SubmitRecheckRequest::Result result) {
  SubmitRecheckRequest request;
  request.set_request_id(NewId());
  request.set_name(name);
  request.set_result(result);
  request.set_note("回头看");
  // Only a rebound may be told before the recheck is due.
  const Case watched = Get(name);
  if (result != SubmitRecheckRequest::REBOUNDED && watched.has_recheck_time()) {
    clock().Set(std::max(clock().Now(), casework::FromTimestamp(watched.recheck_time())));
  }
  AddPhoto(type::v1::Evidence::NEAR, request.mutable_evidence());
  *request.mutable_event_time() = casework::ToTimestamp(clock().Now());
  return request;
}

Signal CaseworkWorld::NewSignal(const std::string& category) {
  return Must(Call<Signal>(Patrol(), "SubmitSignal", SignalRequest(category)), "SubmitSignal");
}

Signal CaseworkWorld::NewLead(const std::string& category) {
  return Must(Call<Signal>(Dispatcher(), "SubmitSignal", LeadRequest(category)), "SubmitSignal of a lead");
}

Case CaseworkWorld::Get(const std::string& name) {
  casework::v1::GetCaseRequest request;
  request.set_name(name);
  return Must(Call<Case>(Dispatcher(), "GetCase", request), "GetCase");
}

Case CaseworkWorld::CaseIn(Case::State state, const std::string& category) {
  return CaseOf(SignalRequest(category), state);
}

Case CaseworkWorld::CaseOf(const casework::v1::SubmitSignalRequest& find, Case::State state) {
  const Signal signal = Must(Call<Signal>(Patrol(), "SubmitSignal", find), "SubmitSignal");
  Case file = Must(Call<Case>(Dispatcher(), "FileCase", FileRequest(signal.name())), "FileCase");
  const std::string name = file.name();
  const auto reached = [&] { return file.state() == state; };
  if (!reached())
    file = Must(Call<Case>(Dispatcher(), "DispatchCase", DispatchRequest(name)), "DispatchCase");
  if (!reached()) file = Must(Call<Case>(Fixer(), "AcceptCase", AcceptRequest(name)), "AcceptCase");
  if (!reached()) file = Must(Call<Case>(Fixer(), "SubmitFeedback", FeedbackRequest(name)), "SubmitFeedback");
  if (!reached()) Settle(), file = Get(name);
  if (!reached()) {
    file = Must(Call<Case>(CheckerOf(file), "SubmitCheck", CheckRequest(name, SubmitCheckRequest::PASS)),
                "SubmitCheck");
  }
  if (!reached()) file = Must(Call<Case>(Leader(), "SignOff", SignRequest(name)), "SignOff");
  if (!reached()) Settle(), file = Get(name);
  if (!reached())
    std::fprintf(stderr, "%s is %s\n", name.c_str(), Case::State_Name(file.state()).c_str()), std::abort();
  return file;
}

}  // namespace gridwarden::testing
