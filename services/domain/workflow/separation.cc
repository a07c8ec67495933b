#include "domain/workflow/separation.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

// Where a post stands, for the question whether two people belong together.
struct Node {
  Uuid division;
  Uuid unit;  // nil for a post of a grid
  Uuid post;
};

// A post on ground that passed on since counts where its ground is now.
void AddNode(const Ground& ground, const Post& post, const CheckerQuestion& question,
             std::vector<Node>& nodes) {
  const Uuid stands = ground.DivisionOf(post);
  const std::vector<Ground::Heir> holders = ground.HoldersOf(stands, question.at, question.known);
  if (holders.empty()) nodes.push_back({stands, post.unit, post.id});
  for (const Ground::Heir& holder : holders) nodes.push_back({holder.division->id, post.unit, post.id});
}

std::vector<Node> NodesOf(const Ground& ground, const Uuid& person, const CheckerQuestion& question) {
  std::vector<Node> nodes;
  for (const Holding& holding : ground.HoldingsOf(person, question.at, question.known)) {
    if (holding.post == nullptr) continue;
    AddNode(ground, *holding.post, question, nodes);
  }
  return nodes;
}

std::vector<Node> FixerNodes(const Ground& ground, const CheckerQuestion& question) {
  std::vector<Node> nodes = NodesOf(ground, question.fixer, question);
  // The post in which it was fixed counts even if the fixer has left it since.
  const Post* post = question.fixer_post.IsNil() ? nullptr : ground.FindPost(question.fixer_post);
  if (post != nullptr) AddNode(ground, *post, question, nodes);
  // Who received the case stands for its fixer.
  const Unit* party = question.party_unit.IsNil() ? nullptr : ground.FindUnit(question.party_unit);
  if (party != nullptr) nodes.push_back({party->division, party->id, Uuid()});
  return nodes;
}

bool IsBelowTownship(const Ground& ground, const Uuid& division) {
  const Division* found = ground.FindDivision(division);
  return found != nullptr && found->level > Level::kTownship;
}

// Two units of one county are two nodes; a unit and the grid of its own county are one, because the grid
// answers for it.
bool SameNode(const Node& a, const Node& b) {
  if (!a.unit.IsNil() && !b.unit.IsNil()) return a.unit == b.unit;
  return !a.division.IsNil() && a.division == b.division;
}

// In the tree of the question's time.
bool IsWithin(const Ground& ground, const Uuid& division, const Uuid& ancestor,
              const CheckerQuestion& question) {
  const std::vector<const Division*> chain = ground.AncestorsAt(division, question.at, question.known);
  return std::any_of(chain.begin(), chain.end(), [&](const Division* d) { return d->id == ancestor; });
}

bool InDirectChain(const Ground& ground, const Node& candidate, const Node& fixer,
                   const CheckerQuestion& question) {
  if (!IsBelowTownship(ground, candidate.division)) return false;
  return IsWithin(ground, candidate.division, fixer.division, question) ||
         IsWithin(ground, fixer.division, candidate.division, question);
}

Verdict No(std::string_view rule) { return {false, std::string(rule), std::string(WordsOf(rule))}; }

// Everything about the fixer that every candidate is compared with, looked up once.
class Judge {
 public:
  Judge(const Ground& ground, const CheckerQuestion& question)
      : ground_(ground), question_(question), fixer_nodes_(FixerNodes(ground, question)) {}

  Verdict Of(const Uuid& post_id, const Uuid& person) const {
    const Post* post = ground_.FindPost(post_id);
    if (post == nullptr || post->kind != PostKind::kSupervisionOfficer ||
        !post->valid.Contains(question_.at)) {
      return No("B4.NOT_SUPERVISION");
    }
    const std::vector<Node> nodes = NodesOf(ground_, person, question_);
    if (person.IsNil() ||
        std::none_of(nodes.begin(), nodes.end(), [&](const Node& n) { return n.post == post_id; })) {
      return No("B4.NOT_HELD");
    }
    if (person == question_.fixer) return No("B4.FIXER");
    for (const Actor& actor : question_.chain) {
      if (actor.person != person || actor.duty == Duty::kChecker) continue;
      return {false, "B4.LINEAGE",
              absl::StrCat(std::string(WordsOf("B4.LINEAGE")), "（", std::string(ZhOf(actor.duty)), "）")};
    }
    bool alternates = false;
    for (const Excluded& out : question_.excluded) {
      if (out.person != person) continue;
      if (out.why != Exclusion::kAlternation) return No(RuleOf(out.why));
      alternates = question_.alternates;
    }
    for (const Node& mine : nodes) {
      for (const Node& theirs : fixer_nodes_) {
        if (mine.post == theirs.post) return No("B4.SHARED_POST");
        if (SameNode(mine, theirs)) return No("B4.OWN_NODE");
        if (InDirectChain(ground_, mine, theirs, question_)) return No("B4.DIRECT_CHAIN");
      }
    }
    // Last, so that whoever is out for this alone is known to be.
    if (alternates) return No(RuleOf(Exclusion::kAlternation));
    return {true, "B4", std::string(WordsOf("B4"))};
  }

