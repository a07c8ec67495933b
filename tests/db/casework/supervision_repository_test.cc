#include "casework/supervision_repository.h"

#include <gtest/gtest.h>

#include "base/status.h"
#include "support/statement_plan.h"
#include "support/test_database.h"

namespace gridwarden::casework {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class SupervisionRepository : public ::testing::Test {
 protected:
  void SetUp() override { Database().Clear(); }
  static testing::TestDatabase& Database() {
    static auto* database = new testing::TestDatabase();
    return *database;
  }

  static OrderFile Order(const Uuid& case_id, v1::SupervisionOrder::State state) {
    OrderFile file;
    file.id = Uuid::Make(kNow);
    file.division = Uuid::Make(kNow);
    file.ground_path = file.division.Bytes();
    file.addressee = Uuid::Make(kNow);
    file.cases = {case_id};
    file.recorded = kNow;
    file.order.set_kind(v1::SupervisionOrder::LISTED);
    file.order.set_state(state);
    file.order.add_cases(ResourceName("cases", case_id));
    file.order.set_demand("限期整改");
    file.subject = {file.id, 1, std::string(32, 'x')};
    return file;
  }
  absl::Status Insert(const OrderFile& file) {
    return Database()->Run([&](db::Transaction& tx) { return InsertOrder(tx, file); });
  }
  absl::Status Save(OrderFile& file, v1::SupervisionOrder::State state) {
    file.order.set_state(state);
    ++file.subject.seq;
    return Database()->Run([&](db::Transaction& tx) { return SaveOrder(tx, file); });
  }
};

TEST_F(SupervisionRepository, ReadsWhatItWrote) {
  const Uuid case_id = Uuid::Make(kNow);
  const OrderFile file = Order(case_id, v1::SupervisionOrder::ISSUED);
  ASSERT_TRUE(Insert(file).ok());
  ASSERT_TRUE(Database()
                  ->Run([&](db::Transaction& tx) -> absl::Status {
                    GW_ASSIGN_OR_RETURN(const OrderFile read,
                                        LockOrder(tx, ResourceName("supervisionOrders", file.id)));
                    EXPECT_EQ(read.order.demand(), "限期整改");
                    EXPECT_EQ(read.cases, std::vector{case_id});
                    EXPECT_EQ(read.addressee, file.addressee);
                    EXPECT_EQ(read.subject.seq, 1u);
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(SupervisionRepository, TheKeyLetsOneOrderOfAKindStandOverACase) {
  const Uuid case_id = Uuid::Make(kNow);
  OrderFile first = Order(case_id, v1::SupervisionOrder::ISSUED);
  ASSERT_TRUE(Insert(first).ok());
  EXPECT_EQ(ReasonOf(Insert(Order(case_id, v1::SupervisionOrder::ISSUED))), "ORDER_STANDS");
  // A proposal has no effect, so it may wait beside it; issuing it is refused.
  OrderFile proposal = Order(case_id, v1::SupervisionOrder::PROPOSED);
  ASSERT_TRUE(Insert(proposal).ok());
  EXPECT_EQ(ReasonOf(Save(proposal, v1::SupervisionOrder::ISSUED)), "ORDER_STANDS");
  --proposal.subject.seq;
  ASSERT_TRUE(Save(first, v1::SupervisionOrder::LIFTED).ok());
  EXPECT_TRUE(Save(proposal, v1::SupervisionOrder::ISSUED).ok());
}

TEST_F(SupervisionRepository, RefusesToSaveWhatSomebodyElseSavedMeanwhile) {
  OrderFile file = Order(Uuid::Make(kNow), v1::SupervisionOrder::ISSUED);
  ASSERT_TRUE(Insert(file).ok());
  OrderFile stale = file;
  ASSERT_TRUE(Save(file, v1::SupervisionOrder::REPLIED).ok());
  EXPECT_EQ(ReasonOf(Save(stale, v1::SupervisionOrder::REPLIED)), "ETAG_MISMATCH");
}

TEST_F(SupervisionRepository, OrdersOfACaseAndOfAnAddresseeAreFoundByKey) {
  OrderFile last;
  for (int i = 0; i < 200; ++i) {
    last = Order(Uuid::Make(kNow), v1::SupervisionOrder::ISSUED);
    ASSERT_TRUE(Insert(last).ok());
  }
  Database().Ask("ANALYZE TABLE supervision_order");
  Database().Ask("ANALYZE TABLE supervision_order_case");
  std::vector<OrderFile> of_case, of_addressee;
  const std::vector<testing::PlanPart> parts =
      testing::PlansOf(*Database(), [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(of_case, ListOrderFiles(tx, {.case_id = last.cases[0]}, nullptr, 10));
        GW_ASSIGN_OR_RETURN(
            of_addressee,
            ListOrderFiles(tx, {.addressees = {last.addressee}, .only_addressed = true}, nullptr, 10));
        return HasOpenOrder(tx, last.cases[0], v1::SupervisionOrder::LISTED).status();
      });
  EXPECT_EQ(of_case.size(), 1u);
  EXPECT_EQ(of_addressee.size(), 1u);
  ASSERT_FALSE(parts.empty());
  for (const testing::PlanPart& part : parts) {
    EXPECT_NE(part.type, "ALL") << part.sql;
    EXPECT_NE(part.type, "index") << part.sql;
  }
}

}  // namespace
}  // namespace gridwarden::casework
