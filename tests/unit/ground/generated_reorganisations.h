#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/ground/ground.h"

// Invented histories of a small province: reorganisations written into a book day by day, some back-dated,
// some struck out again. From the book come the records that a Ground is made of, and, independently of all
// code under test, the answers: by reading the book line by line.
namespace gridwarden::domain::testing {

inline const absl::Time kFirstDay = absl::FromUnixSeconds(1500000000);
inline absl::Time Day(int day) { return kFirstDay + absl::Hours(24) * day; }
inline constexpr int kNever = 1'000'000;  // a day beyond all

struct Operation {
  enum class Kind {
    kMergeInto,
    kMergeNew,
    kSplitOff,
    kSplitUp,
    kMove,
    kRename,
    kRecode,
    kAbolish,
    kSetUpAgain
  };
  Kind kind = Kind::kMove;
  int recorded = 0, struck = kNever;  // days of the book
  int effective = 0;                  // day in the world
  int subject = 0;                    // numbers of divisions
  int other = 0;                      // the one merged with, or the new parent
  int made = 0, made_too = 0;         // new divisions that it sets up
  double share = 0;                   // of what is split; 0 = not stated
  int code = 0;                       // for what it sets up or gives a new one; used again when it is free
};

// What the world was on a day: who stood under whom, and what had become of the ground of those that had
// ended.
struct World {
  static constexpr int kGone = -2, kTop = -1;
  std::vector<int> parent;                   // per division; kGone when it does not exist
  std::vector<int> began;                    // the day its present life began
  std::vector<std::map<int, double>> heirs;  // per division that ended: whose ground it is; 0 = not stated
  std::vector<bool> ever;                    // had a life by now
  std::vector<int> split;                    // the day it last gave ground away while it went on
  std::vector<int> code;                     // the statistical code of each that exists; -1 = none
};

// One link of lineage that an operation made.
struct BookLink {
  int operation = 0, from = 0, to = -1;
  LineageKind kind = LineageKind::kUnspecified;
  double share = 0;
  int effective = 0;
};

class Book {
 public:
  int divisions = 0;  // numbers 0 .. divisions-1; the first ones were always there
  int initial = 0;
  std::vector<Level> level;
  std::vector<int> first_parent;  // of the initial ones
  std::vector<Operation> operations;

  // The operations that stood at `known`, in the order in which they took effect.
  std::vector<int> StandingAt(int known) const {
    std::vector<int> standing;
    for (int i = 0; i < static_cast<int>(operations.size()); ++i) {
      if (operations[i].recorded <= known && known < operations[i].struck) standing.push_back(i);
    }
    std::stable_sort(standing.begin(), standing.end(),
                     [&](int a, int b) { return operations[a].effective < operations[b].effective; });
    return standing;
  }

  World First() const {
    World world;
    world.parent.assign(divisions, World::kGone);
    world.began.assign(divisions, kNever);
    world.heirs.resize(divisions);
    world.ever.assign(divisions, false);
    world.split.assign(divisions, -kNever);
    world.code.assign(divisions, -1);
    for (int i = 0; i < initial; ++i) {
      world.parent[i] = first_parent[i];
      world.code[i] = i;
      world.began[i] = -kNever;
      world.ever[i] = true;
    }
    return world;
  }

