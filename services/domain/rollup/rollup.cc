#include "domain/rollup/rollup.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace gridwarden::domain {
namespace {

constexpr int64_t kHourUs = int64_t{3600} * 1000 * 1000;

int64_t HourOf(int64_t us) { return us >= 0 ? us / kHourUs : -((-us + kHourUs - 1) / kHourUs); }

}  // namespace

void DueTimes::Add(int64_t due_us, int64_t n) {
  if (n == 0) return;
  size_ += n;
  auto hour = hours_.try_emplace(HourOf(due_us)).first;
  hour->second.total += n;
  auto& times = hour->second.times;
  auto at = std::lower_bound(times.begin(), times.end(), due_us,
                             [](const auto& time, int64_t us) { return time.first < us; });
  if (at == times.end() || at->first != due_us) {
    times.insert(at, {due_us, n});
  } else if ((at->second += n) == 0) {
    times.erase(at);
  }
  if (times.empty()) hours_.erase(hour);
}

int64_t DueTimes::Before(int64_t us) const {
  const int64_t last = HourOf(us);
  int64_t before = 0;
  for (const auto& [hour, content] : hours_) {
    if (hour > last) break;
    if (hour < last) {
      before += content.total;
      continue;
    }
    for (const auto& [due, n] : content.times) {
      if (due >= us) break;
      before += n;
    }
  }
  return before;
}

void DueTimes::ForEach(const std::function<void(int64_t, int64_t)>& each) const {
  for (const auto& [hour, content] : hours_) {
    for (const auto& [due, n] : content.times) each(due, n);
  }
}

int64_t Numbers::Cases() const {
  int64_t cases = 0;
  for (int state = 0; state < kCaseStates; ++state) cases += counts[static_cast<int>(Count::kState) + state];
  return cases;
}

int64_t Numbers::Open() const {
  int64_t open = State(CaseFactState::kTracked);
  for (int state = static_cast<int>(CaseFactState::kFiled);
       state <= static_cast<int>(CaseFactState::kSignOff); ++state) {
    open += counts[static_cast<int>(Count::kState) + state];
  }
  return open;
}

int64_t Numbers::Of(Measure measure) const {
  switch (measure) {
    case Measure::kUnspecified:
      return 0;
    case Measure::kSignals:
      return Get(Count::kSignals);
    case Measure::kSignalsOpen:
      return Get(Count::kSignalsOpen);
    case Measure::kCases:
      return Cases();
    case Measure::kOpen:
      return Open();
    case Measure::kDueToday:
      return due_today;
    case Measure::kOverdue:
      return overdue;
    case Measure::kRework:
      return Get(Count::kRework);
    case Measure::kClosed:
      return Get(Count::kClosed);
    case Measure::kClosedOnTime:
      return Get(Count::kClosedOnTime);
    case Measure::kForced:
      return Get(Count::kForced);
    case Measure::kHeld:
      return Get(Count::kHeld);
    case Measure::kNotHeld:
      return Get(Count::kNotHeld);
  }
  return 0;
}

Numbers& Numbers::operator+=(const Numbers& other) {
  for (int i = 0; i < kCounts; ++i) counts[i] += other.counts[i];
  due_today += other.due_today;
  overdue += other.overdue;
  return *this;
}

Numbers& Numbers::operator-=(const Numbers& other) {
  for (int i = 0; i < kCounts; ++i) counts[i] -= other.counts[i];
  due_today -= other.due_today;
  overdue -= other.overdue;
  return *this;
}

Numbers NumbersOf(const Cell& cell, const Instant& at) {
  Numbers numbers;
  numbers.counts = cell.counts;
  numbers.overdue = cell.due.Before(at.us);
  numbers.due_today = cell.due.Before(at.day_end_us) - numbers.overdue;
  return numbers;
}

std::vector<Uuid> IdsOfPath(std::string_view path) {
  std::vector<Uuid> ids;
  for (size_t at = 0; at + 16 <= path.size(); at += 16) ids.push_back(*Uuid::FromBytes(path.substr(at, 16)));
  return ids;
}

std::string Rollup::CodeOf(const Key& key) const {
  return key.second == kAll ? "(all)" : categories_[key.second];
}

int Rollup::CategoryOf(std::string_view category) {
  const auto [found, made] =
      category_by_code_.try_emplace(std::string(category), static_cast<int>(categories_.size()));
  if (made) categories_.emplace_back(category);
  return found->second;
}

int Rollup::EdgeOf(const Uuid& parent, const Uuid& division) {
  std::vector<int>& known = edges_by_division_[division];
  for (const int edge : known) {
    if (edges_[edge].parent == parent) return edge;
  }
  known.push_back(static_cast<int>(edges_.size()));
  edges_.push_back({parent, division});
  return known.back();
}

template <typename Do>
void Rollup::ForCells(std::string_view path, std::string_view category, Do act) {
  const int code = CategoryOf(category);
  Uuid above;
  for (const Uuid& division : IdsOfPath(path)) {
    const Uuid parent = std::exchange(above, division);
    if (only_ && !only_->contains(division)) continue;
    const int edge = EdgeOf(parent, division);
    for (const Key& key : {Key(edge, code), Key(edge, kAll)}) {
      Cell& cell = cells_[key];
      act(cell);
      if (cell.due.size() == 0 && cell == Cell()) cells_.erase(key);
    }
  }
}

