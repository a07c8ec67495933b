#include <map>

#include "absl/strings/str_cat.h"
#include "grid/grid_proto.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/report/v1/report_service.pb.h"
#include "service/grid/grid_fixture.h"

// Divisions that are merged, split, renamed, moved and abolished; what is taken back; who hands over to whom.
namespace gridwarden::grid {
namespace {

using domain::PostKind;

class ReorganiseTest : public GridTest {
 protected:
  ReorganiseTest() {
    // Stand-ins of the areas that know what is open.
    server_->registry().Add<report::v1::GetBoardRequest, report::v1::Board>(
        "gridwarden.report.v1.ReportService/GetBoard",
        [](const rpc::Call&, const report::v1::GetBoardRequest&) {
          report::v1::Board board;
          board.set_log_index(77);
          board.mutable_total()->set_open(2);
          return absl::StatusOr<report::v1::Board>(board);
        });
    server_->registry().Add<casework::v1::ListCasesRequest, casework::v1::ListCasesResponse>(
        "gridwarden.casework.v1.CaseworkService/ListCases",
        [this](const rpc::Call&, const casework::v1::ListCasesRequest&) {
          casework::v1::ListCasesResponse response;
          for (const char* case_no : {"990102-2026-000001", "990102-2026-000002"}) {
            casework::v1::Case& c = *response.add_cases();
            c.set_case_no(case_no);
            c.set_handler(handler_);
            handler_.clear();
          }
          return absl::StatusOr<casework::v1::ListCasesResponse>(response);
        });
  }

  static std::string Name(const Uuid& division) { return ResourceName("divisions", division); }
  const absl::Time effective_ = absl::FromCivil(absl::CivilDay(2026, 6, 1), BeijingTime());

  static v1::DivisionOperation Operation(v1::Lineage::Kind kind, const Uuid& division,
                                         const std::string& to = "") {
    v1::DivisionOperation operation;
    operation.set_kind(kind);
    operation.set_division(Name(division));
    operation.set_to(to);
    return operation;
  }
  v1::ReorganiseDivisionsRequest Request(const std::vector<v1::DivisionOperation>& operations) {
    v1::ReorganiseDivisionsRequest request;
    request.set_request_id(NewId());
    for (const v1::DivisionOperation& operation : operations) *request.add_operations() = operation;
    *request.mutable_effective_time() = ToProto(effective_);
    request.set_document_no("测政〔2026〕12号");
    return request;
  }
  absl::StatusOr<v1::Reorganisation> Send(const v1::ReorganiseDivisionsRequest& request) {
    return Call<v1::Reorganisation>(Admin(), "ReorganiseDivisions", request);
  }
  absl::StatusOr<v1::Reorganisation> Withdraw(const v1::Reorganisation& wrong, const std::string& etag = "") {
    v1::CorrectReorganisationRequest request;
    request.set_request_id(NewId());
    for (const v1::Lineage& lineage : wrong.lineages()) request.add_lineages(lineage.name());
    request.set_etag(etag);
    return Call<v1::Reorganisation>(Admin(), "CorrectReorganisation", request);
  }
  v1::Division Get(const Uuid& id) {
    v1::GetDivisionRequest get;
    get.set_name(Name(id));
    return Call<v1::Division>(Admin(), "GetDivision", get).value_or(v1::Division());
  }
  // Who leads the township's chain at a village, and where, as of `at` and known at `known`.
  std::string Chain(const Uuid& village, absl::Time at, absl::Time known) {
    v1::ResolveResponsibleRequest request;
    request.set_division(Name(village));
    *request.mutable_event_time() = ToProto(at);
    *request.mutable_known_at() = ToProto(known);
    const auto answer = Call<v1::ResolveResponsibleResponse>(Admin(), "ResolveResponsible", request);
    if (!answer.ok()) return std::string(answer.status().message());
    std::string text;
    for (const v1::ResponsibleLink& link : answer->chain()) {
      if (link.post_kind() == v1::Post::GRID_LEADER)
        absl::StrAppend(&text, link.division(), "=", link.vacant() ? "vacant" : link.person(), " ");
    }
    return text;
  }
  std::string State() {
    return database_.Ask(
        "SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM division), (SELECT COUNT(*) FROM division_placement), "
        "(SELECT "
        "COUNT(*) FROM division_lineage), (SELECT COUNT(*) FROM tenure), (SELECT COUNT(*) FROM post), "
        "(SELECT revision "
        "FROM grid_revision), (SELECT COUNT(*) FROM journal_stage), (SELECT COUNT(*) FROM op_receipt))");
  }

