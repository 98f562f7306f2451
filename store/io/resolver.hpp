// Where a Place is: looked up with a deadline, which the system's own look-up lacks. A name server that does not answer
// leaves at most one thread behind for each name, and that one ends with the look-up.
#pragma once

#include <vector>

#include <sys/socket.h>

#include "bus/result.hpp"
#include "bus/time.hpp"
#include "store/address.hpp"

namespace fairlead::store {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// At least one, or an Error.
Result<std::vector<SocketAddress>> resolve(const Place& place, Instant deadline);

}  // namespace fairlead::store
