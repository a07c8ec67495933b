#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"

// The life of a source in the ledger (台账).
namespace gridwarden::domain {

// Numbers of gridwarden.source.v1.Source.State.
enum class SourceState : uint8_t { kUnspecified, kActive, kStopped, kClosed, kGone };

std::string_view NameOf(SourceState state);         // "ACTIVE"
std::string_view ChineseNameOf(SourceState state);  // "在用"
// Reads either name.
std::optional<SourceState> ParseSourceState(std::string_view name);

// OK when a source may move so. FAILED_PRECONDITION / ILLEGAL_TRANSITION otherwise, also for a move to the
// same state.
absl::Status AllowSourceMove(SourceState from, SourceState to);

// A disposition is decided while the source can still pollute. FAILED_PRECONDITION / ILLEGAL_TRANSITION
// otherwise.
absl::Status AllowDisposition(SourceState state);

}  // namespace gridwarden::domain
