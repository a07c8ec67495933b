#include "domain/workflow/conditions.h"

#include <algorithm>

#include "base/status.h"
#include "gtest/gtest.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using Kind = EvidenceKind;

const Policy& Rules() { return testing::RealPolicy(); }

// "REASON item_code", or "" when the condition is met.
std::string Unmet(const absl::Status& status) {
  if (status.ok()) return "";
  const auto facts = FactsOf(status);
  const auto code = facts->metadata.find("item_code");
  return facts->reason + (code == facts->metadata.end() ? "" : " " + code->second);
}

std::vector<Evidence> Photos(std::initializer_list<Kind> kinds) {
  std::vector<Evidence> evidence;
  for (const Kind kind : kinds) evidence.push_back({"media/" + std::to_string(evidence.size()), kind});
  return evidence;
}

Answer Yes(const std::string& list, const std::string& item) {
  return {list, item, "yes", {"media/" + list + item}};
}

const char* const kTwoCuts[] = {"WATER_CUT", "POWER_CUT", "MATERIAL_CLEARED", "PRODUCT_CLEARED",
                                "EQUIPMENT_CLEARED"};

std::vector<Answer> TwoCutsThreeClearances() {
  std::vector<Answer> answers;
  for (const char* item : kTwoCuts) answers.push_back(Yes("SSP_CLOSURE", item));
  return answers;
}

std::string CloseSmallPolluter(const std::vector<Answer>& answers,
                               Disposition disposition = Disposition::kShutDown) {
  return Unmet(ClosingConditions(Rules(), Rules().TypeOf("SMALL_POLLUTER"), disposition, answers,
                                 Photos({Kind::kBefore, Kind::kAfter})));
}

TEST(ClosingConditions, AreMetByFiveItemsWithAPhotoEach) {
  EXPECT_EQ(CloseSmallPolluter(TwoCutsThreeClearances()), "");
}

TEST(ClosingConditions, WantADispositionForASmallPolluter) {
  const auto status = ClosingConditions(Rules(), Rules().TypeOf("SMALL_POLLUTER"), Disposition::kUnspecified,
                                        TwoCutsThreeClearances(), Photos({Kind::kBefore, Kind::kAfter}));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "DISPOSITION_MISSING");
}

TEST(ClosingConditions, NameTheFirstItemThatIsNotAnswered) {
  EXPECT_EQ(CloseSmallPolluter({}), "CLOSING_CONDITION_UNMET SSP_CLOSURE.WATER_CUT");
  for (const char* item : kTwoCuts) {
    auto answers = TwoCutsThreeClearances();
    std::erase_if(answers, [&](const Answer& a) { return a.item == item; });
    EXPECT_EQ(CloseSmallPolluter(answers), std::string("CLOSING_CONDITION_UNMET SSP_CLOSURE.") + item);
  }
}

TEST(ClosingConditions, NameTheItemInChineseForTheWorker) {
  const auto status =
      ClosingConditions(Rules(), Rules().TypeOf("SMALL_POLLUTER"), Disposition::kShutDown, {}, {});
  EXPECT_EQ(FactsOf(status)->metadata.at("item"), "断水");
}

TEST(ClosingConditions, AreNotMetByANo) {
  for (size_t i = 0; i < 5; ++i) {
    auto answers = TwoCutsThreeClearances();
    answers[i].value = "no";
    EXPECT_EQ(CloseSmallPolluter(answers), std::string("CLOSING_CONDITION_UNMET SSP_CLOSURE.") + kTwoCuts[i]);
  }
}

TEST(ClosingConditions, WantAPhotoForEachOfTheFive) {
  for (size_t i = 0; i < 5; ++i) {
    auto answers = TwoCutsThreeClearances();
    answers[i].media.clear();
    EXPECT_EQ(CloseSmallPolluter(answers), std::string("CLOSING_CONDITION_UNMET SSP_CLOSURE.") + kTwoCuts[i]);
    answers[i].media = {""};
    EXPECT_EQ(CloseSmallPolluter(answers), std::string("CLOSING_CONDITION_UNMET SSP_CLOSURE.") + kTwoCuts[i]);
  }
}

