#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/casework_service.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/sync/v1/device_service.pb.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "media/media_service.h"
#include "patrol/patrol_service.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/ecdsa.h"
#include "source/source_service.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_photo.h"
#include "support/test_policy.h"
#include "support/test_server.h"
#include "sync/sync_service.h"

// The sync area with those it replays to, behind the real pipeline, on a real database in the test city; and
// phones that sign as real ones do.
namespace gridwarden::testing {

inline google::protobuf::Timestamp Stamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}
inline absl::Time TimeOf(const google::protobuf::Timestamp& stamp) {
  return absl::FromUnixMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(stamp));
}
inline std::string Json(const google::protobuf::Message& message) {
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  return json;
}

class SyncTest : public ::testing::Test {
 protected:
  explicit SyncTest(std::shared_ptr<const domain::Policy> policy = TestPolicy())
      : data_dir(absl::StrCat(::testing::TempDir(), "sync_", getpid())),
        server(*SharedDatabase(), City().MakeDirectory(), std::move(policy), data_dir) {
    SharedDatabase().Clear();
    server.Install(casework::Install);
    server.Install(patrol::Install);
    server.Install(source::Install);
    server.Install(media::Install);
    server.Install(sync::Install);
  }
  ~SyncTest() override { std::filesystem::remove_all(data_dir); }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server.Call<Response>(token, "gridwarden." + method, request);
  }
  static std::string NewId() { return Uuid::Make(absl::Now()).ToString(); }
  absl::Time Now() { return server.clock().Now(); }
  static std::string Ask(const std::string& sql) { return SharedDatabase().Ask(sql); }
  static std::string PostName(domain::PostKind kind, const Uuid& division) {
    return ResourceName("posts", City().PostOf(kind, division).id);
  }

  // A task of the village's patrol officer, issued an hour ago as the phone saw it.
  patrol::v1::PatrolTask NewTask(domain::PostKind kind = domain::PostKind::kPatrolOfficer) {
    patrol::v1::CreatePatrolTaskRequest request;
    request.set_request_id(NewId());
    patrol::v1::PatrolTask& task = *request.mutable_patrol_task();
    task.set_division(ResourceName("divisions", village));
    task.set_category("STRAW_BURNING");
    *task.mutable_due_time() = Stamp(Now() + absl::Hours(8));
    task.set_title("夜查");
    task.set_post(PostName(kind, village));
    const auto made =
        Call<patrol::v1::PatrolTask>(office, "patrol.v1.PatrolService/CreatePatrolTask", request);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(patrol::v1::PatrolTask());
  }
  patrol::v1::PatrolTask GetTask(const std::string& name) {
    patrol::v1::GetPatrolTaskRequest request;
    request.set_name(name);
    const auto task = Call<patrol::v1::PatrolTask>(office, "patrol.v1.PatrolService/GetPatrolTask", request);
    EXPECT_TRUE(task.ok()) << task.status();
    return task.value_or(patrol::v1::PatrolTask());
  }
  static patrol::v1::SubmitVisitRequest VisitOf(const patrol::v1::PatrolTask& task) {
    patrol::v1::SubmitVisitRequest request;
    request.set_parent(task.name());
    request.set_visit_id(NewId());
    request.mutable_visit()->set_result(patrol::v1::Visit::NORMAL);
    request.mutable_visit()->set_note("田里没有烟");
    return request;
  }
  // The journal's entries, in the order they were staged.
  static std::vector<journal::v1::Entry> Entries() {
    std::vector<journal::v1::Entry> entries;
    const absl::Status read = SharedDatabase()->Read(absl::InfiniteFuture(), [&](db::Transaction& tx) {
      return tx.QueryValues("SELECT body FROM journal_stage ORDER BY id", {}, [&](const db::Row& row) {
        EXPECT_TRUE(entries.emplace_back().ParseFromString(row.Text(0)));
      });
    });
    EXPECT_TRUE(read.ok()) << read;
    return entries;
  }
  static bool HasFlag(const sync::v1::PushResult& result, sync::v1::Flag flag) {
    return std::find(result.flags().begin(), result.flags().end(), flag) != result.flags().end();
  }
  sync::v1::ListObservationsResponse ObservationsOf(const std::string& subject, const std::string& token) {
    sync::v1::ListObservationsRequest request;
    request.set_subject(subject);
    const auto listed =
        Call<sync::v1::ListObservationsResponse>(token, "sync.v1.SyncService/ListObservations", request);
    EXPECT_TRUE(listed.ok()) << listed.status();
    return listed.value_or(sync::v1::ListObservationsResponse());
  }

  const std::string data_dir;
  TestServer server;
  const Uuid village = City().villages[0][0][0];
  const Uuid other_village = City().villages[0][0][1];
  const Uuid township = City().townships[0][0];
  const std::string office = City().TokenOf(domain::PostKind::kCampaignOffice, township);
  const std::string administrator = City().AdministratorToken();
};

