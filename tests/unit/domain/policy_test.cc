#include "domain/policy/policy.h"

#include <functional>
#include <set>

#include "base/status.h"
#include "domain/policy/json_reader.h"
#include "domain/workflow/case_workflow.h"
#include "domain/workflow/conditions.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using nlohmann::json;
using testing::PolicyTexts;
using testing::RealPolicy;

TEST(Policy, HoldsTheCategoriesAndChecklistsOfTheDocuments) {
  EXPECT_EQ(RealPolicy().categories.size(), 65u);  // 64 of the documents and SMOKE of our own
  EXPECT_EQ(RealPolicy().checklists.size(), 50u);
  size_t items = 0;
  for (const auto& [code, list] : RealPolicy().checklists) items += list.items.size();
  EXPECT_EQ(items, 298u);
  EXPECT_EQ(RealPolicy().FindCategory("SMALL_POLLUTER")->zh, "“小散乱污”企业");
  EXPECT_EQ(RealPolicy().FindCategory("NOTHING"), nullptr);
  EXPECT_EQ(RealPolicy().FindChecklist("NOTHING"), nullptr);
}

TEST(Policy, CitesADocumentOrSaysOwnDefaultForEveryRule) {
  const std::set<std::string> cites = {"驻政办〔2017〕24号", "新密政文〔2017〕183号",
                                       "焦作市攻坚战行动方案（2017-02-03）",
                                       "泌阳县行动实施方案（征求意见稿，2024）", "漯环攻坚办〔2020〕13号"};
  const auto expect_cited = [&](const std::string& source, const std::string& what) {
    bool cited = source.rfind("own default", 0) == 0;
    for (const std::string& cite : cites) cited = cited || source.find(cite) != std::string::npos;
    EXPECT_TRUE(cited) << what << ": " << source;
    EXPECT_EQ(source.find(".txt"), std::string::npos) << what;
  };
  for (const auto& [code, category] : RealPolicy().categories) expect_cited(category.source, code);
  for (const auto& [code, list] : RealPolicy().checklists) {
    for (const ChecklistItem& item : list.items) expect_cited(item.source, code + "." + item.code);
  }
  for (const auto& [code, type] : RealPolicy().case_types) {
    expect_cited(type.source, "type " + code);
    for (const Limit& limit :
         {type.limits.screen, type.limits.onsite, type.limits.dispatch, type.limits.accept,
          type.limits.handle, type.limits.check, type.limits.sign, type.limits.total}) {
      expect_cited(limit.source, "limit of " + code);
    }
  }
  for (const PostPreset& preset : RealPolicy().post_presets) expect_cited(preset.source, "post");
}

TEST(Policy, GivesTheTwoCutsAndThreeClearancesAsFiveClosingItems) {
  const CaseType& type = RealPolicy().TypeOf("SMALL_POLLUTER");
  EXPECT_TRUE(type.needs_disposition);
  const std::vector<std::string> want = {"SSP_CLOSURE.WATER_CUT", "SSP_CLOSURE.POWER_CUT",
                                         "SSP_CLOSURE.MATERIAL_CLEARED", "SSP_CLOSURE.PRODUCT_CLEARED",
                                         "SSP_CLOSURE.EQUIPMENT_CLEARED"};
  EXPECT_EQ(ClosingItems(type, Disposition::kShutDown), want);
  EXPECT_EQ(ClosingItems(type, Disposition::kRelocate).size(), 4u);
  EXPECT_EQ(ClosingItems(type, Disposition::kUpgrade).size(), 5u);
  EXPECT_TRUE(ClosingItems(type, Disposition::kUnspecified).empty());
}

