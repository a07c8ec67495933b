#include "gridctl/outbox_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gridctl/command.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/digest.h"
#include "platform/crypto/ecdsa.h"

// The file a phone hands out, as clients/web/packages/sync/src/outbox_file.ts writes it.
namespace gridwarden::gridctl {
namespace {

using nlohmann::ordered_json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kDevice[] = "devices/01990000-0000-7000-8000-000000000001";
constexpr char kTask[] = "patrolTasks/01990000-0000-7000-8000-00000000aaaa";

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(crypto::Sha256(bytes)); }

class OutboxFileTest : public ::testing::Test {
 protected:
  OutboxFileTest() {
    file_ = {
        {"format", "gridwarden-outbox/1"},
        {"account", "accounts/01990000-0000-7000-8000-00000000000b"},
        {"login", "g004"},
        {"displayName", "张三"},
        {"device", kDevice},
        {"publicKey", absl::Base64Escape(key_.public_key)},
        {"registration", {{"label", "Chrome 140"}, {"signature", absl::Base64Escape(std::string(64, 's'))}}},
        {"exportTime", "2026-11-22T12:00:00.123Z"},
        {"operations", ordered_json::array()},
        {"drafts", ordered_json::array()},
        {"photos", ordered_json::array()}};
  }
  ~OutboxFileTest() override { std::filesystem::remove(path_); }

  static std::string OpId(int number) { return absl::StrCat("01990000-0000-7000-8000-00000000000", number); }

  // Made and signed as the phone does: numbers as texts, keys in its order, unknown fields inside.
  void Do(int64_t seq, const std::string& prev_hash, const std::vector<std::string>& photos = {}) {
    ordered_json body = {{"opId", OpId(static_cast<int>(seq))},
                         {"device", kDevice},
                         {"seq", std::to_string(seq)},
                         {"prevHash", prev_hash},
                         {"rpc", "gridwarden.patrol.v1.PatrolService/SubmitVisit"},
                         {"request", "{\"parent\":\"t\",\"visit\":{\"note\":\"正常\"}}"},
                         {"subject", kTask},
                         {"baseEtag", "3"},
                         {"after", ordered_json::array()},
                         {"time", {{"wallTime", "2026-11-22T08:00:00.000Z"}, {"monoMs", "5"}}},
                         {"photos", ordered_json::array()},
                         {"appBuild", "test"},
                         {"ofALaterBuild", true}};
    for (const std::string& photo : photos)
      body["photos"].push_back({{"sha256", Hex(photo)}, {"size", std::to_string(photo.size())}});
    const std::string text = body.dump();
    ordered_json digests = ordered_json::array();
    for (const std::string& photo : photos) digests.push_back(Hex(photo));
    file_["operations"].push_back(
        {{"opId", OpId(static_cast<int>(seq))},
         {"seq", seq},
         {"rpc", "gridwarden.patrol.v1.PatrolService/SubmitVisit"},
         {"subject", kTask},
         {"body", text},
         {"hash", Hex(text)},
         {"signature", absl::Base64Escape(crypto::EcdsaSign(key_, "gridwarden/op/v1\n" + text))},
         {"state", "queued"},
         {"reason", nullptr},
         {"createdMs", 1763798400000},
         {"summary", {{"key", "op.visit.NORMAL"}, {"params", {{"title", "河道"}}}}},
         {"photos", digests}});
    last_hash_ = Hex(text);
  }
  void Photo(const std::string& bytes, const ordered_json& content, const char* state = "queued") {
    file_["photos"].push_back({{"sha256", Hex(bytes)},
                               {"size", bytes.size()},
                               {"contentType", "image/jpeg"},
                               {"origin", "camera"},
                               {"takenAtMs", 1763798400000},
                               {"opIds", {OpId(1)}},
                               {"state", state},
                               {"base64", content}});
  }

  void Write(const std::string& text) {
    std::ofstream out(path_, std::ios::binary);
    out << text;
  }
  absl::StatusOr<Outbox> Read(const OnPhoto& on_photo = nullptr) {
    Write(file_.dump() + "\n");
    return ReadOutbox(path_, on_photo);
  }
  Outbox Proven() {
    absl::StatusOr<Outbox> outbox = Read();
    EXPECT_TRUE(outbox.ok()) << outbox.status();
    ProveOutbox({{kDevice, key_.public_key}}, *outbox);
    return *std::move(outbox);
  }
  static std::vector<std::string> Places(const Outbox& outbox) {
    std::vector<std::string> places;
    for (const OutboxProblem& problem : outbox.problems) places.push_back(problem.where);
    return places;
  }

