// The bus's network as libzmq shows it (measured): a send that succeeds means nothing, a connection that ends takes
// a random tail of what is on its way with it, the other end is not told in band, frames of one connection keep their
// order and those of two do not, PUB knows no subscription until it has arrived, and a black hole looks like silence.
//
// One connection is one pair of sockets of one link: a peer's DEALER at the broker's ROUTER, a SUB at its XPUB, a PUB
// at its XSUB.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bus/random.hpp"
#include "tests/simulation/schedule.hpp"
#include "tests/simulation/settings.hpp"

namespace fairlead::simulation {

enum class Leg : std::uint8_t { frontend, deliveries, backend, outcomes };
std::string_view text(Leg leg);

using HostId = std::uint32_t;        // a process that connects
using ConnectionId = std::uint64_t;  // never used again

enum class Sent { sent, would_block, unreachable };

class Network {
 public:
  // What arrives. `routing` is the ROUTER's name for the connection.
  struct ToBroker {
    Leg leg = Leg::frontend;
    std::uint32_t routing = 0;
    std::string frame;  // on Leg::deliveries: a subscription, as XPUB receives it
  };
  struct ToPeer {
    ConnectionId connection = 0;
    Leg leg = Leg::frontend;
    std::string frame;
  };
  struct Sinks {
    std::function<void(ToBroker)> to_broker;
    std::function<void(HostId, ToPeer)> to_peer;
    std::function<void(HostId)> peer_changed;  // a connection came up, or was found to be dead
    std::function<void(HostId, std::string_view what)> fault;
  };

  Network(Schedule& schedule, Random random, Faults faults, Sinks sinks);

  // ---- peers
  ConnectionId connect(HostId host, Leg leg, std::string subscription = {});
  void close(ConnectionId id);
  void close_all(HostId host);              // the process died: its kernel closes for it
  bool established(ConnectionId id) const;  // as the peer sees it
  bool ended(ConnectionId id) const;        // was established, or could not be, and the peer can know
  Sent send(ConnectionId id, std::string frame);

  // ---- the broker
  void broker_up();
  void broker_down();
  void broker_frozen(bool frozen) { broker_frozen_ = frozen; }
  Sent send(Leg leg, std::uint32_t routing, std::string frame);
  void publish(const std::string& frame);  // on the XPUB

  // ---- faults
  void partition(HostId host, bool up, bool down);  // both false: healed
  void cut(HostId host);                            // reset one of its connections
  void calm() { faults_ = {}; }                     // no further faults of the network's own

 private:
  struct Pipe {  // one direction of a connection
    std::uint64_t sent = 0;
    std::uint64_t arrived = 0;              // or lost
    std::uint64_t cut = ~std::uint64_t{0};  // what was sent after this is lost
    Instant last{};                         // arrival of the last frame: those behind come later
    std::deque<std::string> held;           // by a partition; the first is number arrived + 1
  };
  enum class End { connecting, open, dead };
  struct Connection {
    HostId host = 0;
    Leg leg = Leg::frontend;
    std::uint32_t routing = 0;
    std::string subscription;
    End peer = End::connecting;
    End broker = End::connecting;
    bool peer_closed = false;
    Instant stale_until{};        // its network holds back what comes up until then
    bool knows_outcomes = false;  // PUB: the broker's subscription has arrived
    bool hears = false;           // SUB: its subscription has arrived at the XPUB
    Pipe up;
    Pipe down;
  };
  struct Partition {
    bool up = false;
    bool down = false;
  };

  void establish(ConnectionId id, Instant give_up);
  void transmit(ConnectionId id, Connection& connection, bool up, std::string frame);
  void arrive(ConnectionId id, bool up, std::uint64_t number, std::string frame);
  void hand_over(ConnectionId id, bool up, std::string frame);
  void release(ConnectionId id, bool up);
  void give_up_later(ConnectionId id, bool up, std::uint64_t arrived);
  void lose_tail(Pipe& pipe);
  void end_at_broker(ConnectionId id);
  void end_at_peer(ConnectionId id);
  void tell_broker_later(ConnectionId id, Instant give_up);
  void tell_peer_later(ConnectionId id, Instant give_up);
  void forget_if_over(ConnectionId id);
  bool blocked(const Connection& connection, bool up) const;
  bool strikes(Fault fault, std::uint64_t one_in, HostId host);
  Duration latency(HostId host);
  Connection* find(ConnectionId id);
  const Connection* find(ConnectionId id) const { return const_cast<Network*>(this)->find(id); }

  Schedule& schedule_;
  Random random_;
  Faults faults_;
  Sinks sinks_;
  std::map<ConnectionId, Connection> connections_;
  std::map<std::uint32_t, ConnectionId> routes_;
  std::map<HostId, Partition> partitions_;
  ConnectionId last_connection_ = 0;
  std::uint32_t last_routing_ = 0;
  bool broker_up_ = false;
  bool broker_frozen_ = false;
};

}  // namespace fairlead::simulation
