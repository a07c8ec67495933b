#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "support/bench_city.h"

// The steps of one case through the API, each by who may do it. The category is ROAD: it asks for photos and
// no checklist.
namespace gridwarden::bench {

struct CaseInHand {
  const Township* township = nullptr;
  std::string division, signal, name;
};

// `document` is media/{sha256} of the letter that assigned it.
absl::Status SubmitSignal(Caller& caller, CaseInHand& one, const std::string& document);
absl::Status FileCase(Caller& caller, CaseInHand& one);
absl::Status DispatchCase(Caller& caller, CaseInHand& one);
absl::Status AcceptCase(Caller& caller, CaseInHand& one);
absl::Status SubmitFeedback(Caller& caller, CaseInHand& one, const std::string& before,
                            const std::string& after);
// Waits until the system has sent a checker; answers who it is.
absl::StatusOr<Worker> WaitForChecker(Caller& caller, const City& city, const CaseInHand& one);
absl::Status SubmitCheck(Caller& caller, CaseInHand& one, const Worker& checker, const std::string& photo);
absl::Status SignOff(Caller& caller, CaseInHand& one);

// A name of media that was never uploaded: casework takes it, as it does from a phone that sends the photo
// later.
std::string MediaToCome();

}  // namespace gridwarden::bench
