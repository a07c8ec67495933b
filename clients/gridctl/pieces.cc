#include "gridctl/pieces.h"

#include "absl/strings/escaping.h"
#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::gridctl {
namespace {

namespace v1 = media::v1;

constexpr size_t kPieceBytes = 256 << 10;
constexpr int kOffsetsWrongMax = 3;

std::string Method(const char* name) { return std::string("gridwarden.media.v1.UploadService/") + name; }

}  // namespace

absl::StatusOr<v1::Upload> SendInPieces(Session& session, v1::CreateUploadRequest about,
                                        const std::string& content,
                                        const std::function<void(const v1::Upload&)>& told) {
  about.set_sha256(absl::BytesToHexString(crypto::Sha256(content)));
  about.set_size(static_cast<int64_t>(content.size()));
  GW_ASSIGN_OR_RETURN(v1::Upload upload, session.Call<v1::Upload>(Method("CreateUpload"), about));
  v1::GetUploadRequest get;
  get.set_name(upload.name());
  for (int wrong = 0; upload.offset() < upload.size();) {
    v1::AppendUploadRequest append;
    append.set_name(upload.name());
    append.set_offset(upload.offset());
    append.set_content(content.substr(static_cast<size_t>(upload.offset()), kPieceBytes));
    append.set_sha256(absl::BytesToHexString(crypto::Sha256(append.content())));
    absl::StatusOr<v1::Upload> next = session.Call<v1::Upload>(Method("AppendUpload"), append);
    if (!next.ok()) {
      // An answer that was lost: ask how far it came.
      if (ReasonOf(next.status()) != "UPLOAD_OFFSET_WRONG" || ++wrong > kOffsetsWrongMax)
        return next.status();
      next = session.Call<v1::Upload>(Method("GetUpload"), get);
      if (!next.ok()) return next.status();
    }
    upload = *std::move(next);
    if (told) told(upload);
  }
  if (!upload.complete()) {
    GW_ASSIGN_OR_RETURN(upload, session.Call<v1::Upload>(Method("GetUpload"), get));
  }
  if (!upload.complete()) return absl::AbortedError("it has to come again: run the same command");
  return upload;
}

}  // namespace gridwarden::gridctl
