#include "common/phone.h"

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/status.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "gtest/gtest.h"
#include "platform/crypto/digest.h"

namespace gridwarden::client {
namespace {

// A server of one photo. It takes pieces as the real one does, and dies after the last one as often as it is
// told: the bytes are there then, nobody has verified them, and the phone has no answer.
class OnePhotoServer {
 public:
  explicit OnePhotoServer(int64_t size) { upload_.set_size(size), upload_.set_name("uploads/one"); }

  absl::StatusOr<std::string> Answer(std::string_view method, const std::string& body) {
    if (method.ends_with("/Push")) return Missing();
    if (method.ends_with("/CreateUpload")) return upload_.SerializeAsString();
    if (method.ends_with("/GetUpload")) {
      upload_.set_complete(upload_.offset() == upload_.size());
      return upload_.SerializeAsString();
    }
    media::v1::AppendUploadRequest append;
    append.ParseFromString(body);
    if (append.content().empty()) return InvalidField("content", "got nothing, want 1 byte or more");
    if (append.offset() != upload_.offset()) return absl::InternalError("a piece that was taken came again");
    upload_.set_offset(upload_.offset() + static_cast<int64_t>(append.content().size()));
    if (upload_.offset() < upload_.size()) return upload_.SerializeAsString();
    if (deaths-- > 0) return absl::UnavailableError("the server died");
    upload_.set_complete(true);
    return upload_.SerializeAsString();
  }

  std::string photo;
  int deaths = 0;

 private:
  absl::StatusOr<std::string> Missing() {
    sync::v1::PushResponse response;
    if (!upload_.complete()) response.add_missing_photos(photo);
    return response.SerializeAsString();
  }

  media::v1::Upload upload_;
};

TEST(Phone, APhotoWhoseLastAnswerDiedWithTheServerIsAskedForAndNotSentAsAnEmptyPiece) {
  const std::string bytes(1000, 'p');
  OnePhotoServer server(1000);
  server.deaths = 1;
  Phone phone(
      {.account = "accounts/a"},
      [&](std::string_view method, const std::string& body) { return server.Answer(method, body); },
      [] {
        return ClockFace{absl::FromUnixSeconds(1'790'000'000), 1, "boot"};
      });
  server.photo = phone.AddPhoto(bytes, "image/jpeg");
  ASSERT_TRUE(phone.Push().ok());
  EXPECT_TRUE(absl::IsUnavailable(phone.SendPhotos(400)));
  ASSERT_TRUE(phone.Push().ok());
  EXPECT_EQ(phone.missing_photos(), 1) << "the server says what it has not verified";
  EXPECT_TRUE(phone.SendPhotos(400).ok());
  EXPECT_TRUE(phone.photos().at(server.photo).verified);
}

}  // namespace
}  // namespace gridwarden::client
