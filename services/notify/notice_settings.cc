#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/notice/timing.h"
#include "notify/notify.h"
#include "notify/rules.h"
#include "notify/settings_repository.h"
#include "platform/rpc/mutate.h"

// How the caller wants to be told. His own affair: no journal entry says so.
namespace gridwarden::notify {
namespace {

absl::StatusOr<std::optional<int>> ReadMinute(const std::string& text, std::string_view field) {
  if (text.empty()) return std::nullopt;
  const std::optional<int> minute = domain::ParseDayMinute(text);
  if (!minute)
    return InvalidField(field, absl::StrCat("got \"", text.substr(0, 20), "\", want a time of day hh:mm"));
  return minute;
}

v1::NoticeSettings Shown(const Settings& settings, const domain::NoticeRules& rules) {
  v1::NoticeSettings shown;
  if (settings.quiet) {
    shown.set_quiet_from(domain::FormatDayMinute(settings.quiet->from));
    shown.set_quiet_to(domain::FormatDayMinute(settings.quiet->to));
  }
  if (settings.digest_at) shown.set_digest_at(domain::FormatDayMinute(*settings.digest_at));
  shown.set_etag(absl::StrCat(settings.revision));
  shown.set_quiet_from_in_force(domain::FormatDayMinute(settings.QuietOr(rules).from));
  shown.set_quiet_to_in_force(domain::FormatDayMinute(settings.QuietOr(rules).to));
  shown.set_digest_at_in_force(domain::FormatDayMinute(settings.DigestOr(rules)));
  return shown;
}

// An administrator without a person is told nothing, so there is nothing to set.
absl::Status NeedsPerson(const rpc::Call& call) {
  if (call.principal.person.IsNil()) return NotAllowed("only people have settings of notices");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::NoticeSettings> GetNoticeSettings(const AreaContext& context, const rpc::Call& call,
                                                     const v1::GetNoticeSettingsRequest&) {
  GW_RETURN_IF_ERROR(NeedsPerson(call));
  Settings settings;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto found, ReadSettings(tx, std::vector<Uuid>{call.principal.person}));
    settings = found.contains(call.principal.person) ? found.at(call.principal.person) : Settings();
    return absl::OkStatus();
  }));
  return Shown(settings, RulesOf(*context.policy));
}

absl::StatusOr<v1::NoticeSettings> SetNoticeSettings(const AreaContext& context, const rpc::Call& call,
                                                     const v1::SetNoticeSettingsRequest& request) {
  GW_RETURN_IF_ERROR(NeedsPerson(call));
  const v1::NoticeSettings& wanted = request.settings();
  GW_ASSIGN_OR_RETURN(const std::optional<int> from, ReadMinute(wanted.quiet_from(), "settings.quiet_from"));
  GW_ASSIGN_OR_RETURN(const std::optional<int> to, ReadMinute(wanted.quiet_to(), "settings.quiet_to"));
  GW_ASSIGN_OR_RETURN(const std::optional<int> digest, ReadMinute(wanted.digest_at(), "settings.digest_at"));
  if (from.has_value() != to.has_value())
    return InvalidField(from ? "settings.quiet_to" : "settings.quiet_from",
                        "got nothing, want both ends of quiet hours or neither");
  return rpc::Mutate<v1::NoticeSettings>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::NoticeSettings> {
        GW_ASSIGN_OR_RETURN(Settings settings, LockSettings(tx, call.principal.person));
        if (!wanted.etag().empty() && wanted.etag() != absl::StrCat(settings.revision))
          return EtagMismatch("noticeSettings");
        settings.quiet.reset();
        if (from) settings.quiet = {*from, *to};
        settings.digest_at = digest;
        ++settings.revision;
        GW_RETURN_IF_ERROR(SaveSettings(tx, call.principal.person, settings));
        return Shown(settings, RulesOf(*context.policy));
      });
}

}  // namespace gridwarden::notify
