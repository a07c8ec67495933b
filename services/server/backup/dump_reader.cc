#include "server/backup/dump_reader.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace gridwarden::server {
namespace {

constexpr std::string_view kInsert = "INSERT INTO `";
constexpr std::string_view kValues = "` VALUES";
constexpr std::string_view kCreate = "CREATE TABLE `";
constexpr std::string_view kPosition = "-- CHANGE MASTER TO MASTER_LOG_FILE='";
constexpr std::string_view kComplete = "-- Dump completed";

std::string_view Between(std::string_view line, std::string_view before, std::string_view after) {
  const size_t end = line.find(after, before.size());
  return end == line.npos ? std::string_view() : line.substr(before.size(), end - before.size());
}

}  // namespace

void DumpReader::TakeLine() {
  if (line_.starts_with(kCreate)) rows_[std::string(Between(line_, kCreate, "`"))];
  if (line_.starts_with(kPosition)) {
    const size_t at = line_.find("MASTER_LOG_POS=");
    uint64_t position = 0;
    if (at != line_.npos && absl::SimpleAtoi(line_.substr(at + 15, line_.find(';', at) - at - 15), &position))
      log_start_ = LogPosition{std::string(Between(line_, kPosition, "'")), position};
  }
  if (line_.starts_with(kComplete)) complete_ = true;
  line_.clear();
}

void DumpReader::Take(std::string_view bytes) {
  for (const char c : bytes) {
    switch (where_) {
      case Where::kLine:
        if (c == '\n') {
          TakeLine();
          break;
        }
        line_ += c;
        if (line_.starts_with(kInsert) && line_.ends_with(kValues)) {
          table_ = std::string(Between(line_, kInsert, "`"));
          line_.clear();
          depth_ = 0;
          where_ = Where::kValues;
        }
        break;
      case Where::kValues:
        if (c == '\'') {
          where_ = Where::kText;
        } else if (c == '(') {
          if (depth_++ == 0) ++rows_[table_];
        } else if (c == ')') {
          --depth_;
        } else if (c == ';' && depth_ == 0) {
          where_ = Where::kLine;
        }
        break;
      case Where::kText:  // a doubled quote leaves it and enters it again
        if (c == '\\') {
          where_ = Where::kEscape;
        } else if (c == '\'') {
          where_ = Where::kValues;
        }
        break;
      case Where::kEscape:
        where_ = Where::kText;
        break;
    }
  }
}

}  // namespace gridwarden::server
