#pragma once

// What this area counts for /metrics.
namespace gridwarden::media {

// How an upload in pieces ended, or what made it begin again.
enum class UploadEnd { kVerified, kMismatch, kRefused, kExpired };
void CountUpload(UploadEnd end);
void ShowOpenUploads(double count);

// Shows them all from the start, at 0.
void ShowNumbers();

}  // namespace gridwarden::media