TEST(ClosingConditions, DoNotLetOnePhotoStandForTwoItems) {
  auto answers = TwoCutsThreeClearances();
  answers[1].media = answers[0].media;
  EXPECT_EQ(CloseSmallPolluter(answers), "CLOSING_CONDITION_UNMET SSP_CLOSURE.WATER_CUT");
  answers[0].media.push_back("media/water alone");
  EXPECT_EQ(CloseSmallPolluter(answers), "CLOSING_CONDITION_UNMET SSP_CLOSURE.POWER_CUT");
  answers[1].media.push_back("media/power alone");
  EXPECT_EQ(CloseSmallPolluter(answers), "");
}

TEST(ClosingConditions, AskFurtherWhenGoodsStayOnSite) {
  auto answers = TwoCutsThreeClearances();
  answers.push_back(Yes("SSP_CLOSURE", "STORED_ON_SITE"));
  EXPECT_EQ(CloseSmallPolluter(answers), "CLOSING_CONDITION_UNMET SSP_CLOSURE.STORED_UNTIL");
  answers.push_back({"SSP_CLOSURE", "STORED_UNTIL", "2026-12-31", {}});
  EXPECT_EQ(CloseSmallPolluter(answers), "CLOSING_CONDITION_UNMET SSP_CLOSURE.NO_CAPACITY");
  answers.push_back(Yes("SSP_CLOSURE", "NO_CAPACITY"));
  EXPECT_EQ(CloseSmallPolluter(answers), "");
}

// The conditions of a boiler's closing: method, fuel, papers; what a method makes necessary besides.
std::string CloseBoiler(const std::string& method, const std::string& forbidden_fuel,
                        const std::vector<std::string>& further = {}) {
  std::vector<Answer> answers = {{"BOILER_CLOSURE", "METHOD", method, {}},
                                 {"BOILER_CLOSURE", "FORBIDDEN_FUEL", forbidden_fuel, {"media/fuel"}},
                                 Yes("BOILER_CLOSURE", "CERT_CANCELLED")};
  for (const std::string& item : further) answers.push_back(Yes("BOILER_CLOSURE", item));
  if (const absl::Status valid = ValidateAnswers(Rules(), answers); !valid.ok()) return ReasonOf(valid);
  return Unmet(ClosingConditions(Rules(), Rules().TypeOf("COAL_BOILER"), Disposition::kUnspecified, answers,
                                 Photos({Kind::kBefore, Kind::kAfter})));
}

TEST(ClosingConditions, OfABoilerAreNotMetByBriquettes) {
  EXPECT_EQ(CloseBoiler("coal_to_gas", "yes"), "CLOSING_CONDITION_UNMET BOILER_CLOSURE.FORBIDDEN_FUEL");
  EXPECT_EQ(CloseBoiler("briquettes", "no"), "INVALID_FIELD");
  EXPECT_EQ(CloseBoiler("coal_to_gas", "no"), "");
}

TEST(ClosingConditions, OfABoilerShutDownWantTheFlueCut) {
  EXPECT_EQ(CloseBoiler("shut_down", "no"), "CLOSING_CONDITION_UNMET BOILER_CLOSURE.CHIMNEY");
  EXPECT_EQ(CloseBoiler("shut_down", "no", {"CHIMNEY"}), "CLOSING_CONDITION_UNMET BOILER_CLOSURE.NO_RESTART");
  EXPECT_EQ(CloseBoiler("shut_down", "no", {"CHIMNEY", "NO_RESTART"}), "");
}

TEST(StoredUntil, IsADayToComeOrNothing) {
  const absl::CivilDay today(2026, 12, 1);
  const auto until = [&](const std::string& stored, const std::string& day) {
    return StoredUntil(std::vector<Answer>{{"SSP_CLOSURE", "STORED_ON_SITE", stored, {}},
                                           {"SSP_CLOSURE", "STORED_UNTIL", day, {}}},
                       today);
  };
  EXPECT_EQ(*until("yes", "2026-12-31"), "2026-12-31");
  EXPECT_EQ(*until("yes", "2026-12-31T10:00:00"), "2026-12-31");
  EXPECT_EQ(*until("no", "2026-12-31"), "");
  EXPECT_EQ(*StoredUntil(TwoCutsThreeClearances(), today), "");
  EXPECT_EQ(Unmet(until("yes", "2026-12-01").status()), "CLOSING_CONDITION_UNMET SSP_CLOSURE.STORED_UNTIL");
}

