#include "notify/notices_of_feed.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "domain/notice/recipients.h"
#include "domain/workflow/closing.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/casework/v1/rung_event.pb.h"
#include "gridwarden/casework/v1/supervision_service.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"

namespace gridwarden::notify {
namespace {

using casework::v1::Application;
using casework::v1::Case;
using casework::v1::CaseEvent;
using casework::v1::Rung;
using casework::v1::SignalEvent;
using casework::v1::SupervisionEvent;
using domain::Level;
using domain::PostKind;

// A return that is the county's to decide (T8).
constexpr int kReturnsOfTownship = 1;

Uuid IdOf(std::string_view collection, const std::string& name) {
  return ParseResourceName(collection, name).value_or(Uuid());
}

void Add(const Uuid& id, std::vector<Uuid>& ids) {
  if (!id.IsNil() && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

void AddAll(const std::vector<Uuid>& more, std::vector<Uuid>& ids) {
  for (const Uuid& id : more) Add(id, ids);
}

// Clocks of 24 hours a day: straw and open burning.
bool IsRoundTheClock(const domain::Policy& policy, const std::string& category) {
  return policy.TypeOf(category).limits.screen.calendar == domain::Calendar::kContinuous;
}

// One entry that is being read.
struct Reader {
  const domain::Ground& ground;
  const domain::Policy& policy;
  absl::Time at;  // when the server took it in
  Reading reading;

  // units/{uuid} or posts/{uuid}. A unit whose posts are all vacant has nobody to be told.
  std::vector<Uuid> Handler(const std::string& name) {
    const Uuid unit = name.starts_with("units/") ? IdOf("units", name) : Uuid();
    if (unit.IsNil()) return {IdOf("posts", name)};
    if (ground.FindUnit(unit) == nullptr) reading.names_unknown = true;
    return domain::HeldPostsOf(ground, unit, at);
  }
  std::vector<Uuid> Centre(const Uuid& division, Level top, Level bottom) const {
    return domain::NearestPosts(ground, division, {PostKind::kCampaignOffice}, at, top, bottom);
  }
  std::vector<Uuid> Dispatchers(const Uuid& division) const {
    return Centre(division, Level::kProvince, Level::kGroup);
  }
  std::vector<Uuid> CountyCentre(const Uuid& division) const {
    return Centre(division, Level::kProvince, Level::kCounty);
  }
  std::vector<Uuid> Leaders(const Uuid& division, Level top, Level bottom) const {
    return domain::NearestPosts(ground, division, {PostKind::kGridLeader, PostKind::kFirstGridLeader}, at,
                                top, bottom);
  }

  // Who sits in a seat of an application or a joint review. `applicant`: the post in which it was asked for.
  std::vector<Uuid> Seat(const std::string& seat, const Uuid& division, const Uuid& applicant = Uuid()) {
    if (seat.starts_with("units/") || seat.starts_with("posts/")) return Handler(seat);
    if (seat == "SHIFT_LEADER") return Centre(division, Level::kProvince, Level::kTownship);
    if (seat == "DISPATCH_HEAD") return Dispatchers(division);
    if (seat == "COUNTY_LEADER") return Leaders(division, Level::kProvince, Level::kCounty);
    std::vector<Uuid> posts;
    if (seat == "OTHER_UNIT") {
      posts = Centre(division, Level::kProvince, LevelAbove(applicant));
    } else {
      posts = CountyCentre(division);
    }
    if (seat == "CENTRE_LEADER") AddAll(Leaders(division, Level::kProvince, Level::kCounty), posts);
    return posts;
  }
  // The county, or the level above the division of a post that stands there or higher.
  Level LevelAbove(const Uuid& post) const {
    const domain::Post* known = ground.FindPost(post);
    const domain::Division* division =
        known == nullptr ? nullptr : ground.FindDivision(ground.DivisionOf(*known));
    if (division == nullptr || division->level > Level::kCounty) return Level::kCounty;
    return division->level == Level::kCounty ? Level::kCity : Level::kProvince;
  }

  Told& Tell(std::string_view kind, const std::string& subject, const std::string& category,
             const std::string& division) {
    Told told;
    told.kind = std::string(kind);
    told.subject = subject;
    told.facts.set_category(category);
    told.facts.set_division(division);
    told.round_the_clock = IsRoundTheClock(policy, category);
    reading.told.push_back(std::move(told));
    return reading.told.back();
  }

  void ReadSignal(const journal::FeedEntry& entry, const SignalEvent& event);
  void ReadCase(const journal::FeedEntry& entry, const CaseEvent& event);
  void ReadPass(const journal::FeedEntry& entry, const Case& about);
  void ReadApplication(const CaseEvent& event, const Uuid& division);
  void ReadTask(const patrol::v1::PatrolTaskEvent& event);
  void ReadRung(const Rung& rung);
  void ReadVacancy(const casework::v1::VacancyFinding& finding);
  void ReadOrder(const SupervisionEvent& event);

  Told& TellOfCase(std::string_view kind, const Case& about) {
    Told& told = Tell(kind, about.name(), about.category(), about.division());
    told.facts.set_case_no(about.case_no());
    if (about.has_due_time()) *told.facts.mutable_due_time() = about.due_time();
    return told;
  }
};

Uuid ActorPerson(const journal::FeedEntry& entry) {
  return Uuid::FromBytes(entry.entry.actor().person()).value_or(Uuid());
}

Uuid ActorPost(const journal::FeedEntry& entry) {
  return Uuid::FromBytes(entry.entry.actor().post()).value_or(Uuid());
}

void Reader::ReadSignal(const journal::FeedEntry& entry, const SignalEvent& event) {
  const casework::v1::Signal& signal = event.after();
  const auto tell = [&](std::string_view kind) -> Told& {
    Told& told = Tell(kind, signal.name(), signal.category(), signal.division());
    if (signal.has_due_time()) *told.facts.mutable_due_time() = signal.due_time();
    told.facts.set_code(event.reason());
    return told;
  };
  const Uuid finder = IdOf("persons", signal.finder());
  switch (event.action()) {
    case casework::v1::SUBMIT:
      // Only who found it in our service: an outside reporter is sealed elsewhere.
      if (!finder.IsNil()) reading.origins.push_back({entry.subject(), finder, ActorPost(entry)});
      if (IsRoundTheClock(policy, signal.category()))
        tell("SIGNAL_PRESSING").duty_of = IdOf("divisions", signal.division());
      break;
    case casework::v1::REQUEST_ONSITE_CHECK:
      Add(IdOf("posts", signal.onsite_check().post()), tell("ONSITE_CHECK_ASKED").posts);
      break;
    case casework::v1::REJECT:
      Add(finder, tell("SIGNAL_REJECTED").persons);
      break;
    case casework::v1::MERGE:
      Add(finder, tell("SIGNAL_MERGED").persons);
      break;
    default:
      break;
  }
}

// What is decided, or waits to be. An act that an application led to says that it was approved.
void Reader::ReadApplication(const CaseEvent& event, const Uuid& division) {
  const Application& application = event.application();
  if (application.name().empty()) return;
  const auto code = Application::Kind_Name(application.kind());
  const auto state = application.state();
  if (state == Application::PENDING &&
      (event.action() == casework::v1::APPLY || event.action() == casework::v1::DECIDE)) {
    Told& told = TellOfCase("APPLICATION_WAITING", event.after());
    told.facts.set_code(code);
    for (const std::string& seat : application.seats()) {
      const bool taken = std::any_of(application.decisions().begin(), application.decisions().end(),
                                     [&](const auto& decision) { return decision.seat() == seat; });
      if (!taken) AddAll(Seat(seat, division, IdOf("posts", application.applicant().post())), told.posts);
    }
    return;
  }
  if (state != Application::APPROVED && state != Application::REFUSED && state != Application::LAPSED) return;
  Told& told = TellOfCase("APPLICATION_DECIDED", event.after());
  told.facts.set_code(Application::State_Name(state));
  Add(IdOf("persons", application.applicant().person()), told.persons);
}

void Reader::ReadCase(const journal::FeedEntry& entry, const CaseEvent& event) {
  const Case& about = event.after();
  const Uuid division = IdOf("divisions", about.division());
  ReadApplication(event, division);
  switch (event.action()) {
    case casework::v1::FILE:
      if (!ActorPerson(entry).IsNil())
        reading.origins.push_back({entry.subject(), ActorPerson(entry), ActorPost(entry)});
      break;
    case casework::v1::DISPATCH: {
      Told& told = TellOfCase("CASE_ASSIGNED", about);
      AddAll(Handler(about.handler()), told.posts);
      for (const std::string& unit : about.cooperators()) AddAll(Handler(unit), told.posts);
      break;
    }
    case casework::v1::RETURN: {
      Told& told = TellOfCase("CASE_RETURNED", about);
      AddAll(about.return_count() > kReturnsOfTownship ? CountyCentre(division) : Dispatchers(division),
             told.posts);
      if (told.round_the_clock) told.duty_of = division;
      break;
    }
    case casework::v1::REWORK:
      AddAll(Handler(about.handler()), TellOfCase("CASE_REWORK", about).posts);
      break;
    case casework::v1::ASSIGN_CHECK:
      Add(IdOf("posts", about.check_post()), TellOfCase("CHECK_ASSIGNED", about).posts);
      break;
    case casework::v1::PASS:
      ReadPass(entry, about);
      break;
    case casework::v1::REFUSE_SIGN: {
      Told& told = TellOfCase("SIGNATURE_REFUSED", about);
      Add(IdOf("posts", about.check_post()), told.posts);
      if (told.posts.empty()) AddAll(Dispatchers(division), told.posts);
      break;
    }
    case casework::v1::DISPUTE: {
      Told& told = TellOfCase("CASE_DISPUTED", about);
      AddAll(Handler(about.handler()), told.posts);
      AddAll(CountyCentre(division), told.posts);
      break;
    }
    case casework::v1::VOID: {
      Told& told = TellOfCase("CASE_VOIDED", about);
      AddAll(Handler(about.handler()), told.posts);
      for (const std::string& unit : about.cooperators()) AddAll(Handler(unit), told.posts);
      Add(IdOf("posts", about.check_post()), told.posts);
      told.origins = {entry.subject()};
      break;
    }
    case casework::v1::SIGN:
    case casework::v1::FORCE_CLOSE: {
      Told& told = TellOfCase("CASE_CLOSED", about);
      told.origins = {entry.subject()};
      for (const std::string& signal : about.signals()) Add(IdOf("signals", signal), told.origins);
      AddAll(Leaders(division, Level::kProvince, Level::kGroup), told.posts);
      break;
    }
    case casework::v1::RECHECK_REBOUNDED:
    case casework::v1::CONTRADICT: {
      Told& told = TellOfCase("CASE_REBOUNDED", about);
      AddAll(Handler(about.handler()), told.posts);
      AddAll(Dispatchers(division), told.posts);
      break;
    }
    default:
      break;
  }
}

// Whoever signs (T17), and the seats of the joint review.
void Reader::ReadPass(const journal::FeedEntry& entry, const Case& about) {
  const Uuid division = IdOf("divisions", about.division());
  const domain::CaseType& type = policy.TypeOf(about.category());
  const auto disposition = static_cast<domain::Disposition>(about.disposition());
  const domain::SigningRule rule =
      domain::SigningOf(type, {.disposition = disposition,
                               .rework_count = about.rework_count(),
                               .disputed = about.disputed() && !about.has_reclose_time(),
                               .listed = about.listed()});
  Told& told = TellOfCase("SIGNATURE_WANTED", about);
  if (rule.county_centre) {
    AddAll(Centre(division, Level::kProvince, rule.one_level_up ? Level::kCity : Level::kCounty), told.posts);
  } else {
    told.filed_as = {entry.subject()};
    Add(IdOf("cases", about.chain()), told.filed_as);
    told.leader_of = division;
    told.one_level_up = rule.one_level_up;
  }
  const std::vector<std::string> units(about.cooperators().begin(), about.cooperators().end());
  for (const std::string& seat : domain::CosignSeats(type, disposition, units, rule))
    AddAll(Seat(seat, division), told.posts);
}

void Reader::ReadTask(const patrol::v1::PatrolTaskEvent& event) {
  const patrol::v1::PatrolTask& task = event.after();
  const auto tell = [&](std::string_view kind) {
    Told& told = Tell(kind, task.name(), task.category(), task.division());
    if (task.has_due_time()) *told.facts.mutable_due_time() = task.due_time();
    Add(IdOf("posts", task.post()), told.posts);
    told.round_the_clock = false;  // a round is planned work, whatever it looks for
  };
  if (event.action() == patrol::v1::MISS) tell("PATROL_MISSED");
  // The rounds of a plan stand in everybody's list of tasks: a notice for each would be dozens a day.
  const bool planned = event.action() == patrol::v1::CREATE && !task.rule().empty();
  if ((event.action() == patrol::v1::CREATE || event.action() == patrol::v1::ASSIGN) && !planned &&
      !task.post().empty())
    tell("PATROL_ISSUED");
}

void Reader::ReadRung(const Rung& rung) {
  if (rung.clock_ended() || rung.level() == Rung::LEVEL_UNSPECIFIED) return;
  const bool ladder = rung.level() >= Rung::R3;
  Told& told = Tell(ladder                     ? "ESCALATED"
                    : rung.level() == Rung::R2 ? "OVERDUE"
                                               : "DUE_SOON",
                    rung.subject(), rung.category(), rung.division());
  told.facts.set_case_no(rung.case_no());
  told.facts.set_code(ladder ? Rung::Level_Name(rung.level()) : rung.clock());
  if (rung.has_due_time()) *told.facts.mutable_due_time() = rung.due_time();
  for (const Rung::Recipient& recipient : rung.recipients()) {
    // A post before the person in it: who takes it over finds what is open.
    if (!recipient.post().empty())
      Add(IdOf("posts", recipient.post()), told.posts);
    else
      Add(IdOf("persons", recipient.person()), told.persons);
  }
  if (told.round_the_clock) told.duty_of = IdOf("divisions", rung.division());
}

void Reader::ReadVacancy(const casework::v1::VacancyFinding& finding) {
  if (finding.end() != casework::v1::VacancyFinding::END_UNSPECIFIED) return;
  Told& told = Tell("VACANCY", finding.name(), "", finding.division());
  told.round_the_clock = false;
  told.facts.set_post(finding.post());
  AddAll(CountyCentre(IdOf("divisions", finding.division())), told.posts);
}

// Whoever has to answer is told of the order; whoever gave it, of what waits for him.
void Reader::ReadOrder(const SupervisionEvent& event) {
  const casework::v1::SupervisionOrder& order = event.after();
  const auto tell = [&](std::string_view kind) -> Told& {
    Told& told = Tell(kind, order.name(), "", order.division());
    told.round_the_clock = false;
    told.facts.set_code(casework::v1::SupervisionOrder::Kind_Name(order.kind()));
    if (order.has_reply_due_time()) *told.facts.mutable_due_time() = order.reply_due_time();
    return told;
  };
  switch (event.act()) {
    case SupervisionEvent::ISSUE:
    case SupervisionEvent::REFUSE: {
      Told& told = tell("ORDER_GIVEN");
      AddAll(Handler(order.addressee()), told.posts);
      Add(IdOf("posts", order.post_in_charge()), told.posts);
      break;
    }
    case SupervisionEvent::PROPOSE:
    case SupervisionEvent::REPLY:
    case SupervisionEvent::APPLY_EXTENSION: {
      Told& told = tell("ORDER_WAITING");
      Add(IdOf("posts", order.issuer().post()), told.posts);
      if (told.posts.empty()) AddAll(CountyCentre(IdOf("divisions", order.division())), told.posts);
      break;
    }
    case SupervisionEvent::LIFT:
      AddAll(Handler(order.addressee()), tell("ORDER_LIFTED").posts);
      break;
    default:
      break;
  }
}

}  // namespace

std::vector<std::string> KindsOfFeed() {
  return {"signal.transition", "case.transition", "patrol_task", "rung", "vacancy", "supervision.transition"};
}

std::vector<std::string> KindsOfNotices() {
  return {"CASE_ASSIGNED",
          "CHECK_ASSIGNED",
          "CASE_RETURNED",
          "CASE_REWORK",
          "SIGNATURE_WANTED",
          "SIGNATURE_REFUSED",
          "CASE_DISPUTED",
          "CASE_VOIDED",
          "CASE_CLOSED",
          "CASE_REBOUNDED",
          "APPLICATION_WAITING",
          "APPLICATION_DECIDED",
          "ONSITE_CHECK_ASKED",
          "SIGNAL_PRESSING",
          "SIGNAL_REJECTED",
          "SIGNAL_MERGED",
          "PATROL_ISSUED",
          "PATROL_MISSED",
          "DUE_SOON",
          "OVERDUE",
          "ESCALATED",
          "VACANCY",
          "ORDER_GIVEN",
          "ORDER_WAITING",
          "ORDER_LIFTED",
          "DIGEST"};
}

Reading ReadEntry(const domain::Ground& ground, const domain::Policy& policy,
                  const journal::FeedEntry& entry) {
  Reader reader{ground, policy, entry.received(), {}};
  const std::string& kind = entry.entry.kind();
  if (kind == "signal.transition") {
    SignalEvent event;
    if (entry.ReadEvent(&event)) reader.ReadSignal(entry, event);
  } else if (kind == "case.transition") {
    CaseEvent event;
    if (entry.ReadEvent(&event)) reader.ReadCase(entry, event);
  } else if (kind == "patrol_task") {
    patrol::v1::PatrolTaskEvent event;
    if (entry.ReadEvent(&event)) reader.ReadTask(event);
  } else if (kind == "rung") {
    casework::v1::RungEvent event;
    if (entry.ReadEvent(&event)) reader.ReadRung(event.rung());
  } else if (kind == "vacancy") {
    casework::v1::VacancyEvent event;
    if (entry.ReadEvent(&event)) reader.ReadVacancy(event.finding());
  } else if (kind == "supervision.transition") {
    SupervisionEvent event;
    if (entry.ReadEvent(&event)) reader.ReadOrder(event);
  }
  for (const Told& told : reader.reading.told) {
    const Uuid division = IdOf("divisions", told.facts.division());
    reader.reading.names_unknown |= (!division.IsNil() && ground.FindDivision(division) == nullptr) ||
                                    std::any_of(told.posts.begin(), told.posts.end(), [&](const Uuid& post) {
                                      return ground.FindPost(post) == nullptr;
                                    });
  }
  return std::move(reader.reading);
}

}  // namespace gridwarden::notify
