#include "support/test_city.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_event.pb.h"
#include "platform/journal/stage.h"

namespace gridwarden::testing {
namespace {

using domain::Level;
using domain::PostKind;
using domain::Responsibility;

const absl::Time kSince = absl::FromCivil(absl::CivilDay(2020, 1, 1), absl::FixedTimeZone(8 * 3600));
const absl::Time kActingSince = absl::FromCivil(absl::CivilDay(2026, 6, 1), absl::FixedTimeZone(8 * 3600));

Uuid Id(std::string_view name) {
  // A version 7 id of 2020-01-01 as the origin, so that the derived ones look like any other.
  static const Uuid origin = *Uuid::Parse("016f5e66-e800-7000-8000-00000000c171");
  return Uuid::Derive(origin, name);
}

// Builds the records one after the other.
struct Builder {
  std::vector<domain::Division> divisions;
  std::vector<domain::Post> posts;
  std::vector<domain::Tenure> tenures;
  std::vector<domain::Person> persons;
  std::vector<domain::Unit> units;

  Uuid AddDivision(const Uuid& parent, Level level, std::string code, std::string name) {
    domain::Division division;
    division.id = Id("division " + code);
    division.parent = parent;
    division.level = level;
    division.display_name = std::move(name);
    division.codes = {{std::move(code), {kSince}}};
    division.valid = {kSince};
    division.revision = 1;
    divisions.push_back(division);
    return division.id;
  }

  Uuid AddPost(PostKind kind, Responsibility responsibility, const Uuid& division, const Uuid& unit = {}) {
    domain::Post post;
    post.id = Uuid::Derive(division.IsNil() ? unit : division, absl::StrCat("post ", static_cast<int>(kind)));
    post.kind = kind;
    post.responsibility = responsibility;
    post.division = division;
    post.unit = unit;
    post.valid = {kSince};
    posts.push_back(post);
    return post.id;
  }

  // Somebody new takes the post.
  void Fill(const Uuid& post, domain::TenureKind kind = domain::TenureKind::kFormal,
            absl::Time from = kSince) {
    static constexpr const char* kSurnames[] = {"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴",
                                                "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗"};
    static constexpr const char* kGivenNames[] = {"建国", "秀英", "志强", "春梅", "海涛", "玉兰", "永康",
                                                  "小雪", "明亮", "晓燕", "德胜", "文静", "立新"};
    domain::Person person;
    person.id = Uuid::Derive(post, absl::StrCat("person ", static_cast<int>(kind)));
    const size_t n = persons.size();
    person.display_name =
        absl::StrCat(kSurnames[n % std::size(kSurnames)], kGivenNames[n % std::size(kGivenNames)]);
    persons.push_back(person);
    domain::Tenure tenure;
    tenure.id = Uuid::Derive(post, absl::StrCat("tenure ", static_cast<int>(kind)));
    tenure.post = post;
    tenure.person = person.id;
    tenure.kind = kind;
    tenure.valid = {from};
    tenure.recorded = from;
    tenure.document_no = absl::StrFormat("测政任〔2020〕%d号", static_cast<int>(n) + 1);
    tenures.push_back(tenure);
  }

