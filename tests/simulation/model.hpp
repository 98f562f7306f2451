// The reference: a bus that nothing ever happens to. It is told of the commits in their order, as the auditor heard of
// them, and works out what every user must have been told because of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bus/ids.hpp"
#include "schemas/effect.hpp"
#include "tests/simulation/application.hpp"

namespace fairlead::simulation {

class Model {
 public:
  struct Client {
    std::uint64_t done = 0;     // the last event known to be committed
    std::uint64_t handled = 0;  // how many of these a handler dealt with: the others are dead letters
    std::optional<std::string> uid;
    std::set<std::string> groups;
    bool closing = false;  // the application has closed it: it is told nothing more
    bool closed_gently = false;
    bool gone = false;  // its close is committed
    std::vector<std::string> expected;
    std::vector<std::uint64_t> skipped;  // events that were committed unhandled
    std::vector<Handled> handled_events;
  };

  // A commit. Throws a Violation when it cannot be the next one of its client.
  void on_commit(const Handled& handled);
  const Client* find(const ClientId& id) const;
  const std::map<ClientId, Client>& clients() const { return clients_; }
  std::uint64_t commits() const { return commits_; }

 private:
  void apply(const schemas::Effect& effect);
  void tell(Client& client, const std::string& payload);

  std::map<ClientId, Client> clients_;
  std::uint64_t commits_ = 0;
};

}  // namespace fairlead::simulation
