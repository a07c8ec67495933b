#include "access/ground_records.h"

#include <malloc.h>

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::access {
namespace {

using google::protobuf::Timestamp;

absl::Time TimeOf(bool is_set, const Timestamp& time, absl::Time if_unset) {
  return is_set ? absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()) : if_unset;
}

template <typename Message>
domain::Interval IntervalOf(const Message& message) {
  return {TimeOf(message.has_valid_from(), message.valid_from(), absl::InfinitePast()),
          TimeOf(message.has_valid_to(), message.valid_to(), absl::InfiniteFuture())};
}

uint64_t RevisionOf(const std::string& etag) {
  uint64_t revision = 0;
  return absl::SimpleAtoi(etag, &revision) ? revision : 0;
}

absl::StatusOr<domain::Division> Read(const grid::v1::Division& message) {
  domain::Division division;
  GW_ASSIGN_OR_RETURN(division.id, ParseResourceName("divisions", message.name()));
  GW_ASSIGN_OR_RETURN(division.parent, ParseResourceName("divisions", message.parent(), "parent"));
  division.level = static_cast<domain::Level>(message.level());
  division.display_name = message.display_name();
  for (const grid::v1::Division::Code& code : message.codes())
    division.codes.push_back({code.code(), IntervalOf(code)});
  division.valid = IntervalOf(message);
  division.placements.reserve(message.placements_size());
  for (const grid::v1::Division::Placement& one : message.placements()) {
    domain::Placement placement;
    GW_ASSIGN_OR_RETURN(placement.parent, ParseResourceName("divisions", one.parent(), "placements.parent"));
    placement.valid = IntervalOf(one);
    placement.recorded = TimeOf(one.has_recorded_time(), one.recorded_time(), absl::InfinitePast());
    placement.revoked = TimeOf(one.has_revoked_time(), one.revoked_time(), absl::InfiniteFuture());
    division.placements.push_back(placement);
  }
  division.former_names.reserve(message.former_names_size());
  for (const grid::v1::Division::FormerName& one : message.former_names())
    division.former_names.push_back({one.display_name(), IntervalOf(one)});
  division.statistical = message.statistical();
  division.has_boundary = message.has_boundary();
  division.revision = RevisionOf(message.etag());
  return division;
}

absl::StatusOr<domain::Post> Read(const grid::v1::Post& message) {
  domain::Post post;
  GW_ASSIGN_OR_RETURN(post.id, ParseResourceName("posts", message.name()));
  post.kind = static_cast<domain::PostKind>(message.kind());
  post.regime = static_cast<domain::Regime>(message.regime());
  post.responsibility = static_cast<domain::Responsibility>(message.responsibility());
  GW_ASSIGN_OR_RETURN(post.division, ParseResourceName("divisions", message.division(), "division"));
  GW_ASSIGN_OR_RETURN(post.unit, ParseResourceName("units", message.unit(), "unit"));
  post.ordinal = message.ordinal();
  post.valid = IntervalOf(message);
  post.revision = RevisionOf(message.etag());
  return post;
}

absl::StatusOr<domain::Tenure> Read(const grid::v1::Tenure& message) {
  domain::Tenure tenure;
  GW_ASSIGN_OR_RETURN(tenure.id, ParseResourceName("tenures", message.name()));
  GW_ASSIGN_OR_RETURN(tenure.post, ParseResourceName("posts", message.post(), "post"));
  GW_ASSIGN_OR_RETURN(tenure.person, ParseResourceName("persons", message.person(), "person"));
  tenure.kind = static_cast<domain::TenureKind>(message.kind());
  tenure.valid = IntervalOf(message);
  tenure.recorded = TimeOf(message.has_recorded_time(), message.recorded_time(), absl::InfinitePast());
  tenure.revoked = TimeOf(message.has_revoked_time(), message.revoked_time(), absl::InfiniteFuture());
  tenure.document_no = message.document_no();
  tenure.revision = RevisionOf(message.etag());
  return tenure;
}

absl::StatusOr<domain::Person> Read(const grid::v1::Person& message) {
  domain::Person person;
  GW_ASSIGN_OR_RETURN(person.id, ParseResourceName("persons", message.name()));
  person.display_name = message.display_name();
  person.revision = RevisionOf(message.etag());
  return person;
}

absl::StatusOr<domain::Unit> Read(const grid::v1::Unit& message) {
  domain::Unit unit;
  GW_ASSIGN_OR_RETURN(unit.id, ParseResourceName("units", message.name()));
  unit.display_name = message.display_name();
  unit.aliases.assign(message.aliases().begin(), message.aliases().end());
  GW_ASSIGN_OR_RETURN(unit.division, ParseResourceName("divisions", message.division(), "division"));
  unit.revision = RevisionOf(message.etag());
  return unit;
}

absl::StatusOr<domain::Lineage> Read(const grid::v1::Lineage& message) {
  domain::Lineage lineage;
  GW_ASSIGN_OR_RETURN(lineage.id, ParseResourceName("lineages", message.name()));
  GW_ASSIGN_OR_RETURN(lineage.from, ParseResourceName("divisions", message.from(), "from"));
  GW_ASSIGN_OR_RETURN(lineage.to, ParseResourceName("divisions", message.to(), "to"));
  lineage.kind = static_cast<domain::LineageKind>(message.kind());
  lineage.share = message.share();
  lineage.effective = TimeOf(message.has_effective_time(), message.effective_time(), absl::InfinitePast());
  lineage.recorded = TimeOf(message.has_recorded_time(), message.recorded_time(), absl::InfinitePast());
  lineage.revoked = TimeOf(message.has_revoked_time(), message.revoked_time(), absl::InfiniteFuture());
  lineage.document_no = message.document_no();
  lineage.revision = RevisionOf(message.etag());
  return lineage;
}

template <typename Messages, typename Map>
absl::Status Merge(const Messages& messages, Map& records) {
  for (const auto& message : messages) {
    auto record = Read(message);
    if (!record.ok() || record->id.IsNil()) {
      return Internal(absl::StrCat("the grid area sent a record without a proper id: ", message.name()));
    }
    records.insert_or_assign(record->id, *std::move(record));
  }
  return absl::OkStatus();
}

// Loading that many leaves so much free memory behind that it is worth handing back.
constexpr size_t kMany = 10'000;

// What was there, the news in place of their former selves. The news are used up.
template <typename Record>
std::vector<Record> Renew(const std::vector<Record>& before, absl::flat_hash_map<Uuid, Record>& news) {
  std::vector<Record> records;
  records.reserve(before.size() + news.size());
  for (const Record& record : before) {
    if (!news.contains(record.id)) records.push_back(record);
  }
  for (auto& [id, record] : news) records.push_back(std::move(record));
  news = {};
  return records;
}

}  // namespace

