// Who is on the bus right now: the links of gateways and workers, when each was heard and spoken to, and the batches
// that grow for it. A link exists from the first hello; it is live once both of its sockets have shown themselves
// (docs/protocol.md, L9).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "bus/ids.hpp"
#include "bus/stream.hpp"
#include "bus/time.hpp"
#include "schemas/frame.hpp"

namespace fairlead::broker {

// libzmq's name for a connection at a ROUTER.
using RoutingId = std::uint32_t;

// What the two kinds of peers have in common.
struct Peer {
  LinkId link;
  RoutingId routing = 0;
  Incarnation incarnation;
  std::string name;
  bool live = false;
  Instant heard{};
  Instant sent{};
  InStream in;                    // gateway: its events; worker: its outcomes
  schemas::FrameBuilder control;  // records without a number, sent at the end of the turn
};

struct GatewayPeer : Peer {
  std::optional<std::uint64_t> applied;  // as its hello said; none when it starts from what the broker has
  bool may_tell_clients = false;         // it belonged to another lineage and tells us its clients
};

struct WorkerPeer : Peer {
  std::string version;
  std::string app;
  OutStream units;
  schemas::FrameBuilder batch;  // numbered records
  std::uint64_t batch_first = 0;
  std::uint64_t commits = 0;
  std::uint64_t failures = 0;
  std::uint64_t outcomes_told = 0;  // the last number of the outcome stream that was acknowledged
};

// Peers of one kind. Ordered by link, so that every walk is the same walk.
template <class P>
class Peers {
 public:
  P* by_routing(RoutingId routing) {
    const auto at = by_routing_.find(routing);
    return at == by_routing_.end() ? nullptr : by_link(at->second);
  }
  P* by_link(LinkId link) {
    const auto at = peers_.find(link);
    return at == peers_.end() ? nullptr : &at->second;
  }
  P* by_incarnation(Incarnation incarnation) {
    for (auto& [link, peer] : peers_) {
      if (peer.incarnation == incarnation) return &peer;
    }
    return nullptr;
  }
  P& add(P peer) {
    by_routing_[peer.routing] = peer.link;
    return peers_.insert_or_assign(peer.link, std::move(peer)).first->second;
  }
  void remove(LinkId link) {
    const auto at = peers_.find(link);
    if (at == peers_.end()) return;
    by_routing_.erase(at->second.routing);
    peers_.erase(at);
  }

  auto begin() { return peers_.begin(); }
  auto end() { return peers_.end(); }
  auto begin() const { return peers_.begin(); }
  auto end() const { return peers_.end(); }
  std::size_t size() const { return peers_.size(); }

 private:
  std::map<LinkId, P> peers_;
  std::unordered_map<RoutingId, LinkId> by_routing_;
};

// Links that have shown the other half of themselves (a subscription, a hello on PUB) before their hello on DEALER
// came. Bounded: when strangers fill it, it forgets, and whoever is real shows itself again.
class HalfSeen {
 public:
  static constexpr std::size_t limit = 4096;

  void add(LinkId link) {
    if (links_.size() >= limit) links_.clear();
    links_.insert(link);
  }
  void remove(LinkId link) { links_.erase(link); }
  bool contains(LinkId link) const { return links_.contains(link); }

 private:
  std::set<LinkId> links_;
};

}  // namespace fairlead::broker
