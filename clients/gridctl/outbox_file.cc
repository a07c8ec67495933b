#include "gridctl/outbox_file.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/digest.h"
#include "platform/crypto/ecdsa.h"

namespace gridwarden::gridctl {
namespace {

using nlohmann::json;

constexpr char kSigned[] = "gridwarden/op/v1\n";
constexpr size_t kShownMax = 60;

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

// A value as it is shown to a person: short, and never broken within a character.
std::string Shown(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() <= kShownMax) return text;
  size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

OutboxProblem GotAndWant(std::string where, const std::string& got, const std::string& want,
                         const std::string& want_chinese) {
  return {std::move(where), absl::StrCat("got ", got, ", want ", want),
          absl::StrCat("实为 ", got, "，应为", want_chinese)};
}

// The fields of one object of the file; each that is not as it should be is a problem.
class Fields {
 public:
  Fields(const json& object, std::string where, std::vector<OutboxProblem>& problems)
      : object_(object), where_(std::move(where)), problems_(problems) {}

  std::string Text(const char* name) {
    const json& value = At(name);
    if (value.is_string()) return value.get<std::string>();
    Wrong(name, value, "a text", "文字");
    return "";
  }
  int64_t Number(const char* name) {
    const json& value = At(name);
    if (value.is_number_integer()) return value.get<int64_t>();
    Wrong(name, value, "a whole number", "整数");
    return 0;
  }
  std::vector<std::string> Texts(const char* name) {
    const json& value = At(name);
    std::vector<std::string> texts;
    bool well = value.is_array();
    for (const json& one : well ? value : json::array()) {
      well = well && one.is_string();
      if (one.is_string()) texts.push_back(one.get<std::string>());
    }
    if (!well) Wrong(name, value, "a list of texts", "文字列表");
    return texts;
  }
  std::string Bytes(const char* name, size_t size) {
    std::string bytes;
    if (absl::Base64Unescape(Text(name), &bytes) && bytes.size() == size) return bytes;
    Wrong(name, At(name), absl::StrCat(size, " bytes in base64"),
          absl::StrCat(" base64 编码的 ", size, " 字节"));
    return "";
  }

 private:
  const json& At(const char* name) const {
    static const json kNothing;
    const auto found = object_.find(name);
    return found == object_.end() ? kNothing : *found;
  }
  void Wrong(const char* name, const json& got, const std::string& want, const std::string& want_chinese) {
    problems_.push_back(GotAndWant(absl::StrCat(where_, ".", name), Shown(got), want, want_chinese));
  }

  const json& object_;
  const std::string where_;
  std::vector<OutboxProblem>& problems_;
};

bool ReadBody(const std::string& text, sync::v1::OperationBody& body) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  return google::protobuf::util::JsonStringToMessage(text, &body, options).ok();
}

// Takes the file in as the parser meets it, so that no more than one photo is held.
class Intake {
 public:
  Intake(Outbox& outbox, const OnPhoto& on_photo) : outbox_(outbox), on_photo_(on_photo) {}

  // What the parser found. False: it need not keep it.
  bool Take(int depth, json::parse_event_t event, json& value) {
    if (depth == 1 && event == json::parse_event_t::key) list_ = value.get<std::string>();
    if (depth == 1 && event == json::parse_event_t::value) head_[list_] = value;
    if (depth == 1 && event == json::parse_event_t::object_end) head_[list_] = value;
    if (depth != 2 || event != json::parse_event_t::object_end) return true;
    if (list_ == "operations")
      TakeOperation(value);
    else if (list_ == "photos")
      TakePhoto(value);
    else if (list_ == "drafts")
      TakeDraft(value);
    return false;
  }

