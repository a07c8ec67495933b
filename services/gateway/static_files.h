#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "gateway/http.h"

// The web applications' files, read into memory once at start: a request can name only what was there, so no
// path leads out of the folder. A new build needs a restart.
namespace gridwarden::gateway {

class StaticFiles {
 public:
  // Reads a folder; links and names that begin with a dot are left out. FAILED_PRECONDITION when it is not
  // readable or holds more than 128 MiB.
  static absl::StatusOr<StaticFiles> Read(const std::string& folder);
  StaticFiles() = default;  // no files at all

  // Answers GET or HEAD. A page of an application ("/console/cases/7", asked for as text/html) that is no
  // file is the nearest index.html above it; anything else that is not there is 404.
  HttpResponse Answer(const HttpRequest& request) const;

  bool HasIndex() const { return files_.count("/index.html") > 0; }
  size_t size() const { return files_.size(); }

 private:
  struct File {
    std::string type;
    std::string bytes;
    std::string gzip;  // "" when packing gains nothing
    std::string etag;  // without quotes
  };
  const File* Find(const std::string& path, bool wants_page, std::string& found_path) const;

  std::map<std::string, File> files_;  // by path from "/"
};

// The file's type by its ending; application/octet-stream when unknown.
std::string_view ContentTypeOf(std::string_view path);

// "/a%20b" -> "/a b"; nothing when it is no path a file can have: NUL, backslash, "." or ".." as a step, bad
// escapes.
absl::StatusOr<std::string> DecodePath(std::string_view path);

}  // namespace gridwarden::gateway
