#include "worker/io/station.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bus/io/clock.hpp"
#include "bus/text.hpp"
#include "schemas/limits.hpp"
#include "worker/bus_calls.hpp"
#include "worker/turn.hpp"

namespace fairlead::worker {
namespace {

constexpr int frames_a_turn = 64;
// Outcomes leave at the end of a turn, so a turn of handlers is short: a quick reply never waits behind many others.
constexpr int events_a_turn = 64;
constexpr Duration turn_time = 1ms;
constexpr Duration check_every = 100ms;
constexpr Duration query_time = 5s;
// Control frames are few: hundreds that nobody takes mean that nobody is there.
constexpr int control_high_water = 1000;

io::Level level_of(Note::Level level) {
  switch (level) {
    case Note::Level::debug:
      return io::Level::debug;
    case Note::Level::info:
      return io::Level::info;
    case Note::Level::warning:
      return io::Level::warning;
  }
  return io::Level::warning;
}

}  // namespace

Station::Station(Around around, Config config, Random random)
    : around_(around), name_(config.name), worker_(std::move(config), random) {}

void Station::run(Handler& handler) {
  std::unique_lock turn(mutex_);
  running_ = true;
  while (true) {
    take_turn();
    if (worker_.finished()) break;
    run_ticks(turn);
    if (!work(handler, turn)) sleep(next_tick());
  }
  // libzmq drops what it has not written when a socket closes. The bye is worth a moment, and no more than that: a
  // broker that misses it finds out by itself.
  if (dealer_) {
    std::array<io::WatchedFd, 1> fds{{{.fd = wakeup_.fd()}}};
    wakeup_.clear();
    io::wait({}, fds, 20ms);
  }
  dealer_.reset();
  pub_.reset();
}

void Station::drain() {
  drain_wanted_.store(true, std::memory_order_release);
  wakeup_.wake();
}

void Station::keep() {
  const std::unique_lock turn(mutex_, std::try_to_lock);
  if (turn.owns_lock() && running_ && !worker_.finished()) take_turn();
}

Station::Counted Station::counted() {
  const std::lock_guard lock(counted_mutex_);
  return counted_;
}

// ---- a turn

void Station::take_turn() {
  Instant now = io::now();
  do_posted();
  if (drain_wanted_.load(std::memory_order_acquire)) worker_.drain(now);
  input_waits_ = false;
  if (dealer_) {
    const auto drained = io::drain(*dealer_, frames_a_turn,
                                   [&](std::string_view frame) { worker_.on_backend_frame(frame, now, actions_); });
    input_waits_ = !drained.empty && !drained.failed;
    if (drained.failed) worker_.on_link_broken("cannot receive: " + dealer_->last_error());
    if (drained.malformed > 0) worker_.on_link_broken("a message of several parts");
    now = io::now();
    if (now - checked_ >= check_every) check_connection();
  }
  worker_.on_turn(now, actions_);
  perform();
  {
    const std::lock_guard lock(counted_mutex_);
    counted_ = {.counters = worker_.counters(), .handler_times = handler_times_};
  }
  if (worker_.live() && !for_a_link_.empty()) wakeup_.wake();
  if (worker_.live() && !ready_.load(std::memory_order_relaxed)) {
    ready_.store(true, std::memory_order_release);
    around_.changed.wake();
  }
}

// A DEALER can send exactly while it has a connection, so this tells the end of a broker at once.
void Station::check_connection() {
  if (!dealer_) return;
  checked_ = io::now();
  const auto events = dealer_->events();
  input_waits_ = input_waits_ || events.readable;
  if (events.writable) {
    patience_.on_connected();
    connected_ = true;
  } else if (connected_) {
    worker_.on_link_broken("the connection to the broker is gone");
  } else if (patience_.over(checked_)) {
    perform(OpenLink{worker_.link()});
  }
}

void Station::sleep(std::optional<Instant> until) {
  check_connection();
  Instant wake = worker_.next_time();
  if (until) wake = std::min(wake, *until);
  const Instant now = io::now();
  if (input_waits_ || wake <= now) return;
  // The descriptor tells more than zmq_poll would: it also becomes readable when the connection comes or goes. It may
  // be slept on because check_connection() has just seen nothing to read.
  std::array<io::WatchedFd, 2> fds{{{.fd = wakeup_.fd()}, {.fd = dealer_ ? dealer_->fd() : -1}}};
  io::wait({}, std::span(fds).first(dealer_ ? 2 : 1), wake - now);
  wakeup_.clear();
}

void Station::perform() {
  for (auto& action : actions_) std::visit([this](auto& one) { perform(one); }, action);
  actions_.clear();
}

void Station::perform(const OpenLink&) {
  perform(CloseLink{});
  // A name may stand for either kind of address; whoever dials again and again finds the one that answers.
  names_are_ipv6_ = !names_are_ipv6_;
  auto dealer = io::Socket::dealer(around_.context, around_.broker.endpoint(BusSocket::backend),
                                   {.send_high_water = control_high_water, .names_are_ipv6 = !names_are_ipv6_});
  auto pub = io::Socket::pub(around_.context, around_.broker.endpoint(BusSocket::outcomes),
                             {.names_are_ipv6 = !names_are_ipv6_});
  if (!dealer || !pub) return worker_.on_link_broken(dealer ? pub.error().message : dealer.error().message);
  dealer_ = std::move(*dealer);
  pub_ = std::move(*pub);
  connected_ = false;
  patience_.on_open(io::now());
}

void Station::perform(const CloseLink&) {
  if (worker_.finished()) return;  // run() closes, after a moment for the bye
  dealer_.reset();
  pub_.reset();
}

void Station::perform(const SendControl& send) {
  if (!dealer_) return;
  const auto sent = dealer_->send(send.frame);
  if (sent == io::Sent::sent || (sent == io::Sent::would_block && !worker_.live())) return;
  worker_.on_link_broken(sent == io::Sent::would_block ? "the connection to the broker is gone or stuck"
                                                       : "cannot send: " + dealer_->last_error());
}

void Station::perform(const Publish& publish) {
  if (pub_ && pub_->send(publish.frame) != io::Sent::sent)
    worker_.on_link_broken("cannot publish: " + pub_->last_error());
}

void Station::perform(Answered& answered) {
  const std::uint64_t id = answered.answer.id;
  answer(id, std::move(answered.answer));
}

void Station::perform(const Unanswered& unanswered) {
  answer(unanswered.id, Error{"the link to the broker ended before the answer came"});
}

void Station::answer(std::uint64_t id, Result<schemas::Answer> result) {
  if (id == awaited_) {
    answer_ = std::move(result);
    return;
  }
  if (const auto asked = asked_.extract(id)) asked.mapped()(std::move(result));
}

void Station::perform(const Published& published) {
  if (const auto done = publishing_.extract(published.id)) done.mapped()(Nothing{});
  if (worker_.unpublished() > 0) return;
  for (const auto& done : std::exchange(flushing_, {})) done(Nothing{});
}

void Station::perform(const Note& note) {
  std::uint64_t untold = 0;
  if (note.level == Note::Level::warning) {
    const auto allowed = limits_.try_emplace(note.event, 100ms).first->second.allow(io::now());
    if (!allowed) return;
    untold = *allowed;
  }
  if (untold == 0) return io::log(level_of(note.level), note.event, {{"worker", name_}, {"text", note.text}});
  io::log(level_of(note.level), note.event, {{"worker", name_}, {"text", note.text}, {"untold", untold}});
}

// ---- from other threads

void Station::post(std::function<void()> task) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
  }
  wakeup_.wake();
}

