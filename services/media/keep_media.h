#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "media/media_service.h"

// The one way by which content becomes a media, however its bytes came.
namespace gridwarden::media {

// "" or the name of something a photo can belong to; INVALID_ARGUMENT naming `subject` otherwise.
absl::Status CheckSubject(const std::string& subject);

// The ground a photo is uploaded for, and the post in which the caller does so.
struct Place {
  Uuid division;
  std::string path;
  access::Acting acting;
};

// The ground that `spelling` names, or that of the post the caller acts in. NOT_FOUND for none, NOT_ALLOWED
// when no post of the caller's reaches it.
absl::StatusOr<Place> PlaceOf(const domain::Ground& ground, const rpc::Call& call,
                              const std::string& spelling);

// Keeps content whose SHA-256 has been compared: looks what it is, stores it, and writes its row and its
// entry. Safe to repeat. MEDIA_TYPE_REFUSED or MEDIA_TOO_LARGE as its bytes say.
absl::StatusOr<v1::Media> KeepMedia(MediaArea& area, const rpc::Call& call, const std::string& sha256,
                                    std::string_view content, const std::string& subject, const Place& place);

}  // namespace gridwarden::media
