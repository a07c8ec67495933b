#include "sim/play.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <queue>
#include <set>
#include <thread>

#include "absl/strings/str_format.h"
#include "gridwarden/intake/v1/intake_service.pb.h"
#include "sim/find.h"
#include "sim/rounds.h"

namespace gridwarden::sim {
namespace {

constexpr absl::Duration kWindow = absl::Hours(1);

struct Kind {
  const char* category;
  double share;
};
constexpr Kind kKinds[] = {{"BUILDING_SITE", 0.2},  {"SMALL_POLLUTER", 0.14}, {"RESTAURANT", 0.1},
                           {"ROAD", 0.1},           {"WASTE_BURNING", 0.1},   {"LOOSE_COAL_SALES", 0.08},
                           {"COAL_BOILER", 0.06},   {"BARE_LAND", 0.06},      {"OPEN_AIR_BBQ", 0.06},
                           {"STRAW_BURNING", 0.05}, {"INDUSTRIAL_YARD", 0.05}};

struct Scheduled {
  absl::Time at;
  size_t find;
  Step step;
  bool operator<(const Scheduled& other) const { return std::tie(other.at, other.find) < std::tie(at, find); }
};

class Stage {
 public:
  Stage(World& world, const domain::Policy& policy, const std::map<std::string, Ground>& grounds,
        const Cast& cast, const PlayOptions& options, Diary& diary)
      : world_(world),
        actor_(world, policy, grounds, cast),
        grounds_(grounds),
        cast_(cast),
        options_(options),
        diary_(diary),
        rounds_({.call =
                     [&world](const std::string& who, absl::Time now, std::string_view method,
                              const google::protobuf::Message& request) {
                       return world.CallBytes(who, now, method, request.SerializeAsString());
                     },
                 .id_of = [&world](std::string_view words) { return world.IdOf(words); },
                 .holder_of =
                     [&world](const std::string& post) {
                       const std::string holder = world.HolderOf(post);
                       return world.HasAccount(holder) ? holder : std::string();
                     }},
                cast.townships.front().township, cast.townships.front().office) {}

  PlayResult Run(const std::function<void(int, int, absl::Time)>& progress) {
    Plan();
    GoOn();
    absl::Time next_day = options_.start + absl::Hours(7);  // 15:00 in China
    const int total = static_cast<int>(absl::ToInt64Hours(options_.end - options_.start));
    for (absl::Time now = options_.start; now < options_.end && result_.cut_off.ok(); now += kWindow) {
      if (now >= next_day) {
        if (next_day > diary_.last_day()) {
          Overpass(next_day);
          if (result_.cut_off.ok()) GoRound(next_day);
        }
        next_day += absl::Hours(24);
      }
      PlayWindow(now + kWindow);
      progress(static_cast<int>(absl::ToInt64Hours(now - options_.start)), total, now);
    }
    Summarise();
    return result_;
  }

 private:
  // Draws every find with its time, place and kind.
  void Plan() {
    for (int number = 1; number <= options_.finds; ++number) {
      Random random(world_.seed(), absl::StrFormat("plan %d", number));
      finds_.push_back(NewFind(number, random.Pick(cast_.townships), random));
      double dice = random.Unit();
      for (const Kind& kind : kKinds) {
        finds_.back().category = kind.category;
        if ((dice -= kind.share) < 0) break;
      }
      // By day, and finds are spread evenly over the days.
      const absl::Duration span = options_.end - options_.start;
      absl::Time at = options_.start + span * random.Unit();
      at = absl::FromUnixSeconds(absl::ToUnixSeconds(at) / 86400 * 86400) +
           absl::Minutes(random.Between(15, 9 * 60));
      at = std::max(at, options_.start + absl::Hours(3));
      const double way = random.Unit();
      pending_[finds_.size() - 1] = NextStep{way < 0.45  ? Step::kPatrol
                                             : way < 0.8 ? Step::kReport
                                                         : Step::kReportOutside,
                                             at};
    }
  }

