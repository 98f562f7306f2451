// What an operator sees of the broker, and may do. Changes are facts like any other.
#include <algorithm>

#include "broker/broker.hpp"

namespace fairlead::broker {

std::vector<Broker::GatewayInfo> Broker::gateways(Instant now) const {
  std::vector<GatewayInfo> all;
  for (const auto& [id, gateway] : state_.gateways()) {
    GatewayInfo info{.name = gateway.name, .incarnation = id, .gone = gateway.gone, .kept_bytes = gateway.ring.bytes()};
    info.live = std::any_of(gateways_.begin(), gateways_.end(),
                            [&](const auto& at) { return at.second.live && at.second.incarnation == id; });
    info.lagging = info.live && gateway.ring.lagging(config_.delivery_window);
    if (const auto away = away_.find(id); away != away_.end()) info.away = now - away->second.since;
    if (const auto at = state_.directory().gateways().find(id); at != state_.directory().gateways().end())
      info.clients = at->second;
    if (const auto at = taken_.find(id); at != taken_.end()) info.uncommitted = at->second;
    all.push_back(std::move(info));
  }
  return all;
}

std::vector<Broker::WorkerInfo> Broker::workers(Instant now) const {
  std::vector<WorkerInfo> all;
  for (const auto& [link, peer] : workers_) {
    all.push_back({.name = peer.name,
                   .version = peer.version,
                   .app = peer.app,
                   .incarnation = peer.incarnation,
                   .live = peer.live,
                   .units = dispatch_.outstanding(link),
                   .commits = peer.commits,
                   .failures = peer.failures,
                   .silent = now - peer.heard});
  }
  return all;
}

std::size_t Broker::waiting_events(const ClientId& client) const {
  const Mailbox* mailbox = mailboxes_.find(client);
  return mailbox == nullptr ? 0 : mailbox->waiting();
}

void Broker::publish(std::vector<schemas::Effect> effects) {
  ++counters_.publications;
  record(Published{.publisher = config_.incarnation, .id = ++last_publication_, .effects = std::move(effects)});
}

Status Broker::retry_dead_letter(const ClientId& client, std::uint64_t seq) {
  const DeadLetter* letter = state_.dead_letter(client, seq);
  if (letter == nullptr) return Error{"there is no such dead letter"};
  if (letter->kind == schemas::EventKind::open || letter->kind == schemas::EventKind::close)
    return Error{"an event that opens or closes a client cannot be handled again; drop it"};
  if (state_.directory().find(client) == nullptr) return Error{"its client is gone; drop it"};
  record(DeadLetterDone{.client = client, .seq = seq, .replay = true});
  return Nothing{};
}

Status Broker::drop_dead_letter(const ClientId& client, std::uint64_t seq) {
  if (state_.dead_letter(client, seq) == nullptr) return Error{"there is no such dead letter"};
  record(DeadLetterDone{.client = client, .seq = seq});
  return Nothing{};
}

}  // namespace fairlead::broker
