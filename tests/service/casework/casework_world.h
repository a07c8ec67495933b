#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "access/directory.h"
#include "base/status.h"
#include "casework/casework.h"
#include "domain/policy/policy.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/source/v1/source_internal.pb.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_server.h"

// The casework area on a real database in the test city, and the people who work in it.
namespace gridwarden::testing {

inline constexpr std::string_view kCasework = "gridwarden.casework.v1.CaseworkService/";

// Categories with clocks around the clock, so that a test can count hours: DUST (nothing but photos),
// SMALL_POLLUTER (a disposition and one closing item), STRAW_BURNING (confirmed on site before it is filed),
// NIGHT_WORK (checked at the hours of the find), WATCHED (three rechecks), KILN (stopped first, within a
// day), CLUSTER (a joint review), STORED (goods may stay on site).
std::shared_ptr<const domain::Policy> CaseworkPolicy();

class CaseworkWorld {
 public:
  CaseworkWorld();

  TestDatabase& database() { return *database_; }
  TestServer& server() { return *server_; }
  FakeClock& clock() { return server_->clock(); }
  const casework::Casework& area() const { return *area_; }

  // Empties the tables and goes back to the first morning, and to the city as it is then.
  void Reset();
  // The ground changes now (ReorganisedCity); what is stored stays.
  void Reorganise();
  // Lets the feed's consumers act on everything that was staged since, one entry after the other.
  void Settle();
  // Lets a scheduler fire everything that timers owe by now; answers how many it looked at.
  int FireTimers();
  // The staged entries so far, in the order they were committed.
  std::vector<journal::FeedEntry> Entries();
  // One act of the system on one entry.
  using Act = absl::Status (*)(const casework::Casework&, const rpc::Call&, db::Transaction&,
                               const journal::FeedEntry&);
  absl::Status Fold(Act act, const journal::FeedEntry& entry);

  // Calls an rpc of casework as the bearer of a token.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, std::string_view method, const Request& request) {
    return server_->Call<Response>(token, std::string(kCasework) + std::string(method), request);
  }

  // What the ledger would say about a source when it is compared: by the other's name.
  std::vector<source::v1::SourceLikeness> likenesses;

  // Digests (hex) of photos that were named and never uploaded.
  std::set<std::string> lost_photos;

  // The ground of the stories: villages[0][0][0], its township and its county.
  Uuid village = City().villages[0][0][0];
  Uuid township = City().townships[0][0];
  Uuid county = City().counties[0];

  std::string Token(domain::PostKind kind, const Uuid& division) const {
    return City().TokenOf(kind, division);
  }
  std::string Patrol() const { return Token(domain::PostKind::kPatrolOfficer, village); }
  std::string Dispatcher() const { return Token(domain::PostKind::kCampaignOffice, township); }
  std::string CountyOffice() const { return Token(domain::PostKind::kCampaignOffice, county); }
  std::string Fixer() const { return Token(domain::PostKind::kGridOfficer, village); }
  std::string Leader() const { return Token(domain::PostKind::kGridLeader, township); }
  std::string FixerPost() const {
    return ResourceName("posts", City().PostOf(domain::PostKind::kGridOfficer, village).id);
  }
  // Whoever holds the post the check is assigned to.
  std::string CheckerOf(const casework::v1::Case& file) const;

  // A new photo, and a request id, each time.
  std::string Photo();
  static std::string NewId();
  void AddPhoto(type::v1::Evidence::Kind kind,
                google::protobuf::RepeatedPtrField<type::v1::Evidence>* evidence);

  // Requests that are right in the state they belong to.
  casework::v1::SubmitSignalRequest SignalRequest(std::string category = "DUST");
  casework::v1::SubmitSignalRequest LeadRequest(std::string category = "DUST");  // from outside
  casework::v1::FileCaseRequest FileRequest(const std::string& signal);
  casework::v1::DispatchCaseRequest DispatchRequest(const std::string& name);
  casework::v1::AcceptCaseRequest AcceptRequest(const std::string& name);
  casework::v1::SubmitFeedbackRequest FeedbackRequest(const std::string& name);
  casework::v1::SubmitCheckRequest CheckRequest(const std::string& name,
                                                casework::v1::SubmitCheckRequest::Result result);
  casework::v1::SignOffRequest SignRequest(const std::string& name, bool sign = true);
  casework::v1::SubmitRecheckRequest RecheckRequest(const std::string& name,
                                                    casework::v1::SubmitRecheckRequest::Result result);

  // A case brought to a state on the straight way; stops the test when a step is refused.
  casework::v1::Case CaseIn(casework::v1::Case::State state, const std::string& category = "DUST");
  // The same of a signal handed in by the patrol.
  casework::v1::Case CaseOf(const casework::v1::SubmitSignalRequest& find, casework::v1::Case::State state);
  casework::v1::Signal NewSignal(const std::string& category = "DUST");
  casework::v1::Signal NewLead(const std::string& category = "DUST");
  casework::v1::Case Get(const std::string& name);

 private:
  void Serve(std::shared_ptr<const domain::Ground> ground);

  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<casework::Casework> area_;
  size_t settled_ = 0;
  bool reorganised_ = false;
  int photos_ = 0;
};

// One world per test binary; each test starts with it empty.
CaseworkWorld& World();

// The city with two people more in acting posts: the grid officer of villages[0][2][0] acts as the city's
// grid leader, and the supervision officer of villages[0][1][0] as that of counties[0].
std::shared_ptr<const domain::Ground> CityWithDoublePosts();

}  // namespace gridwarden::testing