void Rollup::Add(const Fact& fact, int64_t n) {
  const Counts counts = CountsOf(fact);
  ForCells(fact.path, fact.category, [&](Cell& cell) {
    for (int i = 0; i < kCounts; ++i) cell.counts[i] += n * counts[i];
    if (fact.due_us && IsOpen(fact)) cell.due.Add(*fact.due_us, n);
  });
}

void Rollup::AddCount(std::string_view path, std::string_view category, int count, int64_t n) {
  if (count < 0 || count >= kCounts) return;
  ForCells(path, category, [&](Cell& cell) { cell.counts[count] += n; });
}

void Rollup::AddDue(std::string_view path, std::string_view category, int64_t due_us, int64_t n) {
  ForCells(path, category, [&](Cell& cell) { cell.due.Add(due_us, n); });
}

Numbers Rollup::Read(const Uuid& division, const std::vector<std::string>& categories,
                     const Instant& at) const {
  Numbers numbers;
  if (const auto edges = edges_by_division_.find(division); edges != edges_by_division_.end()) {
    for (const int edge : edges->second) numbers += ReadEdge(edge, categories, at);
  }
  return numbers;
}

Numbers Rollup::ReadUnder(const Uuid& parent, const Uuid& division,
                          const std::vector<std::string>& categories, const Instant& at) const {
  Numbers numbers;
  if (const auto edges = edges_by_division_.find(division); edges != edges_by_division_.end()) {
    for (const int edge : edges->second) {
      if (edges_[edge].parent == parent) numbers += ReadEdge(edge, categories, at);
    }
  }
  return numbers;
}

Numbers Rollup::ReadEdge(int edge, const std::vector<std::string>& categories, const Instant& at) const {
  Numbers numbers;
  auto add = [&](int code) {
    if (const auto cell = cells_.find(Key(edge, code)); cell != cells_.end())
      numbers += NumbersOf(cell->second, at);
  };
  if (categories.empty()) {
    add(kAll);
  } else {
    for (const std::string& category : categories) {
      if (const auto code = category_by_code_.find(category); code != category_by_code_.end())
        add(code->second);
    }
  }
  return numbers;
}

Rollup Rollup::Slice(const absl::flat_hash_set<Uuid>& divisions) const {
  Rollup slice(divisions);
  slice.categories_ = categories_;
  slice.category_by_code_ = category_by_code_;
  for (const Uuid& division : divisions) {
    const auto edges = edges_by_division_.find(division);
    if (edges == edges_by_division_.end()) continue;
    for (const int edge : edges->second) {
      const int copied = slice.EdgeOf(edges_[edge].parent, division);
      for (int code = kAll; code < static_cast<int>(categories_.size()); ++code) {
        if (const auto cell = cells_.find(Key(edge, code)); cell != cells_.end())
          slice.cells_.emplace(Key(copied, code), cell->second);
      }
    }
  }
  return slice;
}

std::vector<std::string> Rollup::Categories() const {
  std::vector<std::string> categories = categories_;
  std::sort(categories.begin(), categories.end());
  return categories;
}

std::vector<CellDifference> Rollup::Compare(const Rollup& left, const Rollup& right) {
  using Place = std::tuple<Uuid, std::string, Uuid>;  // division, category, parent
  const auto place_of = [](const Rollup& rollup, const Key& key) {
    const Edge& edge = rollup.edges_[key.first];
    return Place(edge.division, rollup.CodeOf(key), edge.parent);
  };
  std::map<Place, std::pair<const Cell*, const Cell*>> both;
  for (const auto& [key, cell] : left.cells_) both[place_of(left, key)].first = &cell;
  for (const auto& [key, cell] : right.cells_) both[place_of(right, key)].second = &cell;
  static const Cell kEmpty;
  std::vector<CellDifference> differences;
  for (const auto& [place, cells] : both) {
    const auto& [division, category, parent] = place;
    const Cell& a = cells.first == nullptr ? kEmpty : *cells.first;
    const Cell& b = cells.second == nullptr ? kEmpty : *cells.second;
    if (a == b) continue;
    for (int i = 0; i < kCounts; ++i) {
      if (a.counts[i] != b.counts[i])
        differences.push_back({division, category, CountName(i), a.counts[i], b.counts[i]});
    }
    std::map<int64_t, std::pair<int64_t, int64_t>> due;
    a.due.ForEach([&](int64_t us, int64_t n) { due[us].first += n; });
    b.due.ForEach([&](int64_t us, int64_t n) { due[us].second += n; });
    for (const auto& [us, n] : due) {
      if (n.first == n.second) continue;
      const std::string time =
          absl::FormatTime(absl::RFC3339_full, absl::FromUnixMicros(us), absl::UTCTimeZone());
      differences.push_back({division, category, absl::StrCat("due ", time), n.first, n.second});
    }
  }
  return differences;
}

}  // namespace gridwarden::domain
