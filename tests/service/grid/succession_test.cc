#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "grid/grid_proto.h"
#include "gridwarden/report/v1/report_service.pb.h"
#include "service/grid/grid_fixture.h"

// Lists of two years, what becomes of the ground between them, and who decides where nobody should guess.
namespace gridwarden::grid {
namespace {

constexpr char kLevels2020[] =
    "level,code,name,parent_code\n2,9901,试验市,\n3,990102,东县,9901\n4,990102100,城关镇,990102\n4,990102107,"
    "郭楼镇,990102\n"
    "4,990102108,柳林乡,990102\n";
constexpr char kVillages2020[] =
    "code,name,township_code,county_code,city_code\n"
    "990102100200,前王村民委员会,990102100,990102,9901\n990102100201,后李村民委员会,990102100,990102,9901\n"
    "990102100202,高湾村民委员会,990102100,990102,9901\n990102100203,泰山村民委员会,990102100,990102,9901\n"
    "990102100204,北大吴村民委员会,990102100,990102,9901\n990102100205,文楼村民委员会,990102100,990102,9901\n"
    "990102107200,戚坡村民委员会,990102107,990102,9901\n990102107201,宋海村民委员会,990102107,990102,9901\n"
    "990102108200,柳林村民委员会,990102108,990102,9901\n";
// 郭楼镇 is a 街道 with another code now, 南湖街道 is new.
constexpr char kLevels2023[] =
    "level,code,name,parent_code\n2,9901,试验市,\n3,990102,东县,9901\n4,990102100,城关镇,990102\n4,990102004,"
    "郭楼街道,990102\n"
    "4,990102108,柳林镇,990102\n4,990102400,南湖街道,990102\n";
constexpr char kVillages2023[] =
    "code,name,township_code,county_code,city_code\n"
    "990102100200,前王社区居委会,990102100,990102,9901\n"    // renamed
    "990102100201,后李村民委员会,990102100,990102,9901\n"    // the same
    "990102400200,高湾村民委员会,990102400,990102,9901\n"    // moved to the new street
    "990102100009,泰山庙社区居委会,990102100,990102,9901\n"  // 泰山? nobody knows
    "990102100204,清河社区居委会,990102100,990102,9901\n"    // the code of 北大吴
    "990102100005,文楼社区居委会,990102100,990102,9901\n"    // another code and name
    "990102004200,戚坡村民委员会,990102004,990102,9901\n990102004201,宋海村民委员会,990102004,990102,9901\n"
    "990102108200,柳林村民委员会,990102108,990102,9901\n";

class SuccessionTest : public EmptyGridTest {
 protected:
  void Import2020() {
    ASSERT_EQ(Import("ImportDivisions", kLevels2020, false, {}, "2020-06-30")->rows_refused(), 0);
    ASSERT_EQ(Import("ImportDivisions", kVillages2020, false, {}, "2020-06-30")->created(), 9);
  }
  type::v1::ImportReport Import2023(bool dry_run = false) {
    auto levels = Import("ImportDivisions", kLevels2023, dry_run);
    EXPECT_TRUE(levels.ok()) << levels.status();
    auto villages = Import("ImportDivisions", kVillages2023, dry_run);
    EXPECT_TRUE(villages.ok()) << villages.status();
    EXPECT_EQ(levels->rows_refused() + villages->rows_refused(), 0) << villages->ShortDebugString();
    levels_ = *levels;
    return *villages;
  }
  v1::Division Get(const std::string& spelling) {
    v1::GetDivisionRequest get;
    get.set_name(spelling);
    const auto found = Call<v1::Division>(Admin(), "GetDivision", get);
    EXPECT_TRUE(found.ok()) << spelling << " " << found.status();
    return found.value_or(v1::Division());
  }
  std::vector<v1::DivisionProposal> Proposals(
      v1::DivisionProposal::State state = v1::DivisionProposal::OPEN) {
    v1::ListDivisionProposalsRequest request;
    request.set_state(state);
    request.set_page_size(1);  // pages are followed as well
    std::vector<v1::DivisionProposal> all;
    do {
      const auto page = Call<v1::ListDivisionProposalsResponse>(Admin(), "ListDivisionProposals", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      all.insert(all.end(), page->proposals().begin(), page->proposals().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  v1::DivisionProposal ProposalOf(const std::string& display_name) {
    for (const v1::DivisionProposal& proposal : Proposals()) {
      if (proposal.division_display_name() == display_name) return proposal;
    }
    ADD_FAILURE() << "no proposal about " << display_name;
    return {};
  }
  v1::DecideDivisionProposalRequest Decide(const v1::DivisionProposal& proposal, int candidate) {
    v1::DecideDivisionProposalRequest request;
    request.set_request_id(NewId());
    request.set_name(proposal.name());
    request.set_candidate(candidate);
    request.set_document_no("豫民〔2023〕9号");
    return request;
  }
  absl::StatusOr<v1::DecideDivisionProposalResponse> Send(const v1::DecideDivisionProposalRequest& request) {
    return Call<v1::DecideDivisionProposalResponse>(Admin(), "DecideDivisionProposal", request);
  }
  // Everything that must not change when nothing changes.
  std::string State() {
    return database_.Ask(
        "SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM division), (SELECT COUNT(*) FROM division_code), "
        "(SELECT COUNT(*) "
        "FROM division_placement), (SELECT COUNT(*) FROM division_name), (SELECT COUNT(*) FROM "
        "division_lineage), "
        "(SELECT COUNT(*) FROM division_proposal), (SELECT COUNT(*) FROM post), (SELECT revision FROM "
        "grid_revision))");
  }
  type::v1::ImportReport levels_;  // of Import2023
};

TEST_F(SuccessionTest, ALaterListBecomesLineageAndNothingIsStoredTwice) {
  Import2020();
  const std::string guolou = Get("990102107").name(), qipo = Get("990102107200").name(),
                    gaowan = Get("990102100202").name();
  const auto report = Import2023();
  EXPECT_EQ(levels_.division_changes().recoded(), 1);
  EXPECT_EQ(levels_.division_changes().renamed(), 2) << "郭楼, 柳林";
  EXPECT_EQ(levels_.division_changes().created(), 1) << "南湖街道";
  EXPECT_EQ(report.division_changes().renamed(), 2) << report.ShortDebugString();
  EXPECT_EQ(report.division_changes().recoded(), 2)
      << "高湾 with its move, 文楼; the villages of 郭楼 followed it";
  EXPECT_EQ(report.division_changes().moved(), 1);
  EXPECT_EQ(report.division_changes().created(), 1) << "泰山庙";
  EXPECT_EQ(report.division_changes().proposals(), 3);
  EXPECT_EQ(Get("990102004").name(), guolou);
  EXPECT_EQ(Get("990102004200").name(), qipo) << "with all its villages";
  EXPECT_EQ(Get("code:990102107@2021-01-01").name(), guolou) << "the old code on its day";
  EXPECT_EQ(Get("990102400200").name(), gaowan);
  EXPECT_EQ(Get(gaowan).path(), "试验市/东县/南湖街道/高湾村民委员会");
  EXPECT_EQ(Get(gaowan).placements_size(), 3) << "as was thought, as it was until then, as it is since";
  v1::ListLineagesRequest list;
  list.set_division("990102107");  // given up
  const auto lineages = Call<v1::ListLineagesResponse>(Office(City().city), "ListLineages", list);
  ASSERT_TRUE(lineages.ok()) << lineages.status();
  EXPECT_EQ(lineages->division().name(), guolou);
  ASSERT_EQ(lineages->lineages_size(), 2) << "another code and another name";
  for (const auto& line : lineages->lineages()) {
    const bool recode = line.lineage().kind() == v1::Lineage::RECODE;
    EXPECT_EQ(line.from_display_name(), recode ? "990102107 郭楼镇" : "郭楼镇");
    EXPECT_EQ(line.to_display_name(), recode ? "990102004 郭楼街道" : "郭楼街道");
  }
  list.set_division(gaowan);
  EXPECT_EQ(Call<v1::ListLineagesResponse>(Admin(), "ListLineages", list)->lineages(0).from_display_name(),
            "城关镇/高湾村民委员会");
  EXPECT_EQ(Get("990102108").former_names(0).display_name(), "柳林乡");
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM division"), "16") << "14 and the two that are new";
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM (SELECT code FROM division_code WHERE valid_to_us IS NULL "
                          "GROUP BY code HAVING "
                          "COUNT(*) > 1) twice"),
            "0");
  EXPECT_EQ(Get("990102100204").display_name(), "北大吴村民委员会") << "its name waits for a decision";
  EXPECT_EQ(Get("990102100203").display_name(), "泰山村民委员会") << "what vanished lives on";
}

TEST_F(SuccessionTest, TheSameListsAgainChangeNothing) {
  Import2020();
  Import2023();
  const std::string before = State();
  const auto again = Import2023();
  EXPECT_EQ(State(), before);
  EXPECT_EQ(again.created() + again.updated(), 0);
  EXPECT_EQ(again.division_changes().proposals(), 0);
  for (const v1::DivisionProposal& proposal : Proposals()) ASSERT_TRUE(Send(Decide(proposal, 0)).ok());
  const std::string decided = State();
  Import2023();
  EXPECT_EQ(State(), decided) << "what was dismissed is not asked again of the same list";
  EXPECT_TRUE(Proposals().empty());
}

TEST_F(SuccessionTest, ADryRunSaysTheSameAndStoresNothing) {
  Import2020();
  const std::string before = State();
  const auto tried = Import("ImportDivisions", kLevels2023, /*dry_run=*/true);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(State(), before);
  EXPECT_EQ(tried->division_changes().recoded(), 1);
  bool told = false;
  for (const type::v1::DivisionChanges::Line& line : tried->division_changes().lines())
    told =
        told || (line.old_code() == "990102107" && line.old_display_name() == "郭楼镇" &&
                 line.code() == "990102004" && line.display_name() == "郭楼街道" && line.parent() == "东县");
  EXPECT_TRUE(told) << tried->ShortDebugString();
  const auto stored = Import("ImportDivisions", kLevels2023);
  EXPECT_EQ(stored->division_changes().ShortDebugString(), tried->division_changes().ShortDebugString());
}

TEST_F(SuccessionTest, AnOlderListAfterANewerOneIsRefused) {
  Import2020();
  Import2023();
  const std::string before = State();
  const auto older = Import("ImportDivisions", kVillages2020, false, {}, "2021-06-30");
  ASSERT_TRUE(older.ok()) << older.status();
  EXPECT_GT(older->rows_refused(), 0);
  EXPECT_EQ(State(), before);
  bool said = false;
  for (const type::v1::RowProblem& problem : older->problems())
    said = said || problem.column() == "as_of_date";
  EXPECT_TRUE(said) << older->ShortDebugString();
}

TEST_F(SuccessionTest, AVanishedVillageIsMergedWhenAnAdministratorSaysSo) {
  Import2020();
  Import2023();
  const v1::DivisionProposal proposal = ProposalOf("泰山村民委员会");
  EXPECT_EQ(proposal.kind(), v1::DivisionProposal::VANISHED);
  ASSERT_GE(proposal.candidates_size(), 2);
  EXPECT_EQ(proposal.candidates(0).other_display_name(), "试验市/东县/城关镇/泰山庙社区居委会");
  EXPECT_GT(proposal.candidates(0).confidence(), 0.5);
  v1::DecideDivisionProposalRequest request = Decide(proposal, 1);
  request.set_dry_run(true);
  const std::string before = State();
  ASSERT_TRUE(Send(request).ok());
  EXPECT_EQ(State(), before);
  request.set_dry_run(false);
  const auto decided = Send(request);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->proposal().state(), v1::DivisionProposal::ACCEPTED);
  ASSERT_EQ(decided->reorganisation().lineages_size(), 1);
  EXPECT_EQ(decided->reorganisation().lineages(0).kind(), v1::Lineage::MERGE);
  EXPECT_EQ(decided->reorganisation().lineages(0).document_no(), "豫民〔2023〕9号");
  EXPECT_EQ(decided->reorganisation().posts_size(), 4) << "its posts end";
  EXPECT_EQ(Send(request)->ShortDebugString(), decided->ShortDebugString()) << "the same request twice";
  request.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Send(request).status()), "ILLEGAL_TRANSITION");
  for (const v1::DivisionProposal& open : Proposals())
    EXPECT_NE(open.division_display_name(), "泰山庙社区居委会") << "answered as well";
}

TEST_F(SuccessionTest, ACodeUsedAgainEndsTheOldDivisionAndBeginsAnother) {
  Import2020();
  Import2023();
  const v1::DivisionProposal proposal = ProposalOf("北大吴村民委员会");
  EXPECT_EQ(proposal.kind(), v1::DivisionProposal::RENAMED_OR_REPLACED);
  EXPECT_EQ(proposal.listed_display_name(), "清河社区居委会");
  ASSERT_EQ(proposal.candidates_size(), 2);
  EXPECT_EQ(proposal.candidates(1).kind(), v1::Lineage::ABOLISH);
  ASSERT_TRUE(Send(Decide(proposal, 2)).ok());
  EXPECT_NE(Get("990102100204").name(), proposal.division());
  EXPECT_EQ(Get("990102100204").display_name(), "清河社区居委会");
  EXPECT_EQ(Get("code:990102100204@2021-01-01").name(), proposal.division());
  EXPECT_TRUE(Get(proposal.division()).has_valid_to());
  const std::string after = State();
  Import2023();
  EXPECT_EQ(State(), after);
}

TEST_F(SuccessionTest, ARenameIsAccepted) {
  Import2020();
  Import2023();
  const v1::DivisionProposal proposal = ProposalOf("北大吴村民委员会");
  ASSERT_TRUE(Send(Decide(proposal, 1)).ok());
  EXPECT_EQ(Get("990102100204").name(), proposal.division());
  EXPECT_EQ(Get("990102100204").display_name(), "清河社区居委会");
  EXPECT_EQ(Get("990102100204").former_names(0).display_name(), "北大吴村民委员会");
}

TEST_F(SuccessionTest, DecisionsAreRefusedInPlainWords) {
  Import2020();
  Import2023();
  const v1::DivisionProposal proposal = ProposalOf("泰山村民委员会");
  EXPECT_EQ(ReasonOf(Call<v1::DecideDivisionProposalResponse>(Office(City().city), "DecideDivisionProposal",
                                                              Decide(proposal, 0))
                         .status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Send(Decide(proposal, 99)).status()), "INVALID_FIELD");
  v1::DecideDivisionProposalRequest request = Decide(proposal, 1);
  request.clear_document_no();
  EXPECT_EQ(ReasonOf(Send(request).status()), "INVALID_FIELD");
  request = Decide(proposal, 0);
  request.clear_name();
  EXPECT_EQ(ReasonOf(Send(request).status()), "REQUIRED_FIELD_MISSING");
  request = Decide(proposal, 0);
  request.set_name("divisionProposals/" + NewId());
  EXPECT_EQ(ReasonOf(Send(request).status()), "NOT_FOUND");
  request = Decide(proposal, 0);
  request.set_etag("7");
  EXPECT_EQ(ReasonOf(Send(request).status()), "ETAG_MISMATCH");
  request.set_etag(proposal.etag());
  ASSERT_TRUE(Send(request).ok());
  request.set_candidate(1);
  EXPECT_EQ(ReasonOf(Send(request).status()), "REQUEST_ID_REUSED");
}

TEST_F(SuccessionTest, TheListsOfZhumadianBecomeLineage) {
  const std::string levels2020 = SharedFile("divisions/zhumadian_2020_levels1-4.csv");
  if (levels2020.empty()) return;  // the made-up lists above stand in where the real data is not at hand
  ASSERT_TRUE(Import("ImportDivisions", levels2020, false, {}, "2020-06-30").ok());
  ASSERT_EQ(
      Import("ImportDivisions", SharedFile("divisions/zhumadian_2020_villages.csv"), false, {}, "2020-06-30")
          ->created(),
      2897);
  const std::string guolou = Get("411723107").name(), zhangzhuang = Get("411729205204").name();
  const absl::Time start = absl::Now();
  const auto levels = Import("ImportDivisions", SharedFile("divisions/henan_2023_levels1-4.csv"));
  ASSERT_TRUE(levels.ok()) << levels.status();
  EXPECT_EQ(levels->rows_refused(), 0) << levels->ShortDebugString().substr(0, 1000);
  const auto villages = Import("ImportDivisions", SharedFile("divisions/zhumadian_2023_villages.csv"));
  ASSERT_TRUE(villages.ok()) << villages.status();
  const type::v1::DivisionChanges& up = levels->division_changes();
  const type::v1::DivisionChanges& down = villages->division_changes();
  std::printf(
      "2020 -> 2023: townships: %d new, %d renamed, %d re-coded, %d moved, %d proposals; villages: %d new, "
      "%d renamed, %d "
      "re-coded, %d moved, %d proposals; %.1f s\n",
      up.created(), up.renamed(), up.recoded(), up.moved(), up.proposals(), down.created(), down.renamed(),
      down.recoded(), down.moved(), down.proposals(), absl::ToDoubleSeconds(absl::Now() - start));
  EXPECT_EQ(up.proposals(), 3)
      << "吕河乡 or 闾河乡, the park of 平舆, where the ground of 南湖街道 comes from";
  EXPECT_EQ(up.recoded(), 1) << "411723107 -> 411723004";
  EXPECT_EQ(Get("411723004").name(), guolou);
  EXPECT_EQ(Get("411729400202").name(), zhangzhuang) << "moved to 南湖街道 with its neighbours";
  EXPECT_EQ(down.moved(), 8);
  EXPECT_EQ(down.created(), 16)
      << "of 46 codes that are new, 9 followed 郭楼, 13 are villages that became communities, 8 moved";
  EXPECT_EQ(down.proposals(), 32);
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM (SELECT code FROM division_code WHERE valid_to_us IS NULL "
                          "GROUP BY code HAVING "
                          "COUNT(*) > 1) twice"),
            "0");
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM division WHERE level = 5"), std::to_string(2897 + 16))
      << "nothing twice, nothing lost";
  const std::string before = State();
  EXPECT_EQ(Import("ImportDivisions", SharedFile("divisions/henan_2023_levels1-4.csv"))->updated(), 0);
  EXPECT_EQ(Import("ImportDivisions", SharedFile("divisions/zhumadian_2023_villages.csv"))->updated(), 0);
  EXPECT_EQ(State(), before);
}

}  // namespace
}  // namespace gridwarden::grid
