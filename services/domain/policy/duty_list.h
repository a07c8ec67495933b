#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ground/ground.h"
#include "domain/policy/json_reader.h"

// 履行职责事项清单: which posts and units have which duty, by category, place and date (beyond.md B13). Data
// of db/policy/duty_items.json; a city's own list needs only other data.
namespace gridwarden::domain {

struct Policy;

// Who bears a duty: posts of these kinds at one of these levels of the case's chain of divisions, or units of
// that chain by name. Exactly one of the two is filled.
struct DutyBearer {
  std::vector<PostKind> posts;
  std::vector<Level> levels;
  std::vector<std::string> units;  // canonical names
};

struct DutyItem {
  // How the township's list of 2024 sorts its duties.
  enum class Kind : uint8_t { kBasic, kCooperating, kTakenBack };
  std::string id, zh, en;
  Kind kind = Kind::kBasic;
  std::vector<std::string> categories;  // "*" = every one
  std::string code_prefix;              // of the divisions it holds for; "" = everywhere
  DutyBearer lead;
  std::vector<DutyBearer> cooperate;
  std::string valid_from, valid_to;  // local dates, valid_to the first day it no longer holds; "" = open
  std::string source;
};
std::string_view NameOf(DutyItem::Kind kind);  // "TAKEN_BACK"
std::string_view ZhOf(DutyItem::Kind kind);    // "上收"

struct DutyList {
  std::vector<DutyItem> items;
  std::map<std::string, std::string> canonical;  // every name of a body -> the one of today

  const DutyItem* Find(std::string_view id) const;
  // Whether a unit called so, with or without the name of its place before it, is the body.
  bool IsCalled(std::string_view display_name, std::string_view body) const;
};

void ReadDutyItems(const JsonValue& root, Policy& policy);

}  // namespace gridwarden::domain
