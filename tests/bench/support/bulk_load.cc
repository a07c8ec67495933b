#include "support/bulk_load.h"

#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "casework/case_repository.h"
#include "casework/place.h"
#include "casework/signal_repository.h"
#include "casework/step.h"
#include "domain/clock/stage_clock.h"
#include "platform/db/database.h"
#include "support/test_policy.h"

namespace gridwarden::bench {
namespace {

using casework::v1::Action;
using casework::v1::Case;

constexpr int kCasesAtOnce = 128;
constexpr int kThreads = 2;
constexpr const char* kCategories[] = {"ROAD", "MINE", "RENOVATION", "GREEN_BELT", "CITY_CLEANING"};

// Takes what casework would send and keeps it: inserts of one table become one statement. Rows of cases and
// signals are only kept in their last form, so updates and inserts of them are passed over until `keep_rows`.
class Gatherer final : public db::Transaction {
 public:
  absl::StatusOr<uint64_t> ExecValues(std::string_view sql, std::span<const db::Value> values) override {
    const bool row =
        sql.find("case_file") != std::string_view::npos || sql.find("signal_file") != std::string_view::npos;
    if (row && !keep_rows) return 1;
    if (sql.find("INSERT INTO") == std::string_view::npos)
      return absl::InternalError("a bulk load can only insert");
    if (sql.find("journal_stage") != std::string_view::npos) ++entries;
    Gathered& gathered = statements_[std::string(sql)];
    gathered.columns = static_cast<int>(values.size());
    gathered.values.insert(gathered.values.end(), values.begin(), values.end());
    return 1;
  }
  absl::Status QueryValues(std::string_view, std::span<const db::Value>,
                           const std::function<void(const db::Row&)>&) override {
    return absl::InternalError("a bulk load reads nothing");
  }
  void AfterCommit(std::function<void()>) override {}

  // Sends everything, at most 64 rows a statement.
  absl::Status Flush(db::Database& database) {
    const absl::Status sent = database.Run([&](db::Transaction& tx) -> absl::Status {
      for (const auto& [sql, gathered] : statements_) {
        const std::string head = sql.substr(0, sql.rfind("VALUES") + 6) + " ";
        const size_t columns = static_cast<size_t>(gathered.columns), rows = gathered.values.size() / columns;
        for (size_t at = 0; at < rows;) {
          const size_t take = rows - at >= 64 ? 64 : rows - at >= 8 ? 8 : 1;
          const std::span<const db::Value> values(gathered.values.data() + at * columns, take * columns);
          GW_RETURN_IF_ERROR(
              tx.ExecValues(head + db::RepeatedRows(gathered.columns, static_cast<int>(take)), values)
                  .status());
          at += take;
        }
      }
      return absl::OkStatus();
    });
    statements_.clear();
    return sent;
  }

  bool keep_rows = false;
  int64_t entries = 0;

 private:
  struct Gathered {
    int columns = 0;
    std::vector<db::Value> values;
  };
  std::map<std::string, Gathered> statements_;
};

struct Life {
  std::vector<Action> steps;
};

// What has happened to a case so far. Seven in ten are closed and watched; the rest stands somewhere on the
// way.
Life DrawLife(std::mt19937_64& random) {
  const std::vector<Action> whole = {casework::v1::FILE,         casework::v1::DISPATCH,
                                     casework::v1::ACCEPT,       casework::v1::SUBMIT_FEEDBACK,
                                     casework::v1::ASSIGN_CHECK, casework::v1::PASS,
                                     casework::v1::SIGN,         casework::v1::START_MONITORING};
  if (random() % 10 < 7) return {whole};
  // Not at FEEDBACK and not CLOSED: there the system itself would go on at once.
  constexpr size_t kLengths[] = {1, 2, 3, 3, 3, 5, 6};
  return {
      {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kLengths[random() % std::size(kLengths)])}};
}

class Loader {
 public:
  Loader(const domain::Policy& policy, const domain::Ground& ground, std::vector<Uuid> villages,
         const BulkPlan& plan)
      : policy_(policy), ground_(ground), villages_(std::move(villages)), plan_(plan) {}

