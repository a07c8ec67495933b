#include "gateway/static_files.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gateway/answers.h"
#include "gateway/gzip.h"
#include "platform/crypto/digest.h"

namespace gridwarden::gateway {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFolderBytesMax = 128u << 20;
constexpr size_t kGzipWorthBytes = 1024;
constexpr int kGzipLevel = 9;  // once at start, for all who load it
constexpr char kIndex[] = "index.html";

// What a page of ours may load: its own files, pictures and films it made itself, and nothing from anywhere
// else. Styles of components are set from scripts, which is why they may stand inline.
constexpr char kApplicationPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
    {".geojson", "application/geo+json"},
    {".topojson", "application/json"},
    {".xml", "application/xml"},
    {".csv", "text/csv; charset=utf-8"},
    {".pdf", "application/pdf"},
};

bool Packs(std::string_view type) {
  return type.substr(0, 5) == "text/" || type.find("json") != std::string_view::npos ||
         type.find("xml") != std::string_view::npos || type == "application/wasm";
}

bool IsAsset(std::string_view path) { return path.find("/assets/") != std::string_view::npos; }

std::string_view LastStep(std::string_view path) { return path.substr(path.rfind('/') + 1); }

HttpResponse NotThere() {
  return {.status = 404,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
          .body = "404 not found / 没有这个页面\n"};
}

// An application's addresses begin behind its slash.
HttpResponse WithSlash(const HttpRequest& request) {
  return {.status = 308,
          .headers = {
              {"Location", absl::StrCat(request.path, "/", request.query.empty() ? "" : "?", request.query)},
              {"Cache-Control", "no-cache"}}};
}

absl::Status CannotRead(const std::string& path, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot read ", path, ": ", why));
}

absl::StatusOr<std::string> BytesOf(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (!in.is_open() || in.bad()) return CannotRead(path.string(), "it does not open");
  return bytes;
}

// What the build packed, if it is the same; else our own.
std::string Packed(const fs::path& path, const std::string& bytes) {
  const fs::path beside = path.string() + ".gz";
  if (!fs::is_symlink(beside) && fs::is_regular_file(beside)) {
    absl::StatusOr<std::string> packed = BytesOf(beside);
    if (packed.ok() && Gunzip(*packed, bytes.size()).value_or("") == bytes) return *std::move(packed);
  }
  return Gzip(bytes, kGzipLevel);
}

// Whether an If-None-Match header names this tag.
bool Matches(std::string_view if_none_match, const std::string& tag) {
  return if_none_match == "*" || if_none_match.find(tag) != std::string_view::npos;
}

}  // namespace

std::string_view ContentTypeOf(std::string_view path) {
  for (const auto& [ending, type] : kTypes) {
    if (path.size() > ending.size() && path.substr(path.size() - ending.size()) == ending) return type;
  }
  return "application/octet-stream";
}

absl::StatusOr<std::string> DecodePath(std::string_view path) {
  std::string decoded;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      decoded += path[i];
      continue;
    }
    const auto hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
    if (i + 2 >= path.size() || !hex(path[i + 1]) || !hex(path[i + 2]))
      return InvalidField("path", "bad escape");
    decoded += absl::HexStringToBytes(std::string(path.substr(i + 1, 2)));
    i += 2;
  }
  if (decoded.empty() || decoded[0] != '/') return InvalidField("path", "want a leading slash");
  if (decoded.find('\0') != std::string::npos || decoded.find('\\') != std::string::npos) {
    return InvalidField("path", "character that no file has");
  }
  const std::string bounded = decoded + "/";
  if (absl::StrContains(bounded, "/../") || absl::StrContains(bounded, "/./")) {
    return InvalidField("path", "steps out of the folder");
  }
  return decoded;
}

