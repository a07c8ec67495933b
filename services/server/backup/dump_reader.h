#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "server/backup/backup_files.h"

namespace gridwarden::server {

// Reads along as a dump of mariadb-dump passes by: how many rows of each table are in it, where the binary
// log stood, and whether its last line came.
class DumpReader {
 public:
  void Take(std::string_view bytes);

  const std::map<std::string, uint64_t>& rows() const { return rows_; }
  const std::optional<LogPosition>& log_start() const { return log_start_; }
  bool complete() const { return complete_; }

 private:
  enum class Where { kLine, kValues, kText, kEscape };
  void TakeLine();

  Where where_ = Where::kLine;
  std::string line_;  // the beginning of a statement, up to VALUES
  std::string table_;
  int depth_ = 0;  // of parentheses, inside VALUES
  std::map<std::string, uint64_t> rows_;
  std::optional<LogPosition> log_start_;
  bool complete_ = false;
};

}  // namespace gridwarden::server
