// Whole cases a second by the right five people, photos included: signal, filing, dispatch, acceptance,
// upload, feedback, the check the system assigns, signature (numbers.md goals 2, 3 and 10). Every photo is
// really uploaded; one of the four has 95 KB.
//   unit_bench PLAN --clients=8,32 --seconds=6
#include <cstdio>
#include <memory>
#include <random>

#include "absl/strings/escaping.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "platform/crypto/digest.h"
#include "support/arguments.h"
#include "support/bench_city.h"
#include "support/case_steps.h"
#include "support/journal_state.h"
#include "support/load.h"
#include "support/test_photo.h"

namespace gridwarden::bench {
namespace {

constexpr size_t kPhotoBytes = 95 * 1024, kSmallBytes = 1024;

// A JPEG of that size that no other equals: the same noise with another beginning, cheap for the client to
// make.
std::string Photo(size_t bytes) {
  static const std::string noise = [] {
    std::mt19937_64 random(1);
    std::string scan(kPhotoBytes, '\0');
    for (char& c : scan) c = static_cast<char>(random() % 0xff);  // never 0xff, which would be a marker
    return scan;
  }();
  return testing::Jpeg(1600, 1200, 6, NewId() + noise.substr(0, bytes));
}

absl::StatusOr<std::string> Upload(Caller& caller, const Worker& who, const CaseInHand& one, size_t bytes) {
  media::v1::UploadMediaRequest request;
  request.set_content(Photo(bytes));
  request.set_sha256(absl::BytesToHexString(crypto::Sha256(request.content())));
  request.set_division(one.township->division);
  GW_ASSIGN_OR_RETURN(const auto media, caller.Call<media::v1::Media>(
                                            who, "gridwarden.media.v1.MediaService/UploadMedia", request));
  return media.name();
}

absl::Status WholeCase(Caller& caller, const City& city, size_t number, size_t turn) {
  const Township& township = city.townships[number % city.townships.size()];
  CaseInHand one{.township = &township, .division = township.villages[turn % township.villages.size()]};
  GW_ASSIGN_OR_RETURN(const std::string letter, Upload(caller, township.dispatcher, one, kSmallBytes));
  GW_RETURN_IF_ERROR(SubmitSignal(caller, one, letter));
  GW_RETURN_IF_ERROR(FileCase(caller, one));
  GW_RETURN_IF_ERROR(DispatchCase(caller, one));
  GW_RETURN_IF_ERROR(AcceptCase(caller, one));
  GW_ASSIGN_OR_RETURN(const std::string before, Upload(caller, township.officer, one, kSmallBytes));
  GW_ASSIGN_OR_RETURN(const std::string after, Upload(caller, township.officer, one, kPhotoBytes));
  GW_RETURN_IF_ERROR(SubmitFeedback(caller, one, before, after));
  GW_ASSIGN_OR_RETURN(const Worker checker, WaitForChecker(caller, city, one));
  GW_ASSIGN_OR_RETURN(const std::string seen, Upload(caller, checker, one, kSmallBytes));
  GW_RETURN_IF_ERROR(SubmitCheck(caller, one, checker, seen));
  return SignOff(caller, one);
}

absl::Status Run(const Arguments& arguments) {
  GW_ASSIGN_OR_RETURN(const City city, OpenCity(arguments.plan));
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<JournalState> journal, JournalState::Open(city));
  for (const int clients : arguments.Numbers("clients", {8, 32})) {
    std::vector<std::unique_ptr<Caller>> callers;
    std::vector<size_t> turns(static_cast<size_t>(clients));
    for (int i = 0; i < clients; ++i) callers.push_back(std::make_unique<Caller>(city));
    const double server_before = CpuSeconds(city.server_pids),
                 database_before = CpuSeconds({city.database_pid});
    const Sample sample = RunClients(clients, absl::Seconds(arguments.Number("seconds", 6)), [&](int client) {
      const size_t i = static_cast<size_t>(client);
      return WholeCase(*callers[i], city, i, turns[i]++);
    });
    GW_RETURN_IF_ERROR(journal->WaitUntilDone(absl::Minutes(2)).status());
    Print({{"measure", "unit"},
           {"clients", clients},
           {"rate", sample.rate()},
           {"done", sample.latencies_ms.size()},
           {"p50_ms", sample.Percentile(0.5)},
           {"p95_ms", sample.Percentile(0.95)},
           {"errors", sample.errors},
           {"first_error", sample.first_error},
           {"cpu_server", CpuSeconds(city.server_pids) - server_before},
           {"cpu_database", CpuSeconds({city.database_pid}) - database_before}});
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace gridwarden::bench

int main(int argc, char** argv) {
  const absl::Status status = gridwarden::bench::Run(gridwarden::bench::Arguments::Of(argc, argv));
  if (!status.ok()) std::fprintf(stderr, "unit_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
