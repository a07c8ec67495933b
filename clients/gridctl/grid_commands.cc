#include <cstdio>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

// gridctl responsible, division, post, person.
namespace gridwarden::gridctl {
namespace {

namespace v1 = grid::v1;
constexpr std::string_view kService = "gridwarden.grid.v1.GridService/";

std::string Method(std::string_view name) { return std::string(kService) + std::string(name); }

// "113.98,32.99" is a point; anything else is a division.
std::optional<std::pair<double, double>> ParsePoint(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  double lon = 0, lat = 0;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &lon) || !absl::SimpleAtod(parts[1], &lat))
    return std::nullopt;
  return std::pair(lon, lat);
}

absl::Status Responsible(Invocation& run) {
  v1::ResolveResponsibleRequest request;
  if (const auto point = ParsePoint(run.positionals[0])) {
    request.mutable_position()->set_longitude(point->first);
    request.mutable_position()->set_latitude(point->second);
    request.mutable_position()->set_datum(type::v1::Position::WGS84);
  } else {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  }
  request.set_category(run.Get("--category"));
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--at", absl::Now()));
  *request.mutable_event_time() = ToProto(at);
  if (run.Has("--known-at")) {
    GW_ASSIGN_OR_RETURN(const absl::Time known, run.GetTime("--known-at", absl::Now()));
    *request.mutable_known_at() = ToProto(known);
  }
  GW_ASSIGN_OR_RETURN(
      const v1::ResolveResponsibleResponse answer,
      run.session().Call<v1::ResolveResponsibleResponse>(Method("ResolveResponsible"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  std::printf(run.chinese ? "%s  %s\n" : "%s at %s\n", answer.division().path().c_str(),
              LocalTime(at).c_str());
  Table table =
      MakeTable(run, {"LEVEL", "DIVISION", "POST", "REGIME", "RESPONSIBILITY", "HOLDER", "HOW", "DOCUMENT"});
  for (const v1::ResponsibleLink& link : answer.chain()) {
    table.Add({Word(run, link.level()), link.division_display_name(), Word(run, link.post_kind()),
               Word(run, link.regime()), Word(run, link.responsibility()),
               link.vacant() ? Vacant(run) : link.person_display_name(),
               link.vacant() ? "-" : Word(run, link.tenure_kind()),
               link.document_no().empty() ? "-" : link.document_no()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  for (const std::string& gap : answer.gaps())
    std::printf("%s %s\n", Say(run, "missing:", "缺设：").c_str(), gap.c_str());
  return absl::OkStatus();
}

// "polygon" in the chosen language.
std::string BasisWord(const Invocation& run, const std::string& basis) {
  if (basis == "polygon") return Say(run, "inside the boundary", "界内");
  if (basis == "near_border") return Say(run, "near the border", "近界");
  if (basis == "nearest_point") return Say(run, "nearest known point (an estimate)", "最近已知点（推定）");
  return basis;
}

absl::Status LocateCommand(Invocation& run) {
  const auto point = ParsePoint(run.positionals[0]);
  if (!point) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want LON,LAT such as 113.98,32.99", run.positionals[0]));
  }
  v1::LocatePointRequest request;
  type::v1::Position& position = *request.mutable_position();
  position.set_longitude(point->first);
  position.set_latitude(point->second);
  const std::string datum = run.Get("--datum", "WGS84");
  type::v1::Position::Datum declared = type::v1::Position::DATUM_UNSPECIFIED;
  if (!type::v1::Position::Datum_Parse(datum, &declared)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--datum: got \"%s\", want WGS84, CGCS2000, GCJ02 or BD09", datum));
  }
  position.set_datum(declared);
  double accuracy = 0;
  if (run.Has("--accuracy") && !absl::SimpleAtod(run.Get("--accuracy"), &accuracy)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--accuracy: got \"%s\", want metres", run.Get("--accuracy")));
  }
  position.set_accuracy_m(accuracy);
  if (run.Has("--at")) {
    GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--at", absl::Now()));
    *request.mutable_event_time() = ToProto(at);
  }
  GW_ASSIGN_OR_RETURN(const v1::LocatePointResponse answer,
                      run.session().Call<v1::LocatePointResponse>(Method("LocatePoint"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  if (answer.candidates().empty()) {
    std::printf("%s\n", Say(run, "outside every boundary", "不在任何边界内").c_str());
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"LEVEL", "DIVISION", "SHARE", "HOW", "METRES"});
  for (const auto& candidate : answer.candidates()) {
    table.Add({Word(run, candidate.level()), candidate.display_name(),
               absl::StrFormat("%.1f %%", candidate.confidence() * 100), BasisWord(run, candidate.basis()),
               candidate.basis() == "polygon" ? "-" : absl::StrFormat("%.0f", candidate.distance_m())});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

// What a phone draws, in figures; --json gives the outlines themselves.
absl::Status DivisionMap(Invocation& run) {
  v1::GetGridMapRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::GridMap map, run.session().Call<v1::GridMap>(Method("GetGridMap"), request));
  if (run.json) {
    PrintJson(map);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"LEVEL", "DIVISION", "RINGS", "POINTS", "CENTRE"});
  for (const v1::GridMap::Outline& outline : map.outlines()) {
    int points = 0;
    for (const v1::GridMap::Ring& ring : outline.rings()) points += ring.deltas_size() / 2;
    v1::Division::Level level = v1::Division::LEVEL_UNSPECIFIED;
    v1::Division::Level_Parse(outline.level(), &level);
    const bool known = outline.longitude_e5() != 0 || outline.latitude_e5() != 0;
    table.Add({Word(run, level), outline.name(), std::to_string(outline.rings_size()), std::to_string(points),
               known ? absl::StrFormat("%.5f,%.5f", outline.longitude_e5() / 1e5, outline.latitude_e5() / 1e5)
                     : "-"});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status DivisionList(Invocation& run) {
  v1::ListDivisionsRequest request;
  if (!run.positionals.empty()) {
    GW_ASSIGN_OR_RETURN(*request.mutable_parent(), run.session().DivisionName(run.positionals[0]));
  }
  request.set_page_size(500);
  v1::ListDivisionsResponse all;
  do {
    GW_ASSIGN_OR_RETURN(const v1::ListDivisionsResponse page,
                        run.session().Call<v1::ListDivisionsResponse>(Method("ListDivisions"), request));
    all.mutable_divisions()->MergeFrom(page.divisions());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (run.json) {
    PrintJson(all);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"CODE", "NAME", "LEVEL", "NOTE", "DIVISION"});
  for (const v1::Division& division : all.divisions()) {
    table.Add({division.codes().empty() ? "-" : division.codes().rbegin()->code(), division.display_name(),
               Word(run, division.level()),
               division.statistical() ? Say(run, "statistical", "统计用区划") : "", division.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status PostList(Invocation& run) {
  v1::ListPostsRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_parent(), run.session().DivisionName(run.positionals[0]));
  request.set_recursive(run.Has("--recursive"));
  request.set_page_size(500);
  v1::ListPostsResponse all;
  do {
    GW_ASSIGN_OR_RETURN(const v1::ListPostsResponse page,
                        run.session().Call<v1::ListPostsResponse>(Method("ListPosts"), request));
    all.mutable_posts()->MergeFrom(page.posts());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (run.json) {
    PrintJson(all);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"KIND", "REGIME", "NO", "HOLDER", "HOW", "DOCUMENT", "POST"});
  for (const v1::PostWithHolder& row : all.posts()) {
    const bool vacant = !row.has_tenure();
    table.Add({Word(run, row.post().kind()), Word(run, row.post().regime()),
               std::to_string(row.post().ordinal()), vacant ? Vacant(run) : row.person_display_name(),
               vacant ? "-" : Word(run, row.tenure().kind()), row.tenure().document_no(), row.post().name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status PersonList(Invocation& run) {
  v1::ListPersonsRequest request;
  request.set_filter(run.Get("--filter"));
  request.set_page_size(500);
  v1::ListPersonsResponse all;
  do {
    GW_ASSIGN_OR_RETURN(const v1::ListPersonsResponse page,
                        run.session().Call<v1::ListPersonsResponse>(Method("ListPersons"), request));
    all.mutable_persons()->MergeFrom(page.persons());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (run.json) {
    PrintJson(all);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"STAFF NO", "NAME", "PHONE", "PERSON"});
  for (const v1::Person& person : all.persons()) {
    table.Add({person.staff_no(), person.display_name(), person.phone(), person.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

void AddGridCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "responsible",
       .arguments = "DIVISION|LON,LAT",
       .summary = "answers who was responsible there, then: the whole chain, vacancies marked",
       .options = {{"--category", "CODE", "category of the source; picks the regime"},
                   {"--at", "TIME", "when it happened; default now"},
                   {"--known-at", "TIME", "as known at this time; default now"}},
       .examples = {"gridctl responsible 411702001 --category SMALL_POLLUTER --at 2026-09-01",
                    "gridctl responsible 113.98,32.99 --at \"2026-09-01 14:30\" --known-at 2026-09-02"},
       .run = Responsible});
  commands.push_back(
      {.words = "locate",
       .arguments = "LON,LAT",
       .summary =
           "whose ground a point is: every candidate with its share, how it was found and how far it is",
       .options = {{"--accuracy", "METRES", "radius that holds the true point with 68 %; default not stated"},
                   {"--at", "TIME", "the ground as it was then; default now"},
                   {"--datum", "WGS84|CGCS2000|GCJ02|BD09", "default WGS84"}},
       .examples = {"gridctl locate 113.98,33.15 --accuracy 20",
                    "gridctl locate 113.98,33.15 --at 2021-06-01"},
       .run = LocateCommand});
  commands.push_back({.words = "division list",
                      .arguments = "[DIVISION]",
                      .summary = "lists the divisions directly below one, or the top",
                      .examples = {"gridctl division list 4117"},
                      .run = DivisionList});
  commands.push_back({.words = "division map",
                      .arguments = "DIVISION",
                      .summary = "shows what a phone draws of it and of two levels below",
                      .examples = {"gridctl division map 411728001", "gridctl division map 411728 --json"},
                      .run = DivisionMap});
  commands.push_back({.words = "post list",
                      .arguments = "DIVISION",
                      .summary = "lists posts and who holds them",
                      .options = {{"--recursive", "", "all below it as well"}},
                      .examples = {"gridctl post list 411702001"},
                      .run = PostList});
  commands.push_back({.words = "person list",
                      .summary = "lists persons in your scope",
                      .options = {{"--filter", "TEXT", "only names or staff numbers beginning so"}},
                      .examples = {"gridctl person list --filter 王"},
                      .run = PersonList});
}

}  // namespace gridwarden::gridctl
