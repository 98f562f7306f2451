#include "tools/bench/rivals.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <set>
#include <string>
#include <system_error>

#include <netinet/in.h>
#include <sys/socket.h>

#include "bus/check.hpp"
#include "bus/io/entropy.hpp"
#include "bus/io/process.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/random.hpp"
#include "protocols/encode.hpp"
#include "tools/bench/plain_server.hpp"

namespace fairlead::bench {
namespace {

constexpr int budget = 256;
constexpr std::string_view topic = "o";  // an io::Socket's publications begin with one
constexpr PlainServer::Id nobody = UINT32_MAX;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Result<PlainListener> bound_to(std::uint16_t port) {
  PlainListener listener{.socket = io::Fd{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)}};
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof address;
  auto* const bytes = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.socket.get(), bytes, size) != 0 || ::getsockname(listener.socket.get(), bytes, &size) != 0)
    return Error{"cannot bind to 127.0.0.1: " + std::generic_category().message(errno)};
  listener.port = ntohs(address.sin_port);
  return listener;
}

template <class T>
T must(Result<T> made) {
  if (!made) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

// Our sockets do not connect again by themselves, and the broker may not be there yet.
io::Socket connected_dealer(io::Context& context, const std::string& endpoint) {
  while (true) {
    io::Socket socket = must(io::Socket::dealer(context, endpoint));
    for (int look = 0; look < 20; ++look) {
      if (socket.can_send()) return socket;
      io::wait({}, {}, 5ms);
    }
  }
}

// A batch is records of u32 connection, u32 length, payload.
void append_record(std::string& batch, PlainServer::Id connection, std::string_view payload) {
  const std::array<std::uint32_t, 2> header{connection, static_cast<std::uint32_t>(payload.size())};
  batch.append(reinterpret_cast<const char*>(header.data()), sizeof header);
  batch += payload;
}

template <class OnRecord>
void each_record(std::string_view batch, OnRecord&& on_record) {
  std::array<std::uint32_t, 2> header{};
  while (batch.size() >= sizeof header) {
    std::memcpy(header.data(), batch.data(), sizeof header);
    batch.remove_prefix(sizeof header);
    on_record(header[0], batch.substr(0, header[1]));
    batch.remove_prefix(header[1]);
  }
}

}  // namespace

Result<PlainListener> listen_on_loopback() {
  auto listener = bound_to(0);
  if (listener && ::listen(listener->socket.get(), SOMAXCONN) != 0)
    return Error{"cannot listen: " + std::generic_category().message(errno)};
  return listener;
}

Result<std::uint16_t> free_ports(int count) {
  // Below those that the kernel hands out to connections, of which a load has thousands.
  constexpr int lowest = 10'000;
  constexpr int highest = 32'000;
  Random random(io::random_nonzero());
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto first =
        static_cast<std::uint16_t>(lowest + random.below(static_cast<std::uint64_t>(highest - lowest - count)));
    std::deque<PlainListener> row;
    while (static_cast<int>(row.size()) < count) {
      auto next = bound_to(static_cast<std::uint16_t>(first + row.size()));
      if (!next) break;
      row.push_back(std::move(*next));
    }
    if (static_cast<int>(row.size()) == count) return first;
  }
  return Error{"there are no " + std::to_string(count) + " free ports in a row"};
}

void serve_echo(int listener, UserEndpoint::Protocol protocol) {
  io::raise_file_limit();
  io::Loop loop;
  std::vector<PlainServer::Id> group;
  std::string framed;
  PlainServer users(loop, listener, kind_of(protocol), [&](PlainServer::Id from, std::string_view message) {
    const auto blank = message.find(' ');
    if (!message.starts_with('@') || blank == std::string_view::npos) {
      if (message.starts_with('+')) group.push_back(from);
      return users.send(from, message);
    }
    framed.clear();
    protocols::append_framed(users.kind(), {.payload = message.substr(blank + 1), .binary = false}, framed);
    for (const auto member : group) users.send_framed(member, framed);
  });
  users.echo_bytes();
  users.start();
  while (true) {
    loop.run_once(std::nullopt);
    users.flush();
  }
}

