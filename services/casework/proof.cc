#include "casework/proof.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "domain/geo/datum.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kMedia = "media/";
constexpr size_t kDigestHex = 64;

bool IsMediaName(std::string_view name) {
  if (!name.starts_with(kMedia) || name.size() != kMedia.size() + kDigestHex) return false;
  return std::all_of(name.begin() + kMedia.size(), name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

absl::Status CheckMedia(const std::string& field, std::string_view name) {
  if (IsMediaName(name)) return absl::OkStatus();
  return InvalidField(
      field, absl::StrFormat("got %s, want media/ and 64 lower-case hex digits", name.substr(0, 80)));
}

absl::Status CheckCount(const std::string& field, int count, int max) {
  if (count <= max) return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("got %d, want at most %d", count, max));
}

absl::Status CheckEvidence(const std::vector<type::v1::Evidence>& evidence, const std::string& path) {
  GW_RETURN_IF_ERROR(CheckCount(path, static_cast<int>(evidence.size()), kEvidenceMax));
  for (size_t i = 0; i < evidence.size(); ++i) {
    GW_RETURN_IF_ERROR(CheckMedia(absl::StrCat(path, "[", i, "].media"), evidence[i].media()));
    if (!type::v1::Evidence::Kind_IsValid(evidence[i].kind()) ||
        evidence[i].kind() == type::v1::Evidence::KIND_UNSPECIFIED) {
      return InvalidField(absl::StrCat(path, "[", i, "].kind"), "got none, want what the photo shows");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAnswers(const domain::Policy& policy, const std::vector<type::v1::ChecklistAnswer>& answers,
                          const std::string& path) {
  GW_RETURN_IF_ERROR(CheckCount(path, static_cast<int>(answers.size()), kAnswersMax));
  for (size_t i = 0; i < answers.size(); ++i) {
    const std::string media = absl::StrCat(path, "[", i, "].media");
    GW_RETURN_IF_ERROR(CheckCount(media, answers[i].media_size(), kAnswerMediaMax));
    for (const std::string& name : answers[i].media()) GW_RETURN_IF_ERROR(CheckMedia(media, name));
  }
  return domain::ValidateAnswers(policy, ToDomain(answers), path);
}

absl::StatusOr<type::v1::Position> ToWgs84(const type::v1::Position& given, const std::string& path) {
  GW_ASSIGN_OR_RETURN(const domain::Point point,
                      domain::ToWgs84({given.longitude(), given.latitude()},
                                      static_cast<domain::Datum>(given.datum()), path));
  constexpr double kAccuracyMax = 100'000;  // metres; more says nothing about a place
  if (!(given.accuracy_m() >= 0 && given.accuracy_m() <= kAccuracyMax)) {
    return InvalidField(absl::StrCat(path, ".accuracy_m"),
                        absl::StrFormat("got %g, want 0 to %g metres", given.accuracy_m(), kAccuracyMax));
  }
  type::v1::Position position;
  position.set_longitude(point.longitude);
  position.set_latitude(point.latitude);
  position.set_datum(type::v1::Position::WGS84);
  position.set_given_datum(given.datum());
  position.set_accuracy_m(given.accuracy_m());
  return position;
}

}  // namespace

absl::StatusOr<Proof> ReadProof(const domain::Policy& policy, std::vector<type::v1::Evidence> evidence,
                                std::vector<type::v1::ChecklistAnswer> answers,
                                const type::v1::Position* position, std::string_view prefix) {
  const std::string path(prefix);
  GW_RETURN_IF_ERROR(CheckEvidence(evidence, path + "evidence"));
  GW_RETURN_IF_ERROR(CheckAnswers(policy, answers, path + "answers"));
  Proof proof{.evidence = std::move(evidence), .answers = std::move(answers)};
  if (position != nullptr) {
    GW_ASSIGN_OR_RETURN(proof.position, ToWgs84(*position, path + "position"));
  }
  return proof;
}

std::vector<domain::Evidence> ToDomain(const std::vector<type::v1::Evidence>& evidence) {
  std::vector<domain::Evidence> out;
  for (const type::v1::Evidence& item : evidence) {
    out.push_back({item.media(), static_cast<domain::EvidenceKind>(item.kind())});
  }
  return out;
}

std::vector<domain::Answer> ToDomain(const std::vector<type::v1::ChecklistAnswer>& answers) {
  std::vector<domain::Answer> out;
  for (const type::v1::ChecklistAnswer& answer : answers) {
    out.push_back(
        {answer.checklist(), answer.item(), answer.value(), {answer.media().begin(), answer.media().end()}});
  }
  return out;
}

std::vector<std::string> MediaOf(const std::vector<type::v1::Evidence>& evidence,
                                 const std::vector<type::v1::ChecklistAnswer>& answers) {
  std::set<std::string> names;
  for (const type::v1::Evidence& item : evidence) names.insert(item.media());
  for (const type::v1::ChecklistAnswer& answer : answers)
    names.insert(answer.media().begin(), answer.media().end());
  return {names.begin(), names.end()};
}

std::vector<std::string> DigestsOf(const std::vector<type::v1::Evidence>& evidence,
                                   const std::vector<type::v1::ChecklistAnswer>& answers) {
  std::vector<std::string> digests;
  for (const std::string& name : MediaOf(evidence, answers)) {
    if (IsMediaName(name)) digests.push_back(absl::HexStringToBytes(name.substr(kMedia.size())));
  }
  return digests;
}

std::vector<std::string> MediaNames(const std::vector<std::string>& digests) {
  std::vector<std::string> names;
  for (const std::string& digest : digests)
    names.push_back(absl::StrCat("media/", absl::BytesToHexString(digest)));
  return names;
}

std::vector<type::v1::Evidence> Among(const std::vector<type::v1::Evidence>& evidence,
                                      const std::vector<std::string>& names) {
  const std::set<std::string> wanted(names.begin(), names.end());
  std::vector<type::v1::Evidence> out;
  std::copy_if(evidence.begin(), evidence.end(), std::back_inserter(out),
               [&](const type::v1::Evidence& item) { return wanted.contains(item.media()); });
  return out;
}

std::vector<type::v1::Evidence> NotAmong(const std::vector<type::v1::Evidence>& evidence,
                                         const std::vector<std::string>& names) {
  const std::set<std::string> unwanted(names.begin(), names.end());
  std::vector<type::v1::Evidence> out;
  std::copy_if(evidence.begin(), evidence.end(), std::back_inserter(out),
               [&](const type::v1::Evidence& item) { return !unwanted.contains(item.media()); });
  return out;
}

void AddProof(const Proof& proof, std::vector<type::v1::Evidence>& evidence,
              std::vector<type::v1::ChecklistAnswer>& answers) {
  evidence.insert(evidence.end(), proof.evidence.begin(), proof.evidence.end());
  for (const type::v1::ChecklistAnswer& newer : proof.answers) {
    const auto older =
        std::find_if(answers.begin(), answers.end(), [&](const type::v1::ChecklistAnswer& answer) {
          return answer.checklist() == newer.checklist() && answer.item() == newer.item();
        });
    if (older == answers.end()) {
      answers.push_back(newer);
    } else {
      *older = newer;
    }
  }
}

absl::Status CheckText(std::string_view field, std::string_view text, bool required, int chars_max) {
  const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const int64_t characters = std::count_if(text.begin(), text.end(), is_first_byte);
  if (characters > chars_max) {
    return InvalidField(field, absl::StrFormat("got %d characters, want at most %d", characters, chars_max));
  }
  const bool blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (required && blank) return InvalidField(field, "got nothing, want the reason in words");
  return absl::OkStatus();
}

}  // namespace gridwarden::casework
