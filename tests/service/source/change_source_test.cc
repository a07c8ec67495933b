#include "google/protobuf/util/time_util.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gridwarden/source/v1/source_event.pb.h"
#include "service/source/source_fixture.h"

// Rpcs that change the ledger.
namespace gridwarden::source {
namespace {

using google::protobuf::util::TimeUtil;

TEST_F(SourceTest, AnOfficerRegistersWhatTheyFindAndTheOfficeSeesIt) {
  const absl::StatusOr<v1::Source> source = Call<v1::Source>(patrol, "CreateSource", NewSource(village));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->state(), v1::Source::ACTIVE);
  EXPECT_EQ(source->source_no().rfind("990102001200-", 0), 0u) << source->source_no();
  EXPECT_EQ(source->position().datum(), type::v1::Position::WGS84);
  EXPECT_EQ(source->position().given_datum(), type::v1::Position::GCJ02);
  EXPECT_NE(source->position().longitude(), 114.02);
  EXPECT_EQ(source->etag(), "1");
  const absl::StatusOr<v1::Source> read = Get(office, source->name());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->SerializeAsString(), source->SerializeAsString());
  EXPECT_EQ(Get(office, "sources/no:" + source->source_no())->name(), source->name());
}

TEST_F(SourceTest, TheJournalHoldsTheChangeButNoPersonalValue) {
  const v1::Source source = Create(village, "A-1");
  const std::string body = SharedDatabase().Ask("SELECT body FROM journal_stage");
  EXPECT_EQ(body.find("张三"), std::string::npos);
  journal::v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(body));
  EXPECT_EQ(entry.kind(), "source");
  v1::SourceEvent event;
  ASSERT_TRUE(event.ParseFromString(entry.event()));
  EXPECT_EQ(event.action(), v1::SourceChange::CREATED);
  EXPECT_EQ(event.after().source_no(), "A-1");
  EXPECT_EQ(event.after().operator_name(), "");
  EXPECT_EQ(entry.actor().post(),
            City().PostOf(PostKind::kCampaignOffice, City().townships[0][0]).id.Bytes());
}

TEST_F(SourceTest, CreatingIsRefusedToOtherPostsAndOnOtherGround) {
  EXPECT_EQ(ReasonOf(Call<v1::Source>(leader, "CreateSource", NewSource(village)).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(patrol, "CreateSource", NewSource(other_village)).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(foreign_office, "CreateSource", NewSource(village)).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>("", "CreateSource", NewSource(village)).status()), "NOT_SIGNED_IN");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM source"), "0");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "0");
  EXPECT_TRUE(Call<v1::Source>(admin, "CreateSource", NewSource(village)).ok());
}

TEST_F(SourceTest, CreatingNamesEveryFieldThatIsWrong) {
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "CreateSource", v1::CreateSourceRequest()).status()),
            "REQUIRED_FIELD_MISSING");
  v1::CreateSourceRequest request = NewSource(village);
  request.mutable_source()->clear_display_name();
  request.mutable_source()->set_category("NOTHING");
  request.mutable_source()->set_credit_code("91350100M000100Y44");
  request.mutable_source()->set_trade("一行\n两行");
  request.mutable_source()->set_address(std::string(201, 'x'));
  const absl::Status status = Call<v1::Source>(office, "CreateSource", request).status();
  const std::optional<ErrorFacts> facts = FactsOf(status);
  ASSERT_TRUE(facts.has_value()) << status;
  std::vector<std::string> fields;
  for (const FieldViolation& violation : facts->fields) fields.push_back(violation.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"source.display_name", "source.category", "source.credit_code",
                                              "source.trade", "source.address"}));
  request = NewSource(village);
  request.mutable_source()->mutable_position()->clear_datum();
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "CreateSource", request).status()), "DATUM_MISSING");
  request = NewSource(village);
  request.mutable_source()->set_division("990199");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "CreateSource", request).status()), "DIVISION_CODE_UNKNOWN");
  request = NewSource(village);
  request.set_source_id("rubbish");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "CreateSource", request).status()), "INVALID_FIELD");
}

TEST_F(SourceTest, TheSameRequestTwiceIsOneSourceAndAnotherPayloadIsRefused) {
  v1::CreateSourceRequest request = NewSource(village);
  const absl::StatusOr<v1::Source> first = Call<v1::Source>(patrol, "CreateSource", request);
  const absl::StatusOr<v1::Source> second = Call<v1::Source>(patrol, "CreateSource", request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM source"), "1");
  request.mutable_source()->set_display_name("别的");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(patrol, "CreateSource", request).status()), "REQUEST_ID_REUSED");
}

