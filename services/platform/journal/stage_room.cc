#include "platform/journal/stage_room.h"

#include <atomic>

namespace gridwarden::journal {
namespace {

std::atomic<bool> stage_full{false};

}  // namespace

void NoteStageFull(bool full) { stage_full.store(full); }

bool StageIsFull() { return stage_full.load(); }

}  // namespace gridwarden::journal
