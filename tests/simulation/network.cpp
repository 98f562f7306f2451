#include "tests/simulation/network.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::simulation {
namespace {

constexpr Duration connect_timeout = 2s;
constexpr Duration retransmission = 5s;  // TCP_MAXRT: the sender gives up
constexpr Duration keepalive = 11s;      // the receiver does

std::uint32_t first_routing(Random& random) { return static_cast<std::uint32_t>(random.next()) | 1U; }

}  // namespace

std::string_view text(Leg leg) {
  constexpr std::string_view names[] = {"frontend", "deliveries", "backend", "outcomes"};
  return names[static_cast<std::size_t>(leg)];
}

Network::Network(Schedule& schedule, Random random, Faults faults, Sinks sinks)
    : schedule_(schedule), random_(random), faults_(faults), sinks_(std::move(sinks)) {}

// ---- connections

ConnectionId Network::connect(HostId host, Leg leg, std::string subscription) {
  const ConnectionId id = ++last_connection_;
  Connection& connection = connections_[id];
  connection.host = host;
  connection.leg = leg;
  connection.subscription = std::move(subscription);
  const Instant give_up = schedule_.now() + connect_timeout;
  schedule_.in(2 * latency(host), [this, id, give_up] { establish(id, give_up); });
  return id;
}

void Network::establish(ConnectionId id, Instant give_up) {
  Connection* connection = find(id);
  if (!connection || connection->peer_closed) return;
  const bool silent = broker_frozen_ || blocked(*connection, true) || blocked(*connection, false);
  if ((silent && schedule_.now() >= give_up) || (!silent && !broker_up_)) {
    connection->broker = End::dead;
    return end_at_peer(id);
  }
  if (silent) return schedule_.in(20ms, [this, id, give_up] { establish(id, give_up); });

  connection->peer = connection->broker = End::open;
  if (connection->leg == Leg::frontend || connection->leg == Leg::backend) {
    connection->routing = ++last_routing_;
    routes_[connection->routing] = id;
  }
  if (connection->leg == Leg::deliveries) transmit(id, *connection, true, '\x01' + connection->subscription);
  if (connection->leg == Leg::outcomes) {
    schedule_.in(latency(connection->host), [this, id] {
      if (Connection* there = find(id)) there->knows_outcomes = true;
    });
  }
  sinks_.peer_changed(connection->host);
}

