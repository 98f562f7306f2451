// The reference: a bus that nothing ever happens to. It is told of the commits in their order, as the auditor heard of
// them, and works out what every user must have been told because of them.
#pragma once

#include <cstdint>
#include <deque>
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
    std::map<std::string, bool> groups;  // and whether it watches
    std::set<std::string> timers;        // that have not woken it
    std::deque<std::string> changes;     // of groups that it watches, to be told
    std::uint64_t extra = 0;             // events handled that no user made
    bool closing = false;                // the application has closed it: it is told nothing more
    bool closed_gently = false;
    bool gone = false;  // its close is committed
    std::vector<std::string> expected;
    std::vector<std::uint64_t> skipped;  // events that were committed unhandled
    std::vector<Handled> handled_events;
  };

  // A commit. Throws a Violation when it cannot be the next one of its client.
  void on_commit(const Handled& handled);
  // A worker's word. Throws when it is not the next one.
  void on_word(const Word& word);
  // Members may have gone without a word from now on.
  void doubt_sizes() { sizes_are_known_ = false; }
  const Client* find(const ClientId& id) const;
  const std::map<ClientId, Client>& clients() const { return clients_; }
  std::uint64_t commits() const { return commits_; }
  std::uint64_t words(Incarnation of) const { return words_.contains(of.value) ? words_.at(of.value) : 0; }

 private:
  void apply(const schemas::Effect& effect);
  void tell(Client& client, const std::string& payload);
  void on_woken(Client& client, const Handled& handled, const std::string& what);
  void on_changed(Client& client, const Handled& handled, const std::string& what) const;
  void change(Client& client, const std::string& how, const std::string& group);

  std::map<ClientId, Client> clients_;
  std::uint64_t commits_ = 0;
  std::map<std::uint64_t, std::uint64_t> words_;  // the last of each incarnation
  bool sizes_are_known_ = true;
};

}  // namespace fairlead::simulation
