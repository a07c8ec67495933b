#include "server/modules.h"

#include "casework/casework_service.h"
#include "grid/grid_service.h"
#include "identity/identity_service.h"
#include "intake/intake_service.h"
#include "journal/journal_service.h"
#include "media/media_service.h"
#include "notify/notify_service.h"
#include "patrol/patrol_service.h"
#include "report/report_service.h"
#include "source/source_service.h"
#include "sync/sync_service.h"

// The only file that knows all areas.
namespace gridwarden::server {

std::span<const Module> Modules() {
  static constexpr Module kModules[] = {
      {"identity", identity::Install}, {"grid", grid::Install},         {"source", source::Install},
      {"patrol", patrol::Install},     {"casework", casework::Install}, {"intake", intake::Install},
      {"media", media::Install},       {"journal", journal::Install},   {"report", report::Install},
      {"notify", notify::Install},     {"sync", sync::Install},
  };
  return kModules;
}

const Module* FindModule(std::string_view name) {
  for (const Module& module : Modules()) {
    if (module.name == name) return &module;
  }
  return nullptr;
}

}  // namespace gridwarden::server
