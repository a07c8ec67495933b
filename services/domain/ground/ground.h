#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/id.h"

// The ground, the posts on it and who held them, as one immutable value in memory: permission and
// responsibility are look-ups here, never queries. Intervals are half-open; an open end is
// absl::InfiniteFuture().
namespace gridwarden::domain {

// Values equal those of grid.v1.
enum class Level : uint8_t { kUnspecified, kProvince, kCity, kCounty, kTownship, kVillage, kGroup };
enum class PostKind : uint8_t {
  kUnspecified,
  kGridLeader,
  kGridOfficer,
  kPatrolOfficer,
  kSupervisionOfficer,
  kCampaignOffice,
  kUnitHandler,
  kEnforcement,
  kDiscipline,
  kFirstGridLeader,
  kTownshipHead,
  kVillageHead,
  kRoadChief,
  kGridInspector
};
enum class Regime : uint8_t { kUnspecified, kGeneral, kSmallPolluter, kRoad, kSite };
enum class Responsibility : uint8_t { kUnspecified, kNone, kFirst, kDirectLeadership, kLeadership, kOverall };
enum class TenureKind : uint8_t { kUnspecified, kFormal, kActing };

// "CITY", "GRID_LEADER" ...: the names of the proto's values.
std::string_view NameOf(Level level);
std::string_view NameOf(PostKind kind);
std::string_view NameOf(Regime regime);
std::string_view NameOf(Responsibility responsibility);
std::optional<Level> ParseLevel(std::string_view name);
std::optional<PostKind> ParsePostKind(std::string_view name);
std::optional<Regime> ParseRegime(std::string_view name);

// "divisions/code:..." and paths are spellings for people; the canonical code of a level is unpadded (2, 4,
// 6, 9, 12 digits). Answers the unpadded form of a 12-digit padded code of `level`, or the code itself when
// it is no such thing.
std::string CanonicalCode(std::string_view code, Level level);

struct Interval {
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();
  bool Contains(absl::Time t) const { return from <= t && t < to; }
  bool Overlaps(const Interval& other) const { return from < other.to && other.from < to; }
};

struct DivisionCode {
  std::string code;
  Interval valid;
};

// Under which division a division stood, in two times. Never edited: a reorganisation withdraws and makes new
// ones.
struct Placement {
  Uuid parent;  // nil for a top
  Interval valid;
  absl::Time recorded = absl::InfinitePast();  // always known: it came with the first list
  absl::Time revoked = absl::InfiniteFuture();
};

struct FormerName {
  std::string display_name;
  Interval valid;
};

struct Division {
  Uuid id;
  Uuid parent;  // today's, or the last one of a division that ended; nil for the top
  Level level = Level::kUnspecified;
  std::string display_name;
  std::vector<DivisionCode> codes;
  Interval valid;
  // Empty: under `parent` for all of `valid`, as was always known.
  std::vector<Placement> placements;
  std::vector<FormerName> former_names;  // oldest first
  bool statistical = false;
  bool has_boundary = false;
  uint64_t revision = 0;
};

// Values equal those of grid.v1.
enum class LineageKind : uint8_t { kUnspecified, kMerge, kSplit, kRename, kMove, kRecode, kAbolish };

// What became of a piece of ground. A rename, a move and a new code keep the division: from = to.
struct Lineage {
  Uuid id;
  Uuid from;
  Uuid to;  // nil: no successor is known
  LineageKind kind = LineageKind::kUnspecified;
  double share = 0;  // of the ground of `from`, 0 to 1; 0 = not stated
  absl::Time effective;
  absl::Time recorded;
  absl::Time revoked = absl::InfiniteFuture();
  std::string document_no;
  uint64_t revision = 0;
};

struct Person {
  Uuid id;
  std::string display_name;
  uint64_t revision = 0;
};

struct Unit {
  Uuid id;
  std::string display_name;
  std::vector<std::string> aliases;
  Uuid division;
  uint64_t revision = 0;
};

struct Post {
  Uuid id;
  PostKind kind = PostKind::kUnspecified;
  Regime regime = Regime::kGeneral;
  Responsibility responsibility = Responsibility::kNone;
  Uuid division;  // exactly one of division and unit
  Uuid unit;
  int ordinal = 1;
  Interval valid;
  uint64_t revision = 0;
};

struct Tenure {
  Uuid id;
  Uuid post;
  Uuid person;
  TenureKind kind = TenureKind::kFormal;
  Interval valid;
  absl::Time recorded;
  absl::Time revoked = absl::InfiniteFuture();
  std::string document_no;
  uint64_t revision = 0;
};

// Whether a tenure, a placement or a lineage stood at `known`: made by then and not yet withdrawn.
// InfiniteFuture asks about today's knowledge.
template <typename Record>
bool StoodAt(const Record& record, absl::Time known) {
  return record.recorded <= known && (known < record.revoked || record.revoked == absl::InfiniteFuture());
}

// Path keys sorted, less those of subtrees within another one of them.
std::vector<std::string> WithoutInner(std::vector<std::string> path_keys);

// What the division was called at `at`; today's name for a time of which nothing else is known.
const std::string& NameAt(const Division& division, absl::Time at);

// One link of the chain of responsibility; `tenure` is null when the post was vacant.
struct Link {
  const Division* division = nullptr;
  const Post* post = nullptr;
  const Tenure* tenure = nullptr;
};

// A post somebody holds.
struct Holding {
  const Post* post = nullptr;
  const Tenure* tenure = nullptr;
};

class Ground {
 public:
  Ground() = default;
  Ground(std::vector<Division> divisions, std::vector<Post> posts, std::vector<Tenure> tenures,
         std::vector<Person> persons, std::vector<Unit> units, std::vector<Lineage> lineages = {});
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  const Division* FindDivision(const Uuid& id) const;
  // Accepts "divisions/{uuid}", "{uuid}", "divisions/code:{code}[@YYYY-MM-DD]", a bare code (padded or not)
  // and a path of names
  // ("驻马店市/遂平县", from any level, as long as it is unambiguous).
  // Null when it means nothing, or more than one division at `at`.
  const Division* FindDivisionBySpelling(std::string_view spelling, absl::Time at) const;
  // Every division the spelling could mean at `at`, for the words of an error.
  std::vector<const Division*> DivisionsBySpelling(std::string_view spelling, absl::Time at) const;
  // What the spelling last meant before `at` when it means nothing then: a code given up, the name of a
  // village that was merged; failing that, what it first meant afterwards. As at `at` when it means
  // something.
  std::vector<const Division*> DivisionsOnceSpelled(std::string_view spelling, absl::Time at) const;
  const Post* FindPost(const Uuid& id) const;
  const Tenure* FindTenure(const Uuid& id) const;
  const Person* FindPerson(const Uuid& id) const;
  const Unit* FindUnit(const Uuid& id) const;

