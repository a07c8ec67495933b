// What happens when many sign in at once, and what is cleared away when nobody looks.
#include <map>
#include <mutex>
#include <thread>

#include "base/status.h"
#include "identity/sweeper.h"
#include "service/identity/identity_fixture.h"

namespace gridwarden::identity {
namespace {

class LoadTest : public IdentityFixture {
 protected:
  static std::string Sessions() { return SharedDatabase().Ask("SELECT COUNT(*) FROM session"); }
};

TEST_F(LoadTest, WhenTooManyHashAtOnceTheRestIsToldToComeBackAndThenServed) {
  // Two may hash and six may wait; logins and addresses differ, so that nobody is locked out instead.
  constexpr int kCallers = 24;
  std::mutex mutex;  // guards the next two
  std::map<std::string, int> reasons;
  int with_retry = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&, i] {
      const absl::Status status =
          SignInAs(absl::StrCat("stranger", i), kPassword, "", absl::StrCat("192.0.2.", i + 1)).status();
      const std::lock_guard<std::mutex> lock(mutex);
      ++reasons[ReasonOf(status)];
      if (ReasonOf(status) == "OVERLOADED") with_retry += FactsOf(status)->retry_after > absl::ZeroDuration();
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_GT(reasons["OVERLOADED"], 0);
  EXPECT_EQ(with_retry, reasons["OVERLOADED"]);
  EXPECT_GT(reasons["SIGN_IN_REFUSED"], 0) << "those in the queue are served";
  EXPECT_EQ(reasons["OVERLOADED"] + reasons["SIGN_IN_REFUSED"], kCallers);
  EXPECT_TRUE(SignInAs("zhangwei", kPassword).ok()) << "and the storm leaves nothing behind";
}

TEST_F(LoadTest, TheSweeperRemovesWhatNobodyNeedsAndNothingElse) {
  ASSERT_TRUE(SignInAs("zhangwei", kPassword).ok());
  ASSERT_EQ(ReasonOf(SignInAs("zhangwei", "wrong").status()), "SIGN_IN_REFUSED");
  ASSERT_EQ(Sessions(), "1");
  // Idle for 45 days, and kept for another 30.
  server_.clock().Advance(absl::Hours(24 * 74));
  ASSERT_TRUE(SignInAs("zhangwei", kPassword).ok());
  ASSERT_EQ(Sessions(), "2");
  server_.clock().Advance(absl::Hours(24 * 2));
  Sweeper sweeper(Shared(), server_.clock(), std::chrono::milliseconds(2));
  sweeper.Start();
  sweeper.Start();  // once is enough
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (Sessions() != "1" && absl::Now() < give_up) std::this_thread::yield();
  sweeper.Stop();
  EXPECT_EQ(Sessions(), "1");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM login_attempt"), "0");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM account"), "2");
}

TEST_F(LoadTest, ASweeperAsleepStopsAtOnce) {
  Sweeper sweeper(Shared(), server_.clock());
  sweeper.Start();
  const absl::Time asked = absl::Now();
  sweeper.Stop();
  EXPECT_LT(absl::Now() - asked, absl::Seconds(5));
}

}  // namespace
}  // namespace gridwarden::identity
