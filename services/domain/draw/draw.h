#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Double-random draws (双随机一公开): who is inspected and who inspects, by a seed that nobody knew when the
// lists were frozen. Pure: the hash functions are given. Everything is integers and bytes, so that any
// language gives the same result (the result page tells how, tests/support/redraw.py does it).
namespace gridwarden::domain::draw {

struct Hashes {
  std::string (*sha256)(std::string_view bytes);                        // 32 bytes
  std::string (*hmac)(std::string_view key, std::string_view message);  // HMAC-SHA-256, 32 bytes
};

// The name stands in every commitment. Another way to draw is another name.
inline constexpr std::string_view kAlgorithm = "EFRAIMIDIS_SPIRAKIS_MAX_HMAC_SHA256_1";
inline constexpr int kWeightMax = 100;

struct Stratum {
  std::string code;
  int ratio_percent = 0;
  friend bool operator==(const Stratum&, const Stratum&) = default;
};

// A source that may be drawn.
struct Candidate {
  std::string id;  // lower-case UUID
  std::string stratum;
  int weight = 1;        // 1 to kWeightMax
  std::string division;  // it stands on, lower-case UUID
  std::string category;
  std::string number, display_name;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// Somebody who may be sent.
struct Inspector {
  std::string person, post;  // lower-case UUIDs; a person stands in the list once
  std::string display_name;
  friend bool operator==(const Inspector&, const Inspector&) = default;
};

// An inspector who may not be sent to a source: a declared conflict of interest.
struct Exclusion {
  std::string person, source;
  auto operator<=>(const Exclusion&) const = default;
};

struct SeedSource {
  std::string description;  // "drand quicknet 第 12345678 轮"
  std::string available;    // RFC 3339 in UTC: when it becomes public
  friend bool operator==(const SeedSource&, const SeedSource&) = default;
};

// What is frozen and published before the seed exists.
struct Commitment {
  std::string draw;  // lower-case UUID
  std::string title;
  std::string division, division_name;
  std::string from, to;  // of the period, YYYY-MM-DD, both inclusive
  std::vector<std::string> categories;
  int seats = 2;             // inspectors per object
  std::string committed;     // RFC 3339 in UTC
  std::string rule_version;  // of the policy the ratios come from
  std::vector<SeedSource> seed_sources;
  std::vector<Stratum> strata;
  std::vector<Candidate> candidates;  // by id
  std::vector<Inspector> inspectors;  // by person
  std::vector<Exclusion> exclusions;  // by person and source
  friend bool operator==(const Commitment&, const Commitment&) = default;
};

// A published seed: its text exactly as published, and where it can be looked up.
struct Seed {
  std::string text, reference;
};

struct Drawn {
  std::string stratum, source;
  std::string key;                      // 32 bytes; larger was drawn earlier
  std::vector<std::string> inspectors;  // persons, as many as there are seats
};

struct Outcome {
  std::string seed_key;      // 32 bytes
  std::vector<Drawn> drawn;  // strata in their order, within each the largest key first
  // Sources that cannot have as many inspectors as there are seats; empty in a draw that was allowed.
  std::vector<std::string> lacking;
};

// How many are drawn of `count`: the ratio rounded up, so that a stratum that is not empty gives at least
// one.
int DrawnOf(int count, int ratio_percent);

// HMAC key of everything random: SHA-256 over "gridwarden-draw-seed", the commitment's digest in hex and the
// seeds' texts, a line each. No seed text holds a line break.
std::string SeedKey(const Hashes& hashes, std::string_view digest_hex, const std::vector<Seed>& seeds);

// Efraimidis and Spirakis (2006) draw those with the largest u^(1/w). For a whole weight w that is
// distributed as the largest of w independent u, so the key is the largest of w HMACs, compared as bytes: the
// same weighted draw without replacement, and no arithmetic to round.
std::string KeyOf(const Hashes& hashes, std::string_view seed_key, const Candidate& candidate);

// The candidates with the largest keys of each stratum.
std::vector<Drawn> Sample(const Hashes& hashes, std::string_view seed_key, const Commitment& commitment);

// Sends inspectors to what was drawn: `seats` different ones to each, never an excluded one, nobody twice
// before everybody who can has been sent once (and so on), otherwise at random. Answers the sources for which
// too few may be sent.
std::vector<std::string> Match(const Hashes& hashes, std::string_view seed_key, const Commitment& commitment,
                               std::vector<Drawn>& drawn);

// Candidates who could not have enough inspectors if they were drawn, and how many each could have.
std::vector<std::pair<std::string, int>> Lacking(const Commitment& commitment);

// The whole draw. `digest_hex` is that of the commitment's text.
Outcome Perform(const Hashes& hashes, const Commitment& commitment, std::string_view digest_hex,
                const std::vector<Seed>& seeds);

}  // namespace gridwarden::domain::draw
