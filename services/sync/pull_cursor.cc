#include "sync/pull_cursor.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "platform/rpc/cursor.h"

namespace gridwarden::sync {
namespace {

constexpr std::string_view kLayout = "2";
constexpr size_t kFixedParts = 11 + kRanks;

enum Flags { kFirst = 1, kWithheldMany = 2, kHasDigest = 4 };

std::string ScopeOf(const Uuid& device) { return absl::StrCat("sync.pull/", device.ToString()); }

}  // namespace

std::string WriteCursor(const Uuid& device, const Cursor& cursor) {
  std::vector<std::string> parts = {
      std::string(kLayout),
      cursor.log,
      cursor.scope,
      absl::StrCat(absl::ToUnixMicros(cursor.made)),
      absl::StrCat(cursor.next),
      absl::StrCat(cursor.base),
      absl::StrCat((cursor.first ? kFirst : 0) + (cursor.withheld_many ? kWithheldMany : 0) +
                   (cursor.digest ? kHasDigest : 0)),
      absl::StrCat(cursor.closed_us),
      absl::StrCat(cursor.left_out)};
  const DigestSum digest = cursor.digest.value_or(DigestSum());
  parts.push_back(absl::StrCat(digest.count));
  parts.push_back(absl::StrCat(digest.sum));
  for (const int64_t cutoff : cursor.cutoffs) parts.push_back(absl::StrCat(cutoff));
  for (const Uuid& id : cursor.withheld) parts.push_back(id.Bytes());
  return rpc::SealCursor(ScopeOf(device), parts);
}

std::optional<Cursor> ReadCursor(const Uuid& device, std::string_view text) {
  const std::optional<std::vector<std::string>> parts = rpc::OpenCursor(ScopeOf(device), text);
  if (!parts || parts->size() < kFixedParts || parts->front() != kLayout) return std::nullopt;
  Cursor cursor;
  cursor.log = (*parts)[1];
  cursor.scope = (*parts)[2];
  int64_t made_us = 0;
  int flags = 0;
  bool ok = absl::SimpleAtoi((*parts)[3], &made_us) && absl::SimpleAtoi((*parts)[4], &cursor.next) &&
            absl::SimpleAtoi((*parts)[5], &cursor.base) && absl::SimpleAtoi((*parts)[6], &flags) &&
            absl::SimpleAtoi((*parts)[7], &cursor.closed_us) &&
            absl::SimpleAtoi((*parts)[8], &cursor.left_out);
  DigestSum digest;
  ok = ok && absl::SimpleAtoi((*parts)[9], &digest.count) && absl::SimpleAtoi((*parts)[10], &digest.sum);
  for (int i = 0; i < kRanks; ++i) ok = ok && absl::SimpleAtoi((*parts)[11 + i], &cursor.cutoffs[i]);
  if (!ok) return std::nullopt;
  cursor.made = absl::FromUnixMicros(made_us);
  cursor.first = (flags & kFirst) != 0;
  cursor.withheld_many = (flags & kWithheldMany) != 0;
  if ((flags & kHasDigest) != 0) cursor.digest = digest;
  for (size_t i = kFixedParts; i < parts->size(); ++i) {
    const std::optional<Uuid> id = Uuid::FromBytes((*parts)[i]);
    if (!id) return std::nullopt;
    cursor.withheld.push_back(*id);
  }
  return cursor;
}

}  // namespace gridwarden::sync
