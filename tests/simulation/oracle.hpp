// Judges a run. It hears of every commit through the auditor's messages, of every handler that begins, of every turn;
// it holds what users saw against the reference model; and it knows what must be true when everything has come to rest.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "gateway/gateway.hpp"
#include "tests/simulation/model.hpp"
#include "tests/simulation/schedule.hpp"
#include "tests/simulation/users.hpp"
#include "worker/worker.hpp"

namespace fairlead::simulation {

class BrokerProcess;
class GatewayProcess;
class WorkerProcess;
class Process;

// How long after trouble somebody may still be given up on because of it.
inline constexpr Duration aftermath = 7s;

class Oracle {
 public:
  Oracle(const Schedule& schedule, Users& users) : schedule_(schedule), users_(users) {}

  // Who there is to look at.
  void watch(const BrokerProcess& broker) { broker_ = &broker; }
  void watch(const GatewayProcess& gateway) { gateways_.push_back(&gateway); }
  void watch(const WorkerProcess& worker) { workers_.push_back(&worker); }
  void auditor(const User& user) { auditor_ = &user; }

  Incarnation new_incarnation(const std::string& name);

  // ---- at every step
  void on_received(const User& user);
  void on_handler(const WorkerProcess& worker, const Handled& handled, UnitId unit);
  // Whatever becomes of its event, it is not the bus's fault.
  void on_blame(const Handled& handled);
  // A handler sets the session of another client than its own.
  void on_poke() { ++pokes_; }
  void on_worker_lost();
  void on_worker_turn(const worker::Worker& worker, const std::string& name) const;
  void on_gateway_turn(const gateway::Gateway& gateway, const std::string& name) const;
  void on_broker_turn(const broker::Broker& broker);

  // ---- at the end
  // What keeps the bus from being at rest; empty when nothing does.
  std::string unrest() const;
  void judge() const;

  bool auditor_is_heard() const { return model_.commits() > 0; }
  std::uint64_t commits() const { return model_.commits(); }
  std::uint64_t skipped() const;

 private:
  void judge_events(const User& user) const;
  void judge_messages(const User& user) const;
  void judge_end(const User& user) const;
  bool may_be_skipped(const User& user, std::uint64_t seq) const;
  bool may_be_missing(const User& user, std::uint64_t order) const;
  void judge_extras(const User& user, const Model::Client& client) const;
  bool is_auditor(const User& user) const { return &user == auditor_; }

  const Schedule& schedule_;
  Users& users_;
  const User* auditor_ = nullptr;
  const BrokerProcess* broker_ = nullptr;
  std::vector<const GatewayProcess*> gateways_;
  std::vector<const WorkerProcess*> workers_;
  Model model_;
  std::set<std::pair<ClientId, std::uint64_t>> blamed_;  // by event
  std::set<std::pair<ClientId, std::uint64_t>>
      blamed_orders_;  // by the number of the message  // events that killed a worker or failed
  std::uint64_t workers_lost_ = 0;
  std::uint64_t last_incarnation_ = 0;
  std::uint64_t pokes_ = 0;
  std::uint64_t conflicts_ = 0;
  Instant last_conflict_ = Instant{} - aftermath;
};

}  // namespace fairlead::simulation
