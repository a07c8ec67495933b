#include "casework/case_file.h"

#include "absl/strings/str_cat.h"
#include "casework/timestamps.h"

namespace gridwarden::casework {

std::optional<absl::Time> EarliestOf(const SignalFile& signal) {
  if (!signal.details.has_earliest_time()) return std::nullopt;
  return FromTimestamp(signal.details.earliest_time());
}

void SetEarliest(const std::optional<absl::Time>& earliest, SignalFile& signal) {
  signal.details.clear_earliest_time();
  if (earliest && *earliest < signal.event_time)
    *signal.details.mutable_earliest_time() = ToTimestamp(*earliest);
}

v1::Case ToProto(const CaseFile& file) {
  v1::Case out = file.details;
  out.set_name(ResourceName("cases", file.id));
  out.set_case_no(file.case_no);
  out.set_state(file.state);
  out.set_category(file.category);
  out.set_division(ResourceName("divisions", file.place.division));
  if (file.place.position) *out.mutable_position() = *file.place.position;
  out.set_source(ResourceName("sources", file.source));
  out.set_description(file.description);
  for (const Uuid& signal : file.signals) out.add_signals(ResourceName("signals", signal));
  *out.mutable_event_time() = ToTimestamp(file.event_time);
  *out.mutable_file_time() = ToTimestamp(file.file_time);
  out.set_disposition(file.disposition);
  out.set_handler(ResourceName(file.handler.is_unit ? "units" : "posts", file.handler.id));
  for (const Uuid& unit : file.cooperators) out.add_cooperators(ResourceName("units", unit));
  out.set_duty_item(file.duty_item);
  out.set_fixer(ResourceName("persons", file.fixer));
  out.set_checker(ResourceName("persons", file.checker));
  out.set_signer(ResourceName("persons", file.signer));
  out.set_check_post(ResourceName("posts", file.check_post));
  out.set_rework_count(file.rework_count);
  out.set_return_count(file.return_count);
  out.set_unable_count(file.unable_count);
  if (file.due_time) *out.mutable_due_time() = ToTimestamp(*file.due_time);
  // While it rests nobody can say when the whole case is due.
  if (file.total_due_time != absl::InfiniteFuture())
    *out.mutable_total_due_time() = ToTimestamp(file.total_due_time);
  if (file.pass_time) *out.mutable_pass_time() = ToTimestamp(*file.pass_time);
  if (file.close_time) *out.mutable_close_time() = ToTimestamp(*file.close_time);
  out.set_closed_on_time(file.closed_on_time);
  out.set_chain(ResourceName("cases", file.chain));
  out.set_rebound_of(ResourceName("cases", file.rebound_of));
  out.set_rebounded_into(ResourceName("cases", file.rebounded_into));
  if (file.recheck_time) *out.mutable_recheck_time() = ToTimestamp(*file.recheck_time);
  out.set_held(file.held);
  out.set_etag(absl::StrCat(file.subject.seq));
  out.set_rule_version(file.rule_version);
  return out;
}

v1::Signal ToProto(const SignalFile& signal) {
  v1::Signal out = signal.details;
  out.set_name(ResourceName("signals", signal.id));
  out.set_state(signal.state);
  out.set_channel(signal.channel);
  out.set_category(signal.category);
  out.set_division(ResourceName("divisions", signal.place.division));
  if (signal.place.position) *out.mutable_position() = *signal.place.position;
  out.set_source(ResourceName("sources", signal.source));
  out.set_description(signal.description);
  *out.mutable_evidence() = {signal.evidence.begin(), signal.evidence.end()};
  *out.mutable_answers() = {signal.answers.begin(), signal.answers.end()};
  *out.mutable_event_time() = ToTimestamp(signal.event_time);
  *out.mutable_receive_time() = ToTimestamp(signal.receive_time);
  out.set_channel_key(signal.channel_key);
  out.set_finder(ResourceName("persons", signal.finder));
  const bool in_case = signal.details.merged_into().starts_with("cases/");
  out.set_case_(in_case ? signal.details.merged_into() : ResourceName("cases", signal.case_id));
  if (!signal.onsite.post.IsNil()) {
    v1::Signal::OnsiteCheck& onsite = *out.mutable_onsite_check();
    onsite.set_post(ResourceName("posts", signal.onsite.post));
    onsite.set_person(ResourceName("persons", signal.onsite.person));
    onsite.set_result(signal.onsite.result);
    onsite.set_note(signal.onsite.note);
    if (signal.onsite.event_time) *onsite.mutable_event_time() = ToTimestamp(*signal.onsite.event_time);
    onsite.set_unable_count(signal.onsite.unable_count);
  }
  out.set_reject_reason(signal.reject_reason);
  out.set_place_confidence(signal.place_confidence);
  out.set_etag(absl::StrCat(signal.subject.seq));
  if (signal.due_time) *out.mutable_due_time() = ToTimestamp(*signal.due_time);
  return out;
}

}  // namespace gridwarden::casework
