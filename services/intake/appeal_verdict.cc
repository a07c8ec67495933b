#include <algorithm>

#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/fire/verdict.h"
#include "intake/fire_service.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::intake {
namespace {

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp out;
  const int64_t us = absl::ToUnixMicros(time);
  out.set_seconds(us / 1000000);
  out.set_nanos(static_cast<int32_t>(us % 1000000) * 1000);
  return out;
}

absl::Status CheckEtag(const std::string& etag, const VerdictFile& file) {
  if (etag.empty() || etag == std::to_string(file.subject.seq)) return absl::OkStatus();
  return EtagMismatch(ResourceName("hotspots", file.hotspot));
}

absl::Status Move(domain::VerdictAction action, v1::HotspotVerdict& verdict) {
  GW_ASSIGN_OR_RETURN(const domain::VerdictState next,
                      domain::Next(static_cast<domain::VerdictState>(verdict.state()), action));
  verdict.set_state(static_cast<v1::HotspotVerdict::State>(next));
  return absl::OkStatus();
}

bool BearsAShare(const v1::HotspotVerdict& verdict, const Uuid& division) {
  return std::any_of(verdict.shares().begin(), verdict.shares().end(), [&](const auto& share) {
    return share.division() == ResourceName("divisions", division);
  });
}

}  // namespace

absl::StatusOr<v1::HotspotVerdict> AppealVerdict(const AreaContext& context, const rpc::Call& call,
                                                 const v1::AppealVerdictRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_RETURN_IF_ERROR(CheckEvidence(request.evidence()));
  GW_RETURN_IF_ERROR(CheckWords("statement", request.statement(), true));
  const domain::Division* division = ground->FindDivisionBySpelling(request.division(), call.now);
  if (division == nullptr)
    return InvalidField("division", "got an unknown division, want one that bears a share");
  return rpc::Mutate<v1::HotspotVerdict>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::HotspotVerdict> {
        GW_ASSIGN_OR_RETURN(Judged judged, LockJudged(context, call, tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, division->id));
        v1::HotspotVerdict& verdict = judged.file.verdict;
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), judged.file));
        if (!BearsAShare(verdict, division->id)) {
          return InvalidField("division",
                              "got a division without a share of the hotspot, want one that bears some");
        }
        if (verdict.person() == ResourceName("persons", call.principal.person)) {
          return FailedPrecondition("ANOTHER_PERSON_NEEDED", "nobody appeals the own verdict",
                                    {{"seat", "申诉人"}});
        }
        GW_RETURN_IF_ERROR(Move(domain::VerdictAction::kAppeal, verdict));
        GW_RETURN_IF_ERROR(domain::AppealTime(TimeOf(verdict.decide_time()), call.now));
        v1::HotspotVerdict::Appeal& appeal = *verdict.mutable_appeal();
        appeal.set_division(ResourceName("divisions", division->id));
        appeal.set_person(ResourceName("persons", call.principal.person));
        appeal.set_post(ResourceName("posts", acting.post));
        appeal.set_statement(request.statement());
        *appeal.mutable_evidence() = request.evidence();
        *appeal.mutable_time() = ToTimestamp(call.now);
        GW_RETURN_IF_ERROR(TellVerdict(
            tx, call, {v1::VerdictEvent::APPEAL, acting, call.now, request.request_id()}, judged.file));
        GW_RETURN_IF_ERROR(SaveVerdict(tx, judged.file));
        return VerdictOf(judged.file, *ground);
      });
}

absl::StatusOr<v1::HotspotVerdict> DecideVerdictAppeal(const AreaContext& context, const rpc::Call& call,
                                                       const v1::DecideVerdictAppealRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_RETURN_IF_ERROR(CheckWords("reason", request.reason(), true));
  if (!v1::HotspotVerdict::Verdict_IsValid(request.verdict()))
    return InvalidField("verdict", "got an unknown value, want what the hotspot was");
  return rpc::Mutate<v1::HotspotVerdict>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::HotspotVerdict> {
        GW_ASSIGN_OR_RETURN(Judged judged, LockJudged(context, call, tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAt(*ground, call, judged.hotspot.division));
        v1::HotspotVerdict& verdict = judged.file.verdict;
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), judged.file));
        GW_RETURN_IF_ERROR(Move(domain::VerdictAction::kDecide, verdict));
        const std::string person = ResourceName("persons", call.principal.person);
        if (person == verdict.person() || person == verdict.appeal().person()) {
          return FailedPrecondition("ANOTHER_PERSON_NEEDED", "an appeal is decided by a third person",
                                    {{"seat", "申诉裁定人"}});
        }
        v1::HotspotVerdict::Appeal& appeal = *verdict.mutable_appeal();
        appeal.set_decide_person(person);
        appeal.set_decide_post(ResourceName("posts", acting.post));
        appeal.set_upheld(request.verdict() != verdict.verdict());
        appeal.set_reason(request.reason());
        *appeal.mutable_decide_time() = ToTimestamp(call.now);
        verdict.set_verdict(request.verdict());
        GW_RETURN_IF_ERROR(TellVerdict(
            tx, call, {v1::VerdictEvent::DECIDE, acting, call.now, request.request_id()}, judged.file));
        GW_RETURN_IF_ERROR(SaveVerdict(tx, judged.file));
        return VerdictOf(judged.file, *ground);
      });
}

}  // namespace gridwarden::intake