  const crypto::EcdsaKeyPair key_ = crypto::MakeEcdsaKeyPair();
  const std::string path_ =
      std::filesystem::temp_directory_path() / absl::StrCat("outbox-", getpid(), ".json");
  ordered_json file_;
  std::string last_hash_;
};

TEST_F(OutboxFileTest, ReadsWhatThePhoneWroteAndProvesIt) {
  Do(4, std::string(64, 'a'), {"a picture", "another"});
  Do(5, last_hash_);
  Photo("a picture", absl::Base64Escape("a picture"));
  Photo("another", nullptr);
  file_["drafts"].push_back({{"draftId", "d"},
                             {"form", "check"},
                             {"subject", "cases/1"},
                             {"data", {{"x", {1}}}},
                             {"photos", ordered_json::array()},
                             {"updatedMs", 1763798400000}});
  const Outbox outbox = Proven();
  EXPECT_THAT(Places(outbox), IsEmpty());
  EXPECT_EQ(outbox.login, "g004");
  EXPECT_EQ(outbox.public_key, key_.public_key);
  EXPECT_EQ(outbox.label, "Chrome 140");
  EXPECT_EQ(outbox.registration, std::string(64, 's'));
  ASSERT_EQ(outbox.operations.size(), 2u);
  EXPECT_TRUE(outbox.operations[0].intact && outbox.operations[1].intact);
  EXPECT_EQ(outbox.operations[0].made.seq(), 4);
  EXPECT_EQ(outbox.operations[0].made.photos_size(), 2);
  ASSERT_EQ(outbox.photos.size(), 2u);
  EXPECT_TRUE(outbox.photos[0].whole);
  EXPECT_FALSE(outbox.photos[1].whole) << "the phone itself had lost its bytes";
  ASSERT_EQ(outbox.drafts.size(), 1u);
  EXPECT_EQ(outbox.drafts[0].form, "check");
  EXPECT_THAT(outbox.Devices(), ElementsAre(kDevice));
  EXPECT_THAT(GapsOf(outbox), IsEmpty());
}

// Written by packages/sync itself: three operations, a photo and a draft of a phone without a network.
TEST_F(OutboxFileTest, ReadsAndProvesAFileOfTheAppsOwnEngine) {
  absl::StatusOr<Outbox> outbox = ReadOutbox(GW_SOURCE_DIR "/tests/unit/gridctl/testdata/outbox.json");
  ASSERT_TRUE(outbox.ok()) << outbox.status();
  ProveOutbox({{outbox->device, outbox->public_key}}, *outbox);
  EXPECT_THAT(Places(*outbox), IsEmpty());
  ASSERT_EQ(outbox->operations.size(), 3u);
  EXPECT_TRUE(outbox->operations[0].intact && outbox->operations[1].intact && outbox->operations[2].intact);
  EXPECT_TRUE(outbox->photos.size() == 1 && outbox->photos[0].whole);
  EXPECT_EQ(outbox->drafts.size(), 1u);
  const std::string id = outbox->device.substr(outbox->device.find('/') + 1);
  EXPECT_TRUE(crypto::EcdsaVerify(outbox->public_key,
                                  absl::StrCat("gridwarden/device/v1\n", id, "\n", outbox->account),
                                  outbox->registration));
}

TEST_F(OutboxFileTest, HandsOutThePhotosOneByOneAndNoneThatIsNotWhole) {
  Photo("one", absl::Base64Escape("one"));
  Photo("two", absl::Base64Escape("Two"));
  Photo("three", absl::Base64Escape("three"));
  std::vector<std::string> seen;
  const auto outbox = Read([&](const OutboxPhoto& photo, const std::string& bytes) {
    EXPECT_EQ(photo.sha256, Hex(bytes));
    seen.push_back(bytes);
  });
  ASSERT_TRUE(outbox.ok());
  EXPECT_THAT(seen, ElementsAre("one", "three"));
  EXPECT_THAT(Places(*outbox), ElementsAre("photos[1].base64"));
}

TEST_F(OutboxFileTest, SaysWhichOperationAndWhichFieldWasChanged) {
  for (int64_t seq = 1; seq <= 3; ++seq) Do(seq, last_hash_);
  std::string body = file_["operations"][1]["body"];
  body.replace(body.find("正常"), std::string("正常").size(), "异常");
  file_["operations"][1]["body"] = body;
  Outbox outbox = Proven();
  EXPECT_THAT(Places(outbox), ElementsAre("operations[1] (2).body"));
  EXPECT_FALSE(outbox.operations[1].intact);
  EXPECT_TRUE(outbox.operations[2].intact) << "the others are as good as before";
  // Whoever changes the hash as well is caught by the signature.
  file_["operations"][1]["hash"] = Hex(body);
  outbox = Proven();
  EXPECT_THAT(Places(outbox), ElementsAre("operations[1] (2).signature"));
  EXPECT_FALSE(outbox.operations[1].intact);
}

TEST_F(OutboxFileTest, WhatStandsBesideTheSignedBytesMustSayTheSame) {
  Do(1, "");
  file_["operations"][0]["seq"] = 7;
  file_["operations"][0]["subject"] = "cases/other";
  file_["operations"][0]["photos"] = {Hex("x")};
  file_["operations"][0]["hash"] = std::string(64, '0');
  const Outbox outbox = Proven();
  EXPECT_THAT(Places(outbox), ElementsAre("operations[0].hash", "operations[0].seq", "operations[0].subject",
                                          "operations[0].photos"));
  EXPECT_TRUE(outbox.operations[0].intact) << "what is sent are the signed bytes, and they are whole";
  EXPECT_THAT(outbox.problems[1].english, HasSubstr("got 7, want 1"));
  EXPECT_THAT(outbox.problems[1].chinese, HasSubstr("签名内容为 1"));
}

TEST_F(OutboxFileTest, AnotherKeyProvesNothing) {
  Do(1, "");
  absl::StatusOr<Outbox> outbox = Read();
  ASSERT_TRUE(outbox.ok());
  ProveOutbox({{kDevice, crypto::MakeEcdsaKeyPair().public_key}}, *outbox);
  EXPECT_FALSE(outbox->operations[0].intact);
  outbox = Read();
  ProveOutbox({}, *outbox);
  EXPECT_FALSE(outbox->operations[0].intact);
  EXPECT_THAT(outbox->problems[0].english, HasSubstr("whose key is not known"));
}

TEST_F(OutboxFileTest, SeesABrokenChainANumberTwiceAndNumbersThatAreNotThere) {
  Do(1, "");
  Do(2, std::string(64, 'f'));
  Do(2, last_hash_);
  Do(5, last_hash_);
  Do(9, last_hash_);
  const Outbox outbox = Proven();
  EXPECT_THAT(Places(outbox), ElementsAre("operations[1].body", "operations[2].seq"));
  const std::vector<OutboxGap> gaps = GapsOf(outbox);
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[0].from, 3);
  EXPECT_EQ(gaps[0].to, 4);
  EXPECT_EQ(gaps[1].to, 8);
}

