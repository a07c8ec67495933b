#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "common/connect_client.h"
#include "nlohmann/json.hpp"
#include "sim/city_plan.h"
#include "sim/morning.h"
#include "sim/phone_commands.h"
#include "sim/play.h"
#include "sim/world.h"

// gridsim prepare|play: makes the synthetic part of the demo city and plays its days through the public API.
// gridsim morning, gridsim phone: many phones at once, and one.
namespace gridwarden::sim {
namespace {

constexpr char kHelp[] =
    "gridsim: simulated people for a demo log of Gridwarden\n\n"
    "usage: gridsim prepare --out DIR [OPTIONS]   write boundaries, persons, tenures and sources to import\n"
    "       gridsim play [OPTIONS]                play the days up to now\n"
    "       gridsim morning [OPTIONS]             many phones wake up at once\n"
    "       gridsim phone ACTION [OPTIONS]        one phone: see gridsim phone --help\n\n"
    "options:\n"
    "  --server URL           where the server is (https://127.0.0.1:8443)\n"
    "  --ca FILE              certificate of its local authority; else GRIDWARDEN_CA\n"
    "  --admin-password FILE  file with the administrator's password\n"
    "  --demo-password TEXT   password of every simulated account (river-lamp-77-otter)\n"
    "  --city CODE            code of the city (4117)\n"
    "  --start TIME           first day, RFC 3339 (100 days ago)\n"
    "  --end TIME             play: when the days end (now)\n"
    "  --progress FILE        play: writes down every step here; started again with it, the play goes on "
    "where it was cut off\n"
    "  --finds N              finds to play (2000)\n"
    "  --accounts N           accounts to make at most, 300 or fewer (300)\n"
    "  --sources N            sources of the ledger (3000)\n"
    "  --threads N            people who act at once (8)\n"
    "  --seed N               the same seed plays the same days (1)\n"
    "  --story FILE           play: write the name of the case most worth telling here\n"
    "  --phones-file FILE     morning: a JSON object a line with account, refresh_token, post, division\n"
    "  --phones N             morning: so many of them (all)\n"
    "  --visits N             morning: done by each before it wakes up (3)\n"
    "  --spread-seconds N     morning: within which everybody wakes up (600)\n"
    "  --office LOGIN         morning: who plans the visits\n"
    "  --office-password FILE morning: file with the password\n"
    "  --server-pids LIST     morning: processes whose memory is watched\n"
    "  --acknowledged FILE    morning: write every acknowledged visit here\n"
    "  --json FILE            morning: write all figures here\n\n"
    "Everything is invented but the names and codes of the divisions. The same seed, start and end repeat "
    "the same requests, so a\n"
    "play that was cut off can be started again and doubles nothing.\n"
    "Exit codes: 0 played, 1 something was refused, 2 usage, 3 cut off because the server cannot be "
    "reached.\n";

class Flags {
 public:
  static std::optional<Flags> Read(int argc, char** argv) {
    Flags flags;
    for (int i = 2; i < argc; i += 2) {
      if (i + 1 >= argc || std::string_view(argv[i]).substr(0, 2) != "--") return std::nullopt;
      flags.values_[argv[i]] = argv[i + 1];
    }
    return flags;
  }
  std::string Text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  int Number(const std::string& name, int otherwise) const {
    int value = otherwise;
    if (!absl::SimpleAtoi(Text(name, std::to_string(otherwise)), &value)) return otherwise;
    return value;
  }

 private:
  std::map<std::string, std::string> values_;
};

std::string ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

absl::Status WriteText(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  if (!out.flush()) return absl::InternalError(path + ": cannot be written");
  std::printf("%s\n", path.c_str());
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> TimeOf(const Flags& flags, const std::string& name, absl::Time otherwise) {
  const std::string text = flags.Text(name, "");
  if (text.empty()) return otherwise;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error))
    return absl::InvalidArgumentError(name + ": " + error);
  return time;
}

absl::StatusOr<domain::Policy> ReadPolicy(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json")
      files[entry.path().filename().string()] = ReadText(entry.path().string());
  }
  return domain::ParsePolicy(files);
}

// What both subcommands need: the tree with its rectangles, and who is who.
struct City {
  std::string name;
  std::map<std::string, Ground> grounds;
  Cast cast;
};

absl::StatusOr<City> ReadCity(World& world, const Flags& flags, absl::Time start) {
  City city;
  GW_ASSIGN_OR_RETURN(const auto divisions, world.ReadTree(flags.Text("--city", "4117"), &city.name));
  city.grounds = LayOut(divisions, city.name, world.seed());
  city.cast =
      Appoint(city.grounds, city.name, std::min(300, flags.Number("--accounts", 300)), start, world.seed());
  return city;
}

