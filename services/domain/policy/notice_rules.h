#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/time/time.h"

// How people are told: db/policy/notice_rules.json.
namespace gridwarden::domain {

// Values equal those of notify.v1.Notice.Urgency.
enum class Urgency : uint8_t { kUnspecified, kInform, kAct, kPressing };

// Minutes of the local day, [from, to); from > to goes past midnight, from = to is empty.
struct QuietHours {
  int from = 0;
  int to = 0;
};

// A text in both languages. {case_no}, {category}, {division}, {due}, {code} and {post} stand for facts.
struct NoticeText {
  std::string zh, en;
};

struct NoticeKind {
  std::string code;
  Urgency urgency = Urgency::kInform;
  bool digest = false;  // waits for the daily summary instead of being announced by itself
  NoticeText text;
  std::string group_zh;  // what a group chat is told; "" = nothing. Never a place below the county.
  std::string source;
};

struct NoticeRules {
  QuietHours quiet;
  int digest_at = 0;           // minute of the local day
  absl::Duration keep;         // older ones are not listed
  int recipients_max = 0;      // of one notice
  int attempts_max = 0;        // to deliver one
  absl::Duration retry_first;  // before the second attempt; doubles from then on
  absl::Duration retry_max;
  NoticeText roster_empty;  // added when the leader is told in place of a duty roster
  std::map<std::string, NoticeKind> kinds;
  std::map<std::string, NoticeText> words;  // of codes that stand in texts

  const NoticeKind* Find(std::string_view code) const {
    const auto found = kinds.find(std::string(code));
    return found == kinds.end() ? nullptr : &found->second;
  }
};

}  // namespace gridwarden::domain
