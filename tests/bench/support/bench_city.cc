#include "support/bench_city.h"

#include <atomic>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "nlohmann/json.hpp"

namespace gridwarden::bench {
namespace {

// Signing in is slow on purpose (Argon2id) and limited in rate: a few at a time, patiently.
absl::Status SignIn(const std::string& server, const std::string& password, Worker& worker) {
  client::ConnectClient client({.server = server});
  identity::v1::SignInRequest request;
  request.set_login(worker.login);
  request.set_password(password);
  request.set_client("gridwarden bench");
  for (int attempt = 0;; ++attempt) {
    const auto tokens =
        client.Call<identity::v1::Tokens>("gridwarden.identity.v1.IdentityService/SignIn", request);
    if (tokens.ok()) {
      worker.token = tokens->access_token();
      return absl::OkStatus();
    }
    if (attempt == 100 ||
        !(absl::IsResourceExhausted(tokens.status()) || absl::IsUnavailable(tokens.status()))) {
      return tokens.status();
    }
    absl::SleepFor(absl::Milliseconds(200));
  }
}

absl::StatusOr<std::string> DivisionByCode(Caller& caller, const Worker& who, const std::string& code) {
  grid::v1::GetDivisionRequest request;
  request.set_name("divisions/code:" + code);
  GW_ASSIGN_OR_RETURN(const auto division, caller.Call<grid::v1::Division>(
                                               who, "gridwarden.grid.v1.GridService/GetDivision", request));
  return division.name();
}

absl::StatusOr<std::string> PostOf(Caller& caller, const Worker& who, const std::string& division,
                                   grid::v1::Post::Kind kind) {
  grid::v1::ListPostsRequest request;
  request.set_parent(division);
  request.set_kind(kind);
  request.set_page_size(10);
  GW_ASSIGN_OR_RETURN(const auto posts, caller.Call<grid::v1::ListPostsResponse>(
                                            who, "gridwarden.grid.v1.GridService/ListPosts", request));
  if (posts.posts().empty()) return absl::NotFoundError("no such post at " + division);
  return posts.posts(0).post().name();
}

absl::Status Resolve(const City& city, const nlohmann::json& plan, Township& township) {
  Caller caller(city);
  GW_ASSIGN_OR_RETURN(township.division, DivisionByCode(caller, city.office, plan["code"]));
  for (const std::string code : plan["villages"]) {
    GW_ASSIGN_OR_RETURN(const std::string village, DivisionByCode(caller, city.office, code));
    township.villages.push_back(village);
  }
  GW_ASSIGN_OR_RETURN(township.officer_post,
                      PostOf(caller, city.office, township.division, grid::v1::Post::GRID_OFFICER));
  GW_ASSIGN_OR_RETURN(township.supervision_post,
                      PostOf(caller, city.office, township.division, grid::v1::Post::SUPERVISION_OFFICER));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<City> OpenCity(const std::string& plan_file) {
  std::ifstream in(plan_file);
  const nlohmann::json plan = nlohmann::json::parse(in, nullptr, false);
  if (plan.is_discarded()) return absl::InvalidArgumentError(plan_file + ": no plan of a city");
  City city;
  city.server = plan["server"];
  city.city_code = plan["city"];
  city.database_socket = plan["socket"];
  city.database = plan["database"];
  city.server_pids = plan["server_pids"].get<std::vector<int>>();
  city.database_pid = plan["database_pid"];
  city.office.login = plan["office"];
  const std::string password = plan["password"];
  GW_RETURN_IF_ERROR(SignIn(city.server, password, city.office));
  {
    Caller caller(city);
    GW_ASSIGN_OR_RETURN(city.city, DivisionByCode(caller, city.office, city.city_code));
  }
  city.townships.resize(plan["townships"].size());
  std::atomic<size_t> next{0};
  std::mutex mutex;  // guards first
  absl::Status first;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i = next++; i < city.townships.size(); i = next++) {
        const nlohmann::json& one = plan["townships"][i];
        Township& township = city.townships[i];
        township.dispatcher.login = one["dispatcher"];
        township.leader.login = one["leader"];
        township.officer.login = one["officer"];
        township.supervisor.login = one["supervisor"];
        absl::Status status;
        for (Worker* worker :
             {&township.dispatcher, &township.leader, &township.officer, &township.supervisor}) {
          status.Update(SignIn(city.server, password, *worker));
        }
        status.Update(Resolve(city, one, township));
        const std::lock_guard lock(mutex);
        first.Update(status);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  GW_RETURN_IF_ERROR(first);
  for (const Township& township : city.townships)
    city.supervisor_by_post[township.supervision_post] = township.supervisor;
  return city;
}

}  // namespace gridwarden::bench
