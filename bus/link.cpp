#include "bus/link.hpp"

#include <algorithm>
#include <utility>

namespace fairlead {
namespace {

// `first`, doubled for each failure, at most `longest`.
Duration grown(Duration first, Duration longest, unsigned failures) {
  Duration grown = first;
  for (; failures > 0 && grown < longest; --failures) grown *= 2;
  return std::min(grown, longest);
}

}  // namespace

Link::Todo Link::on_time(Instant now) {
  Todo todo;
  if (state_ == State::live && !broken_ && now - heard_ >= times_.dead)
    on_broken("the broker has been silent for too long");
  if (state_ == State::dialing && !broken_ && now >= until_) on_broken("no welcome from the broker");
  if (broken_) {
    todo.close = true;
    wait(now);
    return todo;
  }
  switch (state_) {
    case State::waiting:
      if (now < until_) break;
      state_ = State::dialing;
      do id_ = {random_.next()};
      while (!id_);
      until_ = now + grown(times_.dial, times_.longest_dial, failures_);
      hello_ = now + times_.hello;
      todo.open = todo.hello = true;
      break;
    case State::dialing:
      if (now < hello_) break;
      hello_ = now + times_.hello;
      todo.hello = true;
      break;
    case State::live:
      if (now - sent_ < times_.heartbeat) break;
      sent_ = now;
      todo.heartbeat = true;
      break;
  }
  return todo;
}

void Link::on_welcome(Instant now) {
  if (state_ != State::dialing || broken_) return;
  state_ = State::live;
  failures_ = 0;
  heard_ = now;
  sent_ = now;
}

void Link::on_broken(std::string why) {
  if (state_ == State::waiting || broken_) return;
  broken_ = true;
  why_ = std::move(why);
}

void Link::on_pause(Duration pause) {
  heard_ += pause;
  until_ += pause;
}

void Link::wait(Instant now) {
  until_ = now + random_.jittered(grown(times_.back_off, times_.longest_back_off, failures_));
  ++failures_;
  state_ = State::waiting;
  broken_ = false;
}

Instant Link::next_time() const {
  switch (state_) {
    case State::waiting:
      return until_;
    case State::dialing:
      return broken_ ? Instant{} : std::min(until_, hello_);
    case State::live:
      return broken_ ? Instant{} : std::min(sent_ + times_.heartbeat, heard_ + times_.dead);
  }
  return {};
}

}  // namespace fairlead
