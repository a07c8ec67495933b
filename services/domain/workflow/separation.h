#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "domain/ground/ground.h"

// Who puts it right, who checks and who signs are three persons, over the whole chain of reworks and rebounds
// (D9), and the checker is independent of the fixer (B4). The numbers of Duty are those stored in case_actor.
namespace gridwarden::domain {

enum class Duty : uint8_t { kUnspecified, kFixer, kChecker, kSigner };
std::string_view NameOf(Duty duty);  // "FIXER"
std::string_view ZhOf(Duty duty);    // "整改人"

struct Actor {
  Uuid person;
  Duty duty = Duty::kUnspecified;
};

// May the person take the duty, given who has which duty in the chain? FAILED_PRECONDITION /
// SEPARATION_OF_DUTIES with metadata duty = the Chinese name of the duty the person already has, else OK. The
// same person may repeat the same duty.
absl::Status CheckSeparation(std::span<const Actor> chain, const Uuid& person, Duty duty);

// The question "may this person, in this post, check what that person fixed?".
struct CheckerQuestion {
  Uuid division;             // of the case
  Uuid fixer;                // person who reported the fix
  Uuid fixer_post;           // the post in which it was done; nil when not known
  std::vector<Actor> chain;  // who did what in the chain so far
  std::vector<Uuid>
      excluded;      // persons that are out for another reason (came back *unable*, handled an earlier step)
  absl::Time at;     // posts as held at this instant ...
  absl::Time known;  // ... as known at this one
};

// The answer with the rule that decided it; the words go into the journal and to people.
struct Verdict {
  bool eligible = false;
  std::string rule;   // "B4.OWN_NODE" and the like; "B4" when eligible
  std::string words;  // Chinese, names no person
};

// B4.NOT_SUPERVISION  the post is no supervision officer's
// B4.NOT_HELD         the person does not hold it at that time
// B4.FIXER            the person is the fixer
// B4.LINEAGE          the person fixed or signed in the chain
// B4.EXCLUDED         the person is excluded by the caller
// B4.SHARED_POST      the fixer and the person hold one post together (formal and acting)
// B4.OWN_NODE         a post of the person is in a grid or unit in which the fixer has a post, or in the grid
// of the fixer's unit B4.DIRECT_CHAIN     a post of the person is above or below one of the fixer's, below
// township level
Verdict JudgeChecker(const Ground& ground, const CheckerQuestion& question, const Uuid& post,
                     const Uuid& person);

// The verdict as a status: OK, or FAILED_PRECONDITION / CHECKER_NOT_ELIGIBLE with metadata rule = the words,
// rule_id = the rule.
absl::Status ToStatus(const Verdict& verdict);

// How far the search had to go.
enum class Ring : uint8_t { kTownship = 1, kNeighbourTownships, kCounty };
std::string_view NameOf(Ring ring);
std::string_view ZhOf(Ring ring);

struct EligibleChecker {
  Uuid post;
  Uuid person;
  Ring ring = Ring::kTownship;
};

// The eligible holders of supervision posts in the nearest ring that has any, ordered by post: the case's
// township with all below it, then the other townships of the county, then the county itself. Empty when
// nobody is eligible: the case waits visibly. A case that stands above township level starts with the second
// ring.
std::vector<EligibleChecker> EligibleCheckers(const Ground& ground, const CheckerQuestion& question);

// One of them, the same for the same seed and independent of their order; null when there are none.
const EligibleChecker* ChooseChecker(std::span<const EligibleChecker> eligible, std::string_view seed);

}  // namespace gridwarden::domain
