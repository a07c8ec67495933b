#include <array>
#include <span>

#include "domain/ground/ground.h"

namespace gridwarden::domain {
namespace {

// In the order of the enums' values.
constexpr std::array<std::string_view, 7> kLevels = {"LEVEL_UNSPECIFIED", "PROVINCE", "CITY", "COUNTY",
                                                     "TOWNSHIP",          "VILLAGE",  "GROUP"};
constexpr std::array<std::string_view, 14> kPostKinds = {
    "KIND_UNSPECIFIED", "GRID_LEADER",  "GRID_OFFICER", "PATROL_OFFICER", "SUPERVISION_OFFICER",
    "CAMPAIGN_OFFICE",  "UNIT_HANDLER", "ENFORCEMENT",  "DISCIPLINE",     "FIRST_GRID_LEADER",
    "TOWNSHIP_HEAD",    "VILLAGE_HEAD", "ROAD_CHIEF",   "GRID_INSPECTOR"};
constexpr std::array<std::string_view, 5> kRegimes = {"REGIME_UNSPECIFIED", "GENERAL", "SMALL_POLLUTER",
                                                      "ROAD", "SITE"};
constexpr std::array<std::string_view, 6> kResponsibilities = {
    "RESPONSIBILITY_UNSPECIFIED", "NONE", "FIRST", "DIRECT_LEADERSHIP", "LEADERSHIP", "OVERALL"};

template <typename Enum>
std::string_view Name(std::span<const std::string_view> names, Enum value) {
  const size_t index = static_cast<size_t>(value);
  return index < names.size() ? names[index] : names[0];
}

// The unspecified value is nothing anybody may name.
template <typename Enum>
std::optional<Enum> Parse(std::span<const std::string_view> names, std::string_view name) {
  for (size_t i = 1; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view NameOf(Level level) { return Name(kLevels, level); }
std::string_view NameOf(PostKind kind) { return Name(kPostKinds, kind); }
std::string_view NameOf(Regime regime) { return Name(kRegimes, regime); }
std::string_view NameOf(Responsibility responsibility) { return Name(kResponsibilities, responsibility); }
std::optional<Level> ParseLevel(std::string_view name) { return Parse<Level>(kLevels, name); }
std::optional<PostKind> ParsePostKind(std::string_view name) { return Parse<PostKind>(kPostKinds, name); }
std::optional<Regime> ParseRegime(std::string_view name) { return Parse<Regime>(kRegimes, name); }

}  // namespace gridwarden::domain
