#include "server/backup/backup_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/digest_stream.h"

namespace gridwarden::server {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr size_t kReadSize = 1 << 20;
// How many wrong files are named; the rest is counted.
constexpr size_t kNamedMax = 20;

std::string TextOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::Time TimeOf(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime("%Y-%m-%dT%H:%M:%SZ", text, absl::UTCTimeZone(), &time, &error))
    throw Json::other_error::create(501, "no time: " + text, nullptr);
  return time;
}

Json ToJson(const std::vector<BackedUpFile>& files) {
  Json list = Json::array();
  for (const BackedUpFile& file : files)
    list.push_back({{"name", file.name}, {"size", file.size}, {"sha256", file.sha256}});
  return list;
}

std::vector<BackedUpFile> FilesOf(const Json& list) {
  std::vector<BackedUpFile> files;
  for (const Json& file : list) {
    const std::string name = file.at("name");
    // A manifest that somebody wrote must not lead us out of the backup.
    if (name.empty() || name[0] == '/' || name.find("..") != std::string::npos)
      throw Json::other_error::create(501, "no file name: " + name, nullptr);
    files.push_back({name, file.at("size"), file.at("sha256")});
  }
  return files;
}

absl::Status NotReadable(const std::string& path, const char* why) {
  return absl::DataLossError(absl::StrCat(path, " cannot be understood: ", why));
}

std::string Summary(const std::vector<std::string>& wrong) {
  std::string text = absl::StrJoin(wrong.begin(), wrong.begin() + std::min(wrong.size(), kNamedMax), "; ");
  if (wrong.size() > kNamedMax) absl::StrAppend(&text, "; and ", wrong.size() - kNamedMax, " more");
  return text;
}

void Compare(const std::string& folder, const BackedUpFile& want, std::vector<std::string>& wrong) {
  const absl::StatusOr<BackedUpFile> got = Describe(folder, want.name);
  if (!got.ok()) {
    wrong.emplace_back(got.status().message());
  } else if (got->size != want.size || got->sha256 != want.sha256) {
    wrong.push_back(absl::StrCat(folder, "/", want.name, " is not what was backed up (", got->size,
                                 " bytes, SHA-256 ", got->sha256.substr(0, 16), ", want ", want.size,
                                 " bytes, ", want.sha256.substr(0, 16), ")"));
  }
}

bool IsHexDigest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return absl::DataLossError(absl::StrCat(path, " cannot be read"));
  return text;
}

absl::Status WriteWhole(const std::string& path, std::string_view bytes) {
  const std::string aside = path + ".new";
  const int file = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return absl::FailedPreconditionError(absl::StrCat(path, ": ", std::strerror(errno)));
  bool written = true;
  for (size_t at = 0; written && at < bytes.size();) {
    const ssize_t put = write(file, bytes.data() + at, bytes.size() - at);
    if (put < 0 && errno == EINTR) continue;
    written = put > 0;
    if (written) at += static_cast<size_t>(put);
  }
  written = written && fsync(file) == 0;
  close(file);
  if (!written || rename(aside.c_str(), path.c_str()) != 0)
    return absl::FailedPreconditionError(absl::StrCat(path, ": ", std::strerror(errno)));
  return absl::OkStatus();
}

absl::Status Sync(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && fsync(file) == 0;
  const absl::Status status =
      synced ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(path, ": ", std::strerror(errno)));
  if (file >= 0) close(file);
  return status;
}

absl::StatusOr<BackedUpFile> Describe(const std::string& folder, const std::string& name) {
  const std::string path = absl::StrCat(folder, "/", name);
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::DataLossError(absl::StrCat(path, " is missing"));
  crypto::Sha256Stream digest;
  BackedUpFile file{.name = name};
  std::string part(kReadSize, '\0');
  while (in) {
    in.read(part.data(), static_cast<std::streamsize>(part.size()));
    digest.Add(std::string_view(part.data(), static_cast<size_t>(in.gcount())));
    file.size += static_cast<uint64_t>(in.gcount());
  }
  if (!in.eof()) return absl::DataLossError(absl::StrCat(path, " cannot be read"));
  file.sha256 = absl::BytesToHexString(digest.Finish());
  return file;
}

absl::Status WriteManifest(const std::string& backup, const Manifest& manifest) {
  Json json = {{"format", kFormat},
               {"made", TextOf(manifest.made)},
               {"program", manifest.program},
               {"database", manifest.database},
               {"verifier_key", manifest.verifier_key},
               {"checkpoint", manifest.checkpoint_note},
               {"rows", manifest.rows},
               {"photos", manifest.photos},
               {"photo_count", manifest.photo_count},
               {"damaged_photos", manifest.damaged_photos},
               {"files", ToJson(manifest.files)},
               {"keys", "not here: signer.key and the keys of tokens are kept apart from the data"}};
  if (manifest.log_start)
    json["binary_log"] = {{"file", manifest.log_start->file}, {"position", manifest.log_start->position}};
  return WriteWhole(backup + "/manifest.json", json.dump(1) + "\n");
}

