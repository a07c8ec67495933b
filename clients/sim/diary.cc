#include "sim/diary.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "absl/strings/escaping.h"
#include "nlohmann/json.hpp"

namespace gridwarden::sim {
namespace {

nlohmann::json ToJson(const Find& find) {
  return {{"number", find.number},   {"place", find.place->township},
          {"village", find.village}, {"category", find.category},
          {"signal", find.signal},   {"file", absl::Base64Escape(find.file.SerializeAsString())},
          {"late", find.late},       {"rejected", find.rejected},
          {"checks", find.checks},   {"refusals", find.refusals},
          {"photos", find.photos},   {"rebound_of", find.rebound_of}};
}

std::optional<Find> FindOf(const nlohmann::json& json, const Cast& cast) {
  Find find;
  const std::string place = json.at("place").get<std::string>();
  const auto found = std::find_if(cast.townships.begin(), cast.townships.end(),
                                  [&](const LivelyTownship& township) { return township.township == place; });
  std::string file;
  if (found == cast.townships.end() || !absl::Base64Unescape(json.at("file").get<std::string>(), &file) ||
      !find.file.ParseFromString(file)) {
    return std::nullopt;
  }
  find.place = &*found;
  find.number = json.at("number");
  find.village = json.at("village");
  find.category = json.at("category");
  find.signal = json.at("signal");
  find.late = json.at("late");
  find.rejected = json.at("rejected");
  find.checks = json.at("checks");
  find.refusals = json.at("refusals");
  find.photos = json.at("photos");
  find.rebound_of = json.at("rebound_of");
  return find;
}

std::string ToText(const DiaryLine& line) {
  nlohmann::json json = {{"index", line.index}, {"find", ToJson(line.find)}, {"refused", line.refused}};
  if (line.did) json["did"] = static_cast<int>(*line.did);
  if (line.next) {
    json["next"] = static_cast<int>(line.next->step);
    json["at"] = absl::ToUnixMicros(line.next->at);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

absl::Status Unreadable() {
  return absl::FailedPreconditionError("the file given by --progress is not one that gridsim wrote");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Diary>> Diary::Open(const std::string& path, const std::string& play,
                                                   const Cast& cast) {
  std::unique_ptr<Diary> diary(new Diary);
  if (path.empty()) return diary;
  std::string text;
  {
    std::ifstream in(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
  const absl::Status read = diary->Read(text, play, cast);
  if (!read.ok()) return read;
  diary->file_ = open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  if (diary->file_ < 0 || ftruncate(diary->file_, static_cast<off_t>(text.size())) != 0) {
    return absl::FailedPreconditionError(path + ": cannot be written");
  }
  if (text.empty()) diary->Append(nlohmann::json{{"play", play}}.dump() + "\n");
  return diary;
}

Diary::~Diary() {
  if (file_ >= 0) close(file_);
}

absl::Status Diary::Read(const std::string& text, const std::string& play, const Cast& cast) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    const nlohmann::json json = nlohmann::json::parse(text.substr(begin, end - begin), nullptr, false);
    const bool first = begin == 0;
    begin = end + 1;
    if (!json.is_object() || first != json.contains("play")) return Unreadable();
    if (first) {
      if (json.at("play") != play) {
        return absl::FailedPreconditionError(
            "the file given by --progress is of another play (other days, finds or seed)");
      }
    } else if (json.contains("day")) {
      last_day_ = absl::FromUnixMicros(json.at("day").get<int64_t>());
    } else {
      DiaryLine line;
      const std::optional<Find> find = FindOf(json.at("find"), cast);
      if (!find) return Unreadable();
      line.find = *find;
      line.index = json.at("index");
      line.refused = json.at("refused");
      if (json.contains("did")) line.did = static_cast<Step>(json.at("did").get<int>());
      if (json.contains("next")) {
        line.next = NextStep{static_cast<Step>(json.at("next").get<int>()),
                             absl::FromUnixMicros(json.at("at").get<int64_t>())};
      }
      lines_.push_back(std::move(line));
    }
  }
  return absl::OkStatus();
}

void Diary::Append(const std::string& text) const {
  if (file_ >= 0 && write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    std::fputs("gridsim: the progress cannot be written down; a play that is cut off cannot go on\n", stderr);
  }
}

void Diary::Write(const DiaryLine& line) const {
  if (file_ >= 0) Append(ToText(line));
}

void Diary::WriteDay(absl::Time day, const std::vector<DiaryLine>& lines) const {
  std::string text;
  for (const DiaryLine& line : lines) text += ToText(line);
  Append(text + nlohmann::json{{"day", absl::ToUnixMicros(day)}}.dump() + "\n");
}

}  // namespace gridwarden::sim
