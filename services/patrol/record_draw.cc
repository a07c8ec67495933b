#include "patrol/record_draw.h"

#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/draw/text.h"
#include "patrol/record_task.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/hmac.h"

namespace gridwarden::patrol {

namespace draw = domain::draw;

const draw::Hashes& DrawHashes() {
  static constexpr draw::Hashes kHashes{&crypto::Sha256, &crypto::HmacSha256};
  return kHashes;
}

absl::StatusOr<v1::Draw> RecordDraw(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                    const DrawStep& step, DrawRow row) {
  const bool is_new = row.subject.seq == 0;
  row.subject.id = row.id;
  row.value.set_etag(absl::StrCat(row.subject.seq + 1));

  v1::DrawEvent event;
  event.set_action(step.action);
  event.set_from(step.from);
  v1::Draw& after = *event.mutable_after();
  after = row.value;
  after.clear_title();  // what people wrote stays out of a leaf; the digests hold it
  after.clear_cancel_reason();
  for (v1::Draw::SeedSource& source : *after.mutable_seed_sources()) {
    source.clear_description();
    source.clear_reference();
  }
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                      journal::Seal(call, {.kind = "draw",
                                           .before = row.subject,
                                           .event = &event,
                                           .post = step.acting.post,
                                           .tenure = step.acting.tenure,
                                           .earliest = call.now,
                                           .latest = call.now,
                                           .rule_version = context.policy->version,
                                           .request_id = step.request_id}));
  row.subject = sealed.after;
  GW_RETURN_IF_ERROR(is_new ? InsertDraw(tx, row) : SaveDraw(tx, row));
  GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
  return WithObjects(row);
}

absl::StatusOr<OpenDraw> LockOpenDraw(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                      std::string_view name, std::string_view etag, std::string_view action) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("draws", name));
  absl::StatusOr<DrawRow> locked = LockDraw(tx, id);
  if (absl::IsNotFound(locked.status())) return access::Absent(*ground, call, name);
  if (!locked.ok()) return locked.status();
  OpenDraw open{*std::move(locked), {}};
  GW_ASSIGN_OR_RETURN(open.acting, access::AllowAt(*ground, call, open.draw.division));
  if (!etag.empty() && etag != open.draw.value.etag()) return EtagMismatch(open.draw.value.name());
  if (open.draw.value.state() != v1::Draw::COMMITTED) {
    return FailedPrecondition(
        "ILLEGAL_TRANSITION", "a draw is drawn or cancelled once",
        {{"state", v1::Draw::State_Name(open.draw.value.state())}, {"action", std::string(action)}});
  }
  return open;
}

absl::StatusOr<v1::Draw> WithObjects(const DrawRow& row) {
  v1::Draw value = row.value;
  if (row.outcome.empty()) return value;
  GW_ASSIGN_OR_RETURN(const draw::Commitment commitment, draw::ReadCommitment(row.commitment));
  GW_ASSIGN_OR_RETURN(const std::vector<draw::Drawn> drawn, draw::ReadDrawn(row.outcome));
  std::map<std::string, const draw::Candidate*> sources;
  for (const draw::Candidate& candidate : commitment.candidates) sources[candidate.id] = &candidate;
  std::map<std::string, const draw::Inspector*> inspectors;
  for (const draw::Inspector& inspector : commitment.inspectors) inspectors[inspector.person] = &inspector;
  for (const draw::Drawn& one : drawn) {
    const auto source = sources.find(one.source);
    if (source == sources.end()) return Internal("a draw's outcome names a source that is no candidate");
    v1::Draw::Object& object = *value.add_objects();
    object.set_stratum(one.stratum);
    object.set_source("sources/" + one.source);
    object.set_source_no(source->second->number);
    object.set_display_name(source->second->display_name);
    object.set_key(absl::BytesToHexString(one.key));
    for (const std::string& person : one.inspectors) {
      const auto found = inspectors.find(person);
      if (found == inspectors.end()) return Internal("a draw's outcome sends somebody who is no inspector");
      v1::Draw::Inspector& inspector = *object.add_inspectors();
      inspector.set_person("persons/" + person);
      inspector.set_post("posts/" + found->second->post);
      inspector.set_display_name(found->second->display_name);
      inspector.set_patrol_task(ResourceName("patrolTasks", TaskOfDraw(row.id, one.source, person)));
    }
  }
  return value;
}

Uuid TaskOfDraw(const Uuid& draw, const std::string& source, const std::string& person) {
  return Uuid::Derive(draw, absl::StrCat("task\n", source, "\n", person));
}

absl::Status CheckLine(std::string_view field, std::string_view text, int characters_max) {
  if (text.empty()) return InvalidField(field, "got nothing, want a text");
  if (draw::OneField(text) != text)
    return InvalidField(field, "want one line without tabs and control characters");
  return CheckText(field, text, characters_max);
}

}  // namespace gridwarden::patrol
