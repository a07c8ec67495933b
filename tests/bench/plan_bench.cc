#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "access/directory.h"
#include "domain/clock/stage_clock.h"
#include "domain/patrol/plan.h"
#include "gridwarden/patrol/v1/plan_service.pb.h"
#include "patrol/patrol_service.h"
#include "source/source_service.h"
#include "support/test_database.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// A week's patrols of a city with 40,000 sources by the shipped cadences and two quotas: the pure function
// alone, the preview with everything read from ledger and tables, and making a county's tasks.
namespace gridwarden {
namespace {

constexpr int kCounties = 10, kTownships = 15, kVillages = 15, kSources = 40'000;
constexpr absl::CivilDay kMonday(2026, 11, 23), kSunday(2026, 11, 29);
constexpr const char* kCategories[] = {"RESTAURANT", "RESTAURANT", "ROAD", "PETROL_STATION", "STRAW_BURNING",
                                       "BARE_LAND",  "BARE_LAND",  "ROAD", "SMALL_POLLUTER", "BUILDING_SITE"};

const absl::Time kSince = absl::FromCivil(absl::CivilDay(2020, 1, 1), domain::CalendarZone());

// The quotas of the city they were written for, moved to this one.
std::shared_ptr<const domain::Policy> CityPolicy() {
  auto policy = std::make_shared<domain::Policy>(*testing::TestPolicy());
  auto rules = std::make_shared<domain::PatrolRules>(*policy->patrol);
  for (domain::Quota& quota : rules->quotas) {
    if (quota.jurisdiction_code == "4111") quota.jurisdiction_code = "9901";
  }
  policy->patrol = rules;
  return policy;
}

struct City {
  std::vector<domain::Division> divisions;
  std::vector<domain::Post> posts;
  std::vector<domain::Tenure> tenures;
  std::vector<domain::Person> persons;
  std::vector<int> villages;  // by index
  std::string office;         // token of the city's office

  int Add(domain::Level level, int parent, std::string code) {
    domain::Division division;
    division.id = Uuid::Make(kSince);
    if (parent >= 0) division.parent = divisions[parent].id;
    division.level = level;
    division.display_name = "d" + std::to_string(divisions.size());
    division.codes = {{std::move(code), {kSince}}};
    division.valid = {kSince};
    for (const domain::PostKind kind : {domain::PostKind::kCampaignOffice, domain::PostKind::kGridOfficer,
                                        domain::PostKind::kPatrolOfficer}) {
      domain::Post post;
      post.id = Uuid::Make(kSince);
      post.kind = kind;
      post.division = division.id;
      post.valid = {kSince};
      domain::Tenure tenure;
      tenure.id = Uuid::Make(kSince);
      tenure.post = post.id;
      tenure.person = Uuid::Make(kSince);
      tenure.valid = {kSince};
      tenure.recorded = kSince;
      persons.push_back({tenure.person, "p"});
      if (kind == domain::PostKind::kCampaignOffice && parent < 0)
        office = absl::StrCat("account:", tenure.person.ToString(), ":person:", tenure.person.ToString());
      posts.push_back(post);
      tenures.push_back(tenure);
    }
    divisions.push_back(division);
    return static_cast<int>(divisions.size()) - 1;
  }

  City() {
    const int city = Add(domain::Level::kCity, -1, "9901");
    for (int c = 0; c < kCounties; ++c) {
      const std::string code = "9901" + std::to_string(10 + c);
      const int county = Add(domain::Level::kCounty, city, code);
      for (int t = 0; t < kTownships; ++t) {
        const int township = Add(domain::Level::kTownship, county, code + std::to_string(100 + t));
        for (int v = 0; v < kVillages; ++v)
          villages.push_back(Add(domain::Level::kVillage, township,
                                 code + std::to_string(100 + t) + std::to_string(200 + v)));
      }
    }
  }
};

const City& TheCity() {
  static const City* city = new City();
  return *city;
}

void Stop(std::string_view why) {
  std::fprintf(stderr, "plan_bench: %.*s\n", static_cast<int>(why.size()), why.data());
  std::abort();
}

void PlanFunction(benchmark::State& state) {
  const City& city = TheCity();
  const std::shared_ptr<const domain::Policy> policy = CityPolicy();
  domain::PlanInput input;
  for (const domain::Division& division : city.divisions) {
    int parent = -1;
    for (size_t i = input.divisions.size(); i-- > 0 && parent < 0;) {
      if (input.divisions[i].id == division.parent) parent = static_cast<int>(i);
    }
    input.divisions.push_back({division.id, division.level, parent});
    for (int k = 0; k < 3; ++k) {
      const size_t at = (input.divisions.size() - 1) * 3 + k;
      input.posts.push_back({city.posts[at].id, static_cast<int>(input.divisions.size()) - 1,
                             city.posts[at].kind, city.tenures[at].person});
    }
  }
  for (size_t i = 0; i < std::size(kCategories); ++i) input.categories.push_back(kCategories[i]);
  std::mt19937 random(1);
  for (int i = 0; i < kSources; ++i) {
    input.sources.push_back({Uuid::Make(kSince), city.villages[random() % city.villages.size()],
                             static_cast<int>(random() % std::size(kCategories))});
  }
  input.jurisdiction.assign(domain::RuleCount(*policy->patrol), 0);
  for (size_t i = 0; i < policy->patrol->quotas.size(); ++i) {
    if (policy->patrol->quotas[i].jurisdiction_code != "9901")
      input.jurisdiction[policy->patrol->cadences.size() + i] = -1;
  }
  input.counted.resize(policy->patrol->quotas.size());
  size_t tasks = 0;
  for (auto _ : state)
    tasks =
        domain::MakePatrolPlan(input, *policy->patrol, policy->calendar, kMonday, kSunday, 1).tasks.size();
  state.counters["tasks"] = static_cast<double>(tasks);
}
BENCHMARK(PlanFunction)->Unit(benchmark::kMillisecond);

// A server over a database with the city's ledger.
struct Office {
  testing::TestDatabase database;
  std::unique_ptr<testing::TestServer> server;

