#include "tools/bench/scenario.hpp"

#include <algorithm>

#include "bus/io/clock.hpp"
#include "tools/bench/run.hpp"
#include "tools/bench/worker_shares.hpp"

namespace fairlead::bench {
namespace {

constexpr Duration join_patience = 60s;
constexpr std::size_t overload_unsent = std::size_t{64} * 1024;  // of each user, beyond what the kernel takes
constexpr Duration change_every = 500ms;
constexpr double enough_of_a_share = 0.8;

Result<Measurement> run_echo(Rig& rig, const Load& load, const Progress& progress) {
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  run.warm_up([&] { run.crowd().send_closed(static_cast<std::size_t>(load.in_flight)); });
  run.measure(load.time);
  return run.finish();
}

Result<Measurement> run_open(Rig& rig, const Load& load, const Progress& progress) {
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  run.warm_up([&] { run.crowd().send_on_schedule(static_cast<double>(load.rate)); });
  run.measure(load.time);
  return run.finish();
}

Result<Measurement> run_fanout(Rig& rig, const Load& load, const Progress& progress) {
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  if (const auto ok = run.crowd().join(join_patience); !ok) return ok.error();
  run.warm_up([&] { run.crowd().send_to_group(static_cast<std::size_t>(load.in_flight)); });
  run.measure(load.time);
  return run.finish();
}

// A tenth of the users comes first, so that what a process allocates once is not in the figure.
Result<Measurement> run_idle(Rig& rig, const Load& load, const Progress& progress) {
  Load first = load;
  first.clients = std::max<std::int64_t>(1, load.clients / 10);
  Run early(rig, first, progress);
  if (const auto ok = early.connect(); !ok) return ok.error();
  early.warm_up([&] { early.crowd().send_closed(1); });
  early.crowd().stop_sending();
  early.crowd().drain(load.patience);
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  run.measure(load.time);
  return run.finish();
}

Result<Measurement> run_overload(Rig& rig, const Load& load, const Progress& progress) {
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  run.warm_up([&] { run.crowd().send_without_end(overload_unsent); });
  run.measure(load.time);
  return run.finish();
}

Result<Measurement> run_slow_consumer(Rig& rig, const Load& load, const Progress& progress) {
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  if (const auto ok = run.crowd().join(join_patience); !ok) return ok.error();
  run.crowd().make_deaf(static_cast<std::size_t>(load.deaf));
  run.warm_up([&] { run.crowd().send_to_group(static_cast<std::size_t>(load.in_flight)); });
  run.measure(load.time);
  Measurement out = run.finish();
  run.crowd().make_hear();
  run.crowd().run_for(1s);
  const Tally deaf = run.crowd().tally_deaf();
  out.more = {{"slow users cut off", static_cast<double>(deaf.disconnected)},
              {"messages they missed", static_cast<double>(deaf.lost)}};
  return out;
}

// Workers come and go under load; nobody's order may show it.
Result<Measurement> run_order(Rig& rig, const Load& load, const Progress& progress) {
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  run.warm_up([&] { run.crowd().send_closed(static_cast<std::size_t>(load.in_flight)); });
  Instant last = io::now();
  double changes = 0;
  Status trouble = Nothing{};
  run.measure(load.time, [&] {
    const Instant now = io::now();
    if (now - last < change_every) return;
    last = now;
    if (const auto added = rig.add_worker(); !added) trouble = added.error();
    rig.retire_worker();
    ++changes;
  });
  if (!trouble) return trouble.error();
  Measurement out = run.finish();
  out.more = {{"workers replaced", changes}};
  return out;
}

Result<Measurement> run_attach(Rig& rig, const Load& load, const Progress& progress) {
  Run run(rig, load, progress);
  if (const auto ok = run.connect(); !ok) return ok.error();
  WorkerShares shares(rig.broker());
  run.warm_up([&] { run.crowd().send_closed(static_cast<std::size_t>(load.in_flight)); });
  const double workers = static_cast<double>(
      std::ranges::count_if(rig.watched(), [](const auto& one) { return one.name.starts_with("worker"); }));
  const Instant start = io::now();
  const auto added = rig.add_worker();
  if (!added) return added.error();
  std::optional<Duration> seen;
  std::optional<Duration> carries;
  run.measure(load.time, [&] {
    if (carries || !shares.poll(io::now())) return;
    const Duration since = io::now() - start;
    if (!seen && shares.knows(*added)) seen = since;
    if (shares.share(*added) >= enough_of_a_share / (workers + 1)) carries = since;
  });
  if (!carries) return Error{"the new worker did not carry its share within the time of the run"};
  const auto milliseconds = [](Duration time) { return std::chrono::duration<double, std::milli>(time).count(); };
  Measurement out = run.finish();
  out.more = {{"ms from its start until the broker knew the worker", milliseconds(*seen)},
              {"ms from its start until it carried 80 % of its share", milliseconds(*carries)}};
  return out;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"echo", "each user keeps some messages under way (closed loop)", false, run_echo},
      {"open", "messages leave by a schedule; latency counts from when they should have left", false, run_open},
      {"fanout", "one user speaks to a group of all the others", false, run_fanout},
      {"idle", "users connect and say nothing: memory", false, run_idle},
      {"order", "workers are replaced under load, twice a second", true, run_order},
      {"overload", "each user sends as fast as its socket takes it", false, run_overload},
      {"slow-consumer", "a fan-out in which some users do not read", false, run_slow_consumer},
      {"attach", "a worker comes under load: until it carries its share", true, run_attach},
  };
  return all;
}

const Scenario* scenario_named(std::string_view name) {
  for (const auto& one : scenarios()) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

}  // namespace fairlead::bench
