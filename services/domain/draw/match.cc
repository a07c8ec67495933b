#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/draw/draw.h"

namespace gridwarden::domain::draw {
namespace {

// Objects and inspectors by their place in the lists; who is sent where; the search for a free seat.
class Matching {
 public:
  Matching(const Hashes& hashes, std::string_view seed_key, const Commitment& commitment,
           const std::vector<Drawn>& drawn)
      : sent_to_(drawn.size()), sends_(commitment.inspectors.size()) {
    const std::set<Exclusion> excluded(commitment.exclusions.begin(), commitment.exclusions.end());
    for (const Drawn& object : drawn) {
      std::vector<std::pair<std::string, int>> ordered;
      for (size_t i = 0; i < commitment.inspectors.size(); ++i) {
        const std::string& person = commitment.inspectors[i].person;
        if (excluded.contains({person, object.source})) continue;
        const std::string message = absl::StrCat("inspector\n", object.source, "\n", person);
        ordered.emplace_back(hashes.hmac(seed_key, message), static_cast<int>(i));
      }
      std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
      std::vector<int>& wishes = wishes_.emplace_back();
      for (const auto& [key, inspector] : ordered) wishes.push_back(inspector);
    }
  }

  // One more inspector for `object`, nobody going to more than `load` objects; who is sent elsewhere already
  // may be replaced there.
  bool Seat(int object, int load) {
    std::vector<bool> seen(sends_.size(), false);
    return Seat(object, load, seen);
  }
  int seated(int object) const { return static_cast<int>(sent_to_[object].size()); }
  int eligible(int object) const { return static_cast<int>(wishes_[object].size()); }
  // Those sent to an object, in the order in which its lot names them.
  std::vector<int> SentTo(int object) const {
    std::vector<int> sent;
    for (const int inspector : wishes_[object]) {
      if (sent_to_[object].contains(inspector)) sent.push_back(inspector);
    }
    return sent;
  }

 private:
  // Kuhn's augmenting path. It is as long as there are inspectors at most, for each is seen once.
  bool Seat(int object, int load, std::vector<bool>& seen) {
    for (const int inspector : wishes_[object]) {
      if (seen[inspector] || sent_to_[object].contains(inspector)) continue;
      seen[inspector] = true;
      if (static_cast<int>(sends_[inspector].size()) < load) {
        Send(inspector, object);
        return true;
      }
      const std::vector<int> elsewhere(sends_[inspector].begin(), sends_[inspector].end());
      for (const int other : elsewhere) {
        if (!Seat(other, load, seen)) continue;
        sent_to_[other].erase(inspector);
        sends_[inspector].erase(other);
        Send(inspector, object);
        return true;
      }
    }
    return false;
  }
  void Send(int inspector, int object) {
    sent_to_[object].insert(inspector);
    sends_[inspector].insert(object);
  }

  std::vector<std::vector<int>> wishes_;  // per object: who may be sent, by lot
  std::vector<std::set<int>> sent_to_;    // per object
  std::vector<std::set<int>> sends_;      // per inspector, in the order of the draw
};

}  // namespace

std::vector<std::string> Match(const Hashes& hashes, std::string_view seed_key, const Commitment& commitment,
                               std::vector<Drawn>& drawn) {
  Matching matching(hashes, seed_key, commitment, drawn);
  std::vector<std::string> lacking;
  std::vector<int> open;  // objects that still want somebody and can have somebody
  for (size_t i = 0; i < drawn.size(); ++i) {
    if (matching.eligible(static_cast<int>(i)) < commitment.seats) lacking.push_back(drawn[i].source);
    open.push_back(static_cast<int>(i));
  }
  for (int load = 1; !open.empty() && load <= static_cast<int>(drawn.size()); ++load) {
    std::vector<int> still;
    for (const int object : open) {
      while (matching.seated(object) < commitment.seats && matching.Seat(object, load)) {
      }
      if (matching.seated(object) < commitment.seats) still.push_back(object);
    }
    open = std::move(still);
  }
  for (size_t i = 0; i < drawn.size(); ++i) {
    for (const int inspector : matching.SentTo(static_cast<int>(i))) {
      drawn[i].inspectors.push_back(commitment.inspectors[inspector].person);
    }
  }
  return lacking;
}

std::vector<std::pair<std::string, int>> Lacking(const Commitment& commitment) {
  std::map<std::string, int> excluded;
  for (const Exclusion& exclusion : commitment.exclusions) ++excluded[exclusion.source];
  std::vector<std::pair<std::string, int>> lacking;
  for (const Candidate& candidate : commitment.candidates) {
    const int eligible = static_cast<int>(commitment.inspectors.size()) - excluded[candidate.id];
    if (eligible < commitment.seats) lacking.emplace_back(candidate.id, eligible);
  }
  return lacking;
}

}  // namespace gridwarden::domain::draw
