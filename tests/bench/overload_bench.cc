// Overload as guarantees.md G11 has it: calls of all classes at 1, 2, 5 and 10 times of what the server can
// do, open loop, then back to 1. Prints one JSON line per measurement for run.py.
//   overload_bench PLAN --seconds=8 --connections=480 --steps=1,2,5,10
#include <cstdio>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/report/v1/report_service.pb.h"
#include "support/arguments.h"
#include "support/bench_city.h"
#include "support/case_steps.h"
#include "support/journal_state.h"
#include "support/load.h"
#include "support/open_loop.h"

namespace gridwarden::bench {
namespace {

// Of what the closed loop reached: a rate that is just met on average is not met with calls that come by
// chance.
constexpr double kOneTimes = 0.85;
constexpr double kUnloaded = 0.15;
constexpr int kClients = 32;
constexpr uint64_t kSeed = 20261122;

std::string Casework(const char* rpc) { return absl::StrCat("gridwarden.casework.v1.CaseworkService/", rpc); }
std::string Report(const char* rpc) { return absl::StrCat("gridwarden.report.v1.ReportService/", rpc); }

// A case on its way through the steps that need no waiting for somebody.
struct Walk {
  enum Stage { kSignal, kFiled, kDispatched, kAccepted };
  Stage stage = kSignal;
  const Township* township = nullptr;
  std::string signal, name;
};

// What callers do, and how far their cases are. Everybody is signed in; each acts where his post lets him.
class Traffic {
 public:
  explicit Traffic(const City& city) : city_(city) {
    const auto none = [](Ending, size_t) {};
    kinds_ = {
        {"readyz", "health", 0.01, [](size_t&) { return GetBytes("/readyz"); }, none},
        {"SubmitSignal", "evidence", 0.15, [this](size_t& note) { return SubmitSignal(note); },
         [this](Ending ending, size_t note) { SignalDone(ending, note); }},
        {"File/Dispatch/AcceptCase", "decision", 0.20, [this](size_t& note) { return NextStep(note); },
         [this](Ending ending, size_t note) { StepDone(ending, note); }},
        {"ListCases", "read", 0.24, [this](size_t&) { return ListCases(); }, none},
        {"GetCase", "read", 0.20, [this](size_t&) { return GetCase(); }, none},
        {"GetBoard", "read", 0.19, [this](size_t&) { return GetBoard("GetBoard"); }, none},
        {"ExportBoard", "export", 0.01, [this](size_t&) { return GetBoard("ExportBoard"); }, none},
    };
  }

  std::vector<Kind>& kinds() { return kinds_; }
  // Only one class, as everybody would do nothing else.
  std::vector<Kind> Only(const std::string& call_class) const {
    std::vector<Kind> only;
    for (const Kind& kind : kinds_) {
      if (kind.call_class == call_class) only.push_back(kind);
    }
    return only;
  }

 private:
  std::string SubmitSignal(size_t& note) {
    note = walks_.size();
    const Township& township = city_.townships[note % city_.townships.size()];
    casework::v1::SubmitSignalRequest request;
    request.set_request_id(NewId());
    request.set_signal_id(NewId());
    casework::v1::Signal& signal = *request.mutable_signal();
    signal.set_channel(casework::v1::Signal::ASSIGNED);
    signal.set_category("ROAD");
    signal.set_division(township.villages[note % township.villages.size()]);
    signal.set_description("road dust along the village road");
    signal.mutable_event_time()->set_seconds(absl::ToUnixSeconds(absl::Now()));
    type::v1::Evidence* evidence = signal.add_evidence();
    evidence->set_media(MediaToCome());
    evidence->set_kind(type::v1::Evidence::DOCUMENT);
    walks_.push_back({.township = &township, .signal = "signals/" + request.signal_id()});
    return RpcBytes(Casework("SubmitSignal"), township.dispatcher.token, request.SerializeAsString());
  }
  void SignalDone(Ending ending, size_t note) {
    if (ending == Ending::kOk) ready_.push_back(note);
  }

  // The next step of some case. An attempt that was refused changes nothing: another will take the case up.
  std::string NextStep(size_t& note) {
    if (ready_.empty()) return "";
    const size_t at = turn_++ % ready_.size();
    note = ready_[at];
    ready_[at] = ready_.back();
    ready_.pop_back();
    Walk& walk = walks_[note];
    if (walk.stage == Walk::kSignal) {
      casework::v1::FileCaseRequest request;
      request.set_request_id(NewId());
      request.set_signal(walk.signal);
      request.set_case_id(NewId());
      walk.name = "cases/" + request.case_id();
      return RpcBytes(Casework("FileCase"), walk.township->dispatcher.token, request.SerializeAsString());
    }
    if (walk.stage == Walk::kFiled) {
      casework::v1::DispatchCaseRequest request;
      request.set_request_id(NewId());
      request.set_name(walk.name);
      request.set_handler(walk.township->officer_post);
      return RpcBytes(Casework("DispatchCase"), walk.township->dispatcher.token, request.SerializeAsString());
    }
    casework::v1::AcceptCaseRequest request;
    request.set_request_id(NewId());
    request.set_name(walk.name);
    return RpcBytes(Casework("AcceptCase"), walk.township->officer.token, request.SerializeAsString());
  }
  void StepDone(Ending ending, size_t note) {
    Walk& walk = walks_[note];
    if (ending == Ending::kError) return;  // nobody knows how far it is
    if (ending == Ending::kOk) {
      walk.stage = static_cast<Walk::Stage>(walk.stage + 1);
      if (walk.stage == Walk::kFiled) filed_.push_back(note);
    }
    if (walk.stage != Walk::kAccepted) ready_.push_back(note);
  }

