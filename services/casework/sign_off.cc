#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/workflow/separation.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// The grid leader of the level that filed, or of one above it; what is shut down or listed is the county's;
// after a second rework and after a dispute it is the next level up, as far as there is one (T15, T17).
absl::StatusOr<access::Acting> AllowSign(const domain::Ground& ground, const rpc::Call& call,
                                         const domain::SigningRule& rule, const CaseFile& file) {
  const access::PostKinds kinds = rule.county_centre ? access::kDispatchers : access::kGridLeaders;
  const domain::SigningRule usual{.county_centre = rule.county_centre};
  GW_ASSIGN_OR_RETURN(const access::Acting acting,
                      AllowAs(ground, call, SigningDivision(ground, usual, file, call.now), kinds));
  if (!rule.one_level_up) return acting;
  const absl::StatusOr<access::Acting> higher =
      AllowAs(ground, call, SigningDivision(ground, rule, file, call.now), kinds);
  if (higher.ok()) return higher;
  return FailedPrecondition("ANOTHER_PERSON_NEEDED", "reworked twice or disputed: one level up signs",
                            {{"seat", rule.county_centre ? "上一级攻坚办" : "上一级网格长"},
                             {"seat_name", rule.county_centre ? "CENTRE_ABOVE" : "LEADER_ABOVE"}});
}

// OK, or COSIGNERS_MISSING naming every seat of the joint review that has not agreed.
absl::Status CheckCosigned(const domain::Ground& ground, const domain::CaseType& type, const CaseFile& file) {
  const std::vector<std::string> open = OpenSeats(type, file);
  if (open.empty()) return absl::OkStatus();
  std::vector<std::string> names;
  for (const std::string& seat : open) names.push_back(SeatName(ground, seat));
  return FailedPrecondition("COSIGNERS_MISSING", absl::StrCat("not agreed yet: ", absl::StrJoin(open, ", ")),
                            {{"seat", absl::StrJoin(names, "、")}, {"seat_names", absl::StrJoin(open, " ")}});
}

// Photos travel after the words, so a case may come here before its photos. A closure that counts rests on
// photos that are stored: answers the name of one that is not, "" when all are there or the case is not to be
// seen.
absl::StatusOr<std::string> MissingPhoto(const Casework& casework, const rpc::Call& call,
                                         const std::string& name) {
  constexpr size_t kDigestsAtOnce = 1000;  // ListMissingMedia takes so many
  std::vector<std::string> digests;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    digests.clear();
    const absl::StatusOr<CaseFile> file = ReadCase(tx, name);
    if (!file.ok()) return absl::OkStatus();  // refused below, in the words for everybody
    GW_ASSIGN_OR_RETURN(digests, ReadMediaOfChain(tx, file->chain));
    return absl::OkStatus();
  }));
  for (size_t first = 0; first < digests.size(); first += kDigestsAtOnce) {
    media::v1::ListMissingMediaRequest request;
    for (size_t i = first; i < std::min(first + kDigestsAtOnce, digests.size()); ++i) {
      request.add_sha256s(absl::BytesToHexString(digests[i]));
    }
    GW_ASSIGN_OR_RETURN(
        const auto missing,
        rpc::Send<media::v1::ListMissingMediaResponse>(
            casework.channel("media"), call, "gridwarden.media.v1.MediaService/ListMissingMedia", request));
    if (missing.sha256s_size() > 0) return absl::StrCat("media/", missing.sha256s(0));
  }
  return "";
}

// The total clock stopped with the check that passed, not with the signature. What a dispute opened again
// keeps the time and the judgement of its first closing; what was closed by force is closed for the first
// time now.
void Close(const rpc::Call& call, CaseFile& file) {
  file.signer = call.principal.person;
  file.held = v1::Case::NOT_RECHECKED;
  const bool again = WasClosed(file);
  file.details.set_forced(false);
  if (again) {
    *file.details.mutable_reclose_time() = ToTimestamp(call.now);
    return;
  }
  file.close_time = call.now;
  file.closed_on_time = file.pass_time && *file.pass_time <= file.total_due_time;
}

// Nothing of a refused round counts in the next one; the history keeps it.
void ClearRound(CaseFile& file) {
  file.details.clear_signatures();
  if (!WasClosed(file)) file.pass_time.reset();  // a pass whose signature was refused stops no clock
}

}  // namespace

absl::StatusOr<v1::Case> SignOff(const Casework& casework, const rpc::Call& call,
                                 const v1::SignOffRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), !request.sign()));
  std::string missing;
  if (request.sign()) {
    GW_ASSIGN_OR_RETURN(missing, MissingPhoto(casework, call, request.name()));
  }
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        const domain::CaseType& type = TypeOf(*casework.policy, *ground, file);
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            AllowSign(*ground, call, SigningOf(type, file), file));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        if (!missing.empty()) {
          return FailedPrecondition("EVIDENCE_MISSING", "a photo the case rests on has not arrived",
                                    {{"item", absl::StrCat("照片尚未上传 ", missing)}, {"media", missing}});
        }

        Step step{.action = request.sign() ? v1::SIGN : v1::REFUSE_SIGN,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        const absl::Status cosigned = CheckCosigned(*ground, type, file);
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        GW_ASSIGN_OR_RETURN(const std::vector<domain::Actor> chain, ReadChain(tx, file.chain));
        GW_RETURN_IF_ERROR(domain::CheckSeparation(chain, call.principal.person, domain::Duty::kSigner));
        if (request.sign()) {
          GW_RETURN_IF_ERROR(cosigned);
          GW_RETURN_IF_ERROR(TakeDuty(tx, file, call.principal.person, domain::Duty::kSigner, call.now));
          Close(call, file);
        } else {
          ClearRound(file);
        }
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
