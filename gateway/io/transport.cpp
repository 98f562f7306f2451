#include "gateway/io/transport.hpp"

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
  const ssize_t got = ::recv(fd(), into.data(), into.size(), MSG_DONTWAIT);
  if (got > 0) return {.what = Read::What::bytes, .bytes = static_cast<std::size_t>(got)};
  if (got == 0) return {.what = Read::What::end};
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return {.what = later ? Read::What::nothing : Read::What::failed};
}

Transport::Written Transport::write(std::span<const std::string_view> pieces) {
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

void Transport::finish_writing() { (void)::shutdown(fd(), SHUT_WR); }

protocols::Peer peer_of(int fd) {
  const sockaddr_storage name = name_of(fd, &::getpeername);
  return {.address = address_of(name), .port = port_of_address(name)};
}
std::uint16_t local_port_of(int fd) { return port_of_address(name_of(fd, &::getsockname)); }

}  // namespace fairlead::gateway::io