  // Takes up what an earlier run of the same play has done.
  void GoOn() {
    for (const DiaryLine& line : diary_.lines()) {
      if (line.index >= finds_.size()) finds_.resize(line.index + 1);
      finds_[line.index] = line.find;
      pending_[line.index] = line.next;
      if (!line.did) satellite_.insert(line.find.signal);
      if (line.did == Step::kReturn && line.next) ++result_.returns;
      if (!line.refused.empty()) CountRefused(line.refused);
    }
    for (const auto& [index, next] : pending_) {
      if (next) queue_.push({next->at, index, next->step});
    }
  }

  Find NewFind(int number, const LivelyTownship& place, Random& random) {
    Find find;
    find.number = number;
    find.place = &place;
    const std::vector<std::string>& villages = grounds_.at(place.township).children;
    find.village = villages.empty() ? place.township : random.Pick(villages);
    return find;
  }

  // The satellite passes; its file is imported, and the city's office hands the new signals to the townships.
  void Overpass(absl::Time now) {
    std::vector<std::string> townships;
    for (const LivelyTownship& lively : cast_.townships) townships.push_back(lively.township);
    intake::v1::ImportHotspotsRequest import;
    const std::string day = absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone());
    import.set_request_id(world_.IdOf("hotspots " + day));
    import.set_file_name("demo_viirs_" + day + ".csv");
    import.set_datum(type::v1::Position::WGS84);
    import.set_content(HotspotsCsv(grounds_, townships, now, options_.hotspots_a_day, world_.seed()));
    const auto answer = world_.Call<intake::v1::ImportHotspotsResponse>(
        "admin", now, "gridwarden.intake.v1.IntakeService/ImportHotspots", import);
    if (!answer.ok()) return Refused("ImportHotspots", answer.status());
    std::vector<DiaryLine> lines;
    CollectSatelliteSignals(now, answer->located(), lines);
    if (result_.cut_off.ok()) diary_.WriteDay(now, lines);
  }

  // The first township's people make the rounds that its plan gives them.
  void GoRound(absl::Time now) {
    if (const absl::Status status = rounds_.Day(now); !status.ok()) Refused("the rounds", status);
  }

  void CollectSatelliteSignals(absl::Time now, int expected, std::vector<DiaryLine>& lines) {
    for (int attempt = 0, seen = 0; attempt < 100 && seen < expected; ++attempt) {
      casework::v1::ListSignalsRequest list;
      list.add_states(casework::v1::Signal::NEW);
      list.set_category("STRAW_BURNING");
      list.set_page_size(100);
      const auto page = world_.Call<casework::v1::ListSignalsResponse>(
          cast_.city_office, now, "gridwarden.casework.v1.CaseworkService/ListSignals", list);
      if (!page.ok()) return Refused("ListSignals", page.status());
      for (const casework::v1::Signal& signal : page->signals()) {
        if (signal.channel() != casework::v1::Signal::SATELLITE || !satellite_.insert(signal.name()).second)
          continue;
        ++seen;
        AddSatelliteFind(signal, now, lines);
      }
      if (seen < expected) absl::SleepFor(absl::Milliseconds(10));
    }
  }

  void AddSatelliteFind(const casework::v1::Signal& signal, absl::Time now, std::vector<DiaryLine>& lines) {
    std::string at = signal.division();
    while (grounds_.contains(at)) {
      for (const LivelyTownship& lively : cast_.townships) {
        if (lively.township != at) continue;
        Random random(world_.seed(), signal.channel_key());
        finds_.push_back(NewFind(100000 + static_cast<int>(finds_.size()), lively, random));
        finds_.back().signal = signal.name();
        finds_.back().village = signal.division();
        finds_.back().category = "STRAW_BURNING";
        const NextStep next{Step::kSendCheck, now + absl::Minutes(random.Between(2, 20))};
        queue_.push({next.at, finds_.size() - 1, next.step});
        lines.push_back({.index = finds_.size() - 1, .find = finds_.back(), .next = next});
        return;
      }
      at = grounds_.at(at).parent;
    }
  }

