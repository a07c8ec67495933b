#include "gridctl/outbox_delivery.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gridctl/output.h"
#include "gridctl/pieces.h"
#include "gridwarden/sync/v1/device_service.pb.h"

namespace gridwarden::gridctl {
namespace {

namespace v1 = sync::v1;

constexpr int kOperationsMax = 50;
constexpr size_t kPushBytesMax = 240 * 1024;
constexpr int kTriesMax = 6;
constexpr int kRoundsMax = 6;  // of operations the server is not through with
constexpr absl::Duration kWaitFirst = absl::Milliseconds(500);
constexpr absl::Duration kWaitMax = absl::Seconds(10);

constexpr char kPush[] = "gridwarden.sync.v1.SyncService/Push";

bool IsPassing(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status) || absl::IsAborted(status);
}

// Again while it may pass, longer each time or as long as the server says.
template <typename Try>
auto Insist(const Try& attempt) {
  absl::Duration wait = kWaitFirst;
  for (int tries = 1;; ++tries, wait *= 2) {
    auto answer = attempt();
    if (answer.ok() || !IsPassing(answer.status()) || tries == kTriesMax) return answer;
    const std::optional<ErrorFacts> facts = FactsOf(answer.status());
    absl::SleepFor(std::min(kWaitMax, facts ? facts->retry_after.value_or(wait) : wait));
  }
}

// The device or the line: none of its operations would fare better.
bool ConcernsDevice(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "DEVICE_UNKNOWN" || reason == "DEVICE_REVOKED";
}

class Sender {
 public:
  Sender(Session& session, const Outbox& outbox, const std::function<void(int, int)>& told,
         Delivered& delivered)
      : session_(session), outbox_(outbox), told_(told), delivered_(delivered) {}

  absl::Status SendOperations() {
    for (const std::string& device : outbox_.Devices()) {
      const absl::Status sent = SendOperationsOf(device);
      if (ConcernsDevice(sent))
        delivered_.refused_devices[device] = sent;
      else if (!sent.ok())
        return sent;
    }
    return absl::OkStatus();
  }

  absl::Status SendPhotos(const std::string& path) {
    const bool any = std::any_of(outbox_.photos.begin(), outbox_.photos.end(), [&](const OutboxPhoto& photo) {
      return IsToBeSent(outbox_, delivered_, photo);
    });
    if (!any) return absl::OkStatus();
    absl::Status line;
    size_t number = 0;
    // The bytes come by once more; those of one photo at a time.
    const auto read = ReadOutbox(path, [&](const OutboxPhoto& seen, const std::string& bytes) {
      while (number < outbox_.photos.size() && outbox_.photos[number].where != seen.where) ++number;
      if (number == outbox_.photos.size() || outbox_.photos[number].sha256 != seen.sha256) return;
      const OutboxPhoto& photo = outbox_.photos[number];
      if (!line.ok() || !IsToBeSent(outbox_, delivered_, photo)) return;
      const absl::Status sent = SendPhoto(photo, bytes);
      if (IsPassing(sent) || absl::IsUnauthenticated(sent)) line = sent;
      delivered_.photos.push_back({&photo, sent});
      photos_ += sent.ok() ? 1 : 0;
      Tell();
    });
    GW_RETURN_IF_ERROR(read.status());
    return line;
  }

  // Says what is still only on the phone, and hears which photos the server misses.
  absl::Status Close() {
    for (const std::string& device : outbox_.Devices()) {
      if (delivered_.refused_devices.contains(device)) continue;
      v1::PushRequest request;
      request.set_device(device);
      GW_RETURN_IF_ERROR(Push(request).status());
    }
    return absl::OkStatus();
  }

 private:
  absl::Status SendOperationsOf(const std::string& device) {
    absl::Duration wait = kWaitFirst;
    for (int round = 0; round < kRoundsMax; ++round) {
      const int settled_before = settled_;
      std::vector<const OutboxOperation*> left;
      for (const OutboxOperation& one : outbox_.operations) {
        if (one.intact && one.made.device() == device && !IsSettled(one)) left.push_back(&one);
      }
      if (left.empty()) break;
      // What only waits for something that will not come need not be waited for.
      if (round > 0 && !worth_waiting_) break;
      if (round > 0) absl::SleepFor(std::clamp(retry_after_, wait, kWaitMax));
      GW_RETURN_IF_ERROR(PushAll(device, left));
      wait = settled_ > settled_before ? kWaitFirst : wait * 2;
    }
    return absl::OkStatus();
  }

  absl::Status PushAll(const std::string& device, const std::vector<const OutboxOperation*>& left) {
    worth_waiting_ = false;
    retry_after_ = absl::ZeroDuration();
    for (size_t at = 0; at < left.size();) {
      v1::PushRequest request;
      request.set_device(device);
      size_t bytes = 0;
      for (; at < left.size() && request.operations_size() < kOperationsMax; ++at) {
        bytes += left[at]->body.size() + left[at]->signature.size();
        if (request.operations_size() > 0 && bytes > kPushBytesMax) break;
        v1::SignedOperation& operation = *request.add_operations();
        operation.set_body(left[at]->body);
        operation.set_signature(left[at]->signature);
      }
      GW_ASSIGN_OR_RETURN(const v1::PushResponse response, Push(request));
      for (const v1::PushResult& result : response.results()) TakeResult(result);
      Tell();
    }
    return absl::OkStatus();
  }

