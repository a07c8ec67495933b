#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gridwarden/sync/v1/sync.pb.h"

// What must have become of every operation, had each been done once, one after the other, in the order in
// which the server first took it. No database, no retries, no clocks: a few tables of states, written without
// looking at the rules of the areas.
namespace gridwarden::testing {

enum class Act {
  kStart,      // a patrol task is begun: a command
  kVisit,      // a patrol task is visited: a fact
  kFind,       // something is found: a new signal
  kWrongFind,  // the same, of a category that does not exist
  kAccept,     // a case is accepted: a command
  kFeedback,   // a case is put right: a fact
  kObserve,    // something is said about a task, a signal or a case
  kLook,       // a find is looked at on site: a fact
  kCheck,      // what was put right is checked: a fact
};

// One operation as its phone made it.
struct Done {
  std::string op_id;
  Act act = Act::kObserve;
  std::string subject;
  std::string division;         // kFind: where
  std::set<std::string> posts;  // that its person holds
  bool checks = false;          // one of them supervises
  std::vector<std::string> after;
};

struct Fate {
  sync::v1::Verdict verdict = sync::v1::VERDICT_UNSPECIFIED;
  std::string reason;
};

class PlainModel {
 public:
  // What the office does at its desk.
  void Plan(const std::string& task, const std::string& division, const std::string& post) {
    tasks_[task] = {division, post, "ISSUED", "", ""};
  }
  void Waive(const std::string& task) { tasks_[task].state = "WAIVED"; }
  void Assign(const std::string& task, const std::string& post) {
    tasks_[task].post = post;
    tasks_[task].state = "ISSUED";
  }
  void Dispatch(const std::string& name, const std::string& division, const std::string& post) {
    cases_[name] = {division, post, "DISPATCHED", "", ""};
  }
  void AskToLook(const std::string& signal, const std::string& post) {
    signals_[signal].post = post;
    signals_[signal].state = "ASKED";
  }
  void File(const std::string& signal) { signals_[signal].state = "FILED"; }
  void AskToCheck(const std::string& name, const std::string& post) {
    cases_[name].checker = post;
    cases_[name].state = "CHECKING";
  }
  bool MayStillBeMoved(const std::string& task) const {
    const std::string& state = tasks_.at(task).state;
    return state == "ISSUED" || state == "STARTED";
  }

  // The server takes the operation and answers it.
  Fate Take(const Done& done) {
    if (const auto known = fates_.find(done.op_id); known != fates_.end()) {
      Fate again = known->second;
      if (again.verdict == sync::v1::ACCEPTED && !landed_.contains(done.op_id))
        again.verdict = sync::v1::DUPLICATE;
      landed_.erase(done.op_id);
      return again;
    }
    for (const std::string& op_id : done.after) {
      if (!fates_.contains(op_id) || landed_.contains(op_id))
        return {sync::v1::WAITING, "PREDECESSOR_MISSING"};
    }
    const Fate fate = Decide(done);
    fates_[done.op_id] = fate;
    return fate;
  }

  // The server did it and was gone before it could write down that it had: what changed has changed, what was
  // refused will be asked for anew.
  void Land(const Done& done) {
    if (fates_.contains(done.op_id)) return;
    for (const std::string& op_id : done.after) {
      if (!fates_.contains(op_id) || landed_.contains(op_id)) return;
    }
    if (Ask(done).verdict != sync::v1::ACCEPTED) return;
    fates_[done.op_id] = Decide(done);
    landed_.insert(done.op_id);
  }

  struct Thing {
    std::string division, post, state;
    std::string by;       // op_id that ended it
    std::string checker;  // post that checks it
  };
  const std::map<std::string, Thing>& tasks() const { return tasks_; }
  const std::map<std::string, Thing>& cases() const { return cases_; }
  const std::map<std::string, Thing>& signals() const { return signals_; }
  const std::map<std::string, Fate>& fates() const { return fates_; }

 private:
  // What would come of it now.
  Fate Ask(const Done& done) const {
    switch (done.act) {
      case Act::kFind:
      case Act::kObserve:
        return {sync::v1::ACCEPTED, ""};
      case Act::kWrongFind:
        return {sync::v1::REFUSED, "INVALID_FIELD"};
      case Act::kStart:
        return Step(done, tasks_, {"ISSUED"}, sync::v1::REFUSED);
      case Act::kVisit:
        return Step(done, tasks_, {"ISSUED", "STARTED"}, sync::v1::ASSERTED);
      case Act::kAccept:
        return Step(done, cases_, {"DISPATCHED"}, sync::v1::REFUSED);
      case Act::kFeedback:
        return Step(done, cases_, {"HANDLING"}, sync::v1::ASSERTED);
      case Act::kLook:
        return Step(done, signals_, {"ASKED"}, sync::v1::ASSERTED);
      case Act::kCheck:
        if (!done.checks) return {sync::v1::ASSERTED, "NOT_ALLOWED"};
        return Step(done, cases_, {"CHECKING"}, sync::v1::ASSERTED);
    }
    return {};
  }

  Fate Decide(const Done& done) {
    const Fate fate = Ask(done);
    if (fate.verdict != sync::v1::ACCEPTED) return fate;
    switch (done.act) {
      case Act::kFind:
        signals_[done.subject] = {done.division, "", "SUBMITTED", done.op_id, ""};
        break;
      case Act::kStart:
        tasks_[done.subject].state = "STARTED";
        break;
      case Act::kVisit:
        tasks_[done.subject].state = "DONE";
        tasks_[done.subject].by = done.op_id;
        break;
      case Act::kAccept:
        cases_[done.subject].state = "HANDLING";
        break;
      case Act::kFeedback:
        cases_[done.subject].state = "FEEDBACK";
        cases_[done.subject].by = done.op_id;
        break;
      case Act::kLook:
        signals_[done.subject].state = "SEEN";
        break;
      case Act::kCheck:
        cases_[done.subject].state = "SIGN_OFF";
        break;
      case Act::kWrongFind:
      case Act::kObserve:
        break;
    }
    return fate;
  }

  static Fate Step(const Done& done, const std::map<std::string, Thing>& things,
                   const std::set<std::string>& from, sync::v1::Verdict otherwise) {
    const Thing& thing = things.at(done.subject);
    const std::string& post = done.act == Act::kCheck ? thing.checker : thing.post;
    if (!done.posts.contains(post)) return {otherwise, "NOT_YOUR_TASK"};
    if (!from.contains(thing.state)) return {otherwise, "ILLEGAL_TRANSITION"};
    return {sync::v1::ACCEPTED, ""};
  }

  std::map<std::string, Thing> tasks_, cases_, signals_;
  std::map<std::string, Fate> fates_;  // by op_id
  std::set<std::string> landed_;       // done, and not yet told
};

}  // namespace gridwarden::testing