absl::Status Prepare(World& world, const Flags& flags, absl::Time start) {
  GW_ASSIGN_OR_RETURN(const City city, ReadCity(world, flags, start));
  const std::string out = flags.Text("--out", ".");
  GW_RETURN_IF_ERROR(WriteText(out + "/boundaries.geojson", BoundariesGeoJson(city.grounds)));
  GW_RETURN_IF_ERROR(WriteText(out + "/persons.csv", city.cast.persons_csv));
  GW_RETURN_IF_ERROR(WriteText(out + "/tenures.csv", city.cast.tenures_csv));
  return WriteText(out + "/sources.csv",
                   SourcesCsv(city.grounds, flags.Number("--sources", 3000), world.seed()));
}

std::vector<int> Numbers(const std::string& list) {
  std::vector<int> numbers;
  for (const absl::string_view part : absl::StrSplit(list, ',')) {
    int number = 0;
    if (absl::SimpleAtoi(part, &number)) numbers.push_back(number);
  }
  return numbers;
}

void ShowMorning(const nlohmann::json& figures) {
  std::printf("%d phones: %d finished, %d did not; %d were told to wait and finished\n",
              figures["phones"].get<int>(), figures["finished"].get<int>(), figures["failed"].get<int>(),
              figures["recovered"].get<int>());
  for (const auto& [name, times] : figures["rpcs"].items())
    std::printf("%s: %d calls, p50 %.1f ms, p99 %.1f ms\n", name.c_str(), times["count"].get<int>(),
                times["p50_ms"].get<double>(), times["p99_ms"].get<double>());
  for (const char* what : {"told_to_wait", "errors", "verdicts"}) {
    for (const auto& [name, count] : figures[what].items())
      std::printf("%s: %s %d\n", what, name.c_str(), count.get<int>());
  }
  std::printf("%d visits acknowledged, %d of them are not what their task was done by\n",
              figures["acknowledged"].get<int>(), figures["acknowledged_missing"].get<int>());
  if (figures["memory_peak_mib"].get<double>() > 0)
    std::printf("memory of the server: %.0f MiB at the start, %.0f MiB at the peak\n",
                figures["memory_start_mib"].get<double>(), figures["memory_peak_mib"].get<double>());
}

// Well when every phone finished, and everything acknowledged is there.
absl::Status RunMorning(const Flags& flags) {
  GW_ASSIGN_OR_RETURN(const nlohmann::json figures,
                      PlayMorning({.server = flags.Text("--server", client::kDefaultServer),
                                   .ca_file = flags.Text("--ca", ""),
                                   .phones_file = flags.Text("--phones-file", ""),
                                   .office_login = flags.Text("--office", ""),
                                   .office_password = ReadText(flags.Text("--office-password", "")),
                                   .phones = flags.Number("--phones", 0),
                                   .visits = flags.Number("--visits", 3),
                                   .spread = absl::Seconds(flags.Number("--spread-seconds", 600)),
                                   .threads = flags.Number("--threads", 48),
                                   .server_pids = Numbers(flags.Text("--server-pids", "")),
                                   .acknowledged_file = flags.Text("--acknowledged", ""),
                                   .seed = static_cast<uint64_t>(flags.Number("--seed", 1))}));
  ShowMorning(figures);
  if (const std::string path = flags.Text("--json", ""); !path.empty())
    GW_RETURN_IF_ERROR(WriteText(path, figures.dump(1)));
  if (figures["failed"] != 0 || figures["acknowledged_missing"] != 0)
    return absl::DataLossError("some phones did not finish, or what was acknowledged is not there");
  return absl::OkStatus();
}

void ShowProgress(const char* what, int done, int total, const std::string& more) {
  static int shown = -1;
  const int percent = total == 0 ? 100 : 100 * done / total;
  if (isatty(2) != 0) {
    std::fprintf(stderr, "\r%s %3d%% %s   ", what, percent, more.c_str());
  } else if (percent / 10 != shown) {
    std::fprintf(stderr, "%s %d%% %s\n", what, percent, more.c_str());
  }
  shown = percent / 10;
}

absl::Status MakeAccounts(World& world, const Cast& cast) {
  std::vector<std::string> staff = {cast.city_office, cast.city_leader};
  for (const auto& [county, people] : cast.counties) {
    staff.insert(staff.end(), {people.office, people.leader, people.supervisor});
  }
  for (const LivelyTownship& township : cast.townships) {
    staff.insert(staff.end(),
                 {township.office, township.leader, township.handler, township.patrol, township.supervisor});
  }
  for (size_t i = 0; i < staff.size(); ++i) {
    GW_RETURN_IF_ERROR(world.EnsureAccount(staff[i], cast.names.at(staff[i])));
    ShowProgress("accounts", static_cast<int>(i + 1), static_cast<int>(staff.size()), "");
  }
  if (isatty(2) != 0) std::fputc('\n', stderr);
  return absl::OkStatus();
}

