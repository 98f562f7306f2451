#include "worker/supervisor.hpp"

#include <algorithm>
#include <utility>

#include "bus/text.hpp"

namespace fairlead::worker {
namespace {

using Level = Tell::Level;

Duration back_off(unsigned deaths) {
  Duration wait = Supervisor::shortest_back_off;
  for (unsigned i = 1; i < deaths && wait < Supervisor::longest_back_off; ++i) wait *= 2;
  return std::min(wait, Supervisor::longest_back_off);
}

}  // namespace

void Supervisor::start(Instant /*now*/, SupervisorActions& out) {
  for (unsigned place = 0; place < settings_.workers; ++place)
    places_[place].serving = launch(place, places_[place].code, out);
}

// ---- what becomes of a process

ProcessId Supervisor::launch(unsigned place, CodeId code, SupervisorActions& out) {
  const ProcessId id{++started_};
  processes_[id] = {.place = place, .code = code};
  out.emplace_back(StartProcess{id, place, code});
  return id;
}

void Supervisor::on_ready(ProcessId process, Instant now, SupervisorActions& out) {
  const auto found = processes_.find(process);
  if (found == processes_.end() || found->second.state != Process::State::starting) return;
  Process& ready = found->second;
  ready.state = Process::State::ready;
  ready.ready_since = now;
  ready.until.reset();
  proved_ = true;
  out.emplace_back(Tell{.level = Level::info, .event = "worker_serves", .process = process, .place = ready.place});
  if (reload_ && reload_->coming == process) take_over(*reload_, now, out);
  if (!announced_ && all_serve()) {
    announced_ = true;
    out.emplace_back(Announce{Announce::What::ready});
  }
}

void Supervisor::on_ended(ProcessId process, const std::string& how, bool clean, Instant now, SupervisorActions& out) {
  const auto node = processes_.extract(process);
  if (node.empty()) return;
  const Process& was = node.mapped();
  Place& place = places_[was.place];
  const bool served = place.serving == process;
  if (served) place.serving.reset();
  if (stopping_) {
    if (!clean && was.ready_since && was.state != Process::State::killed) {
      clean_ = false;
      out.emplace_back(
          Tell{.level = Level::warning, .event = "worker_died", .text = how, .process = process, .place = was.place});
    }
    return;
  }
  if (reload_ && reload_->coming == process)
    return give_up_reload("the new process " + how + " before it was ready", now, out);
  if (reload_ && reload_->leaving == process) {
    if (!clean) {
      out.emplace_back(
          Tell{.level = Level::warning, .event = "worker_died", .text = how, .process = process, .place = was.place});
    }
    reload_->leaving.reset();
    ++reload_->place;
    return replace_next(now, out);
  }
  if (served) on_death(was.place, process, was, how, now, out);
}

void Supervisor::on_death(unsigned at, ProcessId process, const Process& was, const std::string& how, Instant now,
                          SupervisorActions& out) {
  Place& place = places_[at];
  if (!proved_) {
    out.emplace_back(
        Tell{.level = Level::error, .event = "cannot_start", .text = how, .process = process, .place = at});
    clean_ = false;
    return stop_all(now, out);
  }
  if (was.ready_since && now - *was.ready_since >= has_proved_itself) place.deaths = 0;
  const Duration wait = back_off(++place.deaths);
  place.start_at = now + wait;
  out.emplace_back(Tell{.level = Level::warning,
                        .event = "worker_died",
                        .text = how,
                        .process = process,
                        .place = at,
                        .next_start = wait});
}

void Supervisor::drain(ProcessId id, Process& process, bool replaced, Instant now, SupervisorActions& out) {
  if (process.state == Process::State::leaving || process.state == Process::State::killed) return;
  process.state = Process::State::leaving;
  process.until = now + grace + (process.ready_since ? settings_.drain_time : Duration{});
  out.emplace_back(DrainProcess{id, replaced});
}

void Supervisor::kill(ProcessId id, Process& process, SupervisorActions& out) {
  process.state = Process::State::killed;
  process.until.reset();
  out.emplace_back(KillProcess{id});
}

bool Supervisor::all_serve() const {
  return std::all_of(places_.begin(), places_.end(), [this](const Place& place) {
    return place.serving && processes_.at(*place.serving).state == Process::State::ready;
  });
}

// ---- new code

void Supervisor::on_reload(Instant /*now*/, SupervisorActions& out) {
  if (stopping_) {
    out.emplace_back(Tell{.level = Level::info, .event = "reload_ignored", .text = "the workers are stopping"});
    return;
  }
  if (reload_) {
    if (!std::exchange(reload_again_, true))
      out.emplace_back(Tell{.level = Level::info, .event = "reload_waits", .text = "for the one under way"});
    return;
  }
  const CodeId code{++codes_read_};
  codes_.insert(code);
  reload_ = Reload{.code = code};
  out.emplace_back(Announce{Announce::What::reloading});
  out.emplace_back(ReadCode{code});
}

void Supervisor::on_code(CodeId code, Instant now, SupervisorActions& out) {
  if (reload_ && reload_->code == code) replace_next(now, out);
}

void Supervisor::on_no_code(CodeId code, const std::string& why, Instant now, SupervisorActions& out) {
  if (reload_ && reload_->code == code) give_up_reload(why, now, out);
}

void Supervisor::replace_next(Instant now, SupervisorActions& out) {
  if (reload_->place == settings_.workers) {
    out.emplace_back(
        Tell{.level = Level::info, .event = "reloaded", .text = std::to_string(settings_.workers) + " replaced"});
    return end_reload(now, out);
  }
  const ProcessId id = launch(reload_->place, reload_->code, out);
  processes_[id].until = now + settings_.reload_time;
  reload_->coming = id;
}

// The new process is ready: the place is its own, and the old one may go.
void Supervisor::take_over(Reload& reload, Instant now, SupervisorActions& out) {
  Place& place = places_[reload.place];
  const auto old = std::exchange(place.serving, std::exchange(reload.coming, std::nullopt));
  place.code = reload.code;
  place.deaths = 0;
  place.start_at.reset();
  if (old) {
    reload.leaving = old;
    return drain(*old, processes_.at(*old), true, now, out);
  }
  ++reload.place;
  replace_next(now, out);
}

void Supervisor::give_up_reload(const std::string& why, Instant now, SupervisorActions& out) {
  std::string text = why;
  text += reload_->place == 0 ? "; the old code stays"
                              : "; " + std::to_string(reload_->place) + " of " + std::to_string(settings_.workers) +
                                    " were replaced, the others keep the old code";
  out.emplace_back(Tell{.level = Level::error,
                        .event = "reload_failed",
                        .text = std::move(text),
                        .process = reload_->coming,
                        .place = reload_->place});
  end_reload(now, out);
}

void Supervisor::end_reload(Instant now, SupervisorActions& out) {
  reload_.reset();
  forget_unused(out);
  out.emplace_back(Announce{Announce::What::ready_again});
  if (std::exchange(reload_again_, false)) on_reload(now, out);
}

void Supervisor::forget_unused(SupervisorActions& out) {
  std::erase_if(codes_, [&](CodeId code) {
    if (std::any_of(places_.begin(), places_.end(), [code](const Place& place) { return place.code == code; }))
      return false;
    out.emplace_back(ForgetCode{code});
    return true;
  });
}

// ---- the end

void Supervisor::on_stop(Instant now, SupervisorActions& out) {
  if (!stopping_) return stop_all(now, out);
  clean_ = false;
  out.emplace_back(Tell{.level = Level::warning, .event = "stopped_at_once"});
  for (auto& [id, process] : processes_) kill(id, process, out);
}

void Supervisor::stop_all(Instant now, SupervisorActions& out) {
  stopping_ = true;
  reload_.reset();
  reload_again_ = false;
  for (auto& place : places_) place.start_at.reset();
  out.emplace_back(Announce{Announce::What::stopping});
  for (auto& [id, process] : processes_) drain(id, process, false, now, out);
}

// ---- time

void Supervisor::on_time(Instant now, SupervisorActions& out) {
  for (auto& [id, process] : processes_) {
    if (!process.until || now < *process.until) continue;
    kill(id, process, out);
    if (reload_ && reload_->coming == id) {
      give_up_reload("the new process was not ready within " + duration_text(settings_.reload_time) +
                         ": it hangs, or the broker does not answer",
                     now, out);
      continue;
    }
    if (stopping_ && process.ready_since) clean_ = false;
    out.emplace_back(Tell{.level = Level::warning,
                          .event = "drain_timeout",
                          .text = "killed; what it had goes to other workers",
                          .process = id,
                          .place = process.place});
  }
  for (unsigned at = 0; at < settings_.workers; ++at) {
    Place& place = places_[at];
    if (!place.start_at || now < *place.start_at) continue;
    place.start_at.reset();
    place.serving = launch(at, place.code, out);
  }
}

std::optional<Instant> Supervisor::next_time() const {
  std::optional<Instant> next;
  const auto consider = [&next](const std::optional<Instant>& time) {
    if (time && (!next || *time < *next)) next = time;
  };
  for (const auto& [id, process] : processes_) consider(process.until);
  for (const auto& place : places_) consider(place.start_at);
  return next;
}

}  // namespace fairlead::worker