  // The preset: 一长三员 everywhere, the campaign office down to the township.
  void AddPreset(const Uuid& division, Level level, bool vacant_patrol = false) {
    Fill(AddPost(PostKind::kGridLeader, Responsibility::kDirectLeadership, division));
    Fill(AddPost(PostKind::kGridOfficer, Responsibility::kNone, division));
    const Uuid patrol = AddPost(PostKind::kPatrolOfficer, Responsibility::kNone, division);
    if (!vacant_patrol) Fill(patrol);
    Fill(AddPost(PostKind::kSupervisionOfficer, Responsibility::kNone, division));
    if (level != Level::kVillage) Fill(AddPost(PostKind::kCampaignOffice, Responsibility::kNone, division));
  }
};

[[noreturn]] void Stop(std::string_view why) {
  std::fprintf(stderr, "TestCity: %.*s\n", static_cast<int>(why.size()), why.data());
  std::abort();
}

}  // namespace

TestCity::TestCity() {
  static constexpr const char* kCounties[] = {"甲县", "乙区"};
  static constexpr const char* kTownships[] = {"东关街道", "柳林镇", "石桥乡"};
  static constexpr const char* kVillages[] = {"前王村", "后李村", "大槐树村", "水源社区"};
  Builder build;
  city = build.AddDivision({}, Level::kCity, "9901", "测试市");
  build.AddPreset(city, Level::kCity);
  build.Fill(build.AddPost(PostKind::kDiscipline, Responsibility::kNone, city));
  for (int c = 0; c < 2; ++c) {
    const std::string county_code = absl::StrFormat("99010%d", c + 2);
    counties[c] = build.AddDivision(city, Level::kCounty, county_code, kCounties[c]);
    build.AddPreset(counties[c], Level::kCounty);
    bureaus[c] = Id("bureau " + county_code);
    build.units.push_back(
        {bureaus[c], absl::StrCat(kCounties[c], "住房和城乡建设局"), {"住建局"}, counties[c]});
    build.Fill(build.AddPost(PostKind::kUnitHandler, Responsibility::kNone, {}, bureaus[c]));
    for (int t = 0; t < 3; ++t) {
      const std::string township_code = absl::StrFormat("%s00%d", county_code, t + 1);
      townships[c][t] = build.AddDivision(counties[c], Level::kTownship, township_code, kTownships[t]);
      build.AddPreset(townships[c][t], Level::kTownship);
      if (c == 0 && t == 1) {
        build.Fill(
            Uuid::Derive(townships[c][t], absl::StrCat("post ", static_cast<int>(PostKind::kGridLeader))),
            domain::TenureKind::kActing, kActingSince);
      }
      for (int v = 0; v < 4; ++v) {
        villages[c][t][v] = build.AddDivision(townships[c][t], Level::kVillage,
                                              absl::StrFormat("%s20%d", township_code, v), kVillages[v]);
        build.AddPreset(villages[c][t][v], Level::kVillage, c == 0 && t == 0 && v == 3);
      }
    }
  }
  auto access = std::make_shared<access::AccessState>();
  for (const domain::Person& person : build.persons)
    access->accounts[AccountOf(person.id)] = {.person = person.id};
  access->accounts[Administrator()] = {.administrator = true};
  access_ = access;
  ground = std::make_shared<const domain::Ground>(std::move(build.divisions), std::move(build.posts),
                                                  std::move(build.tenures), std::move(build.persons),
                                                  std::move(build.units));
}

std::unique_ptr<access::Directory> TestCity::MakeDirectory() const {
  return std::make_unique<access::Directory>(ground, access_);
}

std::shared_ptr<const access::AccessState> TestCity::MakeAccess() const { return access_; }

const domain::Post& TestCity::PostOf(PostKind kind, const Uuid& division) const {
  for (const domain::Post* post : ground->PostsAt(division)) {
    if (post->kind == kind) return *post;
  }
  Stop("no such post");
}

const domain::Post& TestCity::HandlerOf(const Uuid& bureau) const {
  const std::vector<const domain::Post*> posts = ground->PostsOfUnit(bureau);
  if (posts.empty()) Stop("no such bureau");
  return *posts.front();
}

Uuid TestCity::PersonIn(PostKind kind, const Uuid& division) const {
  return PersonIn(PostOf(kind, division).id);
}

Uuid TestCity::PersonIn(const Uuid& post) const {
  const domain::Tenure* tenure = ground->HolderOf(post, absl::Now(), absl::InfiniteFuture());
  return tenure == nullptr ? Uuid() : tenure->person;
}

rpc::Call TestCity::CallOf(PostKind kind, const Uuid& division, absl::Time now,
                           std::string_view method) const {
  const domain::Tenure* tenure = ground->HolderOf(PostOf(kind, division).id, now, absl::InfiniteFuture());
  if (tenure == nullptr) Stop("the post is vacant");
  return CallOfPerson(tenure->person, now, method);
}

rpc::Call TestCity::CallOfPerson(const Uuid& person, absl::Time now, std::string_view method) const {
  rpc::Call call;
  call.principal.account = AccountOf(person);
  call.principal.person = person;
  call.principal.session = Uuid::Derive(person, "session");
  call.method = std::string(method);
  call.now = now;
  call.deadline = absl::Now() + absl::Seconds(30);
  call.token = TokenOfPerson(person);
  return call;
}

rpc::Call TestCity::AdministratorCall(absl::Time now, std::string_view method) const {
  rpc::Call call;
  call.principal.account = Administrator();
  call.principal.session = Uuid::Derive(Administrator(), "session");
  call.principal.administrator = true;
  call.method = std::string(method);
  call.now = now;
  call.deadline = absl::Now() + absl::Seconds(30);
  call.token = AdministratorToken();
  return call;
}

std::string TestCity::TokenOf(PostKind kind, const Uuid& division) const {
  return TokenOfPerson(PersonIn(kind, division));
}

std::string TestCity::TokenOfPerson(const Uuid& person) const {
  return absl::StrCat("account:", AccountOf(person).ToString(), ":person:", person.ToString());
}

std::string TestCity::AdministratorToken() const {
  return absl::StrCat("account:", Administrator().ToString(), ":person::admin");
}

Uuid TestCity::AccountOf(const Uuid& person) { return Uuid::Derive(person, "account"); }
Uuid TestCity::Administrator() { return Id("administrator"); }

namespace {

constexpr std::string_view kInsertDivision =
    "INSERT INTO division (id, parent, level, display_name, valid_from_us, valid_to_us, statistical, "
    "has_boundary, revision, "
    "subject_seq, subject_leaf) VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?)";
constexpr std::string_view kInsertCode =
    "INSERT INTO division_code (division, seq, code, valid_from_us, valid_to_us) VALUES (?, 0, ?, ?, NULL)";
constexpr std::string_view kInsertPost =
    "INSERT INTO post (id, place, of_unit, kind, regime, responsibility, ordinal, valid_from_us, "
    "valid_to_us, revision, "
    "subject_seq, subject_leaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kInsertTenure =
    "INSERT INTO tenure (id, post, person, kind, valid_from_us, valid_to_us, recorded_us, revoked_us, "
    "document_no, revision, "
    "subject_seq, subject_leaf) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?, ?)";
constexpr std::string_view kInsertPerson =
    "INSERT INTO person (id, staff_no, display_name, phone, revision, subject_seq, subject_leaf) VALUES (?, "
    "?, ?, ?, ?, ?, ?)";
constexpr std::string_view kInsertUnit =
    "INSERT INTO unit (id, display_name, division, revision, subject_seq, subject_leaf) VALUES (?, ?, ?, ?, "
    "?, ?)";
constexpr std::string_view kInsertAlias = "INSERT INTO unit_alias (unit, seq, alias) VALUES (?, ?, ?)";
// TestDatabase::Clear takes the counter's row away.
constexpr std::string_view kEnsureRevision =
    "INSERT IGNORE INTO grid_revision (id, revision, boundary_revision) VALUES (1, 0, 0)";
constexpr std::string_view kSaveRevision =
    "UPDATE grid_revision SET revision = ? WHERE id = 1 AND revision = 0";

// The first entry of a record's chain, staged; the record points at it as if the grid area had written it.
absl::StatusOr<journal::Subject> StageFirst(db::Transaction& tx, std::string_view kind, const Uuid& id,
                                            const grid::v1::GridEvent& event) {
  const rpc::Call call = rpc::Call::System("test", kSince);
  GW_ASSIGN_OR_RETURN(
      const journal::Sealed sealed,
      journal::Seal(call, {.kind = std::string(kind), .before = {.id = id}, .event = &event}));
  GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
  return sealed.after;
}

}  // namespace

absl::Status TestCity::Store(db::Database& database) const {
  return database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(tx.Exec(kEnsureRevision).status());
    int64_t revision = 0;
    for (const domain::Division& d : ground->divisions()) {
      grid::v1::GridEvent event;
      event.mutable_division()->set_name(ResourceName("divisions", d.id));
      GW_ASSIGN_OR_RETURN(const journal::Subject subject, StageFirst(tx, "division", d.id, event));
      GW_RETURN_IF_ERROR(tx.Exec(kInsertDivision, d.id, d.parent, static_cast<int>(d.level), d.display_name,
                                 d.valid.from, d.valid.to, ++revision, subject.seq, subject.leaf)
                             .status());
      GW_RETURN_IF_ERROR(tx.Exec(kInsertCode, d.id, d.codes[0].code, d.codes[0].valid.from).status());
    }
    for (const domain::Unit& u : ground->units()) {
      grid::v1::GridEvent event;
      event.mutable_unit()->set_name(ResourceName("units", u.id));
      GW_ASSIGN_OR_RETURN(const journal::Subject subject, StageFirst(tx, "unit", u.id, event));
      GW_RETURN_IF_ERROR(
          tx.Exec(kInsertUnit, u.id, u.display_name, u.division, ++revision, subject.seq, subject.leaf)
              .status());
      for (size_t i = 0; i < u.aliases.size(); ++i) {
        GW_RETURN_IF_ERROR(tx.Exec(kInsertAlias, u.id, static_cast<int>(i), u.aliases[i]).status());
      }
    }
    for (const domain::Post& p : ground->posts()) {
      grid::v1::GridEvent event;
      event.mutable_post()->set_name(ResourceName("posts", p.id));
      GW_ASSIGN_OR_RETURN(const journal::Subject subject, StageFirst(tx, "post", p.id, event));
      GW_RETURN_IF_ERROR(tx.Exec(kInsertPost, p.id, p.unit.IsNil() ? p.division : p.unit, !p.unit.IsNil(),
                                 static_cast<int>(p.kind), static_cast<int>(p.regime),
                                 static_cast<int>(p.responsibility), p.ordinal, p.valid.from, p.valid.to,
                                 ++revision, subject.seq, subject.leaf)
                             .status());
    }
    int number = 0;
    for (const domain::Person& p : ground->persons()) {
      grid::v1::GridEvent event;
      event.mutable_person()->set_person(ResourceName("persons", p.id));
      GW_ASSIGN_OR_RETURN(const journal::Subject subject, StageFirst(tx, "person", p.id, event));
      ++number;
      GW_RETURN_IF_ERROR(tx.Exec(kInsertPerson, p.id, absl::StrFormat("T%04d", number), p.display_name,
                                 absl::StrFormat("139000%05d", number), ++revision, subject.seq, subject.leaf)
                             .status());
    }
    for (const domain::Tenure& t : ground->tenures()) {
      grid::v1::GridEvent event;
      event.mutable_tenure()->set_name(ResourceName("tenures", t.id));
      GW_ASSIGN_OR_RETURN(const journal::Subject subject, StageFirst(tx, "tenure", t.id, event));
      GW_RETURN_IF_ERROR(tx.Exec(kInsertTenure, t.id, t.post, t.person, static_cast<int>(t.kind),
                                 t.valid.from, t.valid.to, t.recorded, t.document_no, ++revision, subject.seq,
                                 subject.leaf)
                             .status());
    }
    GW_ASSIGN_OR_RETURN(const uint64_t saved, tx.Exec(kSaveRevision, revision));
    if (saved != 1) return Internal("the database has a ground already");
    return absl::OkStatus();
  });
}

const TestCity& City() {
  static const TestCity* city = new TestCity();
  return *city;
}

}  // namespace gridwarden::testing