// Whoever patrols the first lively township and its villages, for the rounds of its plan.
absl::Status MakeAccountsOfRounds(World& world, const City& city) {
  const std::string& township = city.cast.townships.front().township;
  std::vector<std::string> divisions = city.grounds.at(township).children;
  divisions.push_back(township);
  for (const std::string& division : divisions) {
    for (const grid::v1::Post::Kind kind : {grid::v1::Post::PATROL_OFFICER, grid::v1::Post::GRID_OFFICER}) {
      const std::string holder = world.PostAt(division, kind).holder;
      const auto name = city.cast.names.find(holder);
      if (name != city.cast.names.end()) GW_RETURN_IF_ERROR(world.EnsureAccount(holder, name->second));
    }
  }
  return absl::OkStatus();
}

absl::Status RunPlay(World& world, const Flags& flags, absl::Time start) {
  GW_ASSIGN_OR_RETURN(const domain::Policy policy, ReadPolicy(flags.Text("--policy", "db/policy")));
  GW_ASSIGN_OR_RETURN(const City city, ReadCity(world, flags, start));
  GW_RETURN_IF_ERROR(world.ReadPosts(city.name));
  GW_RETURN_IF_ERROR(MakeAccounts(world, city.cast));
  GW_RETURN_IF_ERROR(MakeAccountsOfRounds(world, city));
  GW_ASSIGN_OR_RETURN(const absl::Time end, TimeOf(flags, "--end", absl::Now()));
  const PlayOptions options{.start = start,
                            .end = end,
                            .finds = flags.Number("--finds", 2000),
                            .threads = flags.Number("--threads", 8)};
  const std::string play = absl::StrFormat("seed %d, %s to %s, %d finds", world.seed(),
                                           absl::FormatTime(start, absl::UTCTimeZone()),
                                           absl::FormatTime(end, absl::UTCTimeZone()), options.finds);
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<Diary> diary,
                      Diary::Open(flags.Text("--progress", ""), play, city.cast));
  const PlayResult result =
      Play(world, policy, city.grounds, city.cast, options, *diary, [](int done, int total, absl::Time now) {
        ShowProgress("playing", done, total,
                     absl::FormatTime("%Y-%m-%d %H:%M", now, absl::FixedTimeZone(8 * 3600)));
      });
  if (isatty(2) != 0) std::fputc('\n', stderr);
  if (!result.cut_off.ok()) return result.cut_off;
  std::printf(
      "played %d signals, %d cases, %d closed, %d reworks, %d returns, %d rebounds, %d rejected, %d handled "
      "late, %d rounds by plan\n",
      result.signals, result.cases, result.closed, result.reworks, result.returns, result.rebounds,
      result.rejected, result.late, result.rounds);
  for (const std::string& refusal : result.first_refusals)
    std::fprintf(stderr, "refused: %s\n", refusal.c_str());
  if (const std::string path = flags.Text("--story", ""); !path.empty()) {
    GW_RETURN_IF_ERROR(WriteText(path, result.story_case));
  }
  if (result.calls_refused > 0) {
    return absl::FailedPreconditionError(absl::StrFormat("%d steps were refused", result.calls_refused));
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  const std::optional<Flags> flags = Flags::Read(argc, argv);
  if (command == "--help" || command == "help") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  if (command == "phone") return RunPhoneCommand(argc, argv);
  if ((command != "prepare" && command != "play" && command != "morning") || !flags) {
    std::fputs(kHelp, stderr);
    return 2;
  }
  if (command == "morning") {
    const absl::Status played = RunMorning(*flags);
    if (!played.ok()) std::fprintf(stderr, "gridsim: %s\n", played.ToString().c_str());
    return played.ok() ? 0 : 1;
  }
  World world({.server = flags->Text("--server", client::kDefaultServer),
               .ca_file = flags->Text("--ca", ""),
               .admin_password = ReadText(flags->Text("--admin-password", "")),
               .demo_password = flags->Text("--demo-password", "river-lamp-77-otter"),
               .seed = static_cast<uint64_t>(flags->Number("--seed", 1))});
  const absl::StatusOr<absl::Time> start = TimeOf(*flags, "--start", absl::Now() - absl::Hours(24 * 100));
  absl::Status status = start.status();
  if (status.ok())
    status = command == "prepare" ? Prepare(world, *flags, *start) : RunPlay(world, *flags, *start);
  if (status.ok()) return 0;
  std::fprintf(stderr, "gridsim: %s\n", std::string(status.message()).c_str());
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsResourceExhausted(status)
             ? 3
             : 1;
}

}  // namespace
}  // namespace gridwarden::sim

int main(int argc, char** argv) { return gridwarden::sim::Main(argc, argv); }