  absl::Status TakeHead(const std::string& path) {
    const std::string format =
        head_.value("format", json()).is_string() ? head_["format"].get<std::string>() : "";
    if (format != kOutboxFormat)
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": format: got ", Shown(head_.value("format", json())), ", want \"",
                       kOutboxFormat, "\": this is not the file a phone hands out"));
    Fields fields(head_, "", outbox_.problems);
    outbox_.account = fields.Text("account");
    outbox_.login = fields.Text("login");
    outbox_.display_name = fields.Text("displayName");
    outbox_.device = fields.Text("device");
    if (!outbox_.device.empty()) outbox_.public_key = fields.Bytes("publicKey", crypto::kEcdsaPublicKeySize);
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, fields.Text("exportTime"), &outbox_.exported, &error))
      outbox_.problems.push_back(GotAndWant(".exportTime", Shown(head_["exportTime"]), "a time", "时间"));
    // Phones of an earlier build wrote none.
    if (const auto registration = head_.find("registration");
        registration != head_.end() && registration->is_object()) {
      Fields proof(*registration, ".registration", outbox_.problems);
      outbox_.label = proof.Text("label");
      outbox_.registration = proof.Bytes("signature", crypto::kEcdsaSignatureSize);
    }
    return absl::OkStatus();
  }

 private:
  void TakeOperation(const json& value) {
    OutboxOperation one;
    one.where = absl::StrCat("operations[", outbox_.operations.size(), "]");
    Fields fields(value, one.where, outbox_.problems);
    one.op_id = fields.Text("opId");
    one.seq = fields.Number("seq");
    one.rpc = fields.Text("rpc");
    one.subject = fields.Text("subject");
    one.state = fields.Text("state");
    one.photos = fields.Texts("photos");
    one.hash = absl::AsciiStrToLower(fields.Text("hash"));
    one.body = fields.Text("body");
    one.signature = fields.Bytes("signature", crypto::kEcdsaSignatureSize);
    if (!one.body.empty() && !ReadBody(one.body, one.made))
      outbox_.problems.push_back(
          GotAndWant(one.where + ".body", Shown(one.body), "JSON of an operation", "一条操作的 JSON"));
    outbox_.operations.push_back(std::move(one));
  }

  void TakePhoto(const json& value) {
    OutboxPhoto photo;
    photo.where = absl::StrCat("photos[", outbox_.photos.size(), "]");
    Fields fields(value, photo.where, outbox_.problems);
    photo.sha256 = absl::AsciiStrToLower(fields.Text("sha256"));
    photo.size = fields.Number("size");
    photo.content_type = fields.Text("contentType");
    photo.state = fields.Text("state");
    photo.op_ids = fields.Texts("opIds");
    const auto content = value.find("base64");
    // null: the phone itself could not read it any more.
    if (content != value.end() && content->is_string()) {
      std::string bytes;
      const bool read = absl::Base64Unescape(content->get_ref<const std::string&>(), &bytes);
      const std::string digest = Hex(crypto::Sha256(bytes));
      photo.whole = read && digest == photo.sha256;
      if (!read)
        outbox_.problems.push_back(
            GotAndWant(photo.where + ".base64", Shown(*content), "bytes in base64", " base64 编码"));
      else if (!photo.whole)
        outbox_.problems.push_back(GotAndWant(
            photo.where + ".base64", absl::StrCat("bytes whose SHA-256 is ", digest),
            absl::StrCat("those of ", photo.sha256), absl::StrCat("指纹 ", photo.sha256, " 的原图")));
      if (photo.whole && on_photo_) on_photo_(photo, bytes);
    }
    outbox_.photos.push_back(std::move(photo));
  }

  void TakeDraft(const json& value) {
    Fields fields(value, absl::StrCat("drafts[", outbox_.drafts.size(), "]"), outbox_.problems);
    outbox_.drafts.push_back({.form = fields.Text("form"),
                              .subject = fields.Text("subject"),
                              .updated = absl::FromUnixMillis(fields.Number("updatedMs"))});
  }

  Outbox& outbox_;
  const OnPhoto& on_photo_;
  std::string list_;  // the field of the file we are in
  json head_ = json::object();
};

// "line 1, column 4711: ..." of what the parser says: "[json.exception...] parse error at line 1, ...".
std::string PlaceOf(const json::exception& error) {
  const std::string what = error.what();
  const size_t at = what.find("parse error at ");
  return at == std::string::npos ? what : what.substr(at + 15);
}

std::string NameOf(const OutboxOperation& one) {
  return absl::StrCat(one.where, " (", one.made.seq() != 0 ? one.made.seq() : one.seq, ")");
}

void CompareWithSigned(const OutboxOperation& one, std::vector<OutboxProblem>& problems) {
  const auto differ = [&](const char* field, const std::string& got, const std::string& want) {
    if (got == want) return;
    problems.push_back({absl::StrCat(one.where, ".", field),
                        absl::StrCat("got ", got, ", want ", want, " as it was signed"),
                        absl::StrCat("实为 ", got, "，签名内容为 ", want)});
  };
  differ("opId", one.op_id, one.made.op_id());
  differ("seq", absl::StrCat(one.seq), absl::StrCat(one.made.seq()));
  differ("rpc", one.rpc, one.made.rpc());
  differ("subject", one.subject, one.made.subject());
  std::vector<std::string> photos;
  for (const sync::v1::PhotoClaim& photo : one.made.photos()) photos.push_back(photo.sha256());
  differ("photos", absl::StrJoin(one.photos, " "), absl::StrJoin(photos, " "));
}

