#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/policy/policy.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "sim/city_plan.h"
#include "sim/random.h"
#include "sim/world.h"

// The life of one find, step by step. Each step is one act of one person; it answers when the next one comes.
namespace gridwarden::sim {

enum class Step {
  kReport,         // somebody on the ground hands it in
  kReportOutside,  // a hotline call
  kPatrol,         // an inspection is planned and done; its problem becomes a signal
  kSendCheck,
  kOnsiteCheck,
  kFile,
  kReject,
  kDisposition,
  kDispatch,
  kReturn,
  kDispatchAgain,
  kAccept,
  kFeedback,
  kCheck,
  kSign,
  kRecheck,
};

struct NextStep {
  Step step;
  absl::Time at;
};

struct Find {
  int number = 0;
  const LivelyTownship* place = nullptr;
  std::string village;  // resource name of the division it stands at
  std::string category;
  std::string signal;       // resource names as they become known
  casework::v1::Case file;  // the case as last answered; empty name before filing
  bool late = false, rejected = false;
  int checks = 0, refusals = 0, photos = 0;
  int rebound_of = 0;  // 1 for the second case of a chain
};

class Actor {
 public:
  Actor(World& world, const domain::Policy& policy, const std::map<std::string, Ground>& grounds,
        const Cast& cast)
      : world_(world), policy_(policy), grounds_(grounds), cast_(cast) {}

  // Does one step at its time. nullopt: the story of this find is over.
  absl::StatusOr<std::optional<NextStep>> Do(Find& find, Step step, absl::Time now);

 private:
  using Next = absl::StatusOr<std::optional<NextStep>>;
  Next Report(Find& find, absl::Time now, Random& random);
  Next ReportOutside(Find& find, absl::Time now, Random& random);
  Next Patrol(Find& find, absl::Time now, Random& random);
  Next SendCheck(Find& find, absl::Time now, Random& random);
  Next OnsiteCheck(Find& find, absl::Time now, Random& random);
  Next File(Find& find, absl::Time now, Random& random);
  Next Reject(Find& find, absl::Time now);
  Next Disposition(Find& find, absl::Time now, Random& random);
  Next Dispatch(Find& find, absl::Time now, Random& random, bool again);
  Next Return(Find& find, absl::Time now, Random& random);
  Next Accept(Find& find, absl::Time now, Random& random);
  Next Feedback(Find& find, absl::Time now, Random& random);
  Next Check(Find& find, absl::Time now, Random& random);
  Next Sign(Find& find, absl::Time now, Random& random);
  Next Recheck(Find& find, absl::Time now, Random& random);
  Next NextRecheck(const Find& find, absl::Time now, Random& random) const;
  absl::Status Stop(Find& find, absl::Time now);
  absl::Status Cosign(Find& find, absl::Time now);
  const std::string& SignerOf(const Find& find) const;

  std::string Id(const Find& find, std::string_view what) const;
  absl::StatusOr<std::string> Photo(Find& find, const std::string& who, absl::Time now);
  type::v1::Position Somewhere(const std::string& division, Random& random) const;
  // When work due at `due` is really done: mostly in time, sometimes late; the seed decides.
  absl::Time WhenDone(Find& find, absl::Time now, absl::Time due, double late_share, Random& random) const;
  absl::StatusOr<casework::v1::Case> WaitFor(const Find& find, const std::string& who, absl::Time now,
                                             casework::v1::Case::State state);
  absl::Status AddAnswers(Find& find, const std::string& who, absl::Time now,
                          const std::vector<std::string>& items,
                          google::protobuf::RepeatedPtrField<type::v1::ChecklistAnswer>* answers);

  World& world_;
  const domain::Policy& policy_;
  const std::map<std::string, Ground>& grounds_;
  const Cast& cast_;
};

}  // namespace gridwarden::sim
