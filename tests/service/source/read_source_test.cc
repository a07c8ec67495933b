#include <set>

#include "service/source/source_fixture.h"

// Rpcs that read the ledger and the policy.
namespace gridwarden::source {
namespace {

TEST_F(SourceTest, ReadingIsForThoseAboveTheGround) {
  const v1::Source source = Create(village, "A-1");
  EXPECT_TRUE(Get(patrol, source.name()).ok());
  EXPECT_TRUE(Get(city_office, source.name()).ok());
  EXPECT_TRUE(Get(admin, source.name()).ok());
  const std::string neighbour = City().TokenOf(PostKind::kPatrolOfficer, other_village);
  EXPECT_EQ(ReasonOf(Get(neighbour, source.name()).status()), "NOT_ALLOWED");
  // What is not there and what is elsewhere look alike.
  EXPECT_EQ(Get(neighbour, "sources/" + NewId()).status().message(),
            Get(neighbour, source.name()).status().message());
  EXPECT_EQ(ReasonOf(Get(city_office, "sources/" + NewId()).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get(office, "cases/" + NewId()).status()), "INVALID_FIELD");
}

TEST_F(SourceTest, ABatchAnswersInTheOrderAskedOrNotAtAll) {
  const v1::Source first = Create(village, "A-1");
  const v1::Source second = Create(other_village, "A-2");
  v1::BatchGetSourcesRequest request;
  request.add_names(second.name());
  request.add_names(first.name());
  request.add_names(second.name());
  const absl::StatusOr<v1::BatchGetSourcesResponse> batch =
      Call<v1::BatchGetSourcesResponse>(office, "BatchGetSources", request);
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_EQ(batch->sources_size(), 3);
  EXPECT_EQ(batch->sources(0).source_no(), "A-2");
  EXPECT_EQ(batch->sources(1).source_no(), "A-1");
  EXPECT_EQ(ReasonOf(Call<v1::BatchGetSourcesResponse>(patrol, "BatchGetSources", request).status()),
            "NOT_ALLOWED");
  for (int i = 0; i < 500; ++i) request.add_names(first.name());
  EXPECT_EQ(ReasonOf(Call<v1::BatchGetSourcesResponse>(office, "BatchGetSources", request).status()),
            "INVALID_FIELD");
}

TEST_F(SourceTest, ABatchForAPhoneLeavesOutWhatIsAbsentOrElsewhere) {
  const v1::Source here = Create(village, "A-1");
  const v1::Source beside = Create(other_village, "A-2");
  v1::BatchGetSourcesRequest request;
  request.set_skip_absent(true);
  request.add_names(beside.name());
  request.add_names("sources/" + Uuid::Derive(village, "nowhere").ToString());
  request.add_names(here.name());
  const auto batch = Call<v1::BatchGetSourcesResponse>(patrol, "BatchGetSources", request);
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_EQ(batch->sources_size(), 1);
  EXPECT_EQ(batch->sources(0).name(), here.name());
}

TEST_F(SourceTest, ListsPageThroughTheCallersScopeOnceEach) {
  std::set<std::string> wanted;
  for (int v = 0; v < 4; ++v) {
    for (int n = 0; n < 3; ++n)
      wanted.insert(Create(City().villages[0][0][v], std::to_string(v) + "-" + std::to_string(n)).name());
  }
  ASSERT_TRUE(Call<v1::Source>(foreign_office, "CreateSource", NewSource(foreign_village)).ok());
  v1::ListSourcesRequest request;
  request.set_page_size(5);
  std::set<std::string> seen;
  for (int pages = 0; pages < 10; ++pages) {
    const absl::StatusOr<v1::ListSourcesResponse> page =
        Call<v1::ListSourcesResponse>(office, "ListSources", request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Source& source : page->sources()) EXPECT_TRUE(seen.insert(source.name()).second);
    request.set_page_token(page->next_page_token());
    if (page->next_page_token().empty()) break;
  }
  EXPECT_EQ(seen, wanted);
  request.clear_page_token();
  request.set_page_size(500);
  EXPECT_EQ(Call<v1::ListSourcesResponse>(patrol, "ListSources", request)->sources_size(), 3);
  EXPECT_EQ(Call<v1::ListSourcesResponse>(admin, "ListSources", request)->sources_size(), 13);
}

TEST_F(SourceTest, ListsTakeDivisionCategoryStateAndBeginnings) {
  Create(village, "A-1");
  v1::CreateSourceRequest site = NewSource(other_village, "B_1");
  site.mutable_source()->set_category("BUILDING_SITE");
  site.mutable_source()->set_display_name("工地%一");
  ASSERT_TRUE(Call<v1::Source>(office, "CreateSource", site).ok());
  const auto count = [&](auto change) {
    v1::ListSourcesRequest request;
    change(request);
    const absl::StatusOr<v1::ListSourcesResponse> page =
        Call<v1::ListSourcesResponse>(office, "ListSources", request);
    return page.ok() ? page->sources_size() : -1;
  };
  EXPECT_EQ(count([&](auto& r) { r.set_division(Name(village)); }), 1);
  EXPECT_EQ(count([&](auto& r) { r.set_division(Name(City().city)); }),
            2);  // as much of it as the caller may see
  EXPECT_EQ(count([&](auto& r) { r.set_division(Name(foreign_village)); }), -1);
  EXPECT_EQ(count([&](auto& r) { r.set_category("BUILDING_SITE"); }), 1);
  EXPECT_EQ(count([&](auto& r) { r.set_category("RUBBISH"); }), -1);
  EXPECT_EQ(count([&](auto& r) { r.add_states(v1::Source::ACTIVE); }), 2);
  EXPECT_EQ(count([&](auto& r) { r.add_states(v1::Source::CLOSED); }), 0);
  EXPECT_EQ(count([&](auto& r) { r.set_query("A-"); }), 1);
  EXPECT_EQ(count([&](auto& r) { r.set_query("前王"); }), 1);
  EXPECT_EQ(count([&](auto& r) { r.set_query("王"); }), 0);
  EXPECT_EQ(count([&](auto& r) { r.set_query("B_"); }), 1);
  EXPECT_EQ(count([&](auto& r) { r.set_query("_"); }), 0);
  EXPECT_EQ(count([&](auto& r) { r.set_query("工地%"); }), 1);
  EXPECT_EQ(count([&](auto& r) { r.set_query("' OR 1=1 -- "); }), 0);
  EXPECT_EQ(count([&](auto& r) { r.set_page_size(-1); }), -1);
}

TEST_F(SourceTest, APageTokenOfAnotherQuestionIsRefused) {
  Create(village, "A-1");
  Create(village, "A-2");
  v1::ListSourcesRequest request;
  request.set_page_size(1);
  request.set_page_token(Call<v1::ListSourcesResponse>(office, "ListSources", request)->next_page_token());
  EXPECT_EQ(Call<v1::ListSourcesResponse>(office, "ListSources", request)->sources_size(), 1);
  request.set_query("A");
  EXPECT_EQ(ReasonOf(Call<v1::ListSourcesResponse>(office, "ListSources", request).status()),
            "PAGE_TOKEN_MISMATCH");
}

TEST_F(SourceTest, ACategorySaysWhatACaseOfItNeeds) {
  v1::GetCategoryRequest get;
  get.set_name("categories/STRAW_BURNING");
  const absl::StatusOr<v1::Category> straw = Call<v1::Category>(patrol, "GetCategory", get);
  ASSERT_TRUE(straw.ok()) << straw.status();
  ASSERT_EQ(straw->needs_size(), 1);
  EXPECT_EQ(straw->needs(0).filing_items(0), "STRAW_FIRE_POINT.CONFIRMED=yes");
  EXPECT_EQ(straw->needs(0).closing(0).items(0), "STRAW_FIRE_POINT.OUT");
  EXPECT_FALSE(straw->needs(0).may_postpone());
  EXPECT_FALSE(straw->needs(0).stop_first());
  EXPECT_EQ(straw->needs(0).handle_calendar(), "CONTINUOUS");

  get.set_name("categories/SMALL_POLLUTER");
  const absl::StatusOr<v1::Category> small = Call<v1::Category>(patrol, "GetCategory", get);
  ASSERT_TRUE(small.ok());
  EXPECT_TRUE(small->needs(0).stop_first());
  EXPECT_EQ(small->needs(0).closing_size(), 3);

  // One county has its own definition.
  get.set_name("categories/DEMOLITION_SITE");
  const absl::StatusOr<v1::Category> site = Call<v1::Category>(patrol, "GetCategory", get);
  ASSERT_TRUE(site.ok());
  ASSERT_EQ(site->needs_size(), 2);
  EXPECT_EQ(site->needs(1).code_prefix(), "410183");

  v1::GetChecklistRequest checklist;
  checklist.set_name("checklists/SSP_CLOSURE");
  const absl::StatusOr<v1::Checklist> items = Call<v1::Checklist>(patrol, "GetChecklist", checklist);
  ASSERT_TRUE(items.ok());
  bool asked_after = false;
  for (const v1::ChecklistItem& item : items->items())
    asked_after |= item.code() == "STORED_UNTIL" && item.required_if() == "STORED_ON_SITE=yes";
  EXPECT_TRUE(asked_after);
}

TEST_F(SourceTest, TheFirstPageOfCategoriesHasTheReasonsThatActsMayGive) {
  v1::ListCategoriesRequest list;
  list.set_page_size(1);
  const absl::StatusOr<v1::ListCategoriesResponse> first =
      Call<v1::ListCategoriesResponse>(patrol, "ListCategories", list);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->reasons_size(), static_cast<int>(testing::TestPolicy()->reasons.size()));
  list.set_page_token(first->next_page_token());
  EXPECT_EQ(Call<v1::ListCategoriesResponse>(patrol, "ListCategories", list)->reasons_size(), 0);
}

TEST_F(SourceTest, ThePolicysWordsAreOpenToEverySignedInCaller) {
  v1::ListCategoriesRequest list;
  list.set_page_size(7);
  std::set<std::string> codes;
  while (true) {
    const absl::StatusOr<v1::ListCategoriesResponse> page =
        Call<v1::ListCategoriesResponse>(patrol, "ListCategories", list);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Category& category : page->categories()) EXPECT_TRUE(codes.insert(category.code()).second);
    if (page->next_page_token().empty()) break;
    list.set_page_token(page->next_page_token());
  }
  EXPECT_EQ(codes.size(), testing::TestPolicy()->categories.size());
  v1::GetCategoryRequest get;
  get.set_name("categories/SMALL_POLLUTER");
  const absl::StatusOr<v1::Category> category = Call<v1::Category>(patrol, "GetCategory", get);
  ASSERT_TRUE(category.ok());
  EXPECT_TRUE(category->needs_disposition());
  v1::GetChecklistRequest checklist;
  checklist.set_name("checklists/" + category->checklists(0));
  const absl::StatusOr<v1::Checklist> items = Call<v1::Checklist>(patrol, "GetChecklist", checklist);
  ASSERT_TRUE(items.ok());
  EXPECT_GT(items->items_size(), 0);
  EXPECT_EQ(ReasonOf(Call<v1::Category>("", "GetCategory", get).status()), "NOT_SIGNED_IN");
  get.set_name("categories/NONE");
  EXPECT_EQ(ReasonOf(Call<v1::Category>(patrol, "GetCategory", get).status()), "NOT_FOUND");
}

}  // namespace
}  // namespace gridwarden::source