  // Makes the change, when it is possible in that world; answers the links it makes, or nothing.
  std::optional<std::vector<BookLink>> Apply(int number, World& world) const {
    const Operation& op = operations[number];
    const auto exists = [&](int d) { return world.parent[d] != World::kGone; };
    // Nothing is set up, or divided, and taken down on one day: a day has no order.
    const auto can_end = [&](int d) {
      return exists(d) && world.began[d] < op.effective && world.split[d] < op.effective;
    };
    const auto children = [&](int d) {
      std::vector<int> found;
      for (int i = 0; i < divisions; ++i) {
        if (world.parent[i] == d) found.push_back(i);
      }
      return found;
    };
    // The one the operation names when nobody has it, else one of its own.
    const auto give_code = [&](int d) {
      const bool is_free = std::find(world.code.begin(), world.code.end(), op.code) == world.code.end();
      world.code[d] = is_free ? op.code : 1000 + 2 * number + (d == op.made_too ? 1 : 0);
    };
    const auto begin = [&](int d, int under) {
      world.parent[d] = under;
      give_code(d);
      world.began[d] = op.effective;
      world.ever[d] = true;
      world.heirs[d].clear();
    };
    // Its ground passes on, and with it what it had taken over.
    const auto end = [&](int d, std::vector<std::pair<int, double>> parts) {
      world.parent[d] = World::kGone;
      world.code[d] = -1;
      if (parts.size() == 1 && parts[0].second == 0) parts[0].second = 1;
      world.heirs[d] = {{d, 1.0}};
      for (std::map<int, double>& held : world.heirs) {
        const auto mine = held.find(d);
        if (mine == held.end()) continue;
        const double share = mine->second;
        held.erase(mine);
        for (const auto& [to, part] : parts) {
          if (to < 0) continue;
          const double more = share * part;
          const auto [known, is_new] = held.emplace(to, more);
          if (!is_new) known->second = known->second == 0 || more == 0 ? 0 : known->second + more;
        }
      }
    };
    const int d = op.subject;
    std::vector<BookLink> links;
    const auto link = [&](int from, int to, LineageKind kind, double share) {
      links.push_back({number, from, to, kind, share, op.effective});
    };
    switch (op.kind) {
      case Operation::Kind::kMergeInto:
        if (!can_end(d) || !exists(op.other) || d == op.other || level[d] != level[op.other])
          return std::nullopt;
        for (const int child : children(d)) world.parent[child] = op.other;
        end(d, {{op.other, op.share}});
        link(d, op.other, LineageKind::kMerge, op.share);
        return links;
      case Operation::Kind::kMergeNew:
        if (!can_end(d) || !can_end(op.other) || d == op.other || level[d] != level[op.other] ||
            exists(op.made) || world.ever[op.made])
          return std::nullopt;
        begin(op.made, world.parent[d]);
        for (const int from : {d, op.other}) {
          for (const int child : children(from)) world.parent[child] = op.made;
          end(from, {{op.made, op.share}});
          link(from, op.made, LineageKind::kMerge, op.share);
        }
        return links;
      case Operation::Kind::kSplitOff:
        if (!exists(d) || world.ever[op.made]) return std::nullopt;
        begin(op.made, world.parent[d]);
        if (const std::vector<int> below = children(d); below.size() > 1) world.parent[below[0]] = op.made;
        world.split[d] = op.effective;
        link(d, op.made, LineageKind::kSplit, op.share);
        return links;
      case Operation::Kind::kSplitUp: {
        if (!can_end(d) || world.ever[op.made] || world.ever[op.made_too]) return std::nullopt;
        const std::vector<int> below = children(d);
        begin(op.made, world.parent[d]);
        begin(op.made_too, world.parent[d]);
        for (size_t i = 0; i < below.size(); ++i) world.parent[below[i]] = i % 2 == 0 ? op.made : op.made_too;
        const double rest = op.share == 0 ? 0 : 1 - op.share;
        end(d, {{op.made, op.share}, {op.made_too, rest}});
        link(d, op.made, LineageKind::kSplit, op.share);
        link(d, op.made_too, LineageKind::kSplit, rest);
        return links;
      }
      case Operation::Kind::kMove:
        if (!exists(d) || !exists(op.other) || world.parent[d] == op.other || world.parent[d] < 0 ||
            level[op.other] != level[world.parent[d]])
          return std::nullopt;
        world.parent[d] = op.other;
        link(d, d, LineageKind::kMove, 0);
        return links;
      case Operation::Kind::kRename:
      case Operation::Kind::kRecode:
        if (!exists(d)) return std::nullopt;
        if (op.kind == Operation::Kind::kRecode) give_code(d);
        link(d, d, op.kind == Operation::Kind::kRename ? LineageKind::kRename : LineageKind::kRecode, 0);
        return links;
      case Operation::Kind::kAbolish:
        if (!can_end(d) || !children(d).empty()) return std::nullopt;
        end(d, {});
        link(d, -1, LineageKind::kAbolish, 0);
        return links;
      case Operation::Kind::kSetUpAgain: {
        if (exists(d) || !world.ever[d] || !exists(op.other) || level[op.other] == level[d] ||
            static_cast<int>(level[op.other]) + 1 != static_cast<int>(level[d]))
          return std::nullopt;
        // Out of whoever has its ground now; not on the day it ended.
        if (ended_on_[d] == op.effective || world.heirs[d].size() != 1) return std::nullopt;
        const int from = world.heirs[d].begin()->first;
        if (!exists(from)) return std::nullopt;
        begin(d, op.other);
        world.split[from] = op.effective;
        link(from, d, LineageKind::kSplit, op.share);
        return links;
      }
    }
    return std::nullopt;
  }