absl::StatusOr<std::map<std::string, StaticFiles::File>> StaticFiles::ReadFolder(const std::string& folder) {
  std::map<std::string, File> files;
  size_t total = 0;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  if (error) return CannotRead(folder, error.message());
  for (; at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (error) return CannotRead(folder, error.message());
    const std::string name = at->path().filename().string();
    if (name.empty() || name[0] == '.') {
      at.disable_recursion_pending();
      continue;
    }
    if (at->is_symlink() || !at->is_regular_file() || absl::EndsWith(name, ".gz") ||
        absl::EndsWith(name, ".log"))
      continue;
    File file;
    GW_ASSIGN_OR_RETURN(file.bytes, BytesOf(at->path()));
    total += file.bytes.size();
    if (total > kFolderBytesMax)
      return absl::FailedPreconditionError(absl::StrCat(folder, " holds more than 128 MiB"));
    const std::string path = "/" + fs::relative(at->path(), folder, error).generic_string();
    file.type = std::string(ContentTypeOf(path));
    file.etag = absl::BytesToHexString(crypto::Sha256(file.bytes)).substr(0, 24);
    if (Packs(file.type) && file.bytes.size() > kGzipWorthBytes) file.gzip = Packed(at->path(), file.bytes);
    if (file.gzip.size() >= file.bytes.size()) file.gzip.clear();
    files.emplace(path, std::move(file));
  }
  if (error) return CannotRead(folder, error.message());
  return files;
}

absl::StatusOr<StaticFiles> StaticFiles::Read(const std::string& folder) {
  StaticFiles files;
  GW_ASSIGN_OR_RETURN(files.files_, ReadFolder(folder));
  return files;
}

absl::Status StaticFiles::KeepAssetsOf(const std::string& folder) {
  using Files = std::map<std::string, File>;
  GW_ASSIGN_OR_RETURN(Files before, ReadFolder(folder));
  for (auto& [path, file] : before) {
    if (IsAsset(path)) files_.emplace(path, std::move(file));
  }
  return absl::OkStatus();
}

std::vector<std::string> StaticFiles::Applications() const {
  std::vector<std::string> names;
  for (const auto& [path, file] : files_) {
    const size_t slash = path.find('/', 1);
    if (slash != std::string::npos && path.substr(slash + 1) == kIndex)
      names.push_back(path.substr(1, slash - 1));
  }
  return names;
}

const StaticFiles::File* StaticFiles::Find(const std::string& path, bool wants_page,
                                           std::string& found_path) const {
  const auto at = [&](const std::string& candidate) -> const File* {
    const auto found = files_.find(candidate);
    if (found == files_.end()) return nullptr;
    found_path = candidate;
    return &found->second;
  };
  if (const File* file = at(path.back() == '/' ? absl::StrCat(path, kIndex) : path)) return file;
  const bool is_file = LastStep(path).find('.') != std::string_view::npos;
  if (!wants_page || is_file || IsAsset(path)) return nullptr;
  for (std::string folder = path; !folder.empty();) {
    folder.resize(folder.rfind('/'));  // every path begins with a slash, so this ends at ""
    if (const File* file = at(absl::StrCat(folder, "/", kIndex))) return file;
  }
  return nullptr;
}

HttpResponse StaticFiles::Answer(const HttpRequest& request) const {
  const absl::StatusOr<std::string> path = DecodePath(request.path);
  if (!path.ok()) return NotThere();
  if (path->back() != '/' && files_.count(absl::StrCat(*path, "/", kIndex)) > 0) return WithSlash(request);
  const bool wants_page = request.Header("accept").find("text/html") != std::string_view::npos;
  std::string found_path;
  const File* file = Find(*path, wants_page, found_path);
  if (file == nullptr) return NotThere();

  const bool packed = !file->gzip.empty() && AcceptsGzip(request.Header("accept-encoding"));
  const std::string etag = absl::StrCat("\"", file->etag, packed ? "-gz" : "", "\"");
  HttpResponse response;
  response.headers = {
      {"ETag", etag},
      {"Vary", "Accept-Encoding"},
      {kContentPolicy, kApplicationPolicy},
      {"Cache-Control", IsAsset(found_path) ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (Matches(request.Header("if-none-match"), etag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", file->type);
  if (packed) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = packed ? file->gzip : file->bytes;
  return response;
}

}  // namespace gridwarden::gateway
