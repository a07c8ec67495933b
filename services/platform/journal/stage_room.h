#pragma once

namespace gridwarden::journal {

// Whether so many committed entries wait for their place in the journal that what can wait should
// (guarantees.md 4.11): decisions are refused then, what field staff hand in is taken. Told by the journal's
// watch in its own process and by consumers of the feed elsewhere; false where nobody tells.
void NoteStageFull(bool full);
bool StageIsFull();

}  // namespace gridwarden::journal
