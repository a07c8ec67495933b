#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "access/area.h"
#include "common/phone.h"
#include "platform/journal/consumer.h"
#include "platform/rpc/channel.h"
#include "service/sync_model/plain_model.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_server.h"

// Seven phones of six people, one of whom checks what the others did, a server that dies between any two
// steps, and lines that lose, repeat, delay and cut what they carry. Everything follows from the seed; each
// island has a database and a thread of its own.
namespace gridwarden::testing {

// Reaches the areas for sync, and fails there when it is told to.
class MortalChannel final : public rpc::Channel {
 public:
  struct Failure {
    enum class When { kNever, kBefore, kAfter } when = When::kNever;  // the area heard of it
    absl::Status answer;  // what sync is told by an area that it does not reach; OK = the server dies
  };
  explicit MortalChannel(rpc::Channel& inner) : inner_(inner) {}
  // The n-th replay from now fails.
  void FailAt(int n, Failure failure) {
    left_ = n;
    failure_ = std::move(failure);
    victim_.reset();
  }
  // The operation that it failed over.
  const std::optional<rpc::DeviceOperation>& victim() const { return victim_; }

  absl::StatusOr<std::string> Send(const rpc::Envelope& envelope) override;
  void SendAsync(rpc::Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
    inner_.SendAsync(std::move(envelope), std::move(done));
  }

 private:
  rpc::Channel& inner_;
  int left_ = 0;
  Failure failure_;
  std::optional<rpc::DeviceOperation> victim_;
};

// How often what happened.
struct Tally {
  int operations = 0, pushes = 0, pulls = 0, replayed = 0, outside = 0;
  std::map<std::string, int> faults, verdicts, reasons, grades, acts;
  std::map<std::string, double> seconds;  // by what was going on
  void Add(const Tally& other);
};

class Island {
 public:
  Island(uint64_t seed, TestDatabase& database);
  ~Island();

  // Everybody works until so many operations were made, with all faults.
  void Play(int operations);
  // The faults end: every phone sends what it has and fetches what changed.
  void Drain();
  // Model, server and phones tell the same.
  void Compare();
  // Every device's log again, in its order, and all of them in any order that keeps what comes after what.
  void SendLogsAgain();

  void Took(const std::string& what, double seconds) { tally_.seconds[what] += seconds; }
  const Tally& tally() const { return tally_; }
  // What did not agree, at most a few; empty when all did.
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  struct Person {
    Uuid id;
    std::string token, account, division;
    std::set<std::string> posts;
    bool checks = false;  // a supervision officer from beyond
  };
  // What a phone's clocks show, against the truth.
  struct Watch {
    absl::Duration offset;
    double drift = 0;
    absl::Time boot, since;
    absl::Duration slept;
    std::string boot_id;
  };
  struct Device {
    const Person* person = nullptr;
    std::unique_ptr<client::Phone> phone;
    Watch watch;
    std::vector<std::string> late;   // pushes that are still on their way
    std::vector<std::string> finds;  // signals found on it
  };
  // What the harness knows of an operation.
  struct Known {
    Done done;
    absl::Time truth;  // when it was really made
    std::string token, device, public_key;
    sync::v1::SignedOperation sent;
    std::string hash;
    std::string made;  // visits/{uuid}, for a visit
    bool delivered = false;
    std::optional<absl::Time> received;  // as the server first said
    std::set<int64_t> deliveries;        // when the server may have taken it in
    std::vector<std::string> photos;
    sync::v1::Grade grade = sync::v1::GRADE_UNSPECIFIED;
  };

  void Serve();
  absl::Time Now() const { return server_->clock().Now(); }
  void Wrong(const std::string& what);
  int Pick(int n) { return static_cast<int>(random_() % static_cast<uint64_t>(n)); }
  bool Chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }
  std::string NewId();
  template <typename Response, typename Request>
  absl::StatusOr<Response> Office(std::string_view method, const Request& request);

  std::unique_ptr<Device> NewDevice(const Person& person, const std::string& replaces);
  client::ClockFace FaceOf(const Watch& watch) const;
  absl::StatusOr<std::string> Carry(Device& device, std::string_view method, const std::string& body);
  absl::StatusOr<std::string> CarryPush(Device& device, const std::string& body);
  absl::StatusOr<std::string> CarryOther(Device& device, std::string_view method, const std::string& body);
  absl::StatusOr<std::string> Raw(const std::string& token, std::string_view method, const std::string& body);
  absl::StatusOr<std::string> Deliver(const std::string& token, const std::string& body,
                                      const MortalChannel::Failure& failure = {});
  void Judge(Known& known, const sync::v1::PushResult& result, const Fate& fate);

  void Step();
  void Work(Device& device);
  void DoOne(Device& device);
  void LookOnSite(Device& device);
  void Check(Device& device);
  template <typename Request>
  std::vector<std::string> AddPhotos(Device& device, std::initializer_list<type::v1::Evidence::Kind> kinds,
                                     Request& request);
  void Queue(Device& device, Act act, std::string_view rpc, const google::protobuf::Message& request,
             const std::string& subject, const std::vector<std::string>& photos, const std::string& made);
  void AtTheDesk();
  void PlanTasks();
  void NewCase();
  void AskToLook();
  void AskToCheck();
  void Trouble(size_t at);
  void Reinstall(size_t at);
  void Feed();
  std::string TaskFor(const Person& person);
  std::string CaseFor(const Person& person);

  void CompareTables();
  void CompareJournal();
  void ComparePhones();
  std::string Snapshot();
  void SendAgain(const std::vector<const Known*>& log);
  std::set<std::string> OpenIn(const Person& person) const;
  template <typename Row>
  void Rows(const std::string& sql, Row row);

  const uint64_t seed_;
  TestDatabase& database_;
  std::mt19937_64 random_;
  std::string data_dir_;
  std::vector<Person> people_;
  std::string office_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<MortalChannel> mortal_;
  std::unique_ptr<AreaContext> sync_context_;
  std::vector<std::unique_ptr<Worker>> workers_;
  journal::Consumer* changes_ = nullptr;
  std::set<std::string> stored_photos_;

  std::vector<std::unique_ptr<Device>> devices_;
  PlainModel model_;
  std::map<std::string, Known> known_;  // by op_id
  std::map<std::string, std::string> op_of_hash_;
  std::vector<std::string> order_;          // op_ids as they were made
  std::vector<std::string> tasks_, cases_;  // the latest ones
  bool quiet_ = false;                      // no faults any more
  int64_t ids_ = 0;
  Tally tally_;
  std::vector<std::string> faults_;
};

}  // namespace gridwarden::testing
