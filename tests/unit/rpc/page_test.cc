#include "platform/rpc/page.h"

#include <string>
#include <vector>

#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gtest/gtest.h"

namespace gridwarden::rpc {
namespace {

using grid::v1::ListDivisionsRequest;
using Parts = std::vector<std::string>;

ListDivisionsRequest Request() {
  ListDivisionsRequest request;
  request.set_parent("divisions/1");
  request.set_recursive(true);
  return request;
}

TEST(Page, BoundsThePageSize) {
  ListDivisionsRequest request = Request();
  EXPECT_EQ(ReadPage(request)->size, 50);
  request.set_page_size(7);
  EXPECT_EQ(ReadPage(request)->size, 7);
  request.set_page_size(100'000);
  EXPECT_EQ(ReadPage(request)->size, 500);
  request.set_page_size(-1);
  EXPECT_EQ(ReasonOf(ReadPage(request).status()), "INVALID_FIELD");
}

TEST(Page, GivesBackTheKeyOfTheLastRowWithAnyBytes) {
  ListDivisionsRequest request = Request();
  const Parts key = {"2026", std::string("\0\xff\n", 3), ""};
  request.set_page_token(NextPageToken(request, key));
  request.set_page_size(3);  // the size may change from page to page
  EXPECT_EQ(ReadPage(request)->after, key);
}

TEST(Page, RefusesATokenOfAnotherRequest) {
  ListDivisionsRequest other = Request();
  other.set_parent("divisions/2");
  ListDivisionsRequest request = Request();
  request.set_page_token(NextPageToken(other, {"a"}));
  EXPECT_EQ(ReasonOf(ReadPage(request).status()), "PAGE_TOKEN_MISMATCH");
}

TEST(Page, RefusesATokenNobodyWasGiven) {
  ListDivisionsRequest request = Request();
  for (const char* token : {"x", "////", "AAAAAAAAAAAAAAAAAAAAAAAA", "not base64!"}) {
    request.set_page_token(token);
    EXPECT_EQ(ReasonOf(ReadPage(request).status()), "PAGE_TOKEN_MISMATCH") << token;
  }
  std::string changed = NextPageToken(Request(), {"a", "b"});
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  request.set_page_token(changed);
  EXPECT_EQ(ReasonOf(ReadPage(request).status()), "PAGE_TOKEN_MISMATCH");
}

TEST(Page, RefusesATokenMadeWithAnotherKey) {
  ListDivisionsRequest request = Request();
  request.set_page_token(NextPageToken(request, {"a"}));
  SetPageTokenKey("another installation");
  EXPECT_EQ(ReasonOf(ReadPage(request).status()), "PAGE_TOKEN_MISMATCH");
}

}  // namespace
}  // namespace gridwarden::rpc
