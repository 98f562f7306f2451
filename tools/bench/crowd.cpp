#include "tools/bench/crowd.hpp"

#include <algorithm>

#include <sys/timerfd.h>
#include <unistd.h>

#include "bus/check.hpp"
#include "bus/io/clock.hpp"
#include "tools/bench/user.hpp"

namespace fairlead::bench {
namespace {

constexpr std::uint64_t no_limit = UINT64_MAX;
constexpr std::size_t dials_at_once = 256;  // a listener's queue is no longer than that for sure

// Fires at `when`, to the microsecond or so.
void arm(int timer, Instant when) {
  const auto since_boot = when.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_boot);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (since_boot - seconds).count();
  FAIRLEAD_CHECK(::timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, nullptr) == 0, "a timer cannot be set");
}

}  // namespace

Crowd::Crowd(Settings settings)
    : settings_(std::move(settings)),
      buffer_(std::size_t{64} * 1024),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  FAIRLEAD_CHECK(static_cast<bool>(timer_), "no timer");
  const auto watched = loop_.add(timer_.get(), {.read = true, .write = false}, [this](auto) {
    std::uint64_t times = 0;
    if (::read(timer_.get(), &times, sizeof times) < 0) return;
    now_ = io::now();
    send_what_is_due();
  });
  FAIRLEAD_CHECK(watched.has_value(), "a timer is not watched");
  for (std::size_t i = 0; i < settings_.clients; ++i)
    users_.push_back(std::make_unique<User>(*this, i, settings_.doors[i % settings_.doors.size()]));
}

Crowd::~Crowd() = default;

Status Crowd::connect(Duration patience, const Stop& stop) {
  const Instant deadline = io::now() + patience;
  Instant again = Instant::max();
  for (std::size_t dialed = 0; connected_ < users_.size(); turn(10ms)) {
    if (io::now() >= deadline || (stop && stop())) {
      return Error{"only " + std::to_string(connected_) + " of " + std::to_string(users_.size()) +
                   " could connect to " + settings_.doors.front().text()};
    }
    while (dialed < users_.size() && dialed < connected_ + dials_at_once) users_[dialed++]->dial_if_needed();
    if (again == Instant::max() || io::now() >= again) {
      for (std::size_t i = 0; i < dialed; ++i) users_[i]->dial_if_needed();
      again = io::now() + 100ms;
    }
  }
  return Nothing{};
}

Status Crowd::join(Duration patience) {
  const Instant deadline = io::now() + patience;
  for (std::size_t i = 1; i < users_.size(); ++i) users_[i]->join();
  for (; joined_ + 1 < users_.size(); turn(10ms)) {
    if (io::now() >= deadline)
      return Error{"only " + std::to_string(joined_) +
                   " users could join the group: does the bus run the app 'bench'?"};
  }
  return Nothing{};
}

void Crowd::send_closed(std::size_t window) {
  plan_ = Plan::closed;
  window_ = window;
  may_send_ = no_limit;
  go_on_all();
}

void Crowd::send_limited(std::size_t window, double per_second) {
  plan_ = Plan::limited;
  window_ = window;
  rate_ = per_second;
  may_send_ = sent_ + 1;
  go_on_all();
}

void Crowd::send_on_schedule(double per_second) {
  plan_ = Plan::scheduled;
  rate_ = per_second;
  scheduled_ = 0;
  began_ = now_ = heard_ = io::now();
  send_what_is_due();
}

void Crowd::send_without_end(std::size_t unsent) {
  plan_ = Plan::without_end;
  window_ = unsent;
  go_on_all();
}

void Crowd::send_to_group(std::size_t window) {
  plan_ = Plan::group;
  window_ = window;
  began_ = now_ = heard_ = io::now();
  send_group_messages();
}

void Crowd::stop_sending() { plan_ = Plan::quiet; }

void Crowd::go_on_all() {
  began_ = now_ = heard_ = io::now();
  for (std::size_t i = 0; i < users_.size(); ++i) users_[(next_user_ + i) % users_.size()]->go_on();
}