TEST_F(SourceTest, ANumberOrAnIdThatIsTakenIsRefused) {
  Create(village, "A-1");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "CreateSource", NewSource(other_village, "A-1")).status()),
            "ALREADY_EXISTS");
  v1::CreateSourceRequest request = NewSource(village, "A-2");
  request.set_source_id(NewId());
  ASSERT_TRUE(Call<v1::Source>(office, "CreateSource", request).ok());
  request.set_request_id(NewId());
  request.mutable_source()->set_source_no("A-3");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "CreateSource", request).status()), "ALREADY_EXISTS");
}

TEST_F(SourceTest, UpdatingChangesTheNamedFieldsOnly) {
  const v1::Source source = Create(village, "A-1");
  v1::UpdateSourceRequest request;
  request.set_request_id(NewId());
  request.mutable_source()->set_name(source.name());
  request.mutable_source()->set_trade("砖瓦窑");
  request.mutable_source()->set_display_name("不会改");
  request.mutable_source()->set_etag("1");
  request.mutable_update_mask()->add_paths("trade");
  request.mutable_update_mask()->add_paths("position");  // cleared
  const absl::StatusOr<v1::Source> updated = Call<v1::Source>(office, "UpdateSource", request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->trade(), "砖瓦窑");
  EXPECT_EQ(updated->display_name(), "前王砖厂");
  EXPECT_FALSE(updated->has_position());
  EXPECT_EQ(updated->etag(), "2");
  EXPECT_EQ(Get(office, source.name())->SerializeAsString(), updated->SerializeAsString());
  // The same again: the stored answer, not an etag that went stale meanwhile.
  EXPECT_EQ(Call<v1::Source>(office, "UpdateSource", request)->etag(), "2");
  request.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "UpdateSource", request).status()), "ETAG_MISMATCH");
}

TEST_F(SourceTest, UpdatingWithoutAMaskChangesThePopulatedFields) {
  const v1::Source source = Create(village, "A-1");
  v1::UpdateSourceRequest request;
  request.set_request_id(NewId());
  request.mutable_source()->set_name(source.name());
  request.mutable_source()->set_division(Name(other_village));
  const absl::StatusOr<v1::Source> updated = Call<v1::Source>(office, "UpdateSource", request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->division(), Name(other_village));
  EXPECT_EQ(updated->display_name(), "前王砖厂");
  EXPECT_EQ(ReasonOf(Get(patrol, source.name()).status()), "NOT_ALLOWED");  // no longer in that village
}

TEST_F(SourceTest, UpdatingIsRefusedToOthersOutsideAndForReadOnlyFields) {
  const v1::Source source = Create(village, "A-1");
  Create(village, "A-2");
  v1::UpdateSourceRequest request;
  request.set_request_id(NewId());
  request.mutable_source()->set_name(source.name());
  request.mutable_source()->set_trade("x");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(patrol, "UpdateSource", request).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(foreign_office, "UpdateSource", request).status()), "NOT_ALLOWED");
  request.mutable_update_mask()->add_paths("state");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "UpdateSource", request).status()), "INVALID_FIELD");
  request.mutable_update_mask()->Clear();
  request.mutable_source()->set_division(Name(foreign_village));
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "UpdateSource", request).status()), "NOT_ALLOWED");
  request.mutable_source()->clear_division();
  request.mutable_source()->set_source_no("A-2");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "UpdateSource", request).status()), "ALREADY_EXISTS");
  request.mutable_source()->clear_name();
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "UpdateSource", request).status()), "INVALID_FIELD");
  request.mutable_source()->set_name("sources/" + NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "UpdateSource", request).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(city_office, "UpdateSource", request).status()), "NOT_FOUND");
  EXPECT_EQ(Get(office, source.name())->etag(), "1");
}

