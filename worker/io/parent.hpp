// Parent is the process above several workers: it runs the Supervisor, with real processes. It has one thread, no
// socket of the bus, and no business code, so whatever kills a worker does not reach it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bus/io/process.hpp"
#include "bus/io/signals.hpp"
#include "worker/io/child.hpp"
#include "worker/io/code.hpp"
#include "worker/supervisor.hpp"

namespace fairlead::worker {

class Parent {
 public:
  struct Settings {
    std::string module;                  // empty: what is compiled in
    std::vector<std::string> arguments;  // of this process
    Supervisor::Settings supervisor;
  };
  explicit Parent(Settings settings) : settings_(std::move(settings)), supervisor_(settings_.supervisor) {}

  // Until a signal says to stop, and all children have.
  io::ExitCode run();

 private:
  struct Running {
    Child child;
    std::string reason;  // why it could not go on, as it said
  };

  void wait();
  void listen();
  void reap();
  void on_signal(io::Signal signal);
  void end(ProcessId process, const std::string& how, bool clean);

  void perform();
  void perform(const StartProcess& start);
  void perform(const DrainProcess& drain);
  void perform(const KillProcess& kill);
  void perform(const ReadCode& read);
  void perform(const ForgetCode& forget);
  void perform(const Announce& announce);
  void perform(const Tell& tell);

  const Settings settings_;
  const std::string program_ = own_program();
  io::Signals signals_{io::Signals::Children::some};
  const io::ServiceManager manager_;
  Supervisor supervisor_;
  SupervisorActions actions_;
  std::map<CodeId, Code> codes_;
  std::map<ProcessId, Running> running_;
  std::map<ProcessId, pid_t> pids_;  // of those that the next lines of the log may be about
};

}  // namespace fairlead::worker
