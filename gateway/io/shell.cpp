#include "gateway/io/shell.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <variant>

#include <unistd.h>

#include "bus/io/clock.hpp"
#include "bus/io/entropy.hpp"
#include "gateway/io/metrics.hpp"
#include "schemas/limits.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::ExitCode;
using fairlead::io::Level;
using fairlead::io::log;
using fairlead::io::Loop;
using fairlead::io::Signal;

// While live, how often we look whether the broker's connection is still there.
constexpr Duration liveness = 100ms;
constexpr Duration counters_rhythm = 10s;

std::string default_name(std::uint16_t port) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {'g', 'a', 't', 'e', 'w', 'a', 'y'};
  const std::string tail = ":" + std::to_string(port);
  return std::string(host.data()).substr(0, schemas::max_name - tail.size()) + tail;
}

}  // namespace

Shell::Shell(ShellSettings settings, fairlead::io::Signals* signals)
    : settings_(std::move(settings)),
      signals_(signals),
      bus_(loop_, settings_.broker, settings_.keys),
      now_(fairlead::io::now()) {
  std::vector<Listener> listeners;
  for (const Door& door : settings_.doors) {
    auto listener = Listener::open(door);
    if (!listener) throw std::runtime_error(listener.error().message);
    listeners.push_back(std::move(*listener));
  }
  Config& config = settings_.gateway;
  config.name = settings_.name;
  if (config.name.empty()) config.name = default_name(listeners.empty() ? 0 : listeners.front().port());
  config.incarnation = {fairlead::io::random_nonzero()};
  gateway_.emplace(config, Random(fairlead::io::random_nonzero()));
  users_.emplace(loop_, *gateway_, actions_, settings_.users);
  for (Listener& listener : listeners) {
    if (const auto listening = users_->listen(std::move(listener)); !listening) {
      throw std::runtime_error(listening.error().message);
    }
  }
  const auto wake = [this](int fd, Loop::Callback callback) {
    auto watch = loop_.add(fd, {.read = true}, std::move(callback));
    if (!watch) throw std::runtime_error(watch.error().message);
    return *watch;
  };
  status_ = fairlead::io::StatusServer::open(settings_.metrics, "fairlead-gateway");
  if (status_) status_watch_ = wake(status_->fd(), [](Loop::Ready) {});  // the turn answers
  if (signals_ != nullptr) signals_watch_ = wake(signals_->fd(), [this](Loop::Ready) { on_signals(); });
}

Shell::~Shell() {
  loop_.remove(signals_watch_);
  loop_.remove(status_watch_);
  bus_.close();
}

ExitCode Shell::run() {
  while (!finished()) turn();
  tell_counters(Level::info);
  return ExitCode::ok;
}

void Shell::turn(std::optional<Duration> longest) {
  const Duration sleep = may_sleep();
  loop_.run_once(longest ? std::min(sleep, *longest) : sleep);  // reads users

  now_ = fairlead::io::now();
  users_->on_time(now_);
  drained_ = bus_.drain(*gateway_, now_, actions_);
  gateway_->on_turn(now_, actions_);
  carry_out();
  users_->flush();

  tell_when_ready();
  if (status_) status_->answer([this] { return report(); });
  if (manager_.watchdog_every() && now_ - told_alive_ >= *manager_.watchdog_every()) {
    told_alive_ = now_;
    manager_.still_alive();
  }
  if (now_ - told_counters_ >= counters_rhythm && fairlead::io::log_enabled(Level::debug)) {
    told_counters_ = now_;
    tell_counters(Level::debug);
  }
  if (gateway_->finished() && leave_by_ == Instant{}) leave_by_ = now_ + users_->longest_close();
}

Duration Shell::may_sleep() {
  // Asked last of all that touches the bus, and in any case: see the rule of ZMQ_FD in bus/io/zmq_socket.hpp.
  const bool bus_is_empty = bus_.may_sleep(*gateway_, now_);
  if (!bus_is_empty || !drained_ || users_->busy()) return Duration{0};
  const Instant now = fairlead::io::now();
  Duration sleep = gateway_->next_time() - now;
  sleep = std::min(sleep, users_->connections() > 0 ? users_->next_time() - now : Duration{500ms});
  if (gateway_->live()) sleep = std::min(sleep, liveness);
  return std::max(sleep, Duration{0});
}

// Carrying out one decision may lead to the next: a user who may speak again has something to say.
void Shell::carry_out() {
  for (std::size_t i = 0; i < actions_.size(); ++i) {
    const Action action = std::move(actions_[i]);
    std::visit([this](const auto& it) { carry_out(it); }, action);
  }
  actions_.clear();
}

void Shell::carry_out(const PauseAll& /*pause*/) {
  log(Level::warning, "users_paused",
      {{"events", gateway_->uplink().events()}, {"bytes", gateway_->uplink().bytes()}, {"live", gateway_->live()}});
}

