#include "service/grid/grid_fixture.h"

#include <set>

#include "grid/grid_proto.h"

namespace gridwarden::grid {
namespace {

using domain::PostKind;

class TenureTest : public GridTest {
 protected:
  // The vacant patrol post of the first township's last village, and somebody for it.
  const Uuid village_ = City().villages[0][0][3];
  const Uuid post_ = City().PostOf(PostKind::kPatrolOfficer, village_).id;
  const Uuid person_ = City().PersonIn(PostKind::kGridOfficer, village_);

  v1::RecordTenureRequest Record(absl::Time from) {
    v1::RecordTenureRequest request;
    request.set_request_id(NewId());
    v1::Tenure& tenure = *request.mutable_tenure();
    tenure.set_post(ResourceName("posts", post_));
    tenure.set_person(ResourceName("persons", person_));
    tenure.set_kind(v1::Tenure::FORMAL);
    *tenure.mutable_valid_from() = ToProto(from);
    tenure.set_document_no("测政任〔2026〕1号");
    return request;
  }
  absl::StatusOr<v1::ResolveResponsibleResponse> Resolve(absl::Time at,
                                                         std::optional<absl::Time> known = std::nullopt) {
    v1::ResolveResponsibleRequest request;
    request.set_division(ResourceName("divisions", village_));
    *request.mutable_event_time() = ToProto(at);
    if (known) *request.mutable_known_at() = ToProto(*known);
    return Call<v1::ResolveResponsibleResponse>(Admin(), "ResolveResponsible", request);
  }
  const v1::ResponsibleLink* LinkOf(const v1::ResolveResponsibleResponse& response) {
    for (const v1::ResponsibleLink& link : response.chain()) {
      if (link.post() == ResourceName("posts", post_)) return &link;
    }
    return nullptr;
  }
};

TEST_F(TenureTest, RecordsWhoHoldsAVacantPostAndTheChainSaysSo) {
  const absl::Time from = Now() - absl::Hours(240);
  EXPECT_TRUE(LinkOf(*Resolve(Now()))->vacant());
  const absl::StatusOr<v1::Tenure> tenure =
      Call<v1::Tenure>(Office(City().counties[0]), "RecordTenure", Record(from));
  ASSERT_TRUE(tenure.ok()) << tenure.status();
  EXPECT_EQ(ReadTime(tenure->recorded_time(), "t").value(), Now());
  const absl::StatusOr<v1::ResolveResponsibleResponse> chain = Resolve(Now());
  ASSERT_TRUE(chain.ok());
  EXPECT_EQ(LinkOf(*chain)->person(), ResourceName("persons", person_));
  EXPECT_EQ(LinkOf(*chain)->document_no(), "测政任〔2026〕1号");
  EXPECT_TRUE(LinkOf(*Resolve(from - absl::Hours(1)))->vacant()) << "before it began";
  EXPECT_TRUE(LinkOf(*Resolve(Now(), Now() - absl::Seconds(1)))->vacant()) << "before it was known";
  // Four levels with 一长三员, and the campaign office of three of them.
  EXPECT_EQ(chain->chain(0).level(), v1::Division::VILLAGE);
  EXPECT_EQ(chain->chain(chain->chain_size() - 1).level(), v1::Division::CITY);
}

TEST_F(TenureTest, RefusesASecondHolderOfTheSameKindAtTheSameTime) {
  ASSERT_TRUE(Call<v1::Tenure>(Admin(), "RecordTenure", Record(Now() - absl::Hours(1))).ok());
  const auto second = Call<v1::Tenure>(Admin(), "RecordTenure", Record(Now()));
  EXPECT_EQ(ReasonOf(second.status()), "TENURE_OVERLAP");
  v1::RecordTenureRequest acting = Record(Now());
  acting.mutable_tenure()->set_kind(v1::Tenure::ACTING);
  EXPECT_TRUE(Call<v1::Tenure>(Admin(), "RecordTenure", acting).ok())
      << "an acting holder stands beside a formal one";
}

TEST_F(TenureTest, TheWrongRoleTheWrongGridAndNobodyAreRefused) {
  const v1::RecordTenureRequest request = Record(Now());
  for (const std::string& token : {City().TokenOf(PostKind::kGridLeader, City().counties[0]),
                                   Office(City().counties[1]), Office(City().townships[0][1])}) {
    EXPECT_EQ(ReasonOf(Call<v1::Tenure>(token, "RecordTenure", request).status()), "NOT_ALLOWED");
  }
  EXPECT_EQ(Call<v1::Tenure>("", "RecordTenure", request).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(TenureTest, AnOfficeAppointsNeitherItselfNorThoseWhoInspectIt) {
  const Uuid county = City().counties[0];
  const Uuid self = City().PersonIn(PostKind::kCampaignOffice, county);
  v1::RecordTenureRequest record = Record(Now());
  record.mutable_tenure()->set_person(ResourceName("persons", self));
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Office(county), "RecordTenure", record).status()), "NOT_ALLOWED");
  // Nor by way of somebody else's record, nor by prolonging or dismissing oneself.
  const auto other = Call<v1::Tenure>(Office(county), "RecordTenure", Record(Now()));
  ASSERT_TRUE(other.ok()) << other.status();
  v1::CorrectTenureRequest correct;
  correct.set_request_id(NewId());
  correct.set_name(other->name());
  *correct.mutable_replacement() = *other;
  correct.mutable_replacement()->set_person(ResourceName("persons", self));
  EXPECT_EQ(ReasonOf(Call<v1::CorrectTenureResponse>(Office(county), "CorrectTenure", correct).status()),
            "NOT_ALLOWED");
  v1::ListTenuresRequest list;
  list.set_parent(ResourceName("persons", self));
  const auto own = Call<v1::ListTenuresResponse>(Admin(), "ListTenures", list);
  ASSERT_GT(own->tenures_size(), 0);
  v1::EndTenureRequest end;
  end.set_request_id(NewId());
  end.set_name(own->tenures(0).name());
  *end.mutable_valid_to() = ToProto(Now() + absl::Hours(9000));
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Office(county), "EndTenure", end).status()), "NOT_ALLOWED");
  // A post of discipline inspection of its own making would see what the office must not.
  v1::CreatePostRequest create;
  create.set_request_id(NewId());
  create.mutable_post()->set_kind(v1::Post::DISCIPLINE);
  create.mutable_post()->set_division(ResourceName("divisions", county));
  EXPECT_EQ(ReasonOf(Call<v1::Post>(Office(county), "CreatePost", create).status()), "NOT_ALLOWED");
  EXPECT_TRUE(Call<v1::Post>(Admin(), "CreatePost", create).ok());
}

