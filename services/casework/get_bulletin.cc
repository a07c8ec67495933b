#include <map>

#include "absl/time/civil_time.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "casework/supervision_service.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::casework {
namespace {

constexpr size_t kIdBytes = 16;

// Each counts by the beginning of the path, so that a child is one group.
constexpr std::string_view kRungs = R"(
  SELECT LEFT(ground_path, ?), level, COUNT(*) FROM rung
  WHERE ground_path >= ? AND ground_path < ? AND fire_us >= ? AND fire_us < ? GROUP BY 1, 2)";
constexpr std::string_view kOrders = R"(
  SELECT LEFT(ground_path, ?), state, COUNT(*) FROM supervision_order
  WHERE ground_path >= ? AND ground_path < ? AND record_us >= ? AND record_us < ? GROUP BY 1, 2)";
constexpr std::string_view kVacancies = R"(
  SELECT LEFT(ground_path, ?), 0, COUNT(*) FROM vacancy_finding
  WHERE ground_path >= ? AND ground_path < ? AND first_seen_us >= ? AND first_seen_us < ? GROUP BY 1)";

struct Week {
  absl::Time from, to;
};

// Monday to Sunday, local.
absl::StatusOr<Week> WeekOf(const std::string& date, absl::Time now) {
  absl::CivilDay day = absl::ToCivilDay(now, domain::CalendarZone());
  if (!date.empty() && (!absl::ParseCivilTime(date, &day) || absl::FormatCivilTime(day) != date))
    return InvalidField("week_of_date", "got \"" + date.substr(0, 40) + "\", want a date YYYY-MM-DD");
  while (absl::GetWeekday(day) != absl::Weekday::monday) --day;
  return Week{absl::FromCivil(day, domain::CalendarZone()), absl::FromCivil(day + 7, domain::CalendarZone())};
}

using Lines = std::map<std::string, v1::Bulletin::Line>;  // by path
using AddTo = void (*)(int64_t code, int64_t count, v1::Bulletin::Line& line);

void AddRungs(int64_t level, int64_t count, v1::Bulletin::Line& line) {
  if (level == v1::Rung::R1) line.set_reminded(line.reminded() + count);
  if (level == v1::Rung::R2) line.set_overdue(line.overdue() + count);
  if (level == v1::Rung::R3) line.set_pressed(line.pressed() + count);
  if (level == v1::Rung::R4) line.set_raised_to_county(line.raised_to_county() + count);
}

void AddOrders(int64_t state, int64_t count, v1::Bulletin::Line& line) {
  line.set_orders(line.orders() + count);
  if (state != v1::SupervisionOrder::LIFTED) line.set_orders_open(line.orders_open() + count);
}

void AddVacancies(int64_t, int64_t count, v1::Bulletin::Line& line) {
  line.set_vacancies(line.vacancies() + count);
}

absl::Status Count(db::Transaction& tx, std::string_view sql, const std::string& path, const Week& week,
                   AddTo add, Lines& lines) {
  struct Group {
    std::string path;
    int64_t code = 0, count = 0;
  };
  GW_ASSIGN_OR_RETURN(
      const std::vector<Group> groups,
      tx.Query(
          sql,
          [](const db::Row& row) {
            return Group{row.Text(0), row.Int(1), row.Int(2)};
          },
          static_cast<int64_t>(path.size() + kIdBytes), path, EndOfRange(path), week.from, week.to));
  for (const Group& group : groups) add(group.code, group.count, lines[group.path]);
  return absl::OkStatus();
}

void AddLine(const v1::Bulletin::Line& line, v1::Bulletin::Line& total) {
  total.set_reminded(total.reminded() + line.reminded());
  total.set_overdue(total.overdue() + line.overdue());
  total.set_pressed(total.pressed() + line.pressed());
  total.set_raised_to_county(total.raised_to_county() + line.raised_to_county());
  total.set_orders(total.orders() + line.orders());
  total.set_orders_open(total.orders_open() + line.orders_open());
  total.set_vacancies(total.vacancies() + line.vacancies());
}

void NameLine(const domain::Division* division, v1::Bulletin::Line& line) {
  if (division == nullptr) return;
  line.set_division(ResourceName("divisions", division->id));
  line.set_display_name(division->display_name);
}

}  // namespace

absl::StatusOr<v1::Bulletin> GetBulletin(const Casework& casework, const rpc::Call& call,
                                         const v1::GetBulletinRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const Week week, WeekOf(request.week_of_date(), call.now));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ScopeWithin(*ground, call, request.division()));
  Lines lines;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    lines.clear();
    for (const std::string& path : paths) {
      GW_RETURN_IF_ERROR(Count(tx, kRungs, path, week, AddRungs, lines));
      GW_RETURN_IF_ERROR(Count(tx, kOrders, path, week, AddOrders, lines));
      GW_RETURN_IF_ERROR(Count(tx, kVacancies, path, week, AddVacancies, lines));
    }
    return absl::OkStatus();
  }));
  v1::Bulletin bulletin;
  *bulletin.mutable_from_time() = ToTimestamp(week.from);
  *bulletin.mutable_to_time() = ToTimestamp(week.to);
  NameLine(ground->FindDivisionBySpelling(request.division(), call.now), *bulletin.mutable_total());
  for (auto& [path, line] : lines) {
    const std::optional<Uuid> id =
        path.size() < kIdBytes ? std::nullopt : Uuid::FromBytes(path.substr(path.size() - kIdBytes));
    NameLine(id ? ground->FindDivision(*id) : nullptr, line);
    AddLine(line, *bulletin.mutable_total());
    *bulletin.add_lines() = line;
  }
  return bulletin;
}

}  // namespace gridwarden::casework
