#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// From which node a stopped Galera cluster may be started again. After a total stop nodes have come as far as
// 1835, 1815 and 651 (guarantees.md F5): starting from any but the first drops what only it has.
namespace gridwarden::gridctl {

// What is known of one node.
struct NodePosition {
  std::string cluster;           // uuid of its history; "" = nothing found
  std::optional<int64_t> seqno;  // none: it crashed, and only InnoDB knows
  bool safe_to_bootstrap = false;

  // A node that never had data: it can only join.
  bool empty() const;
};

// Reads a grastate.dat, the output of `mariadbd --wsrep-recover`, or a pasted "uuid:seqno". INVALID_ARGUMENT
// when it is none of them.
absl::StatusOr<NodePosition> ReadPosition(std::string_view text);
// A recovered position completes a grastate.dat that says -1. INVALID_ARGUMENT when they contradict each
// other.
absl::StatusOr<NodePosition> Together(const NodePosition& first, const NodePosition& second);

struct BootstrapQuestion {
  std::map<std::string, NodePosition> nodes;  // by name
  int cluster_size = 0;
  std::string wanted;  // the node the operator has in mind; "" = the right one
  std::string
      missing_reason;  // why a node that is missing cannot be looked at; "" = every node must be there
};

// The node to start from. FAILED_PRECONDITION, in words, when a position is unknown, a node is missing
// without a reason, the nodes are of different clusters, or the wanted one is behind.
absl::StatusOr<std::string> ChooseNode(const BootstrapQuestion& question);

}  // namespace gridwarden::gridctl