absl::StatusOr<Manifest> ReadManifest(const std::string& backup) {
  const std::string path = backup + "/manifest.json";
  GW_ASSIGN_OR_RETURN(const std::string text, ReadWhole(path));
  try {
    const Json json = Json::parse(text);
    if (json.at("format") != kFormat) return NotReadable(path, "made by another release");
    Manifest manifest{.made = TimeOf(json.at("made")),
                      .program = json.at("program"),
                      .database = json.at("database"),
                      .verifier_key = json.at("verifier_key"),
                      .checkpoint_note = json.at("checkpoint"),
                      .rows = json.at("rows").get<std::map<std::string, uint64_t>>(),
                      .photos = json.at("photos"),
                      .photo_count = json.at("photo_count"),
                      .damaged_photos = json.at("damaged_photos").get<std::vector<std::string>>(),
                      .files = FilesOf(json.at("files"))};
    if (json.contains("binary_log"))
      manifest.log_start = {json["binary_log"].at("file"), json["binary_log"].at("position")};
    return manifest;
  } catch (const Json::exception& e) {
    return NotReadable(path, e.what());
  }
}

absl::Status WriteFetchedLog(const std::string& backup, const FetchedLog& log) {
  Json json = {{"made", TextOf(log.made)}, {"files", ToJson(log.files)}};
  if (log.photos) json["photos"] = ToJson({*log.photos});
  return WriteWhole(backup + "/log.json", json.dump(1) + "\n");
}

absl::StatusOr<std::optional<FetchedLog>> ReadFetchedLog(const std::string& backup) {
  const std::string path = backup + "/log.json";
  if (!fs::exists(path)) return std::optional<FetchedLog>();
  GW_ASSIGN_OR_RETURN(const std::string text, ReadWhole(path));
  try {
    const Json json = Json::parse(text);
    FetchedLog log{.made = TimeOf(json.at("made")), .files = FilesOf(json.at("files"))};
    if (json.contains("photos")) log.photos = FilesOf(json["photos"]).at(0);
    return std::optional<FetchedLog>(std::move(log));
  } catch (const Json::exception& e) {
    return NotReadable(path, e.what());
  } catch (const std::out_of_range& e) {
    return NotReadable(path, e.what());
  }
}

std::string NewestBackup(const std::string& folder) {
  std::string newest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() == 16 && name.back() == 'Z' && fs::exists(entry.path() / "manifest.json", error))
      newest = std::max(newest, name);
  }
  return newest.empty() ? "" : absl::StrCat(folder, "/", newest);
}

std::optional<absl::Time> LastBackedUp(const std::string& folder) {
  const std::string backup = NewestBackup(folder);
  if (backup.empty()) return std::nullopt;
  const absl::StatusOr<Manifest> manifest = ReadManifest(backup);
  if (!manifest.ok()) return std::nullopt;
  const auto log = ReadFetchedLog(backup);
  return log.ok() && *log ? std::max(manifest->made, (*log)->made) : manifest->made;
}

std::string PhotoPath(const std::string& store, const std::string& sha256_hex) {
  return absl::StrCat(store, "/", sha256_hex.substr(0, 2), "/", sha256_hex.substr(2, 2), "/", sha256_hex);
}

absl::StatusOr<std::vector<ListedPhoto>> ReadPhotoList(const std::string& backup,
                                                       const std::optional<FetchedLog>& log) {
  const std::string path = absl::StrCat(backup, "/", log && log->photos ? log->photos->name : "photos.list");
  GW_ASSIGN_OR_RETURN(const std::string text, ReadWhole(path));
  std::vector<ListedPhoto> photos;
  std::istringstream lines(text);
  ListedPhoto photo;
  while (lines >> photo.sha256 >> photo.size) {
    if (!IsHexDigest(photo.sha256)) return NotReadable(path, "no digest");
    photos.push_back(photo);
  }
  if (!lines.eof()) return NotReadable(path, "no size");
  return photos;
}

absl::Status VerifyFiles(const std::string& backup, const Manifest& manifest,
                         const std::optional<FetchedLog>& log) {
  std::vector<std::string> wrong;
  for (const BackedUpFile& file : manifest.files) Compare(backup, file, wrong);
  if (log) {
    for (const BackedUpFile& file : log->files) Compare(backup, file, wrong);
    if (log->photos) Compare(backup, *log->photos, wrong);
  }
  if (manifest.photos && wrong.empty()) {
    const std::string store = fs::path(backup).parent_path().string() + "/photos";
    GW_ASSIGN_OR_RETURN(const std::vector<ListedPhoto> photos, ReadPhotoList(backup, log));
    for (const ListedPhoto& photo : photos) {
      const std::string path = PhotoPath(store, photo.sha256);
      Compare(fs::path(path).parent_path().string(), {photo.sha256, photo.size, photo.sha256}, wrong);
    }
  }
  return wrong.empty() ? absl::OkStatus() : absl::DataLossError(Summary(wrong));
}

}  // namespace gridwarden::server
