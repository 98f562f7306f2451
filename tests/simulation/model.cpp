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
using schemas::SetTimer;
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
  if (handled.kind == EventKind::timer) on_woken(client, handled, what);
  if (handled.kind == EventKind::group) on_changed(client, handled, what);
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

void Model::on_word(const Word& word) {
  demand(word.number == words_[word.incarnation] + 1,
         "word " + std::to_string(word.number) + " of worker incarnation " + std::to_string(word.incarnation) +
             " was committed after its word " + std::to_string(words_[word.incarnation]));
  words_[word.incarnation] = word.number;
  for (const auto& effect : effects_of(word)) apply(effect);
}

void Model::on_woken(Client& client, const Handled& handled, const std::string& what) {
  demand(client.timers.erase(handled.text) == 1, what + " is of a timer that was not set, or has come before");
  ++client.extra;
}

void Model::on_changed(Client& client, const Handled& handled, const std::string& what) const {
  // Without the size, if that is in doubt.
  const auto known = [this](const std::string& change) {
    return sizes_are_known_ ? change : change.substr(0, change.rfind(' '));
  };
  auto at = client.changes.begin();
  if (!client.skipped.empty()) {
    at =
        std::ranges::find_if(client.changes, [&](const std::string& one) { return known(one) == known(handled.text); });
  }
  demand(at != client.changes.end() && known(*at) == known(handled.text),
         what + " is '" + handled.text + "', which is not the next change of its groups" +
             (client.changes.empty() ? "" : ", '" + client.changes.front() + "'"));
  client.changes.erase(client.changes.begin(), at + 1);
  ++client.extra;
}

void Model::change(Client& client, const std::string& how, const std::string& group) {
  const auto size = std::ranges::count_if(clients_, [&](const auto& one) { return one.second.groups.contains(group); });
  client.changes.push_back(how + " " + group + " " + std::to_string(size));
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
  if (const auto* join = std::get_if<Join>(&effect)) {
    Client& client = clients_[join->client];
    const auto [at, fresh] = client.groups.try_emplace(join->group, join->watch);
    at->second = at->second || join->watch;
    if (fresh && join->watch) change(client, "joined", join->group);
  }
  if (const auto* leave = std::get_if<Leave>(&effect)) {
    Client& client = clients_[leave->client];
    const auto left = client.groups.extract(leave->group);
    if (left && left.mapped()) change(client, "left", leave->group);
  }
  if (const auto* ungroup = std::get_if<Ungroup>(&effect)) {
    for (auto& [id, client] : clients_) {
      const auto left = client.groups.extract(ungroup->group);
      if (left && left.mapped()) client.changes.push_back("left " + ungroup->group + " 0");
    }
  }
  if (const auto* timer = std::get_if<SetTimer>(&effect)) clients_[timer->client].timers.insert(timer->name);
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
