#include "notify/shift_words.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "notify/timestamps.h"

namespace gridwarden::notify {

v1::DutyShift ShownShift(const domain::Shift& shift) {
  v1::DutyShift shown;
  shown.set_name(ResourceName("dutyShifts", shift.Id()));
  shown.set_division(ResourceName("divisions", shift.division));
  shown.set_kind(static_cast<v1::DutyShift::Kind>(shift.kind));
  shown.set_post(ResourceName("posts", shift.post));
  shown.set_person(ResourceName("persons", shift.person));
  SetTime(shift.time.from, shown.mutable_from_time());
  SetTime(shift.time.to, shown.mutable_to_time());
  return shown;
}

absl::StatusOr<domain::Shift> ReadShift(const domain::Ground& ground, const v1::DutyShift& shift,
                                        const Uuid& division, domain::DutyKind kind,
                                        const std::string& field) {
  domain::Shift read{.division = division, .kind = kind};
  GW_ASSIGN_OR_RETURN(read.post, ParseResourceName("posts", shift.post(), absl::StrCat(field, ".post")));
  GW_ASSIGN_OR_RETURN(read.person,
                      ParseResourceName("persons", shift.person(), absl::StrCat(field, ".person")));
  if (read.post.IsNil() == read.person.IsNil())
    return InvalidField(absl::StrCat(field, ".post"), "want either a post or a person");
  if (!read.post.IsNil() && ground.FindPost(read.post) == nullptr)
    return InvalidField(absl::StrCat(field, ".post"), "got an unknown post, want one of the ground");
  if (!read.person.IsNil() && ground.FindPerson(read.person) == nullptr)
    return InvalidField(absl::StrCat(field, ".person"), "got an unknown person, want one of the ground");
  if (!shift.has_from_time())
    return InvalidField(absl::StrCat(field, ".from_time"), "got nothing, want a time");
  if (!shift.has_to_time()) return InvalidField(absl::StrCat(field, ".to_time"), "got nothing, want a time");
  GW_ASSIGN_OR_RETURN(read.time.from, ReadTime(shift.from_time(), absl::StrCat(field, ".from_time")));
  GW_ASSIGN_OR_RETURN(read.time.to, ReadTime(shift.to_time(), absl::StrCat(field, ".to_time")));
  if (read.time.to <= read.time.from)
    return InvalidField(absl::StrCat(field, ".to_time"), "got a time that is not after from_time");
  if (read.time.to - read.time.from > domain::kShiftMax)
    return InvalidField(absl::StrCat(field, ".to_time"), "got more than 24 hours, want a shift for each day");
  return read;
}

std::string WhoOf(const domain::Ground& ground, const domain::Shift& shift) {
  if (!shift.person.IsNil()) {
    const domain::Person* person = ground.FindPerson(shift.person);
    return person == nullptr ? "" : person->display_name;
  }
  const domain::Post* post = ground.FindPost(shift.post);
  if (post == nullptr) return "";
  const domain::Division* division = ground.FindDivision(ground.DivisionOf(*post));
  return absl::StrCat(std::string(domain::NameOf(post->kind)), " ",
                      division == nullptr ? "" : division->display_name);
}

}  // namespace gridwarden::notify
