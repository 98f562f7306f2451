#include "store/io/connection.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bus/io/clock.hpp"
#include "bus/io/timeout.hpp"
#include "store/io/resolver.hpp"
#include "store/io/tls_session.hpp"

namespace fairlead::store {
namespace {

Error failed(int code) { return Error{std::generic_category().message(code)}; }

Status wait_for(int fd, short events, Instant deadline) {
  while (true) {
    const Duration left = deadline - io::now();
    if (left <= Duration{0}) return Error{"nothing came in time"};
    pollfd polled{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&polled, 1, io::milliseconds_up(left));
    if (ready > 0) return Nothing{};
    if (ready < 0 && errno != EINTR) return failed(errno);
  }
}

Result<io::Fd> connect_to(const SocketAddress& address, Instant deadline) {
  io::Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failed(errno);
  if (::connect(fd.get(), address.get(), address.size) != 0) {
    // A Unix socket whose server has no room for one more says EAGAIN, and cannot be waited for.
    if (errno != EINPROGRESS) return failed(errno);
    if (auto waited = wait_for(fd.get(), POLLOUT, deadline); !waited) return waited.error();
    int code = 0;
    socklen_t size = sizeof code;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
    if (code != 0) return failed(code);
  }
  if (address.family() != AF_UNIX) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

}  // namespace

Connection::Connection(io::Fd fd) : fd_(std::move(fd)) {}

Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::dial(const Place& place, const TlsTrust* trust, Instant deadline) {
  auto addresses = resolve(place, deadline);
  if (!addresses) return addresses.error();
  Error why{"no address"};
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    // The last address may have all the time that is left; one before it must leave some to the others.
    const Instant now = io::now();
    const auto others = static_cast<Duration::rep>(addresses->size() - i);
    auto fd = connect_to((*addresses)[i], now + (deadline - now) / others);
    if (!fd) {
      why = fd.error();
      continue;
    }
    std::unique_ptr<Connection> fresh(new Connection(std::move(*fd)));
    if (trust != nullptr) {
      if (auto done = fresh->shake_hands(*trust, place.host, deadline); !done) return done.error();
    }
    return fresh;
  }
  return why;
}

Status Connection::shake_hands(const TlsTrust& trust, const std::string& host, Instant deadline) {
  auto session = TlsSession::begin(trust, host);
  if (!session) return session.error();
  tls_ = std::move(*session);
  while (true) {
    auto done = tls_->shake_hands();
    if (auto sent = send_plain(tls_->take_outgoing(), deadline); !sent) return sent;
    if (!done) return done.error();
    if (*done) return Nothing{};
    std::string came;
    if (auto received = receive_plain(came, deadline); !received) {
      return Error{"it does not answer to TLS: " + received.error().message};
    }
    tls_->on_incoming(came);
  }
}

bool Connection::is_silent() const {
  pollfd polled{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, 0) == 0;
}

void Connection::end() { ::shutdown(fd_.get(), SHUT_RDWR); }

Status Connection::send(std::string_view bytes, Instant deadline) {
  if (!tls_) return send_plain(bytes, deadline);
  if (auto sealed = tls_->seal(bytes); !sealed) return sealed;
  return send_plain(tls_->take_outgoing(), deadline);
}

Status Connection::receive(std::string& into, Instant deadline) {
  if (!tls_) return receive_plain(into, deadline);
  const std::size_t before = into.size();
  while (true) {
    if (auto opened = tls_->open(into); !opened) return opened;
    if (into.size() > before) return Nothing{};
    std::string came;
    if (auto received = receive_plain(came, deadline); !received) return received;
    tls_->on_incoming(came);
  }
}

Status Connection::send_plain(std::string_view bytes, Instant deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto waited = wait_for(fd_.get(), POLLOUT, deadline); !waited) return waited;
    } else if (errno != EINTR) {
      return failed(errno);
    }
  }
  return Nothing{};
}

Status Connection::receive_plain(std::string& into, Instant deadline) {
  std::array<char, 16384> room;  // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
  while (true) {
    const ssize_t got = ::recv(fd_.get(), room.data(), room.size(), 0);
    if (got > 0) {
      into.append(room.data(), static_cast<std::size_t>(got));
      return Nothing{};
    }
    if (got == 0) return Error{"it closed the connection"};
    if (errno == EAGAIN) {
      if (auto waited = wait_for(fd_.get(), POLLIN, deadline); !waited) return waited;
    } else if (errno != EINTR) {
      return failed(errno);
    }
  }
}

}  // namespace fairlead::store
