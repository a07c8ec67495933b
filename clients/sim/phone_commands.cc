#include "sim/phone_commands.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/id.h"
#include "base/status.h"
#include "common/connect_client.h"
#include "common/phone.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "nlohmann/json.hpp"

namespace gridwarden::sim {
namespace {

using nlohmann::json;

constexpr char kHelp[] =
    "gridsim phone: one phone without a screen; what it holds is a file\n\n"
    "usage: gridsim phone ACTION --state FILE [OPTIONS]\n\n"
    "actions:\n"
    "  sign-in --server URL [--ca FILE] --login NAME --password-file FILE   signs in and registers the "
    "phone\n"
    "  pull                                                  fetches what changed\n"
    "  visit --task patrolTasks/ID --result NORMAL [--photo FILE] [--note TEXT] [--category CODE]\n"
    "  check --case cases/ID --result PASS [--photo FILE] [--note TEXT]\n"
    "  observe --subject NAME --note TEXT                    says something about a thing\n"
    "  sync [--lose-answers N]                               sends, uploads, fetches; the first N answers of "
    "a push are lost\n"
    "  show                                                  what the phone holds, as JSON\n\n"
    "visit, check and observe need no server: what is done waits on the phone until sync.\n"
    "Exit codes: 0 done, 1 refused, 2 usage, 3 the server cannot be reached: nothing is lost, try again.\n";

using Flags = std::map<std::string, std::string>;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Whole or not at all, whenever the process is killed.
absl::Status WriteFile(const std::string& path, const std::string& text) {
  const std::string beside = path + ".new";
  std::ofstream out(beside, std::ios::binary);
  out << text;
  out.close();
  std::error_code failed;
  std::filesystem::permissions(
      beside, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, failed);
  if (!failed && out) std::filesystem::rename(beside, path, failed);
  return failed || !out ? absl::InternalError(path + ": cannot be written") : absl::OkStatus();
}

class Pocket {
 public:
  explicit Pocket(Flags flags) : flags_(std::move(flags)), path_(Flag("--state")) {}

  absl::Status Run(const std::string& action) {
    if (path_.empty()) return absl::InvalidArgumentError("--state FILE is missing");
    if (action == "sign-in") return SignIn();
    GW_RETURN_IF_ERROR(Open());
    absl::Status done = Act(action);
    // What was done is kept whatever became of the rest.
    done.Update(Save());
    return done;
  }

 private:
  std::string Flag(const std::string& name) const {
    const auto found = flags_.find(name);
    return found == flags_.end() ? "" : found->second;
  }

  absl::Status SignIn() {
    line_ = std::make_unique<client::ConnectClient>(
        client::ClientOptions{.server = Flag("--server"), .ca_file = Flag("--ca")});
    std::string password = ReadFile(Flag("--password-file"));
    while (!password.empty() && password.back() == '\n') password.pop_back();
    identity::v1::SignInRequest request;
    request.set_login(Flag("--login"));
    request.set_password(password);
    request.set_client("gridsim phone");
    GW_ASSIGN_OR_RETURN(const auto tokens, line_->Call<identity::v1::Tokens>(
                                               "gridwarden.identity.v1.IdentityService/SignIn", request));
    session_ = {{"server", Flag("--server")}, {"ca", Flag("--ca")}};
    TakeTokens(tokens);
    if (!std::filesystem::exists(path_)) {
      MakePhone(tokens.account().name());
    } else {
      // The same phone, signed in again.
      const json saved = json::parse(ReadFile(path_), nullptr, false);
      MakePhone("");
      GW_RETURN_IF_ERROR(phone_->Load(saved.is_object() ? saved.value("phone", json()).dump() : ""));
    }
    if (!phone_->registered()) GW_RETURN_IF_ERROR(phone_->Register());
    return Save();
  }

  absl::Status Open() {
    const json saved = json::parse(ReadFile(path_), nullptr, false);
    if (!saved.is_object()) return absl::FailedPreconditionError(path_ + ": no phone; sign in first");
    session_ = saved["session"];
    line_ = std::make_unique<client::ConnectClient>(client::ClientOptions{
        .server = session_["server"], .token = session_["access"], .ca_file = session_["ca"]});
    MakePhone("");
    return phone_->Load(saved["phone"].dump());
  }