void Prove(const std::map<std::string, std::string>& keys, OutboxOperation& one,
           std::vector<OutboxProblem>& problems) {
  const std::string hash = Hex(crypto::Sha256(one.body));
  const bool same_bytes = hash == one.hash;
  const auto key = keys.find(one.made.device());
  if (key == keys.end()) {
    problems.push_back({absl::StrCat(one.where, ".body"),
                        absl::StrCat("made on ", one.made.device(), ", whose key is not known here"),
                        absl::StrCat("由 ", one.made.device(), " 所做，此处没有它的公钥")});
    return;
  }
  one.intact = crypto::EcdsaVerify(key->second, kSigned + one.body, one.signature);
  if (one.intact) {
    if (!same_bytes) problems.push_back(GotAndWant(one.where + ".hash", one.hash, hash, " " + hash));
    return CompareWithSigned(one, problems);
  }
  // The hash beside it tells which of the two was changed.
  if (same_bytes)
    problems.push_back({absl::StrCat(NameOf(one), ".signature"),
                        "the phone's key did not make this signature over this body: it was changed",
                        "这不是该手机对此内容的签名：签名被改动"});
  else
    problems.push_back({absl::StrCat(NameOf(one), ".body"),
                        "these are not the bytes the phone signed: the body was changed",
                        "这不是手机签过名的内容：内容被改动"});
}

}  // namespace

std::vector<std::string> Outbox::Devices() const {
  std::set<std::string> devices;
  for (const OutboxOperation& one : operations) devices.insert(one.made.device());
  devices.erase("");
  return {devices.begin(), devices.end()};
}

absl::StatusOr<Outbox> ReadOutbox(const std::string& path, const OnPhoto& on_photo) {
  std::ifstream in(path, std::ios::binary);
  if (!in.is_open()) return absl::InvalidArgumentError(path + ": cannot be read");
  Outbox outbox;
  Intake intake(outbox, on_photo);
  std::string broken;
  try {
    const json rest = json::parse(in, [&](int depth, json::parse_event_t event, json& value) {
      return intake.Take(depth, event, value);
    });
  } catch (const json::exception& error) {
    broken = PlaceOf(error);
  }
  if (const absl::Status head = intake.TakeHead(path); !head.ok()) {
    if (broken.empty()) return head;
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", broken));
  }
  if (!broken.empty()) {
    outbox.cut_off = true;
    outbox.problems.push_back({"", broken + "; what stands before is read", broken + "；此前的内容已读出"});
  }
  std::stable_sort(outbox.operations.begin(), outbox.operations.end(),
                   [](const OutboxOperation& a, const OutboxOperation& b) {
                     return std::pair(a.made.device(), a.made.seq()) <
                            std::pair(b.made.device(), b.made.seq());
                   });
  return outbox;
}

void ProveOutbox(const std::map<std::string, std::string>& keys, Outbox& outbox) {
  const OutboxOperation* before = nullptr;
  for (OutboxOperation& one : outbox.operations) {
    Prove(keys, one, outbox.problems);
    if (!one.intact) continue;
    const bool same_device = before != nullptr && before->made.device() == one.made.device();
    if (same_device && before->made.seq() == one.made.seq())
      outbox.problems.push_back({one.where + ".seq",
                                 absl::StrCat("number ", one.seq, " is there twice: ", before->where),
                                 absl::StrCat("编号 ", one.seq, " 出现两次：", before->where)});
    if (same_device && before->made.seq() + 1 == one.made.seq() &&
        one.made.prev_hash() != Hex(crypto::Sha256(before->body)))
      outbox.problems.push_back(
          {one.where + ".body",
           absl::StrCat("it was not made after ", before->where, ": the chain is broken"),
           absl::StrCat("它不接在 ", before->where, " 之后：记录链断开")});
    before = &one;
  }
}

std::vector<OutboxGap> GapsOf(const Outbox& outbox) {
  std::vector<OutboxGap> gaps;
  const OutboxOperation* before = nullptr;
  for (const OutboxOperation& one : outbox.operations) {
    const bool first = before == nullptr || before->made.device() != one.made.device();
    if (!first && one.made.seq() > before->made.seq() + 1)
      gaps.push_back({one.made.device(), before->made.seq() + 1, one.made.seq() - 1});
    before = &one;
  }
  return gaps;
}

}  // namespace gridwarden::gridctl
