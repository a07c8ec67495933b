#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "domain/ground/ground.h"

// How a division's own record changes: what stood is withdrawn as of `now`, what stands is recorded as of
// `now`; nothing else is lost.
namespace gridwarden::domain {

// The first record of a division that begins at `at` and is known from `now` on only.
void Begin(Division& division, absl::Time at, absl::Time now);
// Stands under `parent` from `at` on.
void Move(Division& division, const Uuid& parent, absl::Time at, absl::Time now);
// Exists no longer from `at` on. Its code is free again.
void End(Division& division, absl::Time at, absl::Time now);
// A name or code that was given at the very same time is replaced: it was never borne.
void Rename(Division& division, std::string_view name, absl::Time at);
void Recode(Division& division, std::string_view code, absl::Time at);

// Withdraws what was recorded at `recorded` of where it stands, and lets stand again what that withdrew.
void UndoPlacement(Division& division, absl::Time recorded, absl::Time now);
// Takes back the name, the code or the end that `at` brought.
void UndoRename(Division& division, absl::Time at);
void UndoRecode(Division& division, absl::Time at);
void UndoEnd(Division& division, absl::Time at);

// When anything of it last changed: its beginning, a place, a name or a code. InfinitePast when nothing is
// known of that.
absl::Time ChangedLast(const Division& division);

// The code of today, "" when it has none.
std::string_view CodeOf(const Division& division);

}  // namespace gridwarden::domain