 private:
  const Ground& ground_;
  const CheckerQuestion& question_;
  std::vector<Node> fixer_nodes_;
};

// Where the ground of the case is when the question is asked; of several divisions that share it, all.
std::vector<std::vector<const Division*>> ChainsOf(const Ground& ground, const CheckerQuestion& question) {
  std::vector<std::vector<const Division*>> chains;
  for (const Ground::Heir& holder : ground.HoldersOf(question.division, question.at, question.known))
    chains.push_back(ground.AncestorsAt(holder.division->id, question.at, question.known));
  // Ground that nobody took over: where it last stood.
  if (chains.empty()) chains.push_back(ground.AncestorsOf(question.division));
  return chains;
}

// The nearest ancestor, or the division itself, at the level; null when there is none.
const Division* AncestorAt(const std::vector<const Division*>& chain, Level level) {
  for (const Division* ancestor : chain) {
    if (ancestor->level == level) return ancestor;
  }
  return nullptr;
}

// Deeper than any real tree; also what ends the walk should a parent ever point in a circle.
constexpr int kDepthMax = 10;

void CollectSubtree(const Ground& ground, const Uuid& division, int depth, std::vector<Uuid>& out) {
  out.push_back(division);
  if (depth == kDepthMax) return;
  for (const Division* child : ground.ChildrenOf(division)) CollectSubtree(ground, child->id, depth + 1, out);
}

// The divisions whose own supervision officers make up a ring.
std::vector<Uuid> DivisionsOf(const Ground& ground, const std::vector<const Division*>& chain, Ring ring) {
  std::vector<Uuid> out;
  const Division* township = AncestorAt(chain, Level::kTownship);
  const Division* county = AncestorAt(chain, Level::kCounty);
  // A case of the whole city, or of a city without counties: its own children and itself.
  if (county == nullptr) county = AncestorAt(chain, Level::kCity);
  switch (ring) {
    case Ring::kTownship:
      if (township != nullptr) CollectSubtree(ground, township->id, 0, out);
      break;
    case Ring::kNeighbourTownships:
      if (county == nullptr) break;
      for (const Division* child : ground.ChildrenOf(county->id)) {
        if (township == nullptr || child->id != township->id) out.push_back(child->id);
      }
      break;
    case Ring::kCounty:
      if (county != nullptr) out.push_back(county->id);
      break;
  }
  return out;
}

// Goes out from the case ring by ring until somebody may check.
Pool Search(const Ground& ground, const CheckerQuestion& question) {
  Pool pool;
  const Judge judge(ground, question);
  const std::vector<std::vector<const Division*>> chains = ChainsOf(ground, question);
  for (const Ring ring : {Ring::kTownship, Ring::kNeighbourTownships, Ring::kCounty}) {
    RingCount count{.ring = ring};
    std::vector<Uuid> divisions;
    for (const std::vector<const Division*>& chain : chains) {
      for (const Uuid& division : DivisionsOf(ground, chain, ring)) divisions.push_back(division);
    }
    std::sort(divisions.begin(), divisions.end());
    divisions.erase(std::unique(divisions.begin(), divisions.end()), divisions.end());
    for (const Uuid& division : divisions) {
      for (const Post* post : ground.PostsAt(division)) {
        if (post->kind != PostKind::kSupervisionOfficer) continue;
        const Tenure* holder = ground.HolderOf(post->id, question.at, question.known);
        if (holder == nullptr) {
          ++count.vacant;
          continue;
        }
        const Verdict verdict = judge.Of(post->id, holder->person);
        if (verdict.eligible) {
          pool.eligible.push_back({post->id, holder->person, ring});
        } else {
          ++count.refused[verdict.rule];
        }
      }
    }
    count.eligible = static_cast<int>(pool.eligible.size());
    pool.rings.push_back(std::move(count));
    if (!pool.eligible.empty()) break;
  }
  std::sort(pool.eligible.begin(), pool.eligible.end(),
            [](const EligibleChecker& a, const EligibleChecker& b) {
              return std::tie(a.post, a.person) < std::tie(b.post, b.person);
            });
  return pool;
}

}  // namespace

std::string_view NameOf(Duty duty) {
  switch (duty) {
    case Duty::kUnspecified:
      return "DUTY_UNSPECIFIED";
    case Duty::kFixer:
      return "FIXER";
    case Duty::kChecker:
      return "CHECKER";
    case Duty::kSigner:
      return "SIGNER";
  }
  return "UNKNOWN";
}

std::string_view ZhOf(Duty duty) {
  switch (duty) {
    case Duty::kUnspecified:
      return "未说明";
    case Duty::kFixer:
      return "整改人";
    case Duty::kChecker:
      return "核查人";
    case Duty::kSigner:
      return "签字人";
  }
  return "未知";
}

std::string_view NameOf(Ring ring) {
  switch (ring) {
    case Ring::kTownship:
      return "TOWNSHIP";
    case Ring::kNeighbourTownships:
      return "NEIGHBOUR_TOWNSHIPS";
    case Ring::kCounty:
      return "COUNTY";
  }
  return "UNKNOWN";
}