TEST_F(SourceTest, ADispositionBelongsToASmallPolluterThatCanStillPollute) {
  const v1::Source source = Create(village, "A-1");
  v1::SetSourceDispositionRequest request;
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceDisposition", request).status()),
            "REQUIRED_FIELD_MISSING");
  request.set_request_id(NewId());
  request.set_name(source.name());
  request.set_disposition(v1::Source::SHUT_DOWN);
  request.set_etag("9");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(patrol, "SetSourceDisposition", request).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(foreign_office, "SetSourceDisposition", request).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceDisposition", request).status()), "ETAG_MISMATCH");
  request.set_etag("1");
  const absl::StatusOr<v1::Source> decided = Call<v1::Source>(office, "SetSourceDisposition", request);
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->disposition(), v1::Source::SHUT_DOWN);
  EXPECT_EQ(Call<v1::Source>(office, "SetSourceDisposition", request)->etag(), "2");
  request.set_disposition(v1::Source::UPGRADE);
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceDisposition", request).status()),
            "REQUEST_ID_REUSED");

  v1::CreateSourceRequest dust = NewSource(village, "D-1");
  dust.mutable_source()->set_category("BUILDING_SITE");
  const absl::StatusOr<v1::Source> site = Call<v1::Source>(office, "CreateSource", dust);
  ASSERT_TRUE(site.ok()) << site.status();
  request.set_request_id(NewId());
  request.set_name(site->name());
  request.clear_etag();
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceDisposition", request).status()), "INVALID_FIELD");
}

TEST_F(SourceTest, TheStateMovesAsListedAndEveryMoveIsInTheHistory) {
  const v1::Source source = Create(village, "A-1");
  v1::SetSourceStateRequest request;
  request.set_request_id(NewId());
  request.set_name(source.name());
  request.set_state(v1::Source::STOPPED);
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceState", request).status()), "REQUIRED_FIELD_MISSING");
  request.set_reason("先停后治");
  *request.mutable_event_time() =
      TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(server.clock().Now() + absl::Minutes(1)));
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceState", request).status()), "EVENT_TIME_IN_FUTURE");
  for (const int64_t seconds :
       {INT64_MAX, INT64_MIN, INT64_MAX / 1'000'000 + 1}) {  // no time that microseconds can hold
    request.mutable_event_time()->set_seconds(seconds);
    EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceState", request).status()), "INVALID_FIELD")
        << seconds;
  }
  *request.mutable_event_time() =
      TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(server.clock().Now() - absl::Hours(3)));
  EXPECT_EQ(ReasonOf(Call<v1::Source>(patrol, "SetSourceState", request).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(foreign_office, "SetSourceState", request).status()), "NOT_ALLOWED");
  ASSERT_TRUE(Call<v1::Source>(office, "SetSourceState", request).ok());
  EXPECT_EQ(Call<v1::Source>(office, "SetSourceState", request)->state(), v1::Source::STOPPED);

  request.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceState", request).status()), "ILLEGAL_TRANSITION");
  request.set_state(v1::Source::CLOSED);
  request.set_etag("1");
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceState", request).status()), "ETAG_MISMATCH");
  request.set_etag("2");
  ASSERT_TRUE(Call<v1::Source>(office, "SetSourceState", request).ok());
  v1::SetSourceDispositionRequest disposition;
  disposition.set_request_id(NewId());
  disposition.set_name(source.name());
  disposition.set_disposition(v1::Source::SHUT_DOWN);
  EXPECT_EQ(ReasonOf(Call<v1::Source>(office, "SetSourceDisposition", disposition).status()),
            "ILLEGAL_TRANSITION");

  v1::ListSourceHistoryRequest history;
  history.set_parent(source.name());
  history.set_page_size(2);
  absl::StatusOr<v1::ListSourceHistoryResponse> page =
      Call<v1::ListSourceHistoryResponse>(patrol, "ListSourceHistory", history);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->changes_size(), 2);
  EXPECT_EQ(page->changes(0).action(), v1::SourceChange::CREATED);
  EXPECT_EQ(page->changes(1).from_state(), v1::Source::ACTIVE);
  EXPECT_EQ(page->changes(1).to_state(), v1::Source::STOPPED);
  EXPECT_EQ(page->changes(1).reason(), "先停后治");
  EXPECT_EQ(page->changes(1).person(),
            ResourceName("persons", City().PersonIn(PostKind::kCampaignOffice, City().townships[0][0])));
  EXPECT_EQ(TimeUtil::TimestampToMicroseconds(page->changes(1).receive_time()) -
                TimeUtil::TimestampToMicroseconds(page->changes(1).event_time()),
            3LL * 3600 * 1'000'000);
  history.set_page_token(page->next_page_token());
  page = Call<v1::ListSourceHistoryResponse>(patrol, "ListSourceHistory", history);
  ASSERT_EQ(page->changes_size(), 1);
  EXPECT_EQ(page->changes(0).to_state(), v1::Source::CLOSED);
  EXPECT_EQ(page->next_page_token(), "");
  EXPECT_EQ(
      ReasonOf(Call<v1::ListSourceHistoryResponse>(foreign_office, "ListSourceHistory", history).status()),
      "NOT_ALLOWED");
}

}  // namespace
}  // namespace gridwarden::source
