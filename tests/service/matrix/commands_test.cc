// Each command tried alike: it works, the wrong role, the wrong state, a missing field, a stale etag, the
// same request twice, the same id with another payload.
#include "service/matrix/commands.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "google/api/field_behavior.pb.h"

namespace gridwarden::testing {
namespace {

using domain::PostKind;
using google::protobuf::Message;

constexpr char kCasework[] = "gridwarden.casework.v1.CaseworkService/";
constexpr char kGrid[] = "gridwarden.grid.v1.GridService/";
constexpr char kPatrol[] = "gridwarden.patrol.v1.PatrolService/";
constexpr char kPlan[] = "gridwarden.patrol.v1.PlanService/";
constexpr char kSignal[] = "gridwarden.casework.v1.SignalService/";
constexpr char kSource[] = "gridwarden.source.v1.SourceService/";

// The office that may everything everywhere; it prepares what a command needs.
std::string CityOffice() { return City().TokenOf(PostKind::kCampaignOffice, City().city); }
std::string Do(const std::string& method, const std::string& text) {
  return World().Do(CityOffice(), method, text);
}

std::string At(const Uuid& division) {
  return absl::StrFormat("division: \"divisions/%s\"", division.ToString());
}
std::string PostAt(PostKind kind, const Uuid& division) {
  return ResourceName("posts", City().PostOf(kind, division).id);
}
std::string Time(absl::Time time) { return absl::StrFormat("{ seconds: %d }", absl::ToUnixSeconds(time)); }
std::string Named(const std::string& name) { return absl::StrFormat("name: \"%s\" ", name); }
int Next() {
  static int next = 0;
  return ++next;
}

// ---- something at a division
// --------------------------------------------------------------------------------------------

std::string SourceText(const Uuid& division) {
  return absl::StrFormat("source { display_name: \"砖厂%d\" category: \"SMALL_POLLUTER\" %s }", Next(),
                         At(division));
}
std::string NewSource(const Uuid& division) {
  return Do(absl::StrCat(kSource, "CreateSource"), SourceText(division));
}

std::string TaskText(const Uuid& division, std::string_view post = "") {
  return absl::StrFormat("{ %s category: \"BUILDING_SITE\" due_time %s title: \"夜查\" post: \"%s\" }",
                         At(division), Time(World().Now() + absl::Minutes(1)), post);
}
std::string NewTask(const Uuid& division) {
  const std::string post = PostAt(PostKind::kPatrolOfficer, division);
  return Do(absl::StrCat(kPatrol, "CreatePatrolTask"), "patrol_task " + TaskText(division, post));
}

std::string PostText(const Uuid& division) {
  return absl::StrFormat("post { kind: ROAD_CHIEF regime: ROAD ordinal: %d %s }", Next() % 1000 + 1,
                         At(division));
}
std::string TenureText(const Uuid& division) {
  const std::string post = Do(absl::StrCat(kGrid, "CreatePost"), PostText(division));
  return absl::StrFormat(
      "{ post: \"%s\" person: \"persons/%s\" kind: FORMAL valid_from %s document_no: \"1号\" }", post,
      City().PersonIn(PostKind::kGridOfficer, division).ToString(), Time(World().Now() - absl::Hours(48)));
}
std::string NewTenure(const Uuid& division) {
  return Do(absl::StrCat(kGrid, "RecordTenure"), "tenure " + TenureText(division));
}

// A grid officer hands a post of the place over; nobody takes it yet.
std::string HandOverText(const Uuid& division) {
  const std::string post = Do(absl::StrCat(kGrid, "CreatePost"), PostText(division));
  const std::string person = City().PersonIn(PostKind::kGridOfficer, division).ToString();
  Do(absl::StrCat(kGrid, "RecordTenure"),
     absl::StrFormat(
         "tenure { post: \"%s\" person: \"persons/%s\" kind: FORMAL valid_from %s document_no: \"1号\" }",
         post, person, Time(World().Now() - absl::Hours(48))));
  return absl::StrFormat("from_person: \"persons/%s\" posts: \"%s\" effective_time %s document_no: \"3号\"",
                         person, post, Time(World().Now() - absl::Hours(1)));
}

// Assigned from above it has its letter; a call to the hotline has nothing but words.
std::string SignalText(const Uuid& division, const std::string& channel) {
  const std::string letter =
      channel == "ASSIGNED" ? absl::StrFormat("evidence { media: \"media/%064d\" kind: DOCUMENT }", Next())
                            : "";
  return absl::StrFormat(
      "signal { channel: %s category: \"BUILDING_SITE\" %s event_time %s description: \"扬尘\" %s }", channel,
      At(division), Time(World().Now() - absl::Minutes(10)), letter);
}
std::string NewSignal(const Uuid& division, const std::string& channel) {
  return Do(absl::StrCat(kCasework, "SubmitSignal"), SignalText(division, channel));
}
std::string RejectedSignal(const Uuid& division) {
  const std::string name = NewSignal(division, "HOTLINE");
  Do(absl::StrCat(kCasework, "RejectSignal"), Named(name) + "reason: \"NOT_POLLUTION\"");
  return name;
}
std::string NewCase(const Uuid& division) {
  return Do(absl::StrCat(kCasework, "FileCase"),
            absl::StrFormat("signal: \"%s\"", NewSignal(division, "ASSIGNED")));
}
std::string DispatchText(const Uuid& division) {
  return Named(NewCase(division)) +
         absl::StrFormat("handler: \"%s\"", PostAt(PostKind::kGridOfficer, division));
}
std::string DispatchedCase(const Uuid& division) {
  return Do(absl::StrCat(kCasework, "DispatchCase"), DispatchText(division));
}

// The same request once more, as another one, by the city's office or whoever `kind` stands at the first
// township.
std::function<void(const std::string&)> Did(std::string method, PostKind kind) {
  return [method = std::move(method), kind](const std::string& text) {
    World().Do(City().TokenOf(kind, City().townships[0][0]), method, text);
  };
}

std::vector<Command> MakeCommands() {
  const std::string create_source = absl::StrCat(kSource, "CreateSource");
  std::vector<Command> commands = {
      {create_source, PostKind::kPatrolOfficer, Reach::kAtOrAbove, SourceText, "source { address: \"路口\" }",
       ""},
      {absl::StrCat(kSource, "UpdateSource"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return absl::StrFormat(
             "source { name: \"%s\" display_name: \"新名\" } update_mask { paths: \"display_name\" }",
             NewSource(division));
       },
       "source { display_name: \"别名\" }", "source.etag"},
      {absl::StrCat(kSource, "SetSourceDisposition"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return Named(NewSource(division)) + "disposition: UPGRADE"; },
       "reason: \"改\"", "etag",
       [](const std::string& text) {
         Do(absl::StrCat(kSource, "SetSourceState"),
            absl::StrReplaceAll(text, {{"disposition: UPGRADE", "state: GONE reason: \"拆除\""}}));
       }},
      {absl::StrCat(kSource, "SetSourceState"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return Named(NewSource(division)) + "state: STOPPED reason: \"停产\""; },
       "reason: \"检修\"", "etag",
       [](const std::string& text) {
         Do(absl::StrCat(kSource, "SetSourceState"), absl::StrReplaceAll(text, {{"STOPPED", "CLOSED"}}));
       }},

      {absl::StrCat(kPatrol, "CreatePatrolTask"), PostKind::kGridLeader, Reach::kAtOrAbove,
       [](const Uuid& division) { return "patrol_task " + TaskText(division); },
       "patrol_task { title: \"复查\" }", ""},
      {absl::StrCat(kPatrol, "BatchCreatePatrolTasks"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return absl::StrCat("patrol_tasks ", TaskText(division), " patrol_tasks ", TaskText(division));
       },
       "patrol_tasks { division: \"divisions/code:990102001\" due_time { seconds: 4000000000 } title: "
       "\"多一项\" }",
       ""},
      {absl::StrCat(kPatrol, "AssignPatrolTask"), PostKind::kGridLeader, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return Named(NewTask(division)) +
                absl::StrFormat("post: \"%s\"", PostAt(PostKind::kGridOfficer, division));
       },
       "due_time { seconds: 4000000000 }", "etag",
       [](const std::string& text) {
         const std::string name = std::vector<std::string>(absl::StrSplit(text, '"'))[1];
         Do(absl::StrCat(kPatrol, "WaivePatrolTask"), Named(name) + "reason: WEATHER");
       }},
      {absl::StrCat(kPatrol, "StartPatrolTask"), PostKind::kPatrolOfficer, Reach::kAssigned,
       [](const Uuid& division) { return Named(NewTask(division)); }, "event_time { seconds: 1700000000 }",
       "etag", Did(absl::StrCat(kPatrol, "StartPatrolTask"), PostKind::kPatrolOfficer)},
      {absl::StrCat(kPatrol, "SubmitVisit"), PostKind::kPatrolOfficer, Reach::kAssigned,
       [](const Uuid& division) {
         return absl::StrFormat("parent: \"%s\" visit { result: NORMAL event_time %s }", NewTask(division),
                                Time(World().Now()));
       },
       "visit { result: SOURCE_GONE }", "etag",
       Did(absl::StrCat(kPatrol, "SubmitVisit"), PostKind::kPatrolOfficer)},
      {absl::StrCat(kPatrol, "MissPatrolTask"), PostKind::kGridLeader, Reach::kAtOrAbove,
       [](const Uuid& division) {
         const std::string name = NewTask(division);
         World().clock().Advance(absl::Minutes(2));
         return Named(name) + "reason: LEAVE";
       },
       "note: \"请假\"", "etag", Did(absl::StrCat(kPatrol, "MissPatrolTask"), PostKind::kGridLeader)},
      {absl::StrCat(kPatrol, "WaivePatrolTask"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return Named(NewTask(division)) + "reason: WEATHER"; }, "note: \"暴雨\"",
       "etag", Did(absl::StrCat(kPatrol, "WaivePatrolTask"), PostKind::kCampaignOffice)},
      {absl::StrCat(kPlan, "MakePlan"), PostKind::kGridLeader, Reach::kAtOrAbove,
       [](const Uuid& division) {
         const std::string today =
             absl::FormatCivilTime(absl::ToCivilDay(World().Now(), domain::CalendarZone()));
         return absl::StrCat(At(division),
                             absl::StrFormat(" from_date: \"%s\" to_date: \"%s\"", today, today));
       },
       "division: \"divisions/code:990102001\"", ""},
      {absl::StrCat(kPlan, "SetDailyPlan"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return absl::StrCat(At(division), " enabled: true"); }, "etag: \"7\"",
       "etag"},
      {absl::StrCat(kPlan, "WaivePatrolTasks"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return absl::StrFormat("%s due_from_time %s due_to_time %s reason: WEATHER", At(division),
                                Time(World().Now()), Time(World().Now() + absl::Hours(24)));
       },
       "note: \"暴雨\"", ""},

      {absl::StrCat(kGrid, "CreatePost"), PostKind::kCampaignOffice, Reach::kAtOrAbove, PostText,
       "post { responsibility: OVERALL }", ""},
      {absl::StrCat(kGrid, "CreateUnit"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return absl::StrFormat("unit { display_name: \"第%d局\" %s }", Next(), At(division));
       },
       "unit { aliases: \"局\" }", ""},
      {absl::StrCat(kGrid, "RecordTenure"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return "tenure " + TenureText(division); },
       "tenure { document_no: \"2号\" }", ""},
      {absl::StrCat(kGrid, "EndTenure"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return Named(NewTenure(division)) +
                absl::StrFormat("valid_to %s", Time(World().Now() - absl::Hours(1)));
       },
       "document_no: \"3号\"", "etag", Did(absl::StrCat(kGrid, "EndTenure"), PostKind::kCampaignOffice)},
      {absl::StrCat(kGrid, "HandOver"), PostKind::kCampaignOffice, Reach::kAtOrAbove, HandOverText,
       "document_no: \"4号\"", "etag"},
      {absl::StrCat(kGrid, "CorrectTenure"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return Named(NewTenure(division)); }, "etag: \"7\"", "etag",
       Did(absl::StrCat(kGrid, "CorrectTenure"), PostKind::kCampaignOffice)},

      {absl::StrCat(kCasework, "SubmitSignal"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return SignalText(division, "HOTLINE"); },
       "signal { description: \"冒烟\" }", ""},
      {absl::StrCat(kCasework, "RequestOnsiteCheck"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return Named(NewSignal(division, "HOTLINE")) +
                absl::StrFormat("post: \"%s\"", PostAt(PostKind::kPatrolOfficer, division));
       },
       "etag: \"7\"", "etag", Did(absl::StrCat(kCasework, "RequestOnsiteCheck"), PostKind::kCampaignOffice)},
      {absl::StrCat(kCasework, "RejectSignal"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return Named(NewSignal(division, "HOTLINE")) + "reason: \"NOT_POLLUTION\"";
       },
       "reason: \"OUT_OF_AREA\"", "etag",
       Did(absl::StrCat(kCasework, "RejectSignal"), PostKind::kCampaignOffice)},
      {absl::StrCat(kSignal, "DisputeRejection"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return Named(RejectedSignal(division)) + "statement: \"仍在冒烟\""; },
       "statement: \"昨夜仍在冒烟\"", "etag",
       Did(absl::StrCat(kSignal, "DisputeRejection"), PostKind::kCampaignOffice)},
      {absl::StrCat(kSignal, "TellReporter"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) { return Named(RejectedSignal(division)); }, "note: \"电话答复\"", "etag",
       [](const std::string& text) {
         const std::string name = std::vector<std::string>(absl::StrSplit(text, '"'))[1];
         Do(absl::StrCat(kSignal, "DisputeRejection"), Named(name) + "statement: \"仍在冒烟\"");
       }},
      {absl::StrCat(kCasework, "FileCase"), PostKind::kCampaignOffice, Reach::kAtOrAbove,
       [](const Uuid& division) {
         return absl::StrFormat("signal: \"%s\"", NewSignal(division, "ASSIGNED"));
       },
       "category: \"SMALL_POLLUTER\"", "etag",
       Did(absl::StrCat(kCasework, "FileCase"), PostKind::kCampaignOffice)},
      {absl::StrCat(kCasework, "DispatchCase"), PostKind::kCampaignOffice, Reach::kAtOrAbove, DispatchText,
       "duty_item: \"B13\"", "etag", Did(absl::StrCat(kCasework, "DispatchCase"), PostKind::kCampaignOffice)},
      {absl::StrCat(kCasework, "ReturnCase"), PostKind::kGridOfficer, Reach::kAssigned,
       [](const Uuid& division) { return Named(DispatchedCase(division)) + "reason: \"不属本岗位\""; },
       "reason: \"误派\"", "etag", Did(absl::StrCat(kCasework, "AcceptCase"), PostKind::kGridOfficer)},
      {absl::StrCat(kCasework, "AcceptCase"), PostKind::kGridOfficer, Reach::kAssigned,
       [](const Uuid& division) { return Named(DispatchedCase(division)); }, "etag: \"7\"", "etag",
       Did(absl::StrCat(kCasework, "AcceptCase"), PostKind::kGridOfficer)},
  };
  // Accepting needs no reason: what spoils a return is the acceptance of the same case.
  for (Command& command : commands) {
    if (command.method != absl::StrCat(kCasework, "ReturnCase")) continue;
    command.spoil = [](const std::string& text) {
      const std::string name = std::vector<std::string>(absl::StrSplit(text, '"'))[1];
      World().Do(City().TokenOf(PostKind::kGridOfficer, City().townships[0][0]),
                 absl::StrCat(kCasework, "AcceptCase"), Named(name));
    };
  }
  return commands;
}

}  // namespace

