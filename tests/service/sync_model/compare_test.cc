// What an island must look like when everything has arrived (island.h).
#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/util/json_util.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/ecdsa.h"
#include "platform/journal/stage.h"
#include "service/sync_model/island.h"

namespace gridwarden::testing {
namespace {

using sync::v1::Verdict;

constexpr int kBatch = 50;
constexpr size_t kGivenAnew = 5000;  // records of a first pull at most: clients.md 7.5

// As the proto's numbers name them.
std::string TaskState(int64_t number) {
  return patrol::v1::PatrolTask::State_Name(static_cast<patrol::v1::PatrolTask::State>(number));
}
std::string CaseState(int64_t number) {
  return casework::v1::Case::State_Name(static_cast<casework::v1::Case::State>(number));
}

bool SameFate(Verdict one, Verdict other) {
  const auto done = [](Verdict verdict) {
    return verdict == sync::v1::ACCEPTED || verdict == sync::v1::DUPLICATE;
  };
  return one == other || (done(one) && done(other));
}

// What an accepted operation leaves in the journal, beside the things that follow from it.
std::vector<std::string> KindsOf(Act act) {
  switch (act) {
    case Act::kStart:
      return {"patrol_task"};
    case Act::kVisit:
      return {"patrol_task", "visit"};
    case Act::kFind:
    case Act::kLook:
      return {"signal.transition"};
    case Act::kAccept:
    case Act::kFeedback:
    case Act::kCheck:
      return {"case.transition"};
    case Act::kObserve:
      return {"observation"};
    case Act::kWrongFind:
      return {};
  }
  return {};
}

}  // namespace

template <typename Row>
void Island::Rows(const std::string& sql, Row row) {
  const absl::Status read =
      (*database_).Run([&](db::Transaction& tx) { return tx.QueryValues(sql, {}, row); });
  if (!read.ok()) Wrong(absl::StrCat(sql, ": ", read.ToString()));
}

void Island::CompareTables() {
  std::map<std::string, std::string> visits, tasks, cases;
  Rows("SELECT visit_id, task_id FROM visit",
       [&](const db::Row& row) { visits[row.Id(0).ToString()] = ResourceName("patrolTasks", row.Id(1)); });
  std::set<std::string> signals, observations;
  Rows("SELECT signal_id FROM signal_file",
       [&](const db::Row& row) { signals.insert(ResourceName("signals", row.Id(0))); });
  Rows("SELECT observation_id FROM observation",
       [&](const db::Row& row) { observations.insert(row.Id(0).ToString()); });
  Rows("SELECT task_id, state, visit_id FROM patrol_task", [&](const db::Row& row) {
    const std::string name = ResourceName("patrolTasks", row.Id(0));
    const auto& wanted = model_.tasks().at(name);
    const std::string visit = wanted.by.empty() ? "" : known_.at(wanted.by).made;
    if (TaskState(row.Int(1)) != wanted.state || row.Id(2).ToString() != visit)
      Wrong(absl::StrCat(name, " is ", TaskState(row.Int(1)), " by ", row.Id(2).ToString(), " and should be ",
                         wanted.state, " by ", visit));
    tasks[name] = "";
  });
  Rows("SELECT case_id, state FROM case_file", [&](const db::Row& row) {
    const std::string name = ResourceName("cases", row.Id(0));
    if (CaseState(row.Int(1)) != model_.cases().at(name).state)
      Wrong(absl::StrCat(name, " is ", CaseState(row.Int(1)), " and should be ",
                         model_.cases().at(name).state));
    cases[name] = "";
  });
  if (tasks.size() != model_.tasks().size() || cases.size() != model_.cases().size())
    Wrong("there are other tasks or cases than the office made");

  std::map<std::string, std::string> wanted_visits;
  std::set<std::string> wanted_signals, wanted_observations;
  for (const auto& [op_id, fate] : model_.fates()) {
    const Known& known = known_.at(op_id);
    const bool accepted = fate.verdict == sync::v1::ACCEPTED;
    if (accepted && known.done.act == Act::kVisit) wanted_visits[known.made] = known.done.subject;
    if (accepted && known.done.act == Act::kFind) wanted_signals.insert(known.done.subject);
    if ((accepted && known.done.act == Act::kObserve) || fate.verdict == sync::v1::ASSERTED)
      wanted_observations.insert(op_id);
  }
  if (visits != wanted_visits)
    Wrong(absl::StrCat(visits.size(), " visits, should be ", wanted_visits.size()));
  if (signals != wanted_signals)
    Wrong(absl::StrCat(signals.size(), " signals, should be ", wanted_signals.size()));
  if (observations != wanted_observations)
    Wrong(absl::StrCat(observations.size(), " observations, should be ", wanted_observations.size()));
}

// Every entry an operation left names it by digest and carries a signature of the phone's key.
void Island::CompareJournal() {
  std::map<std::string, std::vector<std::string>> left;  // op_id -> kinds
  uint64_t next = 0;
  for (bool more = true; more && faults_.empty();) {
    journal::v1::ReadFeedRequest request;
    request.set_start_index(next);
    request.set_limit(1024);
    const auto page = server_->CallAsSystem<journal::v1::ReadFeedResponse>(
        "gridwarden.journal.v1.JournalInternalService/ReadFeed", request);
    if (!page.ok()) return Wrong(absl::StrCat("the feed: ", page.status().ToString()));
    for (const journal::v1::SequencedEntry& one : page->entries()) {
      journal::v1::Entry entry;
      if (!entry.ParseFromString(one.body())) return Wrong("an entry that cannot be parsed");
      if (entry.op_digest().empty()) continue;
      const auto op = op_of_hash_.find(absl::BytesToHexString(entry.op_digest()));
      if (op == op_of_hash_.end()) return Wrong("an entry names an operation that nobody made");
      const Known& known = known_.at(op->second);
      left[op->second].push_back(entry.kind());
      if (!crypto::EcdsaVerify(known.public_key, "gridwarden/op/v1\n" + known.sent.body(),
                               entry.op_signature()))
        Wrong(absl::StrCat("the entry of operation ", op->second, " has another signature"));
      if (absl::StrCat("devices/", Uuid::FromBytes(entry.actor().device()).value_or(Uuid()).ToString()) !=
          known.device)
        Wrong(absl::StrCat("the entry of operation ", op->second, " names another phone"));
      if (entry.time().earliest_us() > entry.time().latest_us() ||
          entry.time().latest_us() > entry.received_us())
        Wrong(absl::StrCat("the entry of operation ", op->second, " has no sound interval"));
      // Of grade D the receipt counts, and the person may explain; every other interval holds the truth.
      const int64_t truth = absl::ToUnixMicros(known.truth);
      if (truth >= entry.time().earliest_us() && truth <= entry.time().latest_us()) continue;
      ++tally_.outside;
      if (known.grade != sync::v1::D)
        Wrong(absl::StrCat(
            "operation ", op->second, " (",
            known.sent.body().find("StartPatrolTask") != std::string::npos ? "start" : entry.kind(),
            ") of grade ", sync::v1::Grade_Name(known.grade), " was made at ", absl::FormatTime(known.truth),
            ", the area was told ", absl::FormatTime(absl::FromUnixMicros(entry.time().earliest_us())),
            " to ", absl::FormatTime(absl::FromUnixMicros(entry.time().latest_us()))));
    }
    more = page->next_index() > next && page->next_index() < page->log_size();
    next = page->next_index();
  }
  for (const auto& [op_id, fate] : model_.fates()) {
    std::vector<std::string> wanted;
    if (fate.verdict == sync::v1::ACCEPTED) wanted = KindsOf(known_.at(op_id).done.act);
    if (fate.verdict == sync::v1::ASSERTED) wanted = {"observation"};
    std::vector<std::string>& kinds = left[op_id];
    std::sort(kinds.begin(), kinds.end());
    if (kinds != wanted)
      Wrong(absl::StrCat("operation ", op_id, " left ", kinds.size(), " entries, should be ", wanted.size(),
                         kinds.empty() ? "" : kinds.front()));
  }
}

std::set<std::string> Island::OpenIn(const Person& person) const {
  const bool leads = person.division == people_[0].division;
  const auto mine = [&](const PlainModel::Thing& thing) {
    return leads || thing.division == person.division || person.posts.contains(thing.post) ||
           person.posts.contains(thing.checker);
  };
  std::set<std::string> open;
  for (const auto& [name, thing] : model_.tasks()) {
    if (mine(thing) && (thing.state == "ISSUED" || thing.state == "STARTED")) open.insert(name);
  }
  for (const auto& [name, thing] : model_.signals()) {
    if (mine(thing) && thing.state != "FILED") open.insert(name);
  }
  for (const auto& [name, thing] : model_.cases()) {
    if (mine(thing)) open.insert(name);
  }
  return open;
}

void Island::ComparePhones() {
  std::map<std::string, std::map<std::string, int64_t>> by_division;
  for (const std::unique_ptr<Device>& device : devices_) {
    const client::Phone& phone = *device->phone;
    const std::string who = absl::StrCat("the phone of ", device->person->account, ": ");
    for (const client::PhoneOperation& one : phone.operations()) {
      const auto fate = model_.fates().find(one.op_id);
      if (fate == model_.fates().end()) {
        Wrong(absl::StrCat(who, "operation ", one.op_id, " is settled there and not here"));
        continue;
      }
      if (!SameFate(one.result.verdict(), fate->second.verdict))
        Wrong(absl::StrCat(who, "operation ", one.op_id, " is ", sync::v1::Verdict_Name(one.result.verdict()),
                           " there and ", sync::v1::Verdict_Name(fate->second.verdict), " here"));
    }
    for (const auto& [digest, photo] : phone.photos()) {
      const bool named =
          std::any_of(phone.operations().begin(), phone.operations().end(), [&](const auto& one) {
            return one.result.verdict() != sync::v1::REFUSED &&
                   std::find(one.photos.begin(), one.photos.end(), digest) != one.photos.end();
          });
      if (named && (!photo.verified || photo.receipt.empty()))
        Wrong(absl::StrCat(who, "photo ", digest, " was never proven to be there"));
    }
    if (phone.held_digest().SerializeAsString() != phone.server_digest().SerializeAsString())
      Wrong(absl::StrCat(who, "holds ", phone.held_digest().count(), " open records, the server says ",
                         phone.server_digest().count(), "; or others"));
    std::set<std::string> open;
    std::map<std::string, int64_t> held;
    for (const auto& [name, record] : phone.records()) {
      if (record.open()) open.insert(name);
      held[name] = record.revision();
    }
    const std::set<std::string> wanted = OpenIn(*device->person);
    if (open != wanted) Wrong(absl::StrCat(who, open.size(), " open records, should be ", wanted.size()));
    // Who stands on the same ground holds the same. Only beyond what a phone is given when it begins anew may
    // one that has been there longer hold more, and then of what is over.
    const auto [first, fresh] = by_division.try_emplace(device->person->division, held);
    const bool fewer = held.size() < first->second.size();
    const auto& few = fewer ? held : first->second;
    const auto& many = fewer ? first->second : held;
    const bool among = std::includes(many.begin(), many.end(), few.begin(), few.end());
    if (!fresh && (!among || (few.size() != many.size() && few.size() < kGivenAnew)))
      Wrong(absl::StrCat(who, "holds ", held.size(), " records, another on the same ground ",
                         first->second.size()));
    int looked = 0;
    for (const auto& [name, record] : phone.records()) {
      if (record.kind() != sync::v1::Record::PATROL_TASK || ++looked > 40) continue;
      patrol::v1::GetPatrolTaskRequest get;
      get.set_name(name);
      const auto bytes = Raw(device->person->token, "gridwarden.patrol.v1.PatrolService/GetPatrolTask",
                             get.SerializeAsString());
      patrol::v1::PatrolTask now, then;
      if (!bytes.ok() || !now.ParseFromString(*bytes) ||
          !google::protobuf::util::JsonStringToMessage(record.json(), &then).ok() ||
          now.SerializeAsString() != then.SerializeAsString())
        Wrong(absl::StrCat(who, name, " is not held as it is: ", record.json().substr(0, 300)));
    }
  }
}

void Island::Compare() {
  CompareTables();
  if (faults_.empty()) CompareJournal();
  if (faults_.empty()) ComparePhones();
}

// What stands in the tables of the areas and of sync; how often somebody asked is not in it.
std::string Island::Snapshot() {
  std::string out;
  for (const char* sql :
       {"SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(task_id), state, subject_seq, "
        "HEX(subject_leaf))))) FROM patrol_task",
        "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(visit_id), HEX(subject_leaf))))) FROM visit",
        "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(signal_id), state, HEX(subject_leaf))))) FROM "
        "signal_file",
        "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(case_id), state, HEX(subject_leaf))))) FROM "
        "case_file",
        "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(observation_id), HEX(subject_leaf))))) FROM "
        "observation",
        "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(CONCAT(HEX(op_id), verdict, reason, received_us, "
        "earliest_us, latest_us)))) "
        "FROM operation",
        "SELECT COUNT(*) FROM journal_stage", "SELECT COUNT(*) FROM journal_entry",
        "SELECT CONCAT(COUNT(*), ' ', BIT_XOR(CRC32(HEX(request_id)))) FROM op_receipt"})
    out += database_.Ask(sql) + "\n";
  return out;
}

void Island::SendAgain(const std::vector<const Known*>& log) {
  // One phone pushes at a time; the order of the log stands.
  for (size_t from = 0; from < log.size() && faults_.empty();) {
    sync::v1::PushRequest request;
    request.set_device(log[from]->device);
    size_t to = from;
    while (to < log.size() && log[to]->device == log[from]->device && request.operations_size() < kBatch)
      *request.add_operations() = log[to++]->sent;
    tally_.replayed += request.operations_size();
    (void)Deliver(log[from]->token, request.SerializeAsString());
    from = to;
  }
}

void Island::SendLogsAgain() {
  std::map<std::string, std::vector<const Known*>> logs;
  for (const std::string& op_id : order_) {
    const Known& known = known_.at(op_id);
    if (known.delivered && model_.fates().contains(op_id)) logs[known.device].push_back(&known);
  }
  const std::string before = Snapshot();
  for (const auto& [device, log] : logs) SendAgain(log);
  if (Snapshot() != before) return Wrong("sending every log again changed something");

  // Any order in which nothing comes before what it comes after.
  std::vector<const Known*> rest;
  for (const auto& [device, log] : logs) rest.insert(rest.end(), log.begin(), log.end());
  std::shuffle(rest.begin(), rest.end(), random_);
  std::map<std::string, size_t> place;
  for (size_t i = 0; i < rest.size(); ++i) place[rest[i]->done.op_id] = i;
  std::vector<const Known*> shuffled;
  std::set<std::string> out;
  const auto put = [&](const auto& self, const Known* one) -> void {
    if (!out.insert(one->done.op_id).second) return;
    for (const std::string& op_id : one->done.after) {
      if (const auto first = place.find(op_id); first != place.end()) self(self, rest[first->second]);
    }
    shuffled.push_back(one);
  };
  for (const Known* one : rest) put(put, one);
  // Phones push in batches; otherwise each operation would travel alone.
  std::stable_sort(shuffled.begin(), shuffled.end(),
                   [](const Known* one, const Known* other) { return one->device < other->device; });
  SendAgain(shuffled);
  if (Snapshot() != before) Wrong("sending the logs in another order changed something");
}

}  // namespace gridwarden::testing