TEST(RecheckEvidence, OfGoodsWhoseTimeIsOverIsAPhotoOfTheirAbsence) {
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kHeld, Photos({Kind::kNear}), true)),
            "EVIDENCE_MISSING ABSENCE");
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kHeld, Photos({Kind::kAbsence}), true)), "");
  // That they are still there is what a rebound says.
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kRebounded, Photos({Kind::kRemains}), true)), "");
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kHeld, Photos({Kind::kNear}), false)), "");
}

TEST(Evidence, OfAStopAPartAndAResult) {
  EXPECT_EQ(Unmet(StopEvidence(Photos({Kind::kDocument}))), "EVIDENCE_MISSING PHOTO");
  EXPECT_EQ(Unmet(StopEvidence(Photos({Kind::kNear}))), "");
  EXPECT_EQ(Unmet(PartEvidence({})), "EVIDENCE_MISSING PHOTO");
  EXPECT_EQ(Unmet(PartEvidence(Photos({Kind::kDocument}))), "");
  EXPECT_EQ(Unmet(ResultEvidence(Photos({Kind::kNear}))), "EVIDENCE_MISSING DOCUMENT");
  EXPECT_EQ(Unmet(ResultEvidence(Photos({Kind::kDocument}))), "");
}

TEST(ClosingConditions, DifferByDisposition) {
  EXPECT_EQ(CloseSmallPolluter(TwoCutsThreeClearances(), Disposition::kRelocate),
            "CLOSING_CONDITION_UNMET SSP_RELOCATE.IN_PARK");
  EXPECT_EQ(CloseSmallPolluter(TwoCutsThreeClearances(), Disposition::kUpgrade),
            "CLOSING_CONDITION_UNMET SSP_UPGRADE.FACILITY");
  // NO_VIOLATION is an answer without evidence: it needs no photo.
  EXPECT_EQ(CloseSmallPolluter({Yes("SSP_RELOCATE", "IN_PARK"),
                                Yes("SSP_RELOCATE", "EIA"),
                                {"SSP_RELOCATE", "NO_VIOLATION", "yes", {}},
                                Yes("SSP_RELOCATE", "OLD_SITE")},
                               Disposition::kRelocate),
            "");
}

TEST(ClosingConditions, WantPhotosBeforeAndAfter) {
  const CaseType& type = Rules().TypeOf("");
  const auto close = [&](std::vector<Evidence> evidence) {
    return Unmet(ClosingConditions(Rules(), type, Disposition::kUnspecified, {}, evidence));
  };
  EXPECT_EQ(close({}), "EVIDENCE_MISSING BEFORE");
  EXPECT_EQ(close(Photos({Kind::kAfter, Kind::kAfter})), "EVIDENCE_MISSING BEFORE");
  EXPECT_EQ(close(Photos({Kind::kBefore, Kind::kDocument})), "EVIDENCE_MISSING AFTER");
  EXPECT_EQ(close(Photos({Kind::kBefore, Kind::kAfter})), "");
  EXPECT_EQ(close({{"media/same", Kind::kBefore}, {"media/same", Kind::kAfter}}),
            "EVIDENCE_MISSING EVIDENCE_MIN");
  EXPECT_EQ(close({{"media/same", Kind::kBefore}, {"media/same", Kind::kAfter}, {"media/1", Kind::kNear}}),
            "EVIDENCE_MISSING AFTER");
  EXPECT_EQ(close({{"", Kind::kBefore}, {"media/1", Kind::kAfter}}), "EVIDENCE_MISSING BEFORE");
}

TEST(ClosingConditions, CountTheEvidenceThatTheTypeAsksFor) {
  CaseType type = Rules().TypeOf("");
  type.evidence_min = 3;
  const auto close = [&](std::vector<Evidence> evidence) {
    return Unmet(ClosingConditions(Rules(), type, Disposition::kUnspecified, {}, evidence));
  };
  EXPECT_EQ(close(Photos({Kind::kBefore, Kind::kAfter})), "EVIDENCE_MISSING EVIDENCE_MIN");
  EXPECT_EQ(close(Photos({Kind::kBefore, Kind::kAfter, Kind::kDocument})), "");
}

