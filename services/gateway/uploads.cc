#include "gateway/uploads.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "base/status.h"
#include "gateway/answers.h"
#include "gateway/connect_codec.h"
#include "gridwarden/media/v1/media_service.pb.h"

namespace gridwarden::gateway {
namespace {

using media::v1::Upload;

constexpr char kFiles[] = "/files";
constexpr char kVersion[] = "1.0.0";
constexpr char kPieceType[] = "application/offset+octet-stream";
constexpr size_t kPieceBytesMax = 1 << 20;
constexpr size_t kOtherBytesMax = 4096;
constexpr int64_t kFileBytesMax = 12 << 20;
constexpr int kChecksumMismatch = 460;  // of tus

const std::string kService = "gridwarden.media.v1.UploadService/";

// The method meant: networks that let only GET and POST through send another one in a header.
std::string MethodMeant(const HttpRequest& request) {
  const std::string_view meant = request.Header("x-http-method-override");
  return request.method == "POST" && !meant.empty() ? std::string(meant) : request.method;
}

bool IsCollection(const std::string& path) { return path == kFiles || path == absl::StrCat(kFiles, "/"); }

HttpResponse Tus(HttpResponse response) {
  response.headers.emplace_back("Tus-Resumable", kVersion);
  return response;
}

HttpResponse Refusal(const absl::Status& status) {
  HttpResponse response = ErrorResponse(status);
  const std::string reason = ReasonOf(status);
  if (reason == "UPLOAD_EXPIRED") response.status = 410;
  if (reason == "MEDIA_DIGEST_MISMATCH") response.status = kChecksumMismatch;
  if (reason == "MEDIA_TYPE_REFUSED") response.status = 415;
  if (reason == "MEDIA_TOO_LARGE" || reason == "MESSAGE_TOO_LARGE") response.status = 413;
  const std::optional<ErrorFacts> facts = FactsOf(status);
  if (facts && facts->metadata.count("offset") > 0)
    response.headers.emplace_back("Upload-Offset", facts->metadata.at("offset"));
  return Tus(std::move(response));
}

HttpResponse BadRequest(int status, const char* header, const char* want) {
  HttpResponse response =
      Refusal(MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat("header ", header, ": want ", want),
                        {.reason = "MALFORMED_REQUEST", .fields = {{header, want}}}));
  response.status = status;
  return response;
}

HttpResponse NotAllowedHere(const char* allowed) {
  HttpResponse response =
      Refusal(MakeError(absl::StatusCode::kUnimplemented, absl::StrCat("this is done with ", allowed),
                        {.reason = "METHOD_UNKNOWN"}));
  response.status = 405;
  response.headers.emplace_back("Allow", allowed);
  return response;
}

HttpResponse StateOf(int status, const Upload& upload) {
  const absl::Time expires = absl::FromUnixSeconds(upload.expire_time().seconds());
  return Tus({.status = status,
              .headers = {{"Cache-Control", "no-store"},
                          {"Upload-Offset", absl::StrCat(upload.offset())},
                          {"Upload-Length", absl::StrCat(upload.size())},
                          {"Upload-Complete", upload.complete() ? "?1" : "?0"},
                          {"Upload-Expires",
                           absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", expires, absl::UTCTimeZone())}}});
}

std::optional<int64_t> NumberIn(const HttpRequest& request, const std::string& header) {
  const std::string text(request.Header(header));
  int64_t number = 0;
  const bool digits =
      !text.empty() && text.size() <= 15 && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  if (!digits || !absl::SimpleAtoi(text, &number)) return std::nullopt;
  return number;
}

std::optional<std::string> FromBase64(const std::string& text) {
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes)) return std::nullopt;
  return bytes;
}

// "sha256 YWI=,type aW1n": keys and what they say; a key may stand alone.
std::optional<std::map<std::string, std::string>> ReadMetadata(std::string_view header) {
  std::map<std::string, std::string> said;
  const std::vector<std::string> parts = absl::StrSplit(std::string(header), ',', absl::SkipWhitespace());
  for (const std::string& part : parts) {
    const std::vector<std::string> words =
        absl::StrSplit(absl::StripAsciiWhitespace(part), ' ', absl::SkipEmpty());
    if (words.empty() || words.size() > 2) return std::nullopt;
    const std::optional<std::string> value = words.size() == 2 ? FromBase64(words[1]) : std::string();
    if (!value || !said.emplace(words[0], *value).second) return std::nullopt;
  }
  return said;
}

// What the server does, for whoever asks without a token.
HttpResponse Abilities() {
  return Tus({.status = 204,
              .headers = {{"Tus-Version", kVersion},
                          {"Tus-Extension", "creation,checksum,expiration"},
                          {"Tus-Checksum-Algorithm", "sha256"},
                          {"Tus-Max-Size", absl::StrCat(kFileBytesMax)},
                          {"Cache-Control", "no-store"}}});
}

void Create(const HttpRequest& request, const SendRpc& send, const Respond& respond) {
  const std::optional<int64_t> size = NumberIn(request, "upload-length");
  if (!size) return respond(BadRequest(400, "Upload-Length", "the number of bytes of the whole"));
  const auto said = ReadMetadata(request.Header("upload-metadata"));
  if (!said || said->count("sha256") == 0)
    return respond(BadRequest(400, "Upload-Metadata", "sha256 and its base64, and others by commas"));
  if (!request.body.empty()) return respond(BadRequest(400, "Content-Length", "0: pieces come with PATCH"));
  const auto of = [&](const char* key) { return said->count(key) > 0 ? said->at(key) : std::string(); };
  media::v1::CreateUploadRequest create;
  create.set_size(*size);
  create.set_sha256(of("sha256"));
  create.set_content_type(of("type"));
  create.set_subject(of("subject"));
  create.set_division(of("division"));
  send(kService + "CreateUpload", create, [respond](const absl::StatusOr<std::string>& bytes) {
    const absl::StatusOr<Upload> upload = Parsed<Upload>(bytes);
    if (!upload.ok()) return respond(Refusal(upload.status()));
    HttpResponse response = StateOf(201, *upload);
    // "uploads/0190..." -> "/files/0190..."
    response.headers.emplace_back("Location",
                                  absl::StrCat(kFiles, upload->name().substr(sizeof("uploads") - 1)));
    respond(std::move(response));
  });
}

void Look(const std::string& name, const SendRpc& send, const Respond& respond) {
  media::v1::GetUploadRequest get;
  get.set_name(name);
  send(kService + "GetUpload", get, [respond](const absl::StatusOr<std::string>& bytes) {
    const absl::StatusOr<Upload> upload = Parsed<Upload>(bytes);
    respond(upload.ok() ? StateOf(200, *upload) : Refusal(upload.status()));
  });
}

void Append(HttpRequest& request, const std::string& name, const SendRpc& send, const Respond& respond) {
  const std::string_view type = request.Header("content-type");
  if (absl::AsciiStrToLower(std::string(type.substr(0, type.find(';')))) != kPieceType)
    return respond(BadRequest(415, "Content-Type", kPieceType));
  if (const std::string_view packing = request.Header("content-encoding");
      !packing.empty() && packing != "identity") {
    return respond(BadRequest(415, "Content-Encoding", "identity"));
  }
  const std::optional<int64_t> offset = NumberIn(request, "upload-offset");
  if (!offset) return respond(BadRequest(400, "Upload-Offset", "the number of bytes held"));
  media::v1::AppendUploadRequest append;
  append.set_name(name);
  append.set_offset(*offset);
  if (const std::string checksum(request.Header("upload-checksum")); !checksum.empty()) {
    const std::vector<std::string> words = absl::StrSplit(checksum, ' ', absl::SkipEmpty());
    const auto digest = words.size() == 2 && words[0] == "sha256" ? FromBase64(words[1]) : std::nullopt;
    if (!digest || digest->size() != 32)
      return respond(BadRequest(400, "Upload-Checksum", "sha256 and the base64 of 32 bytes"));
    append.set_sha256(absl::BytesToHexString(*digest));
  }
  append.set_content(std::move(request.body));
  send(kService + "AppendUpload", append, [respond](const absl::StatusOr<std::string>& bytes) {
    const absl::StatusOr<Upload> upload = Parsed<Upload>(bytes);
    respond(upload.ok() ? StateOf(204, *upload) : Refusal(upload.status()));
  });
}

}  // namespace

bool IsUpload(const std::string& path) {
  return path == kFiles || path.compare(0, sizeof(kFiles), absl::StrCat(kFiles, "/")) == 0;
}

size_t UploadBodyLimit(const HttpRequest& head) {
  return MethodMeant(head) == "PATCH" ? kPieceBytesMax : kOtherBytesMax;
}

HttpResponse UploadTooLarge(const HttpRequest& head) {
  const size_t limit = UploadBodyLimit(head);
  return Refusal(MakeError(
      absl::StatusCode::kInvalidArgument, absl::StrCat("a request may have ", limit, " bytes"),
      {.reason = "MESSAGE_TOO_LARGE", .metadata = {{"limit", absl::StrCat(limit / 1024, " KiB")}}}));
}

void AnswerUpload(HttpRequest request, const SendRpc& send, const Respond& respond) {
  const std::string method = MethodMeant(request);
  if (method == "OPTIONS") return respond(Abilities());
  if (request.Header("tus-resumable") != kVersion) {
    HttpResponse response = BadRequest(412, "Tus-Resumable", kVersion);
    response.headers.emplace_back("Tus-Version", kVersion);
    return respond(std::move(response));
  }
  if (IsCollection(request.path)) {
    if (method != "POST") return respond(NotAllowedHere("OPTIONS, POST"));
    return Create(request, send, respond);
  }
  const std::optional<Uuid> id = Uuid::Parse(request.path.substr(sizeof(kFiles)));
  if (!id) return respond(Refusal(NotFound(request.path.substr(0, 100))));
  const std::string name = ResourceName("uploads", *id);
  if (method == "HEAD") return Look(name, send, respond);
  if (method == "PATCH") return Append(request, name, send, respond);
  respond(NotAllowedHere("OPTIONS, HEAD, PATCH"));
}

}  // namespace gridwarden::gateway
