// What all connections of a listener have in common: what users may do there, and how long they are waited for.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/time.hpp"
#include "gateway/io/tls.hpp"
#include "gateway/message_rate.hpp"
#include "gateway/outbox.hpp"
#include "gateway/vigil.hpp"
#include "protocols/forwarded.hpp"
#include "protocols/ip_address.hpp"
#include "protocols/message.hpp"
#include "protocols/options.hpp"

namespace fairlead::gateway::io {

struct EntranceSettings {
  protocols::ServerOptions protocol;  // but for the path, which is the endpoint's
  OutboxLimits outbox;
  VigilTimes vigil;
  std::string ping_data;   // ws: what a ping carries; line and frame: the message that is sent instead, none by default
  Duration handshake{5s};  // until it is known who comes: the PROXY header, the opening of a WebSocket
  Duration close{5s};      // what flushing and saying goodbye may take
  MessageRate rate;
  std::vector<protocols::IpNetwork> trusted;  // proxies whose word counts
  bool proxy_protocol = false;                // their connections begin with a PROXY header
  protocols::ForwardedBy forwarded = protocols::ForwardedBy::x_forwarded_for;  // ws: where they say whom they speak for

  // For lines, frames and wss: files, both PEM.
  std::string tls_certificate;
  std::string tls_key;

  bool trusts(const protocols::IpAddress& address) const {
    return std::ranges::any_of(trusted, [&](const auto& network) { return network.contains(address); });
  }
};

// A place to listen at, with its settings.
struct Door {
  UserEndpoint endpoint;
  EntranceSettings settings;
};

struct Entrance {
  std::string text;  // "ws://0.0.0.0:8080/ws", with the port that it really has
  protocols::Kind kind = protocols::Kind::line;
  EntranceSettings settings;
  std::optional<TlsCertificate> certificate;  // with TLS

  // Whether silent users are asked for a sign of life. A line or frame user who was promised nothing may be silent.
  bool asks() const { return kind == protocols::Kind::ws || !settings.ping_data.empty(); }
};

}  // namespace fairlead::gateway::io
