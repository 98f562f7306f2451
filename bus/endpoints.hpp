// What people type as an address, parsed once into types that cannot be wrong. Nothing here looks up a name or opens a
// socket: a host name stays text until the shell resolves it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/result.hpp"

namespace fairlead {

// The broker's sockets, in the order of their ports.
enum class BusSocket { frontend, deliveries, backend, outcomes, tap, admin };
inline constexpr int bus_sockets = 6;
std::string_view text(BusSocket socket);

// Where a broker is. One base address is typed, the six sockets follow from it: tcp://host:7700 has the frontend on
// 7700, the deliveries on 7701 and so on; ipc://dir/name has dir/name.frontend, dir/name.deliveries and so on.
class BusAddress {
 public:
  // For the broker. The host may be '*' (every interface, IPv6 included) and the port 0 (see any_port()); 'localhost'
  // becomes 127.0.0.1, because libzmq resolves no names when it binds.
  static Result<BusAddress> for_listen(std::string_view typed);
  // For everybody else: a particular host and a particular port.
  static Result<BusAddress> for_connect(std::string_view typed);

  // What libzmq is given. Not while any_port() is true, except for the frontend.
  std::string endpoint(BusSocket socket) const;

  // Port 0: bind the frontend, read the port from its last_endpoint(), carry on with with_port(); the five that follow
  // may be taken, so be ready to start again.
  bool any_port() const { return !ipc_ && port_ == 0; }
  Result<BusAddress> with_port(std::uint16_t port) const;

  bool is_ipc() const { return ipc_; }
  std::uint16_t port() const { return port_; }  // 0 for ipc
  std::string text() const;                     // as one would type it

  bool operator==(const BusAddress&) const = default;

 private:
  static Result<BusAddress> parse(std::string_view typed);

  bool ipc_ = false;
  std::string host_;  // or the path, for ipc
  std::uint16_t port_ = 0;
};

// The port at the end of "tcp://127.0.0.1:41234" (what Socket::last_endpoint() says); 0 when there is none.
std::uint16_t port_of(std::string_view endpoint);

// Where something other than the bus listens: 127.0.0.1:9600, [::1]:9600, *:9600, localhost:9600.
struct ListenAddress {
  std::string host;  // without brackets; '*' is every interface
  std::uint16_t port = 0;

  static Result<ListenAddress> parse(std::string_view typed);
  std::string text() const;
  bool operator==(const ListenAddress&) const = default;
};

// Where users meet a gateway: line://host:port, frame://host:port, ws://host:port/path, and with TLS lines://, frames://
// and wss://.
struct UserEndpoint {
  enum class Protocol { line, frame, ws };

  Protocol protocol = Protocol::line;
  bool tls = false;
  std::string host;  // IPv4, IPv6 without brackets, or a name
  std::uint16_t port = 0;
  std::string path;  // ws only, begins with '/'
  // A listener's own settings, line://*:8480?max-message=4k&ping-data=%7B%7D, in their order; what they mean is the
  // gateway's business.
  std::vector<std::pair<std::string, std::string>> options;

  // `typed` as a listener: port 0 is allowed, '*' is every interface.
  static Result<UserEndpoint> for_listen(std::string_view typed);
  // `typed` as a place to go to; a ws path may carry a query.
  static Result<UserEndpoint> for_connect(std::string_view typed);

  std::string text() const;       // line://[::1]:8480, without options
  std::string host_port() const;  // [::1]:8480
  bool operator==(const UserEndpoint&) const = default;
};
std::string_view text(UserEndpoint::Protocol protocol);

}  // namespace fairlead
