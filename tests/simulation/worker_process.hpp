// A worker's process: the shell around worker::Worker, and its handler thread, which is at work on one job at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "tests/simulation/application.hpp"
#include "tests/simulation/process.hpp"
#include "worker/worker.hpp"

namespace fairlead::simulation {

class WorkerProcess : public Process {
 public:
  WorkerProcess(Surroundings around, unsigned index, HostId host, Random random);

  void deliver(Network::ToPeer arrival);
  // Asks it to stop; it ends by itself.
  void drain();
  bool live() const { return worker_ && worker_->live(); }
  HostId host() const { return host_; }
  std::size_t unpublished() const { return worker_ ? worker_->unpublished() : 0; }

  // What its handler is doing.
  struct AtWork {
    worker::Job job;
    Instant since{};
    std::optional<std::uint64_t> query;  // waits for this answer
    std::vector<std::string> answer;
  };
  const std::optional<AtWork>& at_work() const { return at_work_; }

 protected:
  void on_start() override;
  void on_kill() override;
  bool on_turn(Instant now) override;
  Instant next_time() const override;

 private:
  void begin(worker::Job job, worker::Actions& out);
  void finish(worker::Actions& out);
  void poke_somebody(const AtWork& done, std::vector<schemas::Effect>& effects);
  void act(worker::Actions& out);
  void act(worker::Action& action);
  Duration handler_time(const Order& order, std::uint64_t attempt);

  HostId host_;
  std::optional<worker::Worker> worker_;
  std::optional<AtWork> at_work_;
  Instant done_at_{};
  Instant progress_at_ = Instant::max();
  std::deque<Network::ToPeer> inbox_;
  ConnectionId dealer_ = 0;
  ConnectionId pub_ = 0;
  bool connected_ = false;
  bool drain_ = false;
  Word word_;  // its last
};

}  // namespace fairlead::simulation
