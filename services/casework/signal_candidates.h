#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "domain/workflow/same_problem.h"
#include "gridwarden/casework/v1/signal_service.pb.h"
#include "platform/db/database.h"

// What a signal may be the same as: rows by key and box, judged by the rules.
namespace gridwarden::casework {

// More rows than these around one point are not looked at; the nearest of each kind are.
inline constexpr int kNeighboursMax = 500;

// A case or a signal as far as it is compared.
struct Neighbour {
  Uuid id;
  bool is_case = false;
  int state = 0;
  Uuid division;
  domain::Sighting sighting;
  std::string case_no;
};

// Open signals and open cases that were found within the type's window, in the box of its larger radius
// around the signal; cases under MONITORING in the same box; and those of its source. Each once, without the
// signal and its own case.
absl::StatusOr<std::vector<Neighbour>> ReadNeighbours(db::Transaction& tx, const domain::CaseType& type,
                                                      const SignalFile& signal);

// What the rules make of them: SAME_SOURCE, SAME_PLACE or REBOUND, nearest first, then by time and name.
std::vector<v1::MergeCandidate> JudgeNeighbours(const domain::Policy& policy, const SignalFile& signal,
                                                const std::vector<Neighbour>& neighbours);

// Texts of the statements, for the test that asks how they are executed.
struct NeighbourStatements {
  static std::string_view SignalsNear();
  static std::string_view CasesNear();
  static std::string_view WatchedNear();
  static std::string_view SignalsOfSource();
  static std::string_view CasesOfSource();
};

}  // namespace gridwarden::casework
