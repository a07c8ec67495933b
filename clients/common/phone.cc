#include "common/phone.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/id.h"
#include "base/status.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "gridwarden/sync/v1/device_service.pb.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/digest.h"

namespace gridwarden::client {
namespace {

using google::protobuf::util::TimeUtil;
using nlohmann::json;
using Records = std::map<std::string, sync::v1::Record>;

constexpr size_t kPushBytesMax = 240 * 1024;
constexpr int kResetsMax = 3;
constexpr int kAskedMax = 3;
constexpr absl::Duration kRetryFirst = absl::Seconds(2);

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

std::string JsonOf(const google::protobuf::Message& message) {
  std::string text;
  const auto written = google::protobuf::util::MessageToJsonString(message, &text);
  return written.ok() ? text : "{}";
}

std::string Base64(const std::string& bytes) { return absl::Base64Escape(bytes); }
std::string FromBase64(const json& text) {
  std::string bytes;
  absl::Base64Unescape(text.get<std::string>(), &bytes);
  return bytes;
}

}  // namespace

sync::v1::ScopeDigest DigestOf(const Records& records) {
  uint64_t sum = 0;
  int count = 0;
  for (const auto& [name, record] : records) {
    if (!record.open()) continue;
    ++count;
    const std::string hash = crypto::Sha256(
        absl::StrCat(sync::v1::Record::Kind_Name(record.kind()), ":", name, ":", record.revision()));
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(hash[i]);
    sum += value;
  }
  sync::v1::ScopeDigest digest;
  digest.set_count(count);
  digest.set_hash(absl::StrFormat("%016x", sum));
  return digest;
}

Phone::Phone(PhoneOptions options, Line line, std::function<ClockFace()> clock)
    : options_(std::move(options)), line_(std::move(line)), clock_(std::move(clock)) {}

template <typename Response>
absl::StatusOr<Response> Phone::Call(std::string_view method, const google::protobuf::Message& request) {
  const absl::StatusOr<std::string> bytes = line_(method, request.SerializeAsString());
  if (!bytes.ok()) {
    const std::optional<ErrorFacts> facts = FactsOf(bytes.status());
    retry_after_ = facts ? facts->retry_after.value_or(kRetryFirst) : kRetryFirst;
    return bytes.status();
  }
  Response response;
  if (!response.ParseFromString(*bytes)) return absl::InternalError("the server's answer cannot be parsed");
  retry_after_ = absl::ZeroDuration();
  return response;
}

absl::Status Phone::Register(const std::string& replaces) {
  if (device_.empty()) {
    key_ = crypto::MakeEcdsaKeyPair();
    device_ = ResourceName("devices", Uuid::Make(clock_().wall));
  }
  const std::string id = device_.substr(device_.find('/') + 1);
  // A signature is never the same twice, and a request that is sent again has to be.
  if (proof_.empty())
    proof_ = crypto::EcdsaSign(key_, absl::StrCat("gridwarden/device/v1\n", id, "\n", options_.account));
  sync::v1::RegisterDeviceRequest request;
  request.set_request_id(id);
  request.set_device_id(id);
  request.set_public_key(key_.public_key);
  request.set_label(options_.label);
  request.set_replaces(replaces);
  request.set_signature(proof_);
  GW_RETURN_IF_ERROR(
      Call<sync::v1::Device>("gridwarden.sync.v1.DeviceService/RegisterDevice", request).status());
  registered_ = true;
  return absl::OkStatus();
}

std::string Phone::AddPhoto(std::string bytes, std::string content_type) {
  const std::string digest = Hex(crypto::Sha256(bytes));
  photos_.try_emplace(digest, PhotoOnPhone{std::move(bytes), std::move(content_type), false, ""});
  return digest;
}

const PhoneOperation& Phone::Do(std::string_view rpc, const google::protobuf::Message& request,
                                const std::string& subject, const std::vector<std::string>& photos) {
  const ClockFace face = clock_();
  PhoneOperation made;
  made.op_id = Uuid::Make(face.wall).ToString();
  made.seq = operations_.empty() ? 1 : operations_.back().seq + 1;
  made.rpc = std::string(rpc);
  made.subject = subject;
  made.photos = photos;
  if (const auto last = last_about_.find(subject); last != last_about_.end()) {
    if (!Find(last->second)->settled()) made.after.push_back(last->second);
  }

  sync::v1::OperationBody body;
  body.set_op_id(made.op_id);
  body.set_device(device_);
  body.set_seq(made.seq);
  if (!operations_.empty()) body.set_prev_hash(operations_.back().hash);
  body.set_rpc(made.rpc);
  body.set_request(JsonOf(request));
  body.set_subject(subject);
  if (const auto held = records_.find(subject); held != records_.end())
    body.set_base_etag(absl::StrCat(held->second.revision()));
  for (const std::string& op_id : made.after) body.add_after(op_id);
  sync::v1::ClaimedTime& time = *body.mutable_time();
  *time.mutable_wall_time() = ToTimestamp(face.wall);
  time.set_mono_ms(face.mono_ms);
  time.set_boot_id(face.boot_id);
  time.set_utc_offset_minutes(480);
  if (!time_token_.empty()) {
    time.set_time_token(time_token_);
    time.set_token_mono_ms(token_face_.mono_ms);
    time.set_token_boot_id(token_face_.boot_id);
    *time.mutable_token_wall_time() = ToTimestamp(token_face_.wall);
  }
  for (const std::string& digest : photos) {
    sync::v1::PhotoClaim& claim = *body.add_photos();
    claim.set_sha256(digest);
    if (const auto photo = photos_.find(digest); photo != photos_.end()) {
      claim.set_size(static_cast<int64_t>(photo->second.bytes.size()));
      claim.set_content_type(photo->second.content_type);
    }
  }
  body.set_app_build(options_.app_build);

  made.body = JsonOf(body);
  made.hash = Hex(crypto::Sha256(made.body));
  made.signature = crypto::EcdsaSign(key_, "gridwarden/op/v1\n" + made.body);
  by_id_[made.op_id] = operations_.size();
  last_about_[subject] = made.op_id;
  operations_.push_back(std::move(made));
  return operations_.back();
}

const PhoneOperation* Phone::Find(std::string_view op_id) const {
  const auto found = by_id_.find(std::string(op_id));
  return found == by_id_.end() ? nullptr : &operations_[found->second];
}

int Phone::queued() const {
  return static_cast<int>(std::count_if(operations_.begin(), operations_.end(),
                                        [](const PhoneOperation& one) { return !one.settled(); }));
}

std::vector<size_t> Phone::Due() const {
  const absl::Time now = clock_().wall;
  std::vector<size_t> due;
  size_t bytes = 0;
  for (size_t i = 0; i < operations_.size(); ++i) {
    const PhoneOperation& one = operations_[i];
    // A clock that was set back must not hold anything up.
    if (one.settled() || (one.next_try > now && one.next_try < now + absl::Minutes(10))) continue;
    bytes += one.body.size() + 100;
    if (!due.empty() && bytes > kPushBytesMax) break;
    due.push_back(i);
    if (due.size() == static_cast<size_t>(options_.operations_max)) break;
  }
  return due;
}

bool Phone::due() const { return !Due().empty(); }

void Phone::TakeToken(const std::string& token) {
  if (token.empty()) return;
  time_token_ = token;
  token_face_ = clock_();
}

absl::Status Phone::TakeResults(const std::vector<size_t>& sent, const sync::v1::PushResponse& response) {
  if (response.results_size() != static_cast<int>(sent.size()))
    return absl::InternalError(
        absl::StrFormat("%d operations were sent and %d answered", sent.size(), response.results_size()));
  for (size_t i = 0; i < sent.size(); ++i) {
    PhoneOperation& one = operations_[sent[i]];
    const sync::v1::PushResult& result = response.results(static_cast<int>(i));
    if (result.op_id() != one.op_id)
      return absl::InternalError("the answers are not in the order that was sent");
    one.result = result;
    if (one.settled()) continue;
    const absl::Duration wait = std::max(absl::Milliseconds(result.retry_after_ms()), absl::Milliseconds(1));
    one.next_try = clock_().wall + wait;
    retry_after_ = std::max(retry_after_, wait);
  }
  more_receipts_ = false;
  for (const sync::v1::PhotoReceipt& receipt : response.photo_receipts()) {
    const auto photo = photos_.find(receipt.sha256());
    if (photo == photos_.end()) continue;
    more_receipts_ |= photo->second.receipt.empty();
    photo->second.verified = true;
    photo->second.receipt = receipt.receipt();
  }
  push_token_ = response.time_token();
  missing_photos_.assign(response.missing_photos().begin(), response.missing_photos().end());
  return absl::OkStatus();
}

absl::StatusOr<int> Phone::Push() {
  const std::vector<size_t> sent = Due();
  const ClockFace face = clock_();
  sync::v1::PushRequest request;
  request.set_device(device_);
  for (const size_t i : sent) {
    sync::v1::SignedOperation& one = *request.add_operations();
    one.set_body(operations_[i].body);
    one.set_signature(operations_[i].signature);
    ++operations_[i].sent;
  }
  *request.mutable_device_time() = ToTimestamp(face.wall);
  request.set_mono_ms(face.mono_ms);
  request.set_boot_id(face.boot_id);
  request.set_time_token(push_token_);
  request.set_pending_operations(queued() - static_cast<int>(sent.size()));
  request.set_pending_photos(static_cast<int>(std::count_if(
      photos_.begin(), photos_.end(), [](const auto& photo) { return !photo.second.verified; })));
  GW_ASSIGN_OR_RETURN(const sync::v1::PushResponse response,
                      Call<sync::v1::PushResponse>("gridwarden.sync.v1.SyncService/Push", request));
  GW_RETURN_IF_ERROR(TakeResults(sent, response));
  TakeToken(response.time_token());
  return static_cast<int>(
      std::count_if(sent.begin(), sent.end(), [&](size_t i) { return operations_[i].settled(); }));
}

void Phone::TakePage(const sync::v1::PullResponse& page, Records& into) {
  for (const sync::v1::Record& record : page.records()) {
    sync::v1::Record& held = into[record.name()];
    if (record.index() >= held.index()) held = record;
  }
  for (const sync::v1::Tombstone& gone : page.tombstones()) {
    const auto held = into.find(gone.name());
    if (held != into.end() && held->second.index() <= gone.index()) into.erase(held);
  }
  if (page.posts_size() > 0) posts_.assign(page.posts().begin(), page.posts().end());
  TakeToken(page.time_token());
}

absl::Status Phone::Pull() {
  Records shadow;
  bool beside = false;
  std::string cursor = cursor_;
  int resets = 0;
  for (bool first = true;; first = false) {
    sync::v1::PullRequest request;
    request.set_device(device_);
    request.set_cursor(cursor);
    request.set_page_size(options_.page_size);
    if (first && pulled_whole_ && !cursor.empty()) *request.mutable_held() = held_digest();
    GW_ASSIGN_OR_RETURN(const sync::v1::PullResponse page,
                        Call<sync::v1::PullResponse>("gridwarden.sync.v1.SyncService/Pull", request));
    if (page.reset()) {
      if (++resets > kResetsMax) return absl::InternalError("the server resets every pull");
      ++resets_;
      beside = true;
      shadow.clear();
      cursor.clear();
      TakeToken(page.time_token());
      continue;
    }
    // Without a cursor everything comes: beside what is held, so that nothing stale stays.
    if (cursor.empty()) beside = true;
    TakePage(page, beside ? shadow : records_);
    cursor = page.next_cursor();
    if (!beside) cursor_ = cursor;
    if (page.more()) continue;
    if (beside) records_ = std::move(shadow);
    cursor_ = cursor;
    server_digest_ = page.scope_digest();
    as_of_index_ = page.as_of_index();
    pulled_whole_ = true;
    return absl::OkStatus();
  }
}

sync::v1::ScopeDigest Phone::held_digest() const { return DigestOf(records_); }

absl::Status Phone::SendPhoto(const std::string& sha256, size_t piece_bytes) {
  const PhotoOnPhone& photo = photos_.at(sha256);
  media::v1::CreateUploadRequest create;
  create.set_sha256(sha256);
  create.set_size(static_cast<int64_t>(photo.bytes.size()));
  create.set_content_type(photo.content_type);
  GW_ASSIGN_OR_RETURN(media::v1::Upload upload,
                      Call<media::v1::Upload>("gridwarden.media.v1.UploadService/CreateUpload", create));
  media::v1::GetUploadRequest get;
  get.set_name(upload.name());
  for (int asked = 0; !upload.complete();) {
    if (upload.offset() < upload.size()) {
      media::v1::AppendUploadRequest append;
      append.set_name(upload.name());
      append.set_offset(upload.offset());
      append.set_content(photo.bytes.substr(static_cast<size_t>(upload.offset()), piece_bytes));
      append.set_sha256(Hex(crypto::Sha256(append.content())));
      absl::StatusOr<media::v1::Upload> next =
          Call<media::v1::Upload>("gridwarden.media.v1.UploadService/AppendUpload", append);
      if (next.ok()) {
        upload = *std::move(next);
        continue;
      }
      if (ReasonOf(next.status()) != "UPLOAD_OFFSET_WRONG") return next.status();
    }
    // A lost answer, or all is there and the answer to the last piece died with its server: ask how far it
    // came and go on from there, never again from the beginning.
    if (++asked > kAskedMax) return absl::UnavailableError("the server does not get on with a photo");
    GW_ASSIGN_OR_RETURN(upload, Call<media::v1::Upload>("gridwarden.media.v1.UploadService/GetUpload", get));
  }
  photos_.at(sha256).verified = true;
  return absl::OkStatus();
}

absl::Status Phone::SendPhotos(size_t piece_bytes) {
  const std::vector<std::string> missing = missing_photos_;
  for (const std::string& sha256 : missing) {
    if (photos_.contains(sha256)) GW_RETURN_IF_ERROR(SendPhoto(sha256, piece_bytes));
  }
  missing_photos_.clear();
  return absl::OkStatus();
}

absl::Status Phone::Sync() {
  do {
    GW_RETURN_IF_ERROR(Push().status());
  } while (due());
  const bool had_photos = !missing_photos_.empty();
  GW_RETURN_IF_ERROR(SendPhotos());
  while (had_photos || more_receipts_) {
    GW_RETURN_IF_ERROR(Push().status());
    if (!more_receipts_) break;
  }
  return Pull();
}

std::string Phone::Save() const {
  json out = {{"phone", 1},
              {"account", options_.account},
              {"label", options_.label},
              {"device", device_},
              {"registered", registered_},
              {"public_key", Base64(key_.public_key)},
              {"private_key", Base64(key_.private_key)},
              {"time_token", time_token_},
              {"token_wall_us", absl::ToUnixMicros(token_face_.wall)},
              {"token_mono_ms", token_face_.mono_ms},
              {"token_boot_id", token_face_.boot_id},
              {"push_token", push_token_},
              {"cursor", cursor_},
              {"pulled_whole", pulled_whole_},
              {"missing_photos", missing_photos_},
              {"operations", json::array()},
              {"photos", json::object()},
              {"records", json::array()}};
  for (const PhoneOperation& one : operations_) {
    out["operations"].push_back({{"op_id", one.op_id},
                                 {"seq", one.seq},
                                 {"rpc", one.rpc},
                                 {"subject", one.subject},
                                 {"body", one.body},
                                 {"hash", one.hash},
                                 {"signature", Base64(one.signature)},
                                 {"after", one.after},
                                 {"photos", one.photos},
                                 {"sent", one.sent},
                                 {"result", Base64(one.result.SerializeAsString())}});
  }
  for (const auto& [digest, photo] : photos_) {
    out["photos"][digest] = {{"bytes", Base64(photo.bytes)},
                             {"content_type", photo.content_type},
                             {"verified", photo.verified},
                             {"receipt", photo.receipt}};
  }
  for (const auto& [name, record] : records_) out["records"].push_back(Base64(record.SerializeAsString()));
  return out.dump(1);
}

absl::Status Phone::Load(std::string_view text) {
  const json in = json::parse(text, nullptr, false);
  if (!in.is_object() || in.value("phone", 0) != 1)
    return absl::FailedPreconditionError("this is not what a phone has saved");
  options_.account = in["account"];
  options_.label = in["label"];
  device_ = in["device"];
  registered_ = in["registered"];
  key_.public_key = FromBase64(in["public_key"]);
  key_.private_key = FromBase64(in["private_key"]);
  time_token_ = in["time_token"];
  token_face_ = {absl::FromUnixMicros(in["token_wall_us"].get<int64_t>()), in["token_mono_ms"],
                 in["token_boot_id"]};
  push_token_ = in["push_token"];
  cursor_ = in["cursor"];
  pulled_whole_ = in["pulled_whole"];
  missing_photos_ = in["missing_photos"].get<std::vector<std::string>>();
  operations_.clear();
  for (const json& one : in["operations"]) {
    PhoneOperation made;
    made.op_id = one["op_id"];
    made.seq = one["seq"];
    made.rpc = one["rpc"];
    made.subject = one["subject"];
    made.body = one["body"];
    made.hash = one["hash"];
    made.signature = FromBase64(one["signature"]);
    made.after = one["after"].get<std::vector<std::string>>();
    made.photos = one["photos"].get<std::vector<std::string>>();
    made.sent = one["sent"];
    made.result.ParseFromString(FromBase64(one["result"]));
    by_id_[made.op_id] = operations_.size();
    last_about_[made.subject] = made.op_id;
    operations_.push_back(std::move(made));
  }
  photos_.clear();
  for (const auto& [digest, photo] : in["photos"].items()) {
    photos_[digest] = {FromBase64(photo["bytes"]), photo["content_type"], photo["verified"],
                       photo["receipt"]};
  }
  records_.clear();
  for (const json& bytes : in["records"]) {
    sync::v1::Record record;
    if (record.ParseFromString(FromBase64(bytes))) records_[record.name()] = record;
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::client
