#include "platform/runtime/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "platform/runtime/instruments.h"

namespace gridwarden {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

rpc::CallRecord Finished(absl::StatusCode code, const std::string& reason) {
  return {.method = "gridwarden.grid.v1.GridService/GetDivision",
          .code = code,
          .reason = reason,
          .elapsed = absl::Milliseconds(3),
          .call_class = 4,
          .waited = absl::Microseconds(300),
          .account = "0192-account",
          .trace_id = "a-trace"};
}

TEST(Metrics, CountsCallsByMethodAndCodeAndTheirWaitByClass) {
  Metrics metrics("1.2.3");
  metrics.CountCall(Finished(absl::StatusCode::kOk, ""));
  metrics.CountCall(Finished(absl::StatusCode::kOk, ""));
  metrics.CountCall(Finished(absl::StatusCode::kNotFound, "NOT_FOUND"));
  const std::string text = metrics.Text();
  EXPECT_THAT(text,
              HasSubstr("gridwarden_rpc_seconds_count{code=\"OK\",method=\"gridwarden.grid.v1.GridService/"
                        "GetDivision\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("gridwarden_rpc_queue_seconds_count{class=\"read\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("gridwarden_rpc_queue_seconds_count{class=\"evidence\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("gridwarden_rpc_refused_total{reason=\"NOT_FOUND\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("gridwarden_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("0192-account")));
  EXPECT_THAT(text, Not(HasSubstr("a-trace")));
}

TEST(Metrics, ReadsGaugesAndCountersAtEachScrape) {
  Metrics metrics;
  double value = 1;
  metrics.AddGauge("gridwarden_test_level", "x", [&] { return value; });
  metrics.AddCounter("gridwarden_test_things_total", "x", {{"class", "read"}}, [&] { return value; });
  metrics.AddCounter("gridwarden_test_things_total", "x", {{"class", "export"}}, [&] { return 2 * value; });
  EXPECT_THAT(metrics.Text(), HasSubstr("gridwarden_test_level 1\n"));
  value = 5;
  EXPECT_THAT(metrics.Text(), HasSubstr("gridwarden_test_things_total{class=\"read\"} 5\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("gridwarden_test_things_total{class=\"export\"} 10\n"));
  value = 3;
  EXPECT_THAT(metrics.Text(), HasSubstr("gridwarden_test_things_total{class=\"read\"} 5\n"))
      << "a counter never goes back";
}

TEST(Metrics, ShowsWhatCodeBelowTheServerCountedAndTheProcessItself) {
  Counter counter("gridwarden_test_below_total", "x", {{"part", "pool"}});
  counter.Add();
  Counter("gridwarden_test_below_total", "x", {{"part", "pool"}}).Add();  // the same number
  const std::string text = Metrics().Text();
  EXPECT_THAT(text, HasSubstr("gridwarden_test_below_total{part=\"pool\"} 2\n"));
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                           "process_max_fds", "process_threads", "process_start_time_seconds"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("\n", name, " "))) << name;
  }
}

TEST(Health, NamesPartsWhileTheyAreInTrouble) {
  NoteHealth("test.part", absl::OkStatus());
  EXPECT_THAT(PartsInTrouble(), Not(Contains("test.part")));
  NoteHealth("test.part", absl::InternalError("stuck"));
  EXPECT_THAT(PartsInTrouble(), Contains("test.part"));
  EXPECT_THAT(Metrics().Text(), HasSubstr("gridwarden_part_healthy{part=\"test.part\"} 0\n"));
  NoteHealth("test.part", absl::OkStatus());
  EXPECT_THAT(PartsInTrouble(), Not(Contains("test.part")));
}

}  // namespace
}  // namespace gridwarden
