// Waiting for what sockets do, for tests.
#pragma once

#include <functional>

#include <poll.h>

#include "bus/io/clock.hpp"
#include "bus/io/zmq_socket.hpp"

namespace fairlead::io {

inline constexpr Duration patience = 10s;

// Asks again, a millisecond's wait in between, until it is so or patience ends.
inline bool eventually(const std::function<bool()>& so) {
  for (const Instant deadline = now() + patience; now() < deadline; ::poll(nullptr, 0, 1)) {
    if (so()) return true;
  }
  return so();
}

// Something to receive, or nothing within the patience.
template <class... Into>
Received receive(Socket& socket, Into&... into) {
  Received got = Received::nothing;
  eventually([&] { return (got = socket.receive(into...)) != Received::nothing; });
  return got;
}

}  // namespace fairlead::io