TEST_F(TenureTest, MissingAndWrongFieldsAreNamed) {
  v1::RecordTenureRequest request = Record(Now());
  request.clear_tenure();
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "RecordTenure", request).status()), "REQUIRED_FIELD_MISSING");
  request = Record(Now());
  request.mutable_tenure()->clear_kind();
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "RecordTenure", request).status()), "INVALID_FIELD");
  request = Record(Now());
  *request.mutable_tenure()->mutable_valid_to() = ToProto(Now());
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "RecordTenure", request).status()), "INVALID_FIELD");
  request = Record(Now());
  request.mutable_tenure()->set_person(ResourceName("persons", Uuid::Derive(person_, "nobody")));
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "RecordTenure", request).status()), "NOT_FOUND");
}

TEST_F(TenureTest, TheSameRequestTwiceIsOneTenureAndTheSameIdWithOtherContentIsRefused) {
  v1::RecordTenureRequest request = Record(Now());
  const auto first = Call<v1::Tenure>(Admin(), "RecordTenure", request);
  const auto again = Call<v1::Tenure>(Admin(), "RecordTenure", request);
  ASSERT_TRUE(first.ok() && again.ok()) << first.status() << again.status();
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  request.mutable_tenure()->set_document_no("other");
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "RecordTenure", request).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM tenure WHERE post = 0x" +
                          database_.Ask("SELECT HEX(post) FROM tenure ORDER BY revision DESC LIMIT 1")),
            "1");
}

TEST_F(TenureTest, EndingRevokesAndReplacesSoThatWhatWasKnownStaysAnswerable) {
  const auto tenure = Call<v1::Tenure>(Admin(), "RecordTenure", Record(Now() - absl::Hours(100)));
  ASSERT_TRUE(tenure.ok()) << tenure.status();
  const absl::Time knew = Now();
  server_->clock().Advance(absl::Hours(1));
  v1::EndTenureRequest end;
  end.set_request_id(NewId());
  end.set_name(tenure->name());
  *end.mutable_valid_to() = ToProto(Now() - absl::Hours(50));
  end.set_etag("999999");
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "EndTenure", end).status()), "ETAG_MISMATCH");
  end.set_request_id(NewId());
  end.set_etag(tenure->etag());
  const auto ended = Call<v1::Tenure>(Admin(), "EndTenure", end);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_NE(ended->name(), tenure->name());
  EXPECT_TRUE(LinkOf(*Resolve(knew))->vacant());
  EXPECT_FALSE(LinkOf(*Resolve(knew, knew))->vacant()) << "as it was known then";
  end.set_request_id(NewId());
  end.clear_etag();
  EXPECT_EQ(ReasonOf(Call<v1::Tenure>(Admin(), "EndTenure", end).status()), "ILLEGAL_TRANSITION")
      << "withdrawn before";
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM journal_stage WHERE subject = (SELECT id FROM tenure WHERE "
                          "revoked_us IS NOT NULL)"),
            "2");
}

