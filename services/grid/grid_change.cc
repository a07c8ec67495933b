#include "grid/grid_change.h"

#include <utility>

#include "base/status.h"
#include "grid/division_repository.h"
#include "grid/grid_proto.h"

namespace gridwarden::grid {
namespace {

// What depends on other records or on the reader stays out of the journal.
v1::GridEvent EventOf(const domain::Division& division) {
  v1::GridEvent event;
  *event.mutable_division() = ToProto(division);
  event.mutable_division()->clear_etag();
  event.mutable_division()->clear_has_boundary();
  return event;
}

v1::GridEvent EventOf(const domain::Post& post) {
  v1::GridEvent event;
  *event.mutable_post() = ToProto(post);
  event.mutable_post()->clear_etag();
  return event;
}

v1::GridEvent EventOf(const domain::Tenure& tenure) {
  v1::GridEvent event;
  *event.mutable_tenure() = ToProto(tenure);
  event.mutable_tenure()->clear_etag();
  return event;
}

v1::GridEvent EventOf(const domain::Lineage& lineage) {
  v1::GridEvent event;
  *event.mutable_lineage() = ToProto(lineage);
  event.mutable_lineage()->clear_etag();
  return event;
}

v1::GridEvent EventOf(const PersonRecord& person) {
  v1::GridEvent event;
  event.mutable_person()->set_person(ResourceName("persons", person.id));
  return event;
}

v1::GridEvent EventOf(const domain::Unit& unit) {
  v1::GridEvent event;
  *event.mutable_unit() = ToProto(unit);
  event.mutable_unit()->clear_etag();
  return event;
}

v1::GridEvent EventOf(const BoundaryRecord& boundary, std::string_view reason) {
  v1::GridEvent event;
  v1::BoundaryChange& change = *event.mutable_boundary();
  change.set_division(ResourceName("divisions", boundary.division));
  change.set_geometry_digest(boundary.digest);
  change.set_vertices(boundary.vertices);
  change.set_given_datum(static_cast<type::v1::Position::Datum>(boundary.given_datum));
  if (boundary.valid.from != absl::InfinitePast())
    *change.mutable_valid_from() = ToProto(boundary.valid.from);
  change.set_shift_accepted_reason(std::string(reason));
  return event;
}

v1::GridEvent EventOf(const PointRecord& point, std::string_view reason) {
  v1::GridEvent event;
  v1::PointChange& change = *event.mutable_point();
  change.set_division(ResourceName("divisions", point.division));
  change.set_display_name(point.display_name);
  change.mutable_position()->set_longitude(point.wgs84.longitude);
  change.mutable_position()->set_latitude(point.wgs84.latitude);
  change.mutable_position()->set_datum(type::v1::Position::WGS84);
  change.mutable_position()->set_given_datum(static_cast<type::v1::Position::Datum>(point.given_datum));
  change.set_shift_accepted_reason(std::string(reason));
  return event;
}

}  // namespace

absl::StatusOr<GridChange> GridChange::Begin(db::Transaction& tx, const rpc::Call& call,
                                             const access::Acting& acting, std::string_view request_id) {
  GW_ASSIGN_OR_RETURN(const Revisions revisions, LockRevisions(tx));
  return GridChange(tx, call, acting, request_id, revisions);
}

absl::StatusOr<journal::Subject> GridChange::Seal(std::string_view kind, const journal::Subject& before,
                                                  const v1::GridEvent& event) {
  GW_ASSIGN_OR_RETURN(journal::Sealed sealed, journal::Seal(*call_, {.kind = std::string(kind),
                                                                     .before = before,
                                                                     .event = &event,
                                                                     .post = acting_.post,
                                                                     .tenure = acting_.tenure,
                                                                     .request_id = request_id_}));
  journal::Subject after = sealed.after;
  sealed_.push_back(std::move(sealed));
  return after;
}

absl::StatusOr<domain::Division> GridChange::Add(domain::Division division) {
  division.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("division", {.id = division.id}, EventOf(division)));
  new_divisions_.push_back({division, std::move(subject)});
  return division;
}

absl::StatusOr<domain::Post> GridChange::Add(domain::Post post) {
  post.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("post", {.id = post.id}, EventOf(post)));
  new_posts_.push_back({post, std::move(subject)});
  return post;
}

absl::StatusOr<domain::Tenure> GridChange::Add(domain::Tenure tenure) {
  tenure.recorded = call_->now;
  tenure.revoked = absl::InfiniteFuture();
  tenure.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("tenure", {.id = tenure.id}, EventOf(tenure)));
  new_tenures_.push_back({tenure, std::move(subject)});
  return tenure;
}

absl::StatusOr<PersonRecord> GridChange::Add(PersonRecord person) {
  person.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("person", {.id = person.id}, EventOf(person)));
  new_persons_.push_back({person, std::move(subject)});
  return person;
}

absl::StatusOr<domain::Unit> GridChange::Add(domain::Unit unit) {
  unit.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("unit", {.id = unit.id}, EventOf(unit)));
  new_units_.push_back({unit, std::move(subject)});
  return unit;
}

