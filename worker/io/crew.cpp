#include "worker/io/crew.hpp"

#include <exception>
#include <stdexcept>
#include <utility>

#include "bus/io/entropy.hpp"
#include "bus/random.hpp"

namespace fairlead::worker {
namespace {

// How long a timer may be late, and a finished reply may wait, behind a slow handler.
constexpr Duration keep_every = 50ms;

// Threads are workers of their own to the broker, and want names of their own.
std::string name_of(const std::string& name, unsigned thread, unsigned threads) {
  return threads == 1 ? name : name + "/" + std::to_string(thread);
}

}  // namespace

Crew::Crew(Settings settings, MakeHandler make_handler)
    : settings_(std::move(settings)),
      make_handler_(std::move(make_handler)),
      context_(settings_.keys),
      running_(settings_.threads) {
  for (unsigned thread = 0; thread < settings_.threads; ++thread) {
    stations_.push_back(std::make_unique<Station>(
        Station::Around{
            .context = context_, .store = *settings_.store, .broker = settings_.broker, .changed = changed_},
        Config{.name = name_of(settings_.name, thread, settings_.threads),
               .version = settings_.version,
               .app = settings_.app,
               .incarnation = {io::random_nonzero()}},
        Random(io::random_nonzero())));
  }
  for (unsigned thread = 0; thread < settings_.threads; ++thread)
    threads_.emplace_back([this, thread] { run(thread); });
  keeper_ = std::jthread([this](const std::stop_token& stop) { keep(stop); });
}

Crew::~Crew() {
  drain();
  threads_.clear();  // joins
  keeper_ = {};
}

void Crew::drain(StopReason reason) {
  int expected = undecided;
  stop_reason_.compare_exchange_strong(expected, static_cast<int>(reason), std::memory_order_acq_rel);
  for (const auto& station : stations_) station->drain();
}

bool Crew::ready() const {
  for (const auto& station : stations_) {
    if (!station->ready()) return false;
  }
  return true;
}

std::optional<Error> Crew::failure() {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

Station::Counted Crew::counted() {
  Station::Counted all;
  Counters& sum = all.counters;
  for (const auto& station : stations_) {
    const Station::Counted its = station->counted();
    const Counters& one = its.counters;
    sum.events += one.events;
    sum.failures += one.failures;
    sum.outcomes_unsent += one.outcomes_unsent;
    sum.stale_frames += one.stale_frames;
    sum.bad_frames += one.bad_frames;
    sum.unknown_records += one.unknown_records;
    sum.postponed += one.postponed;
    sum.publications += one.publications;
    sum.links += one.links;
    all.handler_times.add(its.handler_times);
  }
  return all;
}

void Crew::run(unsigned thread) {
  try {
    const auto handler = make_handler_();
    WorkerInfo info{.name = settings_.name,
                    .worker = settings_.worker,
                    .thread = thread,
                    .store = *settings_.store,
                    .every = [&](auto interval, auto tick) {
                      if (interval <= 0ms) throw std::invalid_argument("a tick needs an interval above zero");
                      stations_[thread]->every(interval, std::move(tick));
                    }};
    handler->on_start(info);
    stations_[thread]->run(*handler);
    handler->on_stop(static_cast<StopReason>(stop_reason_.load(std::memory_order_acquire)));
  } catch (const std::exception& thrown) {
    fail(thrown.what());
  } catch (...) {
    fail("the handler threw something that is not a std::exception");
  }
  running_.fetch_sub(1, std::memory_order_acq_rel);
  changed_.wake();
}

void Crew::fail(std::string why) {
  {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = Error{std::move(why)};
  }
  drain(StopReason::failed);
}

void Crew::keep(const std::stop_token& stop) {
  std::unique_lock lock(keeper_mutex_);
  while (!stop.stop_requested()) {
    keeper_sleeps_.wait_for(lock, stop, keep_every, [] { return false; });
    for (const auto& station : stations_) station->keep();
  }
}

}  // namespace fairlead::worker