  absl::Status Make(Gatherer& out, int64_t number) const {
    std::mt19937_64 random(static_cast<uint64_t>(number));
    const Life life = DrawLife(random);
    const bool closed = life.steps.size() == 8;
    // Closed ones over a hundred days, open ones over the last ten: some of these are late.
    const absl::Duration ago =
        absl::Minutes(static_cast<int64_t>(30 + random() % (closed ? 144'000 : 14'400)));
    const absl::Time begin = absl::Now() - ago;
    const absl::Duration pace = ago / 12;
    rpc::Call call = rpc::Call::System("bench", begin);

    casework::SignalFile signal;
    signal.id = Uuid::Make(begin);
    signal.channel = casework::v1::Signal::ASSIGNED;
    signal.category = kCategories[random() % std::size(kCategories)];
    signal.place = casework::PlaceAt(ground_, villages_[random() % villages_.size()], std::nullopt, begin);
    signal.place_confidence = 1;
    signal.description = "loaded in bulk";
    signal.event_time = signal.receive_time = begin;
    GW_RETURN_IF_ERROR(Take(out, call, signal, casework::v1::SUBMIT, begin, plan_.whole_lives));
    call.now = begin + pace;
    signal.case_id = Uuid::Make(call.now);
    GW_RETURN_IF_ERROR(Take(out, call, signal, casework::v1::FILE, call.now, true));
    out.keep_rows = true;
    GW_RETURN_IF_ERROR(casework::InsertSignal(out, signal));
    out.keep_rows = false;

    casework::CaseFile file;
    file.id = file.chain = signal.case_id;
    file.category = signal.category;
    file.place = signal.place;
    file.signals = {signal.id};
    file.event_time = begin;
    file.file_time = call.now;
    file.description = signal.description;
    file.filing_division = ground_.FindDivision(signal.place.division)->parent;
    file.filing_path = ground_.PathKey(file.filing_division);
    file.rule_version = policy_.version;
    file.total_due_time = domain::TotalDue(begin, policy_.TypeOf(file.category), policy_.calendar);
    file.case_no = absl::StrFormat("BULK-%09d", number);
    for (size_t i = 0; i < life.steps.size(); ++i) {
      call.now = begin + pace * static_cast<int64_t>(1 + i);
      if (life.steps[i] == casework::v1::PASS) file.pass_time = call.now;
      if (life.steps[i] == casework::v1::SIGN) {
        file.close_time = call.now;
        file.closed_on_time = *file.pass_time <= file.total_due_time;
        file.held = Case::NOT_RECHECKED;
      }
      GW_RETURN_IF_ERROR(
          Take(out, call, file, life.steps[i], call.now, plan_.whole_lives || i + 1 == life.steps.size()));
    }
    out.keep_rows = true;
    GW_RETURN_IF_ERROR(casework::InsertCase(out, file));
    out.keep_rows = false;
    return absl::OkStatus();
  }

 private:
  template <typename File>
  absl::Status Take(Gatherer& out, const rpc::Call& call, File& file, Action action, absl::Time at,
                    bool record) const {
    casework::Step step;
    step.action = action;
    step.event_time = step.received = at;
    GW_RETURN_IF_ERROR(casework::Advance(policy_, file, step));
    if (!record) return absl::OkStatus();
    return casework::Record(out, call, policy_, file, step).status();
  }

  const domain::Policy& policy_;
  const domain::Ground& ground_;
  const std::vector<Uuid> villages_;
  const BulkPlan plan_;
};

absl::StatusOr<std::vector<domain::Division>> ReadDivisions(db::Database& database) {
  std::vector<domain::Division> divisions;
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(
        divisions, tx.Query("SELECT id, parent, level, display_name FROM division", [](const db::Row& row) {
          domain::Division division;
          division.id = row.Id(0);
          division.parent = row.Id(1);
          division.level = static_cast<domain::Level>(row.Int(2));
          division.display_name = row.Text(3);
          return division;
        }));
    return absl::OkStatus();
  }));
  return divisions;
}

}  // namespace

absl::StatusOr<BulkResult> LoadCases(const City& city, const BulkPlan& plan) {
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database,
                      db::Database::Open({.unix_socket = city.database_socket,
                                          .user = "root",
                                          .database = city.database,
                                          .pool_size = kThreads}));
  GW_ASSIGN_OR_RETURN(std::vector<domain::Division> divisions, ReadDivisions(*database));
  std::vector<Uuid> villages;
  for (const domain::Division& division : divisions) {
    if (division.level == domain::Level::kVillage) villages.push_back(division.id);
  }
  const domain::Ground ground(std::move(divisions), {}, {}, {}, {});
  const std::shared_ptr<const domain::Policy> policy = testing::TestPolicy();
  const Loader loader(*policy, ground, std::move(villages), plan);

  BulkResult result{.cases = plan.cases};
  absl::Status first;
  std::mutex mutex;  // guards result and first
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Gatherer gatherer;
      absl::Status status;
      for (int64_t at = t * kCasesAtOnce; at < plan.cases && status.ok(); at += kThreads * kCasesAtOnce) {
        for (int64_t i = at; i < std::min(at + kCasesAtOnce, plan.cases) && status.ok(); ++i)
          status = loader.Make(gatherer, plan.first + i);
        if (status.ok()) status = gatherer.Flush(*database);
      }
      const std::lock_guard lock(mutex);
      result.entries += gatherer.entries;
      first.Update(status);
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (!first.ok()) return first;
  return result;
}

}  // namespace gridwarden::bench
