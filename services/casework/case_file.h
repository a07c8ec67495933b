#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/casework/v1/casework.pb.h"
#include "gridwarden/type/v1/place.pb.h"
#include "platform/journal/stage.h"

// What casework remembers of a case and of a signal: one struct per row, and how a client sees it.
namespace gridwarden::casework {

// Where something is: the division that held the ground at event time, and the point when one was stated.
struct Place {
  Uuid city;  // top division of the path
  Uuid division;
  std::string ground_path;                     // Ground::PathKeyAt event time, as known when it was recorded
  std::optional<type::v1::Position> position;  // WGS-84
};

// Who has to put a case right: a unit, or a post.
struct Handler {
  Uuid id;  // nil: nobody yet
  bool is_unit = false;
};

struct CaseFile {
  Uuid id;
  std::string case_no;
  v1::Case::State state = v1::Case::STATE_UNSPECIFIED;
  std::string category;
  Place place;
  Uuid source;
  std::string description;
  std::vector<Uuid> signals;  // kept by the signals' own rows
  absl::Time event_time;
  absl::Time file_time;
  Uuid filing_division;     // where the office that filed it stands: its level signs
  std::string filing_path;  // its path key
  v1::Case::Disposition disposition = v1::Case::DISPOSITION_UNSPECIFIED;
  Handler handler;
  std::vector<Uuid> cooperators;  // units
  std::string duty_item;
  Uuid fixer, checker, signer;  // persons
  Uuid fixer_post;              // in which the fix was reported
  Uuid check_post;
  int rework_count = 0;
  int return_count = 0;
  int unable_count = 0;
  std::optional<absl::Time> due_time;  // of the stage clock now running
  absl::Time total_due_time;
  std::optional<absl::Time> pass_time;
  std::optional<absl::Time> close_time;
  bool closed_on_time = false;
  Uuid chain;  // first case of the chain
  Uuid rebound_of;
  Uuid rebounded_into;
  std::optional<absl::Time> recheck_time;
  v1::Case::Held held = v1::Case::HELD_UNSPECIFIED;
  std::string rule_version;
  // What only whole reads need: ledger, pending_applications, suspension, transfer, forced, disputed,
  // dispute, reclose_time, silently_accepted, stop_time, stored_until_date, signatures, rechecks_done,
  // outside_list, time_uncertain, waiting_reason; every other field is unset. One column.
  v1::Case details;
  journal::Subject subject;
};

struct SignalFile {
  Uuid id;
  v1::Signal::State state = v1::Signal::STATE_UNSPECIFIED;
  v1::Signal::Channel channel = v1::Signal::CHANNEL_UNSPECIFIED;
  std::string channel_key;  // "" when the channel has none
  std::string category;
  Place place;
  double place_confidence = 0;
  Uuid source;
  std::string description;
  std::vector<type::v1::Evidence> evidence;
  std::vector<type::v1::ChecklistAnswer> answers;
  absl::Time event_time;
  absl::Time receive_time;
  Uuid finder;  // nil for outside leads
  Uuid case_id;
  struct OnsiteCheck {
    Uuid post;
    Uuid person;
    v1::Signal::OnsiteCheck::Result result = v1::Signal::OnsiteCheck::RESULT_UNSPECIFIED;
    std::string note;
    std::optional<absl::Time> event_time;
    int unable_count = 0;
  } onsite;
  std::string reject_reason;
  std::optional<absl::Time> due_time;
  // reporter_identified, rejection_proposal, reject_time, dispute_count, dispute_statement, merge_time,
  // merge_reason, merged_into, transfer, reject_reason_code, acknowledge_due_time, reporter_told_time,
  // accused_unit, earliest_time where it differs from event_time, the running clock; every other field is
  // unset.
  v1::Signal details;
  journal::Subject subject;
};

// The earliest it can have been seen; nothing when the time is exact.
std::optional<absl::Time> EarliestOf(const SignalFile& signal);
void SetEarliest(const std::optional<absl::Time>& earliest, SignalFile& signal);

v1::Case ToProto(const CaseFile& file);
v1::Signal ToProto(const SignalFile& signal);

}  // namespace gridwarden::casework
