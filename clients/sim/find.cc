#include "sim/find.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "platform/crypto/digest.h"
#include "sim/acts.h"
#include "sim/photo.h"

namespace gridwarden::sim {

namespace v1 = casework::v1;

namespace {

// What a person would tick: the answer that passes.
std::string PassingValue(const domain::ChecklistItem& item) {
  if (item.answer == "yes_no") return item.pass_when == "no" ? "no" : "yes";
  if (item.answer == "number") return item.pass_when.find('>') != std::string::npos ? "1000" : "0";
  if (item.answer == "choice" && !item.options.empty()) return item.options.front();
  if (item.answer == "date") return "2026-11-01";
  if (item.answer == "geo") return "114.0,33.0";
  return "已核实";
}

}  // namespace

std::string Actor::Id(const Find& find, std::string_view what) const {
  return world_.IdOf(
      absl::StrFormat("find %d.%d %s %d %d", find.number, find.rebound_of, what, find.checks, find.refusals));
}

type::v1::Position Actor::Somewhere(const std::string& division, Random& random) const {
  const Ground& at = grounds_.at(division);
  type::v1::Position position;
  position.set_longitude(
      random.Between(at.west + (at.east - at.west) * 0.1, at.east - (at.east - at.west) * 0.1));
  position.set_latitude(
      random.Between(at.south + (at.north - at.south) * 0.1, at.north - (at.north - at.south) * 0.1));
  position.set_datum(type::v1::Position::WGS84);
  position.set_accuracy_m(random.Between(4, 25));
  return position;
}

absl::StatusOr<std::string> Actor::Photo(Find& find, const std::string& who, absl::Time now) {
  media::v1::UploadMediaRequest request;
  request.set_content(MakePhoto(world_.seed() * 1000003 + static_cast<uint64_t>(find.number) * 1000 +
                                find.rebound_of * 500 + find.photos++));
  request.set_sha256(absl::BytesToHexString(crypto::Sha256(request.content())));
  request.set_content_type("image/png");
  request.set_division(find.village);
  GW_ASSIGN_OR_RETURN(
      const media::v1::Media media,
      world_.Call<media::v1::Media>(who, now, "gridwarden.media.v1.MediaService/UploadMedia", request));
  return media.name();
}

absl::Time Actor::WhenDone(Find& find, absl::Time now, absl::Time due, double late_share,
                           Random& random) const {
  const absl::Duration left = std::max(due - now, absl::Minutes(10));
  if (random.Chance(late_share)) {
    find.late = true;
    return due + left * random.Between(0.1, 1.2);
  }
  return now + std::max(absl::Minutes(2), left * random.Between(0.15, 0.9));
}

absl::StatusOr<v1::Case> Actor::WaitFor(const Find& find, const std::string& who, absl::Time now,
                                        v1::Case::State state) {
  v1::GetCaseRequest request;
  request.set_name(find.file.name());
  v1::Case last;
  for (int attempt = 0; attempt < 400; ++attempt) {
    GW_ASSIGN_OR_RETURN(last, world_.Call<v1::Case>(who, now, Casework("GetCase"), request));
    if (last.state() == state) break;
    usleep(10'000);
  }
  return last;
}

absl::Status Actor::AddAnswers(Find& find, const std::string& who, absl::Time now,
                               const std::vector<std::string>& items,
                               google::protobuf::RepeatedPtrField<type::v1::ChecklistAnswer>* answers) {
  std::vector<std::string> wanted =
      items;  // "CHECKLIST.ITEM" or "CHECKLIST.ITEM=value", as the policy writes them
  for (size_t i = 0; i < wanted.size(); ++i) {
    const size_t dot = wanted[i].find('.');
    const size_t equals = std::min(wanted[i].find('='), wanted[i].size());
    const domain::Checklist* checklist = policy_.FindChecklist(wanted[i].substr(0, dot));
    const domain::ChecklistItem* item =
        checklist == nullptr ? nullptr : checklist->Find(wanted[i].substr(dot + 1, equals - dot - 1));
    if (item == nullptr) return Internal("policy names an unknown item " + wanted[i]);
    type::v1::ChecklistAnswer* answer = answers->Add();
    answer->set_checklist(checklist->code);
    answer->set_item(item->code);
    answer->set_value(equals < wanted[i].size() ? wanted[i].substr(equals + 1) : PassingValue(*item));
    GW_ASSIGN_OR_RETURN(*answer->add_media(), Photo(find, who, now));
    // What this answer makes necessary besides.
    for (const domain::ChecklistItem& other : checklist->items) {
      const std::string code = checklist->code + "." + other.code;
      if (other.required_if == item->code + "=" + answer->value() &&
          std::find(wanted.begin(), wanted.end(), code) == wanted.end()) {
        wanted.push_back(code);
      }
    }
  }
  return absl::OkStatus();
}

Actor::Next Actor::Do(Find& find, Step step, absl::Time now) {
  Random random(world_.seed(), absl::StrFormat("find %d.%d step %d %d %d %d", find.number, find.rebound_of,
                                               static_cast<int>(step), find.checks, find.refusals,
                                               find.file.rechecks_done()));
  switch (step) {
    case Step::kReport:
      return Report(find, now, random);
    case Step::kReportOutside:
      return ReportOutside(find, now, random);
    case Step::kPatrol:
      return Patrol(find, now, random);
    case Step::kSendCheck:
      return SendCheck(find, now, random);
    case Step::kOnsiteCheck:
      return OnsiteCheck(find, now, random);
    case Step::kFile:
      return File(find, now, random);
    case Step::kReject:
      return Reject(find, now);
    case Step::kDisposition:
      return Disposition(find, now, random);
    case Step::kDispatch:
      return Dispatch(find, now, random, false);
    case Step::kReturn:
      return Return(find, now, random);
    case Step::kDispatchAgain:
      return Dispatch(find, now, random, true);
    case Step::kAccept:
      return Accept(find, now, random);
    case Step::kFeedback:
      return Feedback(find, now, random);
    case Step::kCheck:
      return Check(find, now, random);
    case Step::kSign:
      return Sign(find, now, random);
    case Step::kRecheck:
      return Recheck(find, now, random);
  }
  return std::optional<NextStep>();
}

}  // namespace gridwarden::sim
