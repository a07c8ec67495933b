#pragma once

#include <string>

namespace gridwarden::client {

// The certificate of a local authority that somebody has put where clients look:
// ~/.config/gridwarden/authority.pem, /etc/gridwarden/authority.pem, and beside a build what ./dev up made
// (.run/tls/authority.pem). "" when there is none.
std::string FindAuthorityFile();

}  // namespace gridwarden::client
