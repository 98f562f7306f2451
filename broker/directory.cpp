#include "broker/directory.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"
#include "schemas/limits.hpp"

namespace fairlead::broker {
namespace {

void drop_one(Directory::Gateways& gateways, Incarnation gateway) {
  const auto at = gateways.find(gateway);
  if (at != gateways.end() && --at->second == 0) gateways.erase(at);
}

}  // namespace

Client* Directory::find(const ClientId& id) {
  const auto at = clients_.find(id);
  return at == clients_.end() ? nullptr : &at->second;
}

const Client* Directory::find(const ClientId& id) const {
  const auto at = clients_.find(id);
  return at == clients_.end() ? nullptr : &at->second;
}

Client& Directory::add(const ClientId& id, const Client& client) {
  const auto [at, fresh] = clients_.try_emplace(id, client);
  FAIRLEAD_CHECK(fresh, "a client added twice");
  ++gateways_[id.gateway];
  if (at->second.uid) put(uids_, *at->second.uid, id);
  std::sort(at->second.groups.begin(), at->second.groups.end());
  for (const auto& group : at->second.groups) put(groups_, group, id);
  return at->second;
}

void Directory::remove(const ClientId& id) {
  const auto at = clients_.find(id);
  if (at == clients_.end()) return;
  if (at->second.uid) take(uids_, *at->second.uid, id);
  for (const auto& group : at->second.groups) take(groups_, group, id);
  drop_one(gateways_, id.gateway);
  clients_.erase(at);
}

bool Directory::bind(const ClientId& id, const std::optional<std::string>& uid) {
  Client& client = *find(id);
  if (client.uid == uid) return false;
  if (client.uid) take(uids_, *client.uid, id);
  client.uid = uid;
  if (uid) put(uids_, *uid, id);
  return true;
}

bool Directory::join(const ClientId& id, const std::string& group) {
  auto& groups = find(id)->groups;
  const auto at = std::lower_bound(groups.begin(), groups.end(), group);
  if ((at != groups.end() && *at == group) || groups.size() >= schemas::max_groups) return false;
  groups.insert(at, group);
  put(groups_, group, id);
  return true;
}

bool Directory::leave(const ClientId& id, const std::string& group) {
  auto& groups = find(id)->groups;
  const auto at = std::lower_bound(groups.begin(), groups.end(), group);
  if (at == groups.end() || *at != group) return false;
  groups.erase(at);
  take(groups_, group, id);
  return true;
}

Directory::Gateways Directory::ungroup(const std::string& group) {
  const auto at = groups_.find(group);
  if (at == groups_.end()) return {};
  Set members = std::move(at->second);
  groups_.erase(at);
  for (const ClientId& id : members.clients) std::erase(find(id)->groups, group);
  return std::move(members.gateways);
}

const Directory::Set* Directory::uid(const std::string& name) const {
  const auto at = uids_.find(name);
  return at == uids_.end() ? nullptr : &at->second;
}

const Directory::Set* Directory::group(const std::string& name) const {
  const auto at = groups_.find(name);
  return at == groups_.end() ? nullptr : &at->second;
}

std::vector<ClientId> Directory::page(const std::optional<ClientId>& after, std::size_t limit) const {
  std::vector<ClientId> ids;
  for (const auto& [id, client] : clients_) {
    if (!after || id > *after) ids.push_back(id);
  }
  const std::size_t kept = std::min(limit, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(kept), ids.end());
  ids.resize(kept);
  return ids;
}

std::vector<ClientId> Directory::clients_of(Incarnation gateway) const {
  std::vector<ClientId> ids;
  for (const auto& [id, client] : clients_) {
    if (id.gateway == gateway) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void Directory::put(std::map<std::string, Set>& sets, const std::string& name, const ClientId& id) {
  Set& set = sets[name];
  set.clients.insert(id);
  ++set.gateways[id.gateway];
}

void Directory::take(std::map<std::string, Set>& sets, const std::string& name, const ClientId& id) {
  const auto at = sets.find(name);
  if (at == sets.end() || at->second.clients.erase(id) == 0) return;
  drop_one(at->second.gateways, id.gateway);
  if (at->second.clients.empty()) sets.erase(at);
}

}  // namespace fairlead::broker
