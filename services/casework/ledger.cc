#include "casework/ledger.h"

#include "casework/timestamps.h"

namespace gridwarden::casework {
namespace {

absl::Duration ToDuration(const google::protobuf::Duration& span) {
  return absl::Seconds(span.seconds()) + absl::Microseconds(span.nanos() / 1000);
}

v1::LedgerEntry& Append(CaseFile& file, const Step& step, v1::LedgerEntry::Kind kind) {
  v1::LedgerEntry& entry = *file.details.add_ledger();
  entry.set_kind(kind);
  if (step.application) entry.set_application(step.application->name());
  *entry.mutable_record_time() = ToTimestamp(step.received);
  return entry;
}

// The pause that is not over yet; null when the case does not rest.
v1::LedgerEntry* OpenPause(CaseFile& file) {
  for (v1::LedgerEntry& entry : *file.details.mutable_ledger()) {
    if (entry.kind() == v1::LedgerEntry::PAUSE && !entry.has_to_time()) return &entry;
  }
  return nullptr;
}

}  // namespace

domain::Limit ReadLimit(const v1::Limit& limit) {
  domain::Limit out;
  switch (limit.calendar()) {
    case v1::Limit::WORKING_DAYS:
      out.calendar = domain::Calendar::kWorkingDays;
      break;
    case v1::Limit::CONTINUOUS:
      out.calendar = domain::Calendar::kContinuous;
      break;
    default:
      out.calendar = domain::Calendar::kWorkingHours;
  }
  out.span = ToDuration(limit.span());
  return out;
}

v1::Limit WriteLimit(const domain::Limit& limit) {
  v1::Limit out;
  switch (limit.calendar) {
    case domain::Calendar::kWorkingHours:
      out.set_calendar(v1::Limit::WORKING_HOURS);
      break;
    case domain::Calendar::kWorkingDays:
      out.set_calendar(v1::Limit::WORKING_DAYS);
      break;
    case domain::Calendar::kContinuous:
      out.set_calendar(v1::Limit::CONTINUOUS);
      break;
  }
  out.mutable_span()->set_seconds(absl::ToInt64Seconds(limit.span));
  return out;
}

std::vector<domain::ClockAdjustment> LedgerOf(const v1::Case& details) {
  std::vector<domain::ClockAdjustment> ledger;
  for (const v1::LedgerEntry& entry : details.ledger()) {
    domain::ClockAdjustment adjustment;
    adjustment.recorded = FromTimestamp(entry.record_time());
    if (entry.kind() == v1::LedgerEntry::PAUSE) {
      adjustment.kind = domain::ClockAdjustment::Kind::kPause;
      adjustment.pause.from = FromTimestamp(entry.from_time());
      adjustment.pause.to = entry.has_to_time() ? FromTimestamp(entry.to_time()) : absl::InfiniteFuture();
    } else {
      adjustment.stage = domain::Stage::kHandle;  // only handling is postponed
      adjustment.cycle = entry.cycle();
      adjustment.extend = ReadLimit(entry.extend());
    }
    ledger.push_back(adjustment);
  }
  return ledger;
}

bool WriteLedger(CaseFile& file, const Step& step, domain::CaseState from, domain::CaseState to) {
  if (step.action == v1::POSTPONE && step.application) {
    v1::LedgerEntry& entry = Append(file, step, v1::LedgerEntry::EXTEND);
    entry.set_stage(std::string(domain::NameOf(domain::Stage::kHandle)));
    entry.set_cycle(file.rework_count);
    *entry.mutable_extend() = step.application->extend();
    return true;
  }
  if (step.action == v1::SUSPEND) {
    v1::LedgerEntry& entry = Append(file, step, v1::LedgerEntry::PAUSE);
    *entry.mutable_from_time() = ToTimestamp(step.earliest.value_or(step.event_time));
    return true;
  }
  if (from != domain::CaseState::kSuspended || to == domain::CaseState::kSuspended) return false;
  v1::LedgerEntry* pause = OpenPause(file);
  if (pause == nullptr) return false;
  *pause->mutable_to_time() = ToTimestamp(step.event_time);
  *file.details.mutable_suspension()->mutable_end_time() = pause->to_time();
  return true;
}

}  // namespace gridwarden::casework
