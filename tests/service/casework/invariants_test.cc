// W9 over thousands of real rpcs on the real database: people in three places work on cases in any disorder,
// tell late, postpone, suspend, hand over, dispute and see things come back, while the ground is reorganised
// under them. Then every device sends its log again, twice, and in other orders that keep its own sequence.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "casework/timestamps.h"
#include "domain/workflow/case_workflow.h"
#include "gridwarden/casework/v1/application_service.pb.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "platform/journal/stage.h"
#include "platform/rpc/channel.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

namespace v1 = casework::v1;
using domain::PostKind;
using v1::Case;
using v1::Signal;

constexpr int kCommands = 1500;

// Something a device sent and the server took.
struct Sent {
  std::string method, token, body, answer;
};

class W9 : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();
  std::mt19937_64 random{20261122};
  std::map<std::string, std::vector<Sent>> devices;  // by token: one device a person
  std::vector<Sent> all;
  std::map<std::string, int> taken, refused;
  int denied = 0;     // of those sent again
  int intervals = 0;  // finds whose time was not known to the minute
  std::map<Uuid, std::string> interval_of;
  std::vector<std::string> cases;
  std::map<std::string, size_t> place_of;  // by case
  bool moved = false;
  absl::Time reformed;
  int64_t settled = 0;  // id of the last staged entry that the system has acted on
  struct Place {
    Uuid village, township;
  };
  const std::vector<Place> places = {{City().villages[0][0][0], City().townships[0][0]},
                                     {City().villages[0][1][1], City().townships[0][1]},
                                     {City().villages[0][2][1], City().townships[0][2]}};

  int Pick(int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); }

  void StandAt(size_t place) {
    world.village = places[place].village;
    world.township = places[place].township;
  }

  absl::StatusOr<std::string> Raw(const std::string& token, const std::string& method,
                                  const std::string& body) {
    rpc::Envelope envelope;
    envelope.method = method;
    envelope.body = body;
    envelope.token = token;
    envelope.deadline = absl::Now() + absl::Seconds(30);
    return world.server().channel().Send(envelope);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Send(const std::string& token, const std::string& method, const Request& request) {
    const std::string name = "gridwarden.casework.v1." + method;
    const std::string body = request.SerializeAsString();
    const auto answer = Raw(token, name, body);
    if (!answer.ok()) {
      ++refused[ReasonOf(answer.status())];
      EXPECT_NE(answer.status().code(), absl::StatusCode::kInternal) << method << " " << answer.status();
      return answer.status();
    }
    ++taken[method];
    all.push_back({name, token, body, *answer});
    devices[token].push_back(all.back());
    Response response;
    EXPECT_TRUE(response.ParseFromString(*answer));
    return response;
  }

  template <typename Request>
  Request Named(const std::string& name) {
    Request request;
    request.set_request_id(world.NewId());
    request.set_name(name);
    return request;
  }

  // Lets the system act on what was staged since; the whole feed need not be read for that again.
  void Settle() {
    for (bool more = true; more;) {
      std::vector<journal::FeedEntry> entries;
      const std::vector<db::Value> after{settled};
      const absl::Status read = world.database().database().Run([&](db::Transaction& tx) -> absl::Status {
        entries.clear();
        return tx.QueryValues("SELECT id, body FROM journal_stage WHERE id > ? ORDER BY id", after,
                              [&](const db::Row& row) {
                                journal::FeedEntry& entry = entries.emplace_back();
                                entry.index = static_cast<uint64_t>(row.Int(0));
                                entry.leaf = journal::LeafHash(row.Text(1));
                                entry.entry.ParseFromString(row.Text(1));
                              });
      });
      ASSERT_TRUE(read.ok()) << read;
      more = !entries.empty();
      for (const journal::FeedEntry& entry : entries) {
        for (CaseworkWorld::Act act : {casework::AssignCheckOnFeedback, casework::MonitorOnClosing}) {
          const absl::Status folded = world.Fold(act, entry);
          ASSERT_TRUE(folded.ok()) << folded;
        }
        settled = static_cast<int64_t>(entry.index);
      }
    }
  }

  // What happened on the ground is often told hours later, and not always to the minute.
  template <typename Request>
  void TellLate(Request& request) {
    if (Pick(2) == 0) return;
    const absl::Time told = world.clock().Now() - absl::Minutes(Pick(240));
    *request.mutable_event_time() = casework::ToTimestamp(told);
    if (Pick(3) == 0)
      *request.mutable_earliest_time() = casework::ToTimestamp(told - absl::Minutes(Pick(30)));
  }

  // A late time that the case does not allow is corrected once.
  template <typename Request>
  void Report(const std::string& token, const std::string& method, Request request) {
    TellLate(request);
    if (Send<Case>(token, method, request).ok()) return;
    request.set_request_id(world.NewId());
    *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
    request.clear_earliest_time();
    (void)Send<Case>(token, method, request);
  }

  void NewCase() {
    const size_t place = static_cast<size_t>(Pick(static_cast<int>(places.size())));
    StandAt(place);
    auto find = world.SignalRequest("DUST");
    TellLate(*find.mutable_signal());
    const auto signal = Send<v1::Signal>(world.Patrol(), "CaseworkService/SubmitSignal", find);
    if (!signal.ok()) return;
    const auto filed =
        Send<Case>(world.Dispatcher(), "CaseworkService/FileCase", world.FileRequest(signal->name()));
    if (!filed.ok()) return;
    cases.push_back(filed->name());
    place_of[filed->name()] = place;
  }

  void Decide(const std::vector<std::string>& tokens, const absl::StatusOr<v1::Application>& application) {
    if (!application.ok()) return;
    auto request = Named<v1::DecideApplicationRequest>(application->name());
    request.set_agrees(Pick(4) > 0);
    if (!request.agrees()) request.set_reason("理由不充分");
    for (const std::string& token : tokens) {
      request.set_request_id(world.NewId());
      (void)Send<v1::Application>(token, "ApplicationService/DecideApplication", request);
    }
  }

  void Handle(const std::string& name) {
    const std::string fixer = world.Fixer();
    switch (Pick(9)) {
      case 0: {
        auto request = Named<v1::RequestPostponementRequest>(name);
        request.set_reason_code("WEATHER");
        request.set_statement("连续阴雨");
        request.mutable_extend()->set_calendar(v1::Limit::CONTINUOUS);
        request.mutable_extend()->mutable_span()->set_seconds((1 + Pick(24)) * 3600);
        return Decide({world.Dispatcher()},
                      Send<v1::Application>(fixer, "ApplicationService/RequestPostponement", request));
      }
      case 1: {
        auto request = Named<v1::RequestSuspensionRequest>(name);
        request.set_reason_code("SEASON");
        request.set_end_condition("开春解冻");
        request.set_plan("四月复工整改");
        request.set_interim_control("覆盖并每周巡查");
        request.set_post(world.FixerPost());
        return Decide({world.CountyOffice()},
                      Send<v1::Application>(fixer, "ApplicationService/RequestSuspension", request));
      }
      case 2: {
        if (Pick(2) == 0) return;
        auto request = Named<v1::TransferCaseRequest>(name);
        request.set_kind(v1::Transfer::POLICE);
        request.set_receiver_display_name("县公安局");
        request.set_document_no("移〔2026〕3号");
        request.set_reason("涉嫌污染环境罪");
        (void)Send<Case>(world.CountyOffice(), "ClosingService/TransferCase", request);
        return;
      }
      case 3: {
        if (Pick(4) > 0) return;
        auto request = Named<v1::RequestForcedClosingRequest>(name);
        request.set_reason_code("SUBJECT_GONE");
        request.set_statement("厂房已拆除");
        request.set_document_no("县攻坚办〔2026〕9号");
        return Decide(
            {world.Token(PostKind::kGridLeader, world.county)},
            Send<v1::Application>(world.CountyOffice(), "ApplicationService/RequestForcedClosing", request));
      }
      default:
        Report(fixer, "CaseworkService/SubmitFeedback", world.FeedbackRequest(name));
    }
  }

  void Check(const Case& file) {
    if (file.check_post().empty()) {
      Settle();
      auto request = Named<v1::AssignCheckRequest>(file.name());
      (void)Send<Case>(world.CountyOffice(), "CaseworkService/AssignCheck", request);
      return;
    }
    const auto result = Pick(5) > 1   ? v1::SubmitCheckRequest::PASS
                        : Pick(2) > 0 ? v1::SubmitCheckRequest::FAIL
                                      : v1::SubmitCheckRequest::UNABLE;
    Report(world.CheckerOf(file), "CaseworkService/SubmitCheck", world.CheckRequest(file.name(), result));
  }

  void Watch(const std::string& name) {
    if (Pick(4) == 0) {
      auto request = Named<v1::DisputeClosingRequest>(name);
      request.set_statement("夜间仍在生产");
      (void)Send<Case>(world.CountyOffice(), "ClosingService/DisputeClosing", request);
      return;
    }
    const auto result = Pick(3) == 0   ? v1::SubmitRecheckRequest::HELD
                        : Pick(2) == 0 ? v1::SubmitRecheckRequest::REBOUNDED
                                       : v1::SubmitRecheckRequest::NOT_OBSERVABLE;
    const auto rechecked =
        Send<Case>(world.Patrol(), "CaseworkService/SubmitRecheck", world.RecheckRequest(name, result));
    if (rechecked.ok() && !rechecked->rebounded_into().empty()) {
      cases.push_back(rechecked->rebounded_into());
      place_of[cases.back()] = place_of[name];
    }
  }

  // Whatever comes to somebody's mind, right or not.
  void Blunder(const std::string& name) {
    switch (Pick(5)) {
      case 0:
        (void)Send<Case>(world.Leader(), "CaseworkService/SignOff", world.SignRequest(name));
        return;
      case 1:
        (void)Send<Case>(world.Fixer(), "CaseworkService/AcceptCase", world.AcceptRequest(name));
        return;
      case 2:
        (void)Send<Case>(world.Token(PostKind::kSupervisionOfficer, world.village),
                         "CaseworkService/SubmitCheck",
                         world.CheckRequest(name, v1::SubmitCheckRequest::PASS));
        return;
      case 3:
        Report(world.Fixer(), "CaseworkService/SubmitFeedback", world.FeedbackRequest(name));
        return;
      default:
        (void)Send<Case>(world.Dispatcher(), "CaseworkService/DispatchCase", world.DispatchRequest(name));
    }
  }

  void Act(const std::string& name) {
    StandAt(place_of[name]);
    world.clock().Set(world.clock().Now() + absl::Minutes(1 + Pick(180)));
    if (Pick(10) == 0) return Blunder(name);
    const Case file = world.Get(name);
    switch (file.state()) {
      case Case::FILED:
      case Case::RETURNED:
        for (const std::string& token : {world.Dispatcher(), world.CountyOffice()}) {
          if (Send<Case>(token, "CaseworkService/DispatchCase", world.DispatchRequest(name)).ok()) break;
        }
        return;
      case Case::DISPATCHED:
        if (Pick(6) == 0) {
          auto request = Named<v1::ReturnCaseRequest>(name);
          request.set_reason("不属本岗位职责");
          (void)Send<Case>(world.Fixer(), "CaseworkService/ReturnCase", request);
        } else {
          Report(world.Fixer(), "CaseworkService/AcceptCase", world.AcceptRequest(name));
        }
        return;
      case Case::HANDLING:
        return Handle(name);
      case Case::SUSPENDED: {
        auto request = Named<v1::ResumeCaseRequest>(name);
        request.set_reason("已解冻");
        (void)Send<Case>(world.CountyOffice(), "ApplicationService/ResumeCase", request);
        return;
      }
      case Case::FEEDBACK:
      case Case::CLOSED:
        return Settle();
      case Case::CHECKING:
        return Check(file);
      case Case::SIGN_OFF:
        // Reworked twice or disputed: one level up signs.
        for (const std::string& token : {world.Leader(), world.Token(PostKind::kGridLeader, world.county)}) {
          if (Send<Case>(token, "CaseworkService/SignOff", world.SignRequest(name, Pick(5) > 0)).ok()) break;
        }
        return;
      case Case::MONITORING:
        return Watch(name);
      case Case::TRACKED: {
        auto request = Named<v1::SubmitTransferResultRequest>(name);
        request.set_document_no("公环决字〔2026〕1号");
        world.AddPhoto(type::v1::Evidence::DOCUMENT, request.mutable_evidence());
        *request.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
        (void)Send<Case>(world.CountyOffice(), "ClosingService/SubmitTransferResult", request);
        return;
      }
      default:
        return;
    }
  }

  std::string Snapshot() {
    std::string out;
    for (const char* sql :
         {"SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(case_id), state, subject_seq, "
          "HEX(subject_leaf), "
          "HEX(details), IFNULL(due_us, 0), IFNULL(total_due_us, 0))))) FROM case_file",
          "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(signal_id), state, subject_seq, "
          "HEX(subject_leaf))))) "
          "FROM signal_file",
          "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(HEX(leaf)))) FROM case_event",
          "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(HEX(leaf)))) FROM signal_event",
          "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(chain_id), HEX(person_id), duty)))) FROM "
          "case_actor",
          "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(HEX(media)))) FROM case_media",
          "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(HEX(body)))) FROM journal_stage",
          "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(HEX(request_id)))) FROM op_receipt"}) {
      out += world.database().Ask(sql) + "\n";
    }
    return out;
  }

  // Whether the reform took a post from the bearer of the token.
  bool LostAPost(const std::string& token) {
    const size_t at = token.find("person:");
    const std::optional<Uuid> person = Uuid::Parse(token.substr(at + 7, 36));
    const auto posts = [&](absl::Time time) {
      return Ground()->HoldingsOf(*person, time, absl::InfiniteFuture()).size();
    };
    return person && posts(reformed - absl::Hours(1)) > posts(world.clock().Now());
  }

  void Replay(const std::vector<Sent>& log, int* sent) {
    for (const Sent& one : log) {
      const auto answer = Raw(one.token, one.method, one.body);
      ++*sent;
      // Whose village was merged away has no post there any more: refused, and nothing changes.
      if (absl::IsPermissionDenied(answer.status()) && LostAPost(one.token)) {
        ++denied;
        continue;
      }
      ASSERT_TRUE(answer.ok()) << one.method << " " << answer.status();
      ASSERT_EQ(*answer, one.answer) << one.method;
    }
  }

  // The devices' logs in one random order that keeps the sequence of each.
  std::vector<Sent> Shuffled() {
    std::vector<const std::vector<Sent>*> logs;
    std::vector<size_t> turns, next;
    for (const auto& [token, log] : devices) {
      for (size_t i = 0; i < log.size(); ++i) turns.push_back(logs.size());
      logs.push_back(&log);
    }
    std::shuffle(turns.begin(), turns.end(), random);
    next.assign(logs.size(), 0);
    std::vector<Sent> order;
    for (const size_t device : turns) order.push_back((*logs[device])[next[device]++]);
    return order;
  }

  struct Told {
    uint64_t seq = 0;
    std::string leaf;
    v1::CaseEvent event;
  };

  void ExpectEveryEntryToBeWhole(const std::vector<journal::FeedEntry>& entries) {
    std::map<Uuid, Told> last;
    for (const journal::FeedEntry& one : entries) {
      const journal::v1::Entry& entry = one.entry;
      const bool system = entry.actor().system();
      ASSERT_TRUE(system || (!entry.actor().person().empty() && !entry.actor().post().empty() &&
                             !entry.actor().tenure().empty()));
      ASSERT_TRUE(system || !entry.actor().account().empty());
      ASSERT_LE(entry.time().earliest_us(), entry.time().latest_us());
      ASSERT_LE(entry.time().latest_us(), entry.received_us());
      ASSERT_EQ(entry.rule_version(), "test-1");
      ASSERT_EQ(one.leaf.size(), 32u);
      Told now{entry.subject_seq(), one.leaf, {}};
      const Told& before = last[one.subject()];
      ASSERT_EQ(now.seq, before.seq + 1);
      ASSERT_EQ(entry.subject_prev(), before.leaf);
      if (one.ReadEvent(&now.event)) ExpectStep(one, before, now);
      if (v1::SignalEvent event; one.ReadEvent(&event)) ExpectFind(one, event);
      last[one.subject()] = now;
    }
  }

  // A find is told with the interval that its entry has, and keeps it whatever becomes of the signal.
  void ExpectFind(const journal::FeedEntry& entry, const v1::SignalEvent& event) {
    const Signal& after = event.after();
    const std::string interval =
        after.event_time().SerializeAsString() + "/" + after.earliest_time().SerializeAsString();
    if (event.action() != v1::SUBMIT) {
      ASSERT_EQ(interval, interval_of[entry.subject()]);
      return;
    }
    const auto& earliest = after.has_earliest_time() ? after.earliest_time() : after.event_time();
    ASSERT_EQ(absl::ToUnixMicros(casework::FromTimestamp(earliest)), entry.entry.time().earliest_us());
    ASSERT_EQ(absl::ToUnixMicros(casework::FromTimestamp(after.event_time())),
              entry.entry.time().latest_us());
    interval_of[entry.subject()] = interval;
    intervals += after.has_earliest_time() ? 1 : 0;
  }

  void ExpectStep(const journal::FeedEntry& entry, const Told& before, const Told& now) {
    const v1::CaseEvent& event = now.event;
    const Case& after = event.after();
    // 2: the state is the fold of the events.
    ASSERT_EQ(event.from(), before.event.after().state());
    const auto to = domain::Next(static_cast<domain::CaseState>(event.from()),
                                 static_cast<domain::Action>(event.action()));
    ASSERT_TRUE(to.ok()) << to.status();
    ASSERT_EQ(static_cast<int>(*to), static_cast<int>(after.state()));
    // 5: where the ground of its division was when it was found, as known when it was filed.
    const Uuid division = *ParseResourceName("divisions", after.division());
    const absl::Time known = before.seq == 0 ? entry.received() : absl::InfiniteFuture();
    if (before.seq > 0) {
      ASSERT_EQ(event.ground_path(), before.event.ground_path());
      ASSERT_EQ(after.division(), before.event.after().division());
    } else {
      ASSERT_EQ(event.ground_path(),
                Ground()->PathKeyAt(division, casework::FromTimestamp(after.event_time()), known));
    }
    // 6: the whole case's due time moves with its ledger only.
    if (before.seq > 0) {
      const Case& earlier = before.event.after();
      const auto ledger = [](const Case& file) {
        std::string text;
        for (const auto& one : file.ledger()) text += one.SerializeAsString();
        return text;
      };
      if (ledger(earlier) == ledger(after)) {
        ASSERT_EQ(earlier.total_due_time().SerializeAsString(), after.total_due_time().SerializeAsString());
      }
      // 8: a closing keeps its time through disputes and rebounds.
      if (earlier.has_close_time() && !earlier.forced())
        ASSERT_EQ(earlier.close_time().SerializeAsString(), after.close_time().SerializeAsString());
    }
    if (after.state() == Case::REBOUNDED) {
      ASSERT_TRUE(after.has_close_time());
      ASSERT_EQ(after.held(), Case::NOT_HELD);
    }
    // 1
    if (event.action() == v1::SIGN) {
      std::set<std::string> people = {after.checker(), after.signer()};
      if (!after.fixer().empty()) people.insert(after.fixer());
      ASSERT_EQ(people.size(), after.fixer().empty() ? 2u : 3u);
      ASSERT_FALSE(people.contains(""));
    }
    if (event.action() == v1::PASS || event.action() == v1::ASSIGN_CHECK) {
      ASSERT_EQ(event.eligibility_proof().rule(), "B4");
      ASSERT_NE(event.eligibility_proof().person(), after.fixer());
      for (const auto& out : event.eligibility_proof().exclusions())
        ASSERT_TRUE(out.person() != event.eligibility_proof().person() || out.rule() == "B4.ALTERNATION");
    }
  }

  std::shared_ptr<const domain::Ground> Ground() { return world.area().directory.ground(); }
};

