#include "gridctl/case_words.h"

#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/id.h"
#include "base/status.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "platform/crypto/digest.h"

namespace gridwarden::gridctl {
namespace {

// Stores a file and answers "media/{sha256}"; a name of that form is taken as it is.
absl::StatusOr<std::string> Upload(Invocation& run, const std::string& file) {
  if (file.starts_with("media/")) return file;
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::InvalidArgumentError(file + ": cannot be read");
  media::v1::UploadMediaRequest request;
  request.set_content(std::string(std::istreambuf_iterator<char>(in), {}));
  request.set_sha256(absl::BytesToHexString(crypto::Sha256(request.content())));
  GW_ASSIGN_OR_RETURN(
      const media::v1::Media stored,
      run.session().Call<media::v1::Media>("gridwarden.media.v1.MediaService/UploadMedia", request));
  return stored.name();
}

}  // namespace

Option PhotoOption() {
  return {"--photo", "KIND:FILE",
          "photo or document as evidence; KIND near, far, before, after, remains, absence, document", true};
}
Option AnswerOption() {
  return {"--answer", "LIST.ITEM=VALUE[@FILE]", "answer to a checklist item, with its own evidence", true};
}
Option PositionOption() {
  return {"--position", "LON,LAT[,M][,DATUM]", "where it was done; WGS84 unless stated"};
}
Option EventTimeOption() { return {"--event-time", "TIME", "when it happened; default now"}; }
Option EtagOption() { return {"--etag", "ETAG", "refuse if it changed since"}; }

absl::Status AddPhotos(Invocation& run, google::protobuf::RepeatedPtrField<type::v1::Evidence>* evidence) {
  for (const std::string& text : run.All("--photo")) {
    const size_t colon = text.find(':');
    type::v1::Evidence::Kind kind = type::v1::Evidence::KIND_UNSPECIFIED;
    if (colon == std::string::npos ||
        !type::v1::Evidence::Kind_Parse(absl::AsciiStrToUpper(text.substr(0, colon)), &kind)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--photo: got \"%s\", want KIND:FILE, e.g. near:photo.jpg", text));
    }
    type::v1::Evidence* added = evidence->Add();
    added->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*added->mutable_media(), Upload(run, text.substr(colon + 1)));
  }
  return absl::OkStatus();
}

absl::Status AddAnswers(Invocation& run,
                        google::protobuf::RepeatedPtrField<type::v1::ChecklistAnswer>* answers) {
  for (const std::string& text : run.All("--answer")) {
    const size_t dot = text.find('.');
    const size_t equals = text.find('=');
    if (dot == std::string::npos || equals == std::string::npos || dot > equals) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--answer: got \"%s\", want LIST.ITEM=VALUE, e.g. SSP_CLOSURE.POWER_CUT=yes@cut.jpg", text));
    }
    type::v1::ChecklistAnswer* answer = answers->Add();
    answer->set_checklist(text.substr(0, dot));
    answer->set_item(text.substr(dot + 1, equals - dot - 1));
    const size_t at = text.find('@', equals);
    answer->set_value(text.substr(equals + 1, at == std::string::npos ? at : at - equals - 1));
    if (at != std::string::npos) {
      GW_ASSIGN_OR_RETURN(*answer->add_media(), Upload(run, text.substr(at + 1)));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadPosition(Invocation& run, type::v1::Position* position) {
  if (!run.Has("--position")) return absl::OkStatus();
  std::vector<std::string> parts = absl::StrSplit(run.Get("--position"), ',');
  type::v1::Position::Datum datum = type::v1::Position::WGS84;
  if (parts.size() > 2 && type::v1::Position::Datum_Parse(absl::AsciiStrToUpper(parts.back()), &datum))
    parts.pop_back();
  double lon = 0, lat = 0, accuracy = 0;
  const bool good = (parts.size() == 2 || parts.size() == 3) && absl::SimpleAtod(parts[0], &lon) &&
                    absl::SimpleAtod(parts[1], &lat) &&
                    (parts.size() == 2 || absl::SimpleAtod(parts[2], &accuracy));
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--position: got \"%s\", want LON,LAT[,ACCURACY_M][,DATUM]", run.Get("--position")));
  }
  position->set_longitude(lon);
  position->set_latitude(lat);
  position->set_accuracy_m(accuracy);
  position->set_datum(datum);
  return absl::OkStatus();
}

std::string NameIn(std::string_view collection, const std::string& text) {
  return text.find('/') == std::string::npos ? absl::StrFormat("%s/%s", collection, text) : text;
}

std::string CaseName(const std::string& text) {
  if (text.find('/') != std::string::npos) return text;
  return Uuid::Parse(text) ? "cases/" + text : "cases/no:" + text;
}

}  // namespace gridwarden::gridctl
