#include "client/reconnect.hpp"

#include <algorithm>
#include <cstdint>

#include "bus/check.hpp"

namespace fairlead::client {

Reconnect::Todo Reconnect::on_time(Instant now) {
  if (now < until_) return Todo::nothing;
  switch (state_) {
    case State::waiting:
      state_ = State::dialing;
      until_ = now + settings_.dial;
      return Todo::dial;
    case State::dialing:
      return Todo::give_up;
    case State::connected:
    case State::over:
      break;
  }
  return Todo::nothing;
}

void Reconnect::on_connected(Instant now) {
  FAIRLEAD_CHECK(state_ == State::dialing, "connected without having dialed");
  state_ = State::connected;
  since_ = now;
}

std::optional<Duration> Reconnect::on_lost(Instant now) {
  const bool lasted = state_ == State::connected && now - since_ >= settings_.longest_back_off;
  if (!settings_.again) {
    state_ = State::over;
    return std::nullopt;
  }
  failures_ = lasted ? 0 : std::min(failures_, 20U);
  const Duration wait =
      random_.jittered(std::min(settings_.longest_back_off, settings_.first_back_off * (std::int64_t{1} << failures_)));
  ++failures_;
  state_ = State::waiting;
  until_ = now + wait;
  return wait;
}

std::optional<Instant> Reconnect::next_time() const {
  if (state_ == State::waiting || state_ == State::dialing) return until_;
  return std::nullopt;
}

}  // namespace fairlead::client
