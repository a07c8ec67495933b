#pragma once

#include <string>

#include "absl/status/status.h"
#include "gridctl/command.h"
#include "gridwarden/casework/v1/casework.pb.h"
#include "gridwarden/type/v1/place.pb.h"

// Options that signal, case and task commands share: evidence, answers, position, event time.
namespace gridwarden::gridctl {

Option PhotoOption();
Option AnswerOption();
Option PositionOption();
Option EventTimeOption();
Option EtagOption();

// Uploads each --photo KIND:FILE (or takes KIND:media/{sha256}) and adds it to `evidence`.
absl::Status AddPhotos(Invocation& run, google::protobuf::RepeatedPtrField<type::v1::Evidence>* evidence);
// Reads each --answer CHECKLIST.ITEM=VALUE[@FILE], uploading the file.
absl::Status AddAnswers(Invocation& run,
                        google::protobuf::RepeatedPtrField<type::v1::ChecklistAnswer>* answers);
// Reads --position LON,LAT[,ACCURACY][,DATUM]; WGS84 unless stated. Leaves `position` alone when the option
// is absent.
absl::Status ReadPosition(Invocation& run, type::v1::Position* position);

// Shows the case that a command answered with, as a row or as JSON.
absl::Status PrintCase(Invocation& run, const absl::StatusOr<casework::v1::Case>& answer);

// "cases/{uuid}" from a uuid, a resource name or a printed case number.
std::string CaseName(const std::string& text);
std::string NameIn(std::string_view collection, const std::string& text);

}  // namespace gridwarden::gridctl
