#include "casework/stop_work.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "casework/list_key.h"
#include "casework/proof.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "platform/rpc/page.h"

#define STOP_WORK_COLUMNS                                                                               \
  "stop_work_id, case_id, source_id, division, ground_path, start_us, until_us, details, subject_seq, " \
  "subject_leaf"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kLock =
    "SELECT " STOP_WORK_COLUMNS " FROM stop_work WHERE stop_work_id = ? FOR UPDATE";
constexpr std::string_view kInsert = R"(
  INSERT INTO stop_work (stop_work_id, case_id, source_id, division, ground_path, state, start_us, until_us, details,
    subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kSave = R"(
  UPDATE stop_work SET state = ?, details = ?, subject_seq = ?, subject_leaf = ?
  WHERE stop_work_id = ? AND subject_seq = ?)";
constexpr std::string_view kCount =
    "SELECT COUNT(*) FROM case_file WHERE source_id = ? AND state <> ? AND file_us >= ?";

StopWorkFile ReadRow(const db::Row& row) {
  StopWorkFile file;
  int column = 0;
  file.id = row.Id(column++);
  file.case_id = row.Id(column++);
  file.source = row.Id(column++);
  file.division = row.Id(column++);
  file.ground_path = row.Text(column++);
  file.start = row.Time(column++);
  file.until = row.Time(column++);
  file.order.ParseFromString(row.Text(column++));
  file.subject.id = file.id;
  file.subject.seq = static_cast<uint64_t>(row.Int(column++));
  file.subject.leaf = row.Text(column++);
  return file;
}

}  // namespace

absl::StatusOr<StopWorkFile> LockStopWork(db::Transaction& tx, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("stopWorks", name));
  GW_ASSIGN_OR_RETURN(std::optional<StopWorkFile> file, tx.QueryOne(kLock, ReadRow, id));
  if (!file) return NotFound(name);
  return *std::move(file);
}

absl::Status InsertStopWork(db::Transaction& tx, const StopWorkFile& file) {
  const absl::Status inserted =
      tx.Exec(kInsert, file.id, file.case_id, file.source, file.division, file.ground_path,
              static_cast<int>(file.order.state()), file.start, file.until, file.order.SerializeAsString(),
              file.subject.seq, file.subject.leaf)
          .status();
  if (db::IsDuplicateKey(inserted))
    return AlreadyExists(absl::StrCat(ResourceName("cases", file.case_id), "/stopWork"));
  return inserted;
}

absl::Status SaveStopWork(db::Transaction& tx, const StopWorkFile& file) {
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSave, static_cast<int>(file.order.state()), file.order.SerializeAsString(),
                              file.subject.seq, file.subject.leaf, file.id, file.subject.seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("stopWorks", file.id));
  return absl::OkStatus();
}

absl::StatusOr<int> CountFindings(db::Transaction& tx, const Uuid& source, absl::Time since) {
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> count,
                      tx.QueryOne(
                          kCount, [](const db::Row& row) { return row.Int(0); }, source,
                          static_cast<int>(v1::Case::VOIDED), since));
  return static_cast<int>(count.value_or(0));
}

absl::StatusOr<std::vector<StopWorkFile>> ListStopWorkFiles(db::Transaction& tx,
                                                            const std::vector<std::string>& grounds,
                                                            bool standing, const StopWorkKey* after,
                                                            int limit) {
  std::vector<StopWorkFile> files;
  const std::string sql =
      absl::StrCat("SELECT " STOP_WORK_COLUMNS " FROM stop_work WHERE 1 = 1", GroundClause(grounds.size()),
                   standing ? " AND state = 1" : "",
                   after != nullptr ? " AND (start_us < ? OR (start_us = ? AND stop_work_id < ?))" : "",
                   " ORDER BY start_us DESC, stop_work_id DESC LIMIT ?");
  std::vector<db::Value> values;
  BindGrounds(grounds, values);
  if (after != nullptr) {
    values.emplace_back(after->time_us);
    values.emplace_back(after->time_us);
    values.emplace_back(after->id);
  }
  values.emplace_back(limit);
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { files.push_back(ReadRow(row)); }));
  return files;
}

absl::Status TellStopWork(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                          v1::StopWorkEvent::Act act, const access::Acting& acting,
                          const std::string& request_id, StopWorkFile& file,
                          absl::Status (*save)(db::Transaction&, const StopWorkFile&)) {
  v1::StopWorkEvent event;
  event.set_act(act);
  event.set_ground_path(file.ground_path);
  *event.mutable_after() = View(file);
  event.mutable_after()->clear_etag();
  if (event.after().has_ordered()) event.mutable_after()->mutable_ordered()->clear_reason();
  if (event.after().has_ended()) event.mutable_after()->mutable_ended()->clear_reason();
  // Signatures and words name people; that they were given stands in the item itself.
  for (type::v1::ChecklistAnswer& answer : *event.mutable_after()->mutable_answers()) {
    const domain::Checklist* list = policy.FindChecklist(answer.checklist());
    const domain::ChecklistItem* item = list == nullptr ? nullptr : list->Find(answer.item());
    if (item == nullptr || item->answer == "text" || item->answer == "signature") answer.clear_value();
  }
  GW_ASSIGN_OR_RETURN(
      const journal::Sealed sealed,
      journal::Seal(call, {.kind = "stop_work",
                           .before = file.subject,
                           .event = &event,
                           .post = acting.post,
                           .tenure = acting.tenure,
                           .earliest = call.now,
                           .latest = call.now,
                           .media = DigestsOf({file.order.evidence().begin(), file.order.evidence().end()},
                                              {file.order.answers().begin(), file.order.answers().end()}),
                           .rule_version = policy.version,
                           .request_id = request_id}));
  file.subject = sealed.after;
  // Saved first: a second order of the case is told by its key, not as a race for the journal.
  GW_RETURN_IF_ERROR(save(tx, file));
  return journal::Stage(tx, sealed);
}

v1::StopWork View(const StopWorkFile& file) {
  v1::StopWork out = file.order;
  out.set_name(ResourceName("stopWorks", file.id));
  out.set_etag(absl::StrCat(file.subject.seq));
  return out;
}

v1::Consent ConsentIn(const rpc::Call& call, const access::Acting& acting, std::string_view seat,
                      std::string_view reason) {
  v1::Consent consent;
  consent.set_seat(std::string(seat));
  consent.set_person(ResourceName("persons", call.principal.person));
  consent.set_post(ResourceName("posts", acting.post));
  consent.set_agrees(true);
  consent.set_reason(std::string(reason));
  *consent.mutable_time() = ToTimestamp(call.now);
  return consent;
}

absl::StatusOr<v1::ListStopWorksResponse> ListStopWorks(const Casework& casework, const rpc::Call& call,
                                                        const v1::ListStopWorksRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> grounds, ScopeWithin(*ground, call, request.division()));
  std::vector<StopWorkFile> files;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const StopWorkKey key = after ? StopWorkKey{after->time_us, after->id} : StopWorkKey();
    GW_ASSIGN_OR_RETURN(
        files, ListStopWorkFiles(tx, grounds, request.standing(), after ? &key : nullptr, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListStopWorksResponse response;
  for (size_t i = 0; i < files.size() && i < static_cast<size_t>(page.size); ++i)
    *response.add_stop_works() = View(files[i]);
  if (files.size() > static_cast<size_t>(page.size)) {
    const StopWorkFile& last = files[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({absl::ToUnixMicros(last.start), last.id})));
  }
  return response;
}

}  // namespace gridwarden::casework
