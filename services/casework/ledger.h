#pragma once

#include <vector>

#include "casework/case_file.h"
#include "casework/step.h"
#include "domain/clock/stage_clock.h"

// The clock ledger of a case: what shifts its due times (W9.6).
namespace gridwarden::casework {

// The entries as the clocks read them.
std::vector<domain::ClockAdjustment> LedgerOf(const v1::Case& details);

// Writes what a step means for the ledger, before the clocks are computed: POSTPONE adds the extension of its
// application, SUSPEND begins a pause, and leaving SUSPENDED by whatever step ends it and the suspension.
// True when the ledger changed.
bool WriteLedger(CaseFile& file, const Step& step, domain::CaseState from, domain::CaseState to);

domain::Limit ReadLimit(const v1::Limit& limit);
v1::Limit WriteLimit(const domain::Limit& limit);

}  // namespace gridwarden::casework
