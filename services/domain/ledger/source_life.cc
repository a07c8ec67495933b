#include "domain/ledger/source_life.h"

#include <string>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

struct StateName {
  SourceState state;
  std::string_view name;
  std::string_view zh;
};

constexpr StateName kStateNames[] = {
    {SourceState::kActive, "ACTIVE", "在用"},
    {SourceState::kStopped, "STOPPED", "停产"},
    {SourceState::kClosed, "CLOSED", "已取缔"},
    {SourceState::kGone, "GONE", "已灭失"},
};

struct Move {
  SourceState from;
  SourceState to;
};

// The whole life of a source. Anything not listed here is refused.
constexpr Move kMoves[] = {
    {SourceState::kActive, SourceState::kStopped},
    {SourceState::kStopped, SourceState::kActive},
    {SourceState::kActive, SourceState::kClosed},
    {SourceState::kStopped, SourceState::kClosed},
    {SourceState::kActive, SourceState::kGone},
    {SourceState::kStopped, SourceState::kGone},
    {SourceState::kClosed, SourceState::kGone},
    // 死灰复燃: what was closed or gone works again.
    {SourceState::kClosed, SourceState::kActive},
    {SourceState::kGone, SourceState::kActive},
};

absl::Status IllegalTransition(SourceState state, std::string_view action) {
  return FailedPrecondition("ILLEGAL_TRANSITION",
                            absl::StrFormat("cannot %s a source that is %s", action, NameOf(state)),
                            {{"state", std::string(NameOf(state))}, {"action", std::string(action)}});
}

}  // namespace

std::string_view NameOf(SourceState state) {
  for (const StateName& row : kStateNames) {
    if (row.state == state) return row.name;
  }
  return "STATE_UNSPECIFIED";
}

std::string_view ChineseNameOf(SourceState state) {
  for (const StateName& row : kStateNames) {
    if (row.state == state) return row.zh;
  }
  return "";
}

std::optional<SourceState> ParseSourceState(std::string_view name) {
  for (const StateName& row : kStateNames) {
    if (row.name == name || row.zh == name) return row.state;
  }
  return std::nullopt;
}

absl::Status AllowSourceMove(SourceState from, SourceState to) {
  for (const Move& move : kMoves) {
    if (move.from == from && move.to == to) return absl::OkStatus();
  }
  return IllegalTransition(from, absl::StrFormat("SET_STATE %s", NameOf(to)));
}

absl::Status AllowDisposition(SourceState state) {
  if (state == SourceState::kActive || state == SourceState::kStopped) return absl::OkStatus();
  return IllegalTransition(state, "SET_DISPOSITION");
}

}  // namespace gridwarden::domain