void Station::do_posted() {
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (const auto& task : tasks) task();
  if (!worker_.live()) return;
  for (const auto& task : std::exchange(for_a_link_, {})) task();
}

void Station::post_publication(std::vector<schemas::Effect> effects, std::function<void(Status)> done) {
  post([this, effects = std::move(effects), done = std::move(done)]() mutable {
    const auto id = worker_.publish(std::move(effects), io::now(), actions_);
    if (!id) return done(id.error());
    publishing_.emplace(*id, std::move(done));
  });
}

void Station::post_query(schemas::Query query, std::function<void(Result<schemas::Answer>)> done) {
  post([this, query = std::move(query), done = std::move(done)]() mutable {
    for_a_link_.emplace_back([this, query = std::move(query), done = std::move(done)]() mutable {
      const std::uint64_t id = worker_.ask(std::move(query), io::now(), actions_);
      asked_.emplace(id, std::move(done));
    });
  });
}

void Station::post_flush(std::function<void(Status)> done) {
  post([this, done = std::move(done)]() mutable {
    if (worker_.unpublished() == 0) return done(Nothing{});
    flushing_.push_back(std::move(done));
  });
}

// ---- ticks

void Station::every(Duration interval, Tick tick) {
  ticks_.push_back({.interval = interval, .next = io::now() + interval, .tick = std::move(tick)});
}