  const Uuid county_ = City().counties[0];
  const Uuid from_ = City().townships[0][0], to_ = City().townships[0][1], third_ = City().townships[0][2];
  std::string handler_;  // of the next case the stand-in answers
};

TEST_F(ReorganiseTest, MergedTownshipsTakeTheirVillagesAlongAndTheirTenuresEnd) {
  const Uuid village = City().villages[0][0][0];
  const std::string before = Chain(village, effective_ - absl::Hours(1), Now());
  const std::string thought = Chain(village, effective_ + absl::Hours(1), Now());
  const absl::Time just_before = Now();
  server_->clock().Advance(absl::Seconds(5));
  v1::ReorganiseDivisionsRequest request = Request({Operation(v1::Lineage::MERGE, from_, Name(to_))});
  request.set_dry_run(true);
  const std::string state = State();
  const auto tried = Send(request);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(State(), state);
  EXPECT_TRUE(tried->dry_run());
  EXPECT_EQ(tried->lineages_size(), 5) << "the merge and four villages that move";
  EXPECT_EQ(tried->divisions_size(), 5);
  EXPECT_EQ(tried->open_work().cases_open(), 2);
  EXPECT_EQ(tried->open_work().log_index(), 77u);
  EXPECT_EQ(tried->open_work().case_nos_size(), 2);
  EXPECT_FALSE(tried->open_work().has_sources()) << "nobody could be asked";
  int held = 0;
  for (const v1::Reorganisation::AffectedPost& post : tried->posts()) {
    EXPECT_TRUE(post.ends());
    if (post.has_tenure()) {
      EXPECT_EQ(post.tenure().valid_to().seconds(), absl::ToUnixSeconds(effective_));
      EXPECT_FALSE(post.person_display_name().empty());
      ++held;
    }
  }
  EXPECT_GT(held, 0);
  request.set_dry_run(false);
  request.set_request_id(NewId());
  const auto merged = Send(request);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(merged->posts_size(), tried->posts_size());
  EXPECT_TRUE(Get(from_).has_valid_to());
  EXPECT_EQ(Get(village).parent(), Name(to_));
  // Before the merger and as known before it was recorded nothing is different.
  EXPECT_EQ(Chain(village, effective_ - absl::Hours(1), Now()), before);
  EXPECT_EQ(Chain(village, effective_ + absl::Hours(1), just_before), thought);
  EXPECT_NE(Chain(village, effective_ + absl::Hours(1), Now()).find(Name(to_)), std::string::npos);
  EXPECT_EQ(Chain(village, effective_ + absl::Hours(1), Now()).find(Name(from_)), std::string::npos);
  // Nobody is put on ground that is gone.
  v1::RecordTenureRequest record;
  record.set_request_id(NewId());
  record.mutable_tenure()->set_post(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, from_).id));
  record.mutable_tenure()->set_person(
      ResourceName("persons", City().PersonIn(PostKind::kGridOfficer, village)));
  record.mutable_tenure()->set_kind(v1::Tenure::FORMAL);
  *record.mutable_tenure()->mutable_valid_from() = ToProto(effective_ + absl::Hours(24));
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "RecordTenure", record).status()), "INVALID_FIELD");
  v1::CreatePostRequest create;
  create.set_request_id(NewId());
  create.mutable_post()->set_kind(v1::Post::ROAD_CHIEF);
  create.mutable_post()->set_division(Name(from_));
  EXPECT_EQ(ReasonOf(Call<v1::Post>(Admin(), "CreatePost", create).status()), "INVALID_FIELD");
}

