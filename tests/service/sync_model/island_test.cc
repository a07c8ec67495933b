// The people, phones and lines of island.h. Named as a test so that it is built into the binary.
#include "service/sync_model/island.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "casework/casework_service.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "journal/journal_service.h"
#include "journal/log.h"
#include "journal/sequencer.h"
#include "patrol/patrol_service.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/ecdsa.h"
#include "source/source_service.h"
#include "support/plain_policy.h"
#include "sync/sync_service.h"

namespace gridwarden::testing {
namespace {

using domain::PostKind;
using google::protobuf::util::TimeUtil;
using sync::v1::PushResult;
using When = MortalChannel::Failure::When;

constexpr int kWrongMax = 8;
constexpr size_t kRecentMax = 60;
constexpr char kCasework[] = "gridwarden.casework.v1.CaseworkService/";
constexpr char kPatrol[] = "gridwarden.patrol.v1.PatrolService/";
constexpr char kPush[] = "gridwarden.sync.v1.SyncService/Push";

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}
absl::Time FromTimestamp(const google::protobuf::Timestamp& time) {
  return absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(time));
}

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

// Where one answer goes missing nobody knows whether it was given.
absl::Status Lost() { return absl::UnavailableError("the line is gone"); }

// What the server of the model dies of.
struct ServerGone : std::runtime_error {
  ServerGone() : std::runtime_error("the server is gone") {}
};

}  // namespace

absl::StatusOr<std::string> MortalChannel::Send(const rpc::Envelope& envelope) {
  const bool meant = envelope.operation && failure_.when != When::kNever && --left_ == 0;
  if (!meant) return inner_.Send(envelope);
  victim_ = envelope.operation;
  if (failure_.when == When::kAfter) (void)inner_.Send(envelope);
  failure_.when = When::kNever;
  if (failure_.answer.ok()) throw ServerGone();
  return failure_.answer;
}

void Tally::Add(const Tally& other) {
  operations += other.operations;
  pushes += other.pushes;
  pulls += other.pulls;
  replayed += other.replayed;
  outside += other.outside;
  for (const auto& [name, time] : other.seconds) seconds[name] += time;
  const auto add = [](std::map<std::string, int>& to, const std::map<std::string, int>& from) {
    for (const auto& [name, count] : from) to[name] += count;
  };
  add(faults, other.faults);
  add(verdicts, other.verdicts);
  add(reasons, other.reasons);
  add(grades, other.grades);
  add(acts, other.acts);
}

Island::Island(uint64_t seed, TestDatabase& database) : seed_(seed), database_(database), random_(seed) {
  data_dir_ = (std::filesystem::temp_directory_path() /
               absl::StrFormat("gridwarden_island_%d_%d", getpid(), static_cast<int>(seed)))
                  .string();
  std::filesystem::create_directories(data_dir_);
  if (const auto opened = journal::OpenLog(*database_, "test", false); !opened.ok())
    Wrong(absl::StrCat("the log: ", std::string(opened.status().message())));

  const Uuid township = City().townships[0][1];
  const auto add = [&](const Uuid& person, PostKind kind, const Uuid& division) {
    people_.push_back({person,
                       City().TokenOfPerson(person),
                       ResourceName("accounts", TestCity::AccountOf(person)),
                       ResourceName("divisions", division),
                       {ResourceName("posts", City().PostOf(kind, division).id)}});
  };
  const Uuid leader_post = City().PostOf(PostKind::kGridLeader, township).id;
  add(City().PersonIn(PostKind::kGridLeader, township), PostKind::kGridLeader, township);
  // The acting leader holds the same post.
  const auto acting =
      Uuid::Derive(leader_post, absl::StrCat("person ", static_cast<int>(domain::TenureKind::kActing)));
  add(acting, PostKind::kGridLeader, township);
  for (int i = 0; i < 2; ++i) {
    const Uuid village = City().villages[0][1][i];
    add(City().PersonIn(PostKind::kPatrolOfficer, village), PostKind::kPatrolOfficer, village);
  }
  const Uuid village = City().villages[0][1][0];
  add(City().PersonIn(PostKind::kGridOfficer, village), PostKind::kGridOfficer, village);
  // Neither of the fixers' ground nor of their chain.
  add(City().PersonIn(PostKind::kSupervisionOfficer, City().townships[0][0]), PostKind::kSupervisionOfficer,
      City().townships[0][0]);
  people_.back().checks = true;
  office_ = City().TokenOf(PostKind::kCampaignOffice, township);

  Serve();
  for (const size_t person : {0, 0, 1, 2, 3, 4, 5}) devices_.push_back(NewDevice(people_[person], ""));
  PlanTasks();
}

