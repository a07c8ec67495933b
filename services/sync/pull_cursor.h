#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "base/id.h"

// Where a phone has come to. It travels sealed, so that it says what we wrote, for that phone only.
namespace gridwarden::sync {

// Rows of a scope that is too large for a phone are left out below these indexes, by what they are.
enum Rank { kAssigned, kOpenWork, kOpenSource, kClosed, kRanks };
using Cutoffs = std::array<int64_t, kRanks>;

// How the open records of a scope add up (ScopeDigest).
struct DigestSum {
  int64_t count = 0;
  uint64_t sum = 0;

  void operator+=(uint64_t digest) { ++count, sum += digest; }
  void operator-=(uint64_t digest) { --count, sum -= digest; }
};

// What a phone may be kept from although the feed says it holds it: not so many that they fill the cursor.
inline constexpr size_t kWithheldMax = 20;

struct Cursor {
  std::string log;        // 8 bytes of what names the log
  std::string scope;      // Scope::hash
  absl::Time made;        // when the page it came with was made
  uint64_t next = 0;      // everything below this index has been told
  uint64_t base = 0;      // the first index that was not sequenced yet when the phone began
  bool first = true;      // the phone is still fetching everything for the first time
  int64_t closed_us = 0;  // what was closed until then has left the phone
  Cutoffs cutoffs{};
  int left_out = 0;
  // What the last whole pull added up to; nothing within one.
  std::optional<DigestSum> digest;
  // Records in the digest that the phone was refused; more than kWithheldMax are not counted any more.
  std::vector<Uuid> withheld;
  bool withheld_many = false;
};

std::string WriteCursor(const Uuid& device, const Cursor& cursor);
// Nothing for a text that WriteCursor did not make for this device.
std::optional<Cursor> ReadCursor(const Uuid& device, std::string_view text);

}  // namespace gridwarden::sync
