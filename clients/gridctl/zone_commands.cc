#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/source/v1/zone_service.pb.h"

// Zones: no-burn zones and the like, as polygons or lists of divisions.
namespace gridwarden::gridctl {
namespace {

namespace v1 = gridwarden::source::v1;

std::string Method(const char* name) { return std::string("gridwarden.source.v1.ZoneService/") + name; }

absl::StatusOr<v1::Zone::Kind> ReadKind(const std::string& word) {
  v1::Zone::Kind kind;
  if (v1::Zone::Kind_Parse(absl::AsciiStrToUpper(word), &kind)) return kind;
  return absl::InvalidArgumentError(absl::StrFormat(
      "got \"%s\", want no_burn, dual_substitution, straw_ban, fireworks_ban or non_road_ban", word));
}

absl::Status BadFile(const std::string& file, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", file, what));
}

// The rings of a GeoJSON Polygon or MultiPolygon (RFC 7946: WGS-84, longitude first), bare or in a Feature.
absl::Status ReadRings(const std::string& file, v1::Zone* zone) {
  std::ifstream in(file);
  if (!in) return BadFile(file, "cannot be read");
  const nlohmann::json document =
      nlohmann::json::parse(std::string(std::istreambuf_iterator<char>(in), {}), nullptr, false);
  if (document.is_discarded() || !document.is_object())
    return BadFile(file, "got no JSON object, want GeoJSON");
  const nlohmann::json& shape = document.contains("geometry") ? document["geometry"] : document;
  const std::string type = shape.value("type", "");
  nlohmann::json polygons = nlohmann::json::array();
  if (type == "Polygon") polygons.push_back(shape.value("coordinates", nlohmann::json::array()));
  if (type == "MultiPolygon") polygons = shape.value("coordinates", nlohmann::json::array());
  if (polygons.empty()) return BadFile(file, "got type \"" + type + "\", want Polygon or MultiPolygon");
  for (const auto& polygon : polygons) {
    for (const auto& line : polygon) {
      v1::Zone::Ring& ring = *zone->add_rings();
      for (const auto& corner : line) {
        if (!corner.is_array() || corner.size() < 2 || !corner[0].is_number() || !corner[1].is_number())
          return BadFile(file, "got a corner that is no [longitude, latitude]");
        type::v1::Position& position = *ring.add_corners();
        position.set_longitude(corner[0].get<double>());
        position.set_latitude(corner[1].get<double>());
        position.set_datum(type::v1::Position::WGS84);
      }
    }
  }
  return absl::OkStatus();
}

void Print(Invocation& run, const google::protobuf::RepeatedPtrField<v1::Zone>& zones) {
  Table table = MakeTable(run, {"KIND", "TITLE", "SINCE", "UNTIL", "DOCUMENT", "ZONE"});
  for (const v1::Zone& zone : zones) {
    table.Add({Word(run, zone.kind()), zone.title(), zone.valid_from_date(),
               zone.valid_to_date().empty() ? "-" : zone.valid_to_date(), zone.document_no(), zone.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status PrintOne(Invocation& run, const absl::StatusOr<v1::Zone>& answer) {
  if (!answer.ok()) return answer.status();
  if (run.json) {
    PrintJson(*answer);
    return absl::OkStatus();
  }
  google::protobuf::RepeatedPtrField<v1::Zone> one;
  *one.Add() = *answer;
  Print(run, one);
  return absl::OkStatus();
}

absl::Status Create(Invocation& run) {
  v1::CreateZoneRequest request;
  request.set_request_id(NewRequestId());
  v1::Zone& zone = *request.mutable_zone();
  GW_ASSIGN_OR_RETURN(const auto kind, ReadKind(run.positionals[0]));
  zone.set_kind(kind);
  zone.set_title(run.positionals[1]);
  for (const std::string& division : run.All("--division")) zone.add_divisions(division);
  if (const std::string file = run.Get("--polygon"); !file.empty())
    GW_RETURN_IF_ERROR(ReadRings(file, &zone));
  zone.set_valid_from_date(run.Get("--from"));
  zone.set_valid_to_date(run.Get("--to"));
  zone.set_document_no(run.Get("--document"));
  return PrintOne(run, run.session().Call<v1::Zone>(Method("CreateZone"), request));
}

absl::Status End(Invocation& run) {
  v1::EndZoneRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("zones", run.positionals[0]));
  request.set_valid_to_date(run.Get("--to"));
  request.set_document_no(run.Get("--document"));
  request.set_etag(run.Get("--etag"));
  return PrintOne(run, run.session().Call<v1::Zone>(Method("EndZone"), request));
}

absl::Status List(Invocation& run) {
  v1::ListZonesRequest request;
  for (const std::string& word : run.All("--kind")) {
    GW_ASSIGN_OR_RETURN(const auto kind, ReadKind(word));
    request.add_kinds(kind);
  }
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page,
                      run.session().Call<v1::ListZonesResponse>(Method("ListZones"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Print(run, page.zones());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Find(Invocation& run) {
  v1::FindZonesRequest request;
  request.set_division(run.Get("--division"));
  if (!run.Get("--position").empty()) GW_RETURN_IF_ERROR(ReadPosition(run, request.mutable_position()));
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--at", absl::Now()));
  *request.mutable_at_time() = ToProto(at);
  GW_ASSIGN_OR_RETURN(const auto answer,
                      run.session().Call<v1::FindZonesResponse>(Method("FindZones"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  Print(run, answer.zones());
  return absl::OkStatus();
}

}  // namespace

void AddZoneCommands(std::vector<Command>& commands) {
  const Option document = {"--document", "NO", "number of the document"};
  commands.push_back(
      {.words = "zone create",
       .arguments = "KIND TITLE",
       .summary = "declares a zone 禁燃区等, by a polygon, a list of divisions, or both",
       .options = {{"--division", "DIVISION", "it and all below", true},
                   {"--polygon", "FILE", "GeoJSON Polygon or MultiPolygon"},
                   {"--from", "DATE", "first day it holds"},
                   {"--to", "DATE", "first day it no longer holds; open by default"},
                   document},
       .examples = {"gridctl zone create no_burn 城区禁燃区 --division 411728 --from 2026-11-01 "
                    "--document 遂政通〔2026〕3号"},
       .run = Create});
  commands.push_back({.words = "zone end",
                      .arguments = "ZONE",
                      .summary = "ends a zone by a document",
                      .options = {{"--to", "DATE", "first day it no longer holds"}, document, EtagOption()},
                      .examples = {"gridctl zone end 0190... --to 2027-04-01 --document 遂政通〔2027〕1号"},
                      .run = End});
  commands.push_back(
      {.words = "zone list",
       .summary = "lists zones, newest first",
       .options = {{"--kind", "KIND", "only this kind", true}, {"--page", "TOKEN", "go on after a page"}},
       .examples = {"gridctl zone list --kind no_burn"},
       .run = List});
  commands.push_back({.words = "zone find",
                      .summary = "tells which zones hold at a place and a time",
                      .options = {{"--division", "DIVISION", "looks at lists"},
                                  PositionOption(),
                                  {"--at", "TIME", "now by default"}},
                      .examples = {"gridctl zone find --position 114.02,33.01 --division 411728"},
                      .run = Find});
}

}  // namespace gridwarden::gridctl
