// One simulated process: it takes turns, as the daemons' loops do. Between two turns input piles up; a turn takes a
// little time; a frozen process takes none, a killed one forgets everything.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bus/random.hpp"
#include "bus/time.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/schedule.hpp"
#include "tests/simulation/settings.hpp"
#include "tests/simulation/trace.hpp"

namespace fairlead::simulation {

class Oracle;

// What all processes of a run share.
struct Surroundings {
  const Settings& settings;
  Schedule& schedule;
  Trace& trace;
  Network& network;
  Oracle& oracle;
};

class Process {
 public:
  Process(Surroundings around, std::string name, Random random);
  virtual ~Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void start();
  void kill(std::string_view why);
  // What the service manager does when the process has ended, whichever way.
  void on_death(std::function<void()> callback) { died_ = std::move(callback); }
  // Takes no turn before `until`.
  void freeze_until(Instant until);

  bool up() const { return up_; }
  bool frozen() const { return up_ && around_.schedule.now() < frozen_until_; }
  const std::string& name() const { return name_; }
  // The last time that something was done to it or to its links that may make others give up on it.
  Instant last_trouble() const { return last_trouble_; }
  void on_trouble() { last_trouble_ = around_.schedule.now(); }
  // Something has arrived.
  void wake() { wake_at(around_.schedule.now() + Duration(random_.below(200'000))); }

 protected:
  virtual void on_start() = 0;
  virtual void on_kill() = 0;
  // Takes input, lets the machine act. True: there is more input.
  virtual bool on_turn(Instant now) = 0;
  virtual Instant next_time() const = 0;

  // How many frames this turn may take.
  std::size_t budget();
  void wake_at(Instant when);
  void tell(std::string_view what) const { around_.trace.tell(name_, what); }
  bool traced() const { return around_.trace.on(); }
  Instant now() const { return around_.schedule.now(); }

  Surroundings around_;
  Random random_;

 private:
  void run();

  std::string name_;
  std::function<void()> died_;
  bool up_ = false;
  Instant frozen_until_{};
  Instant busy_until_{};
  Instant planned_ = Instant::max();
  std::uint64_t plan_ = 0;
  Instant last_trouble_{};
};

}  // namespace fairlead::simulation