TEST(ClosingConditions, TakeANoWhereNoIsWhatIsWanted) {
  const CaseType& boiler = Rules().TypeOf("COAL_BOILER");
  const auto close = [&](const std::string& method, const std::string& fuel) {
    return Unmet(
        ClosingConditions(Rules(), boiler, Disposition::kUnspecified,
                          std::vector<Answer>{{"BOILER_CLOSURE", "METHOD", method, {}},
                                              {"BOILER_CLOSURE", "FORBIDDEN_FUEL", fuel, {"media/fuel"}},
                                              Yes("BOILER_CLOSURE", "CERT_CANCELLED")},
                          Photos({Kind::kBefore, Kind::kAfter})));
  };
  EXPECT_EQ(close("coal_to_gas", "no"), "");
  EXPECT_EQ(close("coal_to_gas", "yes"), "CLOSING_CONDITION_UNMET BOILER_CLOSURE.FORBIDDEN_FUEL");
  EXPECT_EQ(close("shut_down", "no"), "CLOSING_CONDITION_UNMET BOILER_CLOSURE.CHIMNEY");
}

TEST(ClosingConditions, JudgeAComparisonWithANumber) {
  CaseType type = Rules().TypeOf("");
  type.closing_items[""] = {"ONLINE_MONITORING.VALID_RATE"};
  const auto close = [&](const std::string& value) {
    return Unmet(
        ClosingConditions(Rules(), type, Disposition::kUnspecified,
                          std::vector<Answer>{{"ONLINE_MONITORING", "VALID_RATE", value, {"media/rate"}}},
                          Photos({Kind::kBefore, Kind::kAfter})));
  };
  EXPECT_EQ(close("90"), "");
  EXPECT_EQ(close("89.9"), "CLOSING_CONDITION_UNMET ONLINE_MONITORING.VALID_RATE");
  EXPECT_EQ(close("many"), "CLOSING_CONDITION_UNMET ONLINE_MONITORING.VALID_RATE");
}

TEST(ClosingConditions, OfEveryTypeCanBeMetByAnHonestHandler) {
  for (const auto& [category, type] : Rules().case_types) {
    for (const Disposition disposition :
         {Disposition::kUnspecified, Disposition::kShutDown, Disposition::kRelocate, Disposition::kUpgrade}) {
      if (type.needs_disposition != (disposition != Disposition::kUnspecified)) continue;
      std::vector<Answer> answers;
      for (int i = 0; i < 20; ++i) {
        const auto status =
            ClosingConditions(Rules(), type, disposition, answers, Photos({Kind::kBefore, Kind::kAfter}));
        if (status.ok()) break;
        ASSERT_EQ(ReasonOf(status), "CLOSING_CONDITION_UNMET") << category << " " << status;
        const std::string code = FactsOf(status)->metadata.at("item_code");
        const std::string list = code.substr(0, code.find('.')), item = code.substr(code.find('.') + 1);
        const ChecklistItem& asked = *Rules().FindChecklist(list)->Find(item);
        std::string value = asked.pass_when == "yes" || asked.pass_when == "no" ? asked.pass_when : "yes";
        if (asked.answer == "choice") value = asked.options.front();
        if (asked.answer == "number") value = "100";
        if (asked.answer == "date") value = "2026-11-22";
        answers.push_back({list, item, value, {"media/" + code}});
        ASSERT_TRUE(ValidateAnswers(Rules(), answers).ok()) << code;
      }
      EXPECT_TRUE(
          ClosingConditions(Rules(), type, disposition, answers, Photos({Kind::kBefore, Kind::kAfter})).ok())
          << category;
    }
  }
}

TEST(FilingConditions, WantANearAndAFarPhotoOfAFind) {
  const CaseType& type = Rules().TypeOf("");
  for (const Channel channel : {Channel::kPatrol, Channel::kPublic, Channel::kSatellite}) {
    const auto file = [&](std::vector<Evidence> evidence) {
      return Unmet(FilingConditions(Rules(), type, channel, {}, evidence));
    };
    EXPECT_EQ(file({}), "EVIDENCE_MISSING NEAR");
    EXPECT_EQ(file(Photos({Kind::kFar, Kind::kDocument})), "EVIDENCE_MISSING NEAR");
    EXPECT_EQ(file(Photos({Kind::kNear, Kind::kNear})), "EVIDENCE_MISSING FAR");
    EXPECT_EQ(file(Photos({Kind::kNear, Kind::kFar})), "");
    EXPECT_EQ(file({{"media/same", Kind::kNear}, {"media/same", Kind::kFar}}), "EVIDENCE_MISSING FAR");
  }
}

