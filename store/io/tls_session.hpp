// TlsSession turns plain bytes into TLS records and back, for the side that calls: it insists on a certificate that is
// trusted and names the host it meant. It touches no socket, so that Connection alone decides how long anything waits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "bus/result.hpp"

namespace fairlead::store {

// The certificates that we believe. Shared by threads.
class TlsTrust {
 public:
  // `file`: PEM; empty for what the system trusts.
  static Result<std::unique_ptr<TlsTrust>> load(const std::string& file);
  SSL_CTX* get() const { return context_.get(); }

 private:
  explicit TlsTrust(SSL_CTX* context) : context_(context, SSL_CTX_free) {}
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
};

class TlsSession {
 public:
  static Result<std::unique_ptr<TlsSession>> begin(const TlsTrust& trust, const std::string& host);

  // True when it is done; false: send what is outgoing, and bring what comes.
  Result<bool> shake_hands();

  Status seal(std::string_view bytes);
  Status open(std::string& into);  // appends what can be read by now

  std::string take_outgoing();
  void on_incoming(std::string_view bytes);

 private:
  explicit TlsSession(SSL* ssl) : ssl_(ssl, SSL_free) {}
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

}  // namespace fairlead::store