  // Plays everything before `until`: different finds side by side, each find's own steps in order.
  void PlayWindow(absl::Time until) {
    while (!queue_.empty() && queue_.top().at < std::min(until, options_.end) && result_.cut_off.ok()) {
      std::vector<Scheduled> batch;
      std::set<size_t> busy;
      while (!queue_.empty() && queue_.top().at < std::min(until, options_.end) &&
             !busy.contains(queue_.top().find)) {
        busy.insert(queue_.top().find);
        batch.push_back(queue_.top());
        queue_.pop();
      }
      std::atomic<size_t> next{0};
      std::mutex mutex;  // guards queue_ and result_ while the threads run
      std::vector<std::thread> threads;
      const size_t count = std::min<size_t>(options_.threads, batch.size());
      for (size_t t = 0; t < count; ++t) {
        threads.emplace_back([&] {
          for (size_t i = next++; i < batch.size(); i = next++) {
            const Scheduled& turn = batch[i];
            Find& find = finds_[turn.find];
            auto then = actor_.Do(find, turn.step, turn.at);
            std::lock_guard lock(mutex);
            // A step the server never answered is not done: the next run does it.
            if (IsCutOff(then.status())) {
              result_.cut_off = then.status();
              break;
            }
            DiaryLine line{.index = turn.find, .find = find, .did = turn.step};
            if (!then.ok()) {
              line.refused = Refusal(absl::StrFormat("find %d step %d (%s)", find.number,
                                                     static_cast<int>(turn.step), find.category),
                                     then.status());
              CountRefused(line.refused);
            } else if (then->has_value()) {
              line.next = NextStep{(*then)->step, std::max((*then)->at, turn.at + absl::Seconds(30))};
              queue_.push({line.next->at, turn.find, line.next->step});
              if (turn.step == Step::kReturn) ++result_.returns;
            }
            diary_.Write(line);
            if (!result_.cut_off.ok()) break;
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
    }
  }

  static bool IsCutOff(const absl::Status& status) {
    return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
           absl::IsResourceExhausted(status);
  }

  static std::string Refusal(const std::string& what, const absl::Status& status) {
    return absl::StrFormat("%s: %s", what, status.ToString(absl::StatusToStringMode::kWithNoExtraData));
  }

  void CountRefused(const std::string& refusal) {
    ++result_.calls_refused;
    if (result_.first_refusals.size() < 10) result_.first_refusals.push_back(refusal);
  }

  void Refused(const std::string& what, const absl::Status& status) {
    if (IsCutOff(status)) {
      result_.cut_off = status;
    } else {
      CountRefused(Refusal(what, status));
    }
  }

  void Summarise() {
    result_.rounds = rounds_.seen();
    int best = -1;
    for (const Find& find : finds_) {
      if (!find.signal.empty()) ++result_.signals;
      if (find.rejected) ++result_.rejected;
      if (find.late) ++result_.late;
      if (find.file.name().empty()) continue;
      result_.cases += 1 + find.rebound_of;
      result_.reworks += find.file.rework_count();
      result_.rebounds += find.rebound_of;
      const bool closed = find.file.has_close_time();
      // A rebound's first case was closed before.
      result_.closed += find.rebound_of + (closed ? 1 : 0);
      // The story: a rebound, a rework, closed in the end.
      const int score = 4 * find.rebound_of + 2 * std::min(1, find.file.rework_count()) + (closed ? 1 : 0) +
                        (find.category == "SMALL_POLLUTER" ? 1 : 0);
      if (score > best) {
        best = score;
        result_.story_case = find.file.chain().empty() ? find.file.name() : find.file.chain();
      }
    }
  }

  World& world_;
  Actor actor_;
  const std::map<std::string, Ground>& grounds_;
  const Cast& cast_;
  PlayOptions options_;
  Diary& diary_;
  Rounds rounds_;
  std::map<size_t, std::optional<NextStep>> pending_;  // what each find does next, before the first window
  std::deque<Find> finds_;
  std::priority_queue<Scheduled> queue_;
  std::set<std::string> satellite_;
  PlayResult result_;
};

}  // namespace

PlayResult Play(World& world, const domain::Policy& policy, const std::map<std::string, Ground>& grounds,
                const Cast& cast, const PlayOptions& options, Diary& diary,
                const std::function<void(int, int, absl::Time)>& progress) {
  Stage stage(world, policy, grounds, cast, options, diary);
  return stage.Run(progress);
}

}  // namespace gridwarden::sim