TEST_F(ReorganiseTest, ATakenBackMergerNeverWasAndWhatWasKnownInBetweenStaysAnswerable) {
  const Uuid village = City().villages[0][0][0];
  const absl::Time after = effective_ + absl::Hours(1);
  const std::string before = Chain(village, after, Now());
  server_->clock().Advance(absl::Seconds(5));
  const auto merged = Send(Request({Operation(v1::Lineage::MERGE, from_, Name(to_))}));
  ASSERT_TRUE(merged.ok()) << merged.status();
  const absl::Time between = Now();
  const std::string wrong = Chain(village, after, between);
  server_->clock().Advance(absl::Seconds(5));
  v1::Reorganisation only_the_merge;
  *only_the_merge.add_lineages() = merged->lineages(0);
  for (const v1::Lineage& lineage : merged->lineages()) {
    if (lineage.kind() == v1::Lineage::MERGE) *only_the_merge.mutable_lineages(0) = lineage;
  }
  EXPECT_EQ(ReasonOf(Withdraw(only_the_merge, "1").status()), "ETAG_MISMATCH");
  const auto back = Withdraw(only_the_merge);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->lineages_size(), 5) << "the villages come back with it";
  for (const v1::Lineage& lineage : back->lineages()) EXPECT_TRUE(lineage.has_revoked_time());
  EXPECT_FALSE(Get(from_).has_valid_to());
  EXPECT_EQ(Get(village).parent(), Name(from_));
  EXPECT_EQ(Chain(village, after, Now()), before) << "the holders go on as if nothing had happened";
  EXPECT_EQ(Chain(village, after, between), wrong);
  EXPECT_EQ(ReasonOf(Withdraw(only_the_merge).status()), "ILLEGAL_TRANSITION");
  // And once more the other way.
  server_->clock().Advance(absl::Seconds(5));
  EXPECT_TRUE(Send(Request({Operation(v1::Lineage::MERGE, from_, Name(third_))})).ok());
  EXPECT_EQ(Get(village).parent(), Name(third_));
}

// The head of the answer named the new county above a chain of the old one.
TEST_F(ReorganiseTest, AnAnswerAboutAnEarlierDayNamesThePlaceAsItStoodThen) {
  const Uuid village = City().villages[0][0][0];
  const std::string before = Get(village).path();
  ASSERT_TRUE(Send(Request({Operation(v1::Lineage::MOVE, village, Name(third_))})).ok());
  const std::string after = Get(village).path();
  EXPECT_NE(after, before);
  for (const auto& [at, path] :
       {std::pair(effective_ - absl::Hours(1), before), std::pair(effective_ + absl::Hours(1), after)}) {
    v1::ResolveResponsibleRequest request;
    request.set_division(Name(village));
    *request.mutable_event_time() = ToProto(at);
    const auto answer = Call<v1::ResolveResponsibleResponse>(Admin(), "ResolveResponsible", request);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->division().path(), path);
  }
}

TEST_F(ReorganiseTest, WithdrawingIsRefusedWhenSomethingBuildsOnIt) {
  const auto merged = Send(Request({Operation(v1::Lineage::MERGE, from_, Name(to_))}));
  ASSERT_TRUE(merged.ok()) << merged.status();
  server_->clock().Advance(absl::Seconds(5));
  v1::ReorganiseDivisionsRequest later =
      Request({Operation(v1::Lineage::MOVE, City().villages[0][0][0], Name(third_))});
  *later.mutable_effective_time() = ToProto(effective_ + absl::Hours(48));
  ASSERT_TRUE(Send(later).ok());
  const std::string state = State();
  EXPECT_EQ(ReasonOf(Withdraw(*merged).status()), "GROUND_CHANGED_SINCE");
  EXPECT_EQ(State(), state);
  v1::CorrectReorganisationRequest request;
  EXPECT_EQ(ReasonOf(Call<v1::Reorganisation>(Admin(), "CorrectReorganisation", request).status()),
            "REQUIRED_FIELD_MISSING");
  request.set_request_id(NewId());
  request.add_lineages("lineages/" + NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Reorganisation>(Admin(), "CorrectReorganisation", request).status()),
            "NOT_FOUND");
  EXPECT_EQ(
      ReasonOf(Call<v1::Reorganisation>(Office(City().city), "CorrectReorganisation", request).status()),
      "NOT_ALLOWED");
}