TEST(FilingConditions, TakeTheLetterOfAnAssignedSignal) {
  const CaseType& type = Rules().TypeOf("");
  EXPECT_EQ(Unmet(FilingConditions(Rules(), type, Channel::kAssigned, {}, {})), "EVIDENCE_MISSING DOCUMENT");
  EXPECT_EQ(Unmet(FilingConditions(Rules(), type, Channel::kAssigned, {}, Photos({Kind::kDocument}))), "");
}

TEST(FilingConditions, WantAFirePointToBeConfirmed) {
  const CaseType& straw = Rules().TypeOf("STRAW_BURNING");
  const auto file = [&](std::vector<Answer> answers) {
    return Unmet(
        FilingConditions(Rules(), straw, Channel::kSatellite, answers, Photos({Kind::kNear, Kind::kFar})));
  };
  EXPECT_EQ(file({}), "FILING_CONDITION_UNMET STRAW_FIRE_POINT.CONFIRMED");
  EXPECT_EQ(file({{"STRAW_FIRE_POINT", "CONFIRMED", "no", {}}}),
            "FILING_CONDITION_UNMET STRAW_FIRE_POINT.CONFIRMED");
  EXPECT_EQ(file({{"STRAW_FIRE_POINT", "CONFIRMED", "yes", {}}}), "");
}

std::string Check(CheckResult result, std::vector<Answer> answers, std::vector<Evidence> evidence,
                  std::vector<std::string> handler_media = {},
                  const std::string& category = "SMALL_POLLUTER") {
  const CaseType& type = Rules().TypeOf(category);
  return Unmet(CheckConditions(Rules(), type,
                               type.needs_disposition ? Disposition::kShutDown : Disposition::kUnspecified,
                               result, answers, evidence, handler_media));
}

TEST(CheckConditions, LetNobodyPassWithoutSeeingEveryClosingItem) {
  EXPECT_EQ(Check(CheckResult::kPass, {}, Photos({Kind::kNear})),
            "CLOSING_CONDITION_UNMET SSP_CLOSURE.WATER_CUT");
  EXPECT_EQ(Check(CheckResult::kPass, TwoCutsThreeClearances(), Photos({Kind::kNear})), "");
}

TEST(CheckConditions, WantAPhotoOfTheCheckersOwn) {
  EXPECT_EQ(Check(CheckResult::kPass, TwoCutsThreeClearances(), {}), "EVIDENCE_MISSING OWN_PHOTO");
  EXPECT_EQ(Check(CheckResult::kPass, TwoCutsThreeClearances(), Photos({Kind::kDocument})),
            "EVIDENCE_MISSING OWN_PHOTO");
  EXPECT_EQ(Check(CheckResult::kPass, TwoCutsThreeClearances(), Photos({Kind::kNear}), {"media/0"}),
            "EVIDENCE_MISSING OWN_PHOTO");
  EXPECT_EQ(Check(CheckResult::kPass, TwoCutsThreeClearances(), Photos({Kind::kNear}),
                  {"media/SSP_CLOSUREWATER_CUT"}),
            "EVIDENCE_MISSING OWN_PHOTO");
}

TEST(CheckConditions, WantAPhotoOfWhatRemainsForAFail) {
  EXPECT_EQ(Check(CheckResult::kFail, {}, Photos({Kind::kNear})), "EVIDENCE_MISSING REMAINS");
  EXPECT_EQ(Check(CheckResult::kFail, {}, Photos({Kind::kRemains})), "");
}

TEST(CheckConditions, WantNothingForUnableAndAResultForEverything) {
  EXPECT_EQ(Check(CheckResult::kUnable, {}, {}), "");
  EXPECT_EQ(Check(CheckResult::kUnspecified, {}, {}), "INVALID_FIELD");
}

TEST(Evidence, OfAStaffFindHasAPhoto) {
  EXPECT_EQ(Unmet(SubmitEvidence(Channel::kPatrol, {})), "EVIDENCE_MISSING PHOTO");
  EXPECT_EQ(Unmet(SubmitEvidence(Channel::kPatrol, Photos({Kind::kDocument}))), "EVIDENCE_MISSING PHOTO");
  EXPECT_EQ(Unmet(SubmitEvidence(Channel::kPatrol, Photos({Kind::kNear}))), "");
  EXPECT_EQ(Unmet(SubmitEvidence(Channel::kPublic, {})), "");
}

