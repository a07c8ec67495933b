#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gridctl/command.h"
#include "gtest/gtest.h"
#include "unit/draw/made_up_draw.h"

// `gridctl draw verify` as a script meets it: a file, no server, an exit code (architecture.md D11).
namespace gridwarden::gridctl {
namespace {

using domain::draw::Bundle;
using domain::draw::kHashes;
using domain::draw::MadeUpBundle;
using domain::draw::MadeUpCommitment;
using domain::draw::WriteBundle;

class DrawVerify : public ::testing::Test {
 protected:
  int Verify(const std::string& content, std::vector<std::string> more = {}) {
    const std::string file = ::testing::TempDir() + absl::StrCat("gw_draw_verify_", getpid(), ".json");
    std::ofstream(file, std::ios::binary) << content;
    const int code = Run(file, std::move(more));
    std::remove(file.c_str());
    return code;
  }
  static int Run(const std::string& file, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"gridctl", "draw", "verify", file};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    return RunGridctl(static_cast<int>(argv.size()), argv.data());
  }

  const Bundle bundle = MadeUpBundle(MadeUpCommitment(21));
  const std::string file = WriteBundle(kHashes, bundle);
  const std::string digest = domain::draw::DigestOf(bundle.commitment);
};

TEST_F(DrawVerify, IsOkForADrawThatWasNotTouched) {
  EXPECT_EQ(Verify(file), kOk);
  EXPECT_EQ(Verify(file, {"--digest", digest}), kOk);
}

TEST_F(DrawVerify, FindsAnAlteredOne) {
  EXPECT_EQ(Verify(absl::StrReplaceAll(file, {{"sent\\t", "sent \\t"}})), kAltered);
  EXPECT_EQ(Verify(file.substr(0, file.size() - 20)), kAltered);
  EXPECT_EQ(Verify("{}"), kAltered);
  // It fits itself, and is not what was published.
  EXPECT_EQ(Verify(WriteBundle(kHashes, MadeUpBundle(MadeUpCommitment(22))), {"--digest", digest}), kAltered);
}

TEST_F(DrawVerify, SaysThatALotIsNotDrawnYet) {
  EXPECT_EQ(Verify(WriteBundle(kHashes, {"COMMITTED", bundle.commitment, "", ""})), kIncomplete);
  EXPECT_EQ(Verify(WriteBundle(kHashes, {"CANCELLED", bundle.commitment, "", "名单有误"})), kIncomplete);
}

TEST_F(DrawVerify, RefusesWhatIsNotThereAndWhatIsNotAsked) {
  EXPECT_EQ(Run("/nonexistent/draw.json"), kRefused);
  EXPECT_EQ(Verify(""), kRefused);
  EXPECT_EQ(Verify(file, {"--nothing"}), kUsage);
}

}  // namespace
}  // namespace gridwarden::gridctl
