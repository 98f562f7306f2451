// A gateway's process: the shell around gateway::Gateway, and the connections of its users.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "gateway/gateway.hpp"
#include "tests/simulation/process.hpp"
#include "tests/simulation/users.hpp"

namespace fairlead::simulation {

class GatewayProcess : public Process {
 public:
  // `on_user_end` is told when a user's connection is over.
  GatewayProcess(Surroundings around, unsigned index, HostId host, Users& users, Random random);

  // ---- users, any time
  // False: connection refused.
  bool connect(User& user, std::string path);
  void say(User& user, std::string text);
  void hang_up(User& user);
  void on_user_end(std::function<void(User&)> callback) { user_ended_ = std::move(callback); }

  // ---- the network
  void deliver(Network::ToPeer arrival);

  void stop();
  bool finished() const { return !gateway_ || gateway_->finished(); }
  const gateway::Gateway* machine() const { return gateway_ ? &*gateway_ : nullptr; }
  HostId host() const { return host_; }
  // Users have said something that the machine has not been handed.
  bool reads_later() const { return !typed_.empty(); }
  // How long it was frozen, cut off or away altogether. Its users may be lost only if that was long.
  Duration absence() const { return absence_; }
  void on_absence(Duration duration) { absence_ += duration; }

 protected:
  void on_start() override;
  void on_kill() override;
  bool on_turn(Instant now) override;
  Instant next_time() const override { return gateway_ ? gateway_->next_time() : Instant::max(); }

 private:
  struct Typed {
    enum class Kind : std::uint8_t { open, message, close };
    Kind kind = Kind::message;
    User* user = nullptr;
    std::string text;
    schemas::CloseReason reason;
  };
  struct Connection {
    User* user = nullptr;
    bool paused = false;
    bool ended = false;  // towards the machine: only on_user_closed may follow
  };

  bool take_frames(std::deque<Network::ToPeer>& inbox, std::size_t budget, Instant now, gateway::Actions& out);
  bool take_typed(Instant now, gateway::Actions& out);
  // False: not now, the user is paused.
  bool take(Typed& typed, Instant now, gateway::Actions& out);
  void act(gateway::Actions& out);
  void act(gateway::Action& action);
  void close_user(const gateway::CloseUser& close);
  void end(User& user, User::End how);

  unsigned index_;
  HostId host_;
  Users& users_;
  std::function<void(User&)> user_ended_;
  std::optional<gateway::Gateway> gateway_;
  Incarnation incarnation_;
  std::uint64_t last_user_ = 0;
  std::map<std::uint64_t, Connection> connections_;  // by UserId
  std::deque<Typed> typed_;
  std::deque<Network::ToPeer> control_;
  std::deque<Network::ToPeer> deliveries_;
  ConnectionId dealer_ = 0;
  ConnectionId sub_ = 0;
  bool connected_ = false;  // the dealer was, once
  bool paused_all_ = false;
  bool stop_ = false;
  bool stopping_ = false;  // the machine was told: it takes no more users
  Duration absence_{};
};

}  // namespace fairlead::simulation
