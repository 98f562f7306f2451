// What a chat prints goes out at once: whoever reads it from a pipe is waiting for it.
#pragma once

#include <cerrno>
#include <string_view>

#include <poll.h>
#include <unistd.h>

namespace fairlead::client {

// False: nobody reads standard output any more.
inline bool write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd writable{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace fairlead::client
