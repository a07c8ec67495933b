#include "base/id.h"

#include <atomic>
#include <cstring>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "base/status.h"

namespace gridwarden {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

uint64_t RandomBits() {
  thread_local std::mt19937_64 engine{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
  return engine();
}

// FNV-1a with two bases; only ever fed with ids and short constant names.
uint64_t Mix(uint64_t hash, std::string_view bytes) {
  for (unsigned char c : bytes) hash = (hash ^ c) * 1099511628211ULL;
  return hash ^ (hash >> 29);
}

}  // namespace

Uuid Uuid::Make(absl::Time now) {
  // 48 bits of milliseconds, 12 bits of a counter that keeps one process's ids increasing, 62 random bits.
  static std::atomic<uint64_t> last{0};
  uint64_t stamp = static_cast<uint64_t>(absl::ToUnixMillis(now)) << 12 | (RandomBits() & 0x3ff);
  uint64_t seen = last.load();
  do {
    // Only while the clock stands still or steps back a little; an id for a far earlier (demo) time keeps its
    // own time.
    if (stamp <= seen && (seen - stamp) >> 12 < 1000) stamp = seen + 1;
  } while (!last.compare_exchange_weak(seen, stamp));
  Uuid id;
  const uint64_t ms = stamp >> 12;
  for (int i = 0; i < 6; ++i) id.data_[i] = static_cast<uint8_t>(ms >> (40 - 8 * i));
  id.data_[6] = static_cast<uint8_t>(0x70 | ((stamp >> 8) & 0x0f));
  id.data_[7] = static_cast<uint8_t>(stamp & 0xff);
  const uint64_t bits = RandomBits();
  std::memcpy(&id.data_[8], &bits, 8);
  id.data_[8] = static_cast<uint8_t>((id.data_[8] & 0x3f) | 0x80);
  return id;
}

Uuid Uuid::Derive(const Uuid& from, std::string_view name) {
  const std::string bytes = from.Bytes();
  const uint64_t high = Mix(Mix(14695981039346656037ULL, bytes), name);
  const uint64_t low = Mix(Mix(high ^ 0x9e3779b97f4a7c15ULL, name), bytes);
  Uuid id = from;  // keeps the time part of a version 7 id, so that derived ids sort beside their origin
  std::memcpy(&id.data_[8], &low, 8);
  id.data_[6] = static_cast<uint8_t>(0x80 | (high & 0x0f));
  id.data_[7] = static_cast<uint8_t>(high >> 8);
  id.data_[8] = static_cast<uint8_t>((id.data_[8] & 0x3f) | 0x80);
  return id;
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  size_t byte = 0;
  for (size_t i = 0; i < 36;) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      ++i;
      continue;
    }
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.data_[byte++] = static_cast<uint8_t>(high * 16 + low);
    i += 2;
  }
  return id;
}

std::optional<Uuid> Uuid::FromBytes(std::string_view bytes) {
  if (bytes.empty()) return Uuid();
  if (bytes.size() != 16) return std::nullopt;
  Uuid id;
  std::memcpy(id.data_.data(), bytes.data(), 16);
  return id;
}

std::string Uuid::ToString() const {
  if (IsNil()) return "";
  const std::string hex =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(data_.data()), 16));
  return absl::StrFormat("%s-%s-%s-%s-%s", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                         hex.substr(16, 4), hex.substr(20));
}

std::string ResourceName(std::string_view collection, const Uuid& id) {
  return id.IsNil() ? "" : absl::StrFormat("%s/%s", collection, id.ToString());
}

absl::StatusOr<Uuid> ParseResourceName(std::string_view collection, std::string_view name,
                                       std::string_view field) {
  if (name.empty()) return Uuid();
  if (name.size() > collection.size() + 1 && name.substr(0, collection.size()) == collection &&
      name[collection.size()] == '/') {
    if (const std::optional<Uuid> id = Uuid::Parse(name.substr(collection.size() + 1)); id && !id->IsNil())
      return *id;
  }
  return InvalidField(
      field, absl::StrFormat("got \"%s\", want %s/{uuid}", std::string(name.substr(0, 80)), collection));
}

}  // namespace gridwarden
