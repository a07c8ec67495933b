#include "platform/rpc/cursor.h"

#include <gtest/gtest.h>

namespace gridwarden::rpc {
namespace {

const std::vector<std::string> kParts = {"1", std::string("\0\xff", 2), "", "last"};

TEST(Cursor, SaysWhatItWasGivenToWhomItWasMadeFor) {
  const std::string cursor = SealCursor("phone a", kParts);
  EXPECT_EQ(OpenCursor("phone a", cursor), kParts);
  EXPECT_FALSE(OpenCursor("phone b", cursor));
  EXPECT_FALSE(OpenCursor("", cursor));
}

TEST(Cursor, IsNothingOnceAnyCharacterIsAnother) {
  const std::string cursor = SealCursor("phone a", kParts);
  for (size_t i = 0; i < cursor.size(); ++i) {
    std::string other = cursor;
    other[i] = other[i] == 'Q' ? 'R' : 'Q';
    const auto opened = OpenCursor("phone a", other);
    EXPECT_TRUE(!opened || *opened == kParts) << i;  // the last one may hold bits that mean nothing
  }
  for (size_t length = 0; length < cursor.size() - 1; ++length)
    EXPECT_FALSE(OpenCursor("phone a", cursor.substr(0, length))) << length;
  EXPECT_FALSE(OpenCursor("phone a", cursor + "AAAA"));
  EXPECT_FALSE(OpenCursor("phone a", "not base64 at all!"));
}

}  // namespace
}  // namespace gridwarden::rpc