  absl::Status Save() {
    return WriteFile(path_, json{{"session", session_}, {"phone", json::parse(phone_->Save())}}.dump(1));
  }

  void MakePhone(const std::string& account) {
    const std::string boot_id = Uuid::Make(absl::Now()).ToString();
    const absl::Time boot = absl::Now();
    phone_ = std::make_unique<client::Phone>(
        client::PhoneOptions{.account = account},
        [this](std::string_view method, const std::string& body) { return Carry(method, body); },
        [boot, boot_id] {
          return client::ClockFace{absl::Now(), absl::ToInt64Milliseconds(absl::Now() - boot), boot_id};
        });
  }

  void TakeTokens(const identity::v1::Tokens& tokens) {
    session_["access"] = tokens.access_token();
    session_["refresh"] = tokens.refresh_token();
    line_->set_token(tokens.access_token());
  }

  // An access token that ran out is changed for a new one; an answer may go missing on purpose.
  absl::StatusOr<std::string> Carry(std::string_view method, const std::string& body) {
    absl::StatusOr<std::string> answer = line_->CallBytes(method, body);
    if (absl::IsUnauthenticated(answer.status())) {
      identity::v1::RefreshTokensRequest request;
      request.set_refresh_token(session_["refresh"]);
      const auto tokens =
          line_->Call<identity::v1::Tokens>("gridwarden.identity.v1.IdentityService/RefreshTokens", request);
      if (!tokens.ok()) return tokens.status();
      TakeTokens(*tokens);
      answer = line_->CallBytes(method, body);
    }
    if (answer.ok() && method == "gridwarden.sync.v1.SyncService/Push" && answers_to_lose_ > 0) {
      --answers_to_lose_;
      return absl::UnavailableError("the answer was lost, as asked");
    }
    return answer;
  }

