#include "source/record_change.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/source/v1/source_event.pb.h"

namespace gridwarden::source {
namespace {

using google::protobuf::util::TimeUtil;

v1::SourceEvent EventOf(const Change& change, const v1::Source& after) {
  v1::SourceEvent event;
  event.set_action(change.action);
  event.set_from(change.from);
  *event.mutable_after() = after;
  // These may name people; a leaf never does.
  event.mutable_after()->clear_operator_name();
  event.mutable_after()->clear_address();
  event.mutable_changed_fields()->Assign(change.changed_fields.begin(), change.changed_fields.end());
  return event;
}

SourceChangeRow HistoryOf(const rpc::Call& call, const Change& change, const LedgerSource& source) {
  SourceChangeRow row{.source = source.id, .person = call.principal.person, .post = change.acting.post};
  row.value.set_seq(static_cast<int64_t>(source.subject.seq));
  row.value.set_action(change.action);
  row.value.set_from_state(change.from);
  row.value.set_to_state(source.value.state());
  row.value.set_disposition(source.value.disposition());
  row.value.set_reason(change.reason);
  row.value.mutable_changed_fields()->Assign(change.changed_fields.begin(), change.changed_fields.end());
  *row.value.mutable_event_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(change.event_time));
  *row.value.mutable_receive_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(call.now));
  return row;
}

}  // namespace

absl::StatusOr<v1::Source> RecordChange(const AreaContext& context, const rpc::Call& call,
                                        db::Transaction& tx, const Change& change, LedgerSource source) {
  const bool is_new = source.subject.seq == 0;
  v1::Source& value = source.value;
  const auto now = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(call.now));
  if (is_new) *value.mutable_create_time() = now;
  *value.mutable_update_time() = now;
  value.set_name(ResourceName("sources", source.id));
  value.set_division(ResourceName("divisions", source.division));
  value.set_etag(absl::StrCat(source.subject.seq + 1));
  source.subject.id = source.id;

  const v1::SourceEvent event = EventOf(change, value);
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                      journal::Seal(call, {.kind = "source",
                                           .before = source.subject,
                                           .event = &event,
                                           .post = change.acting.post,
                                           .tenure = change.acting.tenure,
                                           .earliest = change.event_time,
                                           .latest = change.event_time,
                                           .rule_version = context.policy->version,
                                           .request_id = change.request_id}));
  source.subject = sealed.after;
  GW_RETURN_IF_ERROR(is_new ? InsertSource(tx, source) : SaveSource(tx, source));
  GW_RETURN_IF_ERROR(InsertChange(tx, HistoryOf(call, change, source)));
  GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
  return value;
}

absl::Status CheckEtag(const LedgerSource& source, std::string_view etag) {
  if (etag.empty() || etag == source.value.etag()) return absl::OkStatus();
  return EtagMismatch(source.value.name());
}

std::string MakeSourceNo(const domain::Ground& ground, const Uuid& division, const Uuid& id) {
  const domain::Division* place = ground.FindDivision(division);
  std::string number = place == nullptr || place->codes.empty() ? "S" : place->codes.back().code;
  number.resize(std::min<size_t>(number.size(), 24));
  // The random end of the id: ids made in one millisecond share their beginning.
  std::string tail = absl::AsciiStrToUpper(id.ToString().substr(24));
  return absl::StrCat(number, "-", tail.substr(tail.size() - 10));
}

}  // namespace gridwarden::source