bool Crowd::may_send(const User& user) const {
  if (plan_ == Plan::without_end) return user.unsent() < window_;
  if (plan_ != Plan::closed && plan_ != Plan::limited) return false;
  return sent_ < may_send_ && user.ledger().outstanding() < window_;
}

// The message that is due next belongs to the next user in turn; late ones leave at once, with the time they should
// have left at.
void Crowd::send_what_is_due() {
  if (plan_ != Plan::scheduled) return;
  while (true) {
    const auto after = std::chrono::duration<double>(static_cast<double>(scheduled_) / rate_);
    const Instant due = began_ + std::chrono::duration_cast<Duration>(after);
    if (due > now_) return arm(timer_.get(), due);
    ++scheduled_;
    users_[next_user_++ % users_.size()]->send_scheduled(due);
  }
}

std::size_t Crowd::listeners() const { return users_.size() - 1 - deaf_; }

void Crowd::send_group_messages() {
  if (plan_ != Plan::group || group_.size() >= window_) return;
  User& sender = *users_.front();
  while (group_.size() < window_) {
    sender.send_to_group(sender.ledger().send());
    group_.push_back({.sent = now_});
    sent_ += listeners();
  }
  // The whole group hears what the first user's ledger numbers.
  const std::uint64_t through = group_done_ + group_.size();
  for (std::size_t i = 1; i < users_.size(); ++i) users_[i]->ledger().expect(through);
  sender.go_on();
}

void Crowd::on_group_message(std::uint64_t number) {
  if (number <= group_done_ || number > group_done_ + group_.size()) return;
  GroupMessage& message = group_[number - group_done_ - 1];
  latency_.add(now_ - message.sent);
  ++message.heard;
  while (!group_.empty() && group_.front().heard >= listeners()) {
    group_.pop_front();
    ++group_done_;
  }
}

void Crowd::make_deaf(std::size_t count) {
  deaf_ = std::min(count, users_.size() - 2);
  for (std::size_t i = users_.size() - deaf_; i < users_.size(); ++i) users_[i]->read(false);
}

void Crowd::make_hear() {
  for (std::size_t i = users_.size() - deaf_; i < users_.size(); ++i) users_[i]->read(true);
}

void Crowd::turn(Duration longest) {
  if (plan_ == Plan::limited) longest = std::min<Duration>(longest, 1ms);
  loop_.run_once(longest);
  now_ = io::now();
  if (plan_ == Plan::group) return send_group_messages();
  if (plan_ != Plan::limited) return;
  const std::chrono::duration<double> elapsed = now_ - began_;
  const auto due = static_cast<std::uint64_t>(elapsed.count() * rate_) + 1;
  if (due <= may_send_) return;
  may_send_ = due;
  for (std::size_t i = 0; i < users_.size(); ++i) users_[(next_user_ + i) % users_.size()]->go_on();
  ++next_user_;  // so that everybody gets a share of a low rate
}

void Crowd::run_for(Duration time, const Stop& stop) {
  const Instant end = io::now() + time;
  while (now_ < end && gone_ < users_.size() && !(stop && stop())) turn(std::min<Duration>(end - now_, 50ms));
}

void Crowd::drain(Duration patience, const Stop& stop) {
  const Instant deadline = io::now() + patience;
  while (tally().lost > 0 && gone_ < users_.size() && io::now() < deadline && !(stop && stop())) turn(10ms);
}

Tally Crowd::tally() const {
  Tally tally;
  const bool to_group = joined_ > 0;
  for (std::size_t i = to_group ? 1 : 0; i < users_.size() - deaf_; ++i) tally += users_[i]->ledger().tally();
  return tally;
}

Tally Crowd::tally_deaf() const {
  Tally tally;
  for (std::size_t i = users_.size() - deaf_; i < users_.size(); ++i) tally += users_[i]->ledger().tally();
  return tally;
}

void Crowd::forget_latency() {
  latency_ = {};
  longest_silence_ = {};
}

}  // namespace fairlead::bench
