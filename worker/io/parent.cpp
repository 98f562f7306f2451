#include "worker/io/parent.hpp"

#include <csignal>
#include <utility>

#include "bus/io/clock.hpp"
#include "bus/io/log.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/text.hpp"

namespace fairlead::worker {
namespace {

io::Level level_of(Tell::Level level) {
  switch (level) {
    case Tell::Level::info:
      return io::Level::info;
    case Tell::Level::warning:
      return io::Level::warning;
    case Tell::Level::error:
      return io::Level::error;
  }
  return io::Level::error;
}

}  // namespace

io::ExitCode Parent::run() {
  auto code = Code::read(program_, settings_.module);
  if (!code) {
    io::log(io::Level::error, "cannot_start", {{"text", code.error().message}});
    return io::ExitCode::failure;
  }
  codes_.emplace(CodeId{1}, std::move(*code));
  supervisor_.start(io::now(), actions_);
  perform();
  while (!supervisor_.finished()) {
    wait();
    // Signals first: a SIGCHLD that were taken after reap() has looked would be the end of a child that nobody sees.
    while (const auto signal = signals_.next()) on_signal(*signal);
    listen();
    reap();
    supervisor_.on_time(io::now(), actions_);
    perform();
  }
  if (!supervisor_.clean()) return io::ExitCode::failure;
  io::log(io::Level::info, "all_stopped");
  return io::ExitCode::ok;
}

void Parent::wait() {
  std::vector<io::WatchedFd> fds{{.fd = signals_.fd()}};
  for (const auto& [id, running] : running_) {
    if (running.child.fd() >= 0) fds.push_back({.fd = running.child.fd()});
  }
  std::optional<Duration> timeout = manager_.watchdog_every();
  if (const auto next = supervisor_.next_time()) {
    const Duration left = std::max(*next - io::now(), Duration{});
    timeout = std::min(timeout.value_or(left), left);
  }
  io::wait({}, fds, timeout);
  manager_.still_alive();
}

void Parent::listen() {
  for (auto& [id, running] : running_) {
    for (const auto& line : running.child.said()) {
      constexpr std::string_view failed = "failed ";
      if (line == "ready") supervisor_.on_ready(id, io::now(), actions_);
      if (line.starts_with(failed)) running.reason = line.substr(failed.size());
    }
  }
  perform();
}

void Parent::reap() {
  std::vector<std::pair<ProcessId, Child::End>> ends;
  for (auto& [id, running] : running_) {
    if (auto end = running.child.ended()) ends.emplace_back(id, std::move(*end));
  }
  // What it said last may have come after listen().
  if (!ends.empty()) listen();
  for (const auto& [id, how] : ends) {
    const std::string reason = running_.at(id).reason;
    running_.erase(id);
    end(id, reason.empty() ? how.how : how.how + " (" + reason + ")", how.clean);
  }
}

void Parent::end(ProcessId process, const std::string& how, bool clean) {
  supervisor_.on_ended(process, how, clean, io::now(), actions_);
  perform();
  pids_.erase(process);
}

void Parent::on_signal(io::Signal signal) {
  switch (signal) {
    case io::Signal::child:
      return;  // it woke us; reap() looks
    case io::Signal::hangup:
      supervisor_.on_reload(io::now(), actions_);
      break;
    case io::Signal::terminate:
    case io::Signal::interrupt:
      io::log(io::Level::info, "stopping", {{"signal", io::name(signal)}});
      supervisor_.on_stop(io::now(), actions_);
      break;
  }
  perform();
}

// ---- what the supervisor wants

void Parent::perform() {
  while (!actions_.empty()) {
    for (const auto& action : std::exchange(actions_, {}))
      std::visit([this](const auto& one) { perform(one); }, action);
  }
}

void Parent::perform(const StartProcess& start) {
  auto child = Child::start({.code = codes_.at(start.code),
                             .arguments = settings_.arguments,
                             .signals = signals_,
                             .place = start.place,
                             .workers = settings_.supervisor.workers});
  if (!child) return supervisor_.on_ended(start.process, child.error().message, false, io::now(), actions_);
  pids_[start.process] = child->pid();
  running_.emplace(start.process, Running{.child = std::move(*child), .reason = {}});
}

void Parent::perform(const DrainProcess& drain) {
  const auto found = running_.find(drain.process);
  if (found != running_.end()) found->second.child.drain(drain.replaced);
}

void Parent::perform(const KillProcess& kill) {
  const auto found = running_.find(kill.process);
  if (found != running_.end()) found->second.child.signal(SIGKILL);
}

void Parent::perform(const ReadCode& read) {
  auto code = Code::read(program_, settings_.module);
  if (!code) return supervisor_.on_no_code(read.code, code.error().message, io::now(), actions_);
  codes_.emplace(read.code, std::move(*code));
  supervisor_.on_code(read.code, io::now(), actions_);
}

void Parent::perform(const ForgetCode& forget) { codes_.erase(forget.code); }

void Parent::perform(const Announce& announce) {
  switch (announce.what) {
    case Announce::What::ready:
      io::log_ready({{"workers", settings_.supervisor.workers},
                     {"code", settings_.module.empty() ? program_ : settings_.module}});
      return manager_.ready("serving");
    case Announce::What::reloading:
      io::log(io::Level::info, "reloading", {{"code", settings_.module.empty() ? program_ : settings_.module}});
      return manager_.reloading();
    case Announce::What::ready_again:
      return manager_.ready("serving");
    case Announce::What::stopping:
      return manager_.stopping();
  }
}

void Parent::perform(const Tell& tell) {
  const auto pid = tell.process ? pids_.find(*tell.process) : pids_.end();
  const pid_t known = pid == pids_.end() ? 0 : pid->second;
  const unsigned place = tell.place.value_or(0);
  if (tell.next_start) {
    return io::log(
        level_of(tell.level), tell.event,
        {{"worker", place}, {"pid", known}, {"text", tell.text}, {"next_start_in", duration_text(*tell.next_start)}});
  }
  if (!tell.place) return io::log(level_of(tell.level), tell.event, {{"text", tell.text}});
  if (tell.text.empty()) return io::log(level_of(tell.level), tell.event, {{"worker", place}, {"pid", known}});
  io::log(level_of(tell.level), tell.event, {{"worker", place}, {"pid", known}, {"text", tell.text}});
}

}  // namespace fairlead::worker