Instant Station::next_tick() const {
  Instant next = Instant::max();
  for (const auto& ticking : ticks_) next = std::min(next, ticking.next);
  return next;
}

void Station::run_ticks(std::unique_lock<std::mutex>& turn) {
  const Instant now = io::now();
  for (Ticking& ticking : ticks_) {
    if (now < ticking.next || drain_wanted_.load(std::memory_order_relaxed)) continue;
    ticking.next += ticking.interval;
    if (ticking.next <= now) ticking.next = now + ticking.interval;
    run_tick(ticking.tick, turn);
  }
}

void Station::run_tick(const Tick& tick, std::unique_lock<std::mutex>& turn) {
  const auto complain = [this](const std::string& why) {
    perform(Note{Note::Level::warning, "tick_failed", printable(why, schemas::max_text)});
  };
  PublicationBus bus(*this, around_.store);
  std::optional<std::string> thrown;
  turn.unlock();
  try {
    tick(bus);
  } catch (const std::exception& failure) {
    thrown = failure.what();
  } catch (...) {
    thrown = "it threw something that is not a std::exception";
  }
  turn.lock();
  if (thrown) return complain(*thrown);
  auto effects = bus.take_effects();
  if (effects.empty()) return;
  const auto published = worker_.publish(std::move(effects), io::now(), actions_);
  if (!published) complain(published.error().message);
}

// ---- the handler

bool Station::work(Handler& handler, std::unique_lock<std::mutex>& turn) {
  const Instant started = io::now();
  for (int handled = 0; handled < events_a_turn; ++handled) {
    const Instant now = io::now();
    if (handled > 0 && now - started >= turn_time) return true;
    const auto job = worker_.next(now);
    if (!job) return handled > 0;
    handle(handler, *job, turn);
  }
  return true;
}

void Station::handle(Handler& handler, const Job& job, std::unique_lock<std::mutex>& turn) {
  const schemas::Unit unit{
      .unit = job.unit, .attempt = job.attempt, .client = job.client, .gateway = job.gateway, .peer = job.peer};
  OwnClient own{.id = job.client,
                .session_version = job.session_version,
                .session = job.session,
                .uid = job.uid,
                .groups = job.groups};
  if (job.attempt > 1) {
    worker_.say_what_is_done(actions_);
    perform();
  }
  turn.unlock();
  const Instant started = io::now();
  auto outcome = worker::take_turn(
      handler, {.unit = unit, .event = job.event, .own = own, .queries = *this, .store = around_.store});
  const Instant ended = io::now();
  turn.lock();
  handler_times_.add(ended - started);
  worker_.on_handled(job, std::move(outcome), ended - started, ended, actions_);
}

Result<schemas::Answer> Station::ask(schemas::Query query) {
  const std::lock_guard turn(mutex_);
  const Instant deadline = io::now() + query_time;
  answer_.reset();
  awaited_ = 0;
  awaited_ = worker_.ask(std::move(query), io::now(), actions_);
  while (true) {
    take_turn();
    if (answer_) return *std::exchange(answer_, std::nullopt);
    if (io::now() >= deadline) return Error{"the broker has not answered in time"};
    sleep(deadline);
  }
}

void Station::progress() {
  const std::lock_guard turn(mutex_);
  worker_.progress(io::now(), actions_);
  take_turn();
}

}  // namespace fairlead::worker
