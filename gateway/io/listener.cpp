#include "gateway/io/listener.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway/io/transport.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::Fd;

struct AddressesDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesDeleter>;

Result<Addresses> resolve(const UserEndpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const bool everywhere = endpoint.host == "*";
  addrinfo* list = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int failed = ::getaddrinfo(everywhere ? nullptr : endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (failed != 0) {
    return Error{"cannot listen on " + endpoint.text() + ": " + endpoint.host + ": " + ::gai_strerror(failed)};
  }
  return Addresses(list);
}

// A hosts file may say the same twice.
bool came_before(const addrinfo* first, const addrinfo& address) {
  for (; first != &address; first = first->ai_next) {
    if (first->ai_addrlen == address.ai_addrlen &&
        std::memcmp(first->ai_addr, address.ai_addr, address.ai_addrlen) == 0)
      return true;
  }
  return false;
}

// errno, or 0.
int bind_to(const addrinfo& address, std::uint16_t port, Fd& fd) {
  fd.reset(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage place{};
  std::memcpy(&place, address.ai_addr, address.ai_addrlen);
  if (address.ai_family == AF_INET6) {
    // Each family has its own socket, so that nothing depends on a setting of the machine.
    (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    reinterpret_cast<sockaddr_in6*>(&place)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&place)->sin_port = htons(port);
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&place), address.ai_addrlen) != 0) return errno;
  return ::listen(fd.get(), SOMAXCONN) == 0 ? 0 : errno;
}

protocols::Kind kind_of(UserEndpoint::Protocol protocol) {
  switch (protocol) {
    case UserEndpoint::Protocol::line:
      return protocols::Kind::line;
    case UserEndpoint::Protocol::frame:
      return protocols::Kind::frame;
    case UserEndpoint::Protocol::ws:
      return protocols::Kind::ws;
  }
  return protocols::Kind::line;
}

}  // namespace

Result<Listener> Listener::open(const Door& door) {
  const UserEndpoint& endpoint = door.endpoint;
  auto addresses = resolve(endpoint);
  if (!addresses) return addresses.error();
  Listener listener;
  listener.port_ = endpoint.port;
  std::string why = "no address";
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    if (address->ai_family != AF_INET && address->ai_family != AF_INET6) continue;
    if (came_before(addresses->get(), *address)) continue;
    Fd socket;
    const int failed = bind_to(*address, listener.port_, socket);
    if (failed != 0) {
      why = std::strerror(failed);
      // A machine without IPv6 may have ::1 in its hosts file all the same.
      if (failed == EAFNOSUPPORT || failed == EADDRNOTAVAIL) continue;
      return Error{"cannot listen on " + endpoint.text() + ": " + why};
    }
    if (listener.port_ == 0) listener.port_ = local_port_of(socket.get());
    listener.sockets_.push_back(std::move(socket));
  }
  if (listener.sockets_.empty()) return Error{"cannot listen on " + endpoint.text() + ": " + why};

  UserEndpoint real = endpoint;
  real.port = listener.port_;
  listener.entrance_ = std::make_unique<Entrance>(
      Entrance{.text = real.text(), .kind = kind_of(endpoint.protocol), .settings = door.settings});
  listener.entrance_->settings.protocol.path = endpoint.path;
  if (endpoint.tls) {
    if (const Status loaded = listener.reload_certificate(); !loaded) {
      return Error{"cannot listen on " + endpoint.text() + ": " + loaded.error().message};
    }
  }
  return listener;
}

Status Listener::reload_certificate() {
  const EntranceSettings& settings = entrance_->settings;
  auto loaded = TlsCertificate::load(settings.tls_certificate, settings.tls_key);
  if (!loaded) return loaded.error();
  entrance_->certificate = std::move(*loaded);
  return Nothing{};
}

Listener::Accepted Listener::accept(int budget, const OnUser& on_user) const {
  bool more = false;
  for (const Fd& socket : sockets_) {
    int left = budget;
    for (; left > 0; --left) {
      Fd user(::accept4(socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (user) {
        on_user(*entrance_, std::move(user));
        continue;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        return Accepted::out_of_descriptors;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      // Whatever else accept reports is about a user who left while waiting.
    }
    more = more || left == 0;
  }
  return more ? Accepted::more : Accepted::all;
}

}  // namespace fairlead::gateway::io
