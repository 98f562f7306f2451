#include "gateway/io/transport.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace fairlead::gateway::io {
namespace {

void set(int fd, int level, int option, int value) { (void)::setsockopt(fd, level, option, &value, sizeof value); }

using GetName = int (*)(int, sockaddr*, socklen_t*);

sockaddr_storage name_of(int fd, GetName get_name) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (get_name(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) address.ss_family = AF_UNSPEC;
  return address;
}

std::uint16_t port_of_address(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  return 0;
}

protocols::IpAddress address_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, bytes.size());
    return protocols::IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
  }
  protocols::IpAddress::Bytes bytes{};
  if (address.ss_family == AF_INET6) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, bytes.size());
  }
  return protocols::IpAddress(bytes);
}

Transport::Read read_of(ssize_t got) {
  using What = Transport::Read::What;
  if (got > 0) return {.what = What::bytes, .bytes = static_cast<std::size_t>(got)};
  if (got == 0) return {.what = What::end};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {.what = later ? What::nothing : What::failed};
}

constexpr std::size_t record = std::size_t{16} << 10U;  // of TLS, at most

}  // namespace

Transport::Transport(fairlead::io::Fd socket, Duration dead) : socket_(std::move(socket)) {
  if (dead <= Duration{0}) dead = 60s;
  const auto whole = [](Duration time) {
    return std::max(1, static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(time).count()));
  };
  set(fd(), IPPROTO_TCP, TCP_NODELAY, 1);
  // Whatever pings there are above: half-open connections end in about `dead`.
  set(fd(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set(fd(), IPPROTO_TCP, TCP_KEEPIDLE, whole(dead / 2));
  set(fd(), IPPROTO_TCP, TCP_KEEPINTVL, whole(dead / 6));
  set(fd(), IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Transport::Read Transport::read(std::span<char> into) {
  return tls_ ? read_encrypted(into) : read_of(::recv(fd(), into.data(), into.size(), MSG_DONTWAIT));
}

Transport::Read Transport::peek(std::span<char> into) const {
  return read_of(::recv(fd(), into.data(), into.size(), MSG_DONTWAIT | MSG_PEEK));
}

void Transport::skip(std::size_t bytes) const {
  std::array<char, 4096> nowhere{};
  while (bytes > 0) {
    const ssize_t got = ::recv(fd(), nowhere.data(), std::min(bytes, nowhere.size()), MSG_DONTWAIT);
    if (got <= 0) return;  // the next read says why
    bytes -= static_cast<std::size_t>(got);
  }
}

// ---- out

Transport::Written Transport::write(std::span<const std::string_view> pieces) {
  return tls_ ? write_encrypted(pieces) : write_plain(pieces);
}

Transport::Written Transport::write_plain(std::span<const std::string_view> pieces) const {
  constexpr std::size_t most = 64;
  std::array<iovec, most> vectors{};
  const std::size_t count = std::min(pieces.size(), most);
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    vectors[i] = {.iov_base = const_cast<char*>(pieces[i].data()), .iov_len = pieces[i].size()};
    total += pieces[i].size();
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  const ssize_t sent = ::sendmsg(fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) return {.full = true};
    return {.failed = true};
  }
  return {.bytes = static_cast<std::size_t>(sent), .full = static_cast<std::size_t>(sent) < total};
}

void Transport::finish_writing() {
  if (tls_) tls_->say_end();
  (void)::shutdown(fd(), SHUT_WR);
}

void Transport::close() {
  staged_.reset();
  tls_.reset();
  socket_.reset();
}

// ---- encrypted

Transport::Shake Transport::shake_hands() {
  const TlsSession::Step step = tls_->shake_hands();
  wants_write_ = step == TlsSession::Step::wants_write;
  if (step == TlsSession::Step::done) return Shake::done;
  return step == TlsSession::Step::wants_read || wants_write_ ? Shake::again : Shake::failed;
}

// As much as there is and has room: one record at a time is all that OpenSSL reads.
Transport::Read Transport::read_encrypted(std::span<char> into) {
  std::size_t all = 0;
  while (all == 0 || into.size() - all >= record) {
    std::size_t bytes = 0;
    const TlsSession::Step step = tls_->read(into.subspan(all), bytes);
    wants_write_ = step == TlsSession::Step::wants_write;
    all += bytes;
    if (step == TlsSession::Step::done) continue;
    if (all > 0) {
      wants_write_ = wants_write_ || step != TlsSession::Step::wants_read;  // nothing more comes that would wake us
      break;
    }
    if (step == TlsSession::Step::ended) return {.what = Read::What::end};
    return {.what = step == TlsSession::Step::failed ? Read::What::failed : Read::What::nothing};
  }
  return {.what = Read::What::bytes, .bytes = all};
}

Transport::Written Transport::flush() {
  std::size_t taken = 0;
  const TlsSession::Step step = tls_->write(*staged_, taken);
  if (step == TlsSession::Step::wants_write) return {.full = true};
  if (step != TlsSession::Step::done) return {.failed = true};
  staged_->erase(0, taken);
  if (staged_->empty()) staged_.reset();
  return {};
}

Transport::Written Transport::write_encrypted(std::span<const std::string_view> pieces) {
  while (staged_) {
    const Written flushed = flush();
    if (flushed.full || flushed.failed) return flushed;
  }
  std::array<char, record> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  std::size_t size = 0;
  for (const std::string_view piece : pieces) {
    const std::string_view part = piece.substr(0, bytes.size() - size);
    std::ranges::copy(part, bytes.begin() + static_cast<std::ptrdiff_t>(size));
    size += part.size();
  }
  if (size == 0) return {};
  std::size_t taken = 0;
  const TlsSession::Step step = tls_->write({bytes.data(), size}, taken);
  if (step == TlsSession::Step::done) return {.bytes = taken};
  if (step != TlsSession::Step::wants_write) return {.failed = true};
  staged_ = std::make_unique<std::string>(bytes.data(), size);
  return {.bytes = size, .full = true};
}

protocols::Peer peer_of(int fd) {
  const sockaddr_storage name = name_of(fd, &::getpeername);
  return {.address = address_of(name), .port = port_of_address(name)};
}
std::uint16_t local_port_of(int fd) { return port_of_address(name_of(fd, &::getsockname)); }

}  // namespace fairlead::gateway::io
