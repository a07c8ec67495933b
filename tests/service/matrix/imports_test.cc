// Files handed in, tried alike: the same request twice, the same id with another file, a missing field, the
// wrong role.
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gridwarden/type/v1/import.pb.h"
#include "service/matrix/matrix_world.h"

namespace gridwarden::testing {
namespace {

struct Import {
  const char* name;
  const char* method;
  std::string content;
  std::string more;  // rest of the request, as text
  int created;
};

std::vector<Import> Imports() {
  return {
      {"Divisions", "gridwarden.grid.v1.GridService/ImportDivisions",
       "code,name,parent_code,level\n990102004,新镇,990102,4\n", "as_of_date: \"2023-06-30\"", 1},
      {"Persons", "gridwarden.grid.v1.GridService/ImportPersons", "工号,姓名,电话\nZ1,王建国,13900000001\n",
       "", 1},
      {"Tenures", "gridwarden.grid.v1.GridService/ImportTenures",
       "工号,区划,岗位,任职类型,任职时间,离任时间,文号\n", "", 0},
      {"Points", "gridwarden.grid.v1.GridService/ImportPoints",
       "code,longitude,latitude,name\n990102001200,114.01,33.01,村委会\n", "datum: WGS84", 1},
      {"Boundaries", "gridwarden.grid.v1.GridService/ImportBoundaries",
       R"({"type":"Feature","properties":{"code":"990102001"},"geometry":{"type":"Polygon",
           "coordinates":[[[114,33],[114.1,33],[114.1,33.1],[114,33.1],[114,33]]]}})",
       "datum: CGCS2000", 1},
      {"Sources", "gridwarden.source.v1.SourceService/ImportSources",
       "source_no,display_name,category,division\nM-1,甲,BUILDING_SITE,990102001\n", "", 1},
  };
}

class EveryImport : public ::testing::TestWithParam<Import> {
 protected:
  const std::string admin = City().AdministratorToken();

  std::unique_ptr<google::protobuf::Message> Request() {
    return World().Request(GetParam().method, absl::StrCat("content: \"", absl::CEscape(GetParam().content),
                                                           "\" ", GetParam().more));
  }
  absl::StatusOr<std::string> Send(const std::string& token, const google::protobuf::Message& request) {
    return World().Send(token, GetParam().method, request.SerializeAsString());
  }
};

TEST_P(EveryImport, TwiceWithTheSameRequestIsOnceAndWithAnotherFileRefused) {
  const auto request = Request();
  const absl::StatusOr<std::string> first = Send(admin, *request);
  ASSERT_TRUE(first.ok()) << first.status();
  type::v1::ImportReport report;
  ASSERT_TRUE(report.ParseFromString(*first));
  EXPECT_EQ(report.rows_refused(), 0) << report.ShortDebugString();
  EXPECT_EQ(report.created(), GetParam().created) << report.ShortDebugString();
  const std::string entries = World().database().Ask("SELECT COUNT(*) FROM journal_stage");
  const absl::StatusOr<std::string> again = Send(admin, *request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*first, *again);
  const auto* content = request->GetDescriptor()->FindFieldByName("content");
  request->GetReflection()->SetString(request.get(), content, GetParam().content + "\n");
  EXPECT_EQ(ReasonOf(Send(admin, *request).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(World().database().Ask("SELECT COUNT(*) FROM journal_stage"), entries);
}

TEST_P(EveryImport, NamesAMissingFileOrRequestId) {
  for (const char* field : {"content", "request_id"}) {
    const auto request = Request();
    request->GetReflection()->ClearField(request.get(), request->GetDescriptor()->FindFieldByName(field));
    EXPECT_EQ(ReasonOf(Send(admin, *request).status()), "REQUIRED_FIELD_MISSING") << field;
  }
}

TEST_P(EveryImport, IsRefusedToLeadersAndToNobody) {
  const auto request = Request();
  EXPECT_EQ(ReasonOf(Send(City().TokenOf(domain::PostKind::kGridLeader, City().city), *request).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Send("", *request).status()), "NOT_SIGNED_IN");
}

INSTANTIATE_TEST_SUITE_P(Matrix, EveryImport, ::testing::ValuesIn(Imports()),
                         [](const ::testing::TestParamInfo<Import>& info) { return info.param.name; });

}  // namespace
}  // namespace gridwarden::testing