Island::~Island() {
  workers_.clear();
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(data_dir_, ignored);
}

void Island::Wrong(const std::string& what) {
  if (faults_.size() < kWrongMax) faults_.push_back(absl::StrCat("seed ", seed_, ": ", what));
}

std::string Island::NewId() {
  return Uuid::Derive(Uuid(), absl::StrCat("island ", seed_, " ", ++ids_)).ToString();
}

// A new process on the same database and the same folder.
void Island::Serve() {
  const absl::Time now = server_ == nullptr ? absl::InfinitePast() : Now();
  workers_.clear();
  changes_ = nullptr;
  server_ = std::make_unique<TestServer>(*database_, City().MakeDirectory(), PlainPolicy(), data_dir_);
  if (now != absl::InfinitePast()) server_->clock().Set(now);
  server_->registry().Add<media::v1::ListMissingMediaRequest, media::v1::ListMissingMediaResponse>(
      "gridwarden.media.v1.MediaService/ListMissingMedia",
      [this](const rpc::Call&, const media::v1::ListMissingMediaRequest& request)
          -> absl::StatusOr<media::v1::ListMissingMediaResponse> {
        media::v1::ListMissingMediaResponse response;
        for (const std::string& sha256 : request.sha256s()) {
          if (!stored_photos_.contains(sha256)) response.add_sha256s(sha256);
        }
        return response;
      });
  server_->registry().Add<media::v1::CreateUploadRequest, media::v1::Upload>(
      "gridwarden.media.v1.UploadService/CreateUpload",
      [this](const rpc::Call&,
             const media::v1::CreateUploadRequest& request) -> absl::StatusOr<media::v1::Upload> {
        stored_photos_.insert(request.sha256());
        media::v1::Upload upload;
        upload.set_sha256(request.sha256());
        upload.set_complete(true);
        return upload;
      });
  mortal_ = std::make_unique<MortalChannel>(server_->channel());
  sync_context_ = std::make_unique<AreaContext>(server_->context());
  sync_context_->channel = [this](std::string_view) -> rpc::Channel& { return *mortal_; };
  // None of the areas' own timers and planners run: what happens is what people do.
  for (InstallArea install : {journal::Install, patrol::Install, source::Install, casework::Install}) {
    for (auto& worker : install(server_->context(), server_->registry()))
      workers_.push_back(std::move(worker));
  }
  for (auto& worker : sync::Install(*sync_context_, server_->registry())) {
    if (auto* consumer = dynamic_cast<journal::Consumer*>(worker.get())) changes_ = consumer;
    workers_.push_back(std::move(worker));
  }
}

// Orders what was staged and lets sync hear of it.
void Island::Feed() {
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  const absl::Status ordered = journal::SequenceAll(*database_, server_->clock(), false, deadline);
  if (!ordered.ok()) return Wrong(absl::StrCat("ordering: ", ordered.ToString()));
  if (changes_ == nullptr) return Wrong("sync has no consumer of the feed");
  const auto heard = changes_->CatchUp(deadline);
  if (!heard.ok()) Wrong(absl::StrCat("sync does not follow the feed: ", heard.status().ToString()));
}

client::ClockFace Island::FaceOf(const Watch& watch) const {
  const absl::Duration since = Now() - watch.since;
  return {.wall = Now() + watch.offset + since * watch.drift,
          .mono_ms = absl::ToInt64Milliseconds(Now() - watch.boot - watch.slept),
          .boot_id = watch.boot_id};
}

std::unique_ptr<Island::Device> Island::NewDevice(const Person& person, const std::string& replaces) {
  auto device = std::make_unique<Device>();
  Device* raw = device.get();
  device->person = &person;
  // A quartz is off by some seconds a day, and nobody has set it to the second.
  device->watch = {.offset = absl::Seconds(Pick(60) - 30),
                   .drift = (Pick(200) - 100) * 1e-6,
                   .boot = Now(),
                   .since = Now(),
                   .boot_id = NewId()};
  device->phone = std::make_unique<client::Phone>(
      client::PhoneOptions{.account = person.account, .label = absl::StrCat("phone ", ++ids_)},
      [this, raw](std::string_view method, const std::string& body) { return Carry(*raw, method, body); },
      [this, raw] { return FaceOf(raw->watch); });
  absl::Status registered;
  for (int tries = 0; tries < 50; ++tries) {
    registered = device->phone->Register(replaces);
    if (registered.ok()) return device;
  }
  Wrong(absl::StrCat("a phone cannot be registered: ", registered.ToString()));
  return device;
}

