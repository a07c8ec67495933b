#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/policy/policy.h"

// When a clock that runs is told to whom, and what a superior's order may ask (workflow.md W6).
namespace gridwarden::domain {

// Values equal those of casework.v1.Rung.Level.
enum class EscalationLevel : uint8_t { kUnspecified, kRemind, kOverdue, kPress, kCounty };

// Somebody who is told: whoever the work waits for, or the nearest post of a kind from a level upwards.
struct Recipients {
  bool responsible = false;      // the desk the running clock belongs to
  std::vector<PostKind> kinds;   // else: posts of these kinds ...
  Level from = Level::kVillage;  // ... at this level or above
};

struct RungRule {
  int percent = 0;  // of the clock, counted the clock's own way
  EscalationLevel level = EscalationLevel::kRemind;
};

// One clock's rungs, in order.
struct ClockRungs {
  std::vector<RungRule> rungs;
  std::string source;
};

struct OrderRules {
  // 督办单: an answer is due within this.
  Limit reply{Calendar::kWorkingDays, absl::Hours(48), "own default"};
  int listed_months = 6;            // 挂牌督办: the limit it may set ...
  int extension_before_months = 1;  // ... an extension is applied for so long before its end ...
  int extension_months = 6;         // ... and adds at most so much ...
  int cap_months = 12;              // ... and never is there more than this from the issue on
  int cases_max = 50;
  // Clocks whose R3 and R4 propose an order: those of whoever has to put it right, not of the offices.
  std::vector<std::string> proposed_by;
  std::string source;
};

// How long a site stops work by how often it was found (停工整顿), and what its restart is accepted on.
struct StopWorkLadder {
  std::vector<std::string> categories;
  std::string code_prefix;  // of the divisions it holds for; "" = everywhere
  absl::Duration within;    // findings further back do not add up
  std::vector<int> days;    // of the first finding, the second ...; the last one for every further finding
  std::vector<std::string> restart_items;  // "CHECKLIST.ITEM"
  std::string source;

  int DaysOf(int finding) const;  // from 1
};

struct EscalationRules {
  std::map<EscalationLevel, std::vector<Recipients>> recipients;
  std::map<std::string, ClockRungs> clocks;  // by clock, "" for every other
  int rework_press = 2;                      // this rework is R3 ...
  int rework_county = 3;                     // ... and this one, and each after it, R4
  absl::Duration rebound_within;             // a rebound so soon after the closing is R4
  int overdue_in_township = 0;               // so many overdue at once are R4, at most once a week
  OrderRules orders;
  std::vector<StopWorkLadder> stop_work;

  // The ladder of a category where one of these codes is the division's or above it; null when there is none.
  const StopWorkLadder* LadderOf(std::string_view category, const std::vector<std::string>& codes) const;
  const std::vector<RungRule>& RungsOf(std::string_view clock) const;
};

}  // namespace gridwarden::domain
