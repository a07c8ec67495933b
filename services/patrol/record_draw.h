#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "access/permission.h"
#include "domain/draw/draw.h"
#include "patrol/draw_repository.h"

// What every step of a draw does.
namespace gridwarden::patrol {

inline constexpr int kDrawTitleCharactersMax = 100;
inline constexpr int kSeedCharactersMax = 500;

// SHA-256 and HMAC of platform/crypto.
const domain::draw::Hashes& DrawHashes();

struct DrawStep {
  v1::DrawAction action = v1::DRAW_ACTION_UNSPECIFIED;
  v1::Draw::State from = v1::Draw::STATE_UNSPECIFIED;
  access::Acting acting;
  std::string request_id;
};

// Writes the draw as it stands after the step (inserted when its subject_seq is 0) and its journal entry;
// answers it with its objects.
absl::StatusOr<v1::Draw> RecordDraw(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                    const DrawStep& step, DrawRow draw);

// Locks the draw for a step that only a COMMITTED one allows, and asks for permission: ILLEGAL_TRANSITION,
// ETAG_MISMATCH, or as Absent.
struct OpenDraw {
  DrawRow draw;
  access::Acting acting;
};
absl::StatusOr<OpenDraw> LockOpenDraw(const AreaContext& context, const rpc::Call& call, db::Transaction& tx,
                                      std::string_view name, std::string_view etag, std::string_view action);

// The draw with its objects, read from its texts.
absl::StatusOr<v1::Draw> WithObjects(const DrawRow& draw);

// The task of one inspector at one object: always the same id, so that there is never a second one.
Uuid TaskOfDraw(const Uuid& draw, const std::string& source, const std::string& person);

// INVALID_FIELD for nothing, for more than `characters_max`, and for a line break or another control
// character: the texts of a draw are lines.
absl::Status CheckLine(std::string_view field, std::string_view text, int characters_max);

}  // namespace gridwarden::patrol
