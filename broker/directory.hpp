// Who is connected, as the committed outcomes have it: clients with their uid, groups and session. All of it is
// journaled state; nothing here knows of links, workers or time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bus/ids.hpp"

namespace fairlead::broker {

struct Client {
  std::uint64_t done = 0;  // its last committed event
  std::string peer;
  std::optional<std::string> uid;
  std::vector<std::string> groups;  // sorted
  std::uint64_t session_version = 0;
  std::string session;
};

class Directory {
 public:
  // How many of a uid's or a group's clients each gateway holds. Ordered, because deliveries are numbered in this
  // order.
  using Gateways = std::map<Incarnation, std::uint64_t>;
  struct Set {
    std::set<ClientId> clients;
    Gateways gateways;
  };

  Client* find(const ClientId& id);
  const Client* find(const ClientId& id) const;
  Client& add(const ClientId& id, const Client& client);
  void remove(const ClientId& id);

  // Each answers whether anything changed. The client must be there.
  bool bind(const ClientId& id, const std::optional<std::string>& uid);
  bool join(const ClientId& id, const std::string& group);
  bool leave(const ClientId& id, const std::string& group);
  // The gateways that held members.
  Gateways ungroup(const std::string& group);

  const Set* uid(const std::string& name) const;
  const Set* group(const std::string& name) const;
  const std::map<std::string, Set>& uids() const { return uids_; }
  const std::map<std::string, Set>& groups() const { return groups_; }
  const Gateways& gateways() const { return gateways_; }
  std::size_t size() const { return clients_.size(); }

  // Ids in order, those after `after` and no more than `limit`. Takes time in proportion to all clients.
  std::vector<ClientId> page(const std::optional<ClientId>& after, std::size_t limit) const;
  std::vector<ClientId> clients_of(Incarnation gateway) const;

 private:
  static void put(std::map<std::string, Set>& sets, const std::string& name, const ClientId& id);
  static void take(std::map<std::string, Set>& sets, const std::string& name, const ClientId& id);

  std::unordered_map<ClientId, Client> clients_;
  std::map<std::string, Set> uids_;
  std::map<std::string, Set> groups_;
  Gateways gateways_;  // clients per gateway
};

}  // namespace fairlead::broker