  // The phone's clocks are not here: the server judges the time by what was signed.
  absl::StatusOr<v1::PushResponse> Push(v1::PushRequest& request) {
    int operations = -request.operations_size(), photos = -photos_;
    for (const OutboxOperation& one : outbox_.operations)
      operations += one.made.device() == request.device() && !IsSettled(one) ? 1 : 0;
    for (const OutboxPhoto& photo : outbox_.photos) photos += photo.state != "draft" ? 1 : 0;
    request.set_pending_operations(std::max(0, operations));
    request.set_pending_photos(std::max(0, photos));
    GW_ASSIGN_OR_RETURN(v1::PushResponse response,
                        Insist([&] { return session_.Call<v1::PushResponse>(kPush, request); }));
    delivered_.missing_photos[request.device()].assign(response.missing_photos().begin(),
                                                       response.missing_photos().end());
    return response;
  }

  void TakeResult(const v1::PushResult& result) {
    delivered_.results[result.op_id()] = result;
    if (result.verdict() != v1::WAITING) {
      ++settled_;
      return;
    }
    worth_waiting_ |= result.reason() != "PREDECESSOR_MISSING";
    retry_after_ = std::max(retry_after_, absl::Milliseconds(result.retry_after_ms()));
  }

  bool IsSettled(const OutboxOperation& one) const {
    const auto found = delivered_.results.find(one.made.op_id());
    return found != delivered_.results.end() && found->second.verdict() != v1::WAITING;
  }

  absl::Status SendPhoto(const OutboxPhoto& photo, const std::string& bytes) {
    media::v1::CreateUploadRequest about;
    about.set_content_type(photo.content_type);
    for (const OutboxOperation& one : outbox_.operations) {
      if (std::find(photo.op_ids.begin(), photo.op_ids.end(), one.made.op_id()) != photo.op_ids.end())
        about.set_subject(one.made.subject());
    }
    const auto send = [&] { return SendInPieces(session_, about, bytes); };
    absl::Status sent = Insist(send).status();
    // What it shows lies on other ground, or is not known there: the photo still belongs to its sender.
    const bool elsewhere =
        absl::IsPermissionDenied(sent) || absl::IsNotFound(sent) || absl::IsInvalidArgument(sent);
    if (!elsewhere || about.subject().empty()) return sent;
    about.clear_subject();
    return Insist(send).status();
  }

  void Tell() const {
    if (told_) told_(settled_, photos_);
  }

  Session& session_;
  const Outbox& outbox_;
  const std::function<void(int, int)>& told_;
  Delivered& delivered_;
  int settled_ = 0, photos_ = 0;
  bool worth_waiting_ = false;
  absl::Duration retry_after_;
};

}  // namespace

DeviceKeys AskDeviceKeys(Session& session, Outbox& outbox) {
  DeviceKeys asked;
  for (const std::string& device : outbox.Devices()) {
    v1::GetDeviceRequest request;
    request.set_name(device);
    const auto answer = session.Call<v1::Device>("gridwarden.sync.v1.DeviceService/GetDevice", request);
    const bool ours = device == outbox.device && !outbox.public_key.empty();
    if (answer.ok() && !answer->public_key().empty()) {
      asked.keys[device] = answer->public_key();
      if (ours && answer->public_key() != outbox.public_key)
        outbox.problems.push_back({".publicKey", "got another key than the one the server holds of " + device,
                                   "与服务器登记的 " + device + " 的公钥不同"});
      continue;
    }
    if (ours) asked.keys[device] = outbox.public_key;
    asked.registered = false;
    asked.why = answer.status();
    if (absl::IsNotFound(answer.status())) asked.unknown.push_back(device);
  }
  return asked;
}

absl::Status RegisterFromOutbox(Session& session, const Outbox& outbox) {
  v1::RegisterDeviceRequest request;
  const std::string id(IdOf(outbox.device));
  request.set_request_id(id);  // the same each time it is tried
  request.set_device_id(id);
  request.set_public_key(outbox.public_key);
  request.set_label(outbox.label);
  request.set_signature(outbox.registration);
  return Insist([&] {
           return session.Call<v1::Device>("gridwarden.sync.v1.DeviceService/RegisterDevice", request);
         })
      .status();
}

bool IsToBeSent(const Outbox& outbox, const Delivered& delivered, const OutboxPhoto& photo) {
  if (!photo.whole || photo.state == "draft") return false;
  const auto stands = [&](const std::string& op_id) {
    const auto result = delivered.results.find(op_id);
    if (result != delivered.results.end())
      return result->second.verdict() != v1::REFUSED && result->second.verdict() != v1::WAITING;
    // Not in the file: settled on the phone before. In it and not answered: not delivered.
    return std::none_of(outbox.operations.begin(), outbox.operations.end(),
                        [&](const OutboxOperation& one) { return one.made.op_id() == op_id; });
  };
  const auto misses = [&](const auto& device) {
    return std::find(device.second.begin(), device.second.end(), photo.sha256) != device.second.end();
  };
  return std::any_of(photo.op_ids.begin(), photo.op_ids.end(), stands) ||
         std::any_of(delivered.missing_photos.begin(), delivered.missing_photos.end(), misses);
}

absl::Status Deliver(Session& session, const std::string& path, const Outbox& outbox,
                     const std::function<void(int, int)>& told, Delivered& delivered) {
  Sender sender(session, outbox, told, delivered);
  GW_RETURN_IF_ERROR(sender.SendOperations());
  GW_RETURN_IF_ERROR(sender.SendPhotos(path));
  return sender.Close();
}

}  // namespace gridwarden::gridctl