  // Replays the book as known on a day up to the end of day `at`. `each` sees every change that was possible.
  template <typename Each>
  World Replay(int at, int known, Each each) const {
    World world = First();
    ended_on_.assign(divisions, -kNever);
    for (const int i : StandingAt(known)) {
      if (operations[i].effective > at) break;
      const std::vector<int> before = world.parent;
      const auto links = Apply(i, world);
      for (int d = 0; d < divisions; ++d) {
        if (before[d] != World::kGone && world.parent[d] == World::kGone)
          ended_on_[d] = operations[i].effective;
      }
      if (links) each(i, *links, world);
    }
    return world;
  }
  World WorldAt(int at, int known) const {
    return Replay(at, known, [](int, const auto&, const World&) {});
  }

 private:
  mutable std::vector<int> ended_on_;  // of the replay that runs
};

// What the book says as known on a day, line by line, for the words of a failure.
inline std::string TextOf(const Book& book, int known) {
  std::string text = "\n";
  book.Replay(kNever, known, [&](int i, const std::vector<BookLink>& made, const World&) {
    for (const BookLink& link : made) {
      text += "day " + std::to_string(link.effective) + " operation " + std::to_string(i) + " kind " +
              std::to_string(static_cast<int>(book.operations[i].kind)) + ": " + std::to_string(link.from) +
              " -> " + std::to_string(link.to) + " " + std::to_string(link.share) + "\n";
    }
  });
  return text;
}

// The answers of the book.
struct BookAnswers {
  const Book& book;

  std::vector<int> AncestorsAt(int division, int at, int known) const {
    const World world = book.WorldAt(at, known);
    std::vector<int> chain;
    if (world.parent[division] == World::kGone) return chain;
    for (int d = division; d != World::kTop; d = world.parent[d]) chain.push_back(d);
    return chain;
  }

  // Division -> share; shares only for times after.
  std::map<int, double> HoldersOf(int division, int at, int known) const {
    const World world = book.WorldAt(at, known);
    if (world.parent[division] != World::kGone) return {{division, 1.0}};
    if (world.ever[division]) return world.heirs[division];
    // Not yet there: read backwards from the last page who gave ground to it, to those, and so on.
    std::vector<BookLink> links;
    book.Replay(kNever, known, [&](int, const std::vector<BookLink>& made, const World&) {
      for (const BookLink& link : made) {
        if (link.effective > at && link.to >= 0 && link.from != link.to) links.push_back(link);
      }
    });
    std::set<int> wanted = {division};
    std::map<int, double> found;
    for (size_t last = links.size(); last > 0;) {
      size_t first = last;  // the links of one day, which have no order among them
      while (first > 0 && links[first - 1].effective == links[last - 1].effective) --first;
      for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = first; i < last; ++i) {
          if (!wanted.contains(links[i].to)) continue;
          const int from = links[i].from;
          if (world.parent[from] != World::kGone) {
            found[from] = 1;
          } else if (!world.ever[from]) {
            grew |= wanted.insert(from).second;
          }
        }
      }
      last = first;
    }
    return found;
  }
};

// The records of the book: what a careful clerk would have in the tables.
struct Records {
  std::vector<Division> divisions;
  std::vector<Lineage> lineages;
};

inline Uuid IdOf(const char* what, int number) {
  return Uuid::Derive(*Uuid::Parse("018bcfe5-6800-7000-8000-000000000001"),
                      std::string(what) + std::to_string(number));
}
inline Uuid DivisionId(int number) { return number < 0 ? Uuid() : IdOf("division", number); }

