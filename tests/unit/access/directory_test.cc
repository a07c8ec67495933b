#include "access/directory.h"

#include <atomic>
#include <functional>
#include <thread>

#include "access/ground_records.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "gtest/gtest.h"
#include "support/test_city.h"

namespace gridwarden::access {
namespace {

// Another area at the far end of a channel, answering from memory.
class FarArea final : public rpc::Channel {
 public:
  std::function<absl::StatusOr<std::string>(const rpc::Envelope&)> answer;
  absl::StatusOr<std::string> Send(const rpc::Envelope& envelope) override {
    ++calls;
    return answer(envelope);
  }
  void SendAsync(rpc::Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
    done(Send(envelope));
  }
  std::atomic<int> calls{0};
};

grid::v1::Division Village(const std::string& id, const std::string& name, int revision) {
  grid::v1::Division division;
  division.set_name("divisions/" + id);
  division.set_display_name(name);
  division.set_level(grid::v1::Division::VILLAGE);
  division.set_etag(std::to_string(revision));
  return division;
}

constexpr char kFirst[] = "018bcfe5-6800-7000-8000-000000000001";
constexpr char kSecond[] = "018bcfe5-6800-7000-8000-000000000002";

class DirectoryTest : public ::testing::Test {
 protected:
  DirectoryTest() {
    grid_.answer = [this](const rpc::Envelope& envelope) -> absl::StatusOr<std::string> {
      EXPECT_TRUE(envelope.system);
      if (away_) return absl::UnavailableError("away");
      grid::v1::GetGroundRequest request;
      EXPECT_TRUE(request.ParseFromString(envelope.body));
      grid::v1::GetGroundResponse response;
      response.set_revision(request.after_revision());
      response.set_complete(true);
      for (const grid::v1::Division& division : divisions_) {
        const int revision = std::stoi(division.etag());
        if (revision <= request.after_revision()) continue;
        *response.add_divisions() = division;
        response.set_revision(revision);
        response.set_complete(false);  // one record at a time: as small as pages get
        return response.SerializeAsString();
      }
      return response.SerializeAsString();
    };
    identity_.answer = [this](const rpc::Envelope&) -> absl::StatusOr<std::string> {
      return access_.SerializeAsString();
    };
  }
  FarArea grid_, identity_;
  bool away_ = false;
  std::vector<grid::v1::Division> divisions_;
  identity::v1::GetAccessResponse access_;
};

TEST_F(DirectoryTest, IsNotLoadedBeforeItsFirstRefreshCameThrough) {
  Directory directory(grid_, identity_);
  EXPECT_FALSE(directory.loaded());
  away_ = true;
  EXPECT_EQ(directory.Refresh().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(directory.loaded());
  away_ = false;
  EXPECT_TRUE(directory.Refresh().ok());
  EXPECT_TRUE(directory.loaded());
}

TEST_F(DirectoryTest, FetchesPageByPageAndThenOnlyWhatChanged) {
  divisions_ = {Village(kFirst, "前王村", 1), Village(kSecond, "后李村", 2)};
  Directory directory(grid_, identity_);
  ASSERT_TRUE(directory.Refresh().ok());
  EXPECT_EQ(directory.ground()->divisions().size(), 2u);
  const int calls = grid_.calls;
  const auto before = directory.ground();
  ASSERT_TRUE(directory.Refresh().ok());
  EXPECT_EQ(grid_.calls, calls + 1);
  EXPECT_EQ(directory.ground(), before) << "nothing changed, so the value is the same one";
  divisions_ = {Village(kSecond, "后李村", 2), Village(kFirst, "前王社区", 3)};
  ASSERT_TRUE(directory.Refresh().ok());
  EXPECT_EQ(directory.ground()->FindDivision(*Uuid::Parse(kFirst))->display_name, "前王社区");
  EXPECT_EQ(directory.ground()->FindDivision(*Uuid::Parse(kSecond))->display_name, "后李村");
  EXPECT_EQ(before->FindDivision(*Uuid::Parse(kFirst))->display_name, "前王村")
      << "a snapshot in use never changes";
}

TEST_F(DirectoryTest, KeepsTheLastSnapshotWhileAnAreaIsAway) {
  divisions_ = {Village(kFirst, "前王村", 1)};
  Directory directory(grid_, identity_);
  ASSERT_TRUE(directory.Refresh().ok());
  away_ = true;
  EXPECT_FALSE(directory.Refresh().ok());
  EXPECT_EQ(directory.ground()->divisions().size(), 1u);
  EXPECT_TRUE(directory.loaded());
}

TEST_F(DirectoryTest, LearnsOfADisabledAccountEvenWhileTheGridAreaIsAway) {
  Directory directory(grid_, identity_);
  ASSERT_TRUE(directory.Refresh().ok());
  away_ = true;
  identity::v1::Account* account = access_.add_accounts();
  account->set_name(std::string("accounts/") + kFirst);
  account->set_person(std::string("persons/") + kSecond);
  account->set_disabled(true);
  access_.add_ended_sessions(kSecond);
  access_.set_revision(5);
  EXPECT_FALSE(directory.Refresh().ok());
  const AccessState::Account& known = directory.access()->accounts.at(*Uuid::Parse(kFirst));
  EXPECT_TRUE(known.disabled);
  EXPECT_EQ(known.person, *Uuid::Parse(kSecond));
  EXPECT_TRUE(directory.access()->ended_sessions.contains(*Uuid::Parse(kSecond)));
}

TEST_F(DirectoryTest, ARecordWithoutAnIdStopsTheRefreshAndHarmsNothing) {
  divisions_ = {Village(kFirst, "前王村", 1)};
  Directory directory(grid_, identity_);
  ASSERT_TRUE(directory.Refresh().ok());
  divisions_ = {Village("rubbish", "x", 2)};
  EXPECT_EQ(directory.Refresh().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(directory.ground()->divisions().size(), 1u);
}

TEST_F(DirectoryTest, RefreshesByItselfOnceStarted) {
  Directory directory(grid_, identity_);
  directory.Start();
  const absl::Time deadline = absl::Now() + absl::Seconds(5);
  while (!directory.loaded() && absl::Now() < deadline) std::this_thread::yield();
  EXPECT_TRUE(directory.loaded());
}

}  // namespace
}  // namespace gridwarden::access
