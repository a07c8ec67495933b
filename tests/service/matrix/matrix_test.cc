#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "access/permission.h"
#include "base/status.h"
#include "google/api/field_behavior.pb.h"
#include "gridwarden/type/v1/options.pb.h"
#include "service/matrix/matrix_world.h"

// Every rpc of the whole server against every kind of caller (guarantees.md G12, the coarse half). What each
// may do is written down a second time in permissions.txt, reviewed like code: a changed or new row fails
// here until somebody wrote it there too. GRIDWARDEN_WRITE_GOLDEN=1 writes the file.
namespace gridwarden::testing {
namespace {

using domain::PostKind;

struct Caller {
  std::string name;
  std::string token;
};

std::vector<Caller> Callers() {
  const TestCity& city = City();
  std::vector<Caller> callers = {{"anonymous", ""},
                                 {"no-post", city.TokenOfPerson(Uuid::Derive(city.city, "nobody"))},
                                 {"administrator", city.AdministratorToken()}};
  const std::pair<const char*, Uuid> grounds[] = {{"city", city.city},
                                                  {"county", city.counties[0]},
                                                  {"township", city.townships[0][0]},
                                                  {"village", city.villages[0][0][0]}};
  for (const auto& [level, division] : grounds) {
    for (const PostKind kind :
         {PostKind::kGridLeader, PostKind::kGridOfficer, PostKind::kPatrolOfficer,
          PostKind::kSupervisionOfficer, PostKind::kCampaignOffice, PostKind::kDiscipline}) {
      for (const domain::Post* post : city.ground->PostsAt(division)) {
        if (post->kind != kind || city.PersonIn(post->id).IsNil()) continue;
        callers.push_back({absl::StrFormat("%s:%s", level, domain::NameOf(kind)),
                           city.TokenOfPerson(city.PersonIn(post->id))});
        break;
      }
    }
  }
  callers.push_back(
      {"county:UNIT_HANDLER", city.TokenOfPerson(city.PersonIn(city.HandlerOf(city.bureaus[0]).id))});
  return callers;
}

class Matrix : public ::testing::Test {
 protected:
  static rpc::Registry& registry() { return World().registry(); }
  static absl::Status Send(const std::string& token, const std::string& method, const std::string& body) {
    return World().Send(token, method, body).status();
  }

  static std::vector<const rpc::Method*> Methods() {
    std::map<std::string, const rpc::Method*> sorted;
    for (const auto& [name, method] : registry().methods()) sorted[name] = &method;
    std::vector<const rpc::Method*> methods;
    for (const auto& [name, method] : sorted) methods.push_back(method);
    return methods;
  }

  static bool HasRequiredField(const google::protobuf::Descriptor* request) {
    for (int i = 0; i < request->field_count(); ++i) {
      const auto& options = request->field(i)->options();
      for (int j = 0; j < options.ExtensionSize(google::api::field_behavior); ++j) {
        if (options.GetExtension(google::api::field_behavior, j) == google::api::REQUIRED) return true;
      }
    }
    return false;
  }
};

bool IsRefusal(const absl::Status& status) {
  return absl::IsPermissionDenied(status) || absl::IsUnauthenticated(status) || absl::IsUnimplemented(status);
}

TEST_F(Matrix, EveryRpcOfTheProtosIsServedAndHasAPermissionRow) {
  int seen = 0;
  for (const rpc::Method* method : Methods()) {
    EXPECT_NE(access::FindPermission(method->name), nullptr) << method->name;
    const auto* service = method->descriptor->service();
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string name = absl::StrFormat("%s/%s", service->full_name(), service->method(i)->name());
      EXPECT_NE(registry().Find(name), nullptr) << name << " is declared and not served";
    }
    ++seen;
  }
  for (const access::Permission& row : access::Permissions()) {
    EXPECT_NE(registry().Find(row.method), nullptr) << row.method << " has a row and is not served";
  }
  EXPECT_GT(seen, 60);
}

// The coarse answer to each caller, compared with what was written down.
TEST_F(Matrix, EachCallerMayCallWhatIsWrittenDownAndNothingElse) {
  std::string found;
  for (const rpc::Method* method : Methods()) {
    std::vector<std::string> allowed;
    for (const Caller& caller : Callers()) {
      // Rubbish as body: whoever is allowed gets past the permission and fails on the body, nobody else does.
      if (!IsRefusal(Send(caller.token, method->name, "\xff\xff\xff"))) allowed.push_back(caller.name);
    }
    found += absl::StrFormat("%s: %s\n", method->name, allowed.empty() ? "-" : absl::StrJoin(allowed, " "));
  }
  const std::string path = SourceDir() + "/tests/service/matrix/permissions.txt";
  if (std::getenv("GRIDWARDEN_WRITE_GOLDEN") != nullptr) std::ofstream(path) << found;
  std::ifstream in(path);
  std::stringstream written;
  written << in.rdbuf();
  EXPECT_EQ(found, written.str());
}

TEST_F(Matrix, RubbishIsRefusedBeforeAnythingElseLooksAtIt) {
  for (const rpc::Method* method : Methods()) {
    if (method->internal) continue;
    for (const Caller& caller : Callers()) {
      const absl::Status status = Send(caller.token, method->name, "\xff\xff\xff");
      EXPECT_TRUE(IsRefusal(status) || absl::IsInvalidArgument(status))
          << method->name << " " << caller.name << " " << status;
    }
  }
}

TEST_F(Matrix, AnEmptyRequestNamesTheMissingFields) {
  for (const rpc::Method* method : Methods()) {
    if (method->internal || !HasRequiredField(method->descriptor->input_type())) continue;
    for (const Caller& caller : Callers()) {
      const absl::Status status = Send(caller.token, method->name, "");
      if (IsRefusal(status)) continue;
      EXPECT_EQ(ReasonOf(status), "REQUIRED_FIELD_MISSING")
          << method->name << " " << caller.name << " " << status;
      ASSERT_TRUE(FactsOf(status).has_value());
      EXPECT_FALSE(FactsOf(status)->fields.empty()) << method->name;
    }
  }
}

TEST_F(Matrix, AForgedOrBrokenTokenIsNobody) {
  for (const rpc::Method* method : Methods()) {
    if (method->internal || method->anonymous) continue;
    for (const char* token : {"x", "v4.public.AAAA", "account::person:"}) {
      EXPECT_TRUE(absl::IsUnauthenticated(Send(token, method->name, ""))) << method->name << " " << token;
    }
  }
}

TEST_F(Matrix, InternalRpcsCannotBeCalledFromOutside) {
  for (const rpc::Method* method : Methods()) {
    if (!method->internal) continue;
    for (const Caller& caller : Callers()) {
      EXPECT_TRUE(IsRefusal(Send(caller.token, method->name, ""))) << method->name << " " << caller.name;
    }
  }
}

}  // namespace
}  // namespace gridwarden::testing
