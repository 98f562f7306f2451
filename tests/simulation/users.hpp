// The people at the gateways: each says orders one after another and remembers everything it was told. What they saw is
// what the promises are about.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace fairlead::simulation {

struct User {
  // How the connection ended.
  enum class End : std::uint8_t {
    open,
    left,             // the user hung up
    closed,           // the application asked for it
    gateway_crashed,  // with the process
    gateway_stopped,  // 1001
    lost,             // the gateway was told that the broker has given it up: 1012
  };

  std::uint64_t number = 0;  // among all users of the run
  unsigned gateway = 0;
  ClientId client;
  bool accepted = false;          // the gateway has opened it
  std::uint64_t typed = 0;        // messages it has sent off
  std::vector<std::string> said;  // as the gateway took it: message i is event i + 2
  bool close_taken = false;       // the gateway has taken the close as an event
  std::vector<std::string> received;
  End end = End::open;
  bool gateway_died = false;  // with events of this user that were perhaps not committed
  Instant ended{};

  std::string text() const { return "user " + std::to_string(number); }
  // The number of its last event that its gateway took.
  std::uint64_t last_event() const { return (accepted ? 1 : 0) + said.size() + (close_taken ? 1 : 0); }
};

class Users {
 public:
  User& add(unsigned gateway) {
    all_.push_back(std::make_unique<User>());
    all_.back()->number = all_.size() - 1;
    all_.back()->gateway = gateway;
    return *all_.back();
  }
  void accepted(User& user, const ClientId& client) {
    user.client = client;
    user.accepted = true;
    by_client_[client] = &user;
  }
  User* find(const ClientId& client) const {
    const auto found = by_client_.find(client);
    return found == by_client_.end() ? nullptr : found->second;
  }
  const std::vector<std::unique_ptr<User>>& all() const { return all_; }

 private:
  std::vector<std::unique_ptr<User>> all_;
  std::map<ClientId, User*> by_client_;
};

}  // namespace fairlead::simulation
