#include "media/copy_media.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "media/media_repository.h"

namespace gridwarden::media {
namespace {

constexpr int kPage = 500;
constexpr absl::Duration kObjectMax = absl::Minutes(2);

enum class Outcome { kThere, kCopied, kLost };

absl::StatusOr<Outcome> CopyOne(ObjectStore& from, ObjectStore& to, const std::string& hex) {
  const absl::Time deadline = absl::Now() + kObjectMax;
  const absl::Status there = to.Get(hex, deadline).status();
  if (there.ok()) return Outcome::kThere;
  if (!absl::IsDataLoss(there)) return there;
  const absl::StatusOr<std::string> content = from.Get(hex, deadline);
  if (absl::IsDataLoss(content.status())) return Outcome::kLost;
  if (!content.ok()) return content.status();
  GW_RETURN_IF_ERROR(to.Put(hex, *content, deadline));
  GW_RETURN_IF_ERROR(to.Get(hex, deadline).status());
  return Outcome::kCopied;
}

// Counts under a lock what many threads do; the first error ends them all.
class Copying {
 public:
  Copying(ObjectStore& from, ObjectStore& to, const CopyOptions& options)
      : from_(from), to_(to), options_(options) {}

  absl::Status Run(const std::vector<StoredMedia>& page) {
    std::atomic<size_t> next = 0;
    const auto copy = [&] {
      for (size_t i = next++; i < page.size(); i = next++) {
        if (!One(page[i])) next = page.size();
      }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < options_.parallel; ++i) threads.emplace_back(copy);
    copy();
    for (std::thread& thread : threads) thread.join();
    if (failure_.ok() && options_.progress) options_.progress(counts_);
    return failure_;
  }

  const CopyCounts& counts() const { return counts_; }

 private:
  bool One(const StoredMedia& media) {
    const std::string hex = absl::BytesToHexString(media.sha256);
    const absl::StatusOr<Outcome> outcome = CopyOne(from_, to_, hex);
    std::lock_guard lock(mutex_);
    if (!outcome.ok()) {
      failure_ = outcome.status();
      return false;
    }
    switch (*outcome) {
      case Outcome::kThere:
        ++counts_.there;
        break;
      case Outcome::kCopied:
        ++counts_.copied;
        counts_.bytes += media.size;
        break;
      case Outcome::kLost:
        ++counts_.lost;
        if (options_.lost) options_.lost(hex);
        break;
    }
    return true;
  }

  ObjectStore& from_;
  ObjectStore& to_;
  const CopyOptions& options_;
  std::mutex mutex_;  // guards counts_, failure_ while threads run
  CopyCounts counts_;
  absl::Status failure_;
};

}  // namespace

absl::StatusOr<CopyCounts> CopyMedia(db::Database& database, ObjectStore& from, ObjectStore& to,
                                     const CopyOptions& options) {
  GW_RETURN_IF_ERROR(to.Check(absl::Now() + kObjectMax));
  Copying copying(from, to, options);
  std::string after;  // the digest of the last page's last
  while (true) {
    std::vector<StoredMedia> page;
    GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(page, ListStored(tx, after, options.since, kPage));
      return absl::OkStatus();
    }));
    if (page.empty()) return copying.counts();
    GW_RETURN_IF_ERROR(copying.Run(page));
    after = page.back().sha256;
  }
}

}  // namespace gridwarden::media
