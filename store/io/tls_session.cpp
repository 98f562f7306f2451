#include "store/io/tls_session.hpp"

#include <array>

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace fairlead::store {
namespace {

// The first thing that went wrong, in OpenSSL's words.
std::string reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const words = code == 0 ? nullptr : ERR_reason_error_string(code);
  return words == nullptr ? "TLS failed" : words;
}

}  // namespace

Result<std::unique_ptr<TlsTrust>> TlsTrust::load(const std::string& file) {
  std::unique_ptr<TlsTrust> trust(new TlsTrust(SSL_CTX_new(TLS_client_method())));
  SSL_CTX* const context = trust->get();
  if (context == nullptr) return Error{reason()};
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const int loaded = file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                  : SSL_CTX_load_verify_locations(context, file.c_str(), nullptr);
  if (loaded != 1) {
    return Error{"no certificates can be read from " + (file.empty() ? "where the system keeps them" : file) + ": " +
                 reason()};
  }
  return trust;
}

Result<std::unique_ptr<TlsSession>> TlsSession::begin(const TlsTrust& trust, const std::string& host) {
  std::unique_ptr<TlsSession> session(new TlsSession(SSL_new(trust.get())));
  SSL* const ssl = session->ssl_.get();
  if (ssl == nullptr) return Error{reason()};
  // A host is either an address, which the certificate names as such, or a name, which the server may want to hear.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
    ERR_clear_error();
    if (SSL_set1_host(ssl, host.c_str()) != 1 || SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
      return Error{reason()};
  }
  BIO* const incoming = BIO_new(BIO_s_mem());
  BIO* const outgoing = BIO_new(BIO_s_mem());
  if (incoming == nullptr || outgoing == nullptr) {
    BIO_free(incoming);
    BIO_free(outgoing);
    return Error{reason()};
  }
  SSL_set_bio(ssl, incoming, outgoing);
  SSL_set_connect_state(ssl);
  return session;
}

Result<bool> TlsSession::shake_hands() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return true;
  if (SSL_get_error(ssl_.get(), done) == SSL_ERROR_WANT_READ) return false;
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) {
    ERR_clear_error();
    return Error{std::string("its certificate is not to be trusted: ") + X509_verify_cert_error_string(verified)};
  }
  return Error{"no TLS with it: " + reason()};
}

Status TlsSession::seal(std::string_view bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1) return Error{reason()};
    bytes.remove_prefix(written);
  }
  return Nothing{};
}

Status TlsSession::open(std::string& into) {
  std::array<char, 16384> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): SSL_read_ex fills it
  while (true) {
    ERR_clear_error();
    std::size_t got = 0;
    const int done = SSL_read_ex(ssl_.get(), room.data(), room.size(), &got);
    if (done == 1) {
      into.append(room.data(), got);
      continue;
    }
    const int what = SSL_get_error(ssl_.get(), done);
    if (what == SSL_ERROR_WANT_READ) return Nothing{};
    if (what == SSL_ERROR_ZERO_RETURN) return Error{"it closed the connection"};
    return Error{"its TLS is broken: " + reason()};
  }
}

std::string TlsSession::take_outgoing() {
  BIO* const outgoing = SSL_get_wbio(ssl_.get());
  std::string bytes(BIO_ctrl_pending(outgoing), '\0');
  if (!bytes.empty()) BIO_read(outgoing, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

void TlsSession::on_incoming(std::string_view bytes) {
  BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace fairlead::store
