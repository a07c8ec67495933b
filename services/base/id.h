#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Ids are UUIDs (version 7 where we make them): 16 bytes in the database and the journal, lower-case text in
// the API.
namespace gridwarden {

class Uuid {
 public:
  constexpr Uuid() = default;  // the nil id: "none"

  // A new version 7 id whose time part is `now`. Ids made by one process within a millisecond still increase.
  static Uuid Make(absl::Time now);
  // Derives an id from another id and a name (version 8): the same input always gives the same id. Not a
  // secret.
  static Uuid Derive(const Uuid& from, std::string_view name);

  static std::optional<Uuid> Parse(std::string_view text);       // 8-4-4-4-12
  static std::optional<Uuid> FromBytes(std::string_view bytes);  // 16 bytes; empty input is the nil id

  std::string ToString() const;  // "" for the nil id
  std::string Bytes() const { return std::string(reinterpret_cast<const char*>(data_.data()), 16); }
  bool IsNil() const { return *this == Uuid(); }

  auto operator<=>(const Uuid&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, const Uuid& id) {
    return H::combine(std::move(h), id.data_);
  }

 private:
  std::array<uint8_t, 16> data_{};
};

// "cases/0190..." for ("cases", id); "" for the nil id.
std::string ResourceName(std::string_view collection, const Uuid& id);

// The id in "cases/0190..."; INVALID_ARGUMENT naming `field` when it is anything else. "" gives the nil id.
absl::StatusOr<Uuid> ParseResourceName(std::string_view collection, std::string_view name,
                                       std::string_view field = "name");

}  // namespace gridwarden