TEST_F(ReorganiseTest, TwoTownshipsBecomeANewOneAndTwoAgain) {
  v1::DivisionOperation first = Operation(v1::Lineage::MERGE, from_);
  first.set_display_name("合新街道");
  first.set_code("990101500");
  const std::string before = Chain(City().villages[0][1][0], effective_ + absl::Hours(1), Now());
  server_->clock().Advance(absl::Seconds(5));
  const auto done = Send(Request({first, Operation(v1::Lineage::MERGE, to_, "code:990101500")}));
  ASSERT_TRUE(done.ok()) << done.status();
  for (const Uuid& village : {City().villages[0][0][0], City().villages[0][1][0]})
    EXPECT_EQ(Get(village).path(), Get(county_).path() + "/合新街道/" + Get(village).display_name());
  EXPECT_TRUE(Get(from_).has_valid_to() && Get(to_).has_valid_to());
  server_->clock().Advance(absl::Seconds(5));
  v1::Reorganisation merges;
  for (const v1::Lineage& lineage : done->lineages()) {
    if (lineage.kind() == v1::Lineage::MERGE) *merges.add_lineages() = lineage;
  }
  ASSERT_EQ(merges.lineages_size(), 2);
  const auto back = Withdraw(merges);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Get(City().villages[0][0][0]).parent(), Name(from_));
  EXPECT_EQ(Get(City().villages[0][1][0]).parent(), Name(to_));
  EXPECT_EQ(Chain(City().villages[0][1][0], effective_ + absl::Hours(1), Now()), before);
  v1::ListDivisionsRequest list;
  list.set_parent(Name(county_));
  const auto standing = Call<v1::ListDivisionsResponse>(Admin(), "ListDivisions", list);
  ASSERT_TRUE(standing.ok()) << standing.status();
  EXPECT_EQ(standing->divisions_size(), 3);
  for (const v1::Division& division : standing->divisions()) {
    EXPECT_NE(division.display_name(), "合新街道") << "it never was";
  }
}

TEST_F(ReorganiseTest, WithdrawingTwiceWithOneRequestIsOnceAndADryRunLeavesNothing) {
  const auto merged = Send(Request({Operation(v1::Lineage::MERGE, from_, Name(to_))}));
  ASSERT_TRUE(merged.ok()) << merged.status();
  server_->clock().Advance(absl::Seconds(5));
  v1::CorrectReorganisationRequest request;
  request.set_request_id(NewId());
  for (const v1::Lineage& lineage : merged->lineages()) request.add_lineages(lineage.name());
  request.set_dry_run(true);
  const std::string state = State();
  const auto tried = Call<v1::Reorganisation>(Admin(), "CorrectReorganisation", request);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(State(), state);
  request.set_dry_run(false);
  const auto first = Call<v1::Reorganisation>(Admin(), "CorrectReorganisation", request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->divisions_size(), tried->divisions_size());
  const std::string after = State();
  EXPECT_EQ(Call<v1::Reorganisation>(Admin(), "CorrectReorganisation", request)->SerializeAsString(),
            first->SerializeAsString());
  EXPECT_EQ(State(), after);
  request.mutable_lineages()->RemoveLast();
  EXPECT_EQ(ReasonOf(Call<v1::Reorganisation>(Admin(), "CorrectReorganisation", request).status()),
            "REQUEST_ID_REUSED");
}