std::string_view ZhOf(Ring ring) {
  switch (ring) {
    case Ring::kTownship:
      return "本乡镇";
    case Ring::kNeighbourTownships:
      return "本县相邻乡镇";
    case Ring::kCounty:
      return "县级";
  }
  return "未知";
}

absl::Status CheckSeparation(std::span<const Actor> chain, const Uuid& person, Duty duty) {
  for (const Actor& actor : chain) {
    if (actor.person != person || actor.duty == duty) continue;
    return FailedPrecondition(
        "SEPARATION_OF_DUTIES",
        absl::StrCat("the person is ", std::string(NameOf(actor.duty)), " of this chain and cannot be ",
                     std::string(NameOf(duty))),
        {{"duty", std::string(ZhOf(actor.duty))}, {"duty_name", std::string(NameOf(actor.duty))}});
  }
  return absl::OkStatus();
}

Verdict JudgeChecker(const Ground& ground, const CheckerQuestion& question, const Uuid& post,
                     const Uuid& person) {
  return Judge(ground, question).Of(post, person);
}

absl::Status ToStatus(const Verdict& verdict) {
  if (verdict.eligible) return absl::OkStatus();
  return FailedPrecondition("CHECKER_NOT_ELIGIBLE",
                            absl::StrCat("the checker is not independent: ", verdict.rule),
                            {{"rule", verdict.words}, {"rule_id", verdict.rule}});
}

std::string_view RuleOf(Exclusion exclusion) {
  switch (exclusion) {
    case Exclusion::kHandled:
      return "B4.HANDLED";
    case Exclusion::kUnable:
      return "B4.UNABLE";
    case Exclusion::kFinder:
      return "B4.FINDER";
    case Exclusion::kFirstChecker:
      return "B4.FIRST_CHECKER";
    case Exclusion::kConflict:
      return "B4.CONFLICT";
    case Exclusion::kAlternation:
      return "B4.ALTERNATION";
  }
  return "B4.UNKNOWN";
}

std::string_view WordsOf(std::string_view rule) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"B4", "与整改人无同岗、同网格、同链条关系，未参与本案，无需回避"},
      {"B4.NOT_SUPERVISION", "核查岗位不是监督员"},
      {"B4.NOT_HELD", "该人员当时不在核查岗位上"},
      {"B4.FIXER", "该人员是本案整改人"},
      {"B4.LINEAGE", "该人员在本案链条中已承担其他职责"},
      {"B4.HANDLED", "该人员参与过本案处置"},
      {"B4.UNABLE", "该人员已报告无法核查"},
      {"B4.FINDER", "该人员是本案问题发现人"},
      {"B4.FIRST_CHECKER", "该人员作出了有异议的那次核查"},
      {"B4.CONFLICT", "已申报回避"},
      {"B4.ALTERNATION", "该人员刚核查过同一整改人，须轮换"},
      {"B4.SHARED_POST", "与整改人同任一个岗位"},
      {"B4.OWN_NODE", "与整改人在同一网格或同一单位任职"},
      {"B4.DIRECT_CHAIN", "与整改人处于乡镇以下同一条网格链"},
      {"B4.NOBODY", "全县没有符合条件的监督员"},
  };
  for (const auto& [code, words] : kWords) {
    if (code == rule) return words;
  }
  return "不符合核查独立性规则";
}

Pool PoolOf(const Ground& ground, const CheckerQuestion& question) {
  Pool pool = Search(ground, question);
  if (!pool.eligible.empty() || !question.alternates) return pool;
  CheckerQuestion relaxed = question;
  relaxed.alternates = false;
  Pool wider = Search(ground, relaxed);
  if (wider.eligible.empty()) return pool;
  wider.alternation_relaxed = true;
  return wider;
}

std::vector<EligibleChecker> EligibleCheckers(const Ground& ground, const CheckerQuestion& question) {
  return PoolOf(ground, question).eligible;
}

std::string WaitingReason(const Pool& pool) {
  int vacant = 0;
  std::map<std::string, int> refused;
  for (const RingCount& ring : pool.rings) {
    vacant += ring.vacant;
    for (const auto& [rule, count] : ring.refused) refused[rule] += count;
  }
  std::string out(WordsOf("B4.NOBODY"));
  const char* before = "：";
  for (const auto& [rule, count] : refused) {
    absl::StrAppend(&out, before, std::string(WordsOf(rule)), " ", count, " 人");
    before = "；";
  }
  if (vacant > 0) absl::StrAppend(&out, before, "岗位空缺 ", vacant, " 个");
  return out;
}

const EligibleChecker* ChooseChecker(std::span<const EligibleChecker> eligible, const DrawKey& key) {
  const EligibleChecker* chosen = nullptr;
  std::string smallest;
  for (const EligibleChecker& candidate : eligible) {
    std::string own = key(candidate);
    if (chosen != nullptr && own >= smallest) continue;
    chosen = &candidate;
    smallest = std::move(own);
  }
  return chosen;
}

}  // namespace gridwarden::domain