const std::vector<Command>& Commands() {
  static const auto* commands = new std::vector<Command>(MakeCommands());
  return *commands;
}

std::string ShortName(const std::string& method) {
  const std::vector<std::string> parts = absl::StrSplit(method, absl::ByAnyChar("./"));
  return absl::StrCat(parts[parts.size() - 2], "_", parts.back());
}

namespace {

class EveryCommand : public ::testing::TestWithParam<Command> {
 protected:
  const Command& command = GetParam();
  const Uuid township = City().townships[0][0];
  const std::string right = City().TokenOf(command.kind, township);
  const std::string text = command.request(township);
  const std::unique_ptr<Message> request = World().Request(command.method, text);

  absl::StatusOr<std::string> Send(const std::string& token, const Message& message) {
    return World().Send(token, command.method, message.SerializeAsString());
  }
  // How many rows of consequence there are.
  static std::string Rows() {
    return World().database().Ask(
        "SELECT CONCAT((SELECT COUNT(*) FROM journal_stage), '/', (SELECT COUNT(*) FROM op_receipt), '/', "
        "(SELECT COUNT(*) FROM source), '/', (SELECT COUNT(*) FROM patrol_task), '/', (SELECT COUNT(*) FROM "
        "tenure))");
  }
};

TEST_P(EveryCommand, Works) {
  const absl::StatusOr<std::string> answer = Send(right, *request);
  EXPECT_TRUE(answer.ok()) << answer.status();
}

TEST_P(EveryCommand, IsRefusedToAnotherRoleAndToNobodyAndLeavesNoTrace) {
  const std::string before = Rows();
  // Discipline inspection stands above all ground and acts on none; a supervision officer checks.
  for (const std::string& token : {City().TokenOf(PostKind::kDiscipline, City().city),
                                   City().TokenOf(PostKind::kSupervisionOfficer, township)}) {
    if (command.method == absl::StrCat(kCasework, "SubmitSignal") &&
        token != City().TokenOf(PostKind::kDiscipline, City().city)) {
      continue;  // whoever is on the ground may hand in a find; the channel is casework's own test
    }
    EXPECT_EQ(Send(token, *request).status().code(), absl::StatusCode::kPermissionDenied);
  }
  EXPECT_EQ(Send("", *request).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryCommand, IsRefusedFromAnotherStateAndLeavesNoTrace) {
  if (!command.spoil) return;  // it makes something new, or corrects it in any state
  command.spoil(text);
  const std::string before = Rows();
  const absl::StatusOr<std::string> answer = Send(right, *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kFailedPrecondition) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryCommand, NamesEachMissingField) {
  const std::string before = Rows();
  const auto* type = request->GetDescriptor();
  int required = 0;
  for (int i = 0; i < type->field_count(); ++i) {
    const auto& options = type->field(i)->options();
    bool needed = false;
    for (int j = 0; j < options.ExtensionSize(google::api::field_behavior); ++j) {
      needed = needed || options.GetExtension(google::api::field_behavior, j) == google::api::REQUIRED;
    }
    if (!needed) continue;
    ++required;
    const std::unique_ptr<Message> without(request->New());
    without->CopyFrom(*request);
    without->GetReflection()->ClearField(without.get(), type->field(i));
    const absl::Status status = Send(right, *without).status();
    EXPECT_EQ(ReasonOf(status), "REQUIRED_FIELD_MISSING") << type->field(i)->name() << " " << status;
  }
  EXPECT_GE(required, 2) << "the request_id and something to do it to";
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryCommand, IsRefusedOnAStaleEtag) {
  const bool has_etag = request->GetDescriptor()->FindFieldByName("etag") != nullptr;
  if (command.etag.empty()) {
    EXPECT_FALSE(has_etag) << "the table does not try it";
    return;
  }
  const std::string before = Rows();
  const std::string stale = command.etag == "etag"
                                ? " etag: \"999999\""
                                : absl::StrReplaceAll(command.etag, {{".etag", " { etag: \"999999\" }"}});
  ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(stale, request.get()));
  const absl::StatusOr<std::string> answer = Send(right, *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kAborted) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "ETAG_MISMATCH");
  EXPECT_EQ(Rows(), before);
}

TEST_P(EveryCommand, AnswersTheSameRequestTwiceAlikeAndDoesItOnce) {
  const absl::StatusOr<std::string> first = Send(right, *request);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string after_first = Rows();
  const absl::StatusOr<std::string> second = Send(right, *request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(Rows(), after_first);
}

TEST_P(EveryCommand, RefusesAnotherPayloadUnderTheSameRequestId) {
  ASSERT_TRUE(Send(right, *request).ok());
  const std::string after_first = Rows();
  ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(command.other, request.get())) << command.other;
  const absl::StatusOr<std::string> answer = Send(right, *request);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kAlreadyExists) << answer.status();
  EXPECT_EQ(ReasonOf(answer.status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(Rows(), after_first);
}

INSTANTIATE_TEST_SUITE_P(Matrix, EveryCommand, ::testing::ValuesIn(Commands()),
                         [](const ::testing::TestParamInfo<Command>& info) {
                           return ShortName(info.param.method);
                         });

}  // namespace
}  // namespace gridwarden::testing
