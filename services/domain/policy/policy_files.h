#pragma once

#include "domain/policy/json_reader.h"
#include "domain/policy/policy.h"

// One function per file of db/policy. Each reads into `policy` what its file says and reports the first
// problem; references are checked against what the files before it have filled in, in the order below.
namespace gridwarden::domain {

void ReadChecklists(const JsonValue& root, Policy& policy);
void ReadSourceCategories(const JsonValue& root, Policy& policy);  // after the checklists
void ReadCaseTypes(const JsonValue& root, Policy& policy);         // after the categories
void ReadReasons(const JsonValue& root, Policy& policy);
void ReadCheckRules(const JsonValue& root, Policy& policy);
void ReadApplicationRules(const JsonValue& root, Policy& policy);
void ReadPostPresets(const JsonValue& root, Policy& policy);
void ReadWorkCalendar(const JsonValue& root, Policy& policy);
void ReadEscalation(const JsonValue& root, Policy& policy);
void ReadDrawRules(const JsonValue& root, Policy& policy);
void ReadScoreRules(const JsonValue& root, Policy& policy);
void ReadNoticeRules(const JsonValue& root, Policy& policy);
void ReadSignalRules(const JsonValue& root, Policy& policy);
void ReadPatrolCadences(const JsonValue& root, Policy& policy);  // after the categories
void ReadQuotas(const JsonValue& root, Policy& policy);          // after the cadences

// "title", "note" and "documents" (cite and title of each source), which every file may carry for its
// readers.
void ReadPreamble(const JsonValue& root);

}  // namespace gridwarden::domain
