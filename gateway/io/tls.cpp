#include "gateway/io/tls.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "bus/check.hpp"

namespace fairlead::gateway::io {
namespace {

std::string why() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : text.data();
}

// OpenSSL would ask on the terminal.
int no_passphrase(char* /*into*/, int /*room*/, int /*writing*/, void* /*ours*/) { return 0; }

TlsSession::Step step_of(const ssl_st* ssl, int result) {
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
      return TlsSession::Step::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return TlsSession::Step::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return TlsSession::Step::ended;
    default:
      return TlsSession::Step::failed;
  }
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }
void TlsCertificate::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

// What one call leaves in the thread's queue of errors would be taken for the next one's.
TlsSession::Step TlsSession::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? Step::done : step_of(ssl_.get(), result);
}

bool TlsSession::is_shaking() const { return SSL_is_init_finished(ssl_.get()) == 0; }

TlsSession::Step TlsSession::read(std::span<char> into, std::size_t& bytes) {
  ERR_clear_error();
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &bytes);
  return result == 1 ? Step::done : step_of(ssl_.get(), result);
}

TlsSession::Step TlsSession::write(std::string_view bytes, std::size_t& taken) {
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &taken);
  return result == 1 ? Step::done : step_of(ssl_.get(), result);
}

void TlsSession::say_end() {
  ERR_clear_error();
  if (!is_shaking()) (void)SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

Result<TlsCertificate> TlsCertificate::load(const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  TlsCertificate out;
  out.context_.reset(SSL_CTX_new(TLS_server_method()));
  ssl_ctx_st* context = out.context_.get();
  FAIRLEAD_CHECK(context != nullptr, "OpenSSL has no TLS");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets do, and they cost us nothing
  SSL_CTX_set_default_passwd_cb(context, &no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return Error{"the certificate " + certificate + " cannot be used: " + why()};
  }
  // Also when it is another certificate's.
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Error{"the key " + key + " cannot be used: " + why()};
  }
  return out;
}

std::unique_ptr<TlsSession> TlsCertificate::accept(int fd) const {
  ssl_st* ssl = SSL_new(context_.get());
  if (ssl == nullptr) return nullptr;
  auto session = std::make_unique<TlsSession>(ssl);
  if (SSL_set_fd(ssl, fd) != 1) return nullptr;
  SSL_set_accept_state(ssl);
  return session;
}

}  // namespace fairlead::gateway::io
