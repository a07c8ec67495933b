#include "support/test_city.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

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

const TestCity& City() {
  static const TestCity* city = new TestCity();
  return *city;
}

}  // namespace gridwarden::testing
