#include "domain/notice/text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace gridwarden::domain {

std::string FillText(std::string_view text, const std::map<std::string, std::string>& facts) {
  std::string filled;
  while (!text.empty()) {
    const size_t open = text.find('{');
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) {
      filled += text;
      break;
    }
    filled += text.substr(0, open);
    const auto fact = facts.find(std::string(text.substr(open + 1, close - open - 1)));
    if (fact != facts.end()) filled += fact->second;
    text.remove_prefix(close + 1);
  }
  return filled;
}

std::string UnknownName(std::string_view text, std::span<const std::string_view> known) {
  for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return std::string(text.substr(open));
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (std::find(known.begin(), known.end(), name) == known.end()) return std::string(name);
  }
  return "";
}

std::string CutUtf8(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

std::string Coalesce(std::string_view heading, std::span<const std::string> lines, size_t bytes_max) {
  const auto rest = [](size_t left) { return left == 0 ? "" : absl::StrCat("\n另有 ", left, " 条"); };
  std::string message = CutUtf8(heading, bytes_max);
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t left = lines.size() - i - 1;
    const size_t used = message.size() + 1 + rest(left).size();
    if (used + lines[i].size() <= bytes_max) {
      absl::StrAppend(&message, "\n", lines[i]);
      continue;
    }
    // The first one is told in part rather than not at all.
    if (i == 0 && used < bytes_max) {
      absl::StrAppend(&message, "\n", CutUtf8(lines[0], bytes_max - used), rest(left));
      return message;
    }
    return CutUtf8(absl::StrCat(message, rest(left + 1)), bytes_max);
  }
  return message;
}

}  // namespace gridwarden::domain
