// Bytes in and out of one user's connection, plain or encrypted. All that the gateway knows about TCP is here and in
// listener.hpp.
//
// With TLS, bytes that write() has taken may wait here (one record, 16 KiB at most) until the kernel takes them: what is
// encrypted cannot be changed any more, so nothing may pass it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bus/io/fd.hpp"
#include "bus/time.hpp"
#include "gateway/io/tls.hpp"
#include "protocols/ip_address.hpp"

namespace fairlead::gateway::io {

class Transport {
 public:
  // Takes a connected, non-blocking socket. A machine at the other end that is gone is noticed after `dead`,
  // by TCP's own means.
  Transport(fairlead::io::Fd socket, Duration dead);

  // From here on everything is encrypted. Nothing is read or written before shake_hands() is through.
  void secure(std::unique_ptr<TlsSession> tls) { tls_ = std::move(tls); }
  bool is_shaking() const { return tls_ && tls_->is_shaking(); }
  enum class Shake : std::uint8_t { done, again, failed };
  Shake shake_hands();

  struct Read {
    enum class What : std::uint8_t { bytes, nothing, end, failed };
    What what = What::nothing;
    std::size_t bytes = 0;
  };
  Read read(std::span<char> into);
  // What the kernel has, encrypted or not, which stays there; and away with the beginning of it.
  Read peek(std::span<char> into) const;
  void skip(std::size_t bytes) const;

  struct Written {
    std::size_t bytes = 0;
    bool full = false;  // the kernel takes no more for now
    bool failed = false;
  };
  Written write(std::span<const std::string_view> pieces);  // one system call, or one record
  bool flushed() const { return !staged_; }
  // Read again as soon as the descriptor is writable, whether bytes come or not: TLS has something to say of its own
  // first, or knows of the end already.
  bool wants_write() const { return wants_write_; }

  void finish_writing();  // the peer reads an end after what was written
  void close();

  int fd() const { return socket_.get(); }
  bool is_open() const { return static_cast<bool>(socket_); }

 private:
  Read read_encrypted(std::span<char> into);
  Written write_encrypted(std::span<const std::string_view> pieces);
  Written write_plain(std::span<const std::string_view> pieces) const;
  Written flush();

  fairlead::io::Fd socket_;
  bool wants_write_ = false;
  std::unique_ptr<TlsSession> tls_;
  std::unique_ptr<std::string> staged_;  // taken, encrypted, and not gone yet
};

// Who is at the other end of the socket; nobody's address when it is gone already.
protocols::Peer peer_of(int fd);
std::uint16_t local_port_of(int fd);

}  // namespace fairlead::gateway::io