  Office() {
    const City& city = TheCity();
    auto ground = std::make_shared<const domain::Ground>(city.divisions, city.posts, city.tenures,
                                                         city.persons, std::vector<domain::Unit>());
    auto access = std::make_shared<access::AccessState>();
    for (const domain::Person& person : city.persons) access->accounts[person.id] = {.person = person.id};
    server = std::make_unique<testing::TestServer>(
        *database, std::make_unique<access::Directory>(ground, access), CityPolicy());
    server->Install(patrol::Install);
    server->Install(source::Install);
    server->clock().Set(absl::FromCivil(absl::CivilHour(2026, 11, 23, 6), domain::CalendarZone()));
    Fill(*ground);
  }

  void Fill(const domain::Ground& ground) {
    const City& city = TheCity();
    std::mt19937 random(1);
    for (int begin = 0; begin < kSources; begin += 1'000) {
      const absl::Status filled = database->Run([&](db::Transaction& tx) {
        std::vector<db::Value> values;
        for (int i = begin; i < begin + 1'000; ++i) {
          const Uuid& village = city.divisions[city.villages[random() % city.villages.size()]].id;
          const std::vector<db::Value> row = {Uuid::Make(kSince),
                                              city.divisions[0].id,
                                              absl::StrCat("S", i),
                                              "source",
                                              kCategories[random() % std::size(kCategories)],
                                              village,
                                              ground.PathKey(village),
                                              "",
                                              "",
                                              "",
                                              "",
                                              0,
                                              1,
                                              0,
                                              0,
                                              1,
                                              std::string(32, '\1')};
          values.insert(values.end(), row.begin(), row.end());
        }
        return tx
            .ExecValues(
                "INSERT INTO source (source_id, city_id, source_no, display_name, category, division, "
                "ground_path, operator_name, credit_code, trade, address, disposition, state, created_us, "
                "updated_us, subject_seq, subject_leaf) VALUES " +
                    db::RepeatedRows(17, 1'000),
                values)
            .status();
      });
      if (!filled.ok()) Stop(filled.ToString());
    }
  }
};

Office& TheOffice() {
  static Office* office = new Office();
  return *office;
}

template <typename Request>
int Plan(const std::string& method, Request request, const Uuid& division, absl::CivilDay to) {
  request.set_division(ResourceName("divisions", division));
  request.set_from_date(absl::FormatCivilTime(kMonday));
  request.set_to_date(absl::FormatCivilTime(to));
  const absl::StatusOr<patrol::v1::Plan> plan = TheOffice().server->Call<patrol::v1::Plan>(
      TheCity().office, "gridwarden.patrol.v1.PlanService/" + method, request);
  if (!plan.ok()) Stop(plan.status().ToString());
  return plan->task_count();
}

void PreviewOfTheCity(benchmark::State& state) {
  TheOffice();
  int tasks = 0;
  for (auto _ : state)
    tasks = Plan("PreviewPlan", patrol::v1::PreviewPlanRequest(), TheCity().divisions[0].id, kSunday);
  state.counters["tasks"] = tasks;
}
BENCHMARK(PreviewOfTheCity)->Unit(benchmark::kMillisecond)->UseRealTime();

// Each county's first day, one after the other: read, planned, written with a journal entry for each task.
void MakeADayOfEveryCounty(benchmark::State& state) {
  TheOffice();
  int tasks = 0;
  for (auto _ : state) {
    for (const domain::Division& division : TheCity().divisions) {
      if (division.level != domain::Level::kCounty) continue;
      patrol::v1::MakePlanRequest request;
      request.set_request_id(Uuid::Make(absl::Now()).ToString());
      tasks += Plan("MakePlan", request, division.id, kMonday);
    }
  }
  state.counters["tasks"] = tasks;
}
BENCHMARK(MakeADayOfEveryCounty)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace gridwarden

BENCHMARK_MAIN();
