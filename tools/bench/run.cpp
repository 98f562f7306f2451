#include "tools/bench/run.hpp"

#include "bus/io/clock.hpp"

namespace fairlead::bench {
namespace {

constexpr Duration connect_patience = 60s;
constexpr Duration tell_every = 250ms;

double microseconds(Duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

Crowd::Settings crowd_of(const Rig& rig, const Load& load) {
  return {.doors = rig.doors(),
          .clients = static_cast<std::size_t>(load.clients),
          .payload = static_cast<std::size_t>(load.payload)};
}

}  // namespace

Run::Run(Rig& rig, const Load& load, const Progress& progress)
    : rig_(rig), load_(load), progress_(progress), crowd_(crowd_of(rig, load)), empty_(usage_of_all()) {}

Status Run::connect() {
  return crowd_.connect(connect_patience, [this] { return tell("connecting"), false; });
}

std::map<std::string, Usage> Run::usage_of_all() const {
  std::map<std::string, Usage> all;
  for (const auto& watched : rig_.watched()) all[watched.name] = usage_of(watched.pid);
  return all;
}

void Run::tell(std::string_view phase) {
  const Instant now = io::now();
  if (now - told_ < tell_every) return;
  const double seconds = std::chrono::duration<double>(now - told_).count();
  progress_(phase, static_cast<double>(crowd_.received() - told_received_) / seconds);
  told_ = now;
  told_received_ = crowd_.received();
}

void Run::warm_up(const std::function<void()>& start) {
  start();
  // Whoever has just been started may still be starting.
  const std::uint64_t enough = crowd_.received() + static_cast<std::uint64_t>(load_.clients);
  crowd_.run_for(load_.patience, [&] { return tell("waiting for first replies"), crowd_.received() >= enough; });
  crowd_.run_for(load_.warm_up, [this] { return tell("warming up"), false; });
}

void Run::measure(Duration time, const std::function<void()>& each_turn) {
  crowd_.forget_latency();
  before_ = usage_of_all();
  received_before_ = crowd_.received();
  began_ = io::now();
  crowd_.run_for(time, [&] {
    tell("measuring");
    if (each_turn) each_turn();
    return false;
  });
  ended_ = io::now();
  received_ = crowd_.received() - received_before_;
  after_ = usage_of_all();
}

Measurement Run::finish() {
  crowd_.stop_sending();
  crowd_.drain(load_.patience, [this] { return tell("waiting for what is under way"), false; });
  Measurement out;
  out.seconds = std::chrono::duration<double>(ended_ - began_).count();
  out.messages = received_;
  out.per_second = static_cast<double>(received_) / out.seconds;
  const Latency& latency = crowd_.latency();
  out.p50 = microseconds(latency.at(0.5));
  out.p90 = microseconds(latency.at(0.9));
  out.p99 = microseconds(latency.at(0.99));
  out.p999 = microseconds(latency.at(0.999));
  out.longest = microseconds(latency.longest());
  out.tally = crowd_.tally();
  for (const auto& [name, usage] : after_) {
    const double cpu = microseconds(usage.cpu - before_[name].cpu);
    const double grown = static_cast<double>(usage.memory) - static_cast<double>(empty_[name].memory);
    out.processes.push_back({.name = name,
                             .cpu = received_ > 0 ? cpu / static_cast<double>(received_) : 0,
                             .memory = static_cast<double>(usage.memory),
                             .growth = grown / static_cast<double>(load_.clients)});
    out.cpu += out.processes.back().cpu;
  }
  return out;
}

}  // namespace fairlead::bench