TEST_F(TenureTest, ACorrectionWithdrawsTheWrongRecordAndMayRecordTheRightOne) {
  const auto wrong = Call<v1::Tenure>(Admin(), "RecordTenure", Record(Now() - absl::Hours(100)));
  ASSERT_TRUE(wrong.ok());
  server_->clock().Advance(absl::Hours(1));
  v1::CorrectTenureRequest correct;
  correct.set_request_id(NewId());
  correct.set_name(wrong->name());
  *correct.mutable_replacement() = *Record(Now() - absl::Hours(90)).mutable_tenure();
  EXPECT_EQ(
      ReasonOf(
          Call<v1::CorrectTenureResponse>(Office(City().counties[1]), "CorrectTenure", correct).status()),
      "NOT_ALLOWED");
  const auto corrected =
      Call<v1::CorrectTenureResponse>(Office(City().counties[0]), "CorrectTenure", correct);
  ASSERT_TRUE(corrected.ok()) << corrected.status();
  EXPECT_TRUE(corrected->revoked().has_revoked_time());
  EXPECT_TRUE(corrected->has_replacement());
  v1::ListTenuresRequest list;
  list.set_parent(ResourceName("posts", post_));
  EXPECT_EQ(Call<v1::ListTenuresResponse>(Admin(), "ListTenures", list)->tenures_size(), 1);
  list.set_include_revoked(true);
  EXPECT_EQ(Call<v1::ListTenuresResponse>(Admin(), "ListTenures", list)->tenures_size(), 2);
}

TEST_F(TenureTest, APostAndAUnitAreCreatedOnceInTheirOwnGridOnly) {
  v1::CreatePostRequest post;
  post.set_request_id(NewId());
  post.mutable_post()->set_kind(v1::Post::ROAD_CHIEF);
  post.mutable_post()->set_regime(v1::Post::ROAD);
  post.mutable_post()->set_division("divisions/code:990102001");
  EXPECT_EQ(ReasonOf(Call<v1::Post>(Office(City().counties[1]), "CreatePost", post).status()), "NOT_ALLOWED");
  const auto created = Call<v1::Post>(Office(City().townships[0][0]), "CreatePost", post);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->ordinal(), 1);
  post.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Post>(Admin(), "CreatePost", post).status()), "ALREADY_EXISTS");
  v1::CreateUnitRequest unit;
  unit.set_request_id(NewId());
  unit.mutable_unit()->set_display_name("甲县交通运输局");
  unit.mutable_unit()->add_aliases("交通局");
  unit.mutable_unit()->set_division(ResourceName("divisions", City().counties[0]));
  ASSERT_TRUE(Call<v1::Unit>(Admin(), "CreateUnit", unit).ok());
  unit.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Unit>(Admin(), "CreateUnit", unit).status()), "ALREADY_EXISTS");
}

TEST_F(TenureTest, ListsArePagedWithoutLossAndPersonsOnlyWithinTheSubtree) {
  v1::ListDivisionsRequest divisions;
  divisions.set_parent("测试市");
  divisions.set_recursive(true);
  divisions.set_page_size(7);
  std::set<std::string> seen;
  do {
    const auto page = Call<v1::ListDivisionsResponse>(Admin(), "ListDivisions", divisions);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Division& division : page->divisions()) EXPECT_TRUE(seen.insert(division.name()).second);
    divisions.set_page_token(page->next_page_token());
  } while (!divisions.page_token().empty());
  EXPECT_EQ(seen.size(), 32u);
  v1::ListPersonsRequest persons;
  persons.set_page_size(500);
  const auto all = Call<v1::ListPersonsResponse>(Admin(), "ListPersons", persons);
  const auto village =
      Call<v1::ListPersonsResponse>(City().TokenOf(PostKind::kGridLeader, village_), "ListPersons", persons);
  ASSERT_TRUE(all.ok() && village.ok()) << village.status();
  EXPECT_EQ(all->persons_size(), static_cast<int>(City().ground->persons().size()));
  EXPECT_EQ(village->persons_size(), 3) << "the patrol officer's post is vacant";
  v1::ListPostsRequest posts;
  posts.set_parent(ResourceName("divisions", village_));
  EXPECT_EQ(Call<v1::ListPostsResponse>(Admin(), "ListPosts", posts)->posts_size(), 4);
}

TEST_F(TenureTest, OtherProcessesAreToldEverythingOnceInSmallPieces) {
  v1::GetGroundRequest request;
  request.set_limit(17);
  size_t divisions = 0, posts = 0, tenures = 0;
  while (true) {
    const auto piece = server_->CallAsSystem<v1::GetGroundResponse>(
        "gridwarden.grid.v1.GridInternalService/GetGround", request);
    ASSERT_TRUE(piece.ok()) << piece.status();
    divisions += piece->divisions_size(), posts += piece->posts_size(), tenures += piece->tenures_size();
    request.set_after_revision(piece->revision());
    if (piece->complete()) break;
  }
  EXPECT_EQ(divisions, City().ground->divisions().size());
  EXPECT_EQ(posts, City().ground->posts().size());
  EXPECT_EQ(tenures, City().ground->tenures().size());
}

}  // namespace
}  // namespace gridwarden::grid
