#include <algorithm>

#include "access/permission.h"
#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_repository.h"
#include "grid/grid_service.h"
#include "platform/rpc/page.h"

namespace gridwarden::grid {
namespace {

constexpr int kPieceSize = 500;

v1::Person ToProto(const PersonRecord& person) {
  v1::Person message;
  message.set_name(ResourceName("persons", person.id));
  message.set_display_name(person.display_name);
  message.set_staff_no(person.staff_no);
  message.set_phone(person.phone);
  message.set_etag(std::to_string(person.revision));
  return message;
}

bool Matches(const PersonRecord& person, const std::string& filter) {
  return filter.empty() || person.display_name.find(filter) != std::string::npos ||
         person.staff_no.find(filter) != std::string::npos;
}

// Whoever holds a post inside one of the subtrees now.
std::vector<Uuid> PersonsWithin(const domain::Ground& ground, const std::vector<std::string>& scope,
                                absl::Time now) {
  std::vector<Uuid> persons;
  for (const domain::Tenure& tenure : ground.tenures()) {
    if (!tenure.valid.Contains(now) || tenure.revoked != absl::InfiniteFuture()) continue;
    const domain::Post* post = ground.FindPost(tenure.post);
    if (post == nullptr || !post->valid.Contains(now)) continue;
    const std::string key = ground.PathKey(ground.DivisionOf(*post));
    const bool inside = std::any_of(scope.begin(), scope.end(), [&](const std::string& top) {
      return key.compare(0, top.size(), top) == 0;
    });
    if (inside) persons.push_back(tenure.person);
  }
  std::sort(persons.begin(), persons.end());
  persons.erase(std::unique(persons.begin(), persons.end()), persons.end());
  return persons;
}

}  // namespace

absl::StatusOr<v1::ListPersonsResponse> ListPersons(GridArea& area, const rpc::Call& call,
                                                    const v1::ListPersonsRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  const std::vector<std::string> scope = access::ScopeOf(*ground, call);
  const Uuid after = page.after.size() == 1 ? Uuid::FromBytes(page.after[0]).value_or(Uuid()) : Uuid();
  std::vector<PersonRecord> found;  // one more than the page, to know whether there is a next one
  const size_t wanted = static_cast<size_t>(page.size) + 1;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    found.clear();
    if (scope.size() == 1 && scope[0].empty()) {
      GW_ASSIGN_OR_RETURN(found, ReadPersonsAfter(tx, after, request.filter(), static_cast<int>(wanted)));
      return absl::OkStatus();
    }
    const std::vector<Uuid> visible = PersonsWithin(*ground, scope, call.now);
    auto next = std::upper_bound(visible.begin(), visible.end(), after);
    while (next != visible.end() && found.size() < wanted) {
      const auto end = visible.end() - next > kPieceSize ? next + kPieceSize : visible.end();
      GW_ASSIGN_OR_RETURN(std::vector<PersonRecord> piece,
                          ReadPersons(tx, std::span<const Uuid>(&*next, end - next)));
      std::sort(piece.begin(), piece.end(),
                [](const PersonRecord& a, const PersonRecord& b) { return a.id < b.id; });
      for (PersonRecord& person : piece) {
        if (found.size() < wanted && Matches(person, request.filter())) found.push_back(std::move(person));
      }
      next = end;
    }
    return absl::OkStatus();
  }));
  v1::ListPersonsResponse response;
  for (const PersonRecord& person : found) {
    if (response.persons_size() == page.size) {
      const std::optional<Uuid> last = Uuid::Parse(response.persons(page.size - 1).name().substr(8));
      response.set_next_page_token(rpc::NextPageToken(request, {last->Bytes()}));
      break;
    }
    *response.add_persons() = ToProto(person);
  }
  return response;
}

}  // namespace gridwarden::grid