void Shell::carry_out(const ResumeAll& /*resume*/) {
  log(Level::info, "users_resumed", {{"events", gateway_->uplink().events()}});
  users_->resume_all();
}

void Shell::carry_out(const OpenLink& open) {
  const auto opened = bus_.open(open.link, now_);
  if (opened) return;
  if (const auto untold = open_failures_.allow(now_)) {
    log(Level::warning, "broker_unreachable", {{"reason", opened.error().message}, {"untold", *untold}});
  }
  gateway_->on_link_broken(opened.error().message);
}

void Shell::carry_out(const Note& note) {
  switch (note.level) {
    case Note::Level::debug:
      return log(Level::debug, note.event, {{"detail", note.text}});
    case Note::Level::info:
      return log(Level::info, note.event, {{"detail", note.text}});
    case Note::Level::warning:
      return log(Level::warning, note.event, {{"detail", note.text}});
  }
}

void Shell::tell_when_ready() {
  if (ready_ || !gateway_->live()) return;
  ready_ = true;
  std::string listen;
  for (const Listener& listener : users_->listeners()) {
    if (!listen.empty()) listen += ',';
    listen += listener.entrance().text;
  }
  fairlead::io::log_ready({{"listen", listen},
                           {"broker", settings_.broker.text()},
                           {"name", settings_.gateway.name},
                           {"metrics", status_ ? status_->where() : "none"}});
  manager_.ready();
}

void Shell::on_signals() {
  while (const auto signal = signals_->next()) {
    if (*signal == Signal::hangup) {
      users_->reload_certificates();
      tell_counters(Level::info);
    } else {
      log(Level::info, stops_ == 0 ? "stopping" : "stopping_now",
          {{"signal", fairlead::io::name(*signal)}, {"users", users_->connections()}});
      stop();
    }
  }
}

void Shell::stop() {
  if (++stops_ > 1) return;
  manager_.stopping();
  now_ = fairlead::io::now();
  users_->stop_listening();
  gateway_->on_stop(now_, actions_);
}

bool Shell::finished() const {
  if (stops_ > 1) return true;
  return gateway_->finished() && (users_->connections() == 0 || (leave_by_ != Instant{} && now_ >= leave_by_));
}

fairlead::io::StatusServer::Report Shell::report() const {
  fairlead::io::StatusServer::Report report{
      .metrics = metrics_of(*gateway_, *users_, bus_.malformed()), .ill = {}, .unready = {}};
  if (stops_ > 0) {
    report.unready = "stopping";
  } else if (!gateway_->live()) {
    report.unready = "no link to the broker at " + settings_.broker.text();
  }
  return report;
}

void Shell::tell_counters(Level level) const {
  const Gateway::Counters& bus = gateway_->counters();
  const UserCounters& users = users_->counted();
  log(level, "counters",
      {{"connections", users_->connections()},
       {"clients", gateway_->clients()},
       {"uncommitted_events", gateway_->uplink().events()},
       {"uncommitted_bytes", gateway_->uplink().bytes()},
       {"outbox_bytes", users_->outbox_bytes()},
       {"accepted", users.accepted},
       {"events", bus.events},
       {"committed", bus.committed},
       {"offered_again", bus.offered_again},
       {"deliveries", bus.deliveries},
       {"to_users", bus.to_users},
       {"left", users.left},
       {"closed", users.closed},
       {"broke_rules", users.broke_rules},
       {"too_slow", users.too_slow},
       {"too_slow_for_all", users.too_slow_for_all},
       {"silent", users.silent},
       {"idle", users.idle},
       {"strangers", users.strangers},
       {"held_back", users.held_back},
       {"refused_too_many", users.refused_too_many},
       {"refused_too_many_from_there", users.refused_too_many_from_there},
       {"bad_proxy_headers", users.bad_proxy_headers},
       {"handshakes_refused", users.refused_handshakes},
       {"tls_failures", users.tls_failures},
       {"handshakes_timed_out", users.handshake_timeouts},
       {"http_requests", users.http_requests},
       {"newest_dropped", users.newest_dropped},
       {"oldest_dropped", users.oldest_dropped},
       {"bytes_dropped", users.bytes_dropped},
       {"pongs_dropped", users.pongs_dropped},
       {"accept_pauses", users.accept_pauses},
       {"links", bus.links},
       {"repeated", bus.repeated},
       {"gaps", bus.gaps},
       {"stale", bus.stale},
       {"bad_frames", bus.bad + bus_.malformed()},
       {"unknown_records", bus.unknown},
       {"refused", bus.refused},
       {"cut_off", bus.cut_off},
       {"pauses", bus.pauses},
       {"pauses_of_all", bus.pauses_of_all},
       {"after_close", bus.after_close}});
}

}  // namespace fairlead::gateway::io
