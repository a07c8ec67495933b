#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/http.h"

// The web applications' files, read into memory once at start: a request can name only what was there, so no
// path leads out of the folder. A new build needs a restart.
namespace gridwarden::gateway {

class StaticFiles {
 public:
  // Reads a folder; links, logs of the build and names that begin with a dot are left out. "x.gz" beside "x"
  // is how x is sent packed, if it unpacks to the same bytes. FAILED_PRECONDITION when it is not readable or
  // holds more than 128 MiB.
  static absl::StatusOr<StaticFiles> Read(const std::string& folder);
  StaticFiles() = default;  // no files at all

  // Adds the assets of the release before, where this one has none of that name: a page that was opened
  // before the change still finds its parts. Everything else of that folder is left out. Fails as Read.
  absl::Status KeepAssetsOf(const std::string& folder);

  // Answers GET or HEAD. A page of an application ("/console/cases/7", asked for as text/html) that is no
  // file is the nearest index.html above it; the folder of an application without its slash leads to the one
  // with; anything else that is not there is 404, an asset too.
  HttpResponse Answer(const HttpRequest& request) const;

  // The folders that have a page: "console", "inspector".
  std::vector<std::string> Applications() const;
  bool HasIndex() const { return files_.count("/index.html") > 0; }
  size_t size() const { return files_.size(); }

 private:
  struct File {
    std::string type;
    std::string bytes;
    std::string gzip;  // "" when packing gains nothing
    std::string etag;  // without quotes
  };
  static absl::StatusOr<std::map<std::string, File>> ReadFolder(const std::string& folder);
  const File* Find(const std::string& path, bool wants_page, std::string& found_path) const;

  std::map<std::string, File> files_;  // by path from "/"
};

// The file's type by its ending; application/octet-stream when unknown.
std::string_view ContentTypeOf(std::string_view path);

// "/a%20b" -> "/a b"; nothing when it is no path a file can have: NUL, backslash, "." or ".." as a step, bad
// escapes.
absl::StatusOr<std::string> DecodePath(std::string_view path);

}  // namespace gridwarden::gateway