TEST(Policy, InheritsATypeFromTheParentAndFallsBackToTheDefault) {
  EXPECT_EQ(RealPolicy().TypeOf("SMALL_POLLUTER_CLUSTER").category, "SMALL_POLLUTER_CLUSTER");
  EXPECT_EQ(RealPolicy().TypeOf("AIR_QUALITY").category, "");
  EXPECT_EQ(RealPolicy().TypeOf("no such category").category, "");
  Policy policy = RealPolicy();
  policy.case_types.erase("SMALL_POLLUTER_CLUSTER");
  EXPECT_EQ(policy.TypeOf("SMALL_POLLUTER_CLUSTER").category, "SMALL_POLLUTER");
  policy.case_types.erase("HIGH_STACK");
  policy.categories.at("HIGH_STACK").parent = "HIGH_STACK";  // a circle ends
  EXPECT_EQ(policy.TypeOf("HIGH_STACK").category, "");
}

TEST(Policy, TakesTheRoadRepairLimitFromTheDocument) {
  const Limit& handle = RealPolicy().TypeOf("ROAD").limits.handle;
  EXPECT_EQ(handle.span, absl::Hours(15 * 24));
  EXPECT_NE(handle.source.find("驻政办〔2017〕24号 五(二)12"), std::string::npos);
}

TEST(Policy, LeavesTimeInTheTotalForTheStagesBeforeThePass) {
  for (const auto& [code, type] : RealPolicy().case_types) {
    const StageLimits& l = type.limits;
    // Around the clock: the stages simply add up. A working limit is compared in days of the calendar's own
    // kind.
    const auto hours = [](const Limit& limit) {
      const double h = absl::ToDoubleHours(limit.span);
      switch (limit.calendar) {
        case Calendar::kContinuous:
          return h;
        case Calendar::kWorkingHours:
          return h / 7 * 24 * 7 / 5;
        case Calendar::kWorkingDays:
          return h * 7 / 5;
      }
      return h;
    };
    EXPECT_GE(hours(l.total), hours(l.screen) + hours(l.onsite) + hours(l.dispatch) + hours(l.accept) +
                                  hours(l.handle) + hours(l.check))
        << code;
  }
}

TEST(Policy, PutsOneLeaderAndThreeMembersAtEveryLevel) {
  std::map<Level, std::multiset<PostKind>> kinds;
  for (const PostPreset& preset : RealPolicy().post_presets) kinds[preset.level].insert(preset.kind);
  for (const Level level : {Level::kCity, Level::kCounty, Level::kTownship, Level::kVillage, Level::kGroup}) {
    for (const PostKind kind : {PostKind::kGridLeader, PostKind::kGridOfficer, PostKind::kPatrolOfficer,
                                PostKind::kSupervisionOfficer}) {
      EXPECT_EQ(kinds[level].count(kind), 1u) << NameOf(level) << " " << NameOf(kind);
    }
    EXPECT_EQ(kinds[level].count(PostKind::kCampaignOffice), level <= Level::kTownship ? 1u : 0u);
  }
}

TEST(Policy, KeepsLeadershipAndDirectLeadershipApart) {
  for (const PostPreset& preset : RealPolicy().post_presets) {
    if (preset.kind == PostKind::kGridLeader || preset.kind == PostKind::kVillageHead) {
      EXPECT_EQ(preset.responsibility, Responsibility::kDirectLeadership);
    } else if (preset.kind == PostKind::kTownshipHead) {
      EXPECT_EQ(preset.responsibility, Responsibility::kLeadership);
    } else {
      EXPECT_EQ(preset.responsibility, Responsibility::kNone);
    }
  }
}

TEST(Policy, HasAVersionThatChangesWithEveryByte) {
  auto texts = PolicyTexts();
  EXPECT_EQ(RealPolicy().version.size(), 16u);
  EXPECT_EQ(ParsePolicy(texts)->version, RealPolicy().version);
  texts["work_calendar.json"] += " ";
  EXPECT_NE(ParsePolicy(texts)->version, RealPolicy().version);
}

