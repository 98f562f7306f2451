// All users of a gateway: lets them in, hands what they say to the machine, carries out what the machine decides about
// them. One thread; one read for each readiness, one write for each turn and connection.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bus/io/log.hpp"
#include "bus/io/loop.hpp"
#include "bus/pause.hpp"
#include "bus/time.hpp"
#include "gateway/admission.hpp"
#include "gateway/gateway.hpp"
#include "gateway/io/connection.hpp"
#include "gateway/io/listener.hpp"
#include "gateway/io/static_files.hpp"
#include "gateway/outbox.hpp"

namespace fairlead::gateway::io {

struct UserSettings {
  std::size_t outbox_memory = std::size_t{512} << 20U;
  // Fewer than there are: the bus, files and the rest need some, and users must not take them. Who comes at this limit
  // waits outside.
  std::size_t descriptors = 100'000;
  ConnectionLimits limits;  // who comes at these is told to go away
  std::string www;
};

class Users final : public Host {
 public:
  Users(fairlead::io::Loop& loop, Gateway& gateway, Actions& actions, const UserSettings& settings);
  ~Users() override;
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  Status listen(Listener listener);
  void stop_listening();
  // Of all listeners that have one; whoever is connected keeps what it has.
  void reload_certificates();
  const std::vector<Listener>& listeners() const { return listeners_; }

  // The time of this turn.
  void on_time(Instant now);

  void deliver(const ToUsers& message);
  void close(const CloseUser& close);
  void pause(UserId user);
  void resume(UserId user);
  void resume_all();

  // At the end of a turn: one write for each connection that has something to send; then the dead are buried.
  void flush();
  // True while there is work that must not wait for a descriptor.
  bool busy() const { return !dirty_.empty() || !dead_.empty(); }

  std::size_t connections() const { return connections_.size(); }
  std::size_t outbox_bytes() const { return memory_.used(); }
  const UserCounters& counted() const { return counters_; }
  // When on_time() wants to be called at the latest.
  Instant next_time() const;
  // What saying goodbye to everybody may take.
  Duration longest_close() const;

 private:
  void stall(Connection& connection) override;
  void settle(Connection& connection) override;
  void mark_dirty(Connection& connection) override;
  void bury(Connection& connection) override;
  void hold_back(Connection& connection, Instant until) override;
  std::optional<protocols::HttpRefusal> place(Connection& connection, const protocols::Peer& peer) override;
  std::string respond(const Entrance& entrance, const protocols::HttpRequest& request) override;

  bool may_accept() const { return !out_of_descriptors_ && !gateway.paused_all(); }
  void accept(std::size_t index);
  void admit(const Entrance& entrance, fairlead::io::Fd socket);
  void update_accepting();
  protocols::HttpRefusal refuse(const Entrance& entrance, const protocols::Peer& peer, Admission::Verdict why);
  void look_after_everybody();
  void release_held_back();
  Connection* find(UserId user) const;

  UserSettings settings_;
  OutboxMemory memory_;
  StaticFiles files_;
  UserCounters counters_;
  UserLog log_;
  Admission admission_;
  std::size_t refused_ = 0;  // connections that are there to be told so
  std::vector<char> buffer_;

  std::vector<Listener> listeners_;
  std::vector<fairlead::io::Loop::Watch> watches_;
  bool out_of_descriptors_ = false;
  Instant accept_again_{};

  std::uint64_t last_user_ = 0;
  std::unordered_map<UserId, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> dirty_;
  std::vector<Connection*> stalled_;   // who spoke while everybody is paused
  std::vector<Connection*> settling_;  // who said goodbye and waits for answers
  std::vector<Connection*> dead_;
  std::set<std::pair<Instant, UserId>> held_back_;  // who spoke too often, and until when

  Duration rhythm_{1s};
  Instant last_sweep_{};
  PauseDetector pauses_;
  fairlead::io::RepeatLimit descriptors_told_{std::chrono::seconds(10)};
};

}  // namespace fairlead::gateway::io
