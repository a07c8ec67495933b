#include <cstdio>
#include <fstream>
#include <iterator>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/pieces.h"
#include "gridwarden/media/v1/media_service.pb.h"

// Photos and documents by themselves: sent in pieces, fetched, small.
namespace gridwarden::gridctl {
namespace {

namespace v1 = gridwarden::media::v1;

std::string Method(const char* name) { return std::string("gridwarden.media.v1.") + name; }

absl::StatusOr<std::string> ReadFile(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(in), {});
  if (!in.is_open() || in.bad() || content.empty())
    return absl::InvalidArgumentError(file + ": cannot be read, or is empty");
  return content;
}

// Sends what the server has not got; cut off, the next run goes on from there.
absl::Status Upload(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const std::string content, ReadFile(run.positionals[0]));
  v1::CreateUploadRequest about;
  about.set_subject(run.Get("--subject"));
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*about.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  const auto tell = [&](const v1::Upload& upload) {
    std::fprintf(stderr, "%s\n",
                 absl::StrFormat(run.chinese ? "已收到 %d / %d 字节" : "held %d of %d bytes", upload.offset(),
                                 upload.size())
                     .c_str());
  };
  GW_ASSIGN_OR_RETURN(const v1::Upload upload, SendInPieces(run.session(), about, content, tell));
  if (run.json) {
    PrintJson(upload);
  } else {
    std::printf("media/%s\n", upload.sha256().c_str());
  }
  return absl::OkStatus();
}

absl::Status Get(Invocation& run) {
  const std::string name =
      run.positionals[0].starts_with("media/") ? run.positionals[0] : "media/" + run.positionals[0];
  v1::MediaContent content;
  if (run.Has("--thumbnail")) {
    v1::GetMediaThumbnailRequest get;
    get.set_name(name);
    GW_ASSIGN_OR_RETURN(content,
                        run.session().Call<v1::MediaContent>(Method("MediaService/GetMediaThumbnail"), get));
  } else {
    v1::GetMediaContentRequest get;
    get.set_name(name);
    GW_ASSIGN_OR_RETURN(content,
                        run.session().Call<v1::MediaContent>(Method("MediaService/GetMediaContent"), get));
  }
  const std::string file = run.Get("--into");
  if (file.empty()) return absl::InvalidArgumentError("--into: want the file to write");
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << content.content();
  out.close();
  if (!out) return absl::InvalidArgumentError(file + ": cannot be written");
  std::printf("%s %zu B %s\n", file.c_str(), content.content().size(),
              content.media().content_type().c_str());
  return absl::OkStatus();
}

}  // namespace

void AddMediaCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "media upload",
       .arguments = "FILE",
       .summary = "sends a photo or document in pieces; run again, it goes on where it was cut",
       .options = {{"--division", "DIVISION", "ground it shows; that of your post by default"},
                   {"--subject", "NAME", "cases/..., signals/..., sources/... or patrolTasks/..."}},
       .examples = {"gridctl media upload photo.jpg --division 411728001"},
       .run = Upload});
  commands.push_back(
      {.words = "media get",
       .arguments = "MEDIA",
       .summary = "fetches a photo or document without its metadata",
       .options = {{"--into", "FILE", "file to write"}, {"--thumbnail", "", "the small picture of it"}},
       .examples = {"gridctl media get media/9f86d0... --into small.jpg --thumbnail"},
       .run = Get});
}

}  // namespace gridwarden::gridctl
