#include "gridctl/galera.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace gridwarden::gridctl {
namespace {

constexpr std::string_view kNoHistory = "00000000-0000-0000-0000-000000000000";
constexpr std::string_view kRecovered = "Recovered position:";
constexpr size_t kUuidSize = 36;

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidSize) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

// "uuid:seqno", perhaps with MariaDB's own position after a comma.
std::optional<NodePosition> ReadPair(std::string_view text) {
  if (text.size() < kUuidSize + 2 || text[kUuidSize] != ':' || !IsUuid(text.substr(0, kUuidSize)))
    return std::nullopt;
  const std::string_view rest = text.substr(kUuidSize + 1);
  const size_t end = std::min(rest.find_first_of(", \t\r"), rest.size());
  NodePosition position{.cluster = std::string(text.substr(0, kUuidSize))};
  int64_t seqno = 0;
  if (!absl::SimpleAtoi(std::string(rest.substr(0, end)), &seqno)) return std::nullopt;
  if (seqno >= 0) position.seqno = seqno;
  return position;
}

absl::Status Refused(const std::string& why) { return absl::FailedPreconditionError(why); }

}  // namespace

bool NodePosition::empty() const { return cluster.empty() || cluster == kNoHistory; }

absl::StatusOr<NodePosition> ReadPosition(std::string_view text) {
  std::optional<NodePosition> recovered;
  NodePosition state;
  bool is_state = false;
  for (std::string line : std::vector<std::string>(absl::StrSplit(std::string(text), '\n'))) {
    absl::StripAsciiWhitespace(&line);
    // The server may have started more than once; its last word counts.
    if (const size_t at = line.find(kRecovered); at != std::string::npos) {
      std::string pair = line.substr(at + kRecovered.size());
      absl::StripAsciiWhitespace(&pair);
      recovered = ReadPair(pair);
      if (!recovered) return absl::InvalidArgumentError(absl::StrCat("cannot read: ", line));
    } else if (absl::StartsWith(line, "uuid:")) {
      state.cluster = std::string(absl::StripAsciiWhitespace(line.substr(5)));
      is_state = IsUuid(state.cluster);
    } else if (absl::StartsWith(line, "seqno:")) {
      int64_t seqno = 0;
      if (!absl::SimpleAtoi(line.substr(6), &seqno))
        return absl::InvalidArgumentError(absl::StrCat("cannot read: ", line));
      if (seqno >= 0) state.seqno = seqno;
    } else if (absl::StartsWith(line, "safe_to_bootstrap:")) {
      state.safe_to_bootstrap = absl::StripAsciiWhitespace(line.substr(18)) == "1";
    } else if (const auto pair = ReadPair(line)) {
      recovered = pair;
    }
  }
  if (recovered) return *recovered;
  if (is_state) return state;
  return absl::InvalidArgumentError(
      "want a grastate.dat, the output of `mariadbd --wsrep-recover`, or uuid:seqno");
}

absl::StatusOr<NodePosition> Together(const NodePosition& first, const NodePosition& second) {
  if (first.empty() != second.empty() || (!first.empty() && first.cluster != second.cluster))
    return absl::InvalidArgumentError(
        absl::StrCat("it is said to be of two clusters, ", first.cluster, " and ", second.cluster));
  if (first.seqno && second.seqno && *first.seqno != *second.seqno)
    return absl::InvalidArgumentError(
        absl::StrCat("it is said to be at two places, ", *first.seqno, " and ", *second.seqno));
  NodePosition both = first;
  if (!both.seqno) both.seqno = second.seqno;
  both.safe_to_bootstrap = first.safe_to_bootstrap || second.safe_to_bootstrap;
  return both;
}

absl::StatusOr<std::string> ChooseNode(const BootstrapQuestion& question) {
  std::set<std::string> clusters;
  std::vector<std::string> unknown;
  for (const auto& [name, node] : question.nodes) {
    if (node.empty()) continue;
    clusters.insert(node.cluster);
    if (!node.seqno) unknown.push_back(name);
  }
  if (clusters.size() > 1) {
    return Refused(absl::StrCat("the nodes are of different clusters (", absl::StrJoin(clusters, ", "),
                                "): give only those of one"));
  }
  if (clusters.empty()) return Refused("no node holds any data");
  if (!unknown.empty()) {
    return Refused(absl::StrCat("how far ", absl::StrJoin(unknown, ", "),
                                " came is not known: it did not stop in order. On it run `mariadbd "
                                "--wsrep-recover`, and give what it says as well"));
  }
  const int here = static_cast<int>(question.nodes.size());
  if (here > question.cluster_size)
    return Refused(absl::StrCat("got ", here, " nodes of a cluster of ", question.cluster_size));
  if (here < question.cluster_size && question.missing_reason.empty()) {
    return Refused(
        absl::StrCat("got ", here, " of ", question.cluster_size,
                     " nodes: one that is missing may be the one that came furthest. Look at all of them, or "
                     "say with --missing-because why that cannot be"));
  }
  const auto ahead =
      std::max_element(question.nodes.begin(), question.nodes.end(), [](const auto& a, const auto& b) {
        const auto rank = [](const NodePosition& node) {
          return std::pair(node.empty() ? -1 : node.seqno.value_or(-1), node.safe_to_bootstrap);
        };
        return rank(a.second) < rank(b.second);
      });
  if (question.wanted.empty()) return ahead->first;
  const auto wanted = question.nodes.find(question.wanted);
  if (wanted == question.nodes.end()) return Refused(absl::StrCat("nothing is known of ", question.wanted));
  const int64_t position = wanted->second.empty() ? 0 : *wanted->second.seqno;
  if (position < *ahead->second.seqno) {
    return Refused(absl::StrCat(question.wanted, " is behind: starting from it would drop ",
                                *ahead->second.seqno - position, " commits that ", ahead->first, " has"));
  }
  return question.wanted;
}

}  // namespace gridwarden::gridctl
