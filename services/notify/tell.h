#pragma once

#include "absl/status/status.h"
#include "access/area.h"
#include "platform/journal/consumer.h"

// From an entry of the feed to notices in inboxes and deliveries on their way.
namespace gridwarden::notify {

// Makes the notices that follow from an entry, in its transaction. Their ids are derived from the entry, so
// that the feed read again adds nothing. What is told to a post goes to whoever held it when the server took
// the entry in; a post that nobody held keeps its notice for the next holder. An entry that lies more than a
// day back (a rebuild) fills inboxes and announces nothing. UNAVAILABLE while this process does not know the
// ground yet.
absl::Status TellOfEntry(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                         const journal::FeedEntry& entry);

}  // namespace gridwarden::notify
