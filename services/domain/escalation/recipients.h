#pragma once

#include <vector>

#include "absl/time/time.h"
#include "domain/ground/ground.h"
#include "domain/policy/escalation_rules.h"

// Who is told when a rung fires: the holders as of now along the chain of responsibility. A vacant post
// passes to the next one up and is reported; it is never skipped in silence (W6).
namespace gridwarden::domain {

// The desk the work waits at: posts, a unit, or else the nearest posts of some kinds.
struct Desk {
  std::vector<Uuid> posts;
  Uuid unit;
  Recipients nearest;  // used when there are neither posts nor a unit
};

// What the search needs to know of the subject.
struct EscalationSubject {
  Uuid division;
  Regime regime = Regime::kGeneral;
  Desk desk;
};

struct Told {
  Uuid post;
  Uuid person;
  Uuid instead_of;  // vacant post whose part it takes; nil = its own
};

struct Resolved {
  std::vector<Told> told;      // no post twice
  std::vector<Uuid> vacant;    // posts, in the order they were met, none twice
  std::vector<Level> skipped;  // levels without such a post, none twice
};

Resolved ResolveRecipients(const Ground& ground, const EscalationSubject& subject,
                           const std::vector<Recipients>& recipients, absl::Time now);

}  // namespace gridwarden::domain