class Clerk {
 public:
  explicit Clerk(const Book& book) : book_(book), rows_(book.divisions) {}

  // Brings the records to what the book says at the end of a day; what no longer holds is withdrawn, never
  // edited.
  void WriteUp(int day) {
    std::vector<std::vector<Row>> wanted(book_.divisions);
    std::vector<BookLink> links;
    World before = book_.First();
    for (int d = 0; d < book_.initial; ++d) wanted[d].push_back({before.parent[d], -kNever, kNever});
    book_.Replay(kNever, day, [&](int i, const std::vector<BookLink>& made, const World& world) {
      const int on = book_.operations[i].effective;
      for (int d = 0; d < book_.divisions; ++d) {
        if (world.parent[d] == before.parent[d]) continue;
        if (before.parent[d] != World::kGone) {
          wanted[d].back().to = on;
          if (wanted[d].back().from == on) wanted[d].pop_back();
        }
        if (world.parent[d] != World::kGone) wanted[d].push_back({world.parent[d], on, kNever});
      }
      before = world;
      links.insert(links.end(), made.begin(), made.end());
    });
    for (int d = 0; d < book_.divisions; ++d) {
      for (Row& row : rows_[d]) {
        if (row.struck != kNever) continue;
        const auto same = std::find_if(wanted[d].begin(), wanted[d].end(), [&](const Row& w) {
          return w.parent == row.parent && w.from == row.from && w.to == row.to;
        });
        if (same == wanted[d].end()) {
          row.struck = day;
        } else {
          wanted[d].erase(same);
        }
      }
      for (Row& row : wanted[d]) {
        row.recorded = day;
        rows_[d].push_back(row);
      }
    }
    for (Link& known : links_) {
      if (known.struck != kNever) continue;
      const auto same = std::find_if(links.begin(), links.end(), [&](const BookLink& l) {
        return l.operation == known.link.operation && l.from == known.link.from && l.to == known.link.to;
      });
      if (same == links.end()) {
        known.struck = day;
      } else {
        links.erase(same);
      }
    }
    for (const BookLink& link : links) links_.push_back({link, day, kNever});
  }

  Records Make() const {
    Records records;
    // Codes are kept as known today.
    std::vector<std::vector<DivisionCode>> codes(book_.divisions);
    World before = book_.First();
    for (int d = 0; d < book_.initial; ++d) codes[d].push_back({std::to_string(before.code[d]), {}});
    book_.Replay(kNever, kNever - 1, [&](int i, const std::vector<BookLink>&, const World& world) {
      const absl::Time on = Day(book_.operations[i].effective);
      for (int d = 0; d < book_.divisions; ++d) {
        if (world.code[d] == before.code[d]) continue;
        if (before.code[d] >= 0) codes[d].back().valid.to = on;
        if (world.code[d] >= 0)
          codes[d].push_back({std::to_string(world.code[d]), {on, absl::InfiniteFuture()}});
      }
      before = world;
    });
    for (int d = 0; d < book_.divisions; ++d) {
      Division division;
      division.id = DivisionId(d);
      division.level = book_.level[d];
      division.display_name = "d" + std::to_string(d);
      division.codes = codes[d];
      division.valid = {absl::InfiniteFuture(), absl::InfiniteFuture()};
      const Row* newest = nullptr;
      bool changed = d >= book_.initial;
      for (const Row& row : rows_[d]) {
        changed |= row.recorded != kBefore || row.struck != kNever || row.to != kNever;
        Placement placement;
        placement.parent = DivisionId(row.parent);
        placement.valid = {row.from == -kNever ? absl::InfinitePast() : Day(row.from),
                           row.to == kNever ? absl::InfiniteFuture() : Day(row.to)};
        if (row.recorded != kBefore) placement.recorded = Day(row.recorded);
        if (row.struck != kNever) placement.revoked = Day(row.struck);
        division.placements.push_back(placement);
        if (row.struck == kNever && (newest == nullptr || newest->to < row.to)) newest = &row;
      }
      if (newest != nullptr) {
        division.parent = DivisionId(newest->parent);
        division.valid = division.placements[newest - rows_[d].data()].valid;
      }
      if (!changed) division.placements.clear();
      records.divisions.push_back(division);
    }
    for (size_t i = 0; i < links_.size(); ++i) {
      const Link& row = links_[i];
      Lineage lineage;
      lineage.id = IdOf("lineage", static_cast<int>(i));
      lineage.from = DivisionId(row.link.from);
      lineage.to = DivisionId(row.link.to);
      lineage.kind = row.link.kind;
      lineage.share = row.link.share;
      lineage.effective = Day(row.link.effective);
      lineage.recorded = Day(row.recorded);
      if (row.struck != kNever) lineage.revoked = Day(row.struck);
      records.lineages.push_back(lineage);
    }
    return records;
  }

