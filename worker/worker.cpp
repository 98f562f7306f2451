#include "worker/worker.hpp"

#include <algorithm>
#include <utility>

#include "bus/check.hpp"
#include "bus/mutation.hpp"
#include "bus/text.hpp"
#include "schemas/codec.hpp"
#include "schemas/frame.hpp"
#include "schemas/limits.hpp"

namespace fairlead::worker {
namespace {

// The pause detector takes a second without a turn for a pause, so an idle worker takes turns more often than that.
constexpr Duration longest_sleep = 500ms;

template <class... Records>
constexpr bool is_numbered(const std::variant<Records...>& record) {
  return std::holds_alternative<schemas::Unit>(record) || std::holds_alternative<schemas::Cancel>(record) ||
         std::holds_alternative<schemas::Drained>(record);
}

}  // namespace

Worker::Worker(Config config, Random random)
    : config_(std::move(config)), link_(random, config_.times), outcomes_(LinkId{}) {}

// ---- from the broker

void Worker::on_backend_frame(std::string_view frame, Instant now, Actions& out) {
  if (stage_ == Stage::finished || link_.state() == Link::State::waiting) return;
  if (link_.state() == Link::State::live && !link_.live()) return;  // broken: the next turn ends it
  auto opened = schemas::open_frame(frame);
  if (!opened) return on_bad_bytes(opened.error().message);
  if (opened->header.link != link_.id()) {
    ++counters_.stale_frames;
    return;
  }
  records_.clear();
  while (!opened->records.at_end()) records_.push_back(schemas::decode_to_worker(opened->records));
  if (!opened->records.ok()) return on_bad_bytes("a record cannot be read");
  link_.on_heard(now);
  if (!outcomes_.on_ack(opened->header.ack)) return on_bad_bytes("an acknowledgement of what was not sent");
  on_outcomes_committed(out);

  std::uint64_t number = opened->header.seq;
  for (auto& record : records_) {
    if (number > 0) {
      const auto take = units_.on_record(number++);
      if (take == InStream::Take::repeated) continue;
      if (take == InStream::Take::gap) return link_.on_broken("a gap in the units");
    } else if (is_numbered(record)) {
      return on_bad_bytes("a unit without a number");
    }
    std::visit([&](auto& known) { on_record(std::move(known), now, out); }, record);
  }
}

void Worker::on_record(const schemas::WorkerWelcome& record, Instant now, Actions& out) {
  if (link_.state() != Link::State::dialing) return;
  link_.on_welcome(now);
  ++counters_.links;
  absence_told_ = false;
  if (link_.live() && !FAIRLEAD_MUTATION(forget_publications)) {
    for (Waiting& waiting : publications_) waiting.number = outcomes_.add(waiting.publication, out);
  }
  out.emplace_back(Note{Note::Level::info, "linked", "to the broker of shard " + std::to_string(record.shard)});
}

void Worker::on_record(schemas::Unit record, Instant, Actions&) {
  if (!link_.live()) return on_bad_bytes("a unit before the welcome");
  if (record.events.empty()) return on_bad_bytes("a unit without events");
  if (inbox_.units() >= most_units) return link_.on_broken("far more units than the credit allows");
  inbox_.add(std::move(record));
}

void Worker::on_record(const schemas::Cancel& record, Instant, Actions&) { inbox_.cancel(record.unit, record.attempt); }

void Worker::on_record(const schemas::Drained&, Instant, Actions&) { drained_ = true; }

void Worker::on_record(const schemas::Heartbeat& record, Instant, Actions&) {
  if (units_.lost_tail_at(record.head)) link_.on_broken("units were lost");
}

void Worker::on_record(schemas::Answer record, Instant, Actions& out) {
  if (std::erase(asked_, record.id) == 0) return;
  out.emplace_back(Answered{std::move(record)});
}

void Worker::on_record(const schemas::Reset& record, Instant, Actions&) {
  link_.on_broken("the broker says: " + printable(record.reason));
}

void Worker::on_record(const schemas::Complaint& record, Instant, Actions& out) {
  out.emplace_back(Note{Note::Level::warning, "complaint", printable(record.reason)});
}

void Worker::on_record(const schemas::Unknown& record, Instant, Actions& out) {
  ++counters_.unknown_records;
  send_control(schemas::Complaint{"a worker does not know records of type " + std::to_string(record.type)}, out);
}

void Worker::on_bad_bytes(std::string why) {
  ++counters_.bad_frames;
  link_.on_broken("bad bytes from the broker: " + std::move(why));
}

// ---- the handler's side

std::optional<Job> Worker::next(Instant) {
  if (stage_ == Stage::finished || !link_.live() || handling_) return std::nullopt;
  auto job = inbox_.take(link_.id());
  if (job) handling_ = Handling{.link = job->link, .unit = job->unit, .attempt = job->attempt};
  return job;
}

void Worker::on_handled(const Job& job, schemas::Outcome outcome, Duration took, Instant, Actions& out) {
  FAIRLEAD_CHECK(handling_ && handling_->unit == job.unit, "the job given back is not the one handed out");
  handling_.reset();
  const bool failed = outcome.verdict == schemas::Verdict::failed;
  const bool done = outcome.verdict == schemas::Verdict::done;
  ++counters_.events;
  counters_.failures += failed ? 1 : 0;
  counters_.postponed += !failed && !done ? 1 : 0;
  if (failed) {
    out.emplace_back(Note{Note::Level::warning, "handler_failed",
                          "client " + job.client.text() + " event " + std::to_string(job.event.seq) + " attempt " +
                              std::to_string(job.attempt) + ": " + printable(outcome.error, schemas::max_text)});
  }

  auto left = Inbox::Left::nothing;
  if (job.link == link_.id()) left = done ? inbox_.put_back(job, outcome.effects) : inbox_.put_back_failed(job);
  credit_.on_handled(took, left != Inbox::Left::events);
  if (left == Inbox::Left::nothing) {
    ++counters_.outcomes_unsent;
    return;
  }

  if (!done) outcome.effects.clear();
  outcome.error.resize(std::min(outcome.error.size(), schemas::max_text));
  const auto added = outcomes_.add(outcome, out);
  if (!added.replaced) return;
  ++counters_.failures;
  inbox_.cancel(job.unit, job.attempt);
  out.emplace_back(Note{Note::Level::warning, "outcome_too_large",
                        "client " + job.client.text() + " event " + std::to_string(job.event.seq)});
}

std::uint64_t Worker::ask(schemas::Query query, Instant, Actions& out) {
  query.id = ++last_query_;
  if (stage_ == Stage::finished || !link_.live()) {
    out.emplace_back(Unanswered{query.id});
  } else {
    asked_.push_back(query.id);
    send_control(query, out);
  }
  return query.id;
}

Result<std::uint64_t> Worker::publish(std::vector<schemas::Effect> effects, Instant, Actions& out) {
  if (stage_ == Stage::finished) return Error{"the worker has stopped"};
  Waiting waiting{.publication = {.id = last_publication_ + 1, .effects = std::move(effects)}};
  for (const auto& effect : waiting.publication.effects) waiting.bytes += schemas::approximate_bytes(effect);
  if (publications_.size() >= most_publications || publication_bytes_ + waiting.bytes > most_publication_bytes)
    return Error{"too many publications wait for the broker: " + std::to_string(publications_.size()) + " with " +
                 std::to_string(publication_bytes_) + " bytes"};
  if (!Outcomes::fits(waiting.publication)) return Error{"the effects are too large for one publication"};
  ++last_publication_;
  publication_bytes_ += waiting.bytes;
  if (link_.live()) waiting.number = outcomes_.add(waiting.publication, out);
  publications_.push_back(std::move(waiting));
  return last_publication_;
}

void Worker::on_outcomes_committed(Actions& out) {
  while (!publications_.empty() && publications_.front().number != 0 &&
         publications_.front().number <= outcomes_.acked()) {
    ++counters_.publications;
    publication_bytes_ -= publications_.front().bytes;
    out.emplace_back(Published{publications_.front().publication.id});
    publications_.pop_front();
  }
}

void Worker::progress(Instant, Actions& out) {
  if (!handling_ || !link_.live() || handling_->link != link_.id()) return;
  send_control(schemas::Progress{.unit = handling_->unit, .attempt = handling_->attempt}, out);
}

void Worker::drain(Instant) {
  if (stage_ == Stage::working) stage_ = Stage::draining;
}

// ---- time

void Worker::on_turn(Instant now, Actions& out) {
  if (stage_ == Stage::finished) return;
  last_turn_ = now;
  if (const Duration pause = pause_.on_turn(now); pause > Duration{0}) link_.on_pause(pause);

  const bool was_live = link_.state() == Link::State::live;
  const auto todo = link_.on_time(now);
  if (todo.close) on_link_over(was_live, out);
  // Nothing of it is here. A link that was to be opened just now is not.
  if (stage_ == Stage::draining && !link_.live()) return finish(!todo.open, out);
  if (todo.open) {
    outcomes_ = Outcomes(link_.id());
    out.emplace_back(OpenLink{link_.id()});
  }
  if (todo.hello) say_hello(out);
  if (link_.live()) serve(todo.heartbeat, out);
}

void Worker::serve(bool heartbeat, Actions& out) {
  outcomes_.flush(out);
  if (heartbeat) send_control(schemas::Heartbeat{outcomes_.head()}, out);
  if (stage_ == Stage::working) {
    // To a broker that took its work away, credit also says that the worker is free again (B7): so there is none before
    // the handler is done with what does not count any longer. And it is said with every heartbeat, in case it was
    // lost.
    if (!config_.takes_units) return;
    if (handling_ && !inbox_.handling()) {
      told_credit_ = 0;
    } else if (heartbeat || credit_.worth_telling(told_credit_)) {
      told_credit_ = credit_.units();
      send_control(schemas::Credit{told_credit_}, out);
    }
  } else if (config_.takes_units && (!drain_said_ || (heartbeat && !drained_))) {
    drain_said_ = true;
    send_control(schemas::Drain{}, out);
  } else if ((drained_ || !config_.takes_units) && inbox_.empty() && !handling_ && outcomes_.all_committed()) {
    finish(true, out);
  }
}

void Worker::on_link_over(bool was_live, Actions& out) {
  if (was_live) {
    out.emplace_back(Note{Note::Level::warning, "link_lost", link_.last_failure()});
  } else if (!std::exchange(absence_told_, true)) {
    out.emplace_back(Note{Note::Level::warning, "no_broker", link_.last_failure()});
  }
  out.emplace_back(CloseLink{});
  // K5: what the broker gave and we did not answer, it gives again.
  inbox_.clear();
  units_ = InStream();
  outcomes_ = Outcomes(LinkId{});
  told_credit_ = 0;
  for (Waiting& waiting : publications_) waiting.number = 0;
  drain_said_ = drained_ = false;
  for (const std::uint64_t id : std::exchange(asked_, {})) out.emplace_back(Unanswered{id});
}

void Worker::finish(bool opened, Actions& out) {
  stage_ = Stage::finished;
  if (!publications_.empty()) {
    const std::string count = std::to_string(publications_.size());
    out.emplace_back(Note{Note::Level::warning, "publications_given_up", count + " that no broker has confirmed"});
  }
  for (const std::uint64_t id : std::exchange(asked_, {})) out.emplace_back(Unanswered{id});
  if (!opened || link_.state() == Link::State::waiting) return;
  send_control(schemas::Bye{"stopped"}, out);
  out.emplace_back(CloseLink{});
}

Instant Worker::next_time() const {
  if (stage_ == Stage::finished) return Instant::max();
  if (stage_ == Stage::draining && (!link_.live() || (!drain_said_ && config_.takes_units))) return last_turn_;
  return std::min(link_.next_time(), last_turn_ + longest_sleep);
}

// ---- frames

template <class Record>
void Worker::send_control(const Record& record, Actions& out) {
  schemas::FrameBuilder builder;
  schemas::append(builder.body(), record);
  out.emplace_back(SendControl{builder.finish({.link = link_.id()})});
}

void Worker::say_hello(Actions& out) {
  const schemas::WorkerHello hello{
      .incarnation = config_.incarnation, .name = config_.name, .version = config_.version, .app = config_.app};
  send_control(hello, out);
  schemas::FrameBuilder builder(schemas::outcomes_topic(link_.id()));
  schemas::append(builder.body(), hello);
  out.emplace_back(Publish{builder.finish({.link = link_.id()})});
}

}  // namespace fairlead::worker
