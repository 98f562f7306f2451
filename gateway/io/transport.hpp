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

namespace fairlead::gateway::io {

class Transport {
 public:
  // Takes a connected, non-blocking socket. Silence of the machine at the other end is noticed after `dead`.
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

// "192.0.2.7:5123", "[2001:db8::7]:5123"; an IPv4 address that came through an IPv6 socket is what it is.
std::string peer_of(int fd);
std::string local_of(int fd);
std::uint16_t local_port_of(int fd);

}  // namespace fairlead::gateway::io
