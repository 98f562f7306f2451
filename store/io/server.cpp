#include "store/io/server.hpp"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "bus/io/clock.hpp"
#include "bus/io/entropy.hpp"
#include "bus/text.hpp"

namespace fairlead::store {
namespace {

constexpr Duration first_pause = 50ms;
constexpr Duration longest_pause = 2s;

Duration pause_after(unsigned failures) {
  return std::min(first_pause * (1U << std::min(failures - 1, 8U)), longest_pause);
}

std::string in_milliseconds(Duration duration) {
  return duration_text(std::chrono::ceil<std::chrono::milliseconds>(std::max(duration, Duration{1ms})));
}

}  // namespace

Server::Server(Settings settings, Tally tally)
    : settings_(std::move(settings)),
      tally_(tally),
      name_(settings_.kind + " at " + settings_.place.text()),
      process_(getpid()),
      random_(io::random_nonzero()) {}

Status Server::call(const Talk& talk) {
  const Instant deadline = io::now() + settings_.timeout;
  auto connection = take(deadline);
  if (!connection) {
    ++tally_.failures;
    return connection.error();
  }
  if (auto done = talk(**connection, deadline); !done) {
    ++tally_.failures;
    return lost("gave no answer within " + duration_text(settings_.timeout) + ": " + done.error().message,
                "; whether the call was carried out is unknown");
  }
  is_well(std::move(*connection));
  return Nothing{};
}

void Server::try_out() {
  if (auto connection = take(io::now() + settings_.timeout)) is_well(std::move(*connection));
}

Result<std::unique_ptr<Connection>> Server::take(Instant deadline) {
  if (process_ != getpid()) return Error{name_ + " was opened before fork(); open the store in the child"};
  {
    const std::lock_guard lock(mutex_);
    while (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      if (connection->is_silent()) return connection;
    }
    if (failures_ > 0) {
      const Instant now = io::now();
      const std::string away = name_ + " is away: it " + away_why_;
      if (trying_) return Error{away + "; another call is trying it again just now"};
      if (now < retry_at_) return Error{away + "; it will be tried again in " + in_milliseconds(retry_at_ - now)};
      trying_ = true;
    }
  }
  auto fresh = dial(deadline);
  if (!fresh)
    return lost(fresh.error().message, "; nothing was done; see whether it runs and the store's address is right");
  const std::lock_guard lock(mutex_);
  trying_ = false;
  if (std::exchange(met_, true)) ++tally_.reconnects;
  return fresh;
}

Result<std::unique_ptr<Connection>> Server::dial(Instant deadline) {
  auto connection = Connection::dial(settings_.place, settings_.trust.get(), deadline);
  if (!connection) {
    return Error{"cannot be reached: " + connection.error().message};
  }
  if (auto greeted = settings_.greet(**connection, deadline); !greeted) return greeted.error();
  return connection;
}

Error Server::lost(const std::string& what, std::string_view consequence) {
  const Instant now = io::now();
  const std::lock_guard lock(mutex_);
  if (failures_ == 0) away_since_ = now;
  ++failures_;
  trying_ = false;
  retry_at_ = now + random_.jittered(pause_after(failures_));
  away_why_ = what;
  if (!told_away_) {
    if (const auto untold = away_limit_.allow(now)) {
      told_away_ = true;
      io::log(io::Level::warning, "store_away", {{"store", name_}, {"text", what}, {"untold", *untold}});
    }
  }
  return Error{name_ + " " + what + std::string(consequence)};
}

void Server::is_well(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < most_idle) idle_.push_back(std::move(connection));
  failures_ = 0;
  if (std::exchange(told_away_, false)) {
    io::log(io::Level::info, "store_back", {{"store", name_}, {"after", in_milliseconds(io::now() - away_since_)}});
  }
}

Error Server::refused(const std::string& why) {
  ++tally_.failures;
  const std::lock_guard lock(mutex_);
  if (const auto untold = refused_limit_.allow(io::now())) {
    io::log(io::Level::warning, "store_refused", {{"store", name_}, {"text", why}, {"untold", *untold}});
  }
  return Error{name_ + " " + why};
}

}  // namespace fairlead::store
