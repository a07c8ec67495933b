#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/db/database.h"

// The SQL of the story: a row per transition of a case or a signal (W9.2). `event` is what the journal has,
// and the words of answers that the journal leaves out because they may name people.
namespace gridwarden::casework {

enum class Aggregate { kSignal, kCase };

struct HistoryRow {
  Uuid subject;
  uint64_t seq = 0;
  v1::Action action = v1::ACTION_UNSPECIFIED;
  int from_state = 0;
  int to_state = 0;
  Uuid account, person, post, tenure;
  bool system = false;
  absl::Time earliest, latest, received;
  std::string reason;
  std::string note;  // words that stay out of the journal
  bool late = false;
  std::string rule_version;
  Uuid entry_id;
  Uuid request_id;  // nil for the system
  std::string leaf;
  std::string event;  // serialised SignalEvent or CaseEvent, answers with their words
};

absl::Status AppendHistory(db::Transaction& tx, Aggregate aggregate, const HistoryRow& row);

// The whole story of one subject, in its own order.
absl::StatusOr<std::vector<HistoryRow>> ReadHistory(db::Transaction& tx, Aggregate aggregate,
                                                    const Uuid& subject);
// The last kStepsMax steps of each of these subjects, by subject and in its own order: one statement, however
// many there are.
inline constexpr int kStepsMax = 100;
absl::StatusOr<std::vector<HistoryRow>> ReadHistories(db::Transaction& tx, Aggregate aggregate,
                                                      const std::vector<Uuid>& subjects);
// Only the transitions by one action.
absl::StatusOr<std::vector<HistoryRow>> ReadHistoryOf(db::Transaction& tx, Aggregate aggregate,
                                                      const Uuid& subject, v1::Action action);
// When the server took in the last transition by one of these actions; InfinitePast when there was none.
absl::StatusOr<absl::Time> LastReceived(db::Transaction& tx, Aggregate aggregate, const Uuid& subject,
                                        std::initializer_list<v1::Action> actions);

}  // namespace gridwarden::casework
