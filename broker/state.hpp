// The broker's durable state: what its journal brings back. It changes by Facts only, and applying a fact is a function
// of the fact and the state before it, so that replaying the journal numbers the same deliveries the same
// (docs/protocol.md, B4).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "broker/directory.hpp"
#include "broker/ring.hpp"
#include "schemas/records.hpp"

namespace fairlead::broker {

// A gateway came: new, or again after it was given up. Its deliveries go on behind `head`.
struct GatewayCame {
  Incarnation gateway;
  std::string name;
  std::uint64_t head = 0;
};
// The gateway is given up; its clients will be closed one by one.
struct GatewayGone {
  Incarnation gateway;
};
// A client as a gateway told it to a broker that had lost its journal, or as a checkpoint holds it.
struct ClientCame {
  schemas::ClientSnapshot client;
};
// One event is dealt with, for good.
struct Commit {
  ClientId client;
  std::uint64_t seq = 0;
  schemas::EventKind kind = schemas::EventKind::message;
  std::string peer;  // of an open
  std::vector<schemas::Effect> effects;
};
// An event that could not be handled: committed without effects, and kept for a person to look at.
struct DeadLetter {
  ClientId client;
  std::uint64_t seq = 0;
  schemas::EventKind kind = schemas::EventKind::message;
  std::string peer;
  bool binary = false;
  std::string payload;
  std::string reason;
};
// Somebody has looked at a dead letter: it is forgotten, or, if it can be and its client is still there, handled again.
struct DeadLetterDone {
  ClientId client;
  std::uint64_t seq = 0;
  bool replay = false;
};

// Effects that came from no event: of a publisher, or of a worker's own accord.
struct Published {
  Incarnation publisher;
  std::uint64_t id = 0;
  std::vector<schemas::Effect> effects;
};

using Fact = std::variant<Commit, GatewayCame, GatewayGone, ClientCame, DeadLetter, DeadLetterDone, Published>;

// A gateway with its deliveries. One that is `gone` gets none; it is forgotten with its last client.
struct GatewayState {
  std::string name;
  bool gone = false;
  Ring ring;
  // Clients whose close is committed, by the number of the delivery that says so: until the gateway has applied it, it
  // may still offer their events, even the open, again.
  std::map<std::uint64_t, ClientId> closed;
  std::set<ClientId> closed_clients;
};

class State {
 public:
  static constexpr std::size_t max_dead_letters = 10'000;
  static constexpr std::size_t max_publishers = 4'096;  // remembered, the latest
  static constexpr std::size_t max_dead_letter_bytes = std::size_t{64} << 20U;

  void apply(const Fact& fact);

  const Directory& directory() const { return directory_; }
  const std::map<Incarnation, GatewayState>& gateways() const { return gateways_; }
  GatewayState* gateway(Incarnation id);
  // The gateway has applied its deliveries up to `applied`. Not a fact: what it lets go of is never needed again.
  void on_applied(Incarnation gateway, std::uint64_t applied);
  // Whether the client's close is committed and its gateway may not know it yet.
  bool is_closed(const ClientId& client) const;
  const std::deque<DeadLetter>& dead_letters() const { return dead_letters_; }
  const DeadLetter* dead_letter(const ClientId& client, std::uint64_t seq) const;
  // The last publication taken from this publisher; 0: none that is remembered.
  std::uint64_t published(Incarnation publisher) const;
  const std::deque<Incarnation>& publishers_by_age() const { return publishers_by_age_; }
  // Whether a session that one of the effects expects at a version has another by now.
  bool conflicts(const std::vector<schemas::Effect>& effects) const;
  // How many dead letters had to make room for newer ones.
  std::uint64_t dead_letters_dropped() const { return dead_letters_dropped_; }

  // A checkpoint brings back the ring of a gateway that came before.
  void restore_chunk(Incarnation gateway, Ring::Chunk chunk);

  // Closes the chunks that grow, so that a checkpoint can hold them.
  void seal();
  void restore_closed(const ClientId& client, std::uint64_t number);
  void restore_dead_letter(DeadLetter letter);
  void restore_publisher(Incarnation publisher, std::uint64_t id);

  // Everything durable, one line a thing, for the simulation and for a person.
  std::string digest() const;

 private:
  void apply_fact(const Commit& commit);
  void apply_fact(const GatewayCame& came);
  void apply_fact(const GatewayGone& gone);
  void apply_fact(const ClientCame& came);
  void apply_fact(const DeadLetter& letter);
  void apply_fact(const DeadLetterDone& done);
  void apply_fact(const Published& published);
  void begin(const ClientId& id, schemas::EventKind kind, const std::string& peer);
  void finish(const ClientId& id, std::uint64_t seq, schemas::EventKind kind);

  void apply_effect(const schemas::Send& send);
  void apply_effect(const schemas::Bind& bind);
  void apply_effect(const schemas::Join& join);
  void apply_effect(const schemas::Leave& leave);
  void apply_effect(const schemas::Ungroup& ungroup);
  void apply_effect(const schemas::SetSession& set);
  void apply_effect(const schemas::CloseClient& close);
  void apply_effect(const schemas::CloseUid& close);
  void apply_effect(const schemas::SetTimer& timer);

  // A numbered record for a gateway; dropped when that gateway is gone.
  template <class Record>
  void deliver(Incarnation gateway, const Record& record);
  void deliver_named(const schemas::Send& send);

  Directory directory_;
  std::map<Incarnation, GatewayState> gateways_;
  std::map<Incarnation, std::uint64_t> publishers_;  // the last publication of each
  std::deque<Incarnation> publishers_by_age_;        // the one that came first in front
  std::deque<DeadLetter> dead_letters_;
  std::size_t dead_letter_bytes_ = 0;
  std::uint64_t dead_letters_dropped_ = 0;
};

}  // namespace fairlead::broker
