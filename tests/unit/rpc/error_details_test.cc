#include <string>

#include "base/status.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gridwarden/errors/v1/errors.pb.h"
#include "gtest/gtest.h"
#include "platform/rpc/server.h"

namespace gridwarden::rpc {
namespace {

absl::Status RoundTrip(const absl::Status& status) {
  return DecodeStatusDetails(status.code(), std::string(status.message()), EncodeStatusDetails(status));
}

template <typename Detail>
Detail DetailOf(const absl::Status& status) {
  google::rpc::Status out;
  EXPECT_TRUE(out.ParseFromString(EncodeStatusDetails(status)));
  Detail detail;
  for (const auto& any : out.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  ADD_FAILURE() << "no " << detail.GetTypeName();
  return detail;
}

TEST(ErrorDetails, KeepEveryFactThereAndBack) {
  ErrorFacts facts{.reason = "CHECKER_NOT_ELIGIBLE",
                   .metadata = {{"rule", "same unit"}, {"person", "persons/1"}}};
  facts.fields = {{"check.person", "got persons/1"}, {"check.post", "vacant"}};
  facts.retry_after = absl::Milliseconds(1500);
  const absl::Status sent = MakeError(absl::StatusCode::kFailedPrecondition, "the same unit", facts);
  const absl::Status got = RoundTrip(sent);
  EXPECT_EQ(got.code(), sent.code());
  EXPECT_EQ(got.message(), sent.message());
  const ErrorFacts back = FactsOf(got).value();
  EXPECT_EQ(back.reason, facts.reason);
  EXPECT_EQ(back.metadata, facts.metadata);
  ASSERT_EQ(back.fields.size(), 2u);
  EXPECT_EQ(back.fields[1].field, "check.post");
  EXPECT_EQ(back.fields[1].description, "vacant");
  EXPECT_EQ(back.retry_after, facts.retry_after);
}

TEST(ErrorDetails, SayItInChineseWithTheFactsFilledIn) {
  const auto message = DetailOf<google::rpc::LocalizedMessage>(NotFound("cases/7"));
  EXPECT_EQ(message.locale(), "zh-CN");
  EXPECT_EQ(message.message(), "没有找到：cases/7");
}

TEST(ErrorDetails, LeaveOutAFactThatIsNotThere) {
  const absl::Status status = FailedPrecondition("ILLEGAL_TRANSITION", "no", {{"state", "FILED"}});
  EXPECT_EQ(DetailOf<google::rpc::LocalizedMessage>(status).message(), "当前状态“FILED”不能执行“”");
}

TEST(ErrorDetails, NameTheResourceThatIsNotThere) {
  const auto info = DetailOf<google::rpc::ResourceInfo>(NotFound("cases/7"));
  EXPECT_EQ(info.resource_type(), "cases");
  EXPECT_EQ(info.resource_name(), "cases/7");
}

TEST(ErrorDetails, CarryOurDomain) {
  const auto info = DetailOf<google::rpc::ErrorInfo>(EtagMismatch("cases/7"));
  EXPECT_EQ(info.domain(), "gridwarden");
  EXPECT_EQ(info.reason(), "ETAG_MISMATCH");
}

TEST(ErrorDetails, GiveAPlainStatusAReasonByItsCode) {
  EXPECT_EQ(ReasonOf(RoundTrip(absl::NotFoundError("x"))), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(RoundTrip(absl::DeadlineExceededError("x"))), "DEADLINE_PASSED");
  EXPECT_EQ(ReasonOf(RoundTrip(absl::UnknownError("x"))), "INTERNAL_FAULT");
}

TEST(ErrorDetails, SurviveRubbishInPlaceOfDetails) {
  const absl::Status status = DecodeStatusDetails(absl::StatusCode::kAborted, "m", "\xff\xff rubbish");
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), "LOST_RACE");
}

TEST(ErrorDetails, QuoteACallersBytesAsTextWhateverTheyAre) {
  const absl::Status back = RoundTrip(InvalidField("name", "got \xff\xfe网\xe7\xbd"));
  EXPECT_EQ(FactsOf(back)->fields[0].description, "got ??网??");
}

TEST(ErrorDetails, EveryReasonHasAChineseSentence) {
  const auto* reasons = errors::v1::ErrorReason_descriptor();
  for (int i = 1; i < reasons->value_count(); ++i) {
    EXPECT_NE(reasons->value(i)->options().GetExtension(errors::v1::zh_cn), "") << reasons->value(i)->name();
  }
}

}  // namespace
}  // namespace gridwarden::rpc
