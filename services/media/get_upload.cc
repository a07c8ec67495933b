#include "base/status.h"
#include "media/media_service.h"
#include "media/upload_steps.h"

namespace gridwarden::media {
namespace {

absl::StatusOr<UploadRow> Read(MediaArea& area, const rpc::Call& call, const std::string& name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("uploads", name));
  std::optional<UploadRow> upload;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(upload, FindUpload(tx, id));
    return absl::OkStatus();
  }));
  return Usable(upload, call, name, area.clock.Now());
}

}  // namespace

absl::StatusOr<v1::Upload> GetUpload(MediaArea& area, const rpc::Call& call,
                                     const v1::GetUploadRequest& request) {
  GW_ASSIGN_OR_RETURN(UploadRow upload, Read(area, call, request.name()));
  if (upload.state != UploadState::kOpen || upload.held < upload.size) return UploadMessage(upload);
  const absl::StatusOr<v1::Upload> finished = FinishUpload(area, call, upload);
  if (ReasonOf(finished.status()) != "MEDIA_DIGEST_MISMATCH") return finished;
  // It begins again, which is what was asked: how far it has come.
  GW_ASSIGN_OR_RETURN(upload, Read(area, call, request.name()));
  return UploadMessage(upload);
}

}  // namespace gridwarden::media
