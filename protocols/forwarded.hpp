// Whom an HTTP proxy has forwarded a request for, as X-Forwarded-For or Forwarded (RFC 7239) say.
//
// Each proxy adds at the right whom it was connected to by. What stands left of the last address that no trusted proxy
// added may be anybody's invention, and is not looked at.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "protocols/ip_address.hpp"

namespace fairlead::protocols {

enum class ForwardedBy { nothing, x_forwarded_for, forwarded };

// The header's name, in lower case.
std::string_view header_name(ForwardedBy header);

// The user's address, for a request that came from a trusted proxy: the rightmost one that is not `trusted`; of a row
// of trusted ones the leftmost. None when the rightmost cannot be read ("unknown", a made-up name) or there is none.
std::optional<Peer> forwarded_for(ForwardedBy header, std::string_view value,
                                  const std::function<bool(const IpAddress&)>& trusted);

}  // namespace fairlead::protocols
