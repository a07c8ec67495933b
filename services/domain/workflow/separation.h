#pragma once

#include <cstdint>
#include <functional>
#include <map>
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

// Why a person is out whatever post he holds, beside what the ground says.
enum class Exclusion : uint8_t {
  kHandled,       // accepted, fed back or reported a part in the chain
  kUnable,        // came back unable to check this fix
  kFinder,        // found the problem
  kFirstChecker,  // made the check that is now disputed
  kConflict,      // a conflict of interest is declared
  kAlternation,   // made one of the last checks of this fixer's work
};
std::string_view RuleOf(Exclusion exclusion);  // "B4.HANDLED"

struct Excluded {
  Uuid person;
  Exclusion why = Exclusion::kHandled;
};

// The question "may this person, in this post, check what that person fixed?".
struct CheckerQuestion {
  Uuid division;                   // of the case
  Uuid fixer;                      // person who reported the fix; nil for a case that others dealt with
  Uuid fixer_post;                 // the post in which it was done; nil when not known
  Uuid party_unit;                 // a unit that dealt with it instead of the fixer (a receiver, T20)
  std::vector<Actor> chain;        // who did what in the chain so far
  std::vector<Excluded> excluded;  // persons that are out for another reason
  bool alternates = true;          // false: kAlternation puts nobody out
  absl::Time at;                   // posts as held at this instant ...
  absl::Time known;                // ... as known at this one
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
// B4.HANDLED B4.UNABLE B4.FINDER B4.FIRST_CHECKER B4.CONFLICT B4.ALTERNATION   as Exclusion says
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

// What became of the holders of one ring's supervision posts.
struct RingCount {
  Ring ring = Ring::kTownship;
  int vacant = 0, eligible = 0;
  std::map<std::string, int> refused;  // by rule
};

// The same search with its reasons. When no ring has anybody, those whom only alternation puts out are let
// in.
struct Pool {
  std::vector<EligibleChecker> eligible;  // of the last ring searched
  std::vector<RingCount> rings;           // in the order of the search
  bool alternation_relaxed = false;
};
Pool PoolOf(const Ground& ground, const CheckerQuestion& question);
// Why nobody may, in Chinese, for the screen of the centre: the rules that put most out.
std::string WaitingReason(const Pool& pool);
// The Chinese words of a rule, which name no person.
std::string_view WordsOf(std::string_view rule);

// The one with the smallest key; null when there are none. The key of a candidate comes from whoever asks, so
// that the draw can be by HMAC (B5) although rules know no cryptography. Independent of their order.
using DrawKey = std::function<std::string(const EligibleChecker&)>;
const EligibleChecker* ChooseChecker(std::span<const EligibleChecker> eligible, const DrawKey& key);

}  // namespace gridwarden::domain
