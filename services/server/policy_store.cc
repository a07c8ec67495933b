#include "server/policy_store.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::server {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(30);

constexpr std::string_view kNewest =
    "SELECT d.file_name, d.body FROM policy_document d "
    "JOIN (SELECT file_name, MAX(loaded_us) AS loaded_us FROM policy_document GROUP BY file_name) n "
    "ON n.file_name = d.file_name AND n.loaded_us = d.loaded_us ORDER BY d.file_name";
constexpr std::string_view kInsert =
    "INSERT INTO policy_document (file_name, loaded_us, digest, body) VALUES (?, ?, ?, ?)";

using Files = std::map<std::string, std::string>;

// Newest versions by name; a file that was taken away is "".
absl::StatusOr<Files> ReadNewest(db::Transaction& tx) {
  Files files;
  GW_RETURN_IF_ERROR(
      tx.QueryValues(kNewest, {}, [&](const db::Row& row) { files[row.Text(0)] = row.Text(1); }));
  return files;
}

}  // namespace

absl::StatusOr<Files> ReadPolicyFolder(const std::string& folder) {
  Files files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof()) error = std::make_error_code(std::errc::io_error);
    files[entry.path().filename().string()] = std::move(text);
  }
  if (error)
    return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("cannot read ", folder, ": ", error.message()));
  return files;
}

absl::StatusOr<std::vector<std::string>> StorePolicy(db::Database& database, const Files& files,
                                                     absl::Time now) {
  GW_RETURN_IF_ERROR(domain::ParsePolicy(files).status());
  std::vector<std::string> changed;
  GW_RETURN_IF_ERROR(
      database.Run({.deadline = absl::Now() + kTimeout}, [&](db::Transaction& tx) -> absl::Status {
        changed.clear();
        GW_ASSIGN_OR_RETURN(const Files stored, ReadNewest(tx));
        Files wanted = files;
        for (const auto& [name, body] : stored) wanted.emplace(name, "");
        for (const auto& [name, body] : wanted) {
          const auto before = stored.find(name);
          if (before != stored.end() ? before->second == body : body.empty()) continue;
          GW_RETURN_IF_ERROR(tx.Exec(kInsert, name, now, crypto::Sha256(body), body).status());
          changed.push_back(name);
        }
        return absl::OkStatus();
      }));
  return changed;
}

absl::StatusOr<std::shared_ptr<const domain::Policy>> LoadPolicy(db::Database& database) {
  Files files;
  GW_RETURN_IF_ERROR(database.Read(absl::Now() + kTimeout, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(files, ReadNewest(tx));
    return absl::OkStatus();
  }));
  std::erase_if(files, [](const auto& file) { return file.second.empty(); });
  if (files.empty()) {
    return FailedPrecondition("INTERNAL_FAULT",
                              "no policy is loaded; run `gridwarden migrate` with --policy-dir");
  }
  GW_ASSIGN_OR_RETURN(domain::Policy policy, domain::ParsePolicy(files));
  return std::make_shared<const domain::Policy>(std::move(policy));
}

}  // namespace gridwarden::server
