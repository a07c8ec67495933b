#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/draw/draw.h"

// The canonical texts of a draw: lines of fields parted by tabs, UTF-8, each ended by a line feed, every list
// in one order. One draw has one text, and the text's SHA-256 is what is published before the seed exists.
namespace gridwarden::domain::draw {

// A text that stays one field: control characters become spaces.
std::string OneField(std::string_view text);

// The lists must stand in their order (draw.h). Fields must be OneField's.
std::string WriteCommitment(const Commitment& commitment);
// INVALID_ARGUMENT / INVALID_FIELD naming the line for anything that WriteCommitment would not have written.
absl::StatusOr<Commitment> ReadCommitment(std::string_view text);

// What came out, in the same manner: seeds, their key, each drawn source with its key and inspectors.
std::string WriteOutcome(const Commitment& commitment, std::string_view digest_hex,
                         const std::vector<Seed>& seeds, const Outcome& outcome);
// The seeds named in such a text.
absl::StatusOr<std::vector<Seed>> ReadSeeds(std::string_view outcome);
// What it says was drawn, nothing of it recomputed.
absl::StatusOr<std::vector<Drawn>> ReadDrawn(std::string_view outcome);

}  // namespace gridwarden::domain::draw