  const std::vector<Division>& divisions() const { return divisions_; }
  const std::vector<Post>& posts() const { return posts_; }
  const std::vector<Tenure>& tenures() const { return tenures_; }
  const std::vector<Person>& persons() const { return persons_; }
  const std::vector<Unit>& units() const { return units_; }

  // The tree of today: a division that ended stands where it last stood.
  std::vector<const Division*> ChildrenOf(const Uuid& id) const;   // nil: the tops
  std::vector<const Division*> AncestorsOf(const Uuid& id) const;  // itself first, the top last
  bool IsWithin(const Uuid& id, const Uuid& ancestor) const;       // true for itself
  // Ids from the top down to this, 16 bytes each: what rows store so that a subtree is a range of keys.
  std::string PathKey(const Uuid& id) const;
  std::string PathName(const Uuid& id) const;  // "驻马店市/遂平县/灈阳街道"

  // The tree as it was at `at`, as known at `known`. A division that did not exist then has no chain and an
  // empty path. Where a list puts a division under one that did not exist, that one stands where it stood at
  // the nearest time: a gap in the lists cuts nothing off.
  bool Existed(const Uuid& id, absl::Time at, absl::Time known) const;
  std::vector<const Division*> AncestorsAt(const Uuid& id, absl::Time at, absl::Time known) const;
  std::string PathKeyAt(const Uuid& id, absl::Time at, absl::Time known) const;
  // The path where it stood last before `at`, or first after it, when it did not exist then: empty only for a
  // division that is unknown.
  std::string PathKeyNear(const Uuid& id, absl::Time at, absl::Time known) const;
  // Every path it ever had as far as we ever thought, sorted, none within another: together the ranges of all
  // rows that were ever counted in it.
  std::vector<std::string> PathKeysEver(const Uuid& id) const;
  // All that ever stood right under it, ended and moved ones included.
  std::vector<const Division*> ChildrenEver(const Uuid& id) const;

