#include "sync/pull_page.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace gridwarden::sync {
namespace {

// Of a record whose rows differ, those that still hold it speak: one that ended stopped following it.
void Take(const HeldRow& row, Told& one) {
  if (row.ended && one.standing) return;
  if (!row.ended && !one.standing) {
    one.holders.clear();
    one.of_ground = false;
  }
  one.standing |= !row.ended;
  if (!row.is_ground) one.holders.push_back(row.holder);
  one.of_ground |= row.is_ground;
  one.revision = row.revision;
  one.index = std::max(one.index, row.last);
  one.open = row.open;
  one.closed_us = row.closed_us;
}

}  // namespace

std::vector<Told> ByRecord(const std::vector<HeldRow>& rows) {
  std::vector<Told> told;
  absl::flat_hash_map<Uuid, size_t> places;
  for (const HeldRow& row : rows) {
    const auto [place, is_new] = places.try_emplace(row.id, told.size());
    if (is_new) told.push_back({.id = row.id, .kind = row.kind});
    Take(row, told[place->second]);
  }
  std::stable_sort(told.begin(), told.end(), [](const Told& a, const Told& b) { return a.index < b.index; });
  return told;
}

Page CutPage(const Changes& changes, int64_t horizon_us, int page_size) {
  Page page{.told = ByRecord(changes.rows)};
  page.more = changes.cut.has_value();
  page.next = changes.cut.value_or(changes.next_index);
  if (page.told.size() > static_cast<size_t>(page_size)) {
    page.more = true;
    page.next = page.told[page_size].index;
    page.told.resize(page_size);
  }
  std::erase_if(page.told,
                [&](const Told& one) { return !one.open && one.standing && one.closed_us <= horizon_us; });
  return page;
}

}  // namespace gridwarden::sync
