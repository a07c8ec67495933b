#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gridwarden/sync/v1/sync.pb.h"

// The file a phone hands out when it cannot send (clients/web/packages/sync/src/outbox_file.ts): its
// operations with the bytes that were signed, its photos, its drafts. It proves itself: whoever carries it
// can change nothing in it that would not be seen here and by the server.
namespace gridwarden::gridctl {

inline constexpr char kOutboxFormat[] = "gridwarden-outbox/1";

// Something in the file that is not as it should be, for one who reads it.
struct OutboxProblem {
  std::string where;             // "operations[3].signature"
  std::string english, chinese;  // "got ..., want ..."
};

struct OutboxOperation {
  std::string where;                       // "operations[3]"
  std::string op_id, rpc, subject, state;  // as the file says beside the body
  int64_t seq = 0;
  std::vector<std::string> photos;
  std::string body;       // the signed JSON
  std::string hash;       // of the body, hex, as the file says
  std::string signature;  // r and s
  sync::v1::OperationBody made;
  bool intact = false;  // the signature is of its device's key and of this body; nothing else is ever sent

  bool refused_before() const { return state == "refused"; }
};

struct OutboxPhoto {
  std::string where;
  std::string sha256;  // hex
  int64_t size = 0;
  std::string content_type, state;
  std::vector<std::string> op_ids;
  bool whole = false;  // its bytes are in the file and are those of the digest
};

struct OutboxDraft {
  std::string form, subject;
  absl::Time updated;
};

struct Outbox {
  std::string account, login, display_name;
  std::string device, public_key;   // of the newest key; 65 bytes
  std::string label, registration;  // the phone's proof for RegisterDevice; "" when it has none
  absl::Time exported = absl::InfinitePast();
  std::vector<OutboxOperation> operations;  // by device and number
  std::vector<OutboxPhoto> photos;
  std::vector<OutboxDraft> drafts;
  std::vector<OutboxProblem> problems;
  bool cut_off = false;  // it ends in the middle; what stands before that is read

  // The devices its operations were made on, each once.
  std::vector<std::string> Devices() const;
};

// Reads the file; `on_photo` is called with the bytes of each photo that is whole, one at a time, because a
// month of them does not fit into memory. A file that is not such a file fails with the line, the field, what
// it got and what it wanted; one that ends too early is read as far as it goes.
using OnPhoto = std::function<void(const OutboxPhoto&, const std::string& bytes)>;
absl::StatusOr<Outbox> ReadOutbox(const std::string& path, const OnPhoto& on_photo = nullptr);

// Proves each operation by the key of its device (devices/{uuid} -> 65 bytes) and compares what stands beside
// the signed bytes with them. Says what is wrong in `problems`.
void ProveOutbox(const std::map<std::string, std::string>& keys, Outbox& outbox);

// Numbers of one device that the file passes over: delivered before, or lost.
struct OutboxGap {
  std::string device;
  int64_t from = 0, to = 0;
};
std::vector<OutboxGap> GapsOf(const Outbox& outbox);

}  // namespace gridwarden::gridctl
