#include "media/numbers.h"

#include "platform/runtime/instruments.h"

namespace gridwarden::media {
namespace {

const char* NameOf(UploadEnd end) {
  switch (end) {
    case UploadEnd::kVerified:
      return "verified";
    case UploadEnd::kMismatch:
      return "mismatch";
    case UploadEnd::kRefused:
      return "refused";
    case UploadEnd::kExpired:
      return "expired";
  }
  return "";
}

Counter Uploads(UploadEnd end) {
  return Counter("gridwarden_uploads_total",
                 "Photos and documents that came in pieces, by what became of them; after a mismatch one "
                 "begins again.",
                 {{"outcome", NameOf(end)}});
}

Gauge Open() { return Gauge("gridwarden_uploads_open", "Uploads in pieces that have begun and not ended."); }

}  // namespace

void CountUpload(UploadEnd end) { Uploads(end).Add(); }
void ShowOpenUploads(double count) { Open().Set(count); }

void ShowNumbers() {
  for (const UploadEnd end :
       {UploadEnd::kVerified, UploadEnd::kMismatch, UploadEnd::kRefused, UploadEnd::kExpired})
    Uploads(end);
  Open();
}

}  // namespace gridwarden::media