  absl::Status Act(const std::string& action) {
    if (action == "pull") return phone_->Pull();
    if (action == "visit") return Visit();
    if (action == "check") return Check();
    if (action == "observe") return Observe();
    if (action == "sync") {
      if (!absl::SimpleAtoi(Flag("--lose-answers").empty() ? "0" : Flag("--lose-answers"), &answers_to_lose_))
        return absl::InvalidArgumentError("--lose-answers: want a number");
      GW_RETURN_IF_ERROR(phone_->Sync());
      return phone_->queued() == 0 ? absl::OkStatus()
                                   : absl::UnavailableError("the server is not through yet");
    }
    if (action == "show") {
      Show();
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(action + ": no such action");
  }

  // The photo of the flags as evidence; its digest goes into `photos`.
  absl::Status AddPhoto(type::v1::Evidence::Kind kind, std::vector<std::string>& photos,
                        google::protobuf::RepeatedPtrField<type::v1::Evidence>* evidence) {
    if (Flag("--photo").empty()) return absl::OkStatus();
    const std::string bytes = ReadFile(Flag("--photo"));
    if (bytes.empty()) return absl::InvalidArgumentError(Flag("--photo") + ": no photo");
    photos.push_back(phone_->AddPhoto(bytes, bytes.starts_with("\x89PNG") ? "image/png" : "image/jpeg"));
    type::v1::Evidence& one = *evidence->Add();
    one.set_media("media/" + photos.back());
    one.set_kind(kind);
    return absl::OkStatus();
  }

  absl::Status Visit() {
    patrol::v1::SubmitVisitRequest request;
    request.set_parent(Flag("--task"));
    request.set_visit_id(Uuid::Make(absl::Now()).ToString());
    patrol::v1::Visit& visit = *request.mutable_visit();
    patrol::v1::Visit::Result result;
    if (!patrol::v1::Visit::Result_Parse(Flag("--result"), &result))
      return absl::InvalidArgumentError("--result: want NORMAL, PROBLEM, INACCESSIBLE or SOURCE_GONE");
    visit.set_result(result);
    visit.set_note(Flag("--note"));
    visit.set_category(Flag("--category"));
    std::vector<std::string> photos;
    GW_RETURN_IF_ERROR(AddPhoto(type::v1::Evidence::NEAR, photos, visit.mutable_evidence()));
    return Told(
        phone_->Do("gridwarden.patrol.v1.PatrolService/SubmitVisit", request, request.parent(), photos));
  }

  absl::Status Check() {
    casework::v1::SubmitCheckRequest request;
    request.set_name(Flag("--case"));
    casework::v1::SubmitCheckRequest::Result result;
    if (!casework::v1::SubmitCheckRequest::Result_Parse(Flag("--result"), &result))
      return absl::InvalidArgumentError("--result: want PASS, FAIL or UNABLE");
    request.set_result(result);
    request.set_note(Flag("--note"));
    std::vector<std::string> photos;
    GW_RETURN_IF_ERROR(AddPhoto(result == casework::v1::SubmitCheckRequest::FAIL ? type::v1::Evidence::REMAINS
                                                                                 : type::v1::Evidence::AFTER,
                                photos, request.mutable_evidence()));
    return Told(
        phone_->Do("gridwarden.casework.v1.CaseworkService/SubmitCheck", request, request.name(), photos));
  }

  absl::Status Observe() {
    sync::v1::RecordObservationRequest request;
    request.set_subject(Flag("--subject"));
    request.set_kind(sync::v1::Observation::EVIDENCE);
    request.set_note(Flag("--note"));
    return Told(phone_->Do("gridwarden.sync.v1.SyncService/RecordObservation", request, request.subject()));
  }

  static absl::Status Told(const client::PhoneOperation& one) {
    std::printf("%s\n", one.op_id.c_str());
    return absl::OkStatus();
  }

  void Show() const {
    json out = {{"device", phone_->device()},  {"public_key", absl::BytesToHexString(phone_->public_key())},
                {"queued", phone_->queued()},  {"records", json::array()},
                {"operations", json::array()}, {"photos", json::object()}};
    for (const auto& [name, record] : phone_->records())
      out["records"].push_back({{"name", name},
                                {"open", record.open()},
                                {"assigned", record.assigned()},
                                {"revision", record.revision()}});
    for (const client::PhoneOperation& one : phone_->operations())
      out["operations"].push_back({{"op_id", one.op_id},
                                   {"seq", one.seq},
                                   {"subject", one.subject},
                                   {"hash", one.hash},
                                   {"body", one.body},
                                   {"signature", absl::BytesToHexString(one.signature)},
                                   {"sent", one.sent},
                                   {"verdict", sync::v1::Verdict_Name(one.result.verdict())},
                                   {"reason", one.result.reason()},
                                   {"grade", sync::v1::Grade_Name(one.result.time().grade())},
                                   {"answer", one.result.answer()},
                                   {"receipt", one.result.receipt()}});
    for (const auto& [digest, photo] : phone_->photos())
      out["photos"][digest] = {{"verified", photo.verified}, {"receipt", photo.receipt}};
    std::printf("%s\n", out.dump(1).c_str());
  }

  Flags flags_;
  std::string path_;
  json session_;
  std::unique_ptr<client::ConnectClient> line_;
  std::unique_ptr<client::Phone> phone_;
  int answers_to_lose_ = 0;
};

}  // namespace

int RunPhoneCommand(int argc, char** argv) {
  const std::string action = argc > 2 ? argv[2] : "";
  if (action == "--help" || action == "help") {
    std::fputs(kHelp, stdout);
    return 0;
  }
  Flags flags;
  bool well = !action.empty() && argc % 2 == 1;
  for (int i = 3; i + 1 < argc; i += 2) {
    well = well && std::string_view(argv[i]).starts_with("--");
    flags[argv[i]] = argv[i + 1];
  }
  if (!well) {
    std::fputs(kHelp, stderr);
    return 2;
  }
  const absl::Status status = Pocket(flags).Run(action);
  if (status.ok()) return 0;
  std::fprintf(stderr, "gridsim phone: %s\n", std::string(status.message()).c_str());
  if (absl::IsInvalidArgument(status) && !FactsOf(status)) return 2;
  const bool passing = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
                       absl::IsResourceExhausted(status) || absl::IsAborted(status);
  return passing ? 3 : 1;
}

}  // namespace gridwarden::sim