absl::StatusOr<std::string> Island::Raw(const std::string& token, std::string_view method,
                                        const std::string& body) {
  rpc::Envelope envelope;
  envelope.method = std::string(method);
  envelope.body = body;
  envelope.token = token;
  envelope.deadline = absl::Now() + absl::Seconds(30);
  return server_->channel().Send(envelope);
}

template <typename Response, typename Request>
absl::StatusOr<Response> Island::Office(std::string_view method, const Request& request) {
  const absl::StatusOr<std::string> answer = Raw(office_, method, request.SerializeAsString());
  if (!answer.ok()) {
    Wrong(absl::StrCat(std::string(method), ": ", answer.status().ToString()));
    return answer.status();
  }
  Response response;
  response.ParseFromString(*answer);
  return response;
}

// What the phone was told must be what the model says, and the truth must lie inside the time it was given.
void Island::Judge(Known& known, const PushResult& result, const Fate& fate) {
  const std::string verdict = sync::v1::Verdict_Name(result.verdict());
  ++tally_.verdicts[verdict];
  if (!result.reason().empty()) ++tally_.reasons[result.reason()];
  if (result.verdict() != fate.verdict || result.reason() != fate.reason) {
    Wrong(absl::StrCat("operation ", known.done.op_id, " (act ", static_cast<int>(known.done.act), " about ",
                       known.done.subject, ") became ", verdict, " ", result.reason(), " and should be ",
                       sync::v1::Verdict_Name(fate.verdict), " ", fate.reason, "; ", result.message_en()));
  }
  if (result.verdict() == sync::v1::WAITING && !result.has_time()) return;
  const sync::v1::JudgedTime& time = result.time();
  const absl::Time earliest = FromTimestamp(time.earliest_time()), latest = FromTimestamp(time.latest_time());
  const absl::Time received = FromTimestamp(time.receive_time());
  if (known.truth < earliest || known.truth > latest)
    Wrong(absl::StrCat("operation ", known.done.op_id, " was made at ", absl::FormatTime(known.truth),
                       ", outside of ", absl::FormatTime(earliest), " to ", absl::FormatTime(latest),
                       ", grade ", sync::v1::Grade_Name(time.grade())));
  if (latest > received) Wrong(absl::StrCat("operation ", known.done.op_id, " ends after it was received"));
  if (!known.deliveries.contains(absl::ToUnixMicros(received)))
    Wrong(
        absl::StrCat("operation ", known.done.op_id, " was never delivered at ", absl::FormatTime(received)));
  if (known.received && *known.received != received)
    Wrong(absl::StrCat("operation ", known.done.op_id, " was first received at ",
                       absl::FormatTime(*known.received), ", now they say ", absl::FormatTime(received)));
  if (!known.received) {
    known.received = received;
    ++tally_.grades[sync::v1::Grade_Name(time.grade())];
    known.grade = time.grade();
  }
}

