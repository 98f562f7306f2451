// Bytes in and out of one user's connection. All that the gateway knows about TCP is here and in listener.hpp, so that
// an encrypted transport is another class with these few functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bus/io/fd.hpp"
#include "bus/time.hpp"
#include "protocols/ip_address.hpp"

namespace fairlead::gateway::io {

class Transport {
 public:
  // Takes a connected, non-blocking socket. A machine at the other end that is gone is noticed after `dead`,
  // by TCP's own means.
  Transport(fairlead::io::Fd socket, Duration dead);

  struct Read {
    enum class What : std::uint8_t { bytes, nothing, end, failed };
    What what = What::nothing;
    std::size_t bytes = 0;
  };
  Read read(std::span<char> into);

  struct Written {
    std::size_t bytes = 0;
    bool full = false;  // the kernel takes no more for now
    bool failed = false;
  };
  Written write(std::span<const std::string_view> pieces);  // one system call

  void finish_writing();  // the peer reads an end after what was written
  void close() { socket_.reset(); }

  int fd() const { return socket_.get(); }
  bool is_open() const { return static_cast<bool>(socket_); }

 private:
  fairlead::io::Fd socket_;
};

// Who is at the other end of the socket; nobody's address when it is gone already.
protocols::Peer peer_of(int fd);
std::uint16_t local_port_of(int fd);

}  // namespace fairlead::gateway::io
