#include "sim/world.h"

#include <unistd.h>

#include "absl/strings/str_format.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "platform/crypto/digest.h"

namespace gridwarden::sim {
namespace {

constexpr int kAttemptsMax = 60;

bool WorthRepeating(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ||
         absl::IsDeadlineExceeded(status) || (absl::IsAborted(status) && ReasonOf(status) == "LOST_RACE");
}

std::string Identity(std::string_view rpc) {
  return "gridwarden.identity.v1.IdentityService/" + std::string(rpc);
}
std::string Grid(std::string_view rpc) { return "gridwarden.grid.v1.GridService/" + std::string(rpc); }

}  // namespace

World::World(WorldOptions options) : options_(std::move(options)) {}

std::string World::IdOf(std::string_view words) const {
  std::string bytes =
      crypto::Sha256(absl::StrFormat("gridwarden demo %d %s", options_.seed, words)).substr(0, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x70);  // version 7, variant 1
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  return Uuid::FromBytes(bytes)->ToString();
}

absl::StatusOr<std::string> World::TokenOf(const std::string& who, client::ConnectClient& client,
                                           bool fresh) {
  {
    std::lock_guard lock(mutex_);
    if (const auto found = tokens_.find(who); found != tokens_.end() && !fresh) return found->second;
  }
  identity::v1::SignInRequest request;
  request.set_login(who == "admin" ? options_.admin_login : who);
  request.set_password(who == "admin" ? options_.admin_password : options_.demo_password);
  request.set_client("gridsim");
  client.set_token("");
  client.set_demo_now(absl::InfinitePast());
  GW_ASSIGN_OR_RETURN(const identity::v1::Tokens tokens,
                      client.Call<identity::v1::Tokens>(Identity("SignIn"), request));
  std::lock_guard lock(mutex_);
  tokens_[who] = tokens.access_token();
  return tokens.access_token();
}

absl::StatusOr<std::string> World::CallBytes(const std::string& who, absl::Time now, std::string_view method,
                                             const std::string& body) {
  thread_local std::unique_ptr<client::ConnectClient> client;
  if (!client)
    client = std::make_unique<client::ConnectClient>(
        client::ClientOptions{.server = options_.server, .ca_file = options_.ca_file});
  bool fresh = false;
  absl::Status last;
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    const absl::StatusOr<std::string> token = TokenOf(who, *client, fresh);
    last = token.status();
    if (token.ok()) {
      client->set_token(*token);
      client->set_demo_now(now);
      absl::StatusOr<std::string> answer = client->CallBytes(method, body);
      if (answer.ok()) return answer;
      last = answer.status();
      if (absl::IsUnauthenticated(last) && !fresh) {
        fresh = true;
        continue;
      }
    }
    if (!WorthRepeating(last)) break;
    const std::optional<ErrorFacts> facts = FactsOf(last);
    const absl::Duration wait =
        facts && facts->retry_after ? *facts->retry_after : absl::Milliseconds(20 << std::min(attempt, 5));
    usleep(static_cast<useconds_t>(absl::ToInt64Microseconds(std::min(wait, absl::Seconds(1)))));
  }
  return last;
}

absl::StatusOr<std::vector<grid::v1::Division>> World::ReadTree(const std::string& city_code,
                                                                std::string* city_name) {
  grid::v1::GetDivisionRequest get;
  get.set_name("divisions/code:" + city_code);
  GW_ASSIGN_OR_RETURN(const grid::v1::Division city,
                      Call<grid::v1::Division>("admin", absl::Now(), Grid("GetDivision"), get));
  *city_name = city.name();
  std::vector<grid::v1::Division> divisions = {city};
  grid::v1::ListDivisionsRequest list;
  list.set_parent(city.name());
  list.set_recursive(true);
  list.set_page_size(500);
  do {
    GW_ASSIGN_OR_RETURN(
        const grid::v1::ListDivisionsResponse page,
        Call<grid::v1::ListDivisionsResponse>("admin", absl::Now(), Grid("ListDivisions"), list));
    divisions.insert(divisions.end(), page.divisions().begin(), page.divisions().end());
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  return divisions;
}

absl::Status World::ReadPosts(const std::string& city_name) {
  grid::v1::ListPersonsRequest persons;
  persons.set_page_size(500);
  do {
    GW_ASSIGN_OR_RETURN(
        const grid::v1::ListPersonsResponse page,
        Call<grid::v1::ListPersonsResponse>("admin", absl::Now(), Grid("ListPersons"), persons));
    for (const grid::v1::Person& person : page.persons()) {
      person_by_staff_no_[person.staff_no()] = person.name();
      staff_no_by_person_[person.name()] = person.staff_no();
    }
    persons.set_page_token(page.next_page_token());
  } while (!persons.page_token().empty());

  grid::v1::ListPostsRequest posts;
  posts.set_parent(city_name);
  posts.set_recursive(true);
  posts.set_page_size(500);
  do {
    GW_ASSIGN_OR_RETURN(const grid::v1::ListPostsResponse page,
                        Call<grid::v1::ListPostsResponse>("admin", absl::Now(), Grid("ListPosts"), posts));
    for (const grid::v1::PostWithHolder& row : page.posts()) {
      const auto holder = staff_no_by_person_.find(row.tenure().person());
      const PostHere here{row.post().name(), holder == staff_no_by_person_.end() ? "" : holder->second};
      holder_by_post_[here.name] = here.holder;
      if (row.post().ordinal() == 1) posts_[{row.post().division(), row.post().kind()}] = here;
    }
    posts.set_page_token(page.next_page_token());
  } while (!posts.page_token().empty());
  return absl::OkStatus();
}

absl::Status World::EnsureAccount(const std::string& staff_no, const std::string& display_name) {
  {
    std::lock_guard lock(mutex_);
    if (accounts_.contains(staff_no)) return absl::OkStatus();
  }
  const auto person = person_by_staff_no_.find(staff_no);
  if (person == person_by_staff_no_.end()) return NotFound("person " + staff_no);
  identity::v1::CreateAccountRequest request;
  request.set_request_id(IdOf("account " + staff_no));
  request.mutable_account()->set_login(staff_no);
  request.mutable_account()->set_display_name(display_name);
  request.mutable_account()->set_person(person->second);
  request.set_password(options_.demo_password);
  GW_RETURN_IF_ERROR(
      Call<identity::v1::Account>("admin", absl::InfinitePast(), Identity("CreateAccount"), request)
          .status());
  std::lock_guard lock(mutex_);
  accounts_[staff_no] = true;
  return absl::OkStatus();
}

PostHere World::PostAt(const std::string& division, grid::v1::Post::Kind kind) const {
  const auto found = posts_.find({division, kind});
  return found == posts_.end() ? PostHere{} : found->second;
}

std::string World::HolderOf(const std::string& post) const {
  const auto found = holder_by_post_.find(post);
  return found == holder_by_post_.end() ? "" : found->second;
}

bool World::HasAccount(const std::string& staff_no) const {
  std::lock_guard lock(mutex_);
  return accounts_.contains(staff_no);
}

int World::accounts() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(accounts_.size());
}

}  // namespace gridwarden::sim