// One push arrives at the server. What becomes of it is checked here, whoever hears of it.
absl::StatusOr<std::string> Island::Deliver(const std::string& token, const std::string& body,
                                            const MortalChannel::Failure& failure) {
  ++tally_.pushes;
  sync::v1::PushRequest request;
  const bool whole = request.ParseFromString(body);
  if (failure.when != When::kNever && request.operations_size() > 0)
    mortal_->FailAt(1 + Pick(request.operations_size()), failure);
  if (whole) {
    for (const sync::v1::SignedOperation& one : request.operations()) {
      const auto op = op_of_hash_.find(Hex(crypto::Sha256(one.body())));
      if (op != op_of_hash_.end()) known_.at(op->second).deliveries.insert(absl::ToUnixMicros(Now()));
    }
  }
  absl::StatusOr<std::string> answer = Raw(token, kPush, body);
  const std::optional<rpc::DeviceOperation> victim = mortal_->victim();
  mortal_->FailAt(0, {});
  if (!answer.ok()) {
    if (!victim) {
      // A replaced phone, or bytes that were cut: nothing was taken.
      const std::string reason = ReasonOf(answer.status());
      if (reason != "DEVICE_REVOKED" && reason != "MALFORMED_REQUEST" && reason != "REQUIRED_FIELD_MISSING" &&
          reason != "INVALID_FIELD")
        Wrong(absl::StrCat("a push was refused: ", answer.status().ToString()));
      return answer;
    }
    for (const sync::v1::SignedOperation& one : request.operations()) {
      const std::string digest = crypto::Sha256(one.body());
      Known& known = known_.at(op_of_hash_.at(Hex(digest)));
      known.delivered = true;
      if (digest != victim->digest) {
        model_.Take(known.done);
        continue;
      }
      if (failure.when == When::kAfter) model_.Land(known.done);
      break;
    }
    return answer;
  }
  sync::v1::PushResponse response;
  if (!whole || !response.ParseFromString(*answer) || response.results_size() != request.operations_size()) {
    Wrong("an answer that does not belong to its push");
    return answer;
  }
  for (int i = 0; i < response.results_size(); ++i) {
    const std::string digest = crypto::Sha256(request.operations(i).body());
    Known& known = known_.at(op_of_hash_.at(Hex(digest)));
    known.delivered = true;
    if (!victim || digest != victim->digest) {
      Judge(known, response.results(i), model_.Take(known.done));
      continue;
    }
    // The server lives on: the phone is told to come again, with the time of the first receipt.
    if (failure.when == When::kAfter) model_.Land(known.done);
    Judge(known, response.results(i), {sync::v1::WAITING, ReasonOf(failure.answer)});
    if (response.results(i).retry_after_ms() <= 0 || !response.results(i).has_time())
      Wrong(absl::StrCat("operation ", known.done.op_id, " waits for an area and nobody says how long"));
  }
  return answer;
}

absl::StatusOr<std::string> Island::CarryPush(Device& device, const std::string& body) {
  const std::string& token = device.person->token;
  if (quiet_) return Deliver(token, body);
  const int dice = Pick(100);
  if (dice < 8) {
    ++tally_.faults["request lost"];
    return Lost();
  }
  if (dice < 18) {
    ++tally_.faults["answer lost"];
    (void)Deliver(token, body);
    return Lost();
  }
  if (dice < 24) {
    ++tally_.faults["sent twice"];
    (void)Deliver(token, body);
    return Deliver(token, body);
  }
  if (dice < 30) {
    ++tally_.faults["delayed"];
    device.late.push_back(body);
    return Lost();
  }
  if (dice < 34) {
    ++tally_.faults["cut"];
    return Deliver(token, body.substr(0, static_cast<size_t>(Pick(static_cast<int>(body.size())))));
  }
  if (dice < 38) {
    ++tally_.faults["server died before a replay"];
    return Deliver(token, body, {.when = When::kBefore});
  }
  if (dice < 42) {
    ++tally_.faults["server died after a replay"];
    return Deliver(token, body, {.when = When::kAfter});
  }
  if (dice < 50) {
    const bool late = Chance(0.5), heard = Chance(0.5);
    ++tally_.faults[absl::StrCat("area ", late ? "late" : "away", heard ? " after" : " before", " a replay")];
    return Deliver(
        token, body,
        {.when = heard ? When::kAfter : When::kBefore,
         .answer = late ? MakeError(absl::StatusCode::kDeadlineExceeded, "the area is slow",
                                    {.reason = "DEADLINE_PASSED"})
                        : Unavailable("DATABASE_UNAVAILABLE", "the area is away", absl::Seconds(7))});
  }
  return Deliver(token, body);
}

absl::StatusOr<std::string> Island::CarryOther(Device& device, std::string_view method,
                                               const std::string& body) {
  const int dice = quiet_ ? 100 : Pick(100);
  if (dice < 6) return Lost();
  absl::StatusOr<std::string> answer = Raw(device.person->token, method, body);
  if (dice < 14) return Lost();
  return answer;
}

absl::StatusOr<std::string> Island::Carry(Device& device, std::string_view method, const std::string& body) {
  return method == kPush ? CarryPush(device, body) : CarryOther(device, method, body);
}

// Things people do.

