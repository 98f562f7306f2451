// Connection is one conversation with a server, plain or through TLS. It promises that nothing waits past its deadline,
// the look-up of a name included, and that a server that goes away is an Error, never a signal. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bus/io/fd.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"
#include "store/address.hpp"

namespace fairlead::store {

class TlsSession;
class TlsTrust;

class Connection {
 public:
  // `trust` is null for a plain connection.
  static Result<std::unique_ptr<Connection>> dial(const Place& place, const TlsTrust* trust, Instant deadline);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Whether nothing has come on a connection on which nothing is under way. Otherwise it has ended, or an answer has come
  // that nobody waits for: in both cases it is good for nothing.
  bool is_silent() const;

  // From now on it is not silent.
  void end();

  // Everything, or an Error.
  Status send(std::string_view bytes, Instant deadline);

  // Appends what there is, waiting for the first byte.
  Status receive(std::string& into, Instant deadline);

 private:
  explicit Connection(io::Fd fd);
  Status shake_hands(const TlsTrust& trust, const std::string& host, Instant deadline);
  Status send_plain(std::string_view bytes, Instant deadline);
  Status receive_plain(std::string& into, Instant deadline);

  io::Fd fd_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace fairlead::store
