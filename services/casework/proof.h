#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/policy/policy.h"
#include "domain/workflow/conditions.h"
#include "gridwarden/type/v1/place.pb.h"

// What a step rests on, as the client sent it: photos and documents, checklist answers, a position.
namespace gridwarden::casework {

inline constexpr int kEvidenceMax = 50;     // photos and documents of one step; a journal entry holds 60 KiB
inline constexpr int kAnswersMax = 200;     // answers of one step
inline constexpr int kAnswerMediaMax = 20;  // photos of one answer
inline constexpr int kNoteCharsMax = 2000;  // notes, reasons, descriptions: characters, not bytes

struct Proof {
  std::vector<type::v1::Evidence> evidence;
  std::vector<type::v1::ChecklistAnswer> answers;
  std::optional<type::v1::Position> position;  // WGS-84
};

// Reads and checks the proof of a request. INVALID_FIELD names the path; CHECKLIST_ITEM_UNKNOWN an unknown
// item; DATUM_MISSING a position without a datum.
absl::StatusOr<Proof> ReadProof(const domain::Policy& policy, std::vector<type::v1::Evidence> evidence,
                                std::vector<type::v1::ChecklistAnswer> answers,
                                const type::v1::Position* position, std::string_view prefix = "");

// The proof of any request with the fields evidence, answers and position.
template <typename Request>
absl::StatusOr<Proof> ReadProofOf(const domain::Policy& policy, const Request& request,
                                  std::string_view prefix = "") {
  return ReadProof(policy, {request.evidence().begin(), request.evidence().end()},
                   {request.answers().begin(), request.answers().end()},
                   request.has_position() ? &request.position() : nullptr, prefix);
}

// As the rules want them.
std::vector<domain::Evidence> ToDomain(const std::vector<type::v1::Evidence>& evidence);
std::vector<domain::Answer> ToDomain(const std::vector<type::v1::ChecklistAnswer>& answers);

// Names of all media, of evidence and answers alike.
std::vector<std::string> MediaOf(const std::vector<type::v1::Evidence>& evidence,
                                 const std::vector<type::v1::ChecklistAnswer>& answers);
// Their SHA-256, 32 bytes each, sorted and without doubles.
std::vector<std::string> DigestsOf(const std::vector<type::v1::Evidence>& evidence,
                                   const std::vector<type::v1::ChecklistAnswer>& answers);

// "media/" and the hex digits of each digest.
std::vector<std::string> MediaNames(const std::vector<std::string>& digests);

// Of these photos, the ones whose name is, or is not, among `names`: what was shown before proves nothing
// new.
std::vector<type::v1::Evidence> Among(const std::vector<type::v1::Evidence>& evidence,
                                      const std::vector<std::string>& names);
std::vector<type::v1::Evidence> NotAmong(const std::vector<type::v1::Evidence>& evidence,
                                         const std::vector<std::string>& names);

// Adds what a later step found: a newer answer to the same item replaces the older one.
void AddProof(const Proof& proof, std::vector<type::v1::Evidence>& evidence,
              std::vector<type::v1::ChecklistAnswer>& answers);

// INVALID_FIELD when the text has more than `chars_max` characters or, where it is required, when it is
// blank.
absl::Status CheckText(std::string_view field, std::string_view text, bool required = false,
                       int chars_max = kNoteCharsMax);

}  // namespace gridwarden::casework
