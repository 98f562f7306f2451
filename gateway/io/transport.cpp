#include "gateway/io/transport.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <arpa/inet.h>
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

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  const std::string port = ":" + std::to_string(port_of_address(address));
  if (address.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
    ::inet_ntop(AF_INET, &v4->sin_addr, host.data(), host.size());
    return host.data() + port;
  }
  if (address.ss_family != AF_INET6) return "unknown";
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
  if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
    ::inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host.data(), host.size());
    return host.data() + port;
  }
  ::inet_ntop(AF_INET6, &v6->sin6_addr, host.data(), host.size());
  return std::string("[") + host.data() + "]" + port;
}

}  // namespace

Transport::Transport(fairlead::io::Fd socket, Duration dead) : socket_(std::move(socket)) {
  const auto whole = [](Duration time) {
    return std::max(1, static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(time).count()));
  };
  set(fd(), IPPROTO_TCP, TCP_NODELAY, 1);
  // Protocols without pings have TCP's own: half-open connections end in about `dead`.
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

std::string peer_of(int fd) { return text_of(name_of(fd, &::getpeername)); }
std::string local_of(int fd) { return text_of(name_of(fd, &::getsockname)); }
std::uint16_t local_port_of(int fd) { return port_of_address(name_of(fd, &::getsockname)); }

}  // namespace fairlead::gateway::io