// What the parser says about the real files with one of them edited: "field: description", or "" when it is
// accepted.
std::string Complaint(const std::string& file, const std::function<void(json&)>& edit) {
  auto texts = PolicyTexts();
  json document = json::parse(texts[file]);
  edit(document);
  texts[file] = document.dump();
  const auto parsed = ParsePolicy(texts);
  if (parsed.ok()) return "";
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  const auto facts = FactsOf(parsed.status());
  EXPECT_EQ(facts->reason, "INVALID_FIELD");
  return facts->fields.at(0).field + ": " + facts->fields.at(0).description;
}

TEST(Policy, AcceptsTheFilesAsTheyAre) {
  EXPECT_EQ(Complaint("case_types.json", [](json&) {}), "");
}

TEST(Policy, NamesFileAndPathOfAnUnknownKey) {
  const std::string got =
      Complaint("checklists.json", [](json& d) { d["checklists"][3]["items"][1]["weigth"] = 1; });
  EXPECT_EQ(got.substr(0, got.find(", want")),
            "checklists.json#/checklists/3/items/1/weigth: got an unknown key");
}

TEST(Policy, NamesWhatIsMissing) {
  EXPECT_EQ(Complaint("checklists.json", [](json& d) { d["checklists"][0]["items"][2].erase("source"); }),
            "checklists.json#/checklists/0/items/2/source: got nothing, want a value");
  EXPECT_EQ(Complaint("case_types.json", [](json& d) { d["limit_sets"]["DUST"]["check"].erase("source"); }),
            "case_types.json#/limit_sets/DUST/check/source: got nothing, want a value");
  EXPECT_EQ(Complaint("source_categories.json", [](json& d) { d.erase("categories"); }),
            "source_categories.json#/categories: got nothing, want a value");
}

TEST(Policy, NamesGotAndWantForAWrongType) {
  EXPECT_EQ(Complaint("case_types.json", [](json& d) { d["types"][0]["evidence_min"] = "two"; }),
            "case_types.json#/types/0/evidence_min: got \"two\", want a whole number from 2 to 20");
  EXPECT_EQ(
      Complaint("case_types.json", [](json& d) { d["types"][0]["evidence_min"] = 18446744073709551615ULL; }),
      "case_types.json#/types/0/evidence_min: got 18446744073709551615, want a whole number from 2 to 20");
  EXPECT_EQ(Complaint("work_calendar.json", [](json& d) { d["special_days"][0]["working"] = 1; }),
            "work_calendar.json#/special_days/0/working: got 1, want true or false");
  EXPECT_EQ(Complaint("post_presets.json", [](json& d) { d["posts"] = "all"; }),
            "post_presets.json#/posts: got \"all\", want an array");
  EXPECT_EQ(Complaint("post_presets.json", [](json& d) { d = json::array(); }),
            "post_presets.json#: got [], want an object");
}

TEST(Policy, RefusesReferencesToNothing) {
  EXPECT_EQ(
      Complaint("source_categories.json", [](json& d) { d["categories"][0]["checklists"][0] = "NOPE"; }),
      "source_categories.json#/categories/0/checklists: got \"NOPE\", want a known checklist");
  EXPECT_EQ(Complaint("source_categories.json", [](json& d) { d["categories"][0]["campaign"] = "NOPE"; }),
            "source_categories.json#/categories/0/campaign: got \"NOPE\", want a campaign of this file");
  EXPECT_EQ(Complaint("source_categories.json", [](json& d) { d["categories"][0]["parent"] = "NOPE"; }),
            "source_categories.json#/categories/0/parent: got \"NOPE\", want a category of this file that "
            "has no parent itself");
  EXPECT_EQ(Complaint("case_types.json", [](json& d) { d["types"][1]["categories"][0] = "NOPE"; }),
            "case_types.json#/types/1/categories/0: got \"NOPE\", want a known category or *");
  EXPECT_EQ(Complaint("case_types.json",
                      [](json& d) { d["types"][1]["closing_items"]["any"][0] = "STRAW_FIRE_POINT.NOPE"; }),
            "case_types.json#/types/1/closing_items/any/0: got \"STRAW_FIRE_POINT.NOPE\", want "
            "CHECKLIST.ITEM of a known checklist");
  EXPECT_EQ(Complaint("case_types.json", [](json& d) { d["types"][0]["limits"] = "NOPE"; }),
            "case_types.json#/types/0/limits: got \"NOPE\", want a name of limit_sets");
  EXPECT_EQ(
      Complaint("checklists.json",
                [](json& d) { d["checklists"][1]["items"][6]["required_if"] = "NOPE=yes"; }),
      "checklists.json#/checklists/1/items/6/required_if: got \"NOPE=yes\", want an item of SSP_CLOSURE");
}

