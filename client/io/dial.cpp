#include "client/io/dial.hpp"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

namespace fairlead::client {

std::string error_text(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

Result<std::vector<SocketAddress>> resolve(const UserEndpoint& endpoint) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &wanted, &found);
  if (failed != 0) {
    return Error{"cannot find '" + endpoint.host +
                 "': " + (failed == EAI_SYSTEM ? error_text(errno) : std::string(::gai_strerror(failed)))};
  }
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress address;
    std::memcpy(&address.bytes, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

Result<io::Fd> dial(const SocketAddress& address) {
  io::Fd socket{::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return Error{error_text(errno)};
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A gateway whose machine vanished is noticed after about a minute, also by those who only listen.
  const int idle = 30;
  const int interval = 10;
  const int tries = 3;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_KEEPCNT, &tries, sizeof tries);
  const auto* const bytes = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (::connect(socket.get(), bytes, address.size) != 0 && errno != EINPROGRESS) return Error{error_text(errno)};
  return socket;
}

std::string dial_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? std::string() : error_text(error);
}

}  // namespace fairlead::client