// A phone, honest unless a test lets it lie.
class Phone {
 public:
  Phone(TestServer& server, const Uuid& person)
      : token(City().TokenOfPerson(person)),
        account(ResourceName("accounts", TestCity::AccountOf(person))),
        id(Uuid::Make(absl::Now())),
        name(ResourceName("devices", id)),
        key(crypto::MakeEcdsaKeyPair()),
        boot_(Uuid::Make(absl::Now()).ToString()),
        server_(server),
        booted_(server.clock().Now() - absl::Hours(1)) {}

  sync::v1::RegisterDeviceRequest Registration() const {
    sync::v1::RegisterDeviceRequest request;
    request.set_request_id(Uuid::Make(absl::Now()).ToString());
    request.set_device_id(id.ToString());
    request.set_public_key(key.public_key);
    request.set_label("Chrome 140, Android 14");
    request.set_signature(
        crypto::EcdsaSign(key, absl::StrCat("gridwarden/device/v1\n", id.ToString(), "\n", account)));
    return request;
  }
  // Registers, and syncs once, which gives it a time token.
  Phone& Begin() {
    const auto device = server_.Call<sync::v1::Device>(
        token, "gridwarden.sync.v1.DeviceService/RegisterDevice", Registration());
    EXPECT_TRUE(device.ok()) << device.status();
    Push({});
    return *this;
  }

  // The next operation of its log.
  sync::v1::OperationBody Body(const std::string& rpc, const google::protobuf::Message& request,
                               const std::string& subject) {
    sync::v1::OperationBody body;
    body.set_op_id(Uuid::Make(absl::Now()).ToString());
    body.set_device(name);
    body.set_seq(++seq);
    body.set_prev_hash(last_hash);
    body.set_rpc("gridwarden." + rpc);
    body.set_request(Json(request));
    body.set_subject(subject);
    sync::v1::ClaimedTime& time = *body.mutable_time();
    *time.mutable_wall_time() = Stamp(Wall());
    time.set_mono_ms(Mono());
    time.set_boot_id(boot_);
    if (!time_token.empty()) {
      time.set_time_token(time_token);
      time.set_token_mono_ms(token_mono_);
      time.set_token_boot_id(boot_);
      *time.mutable_token_wall_time() = Stamp(token_wall_);
    }
    body.set_app_build("test");
    return body;
  }
  sync::v1::SignedOperation Sign(const sync::v1::OperationBody& body) {
    sync::v1::SignedOperation operation;
    operation.set_body(Json(body));
    operation.set_signature(crypto::EcdsaSign(key, "gridwarden/op/v1\n" + operation.body()));
    last_hash = absl::BytesToHexString(crypto::Sha256(operation.body()));
    return operation;
  }
  sync::v1::SignedOperation Visit(const patrol::v1::SubmitVisitRequest& request) {
    return Sign(Body("patrol.v1.PatrolService/SubmitVisit", request, request.parent()));
  }
  sync::v1::SignedOperation Start(const std::string& task, const std::string& base_etag = "") {
    patrol::v1::StartPatrolTaskRequest request;
    request.set_name(task);
    sync::v1::OperationBody body = Body("patrol.v1.PatrolService/StartPatrolTask", request, task);
    body.set_base_etag(base_etag);
    return Sign(body);
  }

  absl::StatusOr<sync::v1::PushResponse> TryPush(const std::vector<sync::v1::SignedOperation>& operations) {
    sync::v1::PushRequest request;
    request.set_device(name);
    for (const sync::v1::SignedOperation& operation : operations) *request.add_operations() = operation;
    *request.mutable_device_time() = Stamp(Wall());
    request.set_mono_ms(Mono());
    request.set_boot_id(boot_);
    request.set_time_token(time_token);
    return server_.Call<sync::v1::PushResponse>(token, "gridwarden.sync.v1.SyncService/Push", request);
  }
  sync::v1::PushResponse Push(const std::vector<sync::v1::SignedOperation>& operations) {
    const auto response = TryPush(operations);
    EXPECT_TRUE(response.ok()) << response.status();
    if (!response.ok()) return {};
    EXPECT_EQ(response->results_size(), static_cast<int>(operations.size()));
    if (!response->time_token().empty()) {
      time_token = response->time_token();
      token_mono_ = Mono();
      token_wall_ = Wall();
    }
    return *response;
  }
  sync::v1::PushResult PushOne(const sync::v1::SignedOperation& operation) {
    const sync::v1::PushResponse response = Push({operation});
    return response.results_size() == 1 ? response.results(0) : sync::v1::PushResult();
  }

  absl::Time Wall() const { return server_.clock().Now() + skew; }
  int64_t Mono() const { return absl::ToInt64Milliseconds(server_.clock().Now() - booted_); }

  const std::string token;
  const std::string account;
  const Uuid id;
  const std::string name;
  const crypto::EcdsaKeyPair key;
  absl::Duration skew;  // of its clock
  int64_t seq = 0;
  std::string last_hash;
  std::string time_token;

 private:
  const std::string boot_;
  TestServer& server_;
  const absl::Time booted_;
  int64_t token_mono_ = 0;
  absl::Time token_wall_;
};

}  // namespace gridwarden::testing
