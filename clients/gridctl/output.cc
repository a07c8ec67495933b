#include "gridctl/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "google/protobuf/util/json_util.h"

namespace gridwarden::gridctl {
namespace {

// The next code point of a UTF-8 text; malformed bytes count as one cell each.
uint32_t NextCodePoint(std::string_view text, size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const size_t length = byte >= 0xf8 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
  uint32_t code = length == 1 ? byte : byte & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(at + i < text.size() ? text[at + i] : 0);
    if ((next & 0xc0) != 0x80) {  // not UTF-8: this byte alone
      ++at;
      return byte;
    }
    code = code << 6 | (next & 0x3f);
  }
  at += length;
  return code;
}

bool IsWide(uint32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x20000 && c <= 0x3fffd);
}

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  for (size_t at = 0; at < text.size();) width += IsWide(NextCodePoint(text, at)) ? 2 : 1;
  return width;
}

namespace {

// "179", "83.2%" or "-"
bool IsFigure(std::string_view cell) {
  if (cell.ends_with('%')) cell.remove_suffix(1);
  if (cell.empty() || cell == "-") return cell == "-";
  return cell.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string Table::ToString() const {
  std::vector<int> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  // Columns of figures stand to the right, so that they can be compared; the first column names the row.
  std::vector<bool> figures(widths.size(), rows_.size() > 1);
  for (size_t i = 0; i < figures.size(); ++i) {
    bool any = false;
    for (size_t r = 1; r < rows_.size(); ++r) {
      if (i >= rows_[r].size()) continue;
      if (!IsFigure(rows_[r][i])) figures[i] = false;
      any = any || rows_[r][i] != "-";
    }
    if (i == 0 || !any) figures[i] = false;
  }
  std::string out;
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - DisplayWidth(row[i]), ' ');
      if (figures[i]) out += padding;
      out += row[i];
      if (i + 1 < row.size()) out += (figures[i] ? "" : padding) + "  ";
    }
    out += '\n';
  }
  return out;
}

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string json;
  if (google::protobuf::util::MessageToJsonString(message, &json, options).ok())
    std::fputs(json.c_str(), stdout);
}

std::string LocalTime(absl::Time time) {
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::FixedTimeZone(8 * 3600));
}

std::string LocalTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "-";
  return LocalTime(absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()));
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t us = absl::ToUnixMicros(time);
  int64_t seconds = us / 1000000;
  int64_t rest = us % 1000000;
  if (rest < 0) {
    rest += 1000000;
    --seconds;
  }
  proto.set_seconds(seconds);
  proto.set_nanos(static_cast<int32_t>(rest * 1000));
  return proto;
}

void PrintError(const absl::Status& status, bool chinese) {
  const std::optional<ErrorFacts> facts = FactsOf(status);
  std::string sentence(status.message());
  if (chinese && facts && facts->metadata.contains("zh")) sentence = facts->metadata.at("zh");
  // The API's own sentence is for the telephone, which keeps what was entered; a shell does not.
  if (chinese && absl::IsUnavailable(status))
    sentence = absl::StrCat("服务暂时不可用：", std::string(status.message()));
  std::fprintf(stderr, "gridctl: %s\n", sentence.c_str());
  if (!facts) return;
  for (const FieldViolation& violation : facts->fields) {
    if (sentence.find(violation.description) != std::string::npos) continue;  // said already
    std::fprintf(stderr, "  %s: %s\n", violation.field.c_str(), violation.description.c_str());
  }
  if (!facts->reason.empty()) std::fprintf(stderr, "  reason: %s\n", facts->reason.c_str());
  if (facts->retry_after) {
    std::fprintf(stderr, chinese ? "  请在 %s 后重试\n" : "  try again in %s\n",
                 absl::FormatDuration(*facts->retry_after).c_str());
  }
}

Progress::Progress(std::string label, int64_t total)
    : label_(std::move(label)), total_(std::max<int64_t>(total, 1)), terminal_(isatty(2) != 0) {
  Set(0);
}

Progress::~Progress() {
  if (terminal_) std::fputc('\n', stderr);
}

void Progress::Set(int64_t done) {
  const int tenth = static_cast<int>(10 * done / total_);
  if (terminal_) {
    std::fprintf(stderr, "\r%s [%-20s] %lld/%lld", label_.c_str(),
                 std::string(static_cast<size_t>(20 * done / total_), '#').c_str(),
                 static_cast<long long>(done), static_cast<long long>(total_));
  } else if (tenth != shown_) {
    std::fprintf(stderr, "%s %lld/%lld\n", label_.c_str(), static_cast<long long>(done),
                 static_cast<long long>(total_));
  }
  shown_ = tenth;
}

std::string_view IdOf(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace gridwarden::gridctl
