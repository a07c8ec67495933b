#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gridctl/command.h"
#include "gridctl/galera.h"
#include "gridctl/output.h"
#include "gridctl/words.h"

// gridctl db bootstrap. Works on files and pasted positions: the cluster it is about does not run.
namespace gridwarden::gridctl {
namespace {

// A data folder, a file, or a pasted position.
absl::StatusOr<NodePosition> ReadNode(const std::string& where) {
  std::string path = where;
  if (std::filesystem::is_directory(path)) path += "/grastate.dat";
  if (!std::filesystem::exists(path)) return ReadPosition(where);
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return absl::FailedPreconditionError(absl::StrCat("cannot read ", path));
  return ReadPosition(text);
}

absl::StatusOr<std::map<std::string, NodePosition>> ReadNodes(const std::vector<std::string>& arguments) {
  std::map<std::string, NodePosition> nodes;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0)
      return absl::InvalidArgumentError(
          absl::StrCat("got ", argument, ", want NAME=FOLDER, NAME=FILE or NAME=uuid:seqno"));
    const std::string name = argument.substr(0, equals);
    absl::StatusOr<NodePosition> node = ReadNode(argument.substr(equals + 1));
    if (node.ok() && nodes.contains(name)) node = Together(nodes[name], *node);
    if (!node.ok())
      return absl::Status(node.status().code(),
                          absl::StrCat(name, ": ", std::string(node.status().message())));
    nodes[name] = *std::move(node);
  }
  return nodes;
}

void PrintNodes(Invocation& run, const std::map<std::string, NodePosition>& nodes) {
  int64_t furthest = 0;
  for (const auto& [name, node] : nodes)
    furthest = std::max(furthest, node.empty() ? 0 : node.seqno.value_or(0));
  Table table = MakeTable(run, {"NODE", "CLUSTER", "SEQNO", "BEHIND", "SAFE_TO_BOOTSTRAP"});
  for (const auto& [name, node] : nodes) {
    const bool known = !node.empty() && node.seqno.has_value();
    table.Add({name, node.empty() ? "-" : node.cluster, known ? std::to_string(*node.seqno) : "?",
               known ? std::to_string(furthest - *node.seqno) : "?", node.safe_to_bootstrap ? "1" : "0"});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status Bootstrap(Invocation& run) {
  BootstrapQuestion question{.wanted = run.Get("--from"), .missing_reason = run.Get("--missing-because")};
  if (!absl::SimpleAtoi(run.Get("--nodes"), &question.cluster_size) || question.cluster_size < 1)
    return absl::InvalidArgumentError("--nodes: want how many nodes the cluster has");
  GW_ASSIGN_OR_RETURN(question.nodes, ReadNodes(run.positionals));
  PrintNodes(run, question.nodes);
  GW_ASSIGN_OR_RETURN(const std::string chosen, ChooseNode(question));
  if (!question.missing_reason.empty())
    std::printf("%s%s\n", Say(run, "not all nodes were looked at: ", "有节点未检查：").c_str(),
                question.missing_reason.c_str());
  std::printf(
      "%s",
      Say(run,
          absl::StrCat("start from ", chosen,
                       ":\n  1. no node runs; if one does, stop: the cluster is not down\n  2. on ", chosen,
                       ": set safe_to_bootstrap: 1 in grastate.dat, then galera_new_cluster\n"
                       "  3. SHOW STATUS LIKE 'wsrep_cluster_status' there says Primary\n"
                       "  4. start the other nodes one by one; each fetches what it lacks\n"
                       "  5. start gridwarden; gridctl journal verify\n"),
          absl::StrCat(
              "从 ", chosen, " 启动：\n  1. 确认所有节点均已停止\n  2. 在 ", chosen,
              " 上：将 grastate.dat 的 safe_to_bootstrap 改为 1，再执行 galera_new_cluster\n"
              "  3. 确认该节点 wsrep_cluster_status 为 Primary\n  4. 逐个启动其余节点，缺少的内容会自动同步\n"
              "  5. 启动 gridwarden，执行 gridctl journal verify\n"))
          .c_str());
  return absl::OkStatus();
}

}  // namespace

void AddDatabaseCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "db bootstrap",
       .arguments = "NODE=WHERE...",
       .summary = "says from which node a stopped Galera cluster may be started again",
       .options = {{"--nodes", "N", "how many nodes the cluster has"},
                   {"--from", "NODE", "the node you have in mind; refused when another came further"},
                   {"--missing-because", "TEXT", "why a node cannot be looked at: its commits may be lost"}},
       .examples =
           {"gridctl db bootstrap a=/mnt/a/mysql b=/mnt/b/mysql c=/mnt/c/mysql --nodes 3",
            "gridctl db bootstrap a=/var/lib/mysql a=recover-a.log b=6f3a...:1815 c=6f3a...:651 --nodes 3"},
       .run = Bootstrap});
}

}  // namespace gridwarden::gridctl
