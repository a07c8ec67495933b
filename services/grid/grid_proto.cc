#include "grid/grid_proto.h"

#include <charconv>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status.h"

namespace gridwarden::grid {
namespace {

template <typename Message>
void SetInterval(const domain::Interval& interval, Message& message) {
  if (interval.from != absl::InfinitePast()) *message.mutable_valid_from() = ToProto(interval.from);
  if (interval.to != absl::InfiniteFuture()) *message.mutable_valid_to() = ToProto(interval.to);
}

// Takes digits off the front; nothing when there are none or more than `digits`.
std::optional<int> TakeNumber(std::string_view& text, size_t digits) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const size_t length = static_cast<size_t>(end - text.data());
  if (error != std::errc() || length == 0 || length > digits || text.front() == '-') return std::nullopt;
  text.remove_prefix(length);
  return number;
}

bool Take(std::string_view& text, std::string_view word) {
  if (text.substr(0, word.size()) != word) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp message;
  const int64_t seconds = absl::ToUnixSeconds(time);
  message.set_seconds(seconds);
  message.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return message;
}

v1::Division ToProto(const domain::Division& division) {
  v1::Division message;
  message.set_name(ResourceName("divisions", division.id));
  message.set_display_name(division.display_name);
  message.set_level(static_cast<v1::Division::Level>(division.level));
  message.set_parent(ResourceName("divisions", division.parent));
  for (const domain::DivisionCode& code : division.codes) {
    v1::Division::Code& to = *message.add_codes();
    to.set_code(code.code);
    SetInterval(code.valid, to);
  }
  SetInterval(division.valid, message);
  for (const domain::Placement& placement : division.placements) {
    v1::Division::Placement& to = *message.add_placements();
    to.set_parent(ResourceName("divisions", placement.parent));
    SetInterval(placement.valid, to);
    if (placement.recorded != absl::InfinitePast()) *to.mutable_recorded_time() = ToProto(placement.recorded);
    if (placement.revoked != absl::InfiniteFuture()) *to.mutable_revoked_time() = ToProto(placement.revoked);
  }
  for (const domain::FormerName& former : division.former_names) {
    v1::Division::FormerName& to = *message.add_former_names();
    to.set_display_name(former.display_name);
    SetInterval(former.valid, to);
  }
  message.set_statistical(division.statistical);
  message.set_has_boundary(division.has_boundary);
  message.set_etag(absl::StrCat(division.revision));
  return message;
}

v1::Division ToProto(const domain::Ground& ground, const domain::Division& division) {
  v1::Division message = ToProto(division);
  message.set_path(ground.PathName(division.id));
  return message;
}

v1::Post ToProto(const domain::Post& post) {
  v1::Post message;
  message.set_name(ResourceName("posts", post.id));
  message.set_kind(static_cast<v1::Post::Kind>(post.kind));
  message.set_regime(static_cast<v1::Post::Regime>(post.regime));
  message.set_responsibility(static_cast<v1::Post::Responsibility>(post.responsibility));
  message.set_division(ResourceName("divisions", post.division));
  message.set_unit(ResourceName("units", post.unit));
  message.set_ordinal(post.ordinal);
  SetInterval(post.valid, message);
  message.set_etag(absl::StrCat(post.revision));
  return message;
}

v1::Tenure ToProto(const domain::Tenure& tenure) {
  v1::Tenure message;
  message.set_name(ResourceName("tenures", tenure.id));
  message.set_post(ResourceName("posts", tenure.post));
  message.set_person(ResourceName("persons", tenure.person));
  message.set_kind(static_cast<v1::Tenure::Kind>(tenure.kind));
  SetInterval(tenure.valid, message);
  *message.mutable_recorded_time() = ToProto(tenure.recorded);
  if (tenure.revoked != absl::InfiniteFuture()) *message.mutable_revoked_time() = ToProto(tenure.revoked);
  message.set_document_no(tenure.document_no);
  message.set_etag(absl::StrCat(tenure.revision));
  return message;
}

v1::Lineage ToProto(const domain::Lineage& lineage) {
  v1::Lineage message;
  message.set_name(ResourceName("lineages", lineage.id));
  message.set_from(ResourceName("divisions", lineage.from));
  message.set_to(ResourceName("divisions", lineage.to));
  message.set_kind(static_cast<v1::Lineage::Kind>(lineage.kind));
  message.set_share(lineage.share);
  *message.mutable_effective_time() = ToProto(lineage.effective);
  *message.mutable_recorded_time() = ToProto(lineage.recorded);
  if (lineage.revoked != absl::InfiniteFuture()) *message.mutable_revoked_time() = ToProto(lineage.revoked);
  message.set_document_no(lineage.document_no);
  message.set_etag(absl::StrCat(lineage.revision));
  return message;
}

v1::Person ToProto(const domain::Person& person) {
  v1::Person message;
  message.set_name(ResourceName("persons", person.id));
  message.set_display_name(person.display_name);
  message.set_etag(absl::StrCat(person.revision));
  return message;
}

v1::Unit ToProto(const domain::Unit& unit) {
  v1::Unit message;
  message.set_name(ResourceName("units", unit.id));
  message.set_display_name(unit.display_name);
  for (const std::string& alias : unit.aliases) message.add_aliases(alias);
  message.set_division(ResourceName("divisions", unit.division));
  message.set_etag(absl::StrCat(unit.revision));
  return message;
}

absl::StatusOr<absl::Time> ReadTime(const google::protobuf::Timestamp& time, std::string_view field) {
  constexpr int64_t kYear1900 = -2208988800;
  constexpr int64_t kYear2200 = 7258118400;
  if (time.seconds() < kYear1900 || time.seconds() >= kYear2200 || time.nanos() < 0 ||
      time.nanos() > 999999999) {
    return InvalidField(field, absl::StrCat("got ", time.seconds(), " s, want a time between 1900 and 2200"));
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Microseconds(time.nanos() / 1000);
}

absl::TimeZone BeijingTime() { return absl::FixedTimeZone(8 * 3600); }

std::optional<absl::Time> ParseDay(std::string_view text) {
  if (text.find('T') != std::string_view::npos) {
    absl::Time instant;
    std::string error;
    if (absl::ParseTime(absl::RFC3339_full, absl::string_view(text.data(), text.size()), &instant, &error))
      return instant;
    return std::nullopt;
  }
  const std::optional<int> year = TakeNumber(text, 4);
  if (!year || *year < 1900 || *year >= 2200) return std::nullopt;
  std::string_view separator;
  std::string_view second, last;
  for (const std::string_view candidate : {"-", "/", ".", "年"}) {
    if (text.substr(0, candidate.size()) == candidate) separator = candidate;
  }
  if (separator.empty()) return std::nullopt;
  second = separator == "年" ? std::string_view("月") : separator;
  last = separator == "年" ? std::string_view("日") : std::string_view();
  if (!Take(text, separator)) return std::nullopt;
  const std::optional<int> month = TakeNumber(text, 2);
  if (!month || !Take(text, second)) return std::nullopt;
  const std::optional<int> day = TakeNumber(text, 2);
  if (!day || !Take(text, last) || !text.empty()) return std::nullopt;
  const absl::CivilDay civil(*year, *month, *day);
  if (civil.year() != *year || civil.month() != *month || civil.day() != *day)
    return std::nullopt;  // 31 June
  return absl::FromCivil(civil, BeijingTime());
}

}  // namespace gridwarden::grid
