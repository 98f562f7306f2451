#include "broker/mailbox.hpp"

#include <algorithm>
#include <utility>

#include "bus/mutation.hpp"

namespace fairlead::broker {

void Mailbox::pop() {
  events[first++] = {};
  attempts = 0;
  blames = 0;
  conflicts = 0;
  // Amortised: each event is moved at most once.
  if (first * 2 >= events.size()) {
    events.erase(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(first));
    first = 0;
  }
}

Mailbox& Mailboxes::of(const ClientId& client, std::uint64_t done) {
  const auto [at, fresh] = boxes_.try_emplace(client);
  if (fresh) at->second.seen = done;
  return at->second;
}

Mailbox* Mailboxes::find(const ClientId& client) {
  const auto at = boxes_.find(client);
  return at == boxes_.end() ? nullptr : &at->second;
}

const Mailbox* Mailboxes::find(const ClientId& client) const {
  const auto at = boxes_.find(client);
  return at == boxes_.end() ? nullptr : &at->second;
}

Mailboxes::Put Mailboxes::put(Mailbox& mailbox, schemas::UnitEvent event) {
  if (event.seq <= mailbox.seen && !FAIRLEAD_MUTATION(no_dedup)) return Put::repeated;
  if (event.seq > mailbox.seen + 1) return Put::gap;
  mailbox.seen = event.seq;
  mailbox.events.push_back(std::move(event));
  return Put::taken;
}

void Mailboxes::tidy(const ClientId& client) {
  const auto at = boxes_.find(client);
  if (at != boxes_.end() && at->second.empty()) boxes_.erase(at);
}

std::vector<ClientId> Mailboxes::clients_of(Incarnation gateway) const {
  std::vector<ClientId> clients;
  for (const auto& [client, mailbox] : boxes_) {
    if (client.gateway == gateway) clients.push_back(client);
  }
  std::sort(clients.begin(), clients.end());
  return clients;
}

}  // namespace fairlead::broker
