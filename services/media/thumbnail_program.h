#pragma once

// `gridwarden thumbnail`: a photo in on standard input, its thumbnail out on standard output. A program of
// its own that confines itself before it looks at the first byte; started by ThumbnailMaker only.
namespace gridwarden::media {

inline constexpr char kThumbnailCommand[] = "thumbnail";
inline constexpr int kThumbnailLongSide = 320;
inline constexpr int kNoThumbnail = 3;  // exit code: no picture, or none that can be decoded

// The exit code of the program: 0 when the thumbnail was written.
int RunThumbnailProgram();

}  // namespace gridwarden::media
