#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/crypto/ecdsa.h"

// A phone of one account without a screen, as the server meets one (clients.md 7): it signs and chains what
// is done on it, keeps it until the server has answered for it, and follows what changes on its ground. For
// simulated people and tests; the app has an engine of its own in clients/web/packages/sync.
namespace gridwarden::client {

// Carries one rpc ("gridwarden.sync.v1.SyncService/Push") and answers its bytes; blocks. May fail at any
// time, and nobody knows then whether it arrived.
using Line = std::function<absl::StatusOr<std::string>(std::string_view method, const std::string& body)>;

// What the phone's clocks show; none of it need be right.
struct ClockFace {
  absl::Time wall;
  int64_t mono_ms = 0;  // of this boot; may stop in sleep
  std::string boot_id;
};

// A photo on the phone. Only the server's own digest makes it verified.
struct PhotoOnPhone {
  std::string bytes;
  std::string content_type;
  bool verified = false;
  std::string receipt;  // signed by the server, once verified
};

// One thing that was done on the phone: frozen as soon as it is made.
struct PhoneOperation {
  std::string op_id;
  int64_t seq = 0;
  std::string rpc, subject;
  std::string body;       // the signed JSON
  std::string hash;       // SHA-256 of the body, hex
  std::string signature;  // r and s
  std::vector<std::string> after;
  std::vector<std::string> photos;  // hex digests
  // The last answer; VERDICT_UNSPECIFIED before the first.
  sync::v1::PushResult result;
  absl::Time next_try = absl::InfinitePast();  // by the phone's own clock
  int sent = 0;

  bool settled() const {
    return result.verdict() != sync::v1::VERDICT_UNSPECIFIED && result.verdict() != sync::v1::WAITING;
  }
};

struct PhoneOptions {
  std::string account;  // accounts/{uuid}
  std::string label = "simulated phone";
  std::string app_build = "gridsim";
  int page_size = 0;        // of a pull; 0 = the server's
  int operations_max = 50;  // of a push
};

// Not safe to use from several threads.
class Phone {
 public:
  // `line` and `clock` are called during the phone's own calls only.
  Phone(PhoneOptions options, Line line, std::function<ClockFace()> clock);

  // Makes a key and an id and registers them. Safe to repeat until it succeeds: the same key, the same id.
  // `replaces` is the device ("devices/...") this installation follows, if known.
  absl::Status Register(const std::string& replaces = "");

  // Does `rpc` here and now: signs, chains and queues it. The request carries neither request_id nor
  // event_time nor earliest_time. `subject` is what it is about; photos are digests of AddPhoto. What was
  // done earlier about the same subject and is not settled comes first.
  const PhoneOperation& Do(std::string_view rpc, const google::protobuf::Message& request,
                           const std::string& subject, const std::vector<std::string>& photos = {});
  // Keeps a photo; answers its SHA-256 in hex.
  std::string AddPhoto(std::string bytes, std::string content_type);

  // Sends once what is due, at most 50 operations; an error leaves everything queued. Answers how many it
  // settled.
  absl::StatusOr<int> Push();
  // Fetches what changed since the last pull; begins anew beside what is held when the server says so.
  absl::Status Pull();
  // Sends the pieces of the photos that the server said it misses; verified are those it answered for.
  absl::Status SendPhotos(size_t piece_bytes = 256 * 1024);
  // Push until nothing is due, photos, pull. Ends at the first error.
  absl::Status Sync();

  const std::string& device() const { return device_; }  // devices/{uuid}
  const std::string& public_key() const { return key_.public_key; }
  const PhoneOptions& options() const { return options_; }
  bool registered() const { return registered_; }
  // What was done here, in order; nothing is ever taken out.
  const std::vector<PhoneOperation>& operations() const { return operations_; }
  const PhoneOperation* Find(std::string_view op_id) const;
  int queued() const;  // not settled
  bool due() const;    // something could be sent now
  // What the server said to wait after the last failure or WAITING; zero when there is nothing to wait for.
  absl::Duration retry_after() const { return retry_after_; }
  const std::map<std::string, sync::v1::Record>& records() const { return records_; }
  const std::map<std::string, PhotoOnPhone>& photos() const { return photos_; }
  // Receipts came with the last answer, and there may be more than fit: push again.
  bool more_receipts() const { return more_receipts_; }
  // That the server asked for in its last answer.
  int missing_photos() const { return static_cast<int>(missing_photos_.size()); }
  const std::vector<sync::v1::ScopePost>& posts() const { return posts_; }
  const sync::v1::ScopeDigest& server_digest() const { return server_digest_; }
  // Over what is held now.
  sync::v1::ScopeDigest held_digest() const;
  int resets() const { return resets_; }
  uint64_t as_of_index() const { return as_of_index_; }

  // Forgets where the last pull came to, as after a restored backup; what is held stays.
  void ForgetCursor() { cursor_.clear(); }

  // Everything as text, and back: what a phone has on its disk. FAILED_PRECONDITION for text that is not from
  // Save.
  std::string Save() const;
  absl::Status Load(std::string_view text);

 private:
  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request);
  std::vector<size_t> Due() const;
  absl::Status TakeResults(const std::vector<size_t>& sent, const sync::v1::PushResponse& response);
  void TakeToken(const std::string& token);
  void TakePage(const sync::v1::PullResponse& page, std::map<std::string, sync::v1::Record>& into);
  absl::Status SendPhoto(const std::string& sha256, size_t piece_bytes);

  PhoneOptions options_;
  Line line_;
  std::function<ClockFace()> clock_;
  crypto::EcdsaKeyPair key_;
  std::string device_;
  std::string proof_;  // that the key is ours, as it was first sent
  bool registered_ = false;

  std::vector<PhoneOperation> operations_;
  std::map<std::string, size_t> by_id_;
  std::map<std::string, std::string> last_about_;  // subject -> op_id of the last operation about it
  std::map<std::string, PhotoOnPhone> photos_;     // by digest
  std::vector<std::string> missing_photos_;

  std::string push_token_;  // of the last push that was answered: receipts before it have come
  bool more_receipts_ = false;
  std::string time_token_;
  ClockFace token_face_;

  std::string cursor_;
  bool pulled_whole_ = false;
  std::map<std::string, sync::v1::Record> records_;  // by name
  std::vector<sync::v1::ScopePost> posts_;
  sync::v1::ScopeDigest server_digest_;
  uint64_t as_of_index_ = 0;
  int resets_ = 0;
  absl::Duration retry_after_;
};

// Hex digest of what counts for a scope (sync.v1.ScopeDigest).
sync::v1::ScopeDigest DigestOf(const std::map<std::string, sync::v1::Record>& records);

}  // namespace gridwarden::client
