#include "tests/simulation/worker_process.hpp"

#include <algorithm>
#include <utility>

#include "schemas/codec.hpp"
#include "schemas/frame.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/violation.hpp"

namespace fairlead::simulation {

using worker::Action;
using worker::Actions;
using worker::Answered;
using worker::CloseLink;
using worker::Config;
using worker::Job;
using worker::Note;
using worker::OpenLink;
using worker::Publish;
using worker::SendControl;
using worker::Unanswered;

namespace {

constexpr int most_jobs = 32;      // in one turn
constexpr Duration patience = 1s;  // with an answer from the directory

std::uint64_t count_of(const std::string& session) { return session.empty() ? 0 : std::stoull(session); }

Handled handled_of(const Job& job) {
  Handled handled{.client = job.client, .seq = job.event.seq, .kind = job.event.kind, .count = count_of(job.session)};
  handled.text = job.event.payload;
  if (job.event.kind == schemas::EventKind::open)
    handled.text = schemas::decode_handshake(job.event.payload).value().path;
  if (job.event.kind == schemas::EventKind::close)
    handled.text = schemas::decode_close_reason(job.event.payload).value().reason;
  if (job.event.kind == schemas::EventKind::timer)
    handled.text = schemas::decode_timer_fired(job.event.payload).value().name;
  if (job.event.kind == schemas::EventKind::group) {
    const auto change = schemas::decode_group_change(job.event.payload).value();
    handled.text = (change.joined ? "joined " : "left ") + change.group + " " + std::to_string(change.size);
  }
  return handled;
}

}  // namespace

WorkerProcess::WorkerProcess(Surroundings around, unsigned index, HostId host, Random random)
    : Process(around, "worker-" + std::to_string(index), random), host_(host) {}

void WorkerProcess::on_start() {
  Config config{.name = name(), .version = "1", .app = "simulation"};
  config.incarnation = around_.oracle.new_incarnation(name());
  word_ = {.incarnation = config.incarnation.value};
  worker_.emplace(std::move(config), Random(random_.next()));
  drain_ = connected_ = false;
}

void WorkerProcess::on_kill() {
  around_.network.close_all(host_);
  worker_.reset();
  at_work_.reset();
  inbox_.clear();
  dealer_ = pub_ = 0;
}

void WorkerProcess::drain() {
  if (!up() || drain_) return;
  tell("is asked to stop");
  drain_ = true;
  worker_->drain(now());
  wake();
}

void WorkerProcess::deliver(Network::ToPeer arrival) {
  if (!up()) return;
  inbox_.push_back(std::move(arrival));
  wake();
}

Instant WorkerProcess::next_time() const {
  if (!worker_) return Instant::max();
  Instant next = worker_->next_time();
  if (at_work_) next = std::min({next, done_at_, progress_at_});
  return next;
}

bool WorkerProcess::on_turn(Instant now) {
  Actions out;
  if (dealer_ != 0) {
    connected_ = connected_ || around_.network.established(dealer_);
    if (connected_ && around_.network.ended(dealer_)) worker_->on_link_broken("the DEALER lost its connection");
  }
  for (std::size_t room = budget(); !inbox_.empty() && room > 0; --room) {
    const Network::ToPeer arrival = std::move(inbox_.front());
    inbox_.pop_front();
    if (arrival.connection != dealer_) continue;
    if (traced()) tell("<- " + describe(arrival.frame, Direction::to_worker));
    worker_->on_backend_frame(arrival.frame, now, out);
    act(out);
  }
  if (at_work_ && now >= done_at_) finish(out);
  if (at_work_ && now >= progress_at_) {
    worker_->progress(now, out);
    progress_at_ = now + 500ms;
  }
  int jobs = 0;
  for (; !at_work_ && jobs < most_jobs; ++jobs) {
    auto job = worker_->next(now);
    if (!job) break;
    begin(std::move(*job), out);
    if (!up()) return false;
    if (at_work_ && done_at_ <= now) finish(out);
  }
  worker_->on_turn(now, out);
  act(out);
  around_.oracle.on_worker_turn(*worker_, name());
  if (worker_->finished()) {
    tell("has stopped");
    kill("finished");
    return false;
  }
  return !inbox_.empty() || jobs == most_jobs;
}

void WorkerProcess::begin(Job job, Actions& out) {
  const Handled handled = handled_of(job);
  const Order order = handled.kind == schemas::EventKind::message ? Order::parse(handled.text) : Order{};
  if (traced()) {
    tell("handles " + job.client.text() + " #" + std::to_string(handled.seq) + " '" + handled.text + "' unit " +
         std::to_string(job.unit.value) + " attempt " + std::to_string(job.attempt));
  }
  const std::uint64_t attempt = job.attempt;
  at_work_ = AtWork{.job = std::move(job), .since = now()};
  around_.oracle.on_handler(*this, handled, at_work_->job.unit);
  const bool spoilt = attempt <= order.attempts || order.attempts == 9;
  if (order.mood == Mood::poison && spoilt) {
    around_.oracle.on_blame(handled);
    return kill("poison");
  }
  if (order.mood == Mood::stuck && spoilt) around_.oracle.on_blame(handled);
  if (around_.oracle.auditor_is_heard() && random_.one_in(60)) {
    ++word_.number;
    demand(worker_->publish(effects_of(word_), now(), out).has_value(), name() + " may not speak");
  }
  const Duration takes = handler_time(order, attempt);
  done_at_ = now() + takes;
  progress_at_ = order.mood == Mood::slow ? now() + 500ms : Instant::max();
  if (order.mood == Mood::asking)
    at_work_->query = worker_->ask({.ask = schemas::Ask::count_clients}, now(), out), done_at_ = now() + patience;
  if (order.verb == "poke" && order.mood == Mood::none)
    at_work_->query = worker_->ask({.ask = schemas::Ask::sessions, .limit = 16}, now(), out),
    done_at_ = now() + patience;
}

Duration WorkerProcess::handler_time(const Order& order, std::uint64_t attempt) {
  const bool spoilt = attempt <= order.attempts || order.attempts == 9;
  if (order.mood == Mood::slow) return std::chrono::milliseconds(50 + random_.below(random_.one_in(6) ? 3000 : 400));
  if (order.mood == Mood::stuck && spoilt)
    return handler_deadline + std::chrono::milliseconds(200 + random_.below(2000));
  if (!random_.one_in(8)) return Duration{0};
  return Duration(random_.below(random_.one_in(10) ? 40'000'000 : 2'000'000));
}

void WorkerProcess::finish(Actions& out) {
  const AtWork done = std::move(*at_work_);
  if (now() - done.since > 50ms) on_trouble();  // the broker has given what waits behind it to others
  at_work_.reset();
  const Handled handled = handled_of(done.job);
  const Order order = handled.kind == schemas::EventKind::message ? Order::parse(handled.text) : Order{};
  const bool spoilt = done.job.attempt <= order.attempts || order.attempts == 9;
  schemas::Outcome outcome{.unit = done.job.unit, .attempt = done.job.attempt, .seq = done.job.event.seq};
  if (order.mood == Mood::failing && spoilt) {
    around_.oracle.on_blame(handled);
    outcome.verdict = schemas::Verdict::failed;
    outcome.error = "the handler failed";
    return worker_->on_handled(done.job, std::move(outcome), now() - done.since, now(), out);
  }
  if (order.mood == Mood::later && spoilt) {
    outcome.verdict = schemas::Verdict::again;
    outcome.after = 1 + random_.below(700);
    return worker_->on_handled(done.job, std::move(outcome), now() - done.since, now(), out);
  }
  outcome.effects = effects_of(handled);
  for (auto& effect : outcome.effects) {
    if (auto* own = std::get_if<schemas::SetSession>(&effect)) own->expected = done.job.session_version;
  }
  poke_somebody(done, outcome.effects);
  outcome.effects.push_back(audit_of(handled));
  worker_->on_handled(done.job, std::move(outcome), now() - done.since, now(), out);
}

// Sets somebody else's session to what it is: that changes nothing but its version, and so makes a handler that has read
// it before begin anew. If it is not what it was, this handler has to.
void WorkerProcess::poke_somebody(const AtWork& done, std::vector<schemas::Effect>& effects) {
  if (done.answer.size() < 4) return;  // not asked, or nobody is there
  const std::size_t at = 4 * random_.below(done.answer.size() / 4);
  const ClientId client = ClientId::decode(done.answer[at]).value();
  if (client == done.job.client) return;
  around_.oracle.on_poke();
  effects.emplace_back(schemas::SetSession{
      .client = client, .expected = std::stoull(done.answer[at + 2]), .session = done.answer[at + 3]});
}

void WorkerProcess::act(Actions& out) {
  for (auto& action : std::exchange(out, {})) act(action);
}

void WorkerProcess::act(Action& action) {
  if (auto* control = std::get_if<SendControl>(&action)) {
    if (traced()) tell("-> " + describe(control->frame, Direction::from_worker));
    const bool live = worker_->live();
    if (around_.network.send(dealer_, std::move(control->frame)) == Sent::would_block && live) {
      worker_->on_link_broken("a send would block");
      wake();
    }
  } else if (auto* publish = std::get_if<Publish>(&action)) {
    if (traced()) tell("=> " + describe(publish->frame.substr(schemas::topic_bytes), Direction::from_worker));
    around_.network.send(pub_, std::move(publish->frame));
  } else if (auto* answered = std::get_if<Answered>(&action)) {
    if (at_work_ && at_work_->query == answered->answer.id) {
      at_work_->query.reset();
      done_at_ = now();
      const std::string handled = at_work_->job.event.payload;
      if (handled.find("poke") != std::string::npos) at_work_->answer = std::move(answered->answer.items);
    }
  } else if (auto* unanswered = std::get_if<Unanswered>(&action)) {
    if (at_work_ && at_work_->query == unanswered->id) at_work_->query.reset(), done_at_ = now();
  } else if (auto* open = std::get_if<OpenLink>(&action)) {
    (void)open;
    around_.network.close(dealer_);
    around_.network.close(pub_);
    inbox_.clear();
    connected_ = false;
    dealer_ = around_.network.connect(host_, Leg::backend);
    pub_ = around_.network.connect(host_, Leg::outcomes);
  } else if (std::holds_alternative<CloseLink>(action)) {
    around_.network.close(dealer_);
    around_.network.close(pub_);
    inbox_.clear();
    dealer_ = pub_ = 0;
  } else if (auto* note = std::get_if<Note>(&action)) {
    if (traced()) tell("notes " + note->event + ": " + note->text);
  }
}

}  // namespace fairlead::simulation
