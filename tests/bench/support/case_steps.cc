#include "support/case_steps.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "platform/crypto/digest.h"

namespace gridwarden::bench {
namespace {

using casework::v1::Case;
using type::v1::Evidence;

constexpr char kCategory[] = "ROAD";

std::string Casework(std::string_view rpc) {
  return "gridwarden.casework.v1.CaseworkService/" + std::string(rpc);
}

google::protobuf::Timestamp Now() {
  const int64_t us = absl::ToUnixMicros(absl::Now());
  google::protobuf::Timestamp time;
  time.set_seconds(us / 1'000'000);
  time.set_nanos(static_cast<int32_t>(us % 1'000'000) * 1000);
  return time;
}

template <typename Request>
void AddPhoto(Request& request, const std::string& media, Evidence::Kind kind) {
  Evidence* evidence = request.add_evidence();
  evidence->set_media(media);
  evidence->set_kind(kind);
}

}  // namespace

std::string MediaToCome() {
  return absl::StrCat("media/", absl::BytesToHexString(crypto::Sha256(Uuid::Make(absl::Now()).Bytes())));
}

absl::Status SubmitSignal(Caller& caller, CaseInHand& one, const std::string& document) {
  casework::v1::SubmitSignalRequest request;
  request.set_request_id(NewId());
  request.set_signal_id(NewId());
  casework::v1::Signal& signal = *request.mutable_signal();
  signal.set_channel(casework::v1::Signal::ASSIGNED);
  signal.set_category(kCategory);
  signal.set_division(one.division);
  signal.set_description("road dust along the village road");
  *signal.mutable_event_time() = Now();
  AddPhoto(signal, document, Evidence::DOCUMENT);
  GW_ASSIGN_OR_RETURN(const auto answer, caller.Call<casework::v1::Signal>(
                                             one.township->dispatcher, Casework("SubmitSignal"), request));
  one.signal = answer.name();
  return absl::OkStatus();
}

absl::Status FileCase(Caller& caller, CaseInHand& one) {
  casework::v1::FileCaseRequest request;
  request.set_request_id(NewId());
  request.set_signal(one.signal);
  request.set_case_id(NewId());
  GW_ASSIGN_OR_RETURN(const Case answer,
                      caller.Call<Case>(one.township->dispatcher, Casework("FileCase"), request));
  one.name = answer.name();
  return absl::OkStatus();
}

absl::Status DispatchCase(Caller& caller, CaseInHand& one) {
  casework::v1::DispatchCaseRequest request;
  request.set_request_id(NewId());
  request.set_name(one.name);
  request.set_handler(one.township->officer_post);
  return caller.Call<Case>(one.township->dispatcher, Casework("DispatchCase"), request).status();
}

absl::Status AcceptCase(Caller& caller, CaseInHand& one) {
  casework::v1::AcceptCaseRequest request;
  request.set_request_id(NewId());
  request.set_name(one.name);
  return caller.Call<Case>(one.township->officer, Casework("AcceptCase"), request).status();
}

absl::Status SubmitFeedback(Caller& caller, CaseInHand& one, const std::string& before,
                            const std::string& after) {
  casework::v1::SubmitFeedbackRequest request;
  request.set_request_id(NewId());
  request.set_name(one.name);
  request.set_note("swept and washed");
  *request.mutable_event_time() = Now();
  AddPhoto(request, before, Evidence::BEFORE);
  AddPhoto(request, after, Evidence::AFTER);
  return caller.Call<Case>(one.township->officer, Casework("SubmitFeedback"), request).status();
}

absl::StatusOr<Worker> WaitForChecker(Caller& caller, const City& city, const CaseInHand& one) {
  casework::v1::GetCaseRequest request;
  request.set_name(one.name);
  const absl::Time last = absl::Now() + absl::Seconds(30);
  for (absl::Duration rest = absl::Milliseconds(5);; rest = std::min(rest * 2, absl::Milliseconds(100))) {
    GW_ASSIGN_OR_RETURN(const Case file,
                        caller.Call<Case>(one.township->dispatcher, Casework("GetCase"), request));
    if (file.state() == Case::CHECKING) {
      const auto found = city.supervisor_by_post.find(file.check_post());
      if (found == city.supervisor_by_post.end())
        return absl::InternalError("an unknown checker: " + file.check_post());
      return found->second;
    }
    if (absl::Now() > last) return absl::DeadlineExceededError("no checker was sent within 30 s");
    absl::SleepFor(rest);
  }
}

absl::Status SubmitCheck(Caller& caller, CaseInHand& one, const Worker& checker, const std::string& photo) {
  casework::v1::SubmitCheckRequest request;
  request.set_request_id(NewId());
  request.set_name(one.name);
  request.set_result(casework::v1::SubmitCheckRequest::PASS);
  *request.mutable_event_time() = Now();
  AddPhoto(request, photo, Evidence::NEAR);
  return caller.Call<Case>(checker, Casework("SubmitCheck"), request).status();
}

absl::Status SignOff(Caller& caller, CaseInHand& one) {
  casework::v1::SignOffRequest request;
  request.set_request_id(NewId());
  request.set_name(one.name);
  request.set_sign(true);
  return caller.Call<Case>(one.township->leader, Casework("SignOff"), request).status();
}

}  // namespace gridwarden::bench