  const Township& SomeTownship() { return city_.townships[turn_++ % city_.townships.size()]; }
  std::string ListCases() {
    const Township& township = SomeTownship();
    casework::v1::ListCasesRequest request;
    request.set_division(township.division);
    request.set_page_size(20);
    return RpcBytes(Casework("ListCases"), township.dispatcher.token, request.SerializeAsString());
  }
  std::string GetCase() {
    if (filed_.empty()) return ListCases();
    const Walk& walk = walks_[filed_[turn_++ % filed_.size()]];
    casework::v1::GetCaseRequest request;
    request.set_name(walk.name);
    return RpcBytes(Casework("GetCase"), walk.township->dispatcher.token, request.SerializeAsString());
  }
  std::string GetBoard(const char* rpc) {
    report::v1::GetBoardRequest request;
    request.set_division(city_.city);
    return RpcBytes(Report(rpc), city_.office.token, request.SerializeAsString());
  }

  const City& city_;
  std::vector<Kind> kinds_;
  std::vector<Walk> walks_;
  std::vector<size_t> ready_;  // may take their next step
  std::vector<size_t> filed_;
  size_t turn_ = 0;
};

constexpr const char* kClasses[] = {"health", "evidence", "decision", "read", "export"};

nlohmann::json LineOf(const std::string& name, double times, const Step& step,
                      const std::vector<Kind>& kinds) {
  nlohmann::json line = {{"measure", "overload"}, {"step", name},
                         {"times", times},        {"seconds", step.seconds},
                         {"rss", step.rss_max},   {"late_p99_ms", PercentileOf(step.late_ms, 0.99)}};
  for (const char* name_of_class : kClasses) {
    Outcome all;
    for (size_t i = 0; i < kinds.size(); ++i) {
      if (kinds[i].call_class != name_of_class) continue;
      const Outcome& one = step.kinds[i];
      all.offered += one.offered;
      all.ok += one.ok;
      all.shed += one.shed;
      all.errors += one.errors;
      if (all.first_error.empty() && one.errors > 0) all.first_error = kinds[i].name + ": " + one.first_error;
      all.ok_ms.insert(all.ok_ms.end(), one.ok_ms.begin(), one.ok_ms.end());
      all.shed_ms.insert(all.shed_ms.end(), one.shed_ms.begin(), one.shed_ms.end());
    }
    line["classes"][name_of_class] = {{"offered", all.offered},
                                      {"ok", all.ok},
                                      {"shed", all.shed},
                                      {"errors", all.errors},
                                      {"first_error", all.first_error},
                                      {"ok_p50_ms", PercentileOf(all.ok_ms, 0.5)},
                                      {"ok_p99_ms", PercentileOf(all.ok_ms, 0.99)},
                                      {"shed_p99_ms", PercentileOf(all.shed_ms, 0.99)}};
  }
  line["offered_by_slot"] = step.offered_by_time;
  line["ok_by_slot"] = step.ok_by_time;
  line["slot_seconds"] = absl::ToDoubleSeconds(kSlot);
  return line;
}

absl::Status Run(const Arguments& arguments) {
  GW_ASSIGN_OR_RETURN(const City city, OpenCity(arguments.plan));
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<JournalState> journal, JournalState::Open(city));
  const int connections = static_cast<int>(arguments.Number("connections", 480));
  GW_ASSIGN_OR_RETURN(const auto generator, Generator::Open(city.server, connections, city.server_pids));
  const absl::Duration length = absl::Seconds(arguments.Number("seconds", 8));
  Traffic traffic(city);

  // What each class costs, one after another: so many a second were all the machine can do.
  for (const char* call_class : {"evidence", "decision", "read", "export"}) {
    std::vector<Kind> only = traffic.Only(call_class);
    const Step step = generator->RunClosedLoop(only, kClients, length * 0.4, kSeed);
    nlohmann::json line = LineOf(absl::StrCat("only ", call_class), 0, step, only);
    line["rate"] = static_cast<double>(step.Sum(&Outcome::ok)) / step.seconds;
    Print(line);
    GW_RETURN_IF_ERROR(journal->WaitUntilDone(absl::Minutes(3)).status());
  }
  const Step closed = generator->RunClosedLoop(traffic.kinds(), kClients, length, kSeed);
  const double capacity = static_cast<double>(closed.Sum(&Outcome::ok)) / closed.seconds;
  nlohmann::json line = LineOf("closed loop", 0, closed, traffic.kinds());
  line["rate"] = capacity;
  Print(line);
  GW_RETURN_IF_ERROR(journal->WaitUntilDone(absl::Minutes(3)).status());

  const double one_times = capacity * kOneTimes;
  const auto run = [&](const std::string& name, double times, absl::Duration time) {
    const Step step = generator->RunOpenLoop(traffic.kinds(), one_times * times, time, kSeed);
    nlohmann::json of_step = LineOf(name, times, step, traffic.kinds());
    of_step["rate"] = one_times * times;
    Print(of_step);
  };
  run("unloaded", kUnloaded, length * 2);
  const std::vector<int> steps = arguments.Numbers("steps", {1, 2, 5, 10});
  for (const int times : steps) run(absl::StrCat(times, "x"), times, length);
  // At once after the last: how long does the server take to serve everybody again?
  run("back to 1x", 1, std::max(length, absl::Seconds(12)));
  return absl::OkStatus();
}

}  // namespace
}  // namespace gridwarden::bench

int main(int argc, char** argv) {
  const auto arguments = gridwarden::bench::Arguments::Of(argc, argv);
  const absl::Status status = gridwarden::bench::Run(arguments);
  if (!status.ok()) std::fprintf(stderr, "overload_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
