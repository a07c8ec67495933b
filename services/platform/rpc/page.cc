#include "platform/rpc/page.h"

#include <algorithm>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "platform/crypto/hmac.h"
#include "platform/rpc/cursor.h"

namespace gridwarden::rpc {
namespace {

constexpr int kPageSizeDefault = 50;
constexpr int kPageSizeMax = 500;
constexpr size_t kTokenBytesMax = 4096;
constexpr size_t kMacBytes = 12;

std::string& TokenKey() {
  static std::string key = "gridwarden page tokens";
  return key;
}

const google::protobuf::FieldDescriptor* FieldOf(const google::protobuf::Message& request, const char* name) {
  return request.GetDescriptor()->FindFieldByName(name);
}

// What a token belongs to: every argument except how much of the answer is asked for.
std::string ScopeOf(const google::protobuf::Message& request) {
  std::unique_ptr<google::protobuf::Message> copy(request.New());
  copy->CopyFrom(request);
  for (const char* name : {"page_size", "page_token"}) {
    if (const auto* field = FieldOf(*copy, name)) copy->GetReflection()->ClearField(copy.get(), field);
  }
  std::string bytes = request.GetDescriptor()->full_name();
  bytes.push_back('\0');
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  copy->SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string MacOf(const std::string& scope, std::string_view key_bytes) {
  return crypto::HmacSha256(TokenKey(), absl::StrCat(scope.size(), ":", scope, std::string(key_bytes)))
      .substr(0, kMacBytes);
}

std::string Pack(const std::vector<std::string>& parts) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  for (const std::string& part : parts) {
    coded.WriteVarint32(static_cast<uint32_t>(part.size()));
    coded.WriteString(part);
  }
  coded.Trim();
  return bytes;
}

// The parts of a token that was made for this scope.
std::optional<std::vector<std::string>> Unpack(const std::string& scope, std::string_view token) {
  std::string bytes;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(std::string(token), &bytes) ||
      bytes.size() < kMacBytes) {
    return std::nullopt;
  }
  const std::string_view key_bytes = std::string_view(bytes).substr(kMacBytes);
  if (!crypto::SameSecret(std::string_view(bytes).substr(0, kMacBytes), MacOf(scope, key_bytes)))
    return std::nullopt;
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(key_bytes.data()),
                                            static_cast<int>(key_bytes.size()));
  std::vector<std::string> parts;
  while (in.CurrentPosition() < static_cast<int>(key_bytes.size())) {
    uint32_t size = 0;
    std::string part;
    if (!in.ReadVarint32(&size) || !in.ReadString(&part, static_cast<int>(size))) return std::nullopt;
    parts.push_back(std::move(part));
  }
  return parts;
}

absl::Status Mismatch() {
  return MakeError(
      absl::StatusCode::kInvalidArgument, "page_token belongs to another request",
      {.reason = "PAGE_TOKEN_MISMATCH", .fields = {{"page_token", "belongs to another request"}}});
}

}  // namespace

absl::StatusOr<Page> ReadPage(const google::protobuf::Message& request) {
  Page page;
  const google::protobuf::Reflection& reflection = *request.GetReflection();
  if (const auto* field = FieldOf(request, "page_size")) {
    const int size = reflection.GetInt32(request, field);
    if (size < 0) return InvalidField("page_size", absl::StrCat("got ", size, ", want >= 0"));
    page.size = size == 0 ? kPageSizeDefault : std::min(size, kPageSizeMax);
  }
  const auto* field = FieldOf(request, "page_token");
  const std::string token = field == nullptr ? "" : reflection.GetString(request, field);
  if (token.empty()) return page;
  std::optional<std::vector<std::string>> parts = Unpack(ScopeOf(request), token);
  if (!parts) return Mismatch();
  page.after = *std::move(parts);
  return page;
}

std::string NextPageToken(const google::protobuf::Message& request, const std::vector<std::string>& key) {
  const std::string key_bytes = Pack(key);
  return absl::WebSafeBase64Escape(MacOf(ScopeOf(request), key_bytes) + key_bytes);
}

std::string SealCursor(std::string_view scope, const std::vector<std::string>& parts) {
  // No message has a name that begins like this.
  const std::string of = absl::StrCat("cursor/", std::string(scope));
  const std::string bytes = Pack(parts);
  return absl::WebSafeBase64Escape(MacOf(of, bytes) + bytes);
}

std::optional<std::vector<std::string>> OpenCursor(std::string_view scope, std::string_view cursor) {
  return Unpack(absl::StrCat("cursor/", std::string(scope)), cursor);
}

void SetPageTokenKey(std::string key) { TokenKey() = std::move(key); }

}  // namespace gridwarden::rpc
