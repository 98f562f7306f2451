// A worker process and the parent that supervises it, as they see each other: Child is the parent's end, Supervised the
// child's. Between them is a socket: the child says `ready` or `failed REASON`, the parent says `replaced` before it
// sends SIGTERM for that reason. A line each, understood by all versions, as a reload may bring a new program.
//
// A parent that is killed takes its children along: with SIGTERM, so that they finish what they have, and with SIGKILL
// as long as they are loading code, when nobody would listen to a SIGTERM.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "bus/io/fd.hpp"
#include "bus/io/signals.hpp"
#include "bus/result.hpp"
#include "worker/io/code.hpp"

namespace fairlead::worker {

class Child {
 public:
  struct Start {
    const Code& code;
    const std::vector<std::string>& arguments;  // of this process: the child reads the same settings
    const io::Signals& signals;
    unsigned place = 0;
    unsigned workers = 1;
  };
  // In a process that has one thread.
  static Result<Child> start(const Start& start);

  pid_t pid() const { return pid_; }
  int fd() const { return socket_.get(); }
  // A signal, if it still runs.
  void signal(int number) const;
  void drain(bool replaced) const;

  // What it has said since the last call, in whole lines.
  std::vector<std::string> said();
  // How it ended, once it has: "ended with exit status 1", "was killed by SIGSEGV". Then the pid is nobody's.
  struct End {
    std::string how;
    bool clean = false;
  };
  std::optional<End> ended();

 private:
  Child(pid_t pid, io::Fd socket) : pid_(pid), socket_(std::move(socket)) {}

  pid_t pid_ = 0;
  io::Fd socket_;
  std::string half_line_;
};

class Supervised {
 public:
  // None: this process has no parent that supervises it. To be called once, before any thread and any exec.
  static std::optional<Supervised> from_environment();

  unsigned place() const { return place_; }
  unsigned workers() const { return workers_; }
  int module() const { return module_; }  // -1: what is compiled in

  // Signals are heard from now on: a parent's death is a SIGTERM.
  void on_listening() const;
  void say_ready() const;
  void say_failed(const std::string& why) const;
  // When SIGTERM has come: whether it is because of a reload.
  bool is_replaced() const;

 private:
  Supervised() = default;
  void say(const std::string& line) const;

  io::Fd socket_;
  int module_ = -1;
  unsigned place_ = 0;
  unsigned workers_ = 1;
  pid_t parent_ = 0;
};

}  // namespace fairlead::worker