void run_bare_gateway(const BusAddress& broker, int listener, UserEndpoint::Protocol protocol, std::size_t workers) {
  io::raise_file_limit();
  io::Context context;
  io::Socket uplink = connected_dealer(context, broker.endpoint(BusSocket::frontend));
  io::Socket downlink = must(io::Socket::sub(context, broker.endpoint(BusSocket::deliveries), topic));
  io::Loop loop;
  std::string batch;
  std::set<std::string, std::less<>> answered;  // the workers by their names
  PlainServer users(loop, listener, kind_of(protocol),
                    [&](PlainServer::Id from, std::string_view message) { append_record(batch, from, message); });
  FAIRLEAD_CHECK(loop.add(downlink.fd(), {.read = true, .write = false}, [](auto) {}).has_value(), "no watch");
  while (true) {
    // Subscriptions may still be under way: users come in when a message has come back through each worker.
    const bool works = answered.size() >= workers;
    if (!works && uplink.can_send()) append_record(batch, nobody, "?");
    loop.run_once(works ? std::optional<Duration>() : Duration(20ms));
    bool more = true;
    while (more) {
      if (!batch.empty()) {
        uplink.send(batch);
        batch.clear();
      }
      const auto drained = io::drain(downlink, budget, [&](std::string_view frame) {
        each_record(frame.substr(topic.size()), [&](PlainServer::Id to, std::string_view payload) {
          if (to != nobody) return users.send(to, payload);
          if (answered.emplace(payload).second && answered.size() == workers) users.start();
        });
      });
      users.flush();
      more = !drained.empty;
    }
  }
}

void run_bare_broker(const BusAddress& broker) {
  io::Context context;
  // Whoever gets through to the other two finds these bound.
  io::Socket deliveries = must(io::Socket::xpub(context, broker.endpoint(BusSocket::deliveries)));
  io::Socket outcomes = must(io::Socket::xsub(context, broker.endpoint(BusSocket::outcomes), topic));
  io::Socket frontend = must(io::Socket::router(context, broker.endpoint(BusSocket::frontend)));
  io::Socket backend = must(io::Socket::router(context, broker.endpoint(BusSocket::backend)));
  std::vector<io::RoutingId> workers;
  std::size_t turn = 0;
  while (true) {
    io::Subscription subscription;
    while (deliveries.receive(subscription) == io::Received::message) {
    }
    const auto replies = io::drain(outcomes, budget, [&](std::string_view frame) { deliveries.send(frame); });
    const auto hellos =
        io::drain_router(backend, budget, [&](io::RoutingId from, std::string_view) { workers.push_back(from); });
    const auto events = io::drain_router(frontend, budget, [&](io::RoutingId, std::string_view frame) {
      if (!workers.empty()) backend.send(workers[turn++ % workers.size()], frame);
    });
    if (!replies.empty || !hellos.empty || !events.empty) continue;
    const std::array<io::Socket*, 4> sockets{&frontend, &deliveries, &backend, &outcomes};
    io::wait(sockets, {}, std::nullopt);
  }
}

void run_bare_worker(const BusAddress& broker, const std::string& name) {
  io::Context context;
  io::Socket events = connected_dealer(context, broker.endpoint(BusSocket::backend));
  io::Socket outcomes = must(io::Socket::pub(context, broker.endpoint(BusSocket::outcomes)));
  const std::array<io::Socket*, 1> sockets{&events};
  events.send("here");
  std::string out;
  while (true) {
    const auto drained = io::drain(events, budget, [&](std::string_view batch) {
      out = topic;
      each_record(batch, [&](PlainServer::Id to, std::string_view payload) {
        append_record(out, to, to == nobody ? std::string_view(name) : payload);
      });
      outcomes.send(out);
    });
    if (drained.empty) io::wait(sockets, {}, std::nullopt);
  }
}

}  // namespace fairlead::bench
