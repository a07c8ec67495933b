#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "gridctl/session.h"
#include "gridwarden/media/v1/media_service.pb.h"

namespace gridwarden::gridctl {

// Sends a photo or document in pieces from where the server holds it, so that what was cut goes on. `told`
// hears how far it came. `about` says what it shows; digest and size are filled in. ABORTED when the server
// wants it again from the beginning.
absl::StatusOr<media::v1::Upload> SendInPieces(
    Session& session, media::v1::CreateUploadRequest about, const std::string& content,
    const std::function<void(const media::v1::Upload&)>& told = nullptr);

}  // namespace gridwarden::gridctl
