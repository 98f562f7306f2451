// From a typed address to a socket that is being connected.
#pragma once

#include <string>
#include <vector>

#include <sys/socket.h>

#include "bus/endpoints.hpp"
#include "bus/io/fd.hpp"
#include "bus/result.hpp"

namespace fairlead::client {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

// In the resolver's order of preference, never empty. Blocks for as long as a look-up takes.
Result<std::vector<SocketAddress>> resolve(const UserEndpoint& endpoint);

// A non-blocking socket whose connection is under way: it becomes writable when that has come out, one way or the
// other. An error: it failed at once.
Result<io::Fd> dial(const SocketAddress& address);

// How the attempt came out: empty when it is connected.
std::string dial_error(int fd);

std::string error_text(int error);  // "connection refused"

}  // namespace fairlead::client
