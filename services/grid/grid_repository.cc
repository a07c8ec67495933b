#include "grid/grid_repository.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "grid/division_repository.h"
#include "grid/grid_proto.h"
#include "grid/proposal_repository.h"
#include "grid/sql_rows.h"

namespace gridwarden::grid {
namespace {

constexpr std::string_view kReadRevisions =
    "SELECT revision, boundary_revision FROM grid_revision WHERE id = 1";
constexpr std::string_view kLockRevisions =
    "SELECT revision, boundary_revision FROM grid_revision WHERE id = 1 FOR UPDATE";
constexpr std::string_view kSaveRevisions =
    "UPDATE grid_revision SET revision = ?, boundary_revision = ? WHERE id = 1";

constexpr std::string_view kDivisionsAfter = R"(
  SELECT id, parent, level, display_name, valid_from_us, valid_to_us, statistical, has_boundary, revision
  FROM division WHERE revision > ? ORDER BY revision LIMIT ?)";
constexpr std::string_view kCodesBetween = R"(
  SELECT c.division, c.code, c.valid_from_us, c.valid_to_us
  FROM division d JOIN division_code c ON c.division = d.id
  WHERE d.revision > ? AND d.revision <= ?
    AND (c.valid_from_us IS NULL OR c.valid_to_us IS NULL OR c.valid_from_us < c.valid_to_us) ORDER BY d.revision, c.seq)";
// The outer table first: a row of the inner ones is there only for the few divisions that ever changed.
constexpr std::string_view kPlacementsBetween = R"(
  SELECT p.division, p.parent, p.valid_from_us, p.valid_to_us, p.recorded_us, p.revoked_us
  FROM division d STRAIGHT_JOIN division_placement p ON p.division = d.id
  WHERE d.revision > ? AND d.revision <= ? ORDER BY d.revision, p.seq)";
constexpr std::string_view kNamesBetween = R"(
  SELECT n.division, n.display_name, n.valid_from_us, n.valid_to_us
  FROM division d STRAIGHT_JOIN division_name n ON n.division = d.id
  WHERE d.revision > ? AND d.revision <= ?
    AND (n.valid_from_us IS NULL OR n.valid_to_us IS NULL OR n.valid_from_us < n.valid_to_us) ORDER BY d.revision, n.seq)";
constexpr std::string_view kLineagesAfter = R"(
  SELECT id, from_division, to_division, kind, share, effective_us, recorded_us, revoked_us, document_no, revision
  FROM division_lineage WHERE revision > ? ORDER BY revision LIMIT ?)";
constexpr std::string_view kPostsAfter = R"(
  SELECT id, place, of_unit, kind, regime, responsibility, ordinal, valid_from_us, valid_to_us, revision
  FROM post WHERE revision > ? ORDER BY revision LIMIT ?)";
constexpr std::string_view kTenuresAfter = R"(
  SELECT id, post, person, kind, valid_from_us, valid_to_us, recorded_us, revoked_us, document_no, revision
  FROM tenure WHERE revision > ? ORDER BY revision LIMIT ?)";
constexpr std::string_view kPersonsChangedAfter =
    "SELECT id, display_name, revision FROM person WHERE revision > ? ORDER BY revision LIMIT ?";
constexpr std::string_view kUnitsAfter =
    "SELECT id, display_name, division, revision FROM unit WHERE revision > ? ORDER BY revision LIMIT ?";
constexpr std::string_view kAliasesBetween = R"(
  SELECT a.unit, a.alias FROM unit u JOIN unit_alias a ON a.unit = u.id
  WHERE u.revision > ? AND u.revision <= ? ORDER BY u.revision, a.seq)";

constexpr std::string_view kInsertDivision =
    "INSERT INTO division (id, parent, level, display_name, valid_from_us, valid_to_us, statistical, "
    "has_boundary, revision, "
    "subject_seq, subject_leaf) VALUES ";
constexpr std::string_view kInsertPost =
    "INSERT INTO post (id, place, of_unit, kind, regime, responsibility, ordinal, valid_from_us, "
    "valid_to_us, revision, "
    "subject_seq, subject_leaf) VALUES ";