void Network::close(ConnectionId id) {
  Connection* connection = find(id);
  if (!connection || connection->peer_closed) return;
  connection->peer_closed = true;
  connection->down.cut = connection->down.arrived;
  connection->down.held.clear();
  if (connection->broker != End::open) {
    connections_.erase(id);
    return;
  }
  if (random_.one_in(2)) lose_tail(connection->up);
  if (strikes(Fault::stale, 3, connection->host)) {
    connection->stale_until = schedule_.now() + Duration(random_.below(2'000'000'000));
    schedule_.at(connection->stale_until, [this, id] { release(id, true); });
  }
  tell_broker_later(id, schedule_.now() + keepalive);
}

void Network::close_all(HostId host) {
  std::vector<ConnectionId> ids;
  for (const auto& [id, connection] : connections_) {
    if (connection.host == host) ids.push_back(id);
  }
  for (const ConnectionId id : ids) close(id);
}

bool Network::established(ConnectionId id) const {
  const Connection* connection = find(id);
  return connection && connection->peer == End::open;
}

bool Network::ended(ConnectionId id) const {
  const Connection* connection = find(id);
  return !connection || connection->peer == End::dead;
}

// ---- what is sent

Sent Network::send(ConnectionId id, std::string frame) {
  Connection* connection = find(id);
  const bool publishes = connection && connection->leg == Leg::outcomes;
  if (!connection || connection->peer != End::open) return publishes ? Sent::sent : Sent::would_block;
  if (publishes && !connection->knows_outcomes) return Sent::sent;
  if (!publishes && strikes(Fault::would_block, 300, connection->host)) return Sent::would_block;
  if (strikes(Fault::drop, 200, connection->host)) return Sent::sent;
  transmit(id, *connection, true, std::move(frame));
  return Sent::sent;
}

Sent Network::send(Leg, std::uint32_t routing, std::string frame) {
  const auto route = routes_.find(routing);
  if (route == routes_.end()) return Sent::unreachable;
  Connection& connection = connections_.at(route->second);
  if (strikes(Fault::would_block, 300, connection.host)) return Sent::would_block;
  if (strikes(Fault::drop, 200, connection.host)) return Sent::sent;
  transmit(route->second, connection, false, std::move(frame));
  return Sent::sent;
}

void Network::publish(const std::string& frame) {
  for (auto& [id, connection] : connections_) {
    if (!connection.hears || connection.broker != End::open || !frame.starts_with(connection.subscription)) continue;
    if (strikes(Fault::drop, 200, connection.host)) continue;
    transmit(id, connection, false, frame);
  }
}

void Network::transmit(ConnectionId id, Connection& connection, bool up, std::string frame) {
  Pipe& pipe = up ? connection.up : connection.down;
  const std::uint64_t number = ++pipe.sent;
  pipe.last = std::max(pipe.last, schedule_.now() + latency(connection.host));
  schedule_.at(pipe.last, [this, id, up, number, bytes = std::move(frame)]() mutable {
    arrive(id, up, number, std::move(bytes));
  });
}

void Network::arrive(ConnectionId id, bool up, std::uint64_t number, std::string frame) {
  Connection* connection = find(id);
  if (!connection) return;
  Pipe& pipe = up ? connection->up : connection->down;
  if (number > pipe.cut) return;
  if (!blocked(*connection, up) && pipe.held.empty()) return hand_over(id, up, std::move(frame));
  pipe.held.push_back(std::move(frame));
  if (pipe.held.size() == 1) give_up_later(id, up, pipe.arrived);
}

void Network::hand_over(ConnectionId id, bool up, std::string frame) {
  Connection& connection = connections_.at(id);
  ++(up ? connection.up : connection.down).arrived;
  if (!up) {
    if (connection.peer == End::open && !connection.peer_closed)
      sinks_.to_peer(connection.host, {id, connection.leg, std::move(frame)});
    return;
  }
  if (connection.broker != End::open) return;
  if (connection.leg == Leg::deliveries) connection.hears = true;
  sinks_.to_broker({connection.leg, connection.routing, std::move(frame)});
}

void Network::release(ConnectionId id, bool up) {
  while (Connection* connection = find(id)) {
    Pipe& pipe = up ? connection->up : connection->down;
    if (pipe.held.empty() || blocked(*connection, up)) return;
    std::string frame = std::move(pipe.held.front());
    pipe.held.pop_front();
    hand_over(id, up, std::move(frame));
  }
}

void Network::give_up_later(ConnectionId id, bool up, std::uint64_t arrived) {
  schedule_.in(retransmission, [this, id, up, arrived] {
    Connection* connection = find(id);
    if (!connection) return;
    Pipe& pipe = up ? connection->up : connection->down;
    if (pipe.held.empty() || pipe.arrived != arrived) return;
    up ? end_at_peer(id) : end_at_broker(id);
  });
}

void Network::lose_tail(Pipe& pipe) {
  pipe.cut = std::min(pipe.cut, pipe.arrived + random_.below(pipe.sent - pipe.arrived + 1));
  while (pipe.arrived + pipe.held.size() > pipe.cut) pipe.held.pop_back();
}

// ---- ends

void Network::end_at_broker(ConnectionId id) {
  Connection* connection = find(id);
  if (!connection || connection->broker != End::open) return;
  connection->broker = End::dead;
  connection->up.cut = connection->up.arrived;
  connection->up.held.clear();
  lose_tail(connection->down);
  routes_.erase(connection->routing);
  if (connection->hears) sinks_.to_broker({Leg::deliveries, 0, '\0' + connection->subscription});
  connection->hears = false;
  forget_if_over(id);
  tell_peer_later(id, schedule_.now() + keepalive);
}

void Network::end_at_peer(ConnectionId id) {
  Connection* connection = find(id);
  if (!connection || connection->peer == End::dead) return;
  connection->peer = End::dead;
  connection->down.cut = connection->down.arrived;
  connection->down.held.clear();
  lose_tail(connection->up);
  const HostId host = connection->host;
  if (connection->broker == End::open) tell_broker_later(id, schedule_.now() + keepalive);
  sinks_.peer_changed(host);
}

void Network::tell_broker_later(ConnectionId id, Instant give_up) {
  const Connection& connection = connections_.at(id);
  const Instant soon =
      std::max({connection.up.last, connection.stale_until, schedule_.now() + latency(connection.host)});
  schedule_.at(soon, [this, id, give_up] {
    const Connection* there = find(id);
    if (!there || there->broker != End::open) return;
    if (!blocked(*there, true) || schedule_.now() >= give_up) return end_at_broker(id);
    schedule_.in(100ms, [this, id, give_up] {
      if (find(id)) tell_broker_later(id, give_up);
    });
  });
}

void Network::tell_peer_later(ConnectionId id, Instant give_up) {
  const Connection* connection = find(id);
  if (!connection || connection->peer_closed) return;
  const Instant soon = std::max(connection->down.last, schedule_.now() + latency(connection->host));
  schedule_.at(soon, [this, id, give_up] {
    const Connection* there = find(id);
    if (!there || there->peer == End::dead) return;
    if (!blocked(*there, false) || schedule_.now() >= give_up) return end_at_peer(id);
    schedule_.in(100ms, [this, id, give_up] { tell_peer_later(id, give_up); });
  });
}

void Network::forget_if_over(ConnectionId id) {
  const Connection* connection = find(id);
  if (connection && connection->peer_closed && connection->broker == End::dead) connections_.erase(id);
}

// ---- the broker's process

void Network::broker_up() {
  broker_up_ = true;
  broker_frozen_ = false;
  last_routing_ = first_routing(random_);
}

void Network::broker_down() {
  broker_up_ = false;
  routes_.clear();
  std::vector<ConnectionId> ids;
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const ConnectionId id : ids) {
    Connection& connection = connections_.at(id);
    if (connection.broker != End::open) continue;
    connection.broker = End::dead;
    connection.hears = false;
    connection.up.cut = connection.up.arrived;
    connection.up.held.clear();
    lose_tail(connection.down);
    forget_if_over(id);
    tell_peer_later(id, schedule_.now() + keepalive);
  }
}

// ---- faults

void Network::partition(HostId host, bool up, bool down) {
  partitions_[host] = {up, down};
  for (const auto& [id, connection] : std::map(connections_)) {
    if (connection.host != host) continue;
    // What TCP has to send again comes a little later.
    if (!up) schedule_.in(Duration(random_.below(400'000'000)), [this, id = id] { release(id, true); });
    if (!down) schedule_.in(Duration(random_.below(400'000'000)), [this, id = id] { release(id, false); });
  }
}

void Network::cut(HostId host) {
  std::vector<ConnectionId> ids;
  for (const auto& [id, connection] : connections_) {
    if (connection.host == host && connection.peer == End::open && connection.broker == End::open) ids.push_back(id);
  }
  if (ids.empty()) return;
  const ConnectionId id = ids[random_.below(ids.size())];
  Connection& connection = connections_.at(id);
  lose_tail(connection.up);
  lose_tail(connection.down);
  tell_broker_later(id, schedule_.now() + keepalive);
  tell_peer_later(id, schedule_.now() + keepalive);
}

bool Network::blocked(const Connection& connection, bool up) const {
  if (up && schedule_.now() < connection.stale_until) return true;
  const auto found = partitions_.find(connection.host);
  return found != partitions_.end() && (up ? found->second.up : found->second.down);
}

bool Network::strikes(Fault fault, std::uint64_t one_in, HostId host) {
  if (!faults_.has(fault) || !random_.one_in(one_in)) return false;
  sinks_.fault(host, text(fault));
  return true;
}

Duration Network::latency(HostId host) {
  Duration latency = Duration(50'000 + random_.below(1'000'000));
  if (strikes(Fault::latency, 100, host)) latency += Duration(random_.below(800'000'000));
  return latency;
}

Network::Connection* Network::find(ConnectionId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : &found->second;
}

}  // namespace fairlead::simulation