TEST_F(OutboxFileTest, AFileThatEndsTooEarlyIsReadAsFarAsItGoes) {
  Do(1, "");
  Do(2, last_hash_);
  Photo("a picture", absl::Base64Escape("a picture"));
  const std::string whole = file_.dump();
  Write(whole.substr(0, whole.size() - 10));
  absl::StatusOr<Outbox> outbox = ReadOutbox(path_);
  ASSERT_TRUE(outbox.ok()) << outbox.status();
  EXPECT_TRUE(outbox->cut_off);
  EXPECT_EQ(outbox->operations.size(), 2u);
  EXPECT_THAT(outbox->photos, IsEmpty());
  ASSERT_EQ(outbox->problems.size(), 1u);
  EXPECT_THAT(outbox->problems[0].english, HasSubstr("line 1, column"));
}

TEST_F(OutboxFileTest, AFileThatIsNoneSaysTheLineTheFieldWhatItGotAndWhatItWanted) {
  EXPECT_THAT(ReadOutbox("/nonexistent/x").status().message(), HasSubstr("cannot be read"));
  Write("");
  EXPECT_THAT(ReadOutbox(path_).status().message(), HasSubstr("line 1, column 1"));
  Write("{\n \"format\": nonsense");
  EXPECT_THAT(ReadOutbox(path_).status().message(), HasSubstr("line 2, column"));
  Write("[1, 2]");
  EXPECT_THAT(ReadOutbox(path_).status().message(),
              HasSubstr("format: got null, want \"gridwarden-outbox/1\""));
  file_["format"] = "gridwarden-outbox/9";
  EXPECT_THAT(Read().status().message(), HasSubstr("got \"gridwarden-outbox/9\""));
}

TEST_F(OutboxFileTest, FieldsOfTheWrongKindAreNamed) {
  Do(1, "");
  file_["operations"][0]["seq"] = "one";
  file_["operations"][0]["signature"] = "c2hvcnQ=";
  file_["operations"].push_back({{"opId", 5}, {"body", "no JSON"}});
  Photo("p", "%%%");
  file_["exportTime"] = "yesterday";
  const auto outbox = Read();
  ASSERT_TRUE(outbox.ok());
  const std::vector<std::string> places = Places(*outbox);
  for (const char* place : {"operations[0].seq", "operations[0].signature", "operations[1].opId",
                            "operations[1].hash", "operations[1].body", "photos[0].base64", ".exportTime"})
    EXPECT_THAT(places, Contains(place));
  EXPECT_THAT(outbox->problems,
              Contains(Field(&OutboxProblem::english, HasSubstr("got \"one\", want a whole number"))));
}

}  // namespace
}  // namespace gridwarden::gridctl