constexpr std::string_view kInsertTenure =
    "INSERT INTO tenure (id, post, person, kind, valid_from_us, valid_to_us, recorded_us, revoked_us, "
    "document_no, revision, "
    "subject_seq, subject_leaf) VALUES ";
constexpr std::string_view kInsertPerson =
    "INSERT INTO person (id, staff_no, display_name, phone, revision, subject_seq, subject_leaf) VALUES ";
constexpr std::string_view kInsertUnit =
    "INSERT INTO unit (id, display_name, division, revision, subject_seq, subject_leaf) VALUES ";
constexpr std::string_view kInsertAlias = "INSERT INTO unit_alias (unit, seq, alias) VALUES ";

// Unlocked: LockDivisionsByCode locked the row; QueryIn puts its statement together.
constexpr std::string_view kSaveBoundaryFlag =
    "UPDATE division SET has_boundary = ?, revision = ? WHERE id = ?";
// A change is saved only over the state it was decided by.
constexpr std::string_view kSavePerson = R"(
  UPDATE person SET display_name = ?, phone = ?, revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE id = ? AND subject_seq = ? - 1)";
constexpr std::string_view kSaveRevoked = R"(
  UPDATE tenure SET revoked_us = ?, revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE id = ? AND subject_seq = ? - 1 AND revoked_us IS NULL)";

constexpr std::string_view kLockDivisionsByCode = R"(
  SELECT d.id, d.parent, d.level, d.display_name, d.valid_from_us, d.valid_to_us, d.statistical, d.has_boundary, d.revision,
         d.subject_seq, d.subject_leaf, c.code, c.valid_from_us
  FROM division_code c JOIN division d ON d.id = c.division
  WHERE c.valid_to_us IS NULL AND c.code IN ()";
constexpr std::string_view kLockPersonsByStaffNo = R"(
  SELECT id, staff_no, display_name, phone, revision, subject_seq, subject_leaf FROM person WHERE staff_no IN ()";
constexpr std::string_view kTenureColumns =
    "SELECT id, post, person, kind, valid_from_us, valid_to_us, recorded_us, revoked_us, document_no, "
    "revision, subject_seq, "
    "subject_leaf FROM tenure ";
constexpr std::string_view kPostColumns =
    "SELECT id, place, of_unit, kind, regime, responsibility, ordinal, valid_from_us, valid_to_us, revision, "
    "subject_seq, "
    "subject_leaf FROM post ";

constexpr std::string_view kPersonExists = "SELECT 1 FROM person WHERE id = ?";
constexpr std::string_view kPersonsByIds =
    "SELECT id, staff_no, display_name, phone, revision FROM person WHERE id IN (";
constexpr std::string_view kPersonsAfter = R"(
  SELECT id, staff_no, display_name, phone, revision FROM person
  WHERE id > ? AND (? = '' OR INSTR(display_name, ?) > 0 OR INSTR(staff_no, ?) > 0) ORDER BY id LIMIT ?)";

domain::Division ReadDivision(const db::Row& row) {
  domain::Division division;
  division.id = row.Id(0);
  division.parent = row.Id(1);
  division.level = static_cast<domain::Level>(row.Int(2));
  division.display_name = row.Text(3);
  division.valid = IntervalAt(row, 4);
  division.statistical = row.Bool(6);
  division.has_boundary = row.Bool(7);
  division.revision = static_cast<uint64_t>(row.Int(8));
  return division;
}

domain::Post ReadPost(const db::Row& row) {
  domain::Post post;
  post.id = row.Id(0);
  (row.Bool(2) ? post.unit : post.division) = row.Id(1);
  post.kind = static_cast<domain::PostKind>(row.Int(3));
  post.regime = static_cast<domain::Regime>(row.Int(4));
  post.responsibility = static_cast<domain::Responsibility>(row.Int(5));
  post.ordinal = static_cast<int>(row.Int(6));
  post.valid = IntervalAt(row, 7);
  post.revision = static_cast<uint64_t>(row.Int(9));
  return post;
}

