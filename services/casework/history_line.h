#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "casework/history_repository.h"
#include "domain/ground/ground.h"
#include "gridwarden/casework/v1/casework_service.pb.h"

// The story of a case or a signal as it is read.
namespace gridwarden::casework {

// The steps of a case and of its signals as one story, in the order the server learned of them; at one
// instant the signal's step caused the case's.
absl::StatusOr<v1::ListCaseEventsResponse> StoryOf(const domain::Ground& ground,
                                                   const std::vector<HistoryRow>& signal_rows,
                                                   const std::vector<HistoryRow>& case_rows);

}  // namespace gridwarden::casework
