#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

// Large CSV files travel in parts that each fit into one request.
namespace gridwarden::gridctl {

inline constexpr int kRowsPerPart = 5000;

struct Part {
  std::string content;  // header and rows
  int first_line = 2;   // line of the file its rows begin at
  int rows = 0;
};

// Splits at line ends outside quotes; every part starts with the header. GBK is safe: no byte of a GBK
// character is a line end or a quote. A file without rows is one part, so that the server says what is wrong
// with it.
std::vector<Part> SplitCsv(const std::string& content, int rows_per_part = kRowsPerPart);

// The same for a list of divisions, which the server compares with what it has parent by parent, and a move
// within a county only when it sees both ends: never cuts between villages of one county or townships of one
// city. The code is the first cell of four digits or more. Fails when such rows stand in several places of a
// file that needs several parts: sort it by code.
absl::StatusOr<std::vector<Part>> SplitDivisions(const std::string& content,
                                                 int rows_per_part = kRowsPerPart);

}  // namespace gridwarden::gridctl
