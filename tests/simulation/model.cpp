#include "tests/simulation/model.hpp"

#include <algorithm>
#include <variant>

#include "tests/simulation/violation.hpp"

namespace fairlead::simulation {

using schemas::Bind;
using schemas::CloseClient;
using schemas::Effect;
using schemas::EventKind;
using schemas::Join;
using schemas::Leave;
using schemas::Scope;
using schemas::Send;
using schemas::Ungroup;

void Model::on_commit(const Handled& handled) {
  ++commits_;
  Client& client = clients_[handled.client];
  const std::string what = "event " + std::to_string(handled.seq) + " of client " + handled.client.text();
  demand(!client.gone, what + " was committed after the client's close");
  demand(handled.seq > client.done,
         what + " was committed again, or after its successor " + std::to_string(client.done));
  for (std::uint64_t seq = client.done + 1; seq < handled.seq; ++seq) client.skipped.push_back(seq);
  demand((handled.kind == EventKind::open) == (handled.seq == 1), what + " is of the wrong kind");
  if (handled.kind != EventKind::close) {
    demand(handled.count == client.handled, what + " found a session that counts " + std::to_string(handled.count) +
                                                " events, " + std::to_string(client.handled) + " had been handled");
  }
  client.done = handled.seq;
  ++client.handled;
  client.handled_events.push_back(handled);
  for (const auto& effect : effects_of(handled)) apply(effect);
  apply(audit_of(handled));
  if (handled.kind != EventKind::close) return;
  client.gone = true;
  client.uid.reset();
  client.groups.clear();
}

const Model::Client* Model::find(const ClientId& id) const {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : &found->second;
}

void Model::apply(const Effect& effect) {
  if (const auto* send = std::get_if<Send>(&effect)) {
    for (auto& entry : clients_) {
      const ClientId& id = entry.first;
      Client& client = entry.second;
      if (std::ranges::find(send->except, id) != send->except.end()) continue;
      const auto named = [&](const std::string& name) {
        return send->scope == Scope::uids ? client.uid == name : client.groups.contains(name);
      };
      const bool meant = send->scope == Scope::all       ? true
                         : send->scope == Scope::clients ? std::ranges::find(send->clients, id) != send->clients.end()
                                                         : std::ranges::any_of(send->names, named);
      if (meant) tell(client, send->payload);
    }
  }
  if (const auto* bind = std::get_if<Bind>(&effect)) clients_[bind->client].uid = bind->uid;
  if (const auto* join = std::get_if<Join>(&effect)) clients_[join->client].groups.insert(join->group);
  if (const auto* leave = std::get_if<Leave>(&effect)) clients_[leave->client].groups.erase(leave->group);
  if (const auto* ungroup = std::get_if<Ungroup>(&effect)) {
    for (auto& [id, client] : clients_) client.groups.erase(ungroup->group);
  }
  if (const auto* close = std::get_if<CloseClient>(&effect)) {
    Client& client = clients_[close->client];
    if (client.closing) return;
    client.closed_gently = !close->now;
    if (close->last && !close->now) tell(client, *close->last);
    client.closing = true;
  }
}

void Model::tell(Client& client, const std::string& payload) {
  if (!client.closing && !client.gone) client.expected.push_back(payload);
}

}  // namespace fairlead::simulation
