#include "grid/tenure_rules.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "grid/grid_proto.h"

namespace gridwarden::grid {
namespace {

constexpr size_t kDocumentBytesMax = 80;

}  // namespace

absl::StatusOr<domain::Tenure> ReadTenure(const v1::Tenure& message, std::string_view field) {
  const std::string path(field);
  domain::Tenure tenure;
  GW_ASSIGN_OR_RETURN(tenure.post, ParseResourceName("posts", message.post(), path + ".post"));
  GW_ASSIGN_OR_RETURN(tenure.person, ParseResourceName("persons", message.person(), path + ".person"));
  if (tenure.post.IsNil()) return InvalidField(path + ".post", "got nothing, want posts/{uuid}");
  if (tenure.person.IsNil()) return InvalidField(path + ".person", "got nothing, want persons/{uuid}");
  if (message.kind() != v1::Tenure::FORMAL && message.kind() != v1::Tenure::ACTING) {
    return InvalidField(path + ".kind", "want FORMAL or ACTING");
  }
  tenure.kind = static_cast<domain::TenureKind>(message.kind());
  if (!message.has_valid_from())
    return InvalidField(path + ".valid_from", "got nothing, want the time it began");
  GW_ASSIGN_OR_RETURN(tenure.valid.from, ReadTime(message.valid_from(), path + ".valid_from"));
  if (message.has_valid_to()) {
    GW_ASSIGN_OR_RETURN(tenure.valid.to, ReadTime(message.valid_to(), path + ".valid_to"));
  }
  if (tenure.valid.from >= tenure.valid.to)
    return InvalidField(path + ".valid_to", "want a time after valid_from");
  if (message.document_no().size() > kDocumentBytesMax)
    return InvalidField(path + ".document_no", "want at most 80 bytes");
  tenure.document_no = message.document_no();
  return tenure;
}

absl::Status CheckOverlap(const domain::Tenure& tenure, std::span<const TenureRow> standing,
                          const Uuid& except) {
  for (const TenureRow& other : standing) {
    if (other.record.id == except || other.record.post != tenure.post || other.record.kind != tenure.kind)
      continue;
    if (!other.record.valid.Overlaps(tenure.valid)) continue;
    return FailedPrecondition("TENURE_OVERLAP", "the post has a holder of that kind then",
                              {{"tenure", ResourceName("tenures", other.record.id)}});
  }
  return absl::OkStatus();
}

absl::Status CheckPostExistsThen(const domain::Tenure& tenure, const domain::Post& post,
                                 const domain::Ground& ground, std::string_view field) {
  const domain::Division* division = ground.FindDivision(ground.DivisionOf(post));
  if (division != nullptr && !division->valid.Overlaps(tenure.valid)) {
    return InvalidField(absl::StrCat(std::string(field), ".valid_from"),
                        absl::StrCat("got a time in which ", division->display_name,
                                     " does not exist, want one in which it does"));
  }
  if (post.valid.Overlaps(tenure.valid)) return absl::OkStatus();
  return InvalidField(absl::StrCat(std::string(field), ".valid_from"),
                      "the post does not exist during that time");
}

absl::Status CheckAppointer(const rpc::Call& call, const Uuid& person, domain::PostKind kind) {
  if (call.principal.administrator || call.principal.system) return absl::OkStatus();
  if (person == call.principal.person) return NotAllowed("nobody appoints, prolongs or dismisses themselves");
  if (kind == domain::PostKind::kDiscipline)
    return NotAllowed("discipline inspection is appointed by an administrator");
  return absl::OkStatus();
}

absl::Status CheckEtag(std::string_view etag, const domain::Tenure& tenure) {
  if (etag.empty() || etag == absl::StrCat(tenure.revision)) return absl::OkStatus();
  return EtagMismatch(ResourceName("tenures", tenure.id));
}

absl::Status CheckStands(const domain::Tenure& tenure) {
  if (tenure.revoked == absl::InfiniteFuture()) return absl::OkStatus();
  return FailedPrecondition("ILLEGAL_TRANSITION", "the record was withdrawn before",
                            {{"state", "REVOKED"}, {"action", "CORRECT"}});
}

}  // namespace gridwarden::grid
