// The broker's commits: every change of the durable state goes through record(), to the journal first and then to the
// state.
#include "broker/broker.hpp"
#include "bus/mutation.hpp"
#include "schemas/codec.hpp"

namespace fairlead::broker {

using schemas::EventKind;

void Broker::record(const Fact& fact) {
  append_fact(journal_, header_.lineage, fact);
  state_.apply(fact);
}

// The user's address, as the open event tells it.
std::string Broker::peer_of_open(const schemas::UnitEvent& event) {
  if (event.kind != EventKind::open) return {};
  auto handshake = schemas::decode_handshake(event.payload);
  return handshake ? handshake->peer : std::string{};
}

void Broker::commit(const ClientId& client, Mailbox& mailbox, std::vector<schemas::Effect> effects) {
  const schemas::UnitEvent& event = mailbox.front();
  record(Commit{.client = client,
                .seq = event.seq,
                .kind = event.kind,
                .peer = peer_of_open(event),
                .effects = std::move(effects)});
  mailbox.pop();
  count_down(client);
  ++counters_.commits;
}

// The event at the front is in no unit. It has cost an attempt; after the last one it becomes a dead letter.
void Broker::blame(const ClientId& client, Mailbox& mailbox, const std::string& reason) {
  if (++mailbox.blames < config_.max_attempts || FAIRLEAD_MUTATION(no_dead_letters)) return;
  const schemas::UnitEvent& event = mailbox.front();
  note(Level::error, "dead_letter",
       {{"client", client.text()},
        {"seq", std::to_string(event.seq)},
        {"attempts", std::to_string(mailbox.blames)},
        {"reason", reason}});
  if (tap_.on()) tap_.dead(state_, client, event, reason);
  record(DeadLetter{.client = client,
                    .seq = event.seq,
                    .kind = event.kind,
                    .peer = peer_of_open(event),
                    .binary = event.binary,
                    .payload = event.payload,
                    .reason = reason});
  mailbox.pop();
  count_down(client);
  ++counters_.dead_letters;
}

void Broker::settle(const ClientId& client, Mailbox& mailbox, Dispatch::Place place) {
  if (mailbox.empty()) return mailboxes_.tidy(client);
  if (mailbox.ready || mailbox.out || mailbox.not_before) return;
  mailbox.ready = true;
  dispatch_.on_ready(client, place, mailbox.blames >= 2);
}

void Broker::count_down(const ClientId& client) {
  const auto taken = taken_.find(client.gateway);
  if (taken != taken_.end() && taken->second > 0) --taken->second;
}

}  // namespace fairlead::broker