domain::Tenure ReadTenure(const db::Row& row) {
  domain::Tenure tenure;
  tenure.id = row.Id(0);
  tenure.post = row.Id(1);
  tenure.person = row.Id(2);
  tenure.kind = static_cast<domain::TenureKind>(row.Int(3));
  tenure.valid = IntervalAt(row, 4);
  tenure.recorded = row.Time(6);
  tenure.revoked = row.Time(7);
  tenure.document_no = row.Text(8);
  tenure.revision = static_cast<uint64_t>(row.Int(9));
  return tenure;
}

PersonRecord ReadPerson(const db::Row& row) {
  return {row.Id(0), row.Text(1), row.Text(2), row.Text(3), static_cast<uint64_t>(row.Int(4))};
}

journal::Subject ReadSubject(const db::Row& row, const Uuid& id, int column) {
  return {id, static_cast<uint64_t>(row.Int(column)), row.Text(column + 1)};
}

absl::StatusOr<Revisions> OneRevisions(db::Transaction& tx, std::string_view sql) {
  GW_ASSIGN_OR_RETURN(const std::optional<Revisions> found, tx.QueryOne(sql, [](const db::Row& row) {
    return Revisions{row.Int(0), row.Int(1)};
  }));
  if (!found) return Internal("grid_revision has lost its row");
  return *found;
}

