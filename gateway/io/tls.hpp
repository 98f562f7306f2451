// TLS on a user's own descriptor, by OpenSSL: a listener's certificate, and one connection's encryption.
//
// At least TLS 1.2, no renegotiation, no client certificates. Nothing here waits: what cannot be done now is tried again
// when the descriptor is ready.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bus/result.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace fairlead::gateway::io {

class TlsSession {
 public:
  enum class Step : std::uint8_t { done, wants_read, wants_write, ended, failed };

  explicit TlsSession(ssl_st* ssl) : ssl_(ssl) {}

  Step shake_hands();
  bool is_shaking() const;
  Step read(std::span<char> into, std::size_t& bytes);
  // What was refused with wants_write comes again, and nothing else, until it is taken.
  Step write(std::string_view bytes, std::size_t& taken);
  void say_end();

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  std::unique_ptr<ssl_st, Free> ssl_;
};

class TlsCertificate {
 public:
  // Both PEM; the certificate's file has its chain behind it. A key with a passphrase is refused.
  static Result<TlsCertificate> load(const std::string& certificate, const std::string& key);

  // For a connection that was accepted. It keeps what it needs when the certificate is replaced.
  std::unique_ptr<TlsSession> accept(int fd) const;

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace fairlead::gateway::io