absl::Status GroundRecords::Apply(const grid::v1::GetGroundResponse& changes) {
  GW_RETURN_IF_ERROR(Merge(changes.divisions(), divisions_));
  GW_RETURN_IF_ERROR(Merge(changes.posts(), posts_));
  GW_RETURN_IF_ERROR(Merge(changes.tenures(), tenures_));
  GW_RETURN_IF_ERROR(Merge(changes.persons(), persons_));
  GW_RETURN_IF_ERROR(Merge(changes.units(), units_));
  GW_RETURN_IF_ERROR(Merge(changes.lineages(), lineages_));
  revision_ = changes.revision();
  return absl::OkStatus();
}

size_t GroundRecords::news() const {
  return divisions_.size() + posts_.size() + tenures_.size() + persons_.size() + units_.size() +
         lineages_.size();
}

std::shared_ptr<const domain::Ground> GroundRecords::Build() {
  const size_t count = news();
  if (count == 0) return ground_;
  ground_ = std::make_shared<const domain::Ground>(
      Renew(ground_->divisions(), divisions_), Renew(ground_->posts(), posts_),
      Renew(ground_->tenures(), tenures_), Renew(ground_->persons(), persons_),
      Renew(ground_->units(), units_), Renew(ground_->lineages(), lineages_));
  if (count >= kMany) malloc_trim(0);
  return ground_;
}

}  // namespace gridwarden::access
