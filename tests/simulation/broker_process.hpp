// The broker's process: the shell around broker::Broker, and its journal on a simulated disk.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "tests/simulation/process.hpp"

namespace fairlead::simulation {

// What survives the process. An append succeeds whole, or fails whole, or is torn because the process dies in it.
struct Disk {
  std::vector<std::string> segments;
  bool full = false;
};

class BrokerProcess : public Process {
 public:
  BrokerProcess(Surroundings around, Random random);

  void deliver(Network::ToBroker arrival);

  enum class Crash : std::uint8_t { before_write, torn, after_write, among_sends };
  // Dies at this point of the next turn that writes to the journal.
  void crash_in_write(Crash where) { crash_ = where; }
  void no_crash() { crash_.reset(); }
  void disk_full(bool full);

  const broker::Broker* machine() const { return broker_ ? &*broker_ : nullptr; }
  std::uint64_t recoveries() const { return recoveries_; }

 protected:
  void on_start() override;
  void on_kill() override;
  bool on_turn(Instant now) override;
  Instant next_time() const override;

 private:
  bool take(std::size_t leg, std::size_t room, Instant now);
  bool write();  // false: not now, or the process has died
  void send();
  void send_one(broker::Send& send);
  void rotate();
  void tell_notes();

  std::optional<broker::Broker> broker_;
  broker::Turn turn_;
  bool holding_ = false;    // turn_ waits for the journal
  bool unwritten_ = false;  // the state may be ahead of the journal
  std::array<std::deque<Network::ToBroker>, 4> inboxes_;
  Disk disk_;
  std::optional<Crash> crash_;
  std::string digest_;  // of the state at the last write, if that is known
  std::uint64_t recoveries_ = 0;
};

}  // namespace fairlead::simulation
