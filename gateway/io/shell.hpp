// Runs a Gateway in the world: one thread, one epoll loop. Every turn reads users, drains the bus, lets the machine
// decide once, sends up once, and writes to each user once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/io/log.hpp"
#include "bus/io/loop.hpp"
#include "bus/io/process.hpp"
#include "bus/io/signals.hpp"
#include "bus/io/status_server.hpp"
#include "gateway/gateway.hpp"
#include "gateway/io/bus_link.hpp"
#include "gateway/io/users.hpp"

namespace fairlead::gateway::io {

struct ShellSettings {
  BusAddress broker;
  Keys keys;
  std::vector<Door> doors;
  std::string name;  // empty: this machine's name and the first port
  UserSettings users;
  std::string metrics;  // an address, or empty
  Config gateway;       // but for name and incarnation
};

class Shell {
 public:
  // Binds the listeners. Throws std::runtime_error when one cannot be bound. `signals` may be null.
  Shell(ShellSettings settings, fairlead::io::Signals* signals);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // Until signals have stopped it.
  fairlead::io::ExitCode run();

  // What run() repeats. Sleeps until there is something to do, `longest` at most.
  void turn(std::optional<Duration> longest = {});
  // Says goodbye to everybody; finished() when that is done. A second time: at once.
  void stop();
  bool finished() const;

  const Gateway& gateway() const { return *gateway_; }
  const Users& users() const { return *users_; }

 private:
  Duration may_sleep();
  void carry_out();
  void carry_out(const ToUsers& message) { users_->deliver(message); }
  void carry_out(const SendUp& send) { bus_.send(*gateway_, send.frame); }
  void carry_out(const PauseUser& pause) { users_->pause(pause.user); }
  void carry_out(const ResumeUser& resume) { users_->resume(resume.user); }
  void carry_out(const CloseUser& close) { users_->close(close); }
  void carry_out(const PauseAll& pause);
  void carry_out(const ResumeAll& resume);
  void carry_out(const OpenLink& open);
  void carry_out(const CloseLink& /*close*/) { bus_.close(); }
  void carry_out(const Note& note);
  void on_signals();
  void tell_when_ready();
  void tell_counters(fairlead::io::Level level) const;
  fairlead::io::StatusServer::Report report() const;

  ShellSettings settings_;
  fairlead::io::Signals* signals_;
  fairlead::io::ServiceManager manager_;
  fairlead::io::Loop loop_;
  fairlead::io::Loop::Watch signals_watch_;
  std::unique_ptr<fairlead::io::StatusServer> status_;  // may be null
  fairlead::io::Loop::Watch status_watch_;
  Actions actions_;
  std::optional<Gateway> gateway_;
  std::optional<Users> users_;
  BusLink bus_;
  Instant now_;
  bool drained_ = true;  // nothing is left in the bus's sockets
  bool ready_ = false;
  int stops_ = 0;
  Instant leave_by_;  // the machine has finished; users' last bytes may take until then
  Instant told_alive_{};
  Instant told_counters_{};
  fairlead::io::RepeatLimit open_failures_{std::chrono::seconds(10)};
};

}  // namespace fairlead::gateway::io
