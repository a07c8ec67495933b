#pragma once

#include <string>

#include "gridctl/command.h"
#include "gridwarden/casework/v1/rung_event.pb.h"

// How reminders and escalations are told.
namespace gridwarden::gridctl {

// "HANDLE" or "处置".
std::string ClockWord(const Invocation& run, const std::string& clock);
// "R2 HANDLE 100 %", "R3 REWORK 2".
std::string RungWord(const Invocation& run, const casework::v1::Rung& rung);
// "GRID_LEADER 前王村 李志强; GRID_LEADER 东关街道 王建国 instead of vacant GRID_OFFICER 前王村".
std::string ToldWord(const Invocation& run, const casework::v1::Rung& rung);

}  // namespace gridwarden::gridctl
