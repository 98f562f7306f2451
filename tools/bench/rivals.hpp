// The rivals that --against raw measures beside a bus, ours too, as plain as they can be: an epoll server without any bus,
// and a ZeroMQ pipeline of the same hops, sockets and batching that keeps no promise. Each runs in a process of its own
// until it is killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "bus/endpoints.hpp"
#include "bus/io/fd.hpp"
#include "bus/result.hpp"

namespace fairlead::bench {

struct PlainListener {
  io::Fd socket;
  std::uint16_t port = 0;
};
Result<PlainListener> listen_on_loopback();  // on a port that the kernel chooses

// The first of `count` ports in a row that nobody has at this moment.
Result<std::uint16_t> free_ports(int count);

// Answers what it gets, line and frame byte for byte; and knows `+NAME` and `@NAME TEXT` as the app bench does, with a
// single group.
void serve_echo(int listener, UserEndpoint::Protocol protocol);

// users → gateway → DEALER → ROUTER | ROUTER → DEALER → worker → PUB → XSUB | XPUB → SUB → gateway → users
void run_bare_gateway(const BusAddress& broker, int listener, UserEndpoint::Protocol protocol, std::size_t workers);
void run_bare_broker(const BusAddress& broker);
void run_bare_worker(const BusAddress& broker, const std::string& name);

}  // namespace fairlead::bench
