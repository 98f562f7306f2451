#include "broker/broker.hpp"

#include <algorithm>

#include "schemas/codec.hpp"

namespace fairlead::broker {

Broker::Broker(Config config, JournalHeader header) : Broker(config, header, State{}) {}

Broker::Broker(Config config, JournalHeader header, State state)
    : config_(config), header_(header), state_(std::move(state)), dispatch_(config.dispatch) {}

void Broker::note(Level level, std::string event, std::vector<std::pair<std::string, std::string>> fields) {
  notes_.push_back({level, std::move(event), std::move(fields)});
}

template <class P>
std::size_t Broker::count_live(Peers<P>& peers) {
  return static_cast<std::size_t>(
      std::count_if(peers.begin(), peers.end(), [](const auto& at) { return at.second.live; }));
}
template std::size_t Broker::count_live(Peers<GatewayPeer>&);
template std::size_t Broker::count_live(Peers<WorkerPeer>&);

// ---- frames

// The peer that this connection belongs to, if its frame is of the link we know.
template <class P>
P* Broker::peer_of(Peers<P>& peers, RoutingId from, LinkId link) {
  P* peer = peers.by_routing(from);
  return peer != nullptr && peer->link == link ? peer : nullptr;
}

void Broker::send_now(Leg leg, RoutingId to, LinkId link, const auto& record) {
  schemas::FrameBuilder frame;
  schemas::append(frame.body(), record);
  sends_.push_back({leg, to, frame.finish({.link = link})});
}

void Broker::answer_stale(Leg leg, RoutingId to, LinkId link) {
  ++counters_.stale_frames;
  send_now(leg, to, link, schemas::Reset{"this link is not known here; say hello"});
}

void Broker::on_frontend_frame(RoutingId from, std::string_view frame, Instant now) {
  auto opened = schemas::open_frame(frame);
  GatewayPeer* peer = opened ? peer_of(gateways_, from, opened->header.link) : gateways_.by_routing(from);
  if (!opened) {
    ++counters_.bad_frames;
    if (peer != nullptr) return reset(*peer, opened.error().message, now);
    note(Level::warning, "bad_frame", {{"leg", "frontend"}, {"reason", opened.error().message}});
    return send_now(Leg::frontend, from, LinkId{}, schemas::Complaint{opened.error().message});
  }
  const auto& header = opened->header;
  auto& records = opened->records;
  if (peer == nullptr) {
    const auto first = schemas::decode_from_gateway(records);
    const auto* hello = records.ok() && header.seq == 0 ? std::get_if<schemas::GatewayHello>(&first) : nullptr;
    if (hello == nullptr || !header.link) return answer_stale(Leg::frontend, from, header.link);
    return on_hello(from, header.link, *hello, now);
  }
  peer->heard = now;
  if (peer->live) on_applied(*peer, header.ack);
  const LinkId link = peer->link;
  for (std::uint64_t number = header.seq; !records.at_end(); number += header.seq != 0 ? 1 : 0) {
    auto record = schemas::decode_from_gateway(records);
    // Whatever a record leads to may have ended the link.
    peer = gateways_.by_link(link);
    if (peer == nullptr) return;
    if (!records.ok()) {
      ++counters_.bad_frames;
      return reset(*peer, "a record that cannot be read", now);
    }
    if (!on_record(*peer, std::move(record), number, now)) return;
  }
}

void Broker::on_backend_frame(RoutingId from, std::string_view frame, Instant now) {
  auto opened = schemas::open_frame(frame);
  WorkerPeer* peer = opened ? peer_of(workers_, from, opened->header.link) : workers_.by_routing(from);
  if (!opened) {
    ++counters_.bad_frames;
    if (peer != nullptr) return reset(*peer, opened.error().message, now);
    note(Level::warning, "bad_frame", {{"leg", "backend"}, {"reason", opened.error().message}});
    return send_now(Leg::backend, from, LinkId{}, schemas::Complaint{opened.error().message});
  }
  const auto& header = opened->header;
  auto& records = opened->records;
  if (peer == nullptr) {
    const auto first = schemas::decode_from_worker(records);
    const auto* hello = records.ok() && header.seq == 0 ? std::get_if<schemas::WorkerHello>(&first) : nullptr;
    if (hello == nullptr || !header.link) return answer_stale(Leg::backend, from, header.link);
    return on_hello(from, header.link, *hello, now);
  }
  peer->heard = now;
  const LinkId link = peer->link;
  while (!records.at_end()) {
    auto record = schemas::decode_from_worker(records);
    peer = workers_.by_link(link);
    if (peer == nullptr) return;
    if (!records.ok() || header.seq != 0) {
      ++counters_.bad_frames;
      return reset(*peer, "a record that cannot be read", now);
    }
    if (!on_record(*peer, std::move(record), now)) return;
  }
}

void Broker::on_outcome_frame(std::string_view frame, Instant now) {
  if (frame.size() <= schemas::topic_bytes) {
    ++counters_.bad_frames;
    return;
  }
  auto opened = schemas::open_frame(frame.substr(schemas::topic_bytes));
  if (!opened) {
    ++counters_.bad_frames;
    return note(Level::warning, "bad_frame", {{"leg", "outcomes"}, {"reason", opened.error().message}});
  }
  const auto& header = opened->header;
  auto& records = opened->records;
  WorkerPeer* peer = workers_.by_link(header.link);
  if (peer == nullptr || !peer->live) {
    // The other half of a hello, on its way ahead of the first; or the last words of a link that is no more.
    const auto first = schemas::decode_from_worker(records);
    if (!records.ok() || header.seq != 0 || !std::holds_alternative<schemas::WorkerHello>(first)) {
      ++counters_.stale_frames;
      return;
    }
    outcome_hellos_.add(header.link);
    if (peer != nullptr) go_live(*peer, now);
    return;
  }
  peer->heard = now;
  for (std::uint64_t number = header.seq; !records.at_end(); number += header.seq != 0 ? 1 : 0) {
    auto record = schemas::decode_from_worker(records);
    peer = workers_.by_link(header.link);
    if (peer == nullptr) return;
    if (!records.ok()) {
      ++counters_.bad_frames;
      return reset(*peer, "an outcome that cannot be read", now);
    }
    if (header.seq == 0) continue;  // a hello that was repeated
    switch (peer->in.on_record(number)) {
      case InStream::Take::repeated:
        continue;
      case InStream::Take::gap:
        return reset(*peer, "a gap in its outcomes", now);
      case InStream::Take::yes:
        break;
    }
    if (auto* outcome = std::get_if<schemas::Outcome>(&record)) {
      on_outcome(*peer, std::move(*outcome), now);
    } else if (auto* publication = std::get_if<schemas::Publication>(&record)) {
      on_publication(*peer, std::move(*publication));
    } else {
      ++counters_.unknown_records;
    }
  }
}

// ---- links

void Broker::on_subscription(std::string_view message, Instant now) {
  if (message.size() != 1 + schemas::topic_bytes || message[1] != 'g') return;
  std::uint64_t value = 0;
  for (const char c : message.substr(2)) value = (value << 8U) | static_cast<unsigned char>(c);
  const LinkId link{value};
  if (message[0] == 0) {
    subscriptions_.remove(link);
    if (GatewayPeer* peer = gateways_.by_link(link); peer != nullptr && peer->live)
      reset(*peer, "its subscription is gone", now);
    return;
  }
  subscriptions_.add(link);
  if (GatewayPeer* peer = gateways_.by_link(link)) go_live(*peer, now);
}

void Broker::on_unreachable(Leg leg, RoutingId routing, Instant now) {
  if (leg == Leg::frontend) {
    if (GatewayPeer* peer = gateways_.by_routing(routing)) lose(*peer, "its connection is gone", now, Loss::closed);
  } else if (leg == Leg::backend) {
    if (WorkerPeer* peer = workers_.by_routing(routing)) lose(*peer, "its connection is gone", true, now);
  }
}

void Broker::reset(GatewayPeer& peer, const std::string& reason, Instant now) {
  ++counters_.resets;
  send_now(Leg::frontend, peer.routing, peer.link, schemas::Reset{reason});
  lose(peer, reason, now);
}

void Broker::reset(WorkerPeer& peer, const std::string& reason, Instant now) {
  ++counters_.resets;
  send_now(Leg::backend, peer.routing, peer.link, schemas::Reset{reason});
  lose(peer, reason, false, now);
}

// ---- turns

void Broker::on_turn(Instant now, Turn& turn) {
  ++turns_;
  if (!started_) {
    started_ = true;
    for (const auto& [id, gateway] : state_.gateways()) {
      if (!gateway.gone && gateways_.by_incarnation(id) == nullptr)
        away_.emplace(id, Away{.since = now, .until = now + config_.gateway_dead});
    }
    const Directory::Gateways holders = state_.directory().gateways();
    for (const auto& [id, clients] : holders) {
      const GatewayState* holder = state_.gateway(id);
      if (holder == nullptr || holder->gone) close_clients_of(id);
    }
  }
  if (const Duration pause = pause_.on_turn(now); pause > Duration{0}) {
    note(Level::warning, "paused", {{"for", std::to_string(pause / 1ms) + "ms"}});
    for (auto& [link, peer] : gateways_) peer.heard += pause;
    for (auto& [link, peer] : workers_) peer.heard += pause;
    for (auto& [id, away] : away_) away.since += pause, away.until += pause;
    dispatch_.on_pause(pause);
  }
  check_gateways(now);
  check_workers(now);
  wake_postponed(now);
  hand_out(now);
  for (auto& [link, peer] : gateways_) flush(peer, now);
  for (auto& [link, peer] : workers_) flush(peer, now);
  if (tap_.on()) {
    for (std::string& frame : tap_.end_turn(now, wall_time_)) sends_.push_back({Leg::tap, 0, std::move(frame)});
  }
  turn.journal.swap(journal_);
  turn.sends.swap(sends_);
  turn.notes.swap(notes_);
}

Instant Broker::next_time(Instant now) const {
  const Instant woken = postponed_.empty() ? Instant::max() : postponed_.begin()->first;
  return std::min({now + std::min<Duration>(config_.heartbeat / 2, 100ms), dispatch_.next_time(), woken});
}

void Broker::keep_alive(Instant now, std::vector<Send>& sends) {
  const auto speak = [&](Leg leg, Peer& peer) {
    if (!peer.live || now - peer.sent < config_.heartbeat) return;
    peer.sent = now;
    schemas::FrameBuilder frame;
    schemas::append(frame.body(), schemas::Heartbeat{});
    sends.push_back({leg, peer.routing, frame.finish({.link = peer.link})});
  };
  for (auto& [link, peer] : gateways_) speak(Leg::frontend, peer);
  for (auto& [link, peer] : workers_) speak(Leg::backend, peer);
}

std::string Broker::checkpoint() {
  // What on_unreachable() led to is in the state already, and will be written with the next turn: it must not be in both.
  if (!journal_.empty()) return {};
  ++header_.segment;
  state_.seal();
  return begin_segment(header_, state_);
}

void Broker::on_stop(Turn& turn) {
  const auto leave = [&](Leg leg, const Peer& peer) {
    schemas::FrameBuilder frame;
    schemas::append(frame.body(), schemas::Reset{"the broker stops"});
    turn.sends.push_back({leg, peer.routing, frame.finish({.link = peer.link})});
  };
  for (const auto& [link, peer] : gateways_) leave(Leg::frontend, peer);
  for (const auto& [link, peer] : workers_) leave(Leg::backend, peer);
}

}  // namespace fairlead::broker