TEST(Evidence, OfAnOnsiteCheckFollowsItsResult) {
  EXPECT_EQ(Unmet(OnsiteEvidence(OnsiteResult::kExists, Photos({Kind::kNear}))), "EVIDENCE_MISSING FAR");
  EXPECT_EQ(Unmet(OnsiteEvidence(OnsiteResult::kExists, Photos({Kind::kNear, Kind::kFar}))), "");
  EXPECT_EQ(Unmet(OnsiteEvidence(OnsiteResult::kAbsent, Photos({Kind::kNear}))), "EVIDENCE_MISSING ABSENCE");
  EXPECT_EQ(Unmet(OnsiteEvidence(OnsiteResult::kAbsent, Photos({Kind::kAbsence}))), "");
  EXPECT_EQ(Unmet(OnsiteEvidence(OnsiteResult::kUnable, {})), "");
  EXPECT_EQ(Unmet(OnsiteEvidence(OnsiteResult::kUnspecified, {})), "INVALID_FIELD");
}

TEST(Evidence, OfARecheckFollowsItsResult) {
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kHeld, {})), "EVIDENCE_MISSING PHOTO");
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kRebounded, {})), "EVIDENCE_MISSING PHOTO");
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kHeld, Photos({Kind::kNear}))), "");
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kNotObservable, {})), "");
  EXPECT_EQ(Unmet(RecheckEvidence(RecheckResult::kUnspecified, {})), "INVALID_FIELD");
}

std::string Refused(std::vector<Answer> answers) {
  const auto status = ValidateAnswers(Rules(), answers, "request.answers");
  if (status.ok()) return "";
  const auto facts = FactsOf(status);
  return facts->reason + " " + facts->fields.at(0).field;
}

TEST(ValidateAnswers, RefusesItemsThatNoChecklistHas) {
  EXPECT_EQ(Refused({{"SSP_CLOSURE", "WATER_CUT", "yes", {}}, {"SSP_CLOSURE", "NOPE", "yes", {}}}),
            "CHECKLIST_ITEM_UNKNOWN request.answers[1].item");
  EXPECT_EQ(Refused({{"NOPE", "WATER_CUT", "yes", {}}}), "CHECKLIST_ITEM_UNKNOWN request.answers[0].item");
}

TEST(ValidateAnswers, RefusesTwoAnswersToOneItem) {
  EXPECT_EQ(Refused({{"SSP_CLOSURE", "WATER_CUT", "yes", {}}, {"SSP_CLOSURE", "WATER_CUT", "no", {}}}),
            "INVALID_FIELD request.answers[1].item");
}

TEST(ValidateAnswers, WantsAValueOfTheItemsKind) {
  const std::string bad = "INVALID_FIELD request.answers[0].value";
  EXPECT_EQ(Refused({{"SSP_CLOSURE", "WATER_CUT", "maybe", {}}}), bad);
  EXPECT_EQ(Refused({{"SSP_CLOSURE", "WATER_CUT", "", {}}}), bad);
  EXPECT_EQ(Refused({{"STRAW_FIRE_POINT", "COUNT", "three", {}}}), bad);
  EXPECT_EQ(Refused({{"STRAW_FIRE_POINT", "COUNT", "3", {}}}), "");
  EXPECT_EQ(Refused({{"STRAW_FIRE_POINT", "MATERIAL", "stone", {}}}), bad);
  EXPECT_EQ(Refused({{"STRAW_FIRE_POINT", "MATERIAL", "straw", {}}}), "");
  EXPECT_EQ(Refused({{"SSP_CLOSURE", "STORED_UNTIL", "soon", {}}}), bad);
  EXPECT_EQ(Refused({{"SSP_CLOSURE", "STORED_UNTIL", "2026-02-30", {}}}), bad);
  EXPECT_EQ(Refused({{"SSP_CLOSURE", "STORED_UNTIL", "2026-12-31", {}}}), "");
  EXPECT_EQ(Refused({{"STRAW_FIRE_POINT", "FOUND_AT", "2026-10-03T02:05:00", {}}}), "");
  EXPECT_EQ(Refused({{"STRAW_FIRE_POINT", "RESPONSIBLE", std::string(2001, 'x'), {}}}), bad);
}

}  // namespace
}  // namespace gridwarden::domain