TEST_F(ReorganiseTest, ASplitMakesANewDivisionThatOtherOperationsNameByItsCode) {
  v1::DivisionOperation split = Operation(v1::Lineage::SPLIT, from_);
  split.set_share(0.4);
  split.set_display_name("南湖街道");
  split.set_code("990101400");
  const Uuid village = City().villages[0][0][1];
  const auto done = Send(Request({split, Operation(v1::Lineage::MOVE, village, "code:990101400")}));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(Get(village).path(), Get(county_).path() + "/南湖街道/" + Get(village).display_name());
  EXPECT_FALSE(Get(from_).has_valid_to());
  int fresh = 0;
  for (const v1::Reorganisation::AffectedPost& post : done->posts()) fresh += !post.ends();
  EXPECT_EQ(fresh, 4) << "vacant posts of the preset";
  // Known from now on, true since then.
  server_->clock().Advance(absl::Seconds(5));
  const auto back = Withdraw(*done);
  ASSERT_TRUE(back.ok()) << back.status();
  v1::GetDivisionRequest get;
  get.set_name("divisions/code:990101400");
  EXPECT_EQ(ReasonOf(Call<v1::Division>(Admin(), "GetDivision", get).status()), "NOT_FOUND")
      << "it never was";
}

TEST_F(ReorganiseTest, ANewCodeTakesTheCodesBelowAlongAndIsTakenBack) {
  const std::string old_code = Get(from_).codes(0).code();
  v1::DivisionOperation recode = Operation(v1::Lineage::RECODE, from_);
  recode.set_code(old_code.substr(0, 6) + "099");
  v1::DivisionOperation rename = Operation(v1::Lineage::RENAME, from_);
  rename.set_display_name("新城街道");
  const auto done = Send(Request({recode, rename}));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(Get(from_).display_name(), "新城街道");
  EXPECT_EQ(Get(City().villages[0][0][0]).codes(1).code().substr(0, 9), old_code.substr(0, 6) + "099");
  server_->clock().Advance(absl::Seconds(5));
  const auto back = Withdraw(*done);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(Get(from_).codes_size(), 1);
  EXPECT_EQ(Get(from_).codes(0).code(), old_code);
  EXPECT_FALSE(Get(from_).codes(0).has_valid_to());
  EXPECT_EQ(Get(City().villages[0][0][0]).codes_size(), 1);
  EXPECT_EQ(Get(from_).former_names_size(), 0);
}

