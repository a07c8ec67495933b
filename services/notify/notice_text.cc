#include "notify/notice_text.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "domain/notice/text.h"
#include "notify/rules.h"
#include "notify/timestamps.h"

namespace gridwarden::notify {
namespace {

using Words = std::map<std::string, std::string>;

std::string DueOf(const v1::NoticeFacts& facts, absl::TimeZone zone) {
  if (!facts.has_due_time()) return "";
  return absl::FormatTime("%m-%d %H:%M", absl::FromUnixSeconds(facts.due_time().seconds()), zone);
}

std::string WordOf(const domain::Policy& policy, const std::string& code, bool zh) {
  const domain::NoticeRules& rules = RulesOf(policy);
  if (const auto word = rules.words.find(code); word != rules.words.end())
    return zh ? word->second.zh : word->second.en;
  for (const auto& [kind, reasons] : policy.reasons) {
    if (const domain::Reason* reason = policy.FindReason(kind, code); reason != nullptr)
      return zh ? reason->zh : reason->en;
  }
  return code;
}

std::string CategoryOf(const domain::Policy& policy, const std::string& code, bool zh) {
  const domain::Category* category = policy.FindCategory(code);
  if (category == nullptr) return code;
  return zh ? category->zh : category->en;
}

// What stands for the number of something that has none printed.
std::string NumberOf(const std::string& subject, const v1::NoticeFacts& facts, bool zh) {
  if (!facts.case_no().empty()) return facts.case_no();
  if (subject.starts_with("signals/")) return zh ? "线索" : "a lead";
  if (subject.starts_with("supervisionOrders/")) return zh ? "督办单" : "a supervision order";
  return zh ? "一项工作" : "something";
}

// "巡查任务 3 项，结案 2 项"
std::string LinesOf(const domain::Policy& policy, const v1::NoticeFacts& facts, bool zh) {
  std::string lines;
  for (const v1::DigestLine& line : facts.lines()) {
    absl::StrAppend(&lines,
                    lines.empty() ? ""
                    : zh          ? "，"
                                  : ", ",
                    WordOf(policy, line.kind(), zh), zh ? " " : ": ", line.count(), zh ? " 条" : "");
  }
  return lines;
}

std::string PostOf(const domain::Ground& ground, const std::string& name) {
  const domain::Post* post = ground.FindPost(ParseResourceName("posts", name).value_or(Uuid()));
  if (post == nullptr) return "";
  const domain::Unit* unit = ground.FindUnit(post->unit);
  return absl::StrCat(std::string(domain::NameOf(post->kind)), " ",
                      unit != nullptr ? unit->display_name : ground.PathName(post->division));
}

Words WordsOf(const domain::Ground* ground, const domain::Policy& policy, const NoticeRow& notice,
              const v1::NoticeFacts& facts, bool zh) {
  Words words = {
      {"case_no", NumberOf(notice.subject, facts, zh)},
      {"category", CategoryOf(policy, facts.category(), zh)},
      {"due", DueOf(facts, ZoneOf(policy))},
      {"unread", absl::StrCat(facts.unread_count())},
      {"code", facts.lines().empty() ? WordOf(policy, facts.code(), zh) : LinesOf(policy, facts, zh)}};
  if (ground != nullptr) {
    words["division"] = ground->PathName(ParseResourceName("divisions", facts.division()).value_or(Uuid()));
    words["post"] = PostOf(*ground, facts.post());
  }
  return words;
}

}  // namespace

v1::Notice NoticeOf(const domain::Ground& ground, const domain::Policy& policy, const ListedNotice& listed) {
  const NoticeRow& row = listed.notice;
  const domain::NoticeRules& rules = RulesOf(policy);
  v1::Notice notice;
  notice.set_name(ResourceName("notices", row.id));
  notice.set_kind(row.kind);
  notice.set_urgency(static_cast<v1::Notice::Urgency>(row.urgency));
  notice.set_subject(row.subject);
  notice.mutable_facts()->ParseFromString(row.facts);
  notice.set_recipient(ResourceName(row.to_post ? "posts" : "persons", row.recipient));
  SetTime(row.created, notice.mutable_create_time());
  if (!listed.digest) SetTime(listed.announced.value_or(row.created), notice.mutable_announce_time());
  if (listed.read) SetTime(*listed.read, notice.mutable_read_time());
  const domain::NoticeKind* kind = rules.Find(row.kind);
  if (kind == nullptr) {
    notice.set_text_zh(row.kind);
    notice.set_text_en(row.kind);
    return notice;
  }
  const v1::NoticeFacts& facts = notice.facts();
  const auto text = [&](const std::string& of_kind, const std::string& empty, bool zh) {
    return absl::StrCat(domain::FillText(of_kind, WordsOf(&ground, policy, row, facts, zh)),
                        facts.roster_empty() ? empty : "");
  };
  notice.set_text_zh(text(kind->text.zh, rules.roster_empty.zh, true));
  notice.set_text_en(text(kind->text.en, rules.roster_empty.en, false));
  return notice;
}

std::string GroupLineOf(const domain::Policy& policy, const NoticeRow& notice) {
  const domain::NoticeKind* kind = RulesOf(policy).Find(notice.kind);
  if (kind == nullptr || kind->group_zh.empty()) return "";
  v1::NoticeFacts facts;
  facts.ParseFromString(notice.facts);
  return domain::FillText(kind->group_zh, WordsOf(nullptr, policy, notice, facts, true));
}

}  // namespace gridwarden::notify
