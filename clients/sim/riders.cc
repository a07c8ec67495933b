#include "sim/riders.h"

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/id.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"

namespace gridwarden::sim {
namespace {

using nlohmann::json;

constexpr char kPatrol[] = "gridwarden.patrol.v1.PatrolService/";
constexpr char kIdentity[] = "gridwarden.identity.v1.IdentityService/";
constexpr size_t kTasksAtOnce = 500;

std::string NameOf(std::string_view method) {
  const size_t slash = method.rfind('/');
  return std::string(slash == std::string_view::npos ? method : method.substr(slash + 1));
}

// Calls again while the server is busy or says that it will pass.
template <typename Response>
absl::StatusOr<Response> Insist(client::ConnectClient& line, std::string_view method,
                                const google::protobuf::Message& request) {
  for (int tries = 0;; ++tries) {
    absl::StatusOr<Response> answer = line.Call<Response>(method, request);
    const bool passing = absl::IsResourceExhausted(answer.status()) || absl::IsUnavailable(answer.status()) ||
                         absl::IsAborted(answer.status());
    if (answer.ok() || !passing || tries >= kPassingTriesMax) return answer;
    absl::SleepFor(absl::Milliseconds(100));
  }
}

}  // namespace

absl::Status Riders::Read() {
  std::ifstream in(options_.phones_file);
  for (std::string line; std::getline(in, line);) {
    const json one = json::parse(line, nullptr, false);
    if (!one.is_object()) return absl::InvalidArgumentError(options_.phones_file + ": not a phone a line");
    auto rider = std::make_unique<Rider>();
    rider->account = one.value("account", "");
    rider->refresh_token = one.value("refresh_token", "");
    rider->post = one.value("post", "");
    rider->division = one.value("division", "");
    riders_.push_back(std::move(rider));
    if (options_.phones > 0 && static_cast<int>(riders_.size()) == options_.phones) break;
  }
  if (riders_.empty()) return absl::InvalidArgumentError(options_.phones_file + ": no phones");
  return absl::OkStatus();
}

client::ClientOptions Riders::LineOptions() const {
  return {.server = options_.server, .timeout = absl::Seconds(60), .ca_file = options_.ca_file};
}

absl::Status Riders::SignIn(client::ConnectClient& line) {
  identity::v1::SignInRequest request;
  request.set_login(options_.office_login);
  request.set_password(options_.office_password);
  request.set_client("gridsim");
  GW_ASSIGN_OR_RETURN(const identity::v1::Tokens tokens,
                      Insist<identity::v1::Tokens>(line, absl::StrCat(kIdentity, "SignIn"), request));
  line.set_token(tokens.access_token());
  return absl::OkStatus();
}

// The office gives everybody what they will have done by the morning.
absl::Status Riders::Plan() {
  client::ConnectClient office(LineOptions());
  GW_RETURN_IF_ERROR(SignIn(office));
  patrol::v1::BatchCreatePatrolTasksRequest batch;
  std::vector<Rider*> whose;
  const auto send = [&]() -> absl::Status {
    if (whose.empty()) return absl::OkStatus();
    batch.set_request_id(Uuid::Make(absl::Now()).ToString());
    GW_ASSIGN_OR_RETURN(const auto made, Insist<patrol::v1::BatchCreatePatrolTasksResponse>(
                                             office, absl::StrCat(kPatrol, "BatchCreatePatrolTasks"), batch));
    for (size_t i = 0; i < whose.size(); ++i)
      whose[i]->tasks.push_back(made.patrol_tasks(static_cast<int>(i)).name());
    batch.Clear();
    whose.clear();
    return absl::OkStatus();
  };
  for (const std::unique_ptr<Rider>& rider : riders_) {
    for (int i = 0; i < options_.visits; ++i) {
      patrol::v1::PatrolTask& task = *batch.add_patrol_tasks();
      task.set_division(rider->division);
      task.set_category("STRAW_BURNING");
      task.set_post(rider->post);
      task.set_title("晨间巡查");
      *task.mutable_due_time() =
          google::protobuf::util::TimeUtil::SecondsToTimestamp(absl::ToUnixSeconds(absl::Now()) + 24 * 3600);
      whose.push_back(rider.get());
      if (whose.size() == kTasksAtOnce) GW_RETURN_IF_ERROR(send());
    }
  }
  return send();
}

absl::Status Riders::Refresh(Rider& rider) {
  identity::v1::RefreshTokensRequest request;
  request.set_refresh_token(rider.refresh_token);
  GW_ASSIGN_OR_RETURN(const std::string bytes,
                      Carry(rider, absl::StrCat(kIdentity, "RefreshTokens"), request.SerializeAsString()));
  identity::v1::Tokens tokens;
  if (!tokens.ParseFromString(bytes)) return absl::InternalError("no tokens");
  rider.access_token = tokens.access_token();
  rider.refresh_token = tokens.refresh_token();
  rider.line->set_token(rider.access_token);
  return absl::OkStatus();
}

// One rpc of a phone, timed once the morning has begun.
absl::StatusOr<std::string> Riders::Carry(Rider& rider, std::string_view method, const std::string& body) {
  if (rider.line == nullptr) {
    rider.line = std::make_unique<client::ConnectClient>(LineOptions());
    rider.line->set_token(rider.access_token);
  }
  const SteadyClock::time_point began = SteadyClock::now();
  absl::StatusOr<std::string> answer = rider.line->CallBytes(method, body);
  if (morning_ && answer.ok()) figures_.Took(NameOf(method), SteadyClock::now() - began);
  return answer;
}

absl::Status Riders::RegisterAll() {
  const SteadyClock::time_point boot = SteadyClock::now();
  std::atomic<size_t> next{0};
  std::mutex mutex;  // guards first
  absl::Status first;
  std::vector<std::thread> threads;
  for (int t = 0; t < options_.threads; ++t) {
    threads.emplace_back([&] {
      for (size_t i = next++; i < riders_.size(); i = next++) {
        Rider& rider = *riders_[i];
        const std::string boot_id = Uuid::Make(absl::Now()).ToString();
        rider.phone = std::make_unique<client::Phone>(
            client::PhoneOptions{.account = rider.account},
            [this, &rider](std::string_view method, const std::string& body) {
              return Carry(rider, method, body);
            },
            [boot, boot_id] {
              return client::ClockFace{
                  absl::Now(), static_cast<int64_t>(1000 * Seconds(SteadyClock::now() - boot)), boot_id};
            });
        absl::Status status;
        for (int tries = 0; tries < kPassingTriesMax; ++tries) {
          status = rider.access_token.empty() ? Refresh(rider) : absl::OkStatus();
          if (status.ok()) status = rider.phone->Register();
          if (status.ok()) break;
          absl::SleepFor(absl::Milliseconds(100));
        }
        rider.line.reset();
        const std::lock_guard lock(mutex);
        first.Update(status);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return first;
}

// Sync follows the feed: the last one planned must be on the last one's phone.
absl::Status Riders::WaitForTasks() {
  Rider& last = *riders_.back();
  for (int tries = 0; tries < 600; ++tries) {
    const absl::Status pulled = last.phone->Pull();
    if (pulled.ok() && last.phone->records().contains(last.tasks.back())) {
      last.line.reset();
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(500));
  }
  return absl::DeadlineExceededError("what was planned never came to the phone it was planned for");
}

void Riders::WorkOffline() {
  for (const std::unique_ptr<Rider>& rider : riders_) {
    for (const std::string& task : rider->tasks) {
      patrol::v1::SubmitVisitRequest request;
      request.set_parent(task);
      request.set_visit_id(Uuid::Make(absl::Now()).ToString());
      request.mutable_visit()->set_result(patrol::v1::Visit::NORMAL);
      const client::PhoneOperation& one =
          rider->phone->Do(absl::StrCat(kPatrol, "SubmitVisit"), request, task);
      rider->visit_of[one.op_id] = request.visit_id();
    }
  }
}

absl::Status Riders::Verify(json& out) {
  std::map<std::string, std::string> acknowledged;  // task -> visit
  std::map<std::string, int> verdicts;
  int held = 0;
  for (const std::unique_ptr<Rider>& rider : riders_) {
    for (const client::PhoneOperation& one : rider->phone->operations()) {
      ++verdicts[sync::v1::Verdict_Name(one.result.verdict())];
      if (one.settled()) acknowledged[one.subject] = rider->visit_of.at(one.op_id);
      if (one.settled() && rider->phone->records().contains(one.subject)) ++held;
    }
  }
  client::ConnectClient office(LineOptions());
  GW_RETURN_IF_ERROR(SignIn(office));
  std::map<std::string, std::string> there;
  patrol::v1::ListPatrolTasksRequest list;
  list.add_states(patrol::v1::PatrolTask::DONE);
  list.set_page_size(500);
  do {
    GW_ASSIGN_OR_RETURN(const auto page, Insist<patrol::v1::ListPatrolTasksResponse>(
                                             office, absl::StrCat(kPatrol, "ListPatrolTasks"), list));
    for (const patrol::v1::PatrolTask& task : page.patrol_tasks())
      there[task.name()] = task.visit().substr(task.visit().rfind('/') + 1);
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  int missing = 0;
  for (const auto& [task, visit] : acknowledged) missing += !there.contains(task) || there.at(task) != visit;
  out["acknowledged"] = acknowledged.size();
  out["acknowledged_missing"] = missing;
  out["done_tasks"] = there.size();
  out["verdicts"] = verdicts;
  out["held_by_phones"] = held;
  if (options_.acknowledged_file.empty()) return absl::OkStatus();
  std::ofstream file(options_.acknowledged_file);
  for (const auto& [task, visit] : acknowledged) file << task << " " << visit << "\n";
  if (!file.flush()) return absl::InternalError(options_.acknowledged_file + ": cannot be written");
  return absl::OkStatus();
}

}  // namespace gridwarden::sim