absl::StatusOr<domain::Lineage> GridChange::Add(domain::Lineage lineage) {
  lineage.recorded = call_->now;
  lineage.revoked = absl::InfiniteFuture();
  lineage.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("lineage", {.id = lineage.id}, EventOf(lineage)));
  new_lineages_.push_back({lineage, std::move(subject)});
  return lineage;
}

absl::StatusOr<domain::Division> GridChange::Change(DivisionRow division) {
  division.record.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(division.subject, Seal("division", division.subject, EventOf(division.record)));
  changed_divisions_.push_back(division);
  return division.record;
}

absl::Status GridChange::Change(PersonRow person) {
  person.record.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(person.subject, Seal("person", person.subject, EventOf(person.record)));
  changed_persons_.push_back(std::move(person));
  return absl::OkStatus();
}

absl::StatusOr<domain::Tenure> GridChange::Revoke(TenureRow tenure) {
  tenure.record.revoked = call_->now;
  tenure.record.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(tenure.subject, Seal("tenure", tenure.subject, EventOf(tenure.record)));
  revoked_tenures_.push_back(tenure);
  return tenure.record;
}

absl::StatusOr<domain::Lineage> GridChange::Revoke(LineageRow lineage) {
  lineage.record.revoked = call_->now;
  lineage.record.revision = NextRevision();
  GW_ASSIGN_OR_RETURN(lineage.subject, Seal("lineage", lineage.subject, EventOf(lineage.record)));
  revoked_lineages_.push_back(lineage);
  return lineage.record;
}

absl::Status GridChange::Put(BoundaryRecord boundary, const journal::Subject& before, DivisionRow division,
                             std::string_view reason, int keep_as) {
  OutlineChange change;
  if (keep_as > 0) {
    change.former = keep_as;
    change.revision = NextOutlineRevision();
  }
  boundary.seq = 0;
  boundary.revision = NextOutlineRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("boundary", before, EventOf(boundary, reason)));
  change.row = {std::move(boundary), std::move(subject)};
  outlines_.push_back(std::move(change));
  if (!division.record.has_boundary) {
    // Only a flag that says a polygon exists: the polygon's own entry is the record of it.
    division.record.has_boundary = true;
    division.record.revision = NextRevision();
    flagged_divisions_.push_back(std::move(division));
  }
  return absl::OkStatus();
}

absl::Status GridChange::PutFormer(BoundaryRecord boundary, const journal::Subject& before,
                                   std::string_view reason, int ends) {
  OutlineChange change;
  if (ends > 0) {
    change.former = ends;
    change.revision = NextOutlineRevision();
  }
  boundary.revision = NextOutlineRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("boundary", before, EventOf(boundary, reason)));
  change.row = {std::move(boundary), std::move(subject)};
  outlines_.push_back(std::move(change));
  return absl::OkStatus();
}

absl::Status GridChange::Put(PointRecord point, const journal::Subject& before, std::string_view reason) {
  point.revision = NextOutlineRevision();
  GW_ASSIGN_OR_RETURN(journal::Subject subject, Seal("point", before, EventOf(point, reason)));
  known_points_.push_back({std::move(point), std::move(subject)});
  return absl::OkStatus();
}

absl::Status GridChange::Save() {
  GW_RETURN_IF_ERROR(InsertDivisions(*tx_, new_divisions_));
  GW_RETURN_IF_ERROR(InsertPosts(*tx_, new_posts_));
  GW_RETURN_IF_ERROR(InsertPersons(*tx_, new_persons_));
  GW_RETURN_IF_ERROR(InsertUnits(*tx_, new_units_));
  GW_RETURN_IF_ERROR(InsertLineages(*tx_, new_lineages_));
  GW_RETURN_IF_ERROR(SaveDivisions(*tx_, changed_divisions_));
  for (const DivisionRow& row : flagged_divisions_) GW_RETURN_IF_ERROR(SaveBoundaryFlag(*tx_, row));
  for (const LineageRow& row : revoked_lineages_) GW_RETURN_IF_ERROR(SaveRevoked(*tx_, row));
  for (const PersonRow& row : changed_persons_) GW_RETURN_IF_ERROR(SavePerson(*tx_, row));
  for (const TenureRow& row : revoked_tenures_) GW_RETURN_IF_ERROR(SaveRevoked(*tx_, row));
  GW_RETURN_IF_ERROR(InsertTenures(*tx_, new_tenures_));
  for (const OutlineChange& change : outlines_) {
    const BoundaryRecord& outline = change.row.record;
    if (outline.seq > 0) {
      if (change.former > 0) {
        GW_RETURN_IF_ERROR(
            EndFormer(*tx_, outline.division, change.former, outline.valid.from, change.revision));
      }
      GW_RETURN_IF_ERROR(SaveFormer(*tx_, change.row));
      continue;
    }
    if (change.former > 0) {
      GW_RETURN_IF_ERROR(
          KeepFormer(*tx_, outline.division, change.former, outline.valid.from, change.revision));
    }
    GW_RETURN_IF_ERROR(SaveBoundary(*tx_, change.row));
  }
  for (const PointRow& row : known_points_) GW_RETURN_IF_ERROR(SavePoint(*tx_, row));
  for (const journal::Sealed& sealed : sealed_) GW_RETURN_IF_ERROR(journal::Stage(*tx_, sealed));
  return SaveRevisions(*tx_, revisions_);
}

}  // namespace gridwarden::grid