  // What became of ground. A part of the ground of a division, and the division that holds it.
  struct Heir {
    const Division* division = nullptr;
    double share = 1;  // of the ground asked about; 0 = not stated
  };
  // Who holds at `at` the ground that `id` held while it existed, following lineage over any number of steps:
  // itself as long as it exists; afterwards those to whom its ground passed when it ended; nobody when the
  // ground was given up without a known successor. Before it existed: those whose ground it took over.
  std::vector<Heir> HoldersOf(const Uuid& id, absl::Time at, absl::Time known) const;
  // Whether `ancestor` answers at `at`, as known today, for what stands on `id`: the question of permission.
  // It does when ground of `id` (or what became of it) stands within it then. What was given up without a
  // successor falls to those above where it last stood.
  bool AnswersFor(const Uuid& ancestor, const Uuid& id, absl::Time at) const;
  // Path keys, sorted and none within another, of every subtree whose rows concern `id` at `at`: where it
  // stands and ever stood, and where the divisions stood for which it answers. For lists: who answers for
  // ground sees its history. As many as pieces of ground ever came to it from elsewhere, however many rows
  // there are.
  std::vector<std::string> PathKeysHeldBy(const Uuid& id, absl::Time at) const;
  // In the order in which they took effect.
  const std::vector<Lineage>& lineages() const { return lineages_; }
  std::vector<const Lineage*> LineagesFrom(const Uuid& id) const;
  std::vector<const Lineage*> LineagesTo(const Uuid& id) const;

  std::vector<const Post*> PostsAt(const Uuid& division) const;
  std::vector<const Post*> PostsOfUnit(const Uuid& unit) const;
  // Everything ever recorded of a post or a person, withdrawn records included.
  std::vector<const Tenure*> TenuresOfPost(const Uuid& post) const;
  std::vector<const Tenure*> TenuresOfPerson(const Uuid& person) const;
  // Who held the post at `at`, as known at `known`: the acting holder before the formal one. Null when
  // vacant, and when the post itself did not exist then. `known` = InfiniteFuture is everything known today.
  const Tenure* HolderOf(const Uuid& post, absl::Time at, absl::Time known) const;
  // The posts a person held at `at`, as known at `known`.
  std::vector<Holding> HoldingsOf(const Uuid& person, absl::Time at, absl::Time known) const;
  // A post on a division lasts no longer than the division, whatever its own row says.
  bool PostExisted(const Post& post, absl::Time at, absl::Time known) const;
  // Where a post stands: its division, or its unit's.
  Uuid DivisionOf(const Post& post) const;

  // The whole chain from the division up, per level: the posts of the GENERAL regime and of `regime`, with
  // who held them at `at` as known at `known`; vacancies marked, never skipped.
  std::vector<Link> ResolveResponsible(const Uuid& division, Regime regime, absl::Time at,
                                       absl::Time known) const;

 private:
  std::vector<const Division*> DivisionsOfCode(std::string_view code, absl::Time at) const;
  std::vector<const Division*> DivisionsOfPath(const std::vector<std::string_view>& names,
                                               absl::Time at) const;
  Uuid ParentNear(const Division& division, absl::Time at, absl::Time known) const;
  std::vector<const Division*> ChainNear(const Division* division, absl::Time at, absl::Time known) const;
  // What a walk along lineage asks about.
  struct Walk {
    absl::Time at, known;
  };
  void AddHeirs(const Division& division, const Walk& walk, absl::Time ended, double share, int steps,
                std::vector<Heir>& heirs) const;
  void AddForebears(const Division& division, const Walk& walk, absl::Time until, double share, int steps,
                    std::vector<Heir>& heirs) const;
  bool AnswersFor(const Uuid& ancestor, const Uuid& id, absl::Time at, int steps) const;
  void AddPathsEver(const Division& division, const std::string& below, int depth,
                    std::vector<std::string>& keys) const;
  void IndexForeignGround();

  std::vector<Division> divisions_;
  std::vector<Post> posts_;
  std::vector<Tenure> tenures_;
  std::vector<Person> persons_;
  std::vector<Unit> units_;
  std::vector<Lineage> lineages_;
  absl::flat_hash_map<Uuid, int32_t> division_by_id_, post_by_id_, tenure_by_id_, person_by_id_, unit_by_id_;
  absl::flat_hash_map<Uuid, std::vector<int32_t>> children_, posts_by_division_, posts_by_unit_,
      tenures_by_post_, tenures_by_person_, lineages_from_, lineages_to_;
  // Beside children_: those that stood under a division before they moved. And for a division that may answer
  // for ground outside its own paths: those to ask about (PathKeysHeldBy).
  absl::flat_hash_map<Uuid, std::vector<int32_t>> former_children_, foreign_ground_;
  absl::flat_hash_map<std::string, std::vector<int32_t>> divisions_by_code_, divisions_by_name_;
};

}  // namespace gridwarden::domain
