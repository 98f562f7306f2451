// The broker's dealings with gateways: their links, their events, their deliveries (docs/protocol.md, B1, B8, B9, L9).
#include <algorithm>

#include "broker/broker.hpp"
#include "bus/mutation.hpp"
#include "schemas/codec.hpp"

namespace fairlead::broker {

using schemas::EventKind;

void Broker::on_hello(RoutingId from, LinkId link, const schemas::GatewayHello& hello, Instant now) {
  if (!hello.incarnation || hello.name.empty()) {
    return send_now(Leg::frontend, from, link, schemas::Reset{"a hello needs an incarnation and a name"});
  }
  for (auto& [other_link, other] : gateways_) {
    if (other.name != hello.name || other.incarnation == hello.incarnation) continue;
    // A process that has just been restarted: its predecessor's connection shows as gone within a heartbeat.
    return send_now(Leg::frontend, from, link, schemas::Reset{"a gateway named '" + hello.name + "' is here already"});
  }
  if (GatewayPeer* old = gateways_.by_incarnation(hello.incarnation)) lose(*old, "it came back on a new link", now);
  if (GatewayPeer* old = gateways_.by_routing(from)) lose(*old, "it came back on a new link", now);
  GatewayPeer peer;
  peer.link = link;
  peer.routing = from;
  peer.incarnation = hello.incarnation;
  peer.name = hello.name;
  peer.heard = peer.sent = now;
  const bool ours = hello.lineage == header_.lineage;
  peer.may_tell_clients = hello.lineage.value != 0 && !ours;
  if (ours) peer.applied = hello.applied;
  GatewayPeer& added = gateways_.add(std::move(peer));
  go_live(added, now);
}

void Broker::go_live(GatewayPeer& peer, Instant now) {
  if (peer.live || !subscriptions_.contains(peer.link)) return;
  subscriptions_.remove(peer.link);
  // Whoever had this name before is dead: one name is one process at a time.
  std::vector<Incarnation> before;
  for (const auto& [id, gateway] : state_.gateways()) {
    if (gateway.name == peer.name && id != peer.incarnation && !gateway.gone) before.push_back(id);
  }
  for (const Incarnation id : before) give_up_gateway(id, "its successor is here");

  GatewayState* known = state_.gateway(peer.incarnation);
  const bool ahead = known != nullptr && peer.applied && *peer.applied > known->ring.head();
  if (ahead) give_up_gateway(peer.incarnation, "it has applied deliveries that the journal does not have");
  known = state_.gateway(peer.incarnation);
  if (known == nullptr || known->gone) {
    const std::uint64_t head = std::max(known != nullptr ? known->ring.head() : 0, peer.applied.value_or(0));
    record(GatewayCame{.gateway = peer.incarnation, .name = peer.name, .head = head});
    known = state_.gateway(peer.incarnation);
    // It was given up, its clients with it: it must not go on as if nothing had been lost.
    if (peer.applied)
      schemas::append(peer.control.body(), schemas::Gap{.through = head, .reason = "it was away for too long"});
    known->ring.on_resume(head);
  } else {
    // Without a number of ours it has not been welcomed yet, or this hello is an old one that comes late: nothing is let go.
    const std::uint64_t applied = peer.applied.value_or(known->ring.acked());
    state_.on_applied(peer.incarnation, applied);
    known->ring.on_resume(FAIRLEAD_MUTATION(no_resume) ? known->ring.head() : applied);
  }
  schemas::append(peer.control.body(), schemas::GatewayWelcome{.incarnation = config_.incarnation,
                                                               .lineage = header_.lineage,
                                                               .shard = header_.shard,
                                                               .next = known->ring.acked() + 1});
  peer.live = true;
  away_.erase(peer.incarnation);
  note(Level::info, "gateway_here", {{"gateway", peer.name}, {"incarnation", text(peer.incarnation)}});
  peer.heard = now;
}

bool Broker::on_record(GatewayPeer& peer, schemas::ToBrokerFromGateway record, std::uint64_t number, Instant now) {
  if (number != 0) {
    if (!peer.live) return reset(peer, "events before the welcome", now), false;
    switch (peer.in.on_record(number)) {
      case InStream::Take::repeated:
        return true;
      case InStream::Take::gap:
        return reset(peer, "a gap in its events", now), false;
      case InStream::Take::yes:
        break;
    }
  }
  if (const auto* unknown = std::get_if<schemas::Unknown>(&record)) {
    ++counters_.unknown_records;
    schemas::append(peer.control.body(),
                    schemas::Complaint{"record type " + std::to_string(unknown->type) + " is not known here"});
    return true;
  }
  return number == 0 ? on_control(peer, record, now) : on_numbered(peer, std::move(record), now);
}

bool Broker::on_control(GatewayPeer& peer, const schemas::ToBrokerFromGateway& record, Instant now) {
  if (const auto* heartbeat = std::get_if<schemas::Heartbeat>(&record)) {
    if (!peer.in.lost_tail_at(heartbeat->head)) return true;
    return reset(peer, "the tail of its events was lost", now), false;
  }
  if (const auto* bye = std::get_if<schemas::Bye>(&record)) {
    const Incarnation id = peer.incarnation;
    lose(peer, "bye: " + bye->reason, now);
    give_up_gateway(id, "it said bye");
    return false;
  }
  if (std::holds_alternative<schemas::GatewayHello>(record)) return true;
  if (const auto* complaint = std::get_if<schemas::Complaint>(&record)) {
    note(Level::warning, "complaint", {{"gateway", peer.name}, {"reason", complaint->reason}});
    return true;
  }
  return reset(peer, "a record that must be numbered is not", now), false;
}

bool Broker::on_numbered(GatewayPeer& peer, schemas::ToBrokerFromGateway record, Instant now) {
  if (auto* event = std::get_if<schemas::Event>(&record)) {
    if (event->client.gateway != peer.incarnation)
      return reset(peer, "an event of another gateway's client", now), false;
    if (on_event(peer, std::move(*event))) return true;
    return reset(peer, "an event out of turn", now), false;
  }
  if (auto* client = std::get_if<schemas::ClientSnapshot>(&record)) {
    if (client->client.gateway != peer.incarnation) return reset(peer, "another gateway's client", now), false;
    if (peer.may_tell_clients && state_.directory().find(client->client) == nullptr)
      this->record(ClientCame{std::move(*client)});
    return true;
  }
  return reset(peer, "a record that must not be numbered is", now), false;
}

// False: the event cannot follow what came before.
bool Broker::on_event(GatewayPeer& peer, schemas::Event event) {
  const ClientId id = event.client;
  const Client* client = state_.directory().find(id);
  Mailbox* mailbox = mailboxes_.find(id);
  if (client == nullptr && mailbox == nullptr) {
    if (state_.is_closed(id)) {
      ++counters_.repeated_events;
      return true;
    }
    if (event.seq != 1 || event.kind != EventKind::open) {
      ++counters_.refused_events;
      schemas::append(peer.control.body(),
                      schemas::Refused{.client = id, .reason = "the bus does not have this client"});
      return true;
    }
  }
  if (mailbox == nullptr) mailbox = &mailboxes_.of(id, client != nullptr ? client->done : 0);
  if (mailbox->closing) {
    ++counters_.refused_events;
    return true;
  }
  switch (Mailboxes::put(
      *mailbox, {.seq = event.seq, .kind = event.kind, .binary = event.binary, .payload = std::move(event.payload)})) {
    case Mailboxes::Put::repeated:
      ++counters_.repeated_events;
      mailboxes_.tidy(id);
      return true;
    case Mailboxes::Put::gap:
      mailboxes_.tidy(id);
      return false;
    case Mailboxes::Put::taken:
      break;
  }
  ++counters_.events;
  if (tap_.on()) tap_.event(state_, peer.name, id, mailbox->events.back());
  if (++taken_[id.gateway] > config_.gateway_events) return false;
  settle(id, *mailbox, Dispatch::Place::back);
  return true;
}

void Broker::on_applied(const GatewayPeer& peer, std::uint64_t applied) {
  const GatewayState* known = state_.gateway(peer.incarnation);
  if (known == nullptr) return;
  // More than was sent on this link can only be another lineage's number, in a hello that was repeated.
  if (applied <= known->ring.sent()) state_.on_applied(peer.incarnation, applied);
}

void Broker::lose(GatewayPeer& peer, const std::string& reason, Instant now, Loss loss) {
  // Whoever only ever said hello was never told to be here.
  note(peer.live ? Level::info : Level::debug, "gateway_lost",
       {{"gateway", peer.name}, {"incarnation", text(peer.incarnation)}, {"reason", reason}});
  const GatewayState* known = state_.gateway(peer.incarnation);
  const Duration patience =
      loss == Loss::closed ? std::min(config_.gateway_gone, config_.gateway_dead) : config_.gateway_dead;
  if (peer.live && known != nullptr && !known->gone)
    away_.emplace(peer.incarnation, Away{.since = now, .until = now + patience});
  gateways_.remove(peer.link);
}

void Broker::give_up_gateway(Incarnation id, const std::string& reason) {
  GatewayState* gateway = state_.gateway(id);
  if (gateway == nullptr || gateway->gone) return;
  note(Level::warning, "gateway_gone", {{"gateway", gateway->name}, {"incarnation", text(id)}, {"reason", reason}});
  away_.erase(id);
  record(GatewayGone{id});
  close_clients_of(id);
}

// Each client of a gateway that is gone gets its close, behind what it had sent.
void Broker::close_clients_of(Incarnation id) {
  if (FAIRLEAD_MUTATION(no_close_for_the_dead)) return;
  const std::string payload = schemas::encode(schemas::CloseReason{.code = 1001, .reason = "the gateway is gone"});
  std::vector<ClientId> clients = state_.directory().clients_of(id);
  // Clients whose open is not committed are in no directory, but an event of theirs was accepted.
  for (const ClientId& client : mailboxes_.clients_of(id)) {
    if (state_.directory().find(client) == nullptr) clients.push_back(client);
  }
  for (const ClientId& client : clients) {
    const Client* known = state_.directory().find(client);
    Mailbox& mailbox = mailboxes_.of(client, known != nullptr ? known->done : 0);
    if (mailbox.closing) continue;
    const bool closed = !mailbox.empty() && mailbox.events.back().kind == EventKind::close;
    mailbox.closing = true;
    if (closed) continue;
    Mailboxes::put(mailbox, {.seq = mailbox.seen + 1, .kind = EventKind::close, .binary = false, .payload = payload});
    ++taken_[id];
    settle(client, mailbox, Dispatch::Place::back);
  }
}

void Broker::check_gateways(Instant now) {
  std::vector<LinkId> silent;
  for (const auto& [link, peer] : gateways_) {
    if (now - peer.heard >= config_.dead) silent.push_back(link);
  }
  for (const LinkId link : silent) reset(*gateways_.by_link(link), "silent for too long", now);
  std::vector<Incarnation> gone;
  for (const auto& [id, away] : away_) {
    if (now >= away.until) gone.push_back(id);
  }
  for (const Incarnation id : gone) give_up_gateway(id, "away for too long");

  std::vector<Incarnation> behind;
  for (const auto& [id, gateway] : state_.gateways()) {
    if (gateway.ring.bytes() > config_.ring_limit) behind.push_back(id);
  }
  for (const Incarnation id : behind) {
    if (GatewayPeer* peer = gateways_.by_incarnation(id)) reset(*peer, "too far behind its deliveries", now);
    give_up_gateway(id, "too far behind its deliveries");
  }
  std::erase_if(taken_, [this](const auto& at) { return at.second == 0 && state_.gateway(at.first) == nullptr; });
}

void Broker::flush(GatewayPeer& peer, Instant now) {
  GatewayState* known = state_.gateway(peer.incarnation);
  if (!peer.control.empty()) {
    peer.sent = now;
    sends_.push_back({Leg::frontend, peer.routing, peer.control.finish({.link = peer.link})});
  }
  if (!peer.live || known == nullptr) return;
  Ring& ring = known->ring;
  ring.seal();
  while (const Ring::Chunk* chunk = ring.next_to_send(config_.delivery_window)) {
    schemas::FrameBuilder frame(schemas::deliveries_topic(peer.link));
    frame.body() += chunk->body;
    if (tap_.on()) tap_.deliveries(state_, peer.name, chunk->first, chunk->body);
    sends_.push_back(
        {Leg::deliveries, 0, frame.finish({.link = peer.link, .seq = chunk->first, .ack = peer.in.last()})});
    ring.on_sent(*chunk);
  }
  // On the ROUTER, because that is where a dead connection shows.
  if (now - peer.sent < config_.heartbeat) return;
  peer.sent = now;
  schemas::append(peer.control.body(), schemas::Heartbeat{.head = ring.sent()});
  sends_.push_back({Leg::frontend, peer.routing, peer.control.finish({.link = peer.link, .ack = peer.in.last()})});
}

}  // namespace fairlead::broker