  static constexpr int kBefore = -1;  // the day of the first list: always known

 private:
  struct Row {
    int parent = 0, from = 0, to = 0;
    int recorded = 0, struck = kNever;
  };
  struct Link {
    BookLink link;
    int recorded = 0, struck = kNever;
  };
  const Book& book_;
  std::vector<std::vector<Row>> rows_;
  std::vector<Link> links_;
};

// A city, three counties with two townships each, three villages in each of them, and `count` reorganisations
// on days 0 to 99, a third of them back-dated, one in eight struck out later. `each_day` sees the book after
// a day's last line.
template <typename EachDay>
Book MakeBook(std::mt19937& random, int count, EachDay each_day) {
  const auto pick = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  Book book;
  const auto add = [&](Level level, int parent) {
    book.level.push_back(level);
    book.first_parent.push_back(parent);
    return book.divisions++;
  };
  const int city = add(Level::kCity, World::kTop);
  std::vector<int> townships;
  std::vector<int> counties;
  for (int c = 0; c < 3; ++c) counties.push_back(add(Level::kCounty, city));
  for (int t = 0; t < 6; ++t) townships.push_back(add(Level::kTownship, counties[t / 2]));
  for (int v = 0; v < 18; ++v) add(Level::kVillage, townships[v / 3]);
  book.initial = book.divisions;
  // Divisions are numbered before they exist, so that a struck operation leaves its number unused.
  std::vector<Operation> planned;
  for (int i = 0; i < count; ++i) {
    Operation op;
    op.kind = static_cast<Operation::Kind>(pick(0, 8));
    op.recorded = pick(0, 99);
    op.effective = pick(0, 2) == 0 ? pick(0, op.recorded) : op.recorded + pick(0, 5);
    if (pick(0, 7) == 0) op.struck = op.recorded + pick(1, 40);
    op.subject = pick(1, book.divisions - 1);
    const Level level = book.level[op.subject];
    std::vector<int> others;  // of the level, or of the one above for a new parent
    const bool under = op.kind == Operation::Kind::kMove || op.kind == Operation::Kind::kSetUpAgain;
    for (int d = 0; d < book.divisions; ++d) {
      const int above = static_cast<int>(level) - static_cast<int>(book.level[d]);
      if (d != op.subject && above == (under ? 1 : 0)) others.push_back(d);
    }
    if (others.empty()) continue;
    op.other = others[pick(0, static_cast<int>(others.size()) - 1)];
    op.share = pick(0, 2) == 0 ? 0 : pick(1, 9) / 10.0;
    op.code = pick(0, book.initial - 1);
    if (op.kind == Operation::Kind::kMergeInto || op.kind == Operation::Kind::kMergeNew)
      op.share = pick(0, 1) == 0 ? 0 : 1;
    if (op.kind == Operation::Kind::kMergeNew || op.kind == Operation::Kind::kSplitOff ||
        op.kind == Operation::Kind::kSplitUp) {
      op.made = add(level, World::kTop);
      if (op.kind == Operation::Kind::kSplitUp) op.made_too = add(level, World::kTop);
    }
    planned.push_back(op);
  }
  std::stable_sort(planned.begin(), planned.end(),
                   [](const Operation& a, const Operation& b) { return a.recorded < b.recorded; });
  book.operations = planned;
  std::set<int> days;
  for (const Operation& op : planned) {
    days.insert(op.recorded);
    if (op.struck != kNever) days.insert(op.struck);
  }
  for (const int day : days) each_day(book, day);
  return book;
}

}  // namespace gridwarden::domain::testing
