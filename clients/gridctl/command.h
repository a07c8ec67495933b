#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gridctl/session.h"

// What a command of gridctl is, and how its words are read.
namespace gridwarden::gridctl {

// Exit codes (architecture.md D11).
enum ExitCode : int {
  kOk = 0,
  kRefused = 1,
  kUsage = 2,
  kAltered = 3,
  kIncomplete = 4,
  kUnwitnessed = 5,
  kUnknownKey = 6,
};

struct Option {
  std::string name;   // "--category"
  std::string value;  // "CODE"; empty for a switch
  std::string help;
  bool repeated = false;
};

// One run of a command: its words, the signed-in client, where answers go.
class Invocation {
 public:
  std::vector<std::string> positionals;
  bool json = false;
  bool chinese = false;
  bool token_given = false;  // by flag or environment, so there is no session to refresh
  std::optional<std::map<std::string, std::string>> category_names;  // words.h
  std::optional<std::map<std::string, std::string>> duty_titles;     // words.h

  bool Has(std::string_view option) const { return options_.contains(std::string(option)); }
  std::string Get(std::string_view option, std::string_view otherwise = "") const;
  std::vector<std::string> All(std::string_view option) const;
  // The time given by an option: RFC 3339, "YYYY-MM-DD HH:MM[:SS]" or "YYYY-MM-DD" in Asia/Shanghai, or
  // "now".
  absl::StatusOr<absl::Time> GetTime(std::string_view option, absl::Time otherwise) const;

  Session& session() { return *session_; }

 private:
  friend int RunGridctl(int argc, char** argv);
  std::map<std::string, std::vector<std::string>> options_;
  std::unique_ptr<Session> session_;
};

struct Command {
  std::string words;      // "case list"
  std::string arguments;  // "DIVISION"; each word a positional, [..] optional, "..." repeated
  std::string summary;
  std::vector<Option> options;
  std::vector<std::string> examples;
  std::function<absl::Status(Invocation&)> run;
};

// A status that ends gridctl with this code (the verifying commands).
absl::Status ExitWith(ExitCode code, std::string_view message);

absl::StatusOr<absl::Time> ParseTime(std::string_view text);

// Every command, in the order of --help.
std::vector<Command> AllCommands();

// The commands of each file.
void AddAccountCommands(std::vector<Command>& commands);
void AddImportCommands(std::vector<Command>& commands);
void AddGridCommands(std::vector<Command>& commands);
void AddDivisionCommands(std::vector<Command>& commands);
void AddBoardCommands(std::vector<Command>& commands);
void AddSignalCommands(std::vector<Command>& commands);
void AddCaseCommands(std::vector<Command>& commands);
void AddFireCommands(std::vector<Command>& commands);
void AddSiteCommands(std::vector<Command>& commands);
void AddZoneCommands(std::vector<Command>& commands);
void AddClosingCommands(std::vector<Command>& commands);
void AddApplicationCommands(std::vector<Command>& commands);
void AddCheckCommands(std::vector<Command>& commands);
void AddSupervisionCommands(std::vector<Command>& commands);
void AddTaskCommands(std::vector<Command>& commands);
void AddPlanCommands(std::vector<Command>& commands);
void AddDrawCommands(std::vector<Command>& commands);
void AddScoreCommands(std::vector<Command>& commands);
void AddNoticeCommands(std::vector<Command>& commands);
void AddDeviceCommands(std::vector<Command>& commands);
void AddOutboxCommands(std::vector<Command>& commands);
void AddPullCommand(std::vector<Command>& commands);
void AddMediaCommands(std::vector<Command>& commands);
void AddSourceCommands(std::vector<Command>& commands);
void AddJournalCommands(std::vector<Command>& commands);
void AddDatabaseCommands(std::vector<Command>& commands);
void AddCallCommand(std::vector<Command>& commands);

int RunGridctl(int argc, char** argv);

}  // namespace gridwarden::gridctl