TEST_F(W9, HoldsOverThousandsOfRpcsAndEveryDevicesLogSentAgain) {
  while (static_cast<int>(all.size()) < kCommands && !HasFailure()) {
    if (cases.size() < 25 || Pick(40) == 0) NewCase();
    Act(cases[static_cast<size_t>(Pick(static_cast<int>(cases.size())))]);
    // The villages are merged and a township moves when half of the work is done.
    if (static_cast<int>(all.size()) > kCommands / 2 && !moved) {
      moved = true;
      Settle();
      reformed = world.clock().Now();
      world.Reorganise();
    }
  }
  ASSERT_FALSE(HasFailure());
  Settle();
  ExpectEveryEntryToBeWhole(world.Entries());
  if (HasFatalFailure()) return;

  // 7
  const std::string before = Snapshot();
  int sent = 0;
  for (const auto& [token, log] : devices) {
    for (int twice = 0; twice < 2 && !HasFatalFailure(); ++twice) Replay(log, &sent);
  }
  ASSERT_EQ(Snapshot(), before);
  Replay(Shuffled(), &sent);
  ASSERT_EQ(Snapshot(), before);

  std::printf(
      "W9: %zu commands taken by %zu devices on %zu cases, %d sent again (%d by people whose post ended)\n",
      all.size(), devices.size(), cases.size(), sent, denied);
  for (const auto& [method, count] : taken) std::printf("  %s %d\n", method.c_str(), count);
  for (const auto& [reason, count] : refused) std::printf("  refused %s %d\n", reason.c_str(), count);
  for (const char* method : {"ApplicationService/DecideApplication", "ApplicationService/ResumeCase",
                             "CaseworkService/SubmitCheck", "CaseworkService/SignOff",
                             "CaseworkService/SubmitRecheck", "ClosingService/TransferCase",
                             "ClosingService/SubmitTransferResult", "ClosingService/DisputeClosing"}) {
    EXPECT_GT(taken[method], 3) << method;
  }
  EXPECT_GT(refused["ILLEGAL_TRANSITION"], 10);
  EXPECT_GT(intervals, 3);
  EXPECT_LT(denied * 4, sent);
}

}  // namespace
}  // namespace gridwarden::testing