absl::Status ExpectOne(const absl::StatusOr<uint64_t>& changed, std::string_view collection, const Uuid& id) {
  if (!changed.ok()) return changed.status();
  if (*changed != 1) return EtagMismatch(ResourceName(collection, id));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Revisions> ReadRevisions(db::Transaction& tx) { return OneRevisions(tx, kReadRevisions); }
absl::StatusOr<Revisions> LockRevisions(db::Transaction& tx) { return OneRevisions(tx, kLockRevisions); }
absl::Status SaveRevisions(db::Transaction& tx, const Revisions& revisions) {
  return tx.Exec(kSaveRevisions, revisions.ground, revisions.boundary).status();
}

absl::StatusOr<v1::GetGroundResponse> ReadGround(db::Transaction& tx, int64_t after_revision, int limit) {
  GW_ASSIGN_OR_RETURN(const Revisions newest, ReadRevisions(tx));
  GW_ASSIGN_OR_RETURN(const std::vector<domain::Division> divisions,
                      tx.Query(kDivisionsAfter, ReadDivision, after_revision, limit));
  GW_ASSIGN_OR_RETURN(const std::vector<domain::Post> posts,
                      tx.Query(kPostsAfter, ReadPost, after_revision, limit));
  GW_ASSIGN_OR_RETURN(const std::vector<domain::Tenure> tenures,
                      tx.Query(kTenuresAfter, ReadTenure, after_revision, limit));
  const auto read_person = [](const db::Row& row) {
    return domain::Person{row.Id(0), row.Text(1), static_cast<uint64_t>(row.Int(2))};
  };
  GW_ASSIGN_OR_RETURN(const std::vector<domain::Person> persons,
                      tx.Query(kPersonsChangedAfter, read_person, after_revision, limit));
  const auto read_unit = [](const db::Row& row) {
    return domain::Unit{row.Id(0), row.Text(1), {}, row.Id(2), static_cast<uint64_t>(row.Int(3))};
  };
  GW_ASSIGN_OR_RETURN(std::vector<domain::Unit> units,
                      tx.Query(kUnitsAfter, read_unit, after_revision, limit));
  GW_ASSIGN_OR_RETURN(const std::vector<domain::Lineage> lineages,
                      tx.Query(kLineagesAfter, ReadLineage, after_revision, limit));

  // Each table was read up to the limit; together they are cut where the limit falls, at a revision, so that
  // nothing is skipped.
  std::vector<uint64_t> revisions;
  const auto note = [&](const auto& records) {
    for (const auto& record : records) revisions.push_back(record.revision);
  };
  note(divisions), note(posts), note(tenures), note(persons), note(units), note(lineages);
  uint64_t last = static_cast<uint64_t>(newest.ground);
  const bool complete = static_cast<int>(revisions.size()) < limit;
  if (!complete) {
    std::nth_element(revisions.begin(), revisions.begin() + (limit - 1), revisions.end());
    last = revisions[limit - 1];
  }

  absl::flat_hash_map<Uuid, std::vector<domain::DivisionCode>> codes;
  const auto read_code = [&](const db::Row& row) {
    codes[row.Id(0)].push_back({row.Text(1), IntervalAt(row, 2)});
    return 0;
  };
  absl::flat_hash_map<Uuid, std::vector<domain::Placement>> placements;
  const auto read_placement = [&](const db::Row& row) {
    placements[row.Id(0)].push_back(ReadPlacement(row));
    return 0;
  };
  absl::flat_hash_map<Uuid, std::vector<domain::FormerName>> former_names;
  const auto read_name = [&](const db::Row& row) {
    former_names[row.Id(0)].push_back({row.Text(1), IntervalAt(row, 2)});
    return 0;
  };
  if (!divisions.empty()) {
    GW_RETURN_IF_ERROR(tx.Query(kCodesBetween, read_code, after_revision, last).status());
    GW_RETURN_IF_ERROR(tx.Query(kPlacementsBetween, read_placement, after_revision, last).status());
    GW_RETURN_IF_ERROR(tx.Query(kNamesBetween, read_name, after_revision, last).status());
  }
  absl::flat_hash_map<Uuid, std::vector<std::string>> aliases;
  const auto read_alias = [&](const db::Row& row) {
    aliases[row.Id(0)].push_back(row.Text(1));
    return 0;
  };
  if (!units.empty())
    GW_RETURN_IF_ERROR(tx.Query(kAliasesBetween, read_alias, after_revision, last).status());

  v1::GetGroundResponse response;
  response.set_complete(complete);
  response.set_revision(static_cast<int64_t>(last));
  for (const domain::Division& division : divisions) {
    if (division.revision > last) break;
    domain::Division whole = division;
    whole.codes = std::move(codes[division.id]);
    if (const auto found = placements.find(division.id); found != placements.end())
      whole.placements = std::move(found->second);
    if (const auto found = former_names.find(division.id); found != former_names.end())
      whole.former_names = std::move(found->second);
    *response.add_divisions() = ToProto(whole);
  }
  for (const domain::Post& post : posts) {
    if (post.revision <= last) *response.add_posts() = ToProto(post);
  }
  for (const domain::Tenure& tenure : tenures) {
    if (tenure.revision <= last) *response.add_tenures() = ToProto(tenure);
  }
  for (const domain::Person& person : persons) {
    if (person.revision <= last) *response.add_persons() = ToProto(person);
  }
  for (domain::Unit& unit : units) {
    if (unit.revision > last) break;
    unit.aliases = std::move(aliases[unit.id]);
    *response.add_units() = ToProto(unit);
  }
  for (const domain::Lineage& lineage : lineages) {
    if (lineage.revision <= last) *response.add_lineages() = ToProto(lineage);
  }
  return response;
}

absl::Status InsertDivisions(db::Transaction& tx, std::span<const DivisionRow> rows) {
  GW_RETURN_IF_ERROR(
      InsertRows(tx, kInsertDivision, 11, rows, [](const DivisionRow& row, std::vector<db::Value>& values) {
        const domain::Division& d = row.record;
        Add(values, d.id, d.parent, static_cast<int>(d.level), d.display_name, d.valid.from, d.valid.to,
            d.statistical, d.has_boundary, d.revision, row.subject.seq, row.subject.leaf);
      }));
  return InsertDivisionParts(tx, rows);
}

absl::Status InsertPosts(db::Transaction& tx, std::span<const PostRow> rows) {
  return InsertRows(tx, kInsertPost, 12, rows, [](const PostRow& row, std::vector<db::Value>& values) {
    const domain::Post& p = row.record;
    const bool of_unit = !p.unit.IsNil();
    Add(values, p.id, of_unit ? p.unit : p.division, of_unit, static_cast<int>(p.kind),
        static_cast<int>(p.regime), static_cast<int>(p.responsibility), p.ordinal, p.valid.from, p.valid.to,
        p.revision, row.subject.seq, row.subject.leaf);
  });
}

absl::Status InsertTenures(db::Transaction& tx, std::span<const TenureRow> rows) {
  return InsertRows(tx, kInsertTenure, 12, rows, [](const TenureRow& row, std::vector<db::Value>& values) {
    const domain::Tenure& t = row.record;
    Add(values, t.id, t.post, t.person, static_cast<int>(t.kind), t.valid.from, t.valid.to, t.recorded,
        t.revoked, t.document_no, t.revision, row.subject.seq, row.subject.leaf);
  });
}

absl::Status InsertPersons(db::Transaction& tx, std::span<const PersonRow> rows) {
  return InsertRows(tx, kInsertPerson, 7, rows, [](const PersonRow& row, std::vector<db::Value>& values) {
    const PersonRecord& p = row.record;
    Add(values, p.id, p.staff_no, p.display_name, p.phone, p.revision, row.subject.seq, row.subject.leaf);
  });
}

absl::Status InsertUnits(db::Transaction& tx, std::span<const UnitRow> rows) {
  struct Alias {
    Uuid unit;
    int seq;
    const std::string* text;
  };
  std::vector<Alias> aliases;
  for (const UnitRow& row : rows) {
    for (size_t i = 0; i < row.record.aliases.size(); ++i) {
      aliases.push_back({row.record.id, static_cast<int>(i), &row.record.aliases[i]});
    }
  }
  GW_RETURN_IF_ERROR(
      InsertRows(tx, kInsertUnit, 6, rows, [](const UnitRow& row, std::vector<db::Value>& values) {
        Add(values, row.record.id, row.record.display_name, row.record.division, row.record.revision,
            row.subject.seq, row.subject.leaf);
      }));
  return InsertRows(tx, kInsertAlias, 3, std::span<const Alias>(aliases),
                    [](const Alias& alias, std::vector<db::Value>& values) {
                      Add(values, alias.unit, alias.seq, *alias.text);
                    });
}

absl::Status SaveBoundaryFlag(db::Transaction& tx, const DivisionRow& row) {
  return ExpectOne(tx.Exec(kSaveBoundaryFlag, row.record.has_boundary, row.record.revision, row.record.id),
                   "divisions", row.record.id);
}

absl::Status SavePerson(db::Transaction& tx, const PersonRow& row) {
  return ExpectOne(tx.Exec(kSavePerson, row.record.display_name, row.record.phone, row.record.revision,
                           row.subject.seq, row.subject.leaf, row.record.id, row.subject.seq),
                   "persons", row.record.id);
}

absl::Status SaveRevoked(db::Transaction& tx, const TenureRow& row) {
  return ExpectOne(tx.Exec(kSaveRevoked, row.record.revoked, row.record.revision, row.subject.seq,
                           row.subject.leaf, row.record.id, row.subject.seq),
                   "tenures", row.record.id);
}

absl::StatusOr<std::vector<DivisionRow>> LockDivisionsByCode(db::Transaction& tx,
                                                             std::span<const std::string> codes) {
  return QueryIn<DivisionRow>(tx, kLockDivisionsByCode, ") FOR UPDATE", codes, [](const db::Row& row) {
    DivisionRow division{ReadDivision(row), {}};
    division.subject = ReadSubject(row, division.record.id, 9);
    division.record.codes = {{row.Text(11), {row.Time(12, absl::InfinitePast())}}};
    return division;
  });
}

absl::StatusOr<std::vector<PersonRow>> LockPersonsByStaffNo(db::Transaction& tx,
                                                            std::span<const std::string> staff_nos) {
  return QueryIn<PersonRow>(tx, kLockPersonsByStaffNo, ") FOR UPDATE", staff_nos, [](const db::Row& row) {
    PersonRow person{ReadPerson(row), {}};
    person.subject = ReadSubject(row, person.record.id, 5);
    return person;
  });
}

namespace {

TenureRow ReadTenureRow(const db::Row& row) {
  TenureRow tenure{ReadTenure(row), {}};
  tenure.subject = ReadSubject(row, tenure.record.id, 10);
  return tenure;
}

PostRow ReadPostRow(const db::Row& row) {
  PostRow post{ReadPost(row), {}};
  post.subject = ReadSubject(row, post.record.id, 10);
  return post;
}

}  // namespace

absl::StatusOr<std::vector<TenureRow>> LockTenuresOfPosts(db::Transaction& tx, std::span<const Uuid> posts) {
  return QueryIn<TenureRow>(
      tx, absl::StrCat(std::string(kTenureColumns), "WHERE revoked_us IS NULL AND post IN ("), ") FOR UPDATE",
      posts, ReadTenureRow);
}

absl::StatusOr<std::vector<TenureRow>> LockTenuresEverOfPosts(db::Transaction& tx,
                                                              std::span<const Uuid> posts) {
  return QueryIn<TenureRow>(tx, absl::StrCat(std::string(kTenureColumns), "WHERE post IN ("), ") FOR UPDATE",
                            posts, ReadTenureRow);
}

absl::StatusOr<std::vector<PostRow>> LockPostsAt(db::Transaction& tx, std::span<const Uuid> places) {
  return QueryIn<PostRow>(tx, absl::StrCat(std::string(kPostColumns), "WHERE place IN ("), ") FOR UPDATE",
                          places, ReadPostRow);
}

absl::StatusOr<std::optional<PostRow>> LockPost(db::Transaction& tx, const Uuid& id) {
  static const std::string* sql =
      new std::string(absl::StrCat(std::string(kPostColumns), "WHERE id = ? FOR UPDATE"));
  return tx.QueryOne(*sql, ReadPostRow, id);
}

absl::StatusOr<std::optional<TenureRow>> LockTenure(db::Transaction& tx, const Uuid& id) {
  static const std::string* sql =
      new std::string(absl::StrCat(std::string(kTenureColumns), "WHERE id = ? FOR UPDATE"));
  return tx.QueryOne(*sql, ReadTenureRow, id);
}

absl::StatusOr<bool> PersonExists(db::Transaction& tx, const Uuid& id) {
  GW_ASSIGN_OR_RETURN(const std::optional<int> found,
                      tx.QueryOne(
                          kPersonExists, [](const db::Row&) { return 1; }, id));
  return found.has_value();
}

absl::StatusOr<std::vector<PersonRecord>> ReadPersons(db::Transaction& tx, std::span<const Uuid> ids) {
  return QueryIn<PersonRecord>(tx, kPersonsByIds, ")", ids, ReadPerson);
}

absl::StatusOr<std::vector<PersonRecord>> ReadPersonsAfter(db::Transaction& tx, const Uuid& after,
                                                           std::string_view filter, int limit) {
  return tx.Query(kPersonsAfter, ReadPerson, after.Bytes(), filter, filter, filter, limit);
}

std::vector<std::string> HotStatements() {
  std::vector<std::string> statements;
  for (const std::string_view sql :
       {kDivisionsAfter, kPostsAfter, kTenuresAfter, kPersonsChangedAfter, kUnitsAfter, kCodesBetween,
        kAliasesBetween, kPlacementsBetween, kNamesBetween, kLineagesAfter, kReadRevisions, kPersonsAfter}) {
    statements.emplace_back(sql);
  }
  for (const std::string_view sql : {kLockDivisionsByCode, kLockPersonsByStaffNo, kPersonsByIds}) {
    statements.push_back(absl::StrCat(std::string(sql), "?)"));
  }
  statements.push_back(
      absl::StrCat(std::string(kTenureColumns), "WHERE revoked_us IS NULL AND post IN (?) FOR UPDATE"));
  statements.push_back(absl::StrCat(std::string(kPostColumns), "WHERE place IN (?) FOR UPDATE"));
  statements.push_back(absl::StrCat(std::string(kTenureColumns), "WHERE id = ? FOR UPDATE"));
  for (std::string& statement : HotDivisionStatements()) statements.push_back(std::move(statement));
  for (std::string& statement : HotProposalStatements()) statements.push_back(std::move(statement));
  return statements;
}

}  // namespace gridwarden::grid
