#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "service/sync/sync_world.h"
#include "sync/sync.h"

// Nothing is lost and nothing is done twice, whatever falls away between the three steps and in whatever
// order things come.
namespace gridwarden::sync {
namespace {

using domain::PostKind;
using testing::City;
using testing::Phone;

// Stands between sync and the others: replays are lost on the way, or their answers are.
class LossyChannel : public rpc::Channel {
 public:
  explicit LossyChannel(rpc::Channel& inner) : inner_(inner) {}
  absl::StatusOr<std::string> Send(const rpc::Envelope& envelope) override {
    const bool lost = envelope.operation.has_value() && !loss.ok();
    if (lost && !heard) return loss;
    const absl::StatusOr<std::string> answer = inner_.Send(envelope);
    return lost ? absl::StatusOr<std::string>(loss) : answer;
  }
  void SendAsync(rpc::Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
    inner_.SendAsync(std::move(envelope), std::move(done));
  }
  absl::Status loss;   // what sync is told instead of an answer
  bool heard = false;  // the area carries it out nevertheless

 private:
  rpc::Channel& inner_;
};

class RetryTest : public testing::SyncTest {
 protected:
  RetryTest() : person(City().PersonIn(PostKind::kPatrolOfficer, village)), lossy(server.channel()) {}

  // A push straight into the area, over the lossy channel.
  v1::PushResult PushLossy(const Phone& phone, const v1::SignedOperation& operation) {
    const AreaContext& context = server.context();
    const Sync sync{context.database,
                    context.directory,
                    context.clock,
                    context.policy,
                    [&](std::string_view) -> rpc::Channel& { return lossy; },
                    false,
                    std::make_shared<KeyRing>(data_dir)};
    rpc::Call call = City().CallOfPerson(person, Now(), "gridwarden.sync.v1.SyncService/Push");
    call.token = phone.token;
    call.deadline = absl::Now() + absl::Seconds(20);
    v1::PushRequest request;
    request.set_device(phone.name);
    *request.add_operations() = operation;
    const auto response = Push(sync, call, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->results(0) : v1::PushResult();
  }

  const Uuid person;
  LossyChannel lossy;
};

TEST_F(RetryTest, WhatAnAreaDoesNotAnswerWaitsAndIsDoneOnce) {
  Phone phone(server, person);
  phone.Begin();
  struct Case {
    absl::Status loss;
    int32_t retry_after_ms;
  };
  const Case cases[] = {
      {Unavailable("DATABASE_UNAVAILABLE", "away", absl::Seconds(7)), 7'000},
      {MakeError(absl::StatusCode::kDeadlineExceeded, "late", {.reason = "DEADLINE_PASSED"}), 2'000},
      {Internal("a fault"), 60'000}};
  for (const Case& one : cases) {
    for (const bool heard : {false, true}) {
      SCOPED_TRACE(absl::StrCat(one.loss.ToString(), heard ? " after" : " before"));
      const patrol::v1::PatrolTask task = NewTask();
      const auto operation = phone.Visit(VisitOf(task));
      const std::string row = absl::StrCat("FROM operation WHERE seq = ", phone.seq);
      server.clock().Advance(absl::Minutes(1));
      lossy.loss = one.loss;
      lossy.heard = heard;
      const v1::PushResult waiting = PushLossy(phone, operation);
      EXPECT_EQ(waiting.verdict(), v1::WAITING);
      EXPECT_EQ(waiting.reason(), ReasonOf(one.loss));
      EXPECT_EQ(waiting.retry_after_ms(), one.retry_after_ms);
      EXPECT_EQ(testing::TimeOf(waiting.time().receive_time()), Now());
      EXPECT_FALSE(waiting.receipt().empty());
      EXPECT_EQ(Ask("SELECT verdict " + row), "0") << "kept, and not settled";
      EXPECT_EQ(GetTask(task.name()).state() == patrol::v1::PatrolTask::DONE, heard);
      const std::string entered = Ask("SELECT COUNT(*) FROM journal_stage");
      server.clock().Advance(absl::Hours(1));
      EXPECT_EQ(PushLossy(phone, operation).verdict(), v1::WAITING) << "as long as it lasts";

      lossy.loss = absl::OkStatus();
      server.clock().Advance(absl::Hours(20));
      const v1::PushResult result = PushLossy(phone, operation);
      EXPECT_EQ(result.verdict(), v1::ACCEPTED) << result.DebugString();
      EXPECT_EQ(result.time().SerializeAsString(), waiting.time().SerializeAsString())
          << "judged by when it first came";
      EXPECT_EQ(result.receipt(), waiting.receipt());
      EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::DONE);
      EXPECT_EQ(Ask("SELECT COUNT(*) FROM journal_stage") == entered, heard);
      EXPECT_EQ(PushLossy(phone, operation).verdict(), v1::DUPLICATE);
    }
  }
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM visit"), "6");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM operation"), "6");
}

TEST_F(RetryTest, AWholeLogInAnyOrderAndTwiceGivesTheSame) {
  std::mt19937 random(11);
  for (int round = 0; round < 4; ++round) {
    Phone phone(server, person);
    phone.Begin();
    std::vector<patrol::v1::PatrolTask> tasks;
    std::vector<v1::SignedOperation> log;
    for (int i = 0; i < 6; ++i) {
      tasks.push_back(NewTask());
      patrol::v1::StartPatrolTaskRequest start;
      start.set_name(tasks.back().name());
      const v1::OperationBody started =
          phone.Body("patrol.v1.PatrolService/StartPatrolTask", start, tasks.back().name());
      log.push_back(phone.Sign(started));
      v1::OperationBody visit =
          phone.Body("patrol.v1.PatrolService/SubmitVisit", VisitOf(tasks.back()), tasks.back().name());
      visit.add_after(started.op_id());
      log.push_back(phone.Sign(visit));
    }
    std::map<std::string, std::set<v1::Verdict>> verdicts;
    for (int pass = 0; pass < 4; ++pass) {
      std::shuffle(log.begin(), log.end(), random);
      for (size_t at = 0; at < log.size(); at += 5) {
        const std::vector<v1::SignedOperation> part(log.begin() + at,
                                                    log.begin() + std::min(at + 5, log.size()));
        const v1::PushResponse response = phone.Push(part);
        for (const v1::PushResult& result : response.results())
          verdicts[result.op_id()].insert(result.verdict());
      }
    }
    EXPECT_EQ(verdicts.size(), log.size());
    for (const auto& [op_id, seen] : verdicts) {
      EXPECT_TRUE(seen.contains(v1::ACCEPTED)) << op_id;
      EXPECT_FALSE(seen.contains(v1::REFUSED)) << op_id;
      EXPECT_FALSE(seen.contains(v1::ASSERTED)) << op_id;
    }
    for (const patrol::v1::PatrolTask& task : tasks)
      EXPECT_EQ(GetTask(task.name()).state(), patrol::v1::PatrolTask::DONE);
    const v1::PushResponse last = phone.Push({});
    EXPECT_EQ(last.contiguous_seq(), 12);
    EXPECT_EQ(last.missing_seqs_size(), 0);
  }
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM visit"), "24");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM operation"), "48");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM observation"), "0");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM device_gap"), "0");
}

TEST_F(RetryTest, TwoTabsAtOnceSettleEachOperationOnce) {
  Phone phone(server, person);
  phone.Begin();
  std::vector<v1::SignedOperation> log;
  for (int i = 0; i < 10; ++i) log.push_back(phone.Visit(VisitOf(NewTask())));
  std::vector<std::thread> tabs;
  std::vector<absl::StatusOr<v1::PushResponse>> answers(3, absl::UnknownError("none"));
  for (size_t tab = 0; tab < answers.size(); ++tab)
    tabs.emplace_back([&, tab] { answers[tab] = phone.TryPush(log); });
  for (std::thread& tab : tabs) tab.join();
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    for (const v1::PushResult& result : answer->results())
      EXPECT_TRUE(result.verdict() == v1::ACCEPTED || result.verdict() == v1::DUPLICATE ||
                  result.verdict() == v1::WAITING)
          << result.DebugString();
  }
  const v1::PushResponse again = phone.Push(log);
  for (const v1::PushResult& result : again.results())
    EXPECT_EQ(result.verdict(), v1::DUPLICATE) << result.DebugString();
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM visit"), "10");
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM operation"), "10");
}

}  // namespace
}  // namespace gridwarden::sync