void Island::Queue(Device& device, Act act, std::string_view rpc, const google::protobuf::Message& request,
                   const std::string& subject, const std::vector<std::string>& photos,
                   const std::string& made) {
  const client::PhoneOperation& one = device.phone->Do(rpc, request, subject, photos);
  Known known;
  known.done = {one.op_id, act, subject, device.person->division, device.person->posts, device.person->checks,
                one.after};
  known.truth = Now();
  known.token = device.person->token;
  known.device = device.phone->device();
  known.public_key = device.phone->public_key();
  known.sent.set_body(one.body);
  known.sent.set_signature(one.signature);
  known.hash = one.hash;
  known.made = made;
  known.photos = photos;
  op_of_hash_[one.hash] = one.op_id;
  order_.push_back(one.op_id);
  known_[one.op_id] = std::move(known);
  ++tally_.operations;
  static constexpr const char* kNames[] = {"start",    "visit",   "find", "wrong find", "accept",
                                           "feedback", "observe", "look", "check"};
  ++tally_.acts[kNames[static_cast<int>(act)]];
}

// Mostly work of one's own; sometimes somebody else's, and work that is over.
std::string Island::TaskFor(const Person& person) {
  std::string any;
  for (int i = 0; i < 12; ++i) {
    any = tasks_[tasks_.size() - 1 -
                 static_cast<size_t>(Pick(static_cast<int>(std::min(tasks_.size(), kRecentMax))))];
    if (Chance(0.04)) return any;
    if (person.posts.contains(model_.tasks().at(any).post) && (Chance(0.1) || model_.MayStillBeMoved(any)))
      return any;
  }
  return any;
}

std::string Island::CaseFor(const Person& person) {
  for (int i = 0; i < 8; ++i) {
    const std::string& any =
        cases_[cases_.size() - 1 -
               static_cast<size_t>(Pick(static_cast<int>(std::min(cases_.size(), kRecentMax))))];
    if (person.posts.contains(model_.cases().at(any).post) || Chance(0.05)) return any;
  }
  return "";
}

template <typename Request>
std::vector<std::string> Island::AddPhotos(Device& device,
                                           std::initializer_list<type::v1::Evidence::Kind> kinds,
                                           Request& request) {
  std::vector<std::string> photos;
  for (const type::v1::Evidence::Kind kind : kinds) {
    photos.push_back(device.phone->AddPhoto(absl::StrCat("photo ", NewId()), "image/jpeg"));
    type::v1::Evidence& photo = *request.add_evidence();
    photo.set_media("media/" + photos.back());
    photo.set_kind(kind);
  }
  return photos;
}

// What somebody was asked to look at, and mostly he himself.
void Island::LookOnSite(Device& device) {
  std::string signal;
  for (const auto& [name, thing] : model_.signals()) {
    if (thing.post.empty() || (!device.person->posts.contains(thing.post) && !Chance(0.05))) continue;
    signal = name;
    if (thing.state == "ASKED" && Chance(0.5)) break;
  }
  if (signal.empty()) return;
  casework::v1::SubmitOnsiteCheckRequest request;
  request.set_name(signal);
  request.set_result(casework::v1::Signal::OnsiteCheck::EXISTS);
  const auto photos = AddPhotos(device, {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}, request);
  Queue(device, Act::kLook, absl::StrCat(kCasework, "SubmitOnsiteCheck"), request, signal, photos, "");
}

// What was put right; now and then what is checked already, and by those who may not.
void Island::Check(Device& device) {
  std::string name;
  for (const auto& [one, thing] : model_.cases()) {
    if (thing.checker.empty() || (thing.state != "CHECKING" && !Chance(0.02))) continue;
    name = one;
    if (Chance(0.5)) break;
  }
  if (name.empty()) return;
  casework::v1::SubmitCheckRequest request;
  request.set_name(name);
  request.set_result(casework::v1::SubmitCheckRequest::PASS);
  const auto photos = AddPhotos(device, {type::v1::Evidence::AFTER}, request);
  Queue(device, Act::kCheck, absl::StrCat(kCasework, "SubmitCheck"), request, name, photos, "");
}

