#include "tests/simulation/process.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::simulation {

Process::Process(Surroundings around, std::string name, Random random)
    : around_(around), random_(random), name_(std::move(name)) {}

void Process::start() {
  if (up_) return;
  up_ = true;
  frozen_until_ = busy_until_ = now();
  tell("starts");
  on_start();
  wake();
}

void Process::kill(std::string_view why) {
  if (!up_) return;
  up_ = false;
  on_trouble();
  tell("is killed: " + std::string(why));
  on_kill();
  planned_ = Instant::max();
  ++plan_;
  if (died_) died_();
}

void Process::freeze_until(Instant until) {
  if (!up_) return;
  on_trouble();
  tell("is frozen for " + std::to_string((until - now()) / 1ms) + " ms");
  frozen_until_ = until;
  around_.schedule.at(until, [this] { on_trouble(); });
}

std::size_t Process::budget() {
  if (around_.settings.faults.has(Fault::budget) && random_.one_in(2)) return 1 + random_.below(4);
  return 256;
}

void Process::wake_at(Instant when) {
  if (!up_) return;
  when = std::max({when, busy_until_, frozen_until_, now()});
  if (when >= planned_) return;
  planned_ = when;
  around_.schedule.at(when, [this, plan = ++plan_] {
    if (plan == plan_) run();
  });
}

void Process::run() {
  planned_ = Instant::max();
  if (now() < frozen_until_) return wake_at(frozen_until_);
  const bool more = on_turn(now());
  if (!up_) return;
  busy_until_ = now() + Duration(20'000 + random_.below(200'000));
  const Instant next = more ? busy_until_ : next_time();
  if (next != Instant::max()) wake_at(next);
}

}  // namespace fairlead::simulation
