#include "service/sync/sync_world.h"
#include "sync/gap_worker.h"
#include "sync/key_ring.h"
#include "sync/time_token.h"

// Phones: registered by their key, listed, taken out of use; and their logs.
namespace gridwarden::sync {
namespace {

using domain::PostKind;
using testing::City;
using testing::Phone;
using testing::Stamp;
using testing::TimeOf;

class DeviceTest : public testing::SyncTest {
 protected:
  Phone NewPhone(PostKind kind = PostKind::kPatrolOfficer) {
    return Phone(server, City().PersonIn(kind, village));
  }
  absl::StatusOr<v1::Device> Register(const Phone& phone, const v1::RegisterDeviceRequest& request) {
    return Call<v1::Device>(phone.token, "sync.v1.DeviceService/RegisterDevice", request);
  }
  absl::StatusOr<v1::Device> Get(const std::string& token, const std::string& name) {
    v1::GetDeviceRequest request;
    request.set_name(name);
    return Call<v1::Device>(token, "sync.v1.DeviceService/GetDevice", request);
  }
  absl::StatusOr<v1::Device> Revoke(const std::string& token, const std::string& name,
                                    const std::string& etag = "") {
    v1::RevokeDeviceRequest request;
    request.set_request_id(NewId());
    request.set_name(name);
    request.set_reason("手机丢失");
    request.set_etag(etag);
    return Call<v1::Device>(token, "sync.v1.DeviceService/RevokeDevice", request);
  }
  absl::StatusOr<v1::ListDevicesResponse> List(const std::string& token, const std::string& account = "",
                                               int page_size = 0, const std::string& page = "") {
    v1::ListDevicesRequest request;
    request.set_account(account);
    request.set_page_size(page_size);
    request.set_page_token(page);
    return Call<v1::ListDevicesResponse>(token, "sync.v1.DeviceService/ListDevices", request);
  }
  absl::StatusOr<v1::ListOperationsResponse> Operations(const std::string& token, const std::string& device,
                                                        const std::string& subject = "", int page_size = 0,
                                                        const std::string& page = "") {
    v1::ListOperationsRequest request;
    request.set_device(device);
    request.set_subject(subject);
    request.set_page_size(page_size);
    request.set_page_token(page);
    return Call<v1::ListOperationsResponse>(token, "sync.v1.DeviceService/ListOperations", request);
  }
  absl::StatusOr<v1::Operation> Operation(const std::string& token, const std::string& op_id) {
    v1::GetOperationRequest request;
    request.set_op_id(op_id);
    return Call<v1::Operation>(token, "sync.v1.DeviceService/GetOperation", request);
  }
  std::shared_ptr<const Sync> Area() {
    const AreaContext& context = server.context();
    return std::make_shared<const Sync>(Sync{context.database, context.directory, context.clock,
                                             context.policy, context.channel, false,
                                             std::make_shared<KeyRing>(data_dir)});
  }

