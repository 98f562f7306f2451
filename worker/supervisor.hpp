// Supervisor is the parent of a worker program's processes (docs/operating.md, "Several processes, and new code"). It
// decides when a process is started, drained and killed, and promises:
//
// - Each of `workers` places has a process that serves, or will have one again: after a death the next start waits
//   100 ms, then twice as long each time, 10 s at most, until a process has served for 10 s.
// - New code takes a place only after a process of it is ready. Until then the old process serves, and if the new one
//   ends, or is not ready in time, the old one stays. Places change one after another; the first failure ends it.
// - What dies before any process was ever ready is no accident but a broken program: everything stops.
// - Once told to stop, nothing is started any more, and everything ends: in peace, or killed when its time is over.
//
// It does no I/O and reads no clock: the shell tells it what happened, and does the actions in order.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "bus/time.hpp"

namespace fairlead::worker {

enum class ProcessId : std::uint64_t {};  // 1, 2, 3… in the order of their starts, never again; not a pid
enum class CodeId : std::uint64_t {};     // one reading of the files that a process is made from; 1 is the first

// Start a process from this code, for this place.
struct StartProcess {
  ProcessId process;
  unsigned place = 0;
  CodeId code;
  auto operator<=>(const StartProcess&) const = default;
};
// SIGTERM.
struct DrainProcess {
  ProcessId process;
  bool replaced = false;  // rather than told to stop
  auto operator<=>(const DrainProcess&) const = default;
};
// SIGKILL.
struct KillProcess {
  ProcessId process;
  auto operator<=>(const KillProcess&) const = default;
};
// Read the files as they are now, and call on_code() or on_no_code().
struct ReadCode {
  CodeId code;
  auto operator<=>(const ReadCode&) const = default;
};
// Nothing will be started from it any more.
struct ForgetCode {
  CodeId code;
  auto operator<=>(const ForgetCode&) const = default;
};
// For the service manager and for scripts.
struct Announce {
  enum class What { ready, reloading, ready_again, stopping };
  What what;
  auto operator<=>(const Announce&) const = default;
};
// For the log.
struct Tell {
  enum class Level { info, warning, error };
  Level level;
  std::string event;
  std::string text{};
  std::optional<ProcessId> process{};
  std::optional<unsigned> place{};
  std::optional<Duration> next_start{};
  auto operator<=>(const Tell&) const = default;
};

using SupervisorAction = std::variant<StartProcess, DrainProcess, KillProcess, ReadCode, ForgetCode, Announce, Tell>;
using SupervisorActions = std::vector<SupervisorAction>;

class Supervisor {
 public:
  static constexpr Duration shortest_back_off = 100ms;
  static constexpr Duration longest_back_off = 10s;
  static constexpr Duration has_proved_itself = 10s;
  // What a process gets beyond its own --drain-time, and all that one gets which has never been ready.
  static constexpr Duration grace = 5s;

  struct Settings {
    unsigned workers = 1;
    Duration reload_time = 30s;
    Duration drain_time = 30s;
  };
  explicit Supervisor(Settings settings) : settings_(settings), places_(settings.workers) {}

  // Once, with the first code read.
  void start(Instant now, SupervisorActions& out);

  void on_ready(ProcessId process, Instant now, SupervisorActions& out);
  // `how` it ended, in words; `clean` is exit status 0. Also for one that could not be started.
  void on_ended(ProcessId process, const std::string& how, bool clean, Instant now, SupervisorActions& out);
  // SIGHUP. During a reload: once more after it.
  void on_reload(Instant now, SupervisorActions& out);
  void on_code(CodeId code, Instant now, SupervisorActions& out);
  void on_no_code(CodeId code, const std::string& why, Instant now, SupervisorActions& out);
  // SIGTERM. The second time: at once.
  void on_stop(Instant now, SupervisorActions& out);

  void on_time(Instant now, SupervisorActions& out);
  std::optional<Instant> next_time() const;

  bool finished() const { return stopping_ && processes_.empty(); }
  // Once finished: it did not fail to start, and whoever had work has finished it.
  bool clean() const { return clean_; }

 private:
  struct Process {
    enum class State { starting, ready, leaving, killed };
    unsigned place = 0;
    CodeId code{};
    State state = State::starting;
    std::optional<Instant> ready_since{};
    std::optional<Instant> until{};  // then it is killed
  };
  struct Place {
    std::optional<ProcessId> serving{};  // or starting, to serve
    CodeId code{1};
    unsigned deaths = 0;  // in a row
    std::optional<Instant> start_at{};
  };
  struct Reload {
    CodeId code;
    unsigned place = 0;                  // whose turn it is
    std::optional<ProcessId> coming{};   // not ready yet
    std::optional<ProcessId> leaving{};  // ready was said, the old one drains
  };

  ProcessId launch(unsigned place, CodeId code, SupervisorActions& out);
  void on_death(unsigned place, ProcessId process, const Process& was, const std::string& how, Instant now,
                SupervisorActions& out);
  void take_over(Reload& reload, Instant now, SupervisorActions& out);
  void replace_next(Instant now, SupervisorActions& out);
  void give_up_reload(const std::string& why, Instant now, SupervisorActions& out);
  void end_reload(Instant now, SupervisorActions& out);
  void forget_unused(SupervisorActions& out);
  void drain(ProcessId id, Process& process, bool replaced, Instant now, SupervisorActions& out);
  void kill(ProcessId id, Process& process, SupervisorActions& out);
  void stop_all(Instant now, SupervisorActions& out);
  bool all_serve() const;

  const Settings settings_;
  std::vector<Place> places_;
  std::map<ProcessId, Process> processes_;
  std::set<CodeId> codes_{CodeId{1}};
  std::optional<Reload> reload_;
  bool reload_again_ = false;
  std::uint64_t started_ = 0;
  std::uint64_t codes_read_ = 1;
  bool proved_ = false;     // a process was ready, ever
  bool announced_ = false;  // all were, once
  bool stopping_ = false;
  bool clean_ = true;
};

}  // namespace fairlead::worker