TEST(Policy, RefusesACircleOfParents) {
  const std::string got =
      Complaint("source_categories.json", [](json& d) { d["categories"][0]["parent"] = "SMALL_POLLUTER"; });
  EXPECT_NE(got.find("/categories/0/parent"), std::string::npos);
}

TEST(Policy, RefusesTheSameThingTwice) {
  EXPECT_NE(
      Complaint("source_categories.json", [](json& d) { d["categories"].push_back(d["categories"][0]); })
          .find("twice"),
      std::string::npos);
  EXPECT_NE(Complaint("checklists.json", [](json& d) { d["checklists"].push_back(d["checklists"][0]); })
                .find("twice"),
            std::string::npos);
  EXPECT_NE(Complaint("checklists.json",
                      [](json& d) { d["checklists"][0]["items"].push_back(d["checklists"][0]["items"][0]); })
                .find("twice"),
            std::string::npos);
  EXPECT_NE(Complaint("case_types.json", [](json& d) { d["types"].push_back(d["types"][0]); }).find("twice"),
            std::string::npos);
  EXPECT_NE(
      Complaint("work_calendar.json", [](json& d) { d["special_days"].push_back(d["special_days"][0]); })
          .find("twice"),
      std::string::npos);
  EXPECT_NE(
      Complaint("post_presets.json", [](json& d) { d["posts"].push_back(d["posts"][0]); }).find("twice"),
      std::string::npos);
}

TEST(Policy, RefusesAmountsThatAreNoLimit) {
  const auto handle = [](json& d) -> json& { return d["limit_sets"]["DUST"]["handle"]; };
  EXPECT_NE(Complaint("case_types.json", [&](json& d) { handle(d)["days"] = 3; }).find("got 2 amounts"),
            std::string::npos);
  EXPECT_NE(
      Complaint("case_types.json", [&](json& d) { handle(d).erase("working_days"); }).find("got 0 amounts"),
      std::string::npos);
  EXPECT_NE(
      Complaint("case_types.json", [&](json& d) { handle(d)["working_days"] = 0; }).find("from 1 to 400"),
      std::string::npos);
  EXPECT_NE(
      Complaint("case_types.json", [&](json& d) { handle(d)["working_days"] = 401; }).find("from 1 to 400"),
      std::string::npos);
  EXPECT_NE(
      Complaint("case_types.json", [&](json& d) { handle(d)["working_days"] = 1.5; }).find("whole number"),
      std::string::npos);
  EXPECT_NE(Complaint("case_types.json",
                      [](json& d) {
                        d["limit_sets"]["DUST"]["rework_floor"] = {{"hours", 1}, {"source", "own default"}};
                      })
                .find("rework_floor: got another way of counting"),
            std::string::npos);
}

TEST(Policy, RefusesADispositionThatWouldCloseOnNothing) {
  size_t small_polluter = 0;
  const json types = json::parse(PolicyTexts().at("case_types.json"))["types"];
  while (types[small_polluter]["needs_disposition"] != true) ++small_polluter;
  EXPECT_NE(Complaint("case_types.json",
                      [&](json& d) { d["types"][small_polluter]["closing_items"].erase("UPGRADE"); })
                .find("got no conditions for UPGRADE"),
            std::string::npos);
  EXPECT_NE(
      Complaint("case_types.json", [&](json& d) { d["types"][small_polluter]["needs_disposition"] = false; })
          .find("want needs_disposition to be true"),
      std::string::npos);
}