  const std::string stranger = City().TokenOf(PostKind::kGridOfficer, other_village);
};

TEST_F(DeviceTest, RegistersTheKeyThatThePhoneHolds) {
  const Phone phone = NewPhone();
  const auto device = Register(phone, phone.Registration());
  ASSERT_TRUE(device.ok()) << device.status();
  EXPECT_EQ(device->name(), phone.name);
  EXPECT_EQ(device->account(), phone.account);
  EXPECT_FALSE(device->person_display_name().empty());
  EXPECT_EQ(device->last_seq(), 0);
  EXPECT_FALSE(device->has_revoke_time());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM journal_stage"), "1");
}

TEST_F(DeviceTest, AnswersTheSameRegistrationAndTheSameKeyWithTheSameDevice) {
  const Phone phone = NewPhone();
  const v1::RegisterDeviceRequest request = phone.Registration();
  const auto first = Register(phone, request);
  const auto again = Register(phone, request);
  const auto anew = Register(phone, phone.Registration());
  ASSERT_TRUE(first.ok() && again.ok() && anew.ok());
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  EXPECT_EQ(first->name(), anew->name());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM device"), "1");
  v1::RegisterDeviceRequest other = request;
  other.set_label("other");
  EXPECT_EQ(ReasonOf(Register(phone, other).status()), "REQUEST_ID_REUSED");
}

TEST_F(DeviceTest, RefusesAKeyThatIsNotProvenAndAnIdThatIsTaken) {
  const Phone phone = NewPhone();
  v1::RegisterDeviceRequest request = phone.Registration();
  request.mutable_signature()->back() ^= 1;
  EXPECT_EQ(ReasonOf(Register(phone, request).status()), "SIGNATURE_INVALID");
  request = phone.Registration();
  request.set_public_key(std::string(65, '\x04'));
  EXPECT_EQ(ReasonOf(Register(phone, request).status()), "DEVICE_KEY_INVALID");
  request = phone.Registration();
  request.set_device_id("nonsense");
  EXPECT_EQ(Register(phone, request).status().code(), absl::StatusCode::kInvalidArgument);
  request = phone.Registration();
  request.clear_device_id();
  EXPECT_EQ(ReasonOf(Register(phone, request).status()), "REQUIRED_FIELD_MISSING");
  request = phone.Registration();
  request.set_label(std::string(101, 'x'));
  EXPECT_EQ(Register(phone, request).status().code(), absl::StatusCode::kInvalidArgument);

  ASSERT_TRUE(Register(phone, phone.Registration()).ok());
  const crypto::EcdsaKeyPair thief = crypto::MakeEcdsaKeyPair();
  request = phone.Registration();
  request.set_public_key(thief.public_key);
  request.set_signature(crypto::EcdsaSign(
      thief, absl::StrCat("gridwarden/device/v1\n", phone.id.ToString(), "\n", phone.account)));
  EXPECT_EQ(ReasonOf(Register(phone, request).status()), "DEVICE_ID_TAKEN");
  EXPECT_EQ(Call<v1::Device>("", "sync.v1.DeviceService/RegisterDevice", request).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(DeviceTest, AllowsTenInUse) {
  for (int i = 0; i < 10; ++i) {
    const Phone phone = NewPhone();
    ASSERT_TRUE(Register(phone, phone.Registration()).ok());
  }
  const Phone eleventh = NewPhone();
  EXPECT_EQ(ReasonOf(Register(eleventh, eleventh.Registration()).status()), "TOO_MANY_DEVICES");
  const auto all = List(eleventh.token);
  ASSERT_TRUE(all.ok());
  ASSERT_TRUE(Revoke(eleventh.token, all->devices(0).name()).ok());
  EXPECT_TRUE(Register(eleventh, eleventh.Registration()).ok());
}

TEST_F(DeviceTest, ANewInstallationEndsTheOneItReplaces) {
  Phone former = NewPhone();
  former.Begin();
  former.Push({former.Visit(VisitOf(NewTask()))});
  const Phone phone = NewPhone();
  v1::RegisterDeviceRequest request = phone.Registration();
  request.set_replaces(former.name);
  ASSERT_TRUE(Register(phone, request).ok());
  const auto ended = Get(phone.token, former.name);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->revoke_reason(), "REPLACED");
  const Phone other = NewPhone(PostKind::kGridOfficer);
  request = other.Registration();
  request.set_replaces(phone.name);
  EXPECT_EQ(ReasonOf(Register(other, request).status()), "DEVICE_UNKNOWN");
}

TEST_F(DeviceTest, IsSeenByItsOwnerAndAdministrators) {
  const Phone phone = NewPhone();
  ASSERT_TRUE(Register(phone, phone.Registration()).ok());
  EXPECT_TRUE(Get(phone.token, phone.name).ok());
  EXPECT_TRUE(Get(administrator, phone.name).ok());
  EXPECT_EQ(Get(stranger, phone.name).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Get(phone.token, "devices/" + NewId()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Get(phone.token, "phones/1").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Get("", phone.name).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(List(stranger)->devices_size(), 0);
  EXPECT_EQ(List(stranger, phone.account).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(List(administrator, phone.account)->devices_size(), 1);
  EXPECT_EQ(List(administrator)->devices_size(), 1);
}

TEST_F(DeviceTest, IsListedInPages) {
  for (int i = 0; i < 3; ++i) {
    const Phone phone = NewPhone();
    ASSERT_TRUE(Register(phone, phone.Registration()).ok());
  }
  const std::string token = NewPhone().token;
  const auto first = List(token, "", 2);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->devices_size(), 2);
  const auto second = List(token, "", 2, first->next_page_token());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->devices_size(), 1);
  EXPECT_TRUE(second->next_page_token().empty());
  EXPECT_EQ(ReasonOf(List(token, NewPhone().account, 2, first->next_page_token()).status()),
            "PAGE_TOKEN_MISMATCH");
}

TEST_F(DeviceTest, IsTakenOutOfUseByItsOwnerOrAnAdministrator) {
  const Phone phone = NewPhone();
  const auto device = Register(phone, phone.Registration());
  ASSERT_TRUE(device.ok());
  EXPECT_EQ(Revoke(stranger, phone.name).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(Revoke(phone.token, phone.name, "99").status()), "ETAG_MISMATCH");
  v1::RevokeDeviceRequest request;
  request.set_request_id(NewId());
  request.set_name(phone.name);
  EXPECT_EQ(ReasonOf(Call<v1::Device>(phone.token, "sync.v1.DeviceService/RevokeDevice", request).status()),
            "REQUIRED_FIELD_MISSING");
  request.set_reason("换机");
  *request.mutable_loss_time() = Stamp(Now() + absl::Hours(1));
  EXPECT_EQ(Call<v1::Device>(phone.token, "sync.v1.DeviceService/RevokeDevice", request).status().code(),
            absl::StatusCode::kInvalidArgument);
  request.clear_loss_time();
  request.set_etag(device->etag());
  const auto first = Call<v1::Device>(phone.token, "sync.v1.DeviceService/RevokeDevice", request);
  const auto again = Call<v1::Device>(phone.token, "sync.v1.DeviceService/RevokeDevice", request);
  ASSERT_TRUE(first.ok() && again.ok()) << first.status() << again.status();
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  EXPECT_TRUE(first->has_revoke_time());
  request.set_reason("other");
  EXPECT_EQ(ReasonOf(Call<v1::Device>(phone.token, "sync.v1.DeviceService/RevokeDevice", request).status()),
            "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(Revoke(administrator, phone.name).status()), "DEVICE_REVOKED");
  EXPECT_EQ(ReasonOf(Register(phone, phone.Registration()).status()), "DEVICE_REVOKED");
}

TEST_F(DeviceTest, ALossThatBecomesKnownLaterIsAdded) {
  Phone phone = NewPhone();
  phone.Begin();
  ASSERT_TRUE(Revoke(phone.token, phone.name).ok());
  v1::RevokeDeviceRequest request;
  request.set_request_id(NewId());
  request.set_name(phone.name);
  request.set_reason("被盗");
  *request.mutable_loss_time() = Stamp(Now() - absl::Hours(1));
  const auto lost = Call<v1::Device>(administrator, "sync.v1.DeviceService/RevokeDevice", request);
  ASSERT_TRUE(lost.ok()) << lost.status();
  EXPECT_EQ(TimeOf(lost->loss_time()), Now() - absl::Hours(1));
}

TEST_F(DeviceTest, TellsTheKeyThatVerifiesTokensAndKeepsIt) {
  Phone phone = NewPhone();
  const auto key =
      Call<v1::SyncKey>(phone.token, "sync.v1.DeviceService/GetSyncKey", v1::GetSyncKeyRequest());
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->verifier_key().find("gridwarden/sync+"), 0u) << key->verifier_key();
  EXPECT_EQ(
      Call<v1::SyncKey>("", "sync.v1.DeviceService/GetSyncKey", v1::GetSyncKeyRequest()).status().code(),
      absl::StatusCode::kUnauthenticated);
  const auto area = Area();  // as after a restart
  EXPECT_EQ(*area->keys->VerifierKey(*testing::SharedDatabase(), Now()), key->verifier_key());
}

TEST_F(DeviceTest, ATokenIsBelievedOfItsDeviceOnlyAndStaysGoodWhenTheKeyIsLost) {
  Phone phone = NewPhone();
  phone.Begin();
  const auto area = Area();
  EXPECT_EQ(OpenTimeToken(*area, phone.time_token, phone.id).value(), Now());
  EXPECT_EQ(OpenTimeToken(*area, phone.time_token, Uuid::Make(Now())).value(), std::nullopt);
  std::string changed = phone.time_token;
  changed[30] ^= 1;
  EXPECT_EQ(OpenTimeToken(*area, changed, phone.id).value(), std::nullopt);
  EXPECT_EQ(OpenTimeToken(*area, "no token", phone.id).value(), std::nullopt);
  std::filesystem::remove_all(data_dir);
  const auto another = Area();
  ASSERT_TRUE(MakeTimeToken(*another, Now(), phone.id).ok());
  EXPECT_EQ(OpenTimeToken(*another, phone.time_token, phone.id).value(), Now());
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM sync_key"), "2");
}

TEST_F(DeviceTest, ItsLogIsReadInOrderByOwnerAndAdministratorsAndByStaffAboutASubject) {
  Phone phone = NewPhone();
  phone.Begin();
  const patrol::v1::PatrolTask task = NewTask();
  const auto start = phone.Start(task.name());
  const auto visit = phone.Visit(VisitOf(task));
  const auto refused = phone.Start(task.name());
  const v1::PushResponse pushed = phone.Push({start, visit, refused});
  ASSERT_EQ(pushed.results(2).verdict(), v1::REFUSED);

  const auto own = Operations(phone.token, phone.name);
  ASSERT_TRUE(own.ok()) << own.status();
  ASSERT_EQ(own->operations_size(), 3);
  EXPECT_EQ(own->operations(0).seq(), 1);
  EXPECT_TRUE(own->operations(0).body().empty());
  EXPECT_EQ(own->operations(2).reason(), "ILLEGAL_TRANSITION");
  EXPECT_EQ(Operations(administrator, phone.name)->operations_size(), 3);
  EXPECT_EQ(Operations(stranger, phone.name).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Operations(office, "", task.name())->operations_size(), 3);
  EXPECT_EQ(Operations(stranger, "", task.name()).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Operations(office, "").status().code(), absl::StatusCode::kInvalidArgument);

  const auto page = Operations(phone.token, phone.name, "", 2);
  ASSERT_EQ(page->operations_size(), 2);
  const auto rest = Operations(phone.token, phone.name, "", 2, page->next_page_token());
  ASSERT_TRUE(rest.ok()) << rest.status();
  ASSERT_EQ(rest->operations_size(), 1);
  EXPECT_EQ(rest->operations(0).seq(), 3);
  EXPECT_TRUE(rest->next_page_token().empty());

  v1::ListOperationsRequest of_verdict;
  of_verdict.set_device(phone.name);
  of_verdict.add_verdicts(v1::REFUSED);
  EXPECT_EQ(Call<v1::ListOperationsResponse>(phone.token, "sync.v1.DeviceService/ListOperations", of_verdict)
                ->operations_size(),
            1);
}

TEST_F(DeviceTest, OneOperationIsReadWithItsSignedBytes) {
  Phone phone = NewPhone();
  phone.Begin();
  const auto visit = phone.Visit(VisitOf(NewTask()));
  const std::string op_id = phone.PushOne(visit).op_id();
  const auto own = Operation(phone.token, op_id);
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(own->body(), visit.body());
  EXPECT_EQ(own->signature(), visit.signature());
  EXPECT_TRUE(crypto::EcdsaVerify(own->public_key(), "gridwarden/op/v1\n" + own->body(), own->signature()));
  EXPECT_TRUE(Operation(administrator, op_id).ok());
  EXPECT_TRUE(Operation(City().TokenOf(PostKind::kDiscipline, City().city), op_id).ok());
  EXPECT_EQ(Operation(office, op_id).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Operation(phone.token, NewId()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Operation(phone.token, "x").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(DeviceTest, WhatNeverCameIsEnteredOnceAfterThreeDays) {
  Phone phone = NewPhone();
  phone.Begin();
  phone.seq = 3;
  phone.last_hash = std::string(64, 'a');
  const v1::PushResult result = phone.PushOne(phone.Visit(VisitOf(NewTask())));
  EXPECT_EQ(result.verdict(), v1::ACCEPTED);
  EXPECT_EQ(Get(phone.token, phone.name)->missing_operations(), 3);
  GapWorker worker(Area());
  const std::string before = Ask("SELECT COUNT(*) FROM journal_stage");
  EXPECT_EQ(worker.RunOnce(Now() + absl::Hours(71), absl::InfiniteFuture()).value(), 0);
  EXPECT_EQ(worker.RunOnce(Now() + absl::Hours(73), absl::InfiniteFuture()).value(), 1);
  EXPECT_EQ(worker.RunOnce(Now() + absl::Hours(74), absl::InfiniteFuture()).value(), 0);
  EXPECT_EQ(Ask("SELECT COUNT(*) FROM journal_stage"), std::to_string(std::stoi(before) + 1));
}

}  // namespace
}  // namespace gridwarden::sync
