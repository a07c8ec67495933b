#include "gridctl/command.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "gridctl/output.h"

namespace gridwarden::gridctl {
namespace {

constexpr char kExitPayload[] = "gridctl/exit-code";

const std::vector<Option>& GlobalOptions() {
  static const auto* const options = new std::vector<Option>{
      {"--server", "URL", "where the server is; else GRIDWARDEN_SERVER, else https://127.0.0.1:8443"},
      {"--ca", "FILE",
       "certificate of the server's local authority; else GRIDWARDEN_CA; see its page /trust"},
      {"--token", "TOKEN", "access token; else GRIDWARDEN_TOKEN, else what `gridctl login` stored"},
      {"--json", "", "answer with the response message as proto JSON"},
      {"--lang", "zh|en", "language of messages; else LANG"},
      {"--demo-time", "TIME", "demo logs only: act at this time (RFC 3339)"},
      {"--help", "", "say what a command does"},
  };
  return *options;
}

void PrintOptions(const std::vector<Option>& options) {
  for (const Option& option : options) {
    const std::string left = option.name + (option.value.empty() ? "" : " " + option.value);
    std::printf("  %-26s %s%s\n", left.c_str(), option.help.c_str(),
                option.repeated ? " (may be repeated)" : "");
  }
}

// One command to a line; a long one has its summary below.
void PrintCommand(const Command& command) {
  const std::string left = command.words + (command.arguments.empty() ? "" : " " + command.arguments);
  if (left.size() <= 46) {
    std::printf("  %-46s %s\n", left.c_str(), command.summary.c_str());
  } else {
    std::printf("  %s\n  %-46s %s\n", left.c_str(), "", command.summary.c_str());
  }
}

// `gridctl case`: the commands that begin so. False when none does.
bool PrintGroup(const std::vector<Command>& commands, const std::string& word, FILE* heading) {
  bool any = false;
  for (const Command& command : commands) {
    if (!command.words.starts_with(word + " ")) continue;
    if (!any) std::fprintf(heading, "gridctl %s wants one of:\n", word.c_str());
    any = true;
    PrintCommand(command);
  }
  return any;
}

void PrintHelp(const std::vector<Command>& commands) {
  std::printf(
      "gridctl: the operator's shell of Gridwarden (蓝天网格)\n\nusage: gridctl COMMAND [ARGUMENTS] "
      "[OPTIONS]\n\ncommands:\n");
  for (const Command& command : commands) PrintCommand(command);
  std::printf("\noptions of every command:\n");
  PrintOptions(GlobalOptions());
  std::printf(
      "\nA DIVISION is a code (411702), a name path (驻马店市/遂平县) or an id. Times are RFC 3339 or "
      "\"YYYY-MM-DD HH:MM\" in "
      "Asia/Shanghai.\nExit codes: 0 done, 1 refused, 2 usage; journal verify, draw verify and device outbox "
      "show also 3 "
      "altered, 4 incomplete, "
      "6 unknown key.\n"
      "`gridctl COMMAND --help` shows examples.\n");
}

void PrintCommandHelp(const Command& command) {
  std::printf("usage: gridctl %s%s%s\n\n%s\n", command.words.c_str(), command.arguments.empty() ? "" : " ",
              command.arguments.c_str(), command.summary.c_str());
  if (!command.options.empty()) {
    std::printf("\noptions:\n");
    PrintOptions(command.options);
  }
  if (!command.examples.empty()) {
    std::printf("\nexamples:\n");
    for (const std::string& example : command.examples) std::printf("  %s\n", example.c_str());
  }
}

// The command whose words begin the line, the longest first; `used` says how many words it took.
const Command* FindCommand(const std::vector<Command>& commands, const std::vector<std::string>& words,
                           size_t& used) {
  const Command* best = nullptr;
  used = 0;
  for (const Command& command : commands) {
    const std::vector<std::string> parts = absl::StrSplit(command.words, ' ');
    if (parts.size() > used && parts.size() <= words.size() &&
        std::equal(parts.begin(), parts.end(), words.begin())) {
      best = &command;
      used = parts.size();
    }
  }
  return best;
}

const Option* FindOption(const Command* command, std::string_view name) {
  for (const Option& option : GlobalOptions()) {
    if (option.name == name) return &option;
  }
  if (command == nullptr) return nullptr;
  for (const Option& option : command->options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

// How many positionals a command wants: "DIVISION [AT]" is {1, 2}, "FILE..." is {1, many}.
std::pair<size_t, size_t> Arity(const std::string& arguments) {
  size_t least = 0, most = 0;
  for (absl::string_view word : absl::StrSplit(arguments, ' ', absl::SkipEmpty())) {
    ++most;
    if (word.front() != '[') ++least;
    if (word.size() > 3 && word.substr(word.size() - 3) == "...") most = 1000;
  }
  return {least, most};
}

int Usage(const std::string& problem, const Command* command) {
  std::fprintf(stderr, "gridctl: %s\n", problem.c_str());
  if (command != nullptr) {
    std::fprintf(stderr, "usage: gridctl %s %s\n", command->words.c_str(), command->arguments.c_str());
  } else {
    std::fprintf(stderr, "see gridctl --help\n");
  }
  return kUsage;
}

// What to do about it, where that is known.
void PrintHint(const absl::Status& status, const Invocation& run) {
  const std::string reason = ReasonOf(status);
  std::string english, chinese;
  if (reason == "NOT_SIGNED_IN" && run.token_given) {
    english =
        "the token of --token or GRIDWARDEN_TOKEN is not valid (any more); get one: gridctl login LOGIN "
        "--print-token";
    chinese =
        "--token 或 GRIDWARDEN_TOKEN 给出的令牌无效或已过期，请重新获取：gridctl login 登录名 --print-token";
  } else if (reason == "NOT_SIGNED_IN") {
    english = "sign in: gridctl login LOGIN";
    chinese = "请登录：gridctl login 登录名";
  } else if (reason == "NOT_FOUND" && status.message().find("divisions/") != std::string::npos) {
    english =
        "a DIVISION is a code (411702), a path of whole names (驻马店市/驿城区) or an id; gridctl division "
        "list shows them";
    chinese = "区划可写代码（411702）、全称路径（驻马店市/驿城区）或编号；gridctl division list 可列出";
  } else if (absl::IsUnavailable(status) && reason.empty()) {
    english = "is it running, and is --server or GRIDWARDEN_SERVER right?";
    chinese = "请确认服务已启动，且 --server 或 GRIDWARDEN_SERVER 正确";
  }
  if (!english.empty()) std::fprintf(stderr, "  %s\n", (run.chinese ? chinese : english).c_str());
}

std::string FromEnvironment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

}  // namespace

std::string Invocation::Get(std::string_view option, std::string_view otherwise) const {
  const auto found = options_.find(std::string(option));
  return found == options_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Invocation::All(std::string_view option) const {
  const auto found = options_.find(std::string(option));
  return found == options_.end() ? std::vector<std::string>{} : found->second;
}

absl::StatusOr<absl::Time> Invocation::GetTime(std::string_view option, absl::Time otherwise) const {
  if (!Has(option)) return otherwise;
  absl::StatusOr<absl::Time> time = ParseTime(Get(option));
  if (!time.ok())
    return absl::InvalidArgumentError(absl::StrFormat("%s: %s", option, time.status().message()));
  return time;
}

absl::StatusOr<absl::Time> ParseTime(std::string_view text) {
  const absl::TimeZone shanghai = absl::FixedTimeZone(8 * 3600);
  const absl::string_view view(text.data(), text.size());
  if (text == "now") return absl::Now();
  absl::Time time;
  std::string error;
  for (const char* format : {"%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, view, shanghai, &time, &error)) return time;
  }
  if (absl::ParseTime(absl::RFC3339_full, view, &time, &error)) return time;
  return absl::InvalidArgumentError(absl::StrFormat(
      "got \"%s\", want a time like 2026-03-01, \"2026-03-01 18:00\" or 2026-03-01T18:00:00+08:00", text));
}

absl::Status ExitWith(ExitCode code, std::string_view message) {
  absl::Status status(absl::StatusCode::kDataLoss, absl::string_view(message.data(), message.size()));
  status.SetPayload(kExitPayload, absl::Cord(std::to_string(code)));
  return status;
}

std::vector<Command> AllCommands() {
  std::vector<Command> commands;
  AddAccountCommands(commands);
  AddImportCommands(commands);
  AddGridCommands(commands);
  AddDivisionCommands(commands);
  AddBoardCommands(commands);
  AddSignalCommands(commands);
  AddCaseCommands(commands);
  AddFireCommands(commands);
  AddSiteCommands(commands);
  AddZoneCommands(commands);
  AddClosingCommands(commands);
  AddApplicationCommands(commands);
  AddCheckCommands(commands);
  AddSupervisionCommands(commands);
  AddTaskCommands(commands);
  AddPlanCommands(commands);
  AddDrawCommands(commands);
  AddScoreCommands(commands);
  AddNoticeCommands(commands);
  AddDeviceCommands(commands);
  AddPullCommand(commands);
  AddOutboxCommands(commands);
  AddMediaCommands(commands);
  AddSourceCommands(commands);
  AddJournalCommands(commands);
  AddDatabaseCommands(commands);
  AddCallCommand(commands);
  return commands;
}

int RunGridctl(int argc, char** argv) {
  const std::vector<Command> commands = AllCommands();
  std::vector<std::string> arguments(argv + 1, argv + argc);

  // Options of every command may stand before it; they are read after it.
  size_t leading = 0;
  while (leading < arguments.size() && arguments[leading].starts_with("--")) {
    const std::string name = arguments[leading].substr(0, arguments[leading].find('='));
    const Option* option = FindOption(nullptr, name);
    if (option == nullptr) break;
    leading += option->value.empty() || name != arguments[leading] ? 1 : 2;
  }
  if (leading < arguments.size())
    std::rotate(arguments.begin(), arguments.begin() + leading, arguments.end());

  // The words before the first option name the command; options may stand anywhere after it.
  std::vector<std::string> words;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--")) break;
    words.push_back(argument);
  }
  size_t used = 0;
  const Command* command = FindCommand(commands, words, used);
  Invocation invocation;
  bool help = false;
  for (size_t i = used; i < arguments.size(); ++i) {
    std::string argument = arguments[i];
    if (argument == "--") {
      invocation.positionals.insert(invocation.positionals.end(), arguments.begin() + i + 1, arguments.end());
      break;
    }
    if (!argument.starts_with("--")) {
      invocation.positionals.push_back(argument);
      continue;
    }
    std::optional<std::string> value;
    if (const size_t equals = argument.find('='); equals != std::string::npos) {
      value = argument.substr(equals + 1);
      argument.resize(equals);
    }
    const Option* option = FindOption(command, argument);
    if (option == nullptr) return Usage(absl::StrFormat("unknown option %s", argument), command);
    if (option->value.empty()) {
      if (value) return Usage(absl::StrFormat("%s takes no value", argument), command);
      value = "";
    } else if (!value) {
      if (i + 1 >= arguments.size())
        return Usage(absl::StrFormat("%s wants %s", argument, option->value), command);
      value = arguments[++i];
    }
    std::vector<std::string>& values = invocation.options_[argument];
    if (!values.empty() && !option->repeated)
      return Usage(absl::StrFormat("%s is given twice", argument), command);
    values.push_back(*value);
    if (argument == "--help") help = true;
  }
  if (command == nullptr) {
    if (words.empty() || words.front() == "help") {
      PrintHelp(commands);
      return help || !words.empty() ? kOk : kUsage;
    }
    if (words.size() == 1 && PrintGroup(commands, words.front(), help ? stdout : stderr))
      return help ? kOk : kUsage;
    return Usage(absl::StrFormat("no such command: %s", absl::StrJoin(words, " ")), nullptr);
  }
  if (help) {
    PrintCommandHelp(*command);
    return kOk;
  }
  const auto [least, most] = Arity(command->arguments);
  if (invocation.positionals.size() < least || invocation.positionals.size() > most) {
    return Usage(absl::StrFormat("got %d arguments, want %s", static_cast<int>(invocation.positionals.size()),
                                 command->arguments.empty() ? "none" : command->arguments),
                 command);
  }
  invocation.json = invocation.Has("--json");
  const std::string lang = invocation.Get("--lang", FromEnvironment("LANG", ""));
  if (invocation.Has("--lang") && lang != "zh" && lang != "en") {
    return Usage(absl::StrFormat("--lang: got \"%s\", want zh or en", lang), command);
  }
  invocation.chinese = lang.starts_with("zh");
  invocation.session_ = std::make_unique<Session>(SessionOptions{
      .server = invocation.Get("--server", FromEnvironment("GRIDWARDEN_SERVER", client::kDefaultServer)),
      .ca_file = invocation.Get("--ca"),
      .token = invocation.Get("--token", FromEnvironment("GRIDWARDEN_TOKEN", "")),
      .demo_time = invocation.Get("--demo-time")});
  invocation.token_given = invocation.Has("--token") || !FromEnvironment("GRIDWARDEN_TOKEN", "").empty();

  const absl::Status status = command->run(invocation);
  if (status.ok()) return kOk;
  if (const auto code = status.GetPayload(kExitPayload)) {
    std::fprintf(stderr, "gridctl: %s\n", std::string(status.message()).c_str());
    return std::atoi(std::string(*code).c_str());
  }
  PrintError(status, invocation.chinese);
  PrintHint(status, invocation);
  // What the server did not refuse but the command line got wrong.
  if (absl::IsInvalidArgument(status) && !FactsOf(status)) return kUsage;
  return kRefused;
}

}  // namespace gridwarden::gridctl
