#include "gridctl/rung_words.h"

#include "absl/strings/str_cat.h"
#include "domain/clock/stage_clock.h"
#include "gridctl/words.h"

namespace gridwarden::gridctl {

std::string ClockWord(const Invocation& run, const std::string& clock) {
  if (!run.chinese) return clock;
  for (int i = 1; i <= static_cast<int>(domain::Stage::kResult); ++i) {
    const auto stage = static_cast<domain::Stage>(i);
    if (domain::NameOf(stage) == clock) return std::string(domain::ZhOf(stage));
  }
  if (clock == "TOTAL") return "全程";
  if (clock == "STOP") return "停产";
  if (clock == "REPLY") return "督办答复";
  if (clock == "LIMIT") return "督办期限";
  if (clock == "REWORK") return "返工";
  if (clock == "REBOUND") return "反弹";
  if (clock == "OVERDUE") return "逾期件数";
  return clock;
}

std::string RungWord(const Invocation& run, const casework::v1::Rung& rung) {
  const std::string level =
      run.chinese ? absl::StrCat("R", static_cast<int>(rung.level()), " ", Word(run, rung.level()))
                  : casework::v1::Rung::Level_Name(rung.level());
  const std::string how_much =
      rung.percent() > 0 ? absl::StrCat(rung.percent(), " %") : absl::StrCat(rung.count());
  return absl::StrCat(level, " ", ClockWord(run, rung.clock()), " ", how_much);
}

std::string ToldWord(const Invocation& run, const casework::v1::Rung& rung) {
  std::string told;
  for (const casework::v1::Rung::Recipient& recipient : rung.recipients()) {
    absl::StrAppend(&told, told.empty() ? "" : "; ", PostWord(run, recipient.post_display_name()), " ",
                    recipient.person_display_name());
    if (recipient.instead_of().empty()) continue;
    absl::StrAppend(&told, run.chinese ? "（代空缺岗位 " : " (instead of the vacant ",
                    PostWord(run, recipient.instead_of_display_name()), run.chinese ? "）" : ")");
  }
  return told.empty() ? Say(run, "nobody could be told", "无人可告") : told;
}

}  // namespace gridwarden::gridctl
