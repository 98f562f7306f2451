#include "broker/state.hpp"

#include <algorithm>
#include <utility>

#include "bus/mutation.hpp"
#include "bus/text.hpp"
#include "schemas/codec.hpp"

namespace fairlead::broker {

using schemas::EventKind;
using schemas::Scope;

void State::apply(const Fact& fact) {
  std::visit([this](const auto& f) { apply_fact(f); }, fact);
}

GatewayState* State::gateway(Incarnation id) {
  const auto at = gateways_.find(id);
  return at == gateways_.end() ? nullptr : &at->second;
}

template <class Record>
void State::deliver(Incarnation id, const Record& record) {
  GatewayState* to = gateway(id);
  if (to == nullptr || to->gone) return;
  schemas::append(to->ring.body(), record);
  to->ring.added();
}

void State::on_applied(Incarnation id, std::uint64_t applied) {
  GatewayState* from = gateway(id);
  if (from == nullptr) return;
  from->ring.on_ack(applied);
  while (!from->closed.empty() && from->closed.begin()->first <= applied) {
    from->closed_clients.erase(from->closed.begin()->second);
    from->closed.erase(from->closed.begin());
  }
}

bool State::is_closed(const ClientId& client) const {
  const auto at = gateways_.find(client.gateway);
  return at != gateways_.end() && at->second.closed_clients.contains(client);
}

void State::seal() {
  for (auto& [id, gateway] : gateways_) gateway.ring.seal();
}

void State::restore_closed(const ClientId& client, std::uint64_t number) {
  GatewayState* of = gateway(client.gateway);
  if (of == nullptr || !of->closed.emplace(number, client).second) return;
  of->closed_clients.insert(client);
}

void State::apply_fact(const GatewayCame& came) {
  GatewayState& gateway = gateways_[came.gateway];
  gateway.closed.clear();
  gateway.closed_clients.clear();
  gateway.name = came.name;
  gateway.gone = false;
  gateway.ring.restart_at(came.head);
}

void State::apply_fact(const GatewayGone& gone) {
  GatewayState* gateway = this->gateway(gone.gateway);
  if (gateway == nullptr) return;
  gateway->gone = true;
  gateway->ring.restart_at(gateway->ring.head());
  gateway->closed.clear();
  gateway->closed_clients.clear();
  if (!directory_.gateways().contains(gone.gateway)) gateways_.erase(gone.gateway);
}

void State::apply_fact(const ClientCame& came) {
  const auto& told = came.client;
  if (directory_.find(told.client) != nullptr) return;
  directory_.add(told.client, Client{.done = told.committed,
                                     .peer = told.peer,
                                     .uid = told.uid,
                                     .groups = told.groups,
                                     .session_version = told.session_version,
                                     .session = told.session});
}

void State::apply_fact(const Commit& commit) {
  begin(commit.client, commit.kind, commit.peer);
  for (const auto& effect : commit.effects) {
    std::visit([this](const auto& e) { apply_effect(e); }, effect);
  }
  finish(commit.client, commit.seq, commit.kind);
}

void State::apply_fact(const DeadLetter& letter) {
  begin(letter.client, letter.kind, letter.peer);
  finish(letter.client, letter.seq, letter.kind);
  restore_dead_letter(letter);
}

const DeadLetter* State::dead_letter(const ClientId& client, std::uint64_t seq) const {
  const auto at = std::find_if(dead_letters_.begin(), dead_letters_.end(),
                               [&](const DeadLetter& one) { return one.client == client && one.seq == seq; });
  return at == dead_letters_.end() ? nullptr : &*at;
}

void State::apply_fact(const DeadLetterDone& done) {
  const auto letter = std::find_if(dead_letters_.begin(), dead_letters_.end(), [&](const DeadLetter& one) {
    return one.client == done.client && one.seq == done.seq;
  });
  if (letter == dead_letters_.end()) return;
  if (done.replay)
    deliver(done.client.gateway,
            schemas::Replay{
                .client = done.client, .kind = letter->kind, .binary = letter->binary, .payload = letter->payload});
  dead_letter_bytes_ -= letter->payload.size();
  dead_letters_.erase(letter);
}

void State::apply_fact(const Published& published) {
  restore_publisher(published.publisher, published.id);
  for (const auto& effect : published.effects) {
    std::visit([this](const auto& e) { apply_effect(e); }, effect);
  }
}

std::uint64_t State::published(Incarnation publisher) const {
  const auto at = publishers_.find(publisher);
  return at == publishers_.end() ? 0 : at->second;
}

void State::restore_publisher(Incarnation publisher, std::uint64_t id) {
  const auto [at, fresh] = publishers_.insert_or_assign(publisher, id);
  if (!fresh) return;
  publishers_by_age_.push_back(publisher);
  if (publishers_by_age_.size() <= max_publishers) return;
  publishers_.erase(publishers_by_age_.front());
  publishers_by_age_.pop_front();
}

bool State::conflicts(const std::vector<schemas::Effect>& effects) const {
  if (FAIRLEAD_MUTATION(no_conflicts)) return false;
  std::map<ClientId, std::uint64_t> raised;  // by the effects before
  for (const auto& effect : effects) {
    const auto* set = std::get_if<schemas::SetSession>(&effect);
    if (set == nullptr) continue;
    const Client* client = directory_.find(set->client);
    if (client == nullptr) continue;
    if (set->expected && *set->expected != client->session_version + raised[set->client]) return true;
    ++raised[set->client];
  }
  return false;
}

void State::restore_dead_letter(DeadLetter letter) {
  dead_letter_bytes_ += letter.payload.size();
  dead_letters_.push_back(std::move(letter));
  while (dead_letters_.size() > max_dead_letters || dead_letter_bytes_ > max_dead_letter_bytes) {
    dead_letter_bytes_ -= dead_letters_.front().payload.size();
    dead_letters_.pop_front();
    ++dead_letters_dropped_;
  }
}

// An open makes the client before its handler's effects, which may bind it or send to it.
void State::begin(const ClientId& id, EventKind kind, const std::string& peer) {
  if (kind != EventKind::open || directory_.find(id) != nullptr) return;
  directory_.add(id, Client{.peer = peer});
  deliver(id.gateway, schemas::Committed{.client = id});
}

// A close ends the client after its handler's effects, which may still read it.
void State::finish(const ClientId& id, std::uint64_t seq, EventKind kind) {
  if (Client* client = directory_.find(id)) client->done = seq;
  deliver(id.gateway, schemas::Committed{.client = id, .seq = seq});
  if (kind != EventKind::close) return;
  directory_.remove(id);
  const GatewayState* gateway = this->gateway(id.gateway);
  if (gateway == nullptr) return;
  if (!gateway->gone) {
    restore_closed(id, gateway->ring.head());
  } else if (!directory_.gateways().contains(id.gateway)) {
    gateways_.erase(id.gateway);
  }
}

void State::apply_effect(const schemas::Send& send) {
  switch (send.scope) {
    case Scope::clients: {
      std::map<Incarnation, schemas::Deliver> per_gateway;
      for (const ClientId& id : send.clients) {
        if (directory_.find(id) != nullptr) per_gateway[id.gateway].send.clients.push_back(id);
      }
      for (auto& [gateway, record] : per_gateway) {
        record.send.except = send.except;
        record.send.payload = send.payload;
        record.send.binary = send.binary;
        deliver(gateway, record);
      }
      return;
    }
    case Scope::uids:
    case Scope::groups:
      return deliver_named(send);
    case Scope::all:
      for (const auto& [gateway, clients] : directory_.gateways()) deliver(gateway, schemas::Deliver{send});
      return;
  }
}

// Once to each gateway that holds a target, naming there only what it holds.
void State::deliver_named(const schemas::Send& send) {
  std::map<Incarnation, schemas::Deliver> per_gateway;
  for (const auto& name : send.names) {
    const auto* set = send.scope == Scope::uids ? directory_.uid(name) : directory_.group(name);
    if (set == nullptr) continue;
    for (const auto& [gateway, clients] : set->gateways) per_gateway[gateway].send.names.push_back(name);
  }
  for (auto& [gateway, record] : per_gateway) {
    record.send.scope = send.scope;
    for (const ClientId& id : send.except) {
      if (id.gateway == gateway) record.send.except.push_back(id);
    }
    record.send.payload = send.payload;
    record.send.binary = send.binary;
    deliver(gateway, record);
  }
}

void State::apply_effect(const schemas::Bind& bind) {
  if (directory_.find(bind.client) == nullptr || !directory_.bind(bind.client, bind.uid)) return;
  deliver(bind.client.gateway, schemas::Bound{.client = bind.client, .uid = bind.uid});
}

void State::apply_effect(const schemas::Join& join) {
  if (directory_.find(join.client) == nullptr) return;
  if (!directory_.join(join.client, join.group) && !join.watch) return;
  deliver(join.client.gateway, schemas::Joined{.client = join.client,
                                               .group = join.group,
                                               .watch = join.watch,
                                               .size = directory_.group(join.group)->clients.size()});
}

void State::apply_effect(const schemas::Leave& leave) {
  if (directory_.find(leave.client) == nullptr || !directory_.leave(leave.client, leave.group)) return;
  const Directory::Set* rest = directory_.group(leave.group);
  deliver(
      leave.client.gateway,
      schemas::Left{.client = leave.client, .group = leave.group, .size = rest == nullptr ? 0 : rest->clients.size()});
}

void State::apply_effect(const schemas::Ungroup& ungroup) {
  for (const auto& [gateway, members] : directory_.ungroup(ungroup.group)) {
    deliver(gateway, schemas::Ungrouped{.group = ungroup.group});
  }
}

void State::apply_effect(const schemas::SetSession& set) {
  Client* client = directory_.find(set.client);
  if (client == nullptr || (set.expected && *set.expected != client->session_version)) return;
  client->session = set.session;
  ++client->session_version;
  deliver(set.client.gateway,
          schemas::SessionSet{.client = set.client, .version = client->session_version, .session = set.session});
}

void State::apply_effect(const schemas::CloseClient& close) {
  if (directory_.find(close.client) == nullptr) return;
  deliver(close.client.gateway, schemas::Close{.client = close.client,
                                               .now = close.now,
                                               .last = close.last,
                                               .binary = close.binary,
                                               .reason = "closed by the application"});
}

void State::apply_effect(const schemas::CloseUid& close) {
  const Directory::Set* bound = directory_.uid(close.uid);
  if (bound == nullptr) return;
  for (const ClientId& client : bound->clients)
    apply_effect(schemas::CloseClient{.client = client, .last = close.last, .binary = close.binary});
}

void State::apply_effect(const schemas::SetTimer& timer) {
  if (directory_.find(timer.client) == nullptr) return;
  deliver(timer.client.gateway,
          schemas::Timer{.client = timer.client, .name = timer.name, .after = timer.after, .payload = timer.payload});
}

void State::restore_chunk(Incarnation id, Ring::Chunk chunk) {
  if (GatewayState* to = gateway(id)) to->ring.restore(std::move(chunk));
}

std::string State::digest() const {
  std::string out;
  for (const auto& [id, gateway] : gateways_) {
    out += "gateway " + text(id) + " " + gateway.name + (gateway.gone ? " gone" : "") + " head " +
           std::to_string(gateway.ring.head()) + "\n";
  }
  for (const ClientId& id : directory_.page(std::nullopt, directory_.size())) {
    const Client& client = *directory_.find(id);
    out += "client " + id.text() + " done " + std::to_string(client.done) + " uid " + client.uid.value_or("-") +
           " session " + std::to_string(client.session_version) + ":" + printable(client.session) + " groups";
    for (const auto& group : client.groups) out += " " + group;
    out += "\n";
  }
  for (const auto& letter : dead_letters_)
    out += "dead " + letter.client.text() + ":" + std::to_string(letter.seq) + "\n";
  for (const auto& [publisher, id] : publishers_)
    out += "publisher " + text(publisher) + " " + std::to_string(id) + "\n";
  return out;
}

}  // namespace fairlead::broker
