#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "casework/application_repository.h"
#include "casework/case_file.h"
#include "casework/step.h"
#include "domain/workflow/application.h"

// What every application goes through, whatever it asks for.
namespace gridwarden::casework {

// Codes that the events DECIDE carry.
inline constexpr char kAgreed[] = "AGREED";
inline constexpr char kRefused[] = "REFUSED";
inline constexpr char kWithdrawn[] = "WITHDRAWN";

// What is asked, and by whom. `application` holds what the kind needs: reason_code, statement, document_no,
// evidence, extend, suspension, handler, cooperators.
struct Asking {
  v1::Application application;
  access::Acting acting;
  std::string request_id;
  int postponed_before = 0;
};

// Makes an application of a locked case and tells it as the event APPLY. ILLEGAL_TRANSITION when the case's
// state has no such act, APPLICATION_PENDING when one of the kind waits already, REASON_NOT_LISTED.
absl::StatusOr<v1::Application> Apply(db::Transaction& tx, const rpc::Call& call,
                                      const domain::Policy& policy, CaseFile& file, const Asking& asking);

// Ends an application that was decided or withdrawn: the case no longer waits for it.
void EndApplication(const rpc::Call& call, CaseFile& file, v1::Application& application);
// Ends those that wait for an act the case's state no longer has: they have lapsed with the step. Part of
// Record; asks the database only when the case says that something waits.
absl::Status LapseApplications(db::Transaction& tx, const Step& step, CaseFile& file);

// The posts a person holds now that answer for a division, of the kinds the rpc's row names.
std::vector<domain::Desk> DesksOf(const domain::Ground& ground, const rpc::Call& call, const Uuid& division);
// The post the application was made in.
domain::Desk ApplicantDesk(const domain::Ground& ground, const v1::Application& application);

std::vector<domain::Seat> SeatsIn(const v1::Application& application);
std::vector<domain::Taken> TakenIn(const v1::Application& application);

// How much handling has been extended so far, and how often.
absl::Duration ExtendedSoFar(const CaseFile& file);
int PostponedSoFar(const CaseFile& file);

// Documents and photos of a request, read and checked: at most kEvidenceMax, INVALID_FIELD names the path.
absl::StatusOr<std::vector<type::v1::Evidence>> ReadDocuments(
    const domain::Policy& policy, const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence);

// A case that was taken on before its starts were kept has them from its story.
absl::Status FillStarts(db::Transaction& tx, CaseFile& file);

}  // namespace gridwarden::casework
