#include "media/photo.h"

#include <random>

#include "base/status.h"
#include "gtest/gtest.h"
#include "support/test_photo.h"

namespace gridwarden::media {
namespace {

using gridwarden::testing::Jpeg;
using gridwarden::testing::Png;
using gridwarden::testing::Webp;

std::string Stripped(const std::string& content) {
  const auto copy = StripMetadata(content);
  EXPECT_TRUE(copy.ok()) << copy.status();
  return copy.value_or("");
}

int OrientationIn(const std::string& content) {
  const size_t tiff = content.find(std::string_view("MM\0*", 4));
  return tiff == std::string::npos ? 1 : OrientationOf(std::string_view(content).substr(tiff)).value_or(0);
}

TEST(Inspect, ReadsTypeAndSizeFromTheBytes) {
  EXPECT_EQ(Inspect(Jpeg(4032, 3024))->width, 4032);
  EXPECT_EQ(Inspect(Jpeg(4032, 3024))->height, 3024);
  EXPECT_EQ(NameOf(Inspect(Png(640, 480))->type), "image/png");
  EXPECT_EQ(Inspect(Png(640, 480))->height, 480);
  EXPECT_EQ(NameOf(Inspect(Webp(800, 600))->type), "image/webp");
  EXPECT_EQ(Inspect(Webp(800, 600))->width, 800);
  EXPECT_EQ(NameOf(Inspect("%PDF-1.7\nobjects\n%%EOF\n")->type), "application/pdf");
}

TEST(Inspect, RefusesOtherTypesAndPixelBombs) {
  EXPECT_EQ(ReasonOf(Inspect("GIF89a and so on").status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Inspect("<svg xmlns='http://www.w3.org/2000/svg'/>").status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Inspect("%PDF-1.7 without an end").status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Inspect("").status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Inspect(Jpeg(0, 100)).status()), "MEDIA_TYPE_REFUSED");
  EXPECT_EQ(ReasonOf(Inspect(Jpeg(65535, 65535)).status()), "MEDIA_TOO_LARGE");
  EXPECT_EQ(ReasonOf(Inspect(Png(0x7fffffff, 0x7fffffff)).status()), "MEDIA_TOO_LARGE");
  EXPECT_EQ(ReasonOf(Inspect(Webp(16384, 16384)).status()), "MEDIA_TOO_LARGE");
  EXPECT_EQ(ReasonOf(Inspect(std::string(kBytesMax + 1, 'x')).status()), "MEDIA_TOO_LARGE");
}

TEST(StripMetadata, LeavesNoSecretInAnyFormat) {
  for (const std::string& content : {Jpeg(100, 50), Png(100, 50), Webp(100, 50)}) {
    ASSERT_NE(content.find("SECRET"), std::string::npos);
    const std::string copy = Stripped(content);
    EXPECT_EQ(copy.find("SECRET"), std::string::npos);
    EXPECT_EQ(Inspect(copy)->width, 100);
    EXPECT_EQ(Inspect(copy)->height, 50);
  }
}

TEST(StripMetadata, KeepsTheWayUpThePictureAndItsColours) {
  const std::string jpeg = Stripped(Jpeg(100, 50, 6));
  EXPECT_EQ(OrientationIn(jpeg), 6);
  EXPECT_NE(jpeg.find("ICC_PROFILE"), std::string::npos);
  EXPECT_NE(jpeg.find("more\xff\xd9"), std::string::npos);
  EXPECT_EQ(OrientationIn(Stripped(Png(100, 50))), 3);
  EXPECT_EQ(OrientationIn(Stripped(Webp(100, 50))), 8);
  EXPECT_EQ(Stripped(Jpeg(100, 50, 1)).find("Exif"), std::string::npos);
}

TEST(StripMetadata, OfACopyGivesTheSameCopy) {
  for (const std::string& content : {Jpeg(100, 50), Png(100, 50), Webp(100, 50)}) {
    const std::string copy = Stripped(content);
    EXPECT_EQ(Stripped(copy), copy);
  }
}

TEST(StripMetadata, RefusesEveryCutFile) {
  for (const std::string& content : {Png(100, 50), Webp(100, 50), Jpeg(100, 50)}) {
    const size_t end = content.rfind("TRAILER-SECRET");
    const size_t whole = end == std::string::npos ? content.size() : end;
    for (size_t size = 0; size < whole; ++size)
      EXPECT_FALSE(StripMetadata(content.substr(0, size)).ok()) << size;
  }
}

TEST(StripMetadata, NeverCrashesOrLeaksOnDamagedFiles) {
  std::mt19937 random(7);
  for (const std::string& content : {Jpeg(100, 50), Png(100, 50), Webp(100, 50)}) {
    for (int round = 0; round < 20'000; ++round) {
      std::string damaged = content;
      for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
      const auto copy = StripMetadata(damaged);
      if (copy.ok()) EXPECT_TRUE(Inspect(*copy).ok());  // a copy is itself a whole file
    }
  }
}

TEST(Orientation, OfADamagedBlockIsNone) {
  const std::string block = OrientationBlock(6);
  EXPECT_EQ(OrientationOf(block), 6);
  EXPECT_EQ(block.size(), 26u);
  for (size_t size = 0; size < 20; ++size)
    EXPECT_FALSE(OrientationOf(block.substr(0, size)).has_value()) << size;
  EXPECT_FALSE(OrientationOf(OrientationBlock(9)).has_value());
  EXPECT_FALSE(OrientationOf(std::string("MM\0*\xff\xff\xff\xff", 8)).has_value());
  EXPECT_EQ(OrientationOf(std::string("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0", 22)), 3);
}

}  // namespace
}  // namespace gridwarden::media