TEST(Policy, RefusesAPolicyWithoutADefaultType) {
  EXPECT_EQ(Complaint("case_types.json", [](json& d) { d["types"].erase(0); }),
            "case_types.json#/types: got no type for *, want the default type");
}

TEST(Policy, RefusesACalendarThatNobodyCanWorkBy) {
  const std::string file = "work_calendar.json";
  EXPECT_NE(
      Complaint(file, [](json& d) { d["working_hours"] = json::array(); }).find("want at least one span"),
      std::string::npos);
  EXPECT_NE(Complaint(file, [](json& d) { d["working_hours"][0]["to"] = "08:00"; }).find("out of order"),
            std::string::npos);
  EXPECT_NE(Complaint(file, [](json& d) { d["working_hours"][1]["from"] = "11:00"; }).find("out of order"),
            std::string::npos);
  EXPECT_NE(Complaint(file, [](json& d) { d["working_hours"][1]["to"] = "24:01"; }).find("time of day"),
            std::string::npos);
  EXPECT_NE(Complaint(file, [](json& d) { d["working_hours"][1]["to"] = "8:30"; }).find("time of day"),
            std::string::npos);
  EXPECT_NE(Complaint(file, [](json& d) { d["special_days"][0]["date"] = "2026-02-30"; }).find("want a date"),
            std::string::npos);
  EXPECT_NE(
      Complaint(file, [](json& d) { d["special_days"][0]["date"] = "2027-01-01"; }).find("says it covers"),
      std::string::npos);
  EXPECT_NE(Complaint(file, [](json& d) { d["time_zone"] = "UTC"; }).find("want Asia/Shanghai"),
            std::string::npos);
}

std::string ComplaintAboutText(const std::string& file, const std::string& text) {
  auto texts = PolicyTexts();
  texts[file] = text;
  const auto parsed = ParsePolicy(texts);
  if (parsed.ok()) return "";
  const auto facts = FactsOf(parsed.status());
  return facts->fields.at(0).field + ": " + facts->fields.at(0).description;
}

TEST(Policy, SaysWhereATextStopsBeingJson) {
  EXPECT_NE(ComplaintAboutText("checklists.json", "{\n  \"title\": oops\n}").find("line 2"),
            std::string::npos);
  EXPECT_NE(ComplaintAboutText("checklists.json", "").find("checklists.json: got no JSON"),
            std::string::npos);
  EXPECT_NE(ComplaintAboutText("checklists.json", "\xD6\xD0\xCE\xC4").find("got no JSON"), std::string::npos);
  EXPECT_NE(ComplaintAboutText("checklists.json", "null").find("checklists.json#"), std::string::npos);
}

TEST(Policy, RefusesAKeyThatStandsTwice) {
  std::string text = PolicyTexts().at("work_calendar.json");
  text.insert(text.find("\"version\""), "\"version\": \"other\", ");
  EXPECT_EQ(ComplaintAboutText("work_calendar.json", text),
            "work_calendar.json: got the key \"version\" twice in one object, want it once");
}

TEST(Policy, RefusesAFileTooLargeToBeARule) {
  EXPECT_NE(
      ComplaintAboutText("checklists.json", std::string(kPolicyFileBytesMax + 1, ' ')).find("want at most"),
      std::string::npos);
}

TEST(JsonValue, DoesNotWrapANumberTooLargeForItsType) {
  const json number = json::parse("18446744073709551615");
  Problem problem;
  EXPECT_EQ(JsonValue(&number, "a.json#/n", &problem).Int(-5, 5), -5);
  EXPECT_EQ(FactsOf(problem.ToStatus())->fields.at(0).description,
            "got 18446744073709551615, want a whole number from -5 to 5");
}

