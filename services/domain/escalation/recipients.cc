#include "domain/escalation/recipients.h"

#include <algorithm>
#include <span>

namespace gridwarden::domain {
namespace {

const std::vector<PostKind> kLeaders = {PostKind::kGridLeader, PostKind::kFirstGridLeader};

template <typename T>
void AddOnce(std::vector<T>& list, const T& one) {
  if (std::find(list.begin(), list.end(), one) == list.end()) list.push_back(one);
}

bool Has(const std::vector<PostKind>& kinds, PostKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

// One search: the ground as it stands now.
class Search {
 public:
  Search(const Ground& ground, Regime regime, absl::Time now) : ground_(ground), regime_(regime), now_(now) {}

  Resolved Take() { return std::move(found_); }

  // The nearest posts of these kinds at this level or above; where all of them are vacant the leaders of the
  // same level, then the level above.
  void Nearest(const Uuid& division, const Recipients& wanted, const Uuid& instead_of) {
    Uuid missing = instead_of;
    const Uuid today = Today(division);
    const std::vector<Link> chain = ground_.ResolveResponsible(today, regime_, now_, absl::InfiniteFuture());
    size_t first = 0;
    for (const Division* level : ground_.AncestorsAt(today, now_, absl::InfiniteFuture())) {
      size_t end = first;
      while (end < chain.size() && chain[end].division == level) ++end;
      const std::span links(chain.data() + first, end - first);
      first = end;
      if (level->level > wanted.from) continue;
      if (At(links, *level, wanted.kinds, missing, /*note_skipped=*/true)) return;
      if (!missing.IsNil() && At(links, *level, kLeaders, missing, /*note_skipped=*/false)) return;
    }
  }

  void Responsible(const EscalationSubject& subject) {
    const Desk& desk = subject.desk;
    if (!desk.unit.IsNil()) return OfUnit(desk.unit, subject.division);
    if (desk.posts.empty()) return Nearest(subject.division, desk.nearest, {});
    for (const Uuid& post : desk.posts) {
      if (Tell(post, {})) continue;
      const Post* row = ground_.FindPost(post);
      const Uuid stands = row == nullptr ? subject.division : ground_.DivisionOf(*row);
      Nearest(stands, {.kinds = kLeaders, .from = Level::kGroup}, post);
    }
  }

 private:
  // Where the ground of a division is now; of several the one with the largest share.
  Uuid Today(const Uuid& division) const {
    if (ground_.Existed(division, now_, absl::InfiniteFuture())) return division;
    const auto heirs = ground_.HoldersOf(division, now_, absl::InfiniteFuture());
    const auto heir = std::max_element(heirs.begin(), heirs.end(),
                                       [](const auto& a, const auto& b) { return a.share < b.share; });
    return heir == heirs.end() ? division : heir->division->id;
  }

  // Whether somebody of these kinds at this level was told. Vacant ones are noted, and the first of them is
  // what those above stand in for.
  bool At(std::span<const Link> links, const Division& level, const std::vector<PostKind>& kinds,
          Uuid& missing, bool note_skipped) {
    bool told = false, exists = false;
    Uuid vacant;
    for (const Link& link : links) {
      if (!Has(kinds, link.post->kind)) continue;
      exists = true;
      if (link.tenure != nullptr) {
        Note({link.post->id, link.tenure->person, missing});
        told = true;
      } else {
        AddOnce(found_.vacant, link.post->id);
        if (vacant.IsNil()) vacant = link.post->id;
      }
    }
    if (!exists && note_skipped) AddOnce(found_.skipped, level.level);
    if (!told && missing.IsNil()) missing = vacant;
    return told;
  }

  bool Tell(const Uuid& post, const Uuid& instead_of) {
    const Tenure* tenure = ground_.HolderOf(post, now_, absl::InfiniteFuture());
    if (tenure == nullptr) {
      const Post* row = ground_.FindPost(post);
      if (row != nullptr && ground_.PostExisted(*row, now_, absl::InfiniteFuture()))
        AddOnce(found_.vacant, post);
      return false;
    }
    Note({post, tenure->person, instead_of});
    return true;
  }

  void OfUnit(const Uuid& unit, const Uuid& division) {
    bool told = false;
    Uuid missing = unit;
    for (const Post* post : ground_.PostsOfUnit(unit)) {
      if (Tell(post->id, {}))
        told = true;
      else
        missing = post->id;
    }
    if (told) return;
    const Unit* row = ground_.FindUnit(unit);
    Nearest(row == nullptr || row->division.IsNil() ? division : row->division,
            {.kinds = kLeaders, .from = Level::kGroup}, missing);
  }

  void Note(const Told& told) {
    const bool known = std::any_of(found_.told.begin(), found_.told.end(),
                                   [&](const Told& other) { return other.post == told.post; });
    if (!known) found_.told.push_back(told);
  }

  const Ground& ground_;
  const Regime regime_;
  const absl::Time now_;
  Resolved found_;
};

}  // namespace

Resolved ResolveRecipients(const Ground& ground, const EscalationSubject& subject,
                           const std::vector<Recipients>& recipients, absl::Time now) {
  Search search(ground, subject.regime, now);
  for (const Recipients& one : recipients) {
    if (one.responsible)
      search.Responsible(subject);
    else
      search.Nearest(subject.division, one, {});
  }
  return search.Take();
}

}  // namespace gridwarden::domain