TEST_F(ReorganiseTest, WhatCannotBeIsRefusedAsAWholeAndSaysWhich) {
  const Uuid village = City().villages[0][0][0];
  const std::string state = State();
  v1::DivisionOperation share = Operation(v1::Lineage::SPLIT, from_, Name(to_));
  share.set_share(0.7);
  v1::DivisionOperation code = Operation(v1::Lineage::RECODE, from_);
  code.set_code("12");
  v1::DivisionOperation taken = Operation(v1::Lineage::RECODE, from_);
  taken.set_code(Get(to_).codes(0).code());
  v1::DivisionOperation name = Operation(v1::Lineage::RENAME, from_);
  const std::vector<std::pair<std::vector<v1::DivisionOperation>, std::string>> wrong = {
      {{Operation(v1::Lineage::MERGE, from_, Name(village))}, "operations[0].to"},
      {{Operation(v1::Lineage::MERGE, from_, Name(from_))}, "operations[0].to"},
      {{Operation(v1::Lineage::MOVE, county_, Name(from_))}, "operations[0].to"},
      {{Operation(v1::Lineage::MOVE, village, Name(from_))}, "operations[0].to"},
      {{Operation(v1::Lineage::MERGE, from_, Name(to_)), Operation(v1::Lineage::MERGE, to_, Name(from_))},
       "operations[1].to"},
      {{Operation(v1::Lineage::MERGE, from_, Name(to_)), Operation(v1::Lineage::MERGE, to_, Name(third_))},
       "operations"},
      {{Operation(v1::Lineage::MERGE, from_, Name(to_)), Operation(v1::Lineage::ABOLISH, from_)},
       "operations[1].division"},
      {{Operation(v1::Lineage::ABOLISH, from_)}, "operations"},
      {{share, share}, "operations[1].share"},
      {{code}, "operations[0].code"},
      {{taken}, "operations[0].code"},
      {{name}, "operations[0].display_name"},
      {{Operation(v1::Lineage::KIND_UNSPECIFIED, from_)}, ""},
  };
  for (const auto& [operations, field] : wrong) {
    const absl::Status status = Send(Request(operations)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    if (!field.empty()) {
      ASSERT_TRUE(FactsOf(status).has_value() && !FactsOf(status)->fields.empty()) << status;
      EXPECT_EQ(FactsOf(status)->fields[0].field, field) << status;
    }
  }
  v1::ReorganiseDivisionsRequest request = Request({Operation(v1::Lineage::MERGE, from_, Name(to_))});
  *request.mutable_effective_time() = ToProto(Now() + absl::Hours(240));
  EXPECT_EQ(ReasonOf(Send(request).status()), "INVALID_FIELD") << "not ahead";
  *request.mutable_effective_time() = ToProto(absl::FromCivil(absl::CivilDay(1990, 1, 1), BeijingTime()));
  EXPECT_FALSE(Send(request).ok()) << "it did not exist then";
  EXPECT_EQ(State(), state);
}

TEST_F(ReorganiseTest, RolesFieldsEtagsAndRepeatedRequests) {
  v1::DivisionOperation merge = Operation(v1::Lineage::MERGE, from_, Name(to_));
  v1::ReorganiseDivisionsRequest request = Request({merge});
  for (const std::string& token : {Office(City().city), City().TokenOf(PostKind::kGridLeader, City().city)})
    EXPECT_EQ(ReasonOf(Call<v1::Reorganisation>(token, "ReorganiseDivisions", request).status()),
              "NOT_ALLOWED");
  v1::ReorganiseDivisionsRequest bare = request;
  bare.clear_document_no();
  EXPECT_EQ(ReasonOf(Send(bare).status()), "REQUIRED_FIELD_MISSING");
  bare = request;
  bare.clear_operations();
  EXPECT_EQ(ReasonOf(Send(bare).status()), "REQUIRED_FIELD_MISSING");
  v1::ReorganiseDivisionsRequest stale = request;
  stale.mutable_operations(0)->set_etag("1000000");
  EXPECT_EQ(ReasonOf(Send(stale).status()), "ETAG_MISMATCH");
  request.mutable_operations(0)->set_etag(Get(from_).etag());
  const auto first = Send(request);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string state = State();
  EXPECT_EQ(Send(request)->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(State(), state);
  request.set_document_no("测政〔2026〕13号");
  EXPECT_EQ(ReasonOf(Send(request).status()), "REQUEST_ID_REUSED");
  // It ended: the wrong state. And nothing may be changed before what is recorded of it.
  EXPECT_EQ(ReasonOf(Send(Request({merge})).status()), "INVALID_FIELD");
  v1::ReorganiseDivisionsRequest earlier =
      Request({Operation(v1::Lineage::MOVE, City().villages[0][0][0], Name(third_))});
  *earlier.mutable_effective_time() = ToProto(effective_ - absl::Hours(48));
  EXPECT_EQ(ReasonOf(Send(earlier).status()), "GROUND_CHANGED_SINCE");
}

class HandOverTest : public ReorganiseTest {
 protected:
  const Uuid village_ = City().villages[0][0][0];
  const Uuid leaver_ = City().PersonIn(PostKind::kPatrolOfficer, village_);
  const Uuid successor_ = City().PersonIn(PostKind::kGridOfficer, village_);
  const Uuid post_ = City().PostOf(PostKind::kPatrolOfficer, village_).id;

  v1::HandOverRequest Request() {
    v1::HandOverRequest request;
    request.set_request_id(NewId());
    request.set_from_person(ResourceName("persons", leaver_));
    request.set_to_person(ResourceName("persons", successor_));
    *request.mutable_effective_time() = ToProto(effective_);
    request.set_document_no("测政任〔2026〕3号");
    return request;
  }
  absl::StatusOr<v1::HandOverReceipt> Send(const v1::HandOverRequest& request, std::string token = "") {
    return Call<v1::HandOverReceipt>(token.empty() ? Office(county_) : token, "HandOver", request);
  }
};

TEST_F(HandOverTest, EndsTheOnesTenureBeginsTheOthersAndGivesAReceiptOfWhatIsOpen) {
  v1::HandOverRequest request = Request();
  request.set_dry_run(true);
  const std::string state = State();
  handler_ = ResourceName("posts", post_);
  const auto tried = Send(request);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(State(), state);
  ASSERT_EQ(tried->posts_size(), 1);
  EXPECT_EQ(tried->open_work().cases_open(), 1) << "of the two only the one assigned to the post";
  EXPECT_EQ(tried->open_work().case_nos(0), "990102-2026-000001");
  EXPECT_EQ(tried->open_work().log_index(), 77u);
  request.set_dry_run(false);
  const auto done = Send(request);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->posts(0).ended().valid_to().seconds(), absl::ToUnixSeconds(effective_));
  EXPECT_EQ(done->posts(0).begun().person(), ResourceName("persons", successor_));
  v1::ListTenuresRequest list;
  list.set_parent(ResourceName("posts", post_));
  const auto tenures = Call<v1::ListTenuresResponse>(Admin(), "ListTenures", list);
  ASSERT_EQ(tenures->tenures_size(), 2);
  EXPECT_EQ(tenures->tenures(1).document_no(), "测政任〔2026〕3号");
  EXPECT_EQ(Send(request)->SerializeAsString(), done->SerializeAsString()) << "the same request twice";
  request.clear_to_person();
  EXPECT_EQ(ReasonOf(Send(request).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(Send(Request()).status()), "TENURE_OVERLAP") << "the post is the successor's";
}

TEST_F(HandOverTest, WithoutASuccessorThePostIsVacant) {
  v1::HandOverRequest request = Request();
  request.clear_to_person();
  const auto done = Send(request);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_FALSE(done->posts(0).has_begun());
  v1::GetPostRequest get;
  v1::ListPostsRequest list;
  list.set_parent(Name(village_));
  list.set_kind(v1::Post::PATROL_OFFICER);
  EXPECT_FALSE(Call<v1::ListPostsResponse>(Admin(), "ListPosts", list)->posts(0).has_tenure());
}

TEST_F(HandOverTest, RolesGroundStateFieldsAndEtags) {
  for (const std::string& token : {City().TokenOf(PostKind::kGridLeader, county_), Office(City().counties[1]),
                                   Office(City().townships[0][1])})
    EXPECT_EQ(ReasonOf(Send(Request(), token).status()), "NOT_ALLOWED");
  v1::HandOverRequest request = Request();
  request.clear_document_no();
  EXPECT_EQ(ReasonOf(Send(request).status()), "REQUIRED_FIELD_MISSING");
  request = Request();
  request.set_to_person(request.from_person());
  EXPECT_EQ(ReasonOf(Send(request).status()), "INVALID_FIELD");
  request = Request();
  request.add_posts(ResourceName("posts", City().PostOf(PostKind::kSupervisionOfficer, village_).id));
  EXPECT_EQ(ReasonOf(Send(request).status()), "ILLEGAL_TRANSITION") << "a post somebody else holds";
  request = Request();
  request.set_etag("1");
  request.add_posts(ResourceName("posts", post_));
  EXPECT_EQ(ReasonOf(Send(request).status()), "ETAG_MISMATCH");
  request = Request();
  request.set_from_person("persons/" + NewId());
  EXPECT_FALSE(Send(request).ok());
  // Nobody hands over their own post.
  request = Request();
  request.set_from_person(ResourceName("persons", City().PersonIn(PostKind::kCampaignOffice, county_)));
  EXPECT_EQ(ReasonOf(Send(request).status()), "NOT_ALLOWED");
}

}  // namespace
}  // namespace gridwarden::grid
