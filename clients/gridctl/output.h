#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"

// How gridctl answers: tables for people, proto JSON for scripts.
namespace gridwarden::gridctl {

// A table whose columns line up in a terminal, Chinese characters counted as two cells.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Cells of a terminal that a UTF-8 text fills.
int DisplayWidth(std::string_view text);

// Prints a message as proto JSON with every field, int64 as strings, enums by name.
void PrintJson(const google::protobuf::Message& message);

// "2026-03-01 18:00" in Asia/Shanghai; "-" when unset.
std::string LocalTime(const google::protobuf::Timestamp& time);
std::string LocalTime(absl::Time time);
google::protobuf::Timestamp ToProto(absl::Time time);

// What went wrong, for people: the sentence, each bad field, whether sending again may help.
void PrintError(const absl::Status& status, bool chinese);

// "[#####     ] 5000/12000" on standard error, redrawn in place when it is a terminal, a line per tenth
// otherwise.
class Progress {
 public:
  Progress(std::string label, int64_t total);
  ~Progress();
  void Set(int64_t done);

 private:
  std::string label_;
  int64_t total_;
  int shown_ = -1;
  bool terminal_;
};

// The part of a resource name behind the last "/".
std::string_view IdOf(std::string_view name);

}  // namespace gridwarden::gridctl