void Island::DoOne(Device& device) {
  const Person& person = *device.person;
  server_->clock().Advance(absl::Milliseconds(Pick(90'000)));
  if (person.checks && Chance(0.8)) return;  // there is less to check than to do
  if (person.checks || Chance(0.01)) return Check(device);
  if (Chance(0.03)) return LookOnSite(device);
  const int dice = Pick(100);
  if (dice < 24) {
    patrol::v1::StartPatrolTaskRequest request;
    request.set_name(TaskFor(person));
    return Queue(device, Act::kStart, absl::StrCat(kPatrol, "StartPatrolTask"), request, request.name(), {},
                 "");
  }
  if (dice < 54) {
    patrol::v1::SubmitVisitRequest request;
    request.set_parent(TaskFor(person));
    request.set_visit_id(NewId());
    request.mutable_visit()->set_result(patrol::v1::Visit::NORMAL);
    request.mutable_visit()->set_note("一切正常");
    std::vector<std::string> photos;
    if (Chance(0.2)) {
      photos = AddPhotos(device, {type::v1::Evidence::NEAR}, *request.mutable_visit());
      request.mutable_visit()->set_result(patrol::v1::Visit::PROBLEM);
      request.mutable_visit()->set_category("DUST");
    }
    return Queue(device, Act::kVisit, absl::StrCat(kPatrol, "SubmitVisit"), request, request.parent(), photos,
                 request.visit_id());
  }
  if (dice < 72) {
    const bool wrong = Chance(0.05);
    casework::v1::SubmitSignalRequest request;
    request.set_signal_id(NewId());
    casework::v1::Signal& signal = *request.mutable_signal();
    signal.set_channel(casework::v1::Signal::PATROL);
    signal.set_category(wrong ? "NO_SUCH" : "DUST");
    signal.set_division(person.division);
    signal.set_description("路边堆土未盖");
    const std::vector<std::string> photos =
        AddPhotos(device, {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}, signal);
    const std::string name = "signals/" + request.signal_id();
    if (!wrong) device.finds.push_back(name);
    return Queue(device, wrong ? Act::kWrongFind : Act::kFind, absl::StrCat(kCasework, "SubmitSignal"),
                 request, name, photos, request.signal_id());
  }
  const std::string name = dice < 86 && !cases_.empty() ? CaseFor(person) : "";
  if (!name.empty() && dice < 79) {
    casework::v1::AcceptCaseRequest request;
    request.set_name(name);
    return Queue(device, Act::kAccept, absl::StrCat(kCasework, "AcceptCase"), request, name, {}, "");
  }
  if (!name.empty()) {
    casework::v1::SubmitFeedbackRequest request;
    request.set_name(name);
    const std::vector<std::string> photos =
        AddPhotos(device, {type::v1::Evidence::BEFORE, type::v1::Evidence::AFTER}, request);
    return Queue(device, Act::kFeedback, absl::StrCat(kCasework, "SubmitFeedback"), request, name, photos,
                 "");
  }
  sync::v1::RecordObservationRequest request;
  // About what was just found here, or about work of one's own.
  if (!device.finds.empty() && Chance(0.5)) {
    request.set_subject(device.finds[static_cast<size_t>(Pick(static_cast<int>(device.finds.size())))]);
  } else {
    for (int i = 0; i < 20; ++i) {
      request.set_subject(TaskFor(person));
      if (person.posts.contains(model_.tasks().at(request.subject()).post)) break;
      request.clear_subject();
    }
  }
  if (request.subject().empty()) return;
  request.set_kind(sync::v1::Observation::EVIDENCE);
  request.set_note("补充说明");
  Queue(device, Act::kObserve, "gridwarden.sync.v1.SyncService/RecordObservation", request, request.subject(),
        {}, "");
}

void Island::Work(Device& device) {
  for (int left = 1 + Pick(Chance(0.05) ? 60 : 8); left > 0; --left) DoOne(device);
}

void Island::PlanTasks() {
  patrol::v1::BatchCreatePatrolTasksRequest request;
  request.set_request_id(NewId());
  std::vector<const Person*> whose;
  for (int i = 0; i < 20; ++i) {
    const Person& person = people_[static_cast<size_t>(Pick(static_cast<int>(people_.size()) - 1))];
    patrol::v1::PatrolTask& task = *request.add_patrol_tasks();
    task.set_division(person.division);
    task.set_category("DUST");
    task.set_post(*person.posts.begin());
    task.set_title("巡查");
    *task.mutable_due_time() = ToTimestamp(Now() + absl::Hours(24));
    whose.push_back(&person);
  }
  const auto made = Office<patrol::v1::BatchCreatePatrolTasksResponse>(
      absl::StrCat(kPatrol, "BatchCreatePatrolTasks"), request);
  if (!made.ok()) return;
  for (int i = 0; i < made->patrol_tasks_size(); ++i) {
    const std::string& name = made->patrol_tasks(i).name();
    model_.Plan(name, whose[static_cast<size_t>(i)]->division, *whose[static_cast<size_t>(i)]->posts.begin());
    tasks_.push_back(name);
  }
}

void Island::NewCase() {
  // Some find that has come in becomes a case of the leader's post, or of the officer's.
  std::string signal;
  for (const auto& [name, thing] : model_.signals()) {
    if (thing.state == "SUBMITTED" || thing.state == "SEEN") signal = name;
    if (!signal.empty() && Chance(0.3)) break;
  }
  if (signal.empty()) return;
  const std::string division = model_.signals().at(signal).division;
  casework::v1::FileCaseRequest file;
  file.set_request_id(NewId());
  file.set_signal(signal);
  file.set_case_id(NewId());
  const auto filed = Office<casework::v1::Case>(absl::StrCat(kCasework, "FileCase"), file);
  if (!filed.ok()) return;
  model_.File(signal);
  casework::v1::DispatchCaseRequest dispatch;
  dispatch.set_request_id(NewId());
  dispatch.set_name(filed->name());
  const bool leader = Chance(0.6) || division != people_[4].division;
  const std::string post = *people_[leader ? 0 : 4].posts.begin();
  dispatch.set_handler(post);
  if (!Office<casework::v1::Case>(absl::StrCat(kCasework, "DispatchCase"), dispatch).ok()) return;
  model_.Dispatch(filed->name(), division, post);
  cases_.push_back(filed->name());
}

// Somebody of the ground, or the leader, shall look at what was found.
void Island::AskToLook() {
  std::string signal;
  for (const auto& [name, thing] : model_.signals()) {
    if (thing.state == "SUBMITTED") signal = name;
    if (!signal.empty() && Chance(0.3)) break;
  }
  if (signal.empty()) return;
  const Person* who = &people_[0];
  for (const Person& person : people_)
    if (person.division == model_.signals().at(signal).division && Chance(0.7)) who = &person;
  casework::v1::RequestOnsiteCheckRequest request;
  request.set_request_id(NewId());
  request.set_name(signal);
  request.set_post(*who->posts.begin());
  if (Office<casework::v1::Signal>(absl::StrCat(kCasework, "RequestOnsiteCheck"), request).ok())
    model_.AskToLook(signal, request.post());
}

void Island::AskToCheck() {
  for (const std::string& name : cases_) {
    if (model_.cases().at(name).state != "FEEDBACK") continue;
    casework::v1::AssignCheckRequest request;
    request.set_request_id(NewId());
    request.set_name(name);
    request.set_post(*people_.back().posts.begin());
    if (Office<casework::v1::Case>(absl::StrCat(kCasework, "AssignCheck"), request).ok())
      model_.AskToCheck(name, request.post());
    return;
  }
}

// What the office does meanwhile: it plans, files, gives work to others and takes it back.
void Island::AtTheDesk() {
  size_t open = 0;
  for (size_t i = tasks_.size() - std::min(tasks_.size(), kRecentMax); i < tasks_.size(); ++i)
    open += model_.MayStillBeMoved(tasks_[i]);
  if (open < kRecentMax / 2) PlanTasks();
  if (Chance(0.4)) AskToLook();
  if (Chance(0.5)) NewCase();
  if (Chance(0.8)) AskToCheck();
  const std::string task =
      tasks_[tasks_.size() - 1 -
             static_cast<size_t>(Pick(static_cast<int>(std::min(tasks_.size(), kRecentMax))))];
  if (!model_.MayStillBeMoved(task)) return;
  if (Chance(0.4)) {
    patrol::v1::WaivePatrolTaskRequest request;
    request.set_request_id(NewId());
    request.set_name(task);
    request.set_reason(patrol::v1::PatrolTask::Release::WEATHER);
    if (Office<patrol::v1::PatrolTask>(absl::StrCat(kPatrol, "WaivePatrolTask"), request).ok())
      model_.Waive(task);
    return;
  }
  // To the leader, who answers for all of the township.
  patrol::v1::AssignPatrolTaskRequest request;
  request.set_request_id(NewId());
  request.set_name(task);
  request.set_post(model_.tasks().at(task).post);
  if (Office<patrol::v1::PatrolTask>(absl::StrCat(kPatrol, "AssignPatrolTask"), request).ok())
    model_.Assign(task, request.post());
}

// Everything on the phone is gone; what it had sent may still be on its way.
void Island::Reinstall(size_t at) {
  ++tally_.faults["reinstalled"];
  std::unique_ptr<Device> fresh = NewDevice(*devices_[at]->person, devices_[at]->phone->device());
  fresh->late = std::move(devices_[at]->late);
  devices_[at] = std::move(fresh);
}

void Island::Trouble(size_t at) {
  Device& device = *devices_[at];
  Watch& watch = device.watch;
  // Moving the clock moves it from what it shows now.
  const auto move = [&](absl::Duration by, const char* what) {
    ++tally_.faults[what];
    watch.offset += by;
  };
  const int sign = Chance(0.5) ? 1 : -1;
  switch (Pick(8)) {
    case 0:
      return move(sign * absl::Hours(1), "clock moved an hour");
    case 1:
      return move(sign * absl::Hours(24), "clock moved a day");
    case 2:
      return move(sign * absl::Hours(24 * 365), "clock moved a year");
    case 3:
      ++tally_.faults["clock set right"];
      watch.offset = absl::Seconds(Pick(20) - 10);
      watch.since = Now();
      return;
    case 4:
      ++tally_.faults["phone restarted"];
      watch.boot = Now();
      watch.slept = absl::ZeroDuration();
      watch.boot_id = NewId();
      return;
    case 5: {
      ++tally_.faults["phone slept"];
      const absl::Duration slept = absl::Minutes(1 + Pick(300));
      server_->clock().Advance(slept);
      for (const std::unique_ptr<Device>& one : devices_) {
        if (one.get() == &device || Chance(0.3)) one->watch.slept += slept;
      }
      return;
    }
    case 6:
      ++tally_.faults["cursor lost"];
      device.phone->ForgetCursor();
      return;
    default:
      if (Chance(0.4)) Reinstall(at);
  }
}

void Island::Step() {
  server_->clock().Advance(absl::Seconds(Pick(240)));
  const size_t at = static_cast<size_t>(Pick(static_cast<int>(devices_.size())));
  Device& device = *devices_[at];
  if (!device.late.empty() && Chance(0.5)) {
    ++tally_.faults["arrived late"];
    const size_t which = static_cast<size_t>(Pick(static_cast<int>(device.late.size())));
    const std::string body = device.late[which];
    device.late.erase(device.late.begin() + static_cast<long>(which));
    (void)Deliver(device.person->token, body);
    return;
  }
  const int dice = Pick(100);
  if (dice < 50) return Work(device);
  if (dice < 84) {
    const absl::StatusOr<int> pushed = device.phone->Push();
    if (pushed.ok() && Chance(0.5)) (void)device.phone->SendPhotos();
    return;
  }
  if (dice < 90) {
    Feed();
    ++tally_.pulls;
    (void)device.phone->Pull();
    return;
  }
  if (dice < 95) return AtTheDesk();
  if (dice < 99) return Trouble(at);
  ++tally_.faults["server restarted"];
  Serve();
}

void Island::Play(int operations) {
  while (tally_.operations < operations && faults_.empty()) Step();
}

void Island::Drain() {
  quiet_ = true;
  for (const std::unique_ptr<Device>& device : devices_) {
    for (const std::string& body : device->late) (void)Deliver(device->person->token, body);
    device->late.clear();
  }
  for (const std::unique_ptr<Device>& device : devices_) {
    client::Phone& phone = *device->phone;
    for (int i = 0; i < 10'000 && phone.queued() > 0 && faults_.empty(); ++i) {
      server_->clock().Advance(absl::Seconds(30));
      const absl::StatusOr<int> pushed = phone.Push();
      if (!pushed.ok()) Wrong(absl::StrCat("a quiet push fails: ", pushed.status().ToString()));
    }
    if (phone.queued() > 0) Wrong(absl::StrCat(phone.queued(), " operations stay on a phone"));
    for (int i = 0; i < 1000 && faults_.empty(); ++i) {
      server_->clock().Advance(absl::Seconds(1));  // no two pushes of a phone are at one instant
      const absl::Status sent = phone.SendPhotos();
      if (!sent.ok()) Wrong(absl::StrCat("photos: ", sent.ToString()));
      if (!phone.Push().ok() || (phone.missing_photos() == 0 && !phone.more_receipts())) break;
    }
  }
  Feed();
  for (const std::unique_ptr<Device>& device : devices_) {
    const absl::Status pulled = device->phone->Pull();
    if (!pulled.ok()) Wrong(absl::StrCat("a quiet pull fails: ", pulled.ToString()));
  }
}

}  // namespace gridwarden::testing