TEST(JsonValue, KeepsTheFirstProblemOnly) {
  Problem problem;
  EXPECT_TRUE(problem.ToStatus().ok());
  problem.Report("first", "got 1, want 2");
  problem.Report("second", "got 3, want 4");
  EXPECT_EQ(FactsOf(problem.ToStatus())->fields.at(0).field, "first");
}

TEST(Policy, WantsExactlyItsFiles) {
  auto texts = PolicyTexts();
  texts.erase("post_presets.json");
  EXPECT_EQ(FactsOf(ParsePolicy(texts).status())->fields.at(0).field, "post_presets.json");
  texts = PolicyTexts();
  texts["ladders.json"] = "{}";
  EXPECT_EQ(FactsOf(ParsePolicy(texts).status())->fields.at(0).field, "ladders.json");
}

TEST(Policy, NeverPostponesOrSuspendsAFire) {
  for (const auto& [category, type] : RealPolicy().case_types) {
    SCOPED_TRACE(category);
    const bool burns =
        type.limits.handle.calendar == Calendar::kContinuous && type.limits.check.span == absl::Hours(2);
    EXPECT_EQ(type.postponement.allowed, !burns);
    EXPECT_EQ(type.may_suspend, !burns);
    if (type.postponement.allowed) EXPECT_EQ(type.postponement.cap.calendar, type.limits.handle.calendar);
  }
  for (const char* category : {"STRAW_BURNING", "WASTE_BURNING", "RITUAL_BURNING", "SMOKE", "FIREWORKS"})
    EXPECT_FALSE(RealPolicy().TypeOf(category).postponement.allowed) << category;
}

TEST(Policy, TakesACitysOwnDefinitionWhereItsCodesBegin) {
  const Policy& policy = RealPolicy();
  EXPECT_EQ(policy.TypeOf("BUILDING_SITE", "411728").closing_items.at("").front(),
            "SITE_SIX100_ZMD.ENCLOSURE");
  EXPECT_EQ(policy.TypeOf("BUILDING_SITE", "410183104").closing_items.at("").front(),
            "SITE_SIX100_XM.ENCLOSURE");
  EXPECT_EQ(policy.TypeOf("BUILDING_SITE", "").category, "BUILDING_SITE");
  EXPECT_EQ(policy.TypeOf("STRAW_BURNING", "410183104").category, "STRAW_BURNING");
}

TEST(Policy, GivesEverySiteCategoryButTheTargetsATypeOfItsOwn) {
  for (const auto& [code, category] : RealPolicy().categories) {
    if (code == "AIR_QUALITY") continue;  // targets are no cases
    EXPECT_NE(RealPolicy().TypeOf(code).category, "") << code;
  }
}

TEST(Policy, RefusesAReasonThatItsListDoesNotHave) {
  EXPECT_TRUE(CheckReason(RealPolicy(), "SUSPENSION", "SEASON").ok());
  EXPECT_TRUE(CheckReason(Policy(), "SUSPENSION", "ANYTHING").ok());
  const absl::Status refused = CheckReason(RealPolicy(), "SUSPENSION", "NO_TIME");
  EXPECT_EQ(ReasonOf(refused), "REASON_NOT_LISTED");
  EXPECT_NE(refused.message().find("SEASON, LITIGATION"), std::string::npos);
}

TEST(Policy, AsksForAJointReviewOfUpgradesAndClusters) {
  EXPECT_FALSE(RealPolicy().TypeOf("SMALL_POLLUTER").cosigners.contains("SHUT_DOWN"));
  EXPECT_FALSE(RealPolicy().TypeOf("SMALL_POLLUTER").cosigners.at("UPGRADE").empty());
  EXPECT_FALSE(RealPolicy().TypeOf("SMALL_POLLUTER_CLUSTER").cosigners.at("").empty());
}

}  // namespace
}  // namespace gridwarden::domain
