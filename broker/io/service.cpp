#include "broker/io/service.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include "bus/io/clock.hpp"
#include "bus/io/entropy.hpp"
#include "bus/io/log.hpp"
#include "schemas/limits.hpp"

namespace fairlead::broker::io {

using fairlead::io::Received;
using fairlead::io::Sent;
using fairlead::io::Socket;
using fairlead::io::SocketOptions;
using fairlead::io::Subscription;

namespace {

// Messages taken from one socket before the others have their turn.
constexpr int budget = 256;
constexpr Duration journal_retry = 100ms;
constexpr Duration taps_every = 50ms;
constexpr int operators_budget = 4;  // the bus comes first

Socket must(Result<Socket> socket) {
  if (!socket) throw std::runtime_error(socket.error().message);
  return std::move(*socket);
}

fairlead::io::Level level_of(Level level) {
  switch (level) {
    case Level::debug:
      return fairlead::io::Level::debug;
    case Level::info:
      return fairlead::io::Level::info;
    case Level::warning:
      return fairlead::io::Level::warning;
    case Level::error:
      return fairlead::io::Level::error;
  }
  return fairlead::io::Level::info;
}

}  // namespace

Service::Sockets Service::bind(fairlead::io::Context& context, const BusAddress& typed) {
  // Twice a window: a peer whose window is used up twice over is not reading, and its link is reset.
  const auto routed = [](BusSocket socket) {
    return SocketOptions{
        .send_high_water = 20'000, .max_message = schemas::max_frame, .domain = std::string(text(socket))};
  };
  const auto published = [](BusSocket socket) {
    return SocketOptions{.max_message = schemas::max_frame, .domain = std::string(text(socket))};
  };
  // Somebody who asks and does not read the answers must not make us keep them.
  const SocketOptions operators{.send_high_water = 100, .max_message = schemas::max_frame, .domain = "admin"};
  // A tap that does not read loses what is beyond this.
  const SocketOptions watched{.send_high_water = 128, .max_message = 1024, .domain = "tap"};
  // With port 0 the kernel chooses the first; the others must be free, or another first is tried.
  for (int attempt = 0;; ++attempt) {
    Socket frontend = must(Socket::router(context, typed.endpoint(BusSocket::frontend), routed(BusSocket::frontend)));
    BusAddress address = typed;
    if (typed.any_port()) {
      const auto chosen = typed.with_port(port_of(frontend.last_endpoint()));
      if (!chosen) continue;
      address = *chosen;
    }
    try {
      return Sockets{
          .frontend = std::move(frontend),
          .deliveries =
              must(Socket::xpub(context, address.endpoint(BusSocket::deliveries), published(BusSocket::deliveries))),
          .backend = must(Socket::router(context, address.endpoint(BusSocket::backend), routed(BusSocket::backend))),
          .outcomes =
              must(Socket::xsub(context, address.endpoint(BusSocket::outcomes), "o", published(BusSocket::outcomes))),
          .admin = must(Socket::router(context, address.endpoint(BusSocket::admin), operators)),
          .tap = must(Socket::tap(context, address.endpoint(BusSocket::tap), watched)),
          .address = address};
    } catch (const std::runtime_error&) {
      if (!typed.any_port() || attempt >= 200) throw;
    }
  }
}

Service::Service(ServiceConfig config, fairlead::io::Signals& signals)
    : config_(std::move(config)),
      signals_(signals),
      context_({.own = config_.key}),
      journal_([&] {
        auto opened =
            JournalFiles::open(config_.journal, config_.level, config_.shard, Lineage{fairlead::io::random_nonzero()});
        if (!opened) throw std::runtime_error(opened.error().message);
        auto& [files, found] = *opened;
        if (!found.damage.empty()) {
          log(fairlead::io::Level::error, "journal_damaged",
              {{"damage", found.damage},
               {"lineage", fairlead::text(Incarnation{found.header.lineage.value})},
               {"advice", "a new lineage begins; the damaged files are kept beside it"}});
        }
        if (found.cut_bytes > 0) log(fairlead::io::Level::warning, "journal_tail_cut", {{"bytes", found.cut_bytes}});
        log(fairlead::io::Level::info, "journal_open",
            {{"directory", config_.journal},
             {"segment", found.header.segment},
             {"facts", found.facts},
             {"clients", found.state.directory().size()}});
        config_.broker.incarnation = Incarnation{fairlead::io::random_nonzero()};
        broker_ = std::make_unique<Broker>(config_.broker, found.header, std::move(found.state));
        return std::move(files);
      }()),
      sockets_([&] {
        if (!config_.peers.empty()) gate_.emplace(context_, config_.peers);
        return bind(context_, config_.listen);
      }()),
      admin_(*broker_,
             {.listen = sockets_->address.text(),
              .journal = config_.journal,
              .journal_level = config_.level_name,
              .keys = gate_.has_value()},
             fairlead::io::now()),
      status_(fairlead::io::StatusServer::open(config_.metrics, "fairlead-broker")) {}

fairlead::io::ExitCode Service::run() {
  fairlead::io::log_ready({{"listen", sockets_->address.text()},
                           {"shard", config_.shard},
                           {"keys", gate_.has_value()},
                           {"metrics", status_ ? status_->where() : "none"}});
  manager_.ready();
  while (!stopped()) {
    look_at_taps(fairlead::io::now());
    look_at_gate(fairlead::io::now());
    const bool more = take_input(fairlead::io::now());
    const Instant now = fairlead::io::now();
    end_turn(now);
    tell_status("");
    tell_alive(now);
    if (more) continue;
    const std::array<Socket*, 5> sockets{&sockets_->frontend, &sockets_->deliveries, &sockets_->backend,
                                         &sockets_->outcomes, &sockets_->admin};
    // Those with no descriptor, -1, are not waited for.
    std::array<fairlead::io::WatchedFd, 3> fds{
        {{.fd = signals_.fd()}, {.fd = status_ ? status_->fd() : -1}, {.fd = gate_ ? gate_->fd() : -1}}};
    fairlead::io::wait(sockets, fds, std::max<Duration>(broker_->next_time(now) - now, 0ms));
  }
  manager_.stopping();
  turn_.clear();
  broker_->on_stop(turn_);
  send_all(turn_.sends, fairlead::io::now());
  log(fairlead::io::Level::info, "stopped",
      {{"commits", broker_->counters().commits}, {"events", broker_->counters().events}});
  return fairlead::io::ExitCode::ok;
}

// Taps come and go, and may wait for it: their socket is looked at now and then, and never waited for.
void Service::look_at_taps(Instant now) {
  if (broker_->tap().on()) broker_->set_wall_time(fairlead::io::wall_time());
  if (now - looked_at_taps_ < taps_every) return;
  looked_at_taps_ = now;
  Subscription subscription;
  for (int taken = 0; taken < budget; ++taken) {
    const Received received = sockets_->tap.receive(subscription);
    if (received == Received::malformed) continue;
    if (received != Received::message) break;
    broker_->on_tap_subscription((subscription.wanted ? '\1' : '\0') + subscription.topic, now);
  }
}

void Service::look_at_gate(Instant now) {
  if (!gate_) return;
  gate_->answer(now);
  measured_.peers_admitted = gate_->admitted();
  measured_.peers_refused = gate_->refused();
}

// Everything that waits, within a budget. True when there may be more.
bool Service::take_input(Instant now) {
  bool more = false;
  // The subscription of a link comes before what its gateway says, so that a hello finds it there.
  Subscription subscription;
  for (int taken = 0; taken < budget; ++taken) {
    const Received received = sockets_->deliveries.receive(subscription);
    if (received == Received::malformed) continue;
    if (received != Received::message) break;
    broker_->on_subscription((subscription.wanted ? '\1' : '\0') + subscription.topic, now);
  }
  const auto check = [&more](const fairlead::io::Drained& drained, const Socket& socket) {
    if (drained.failed) throw std::runtime_error("a bus socket failed: " + socket.last_error());
    more = more || !drained.empty;
  };
  check(drain(sockets_->outcomes, budget, [&](std::string_view frame) { broker_->on_outcome_frame(frame, now); }),
        sockets_->outcomes);
  check(drain_router(sockets_->backend, budget,
                     [&](fairlead::io::RoutingId from, std::string_view frame) {
                       broker_->on_backend_frame(from.value, frame, now);
                     }),
        sockets_->backend);
  check(drain_router(sockets_->frontend, budget,
                     [&](fairlead::io::RoutingId from, std::string_view frame) {
                       broker_->on_frontend_frame(from.value, frame, now);
                     }),
        sockets_->frontend);
  check(drain_router(sockets_->admin, operators_budget,
                     [&](fairlead::io::RoutingId from, std::string_view request) {
                       answers_.emplace_back(from, admin_.answer(request, now));
                     }),
        sockets_->admin);
  return more;
}

// First what happened is written down, then the world is told.
void Service::end_turn(Instant now) {
  turn_.clear();
  broker_->on_turn(now, turn_);
  write_journal();
  send_all(turn_.sends, now);
  tell(turn_.notes);
  for (const auto& [to, answer] : std::exchange(answers_, {})) sockets_->admin.send(to, answer);
  checkpoint_if_due();
}

// Does not return before the turn is in the journal: nothing is committed, nothing new is taken, and nobody takes us
// for dead meanwhile (docs/protocol.md, B11).
void Service::write_journal() {
  if (turn_.journal.empty()) return;
  const Instant begun = fairlead::io::now();
  bool troubled = false;
  for (Status written = journal_.append(turn_.journal); !written; written = journal_.append(turn_.journal)) {
    if (!troubled)
      log(fairlead::io::Level::error, "journal_stalled",
          {{"error", written.error().message}, {"advice", "free space or mend the disk; the bus goes on by itself"}});
    troubled = true;
    tell_status("the journal cannot be written: " + written.error().message);
    std::vector<Send> alive;
    broker_->keep_alive(fairlead::io::now(), alive);
    send_all(alive, fairlead::io::now());
    tell_alive(fairlead::io::now());  // to wait for a disk is no reason to be killed
    std::array<fairlead::io::WatchedFd, 1> fds{{{.fd = signals_.fd()}}};
    fairlead::io::wait({}, fds, journal_retry);
    if (fds[0].readable && stopped()) throw std::runtime_error("stopped while the journal could not be written");
  }
  if (troubled) log(fairlead::io::Level::warning, "journal_goes_on");
  measured_.journal_writes.add(fairlead::io::now() - begun);
  const std::uint64_t commits = broker_->counters().commits;
  measured_.commits_per_write.add(static_cast<double>(commits - std::exchange(measured_.commits, commits)));
}

void Service::tell_alive(Instant now) {
  if (!manager_.watchdog_every() || now - told_alive_ < *manager_.watchdog_every()) return;
  told_alive_ = now;
  manager_.still_alive();
}

void Service::tell_status(const std::string& ill) {
  if (!status_) return;
  status_->answer([&] {
    return fairlead::io::StatusServer::Report{
        .metrics = metrics_of(*broker_, measured_, journal_.size(), fairlead::io::now()), .ill = ill, .unready = {}};
  });
}

void Service::send_all(const std::vector<Send>& sends, Instant now) {
  for (const Send& send : sends) {
    if (send.leg == Leg::deliveries || send.leg == Leg::tap) {
      (send.leg == Leg::tap ? sockets_->tap : sockets_->deliveries).send(send.frame);
      continue;
    }
    Socket& socket = send.leg == Leg::frontend ? sockets_->frontend : sockets_->backend;
    if (socket.send(fairlead::io::RoutingId{send.routing}, send.frame) != Sent::sent) {
      broker_->on_unreachable(send.leg, send.routing, now);
    }
  }
}

void Service::tell(const std::vector<Note>& notes) const {
  for (const Note& note : notes) {
    if (!fairlead::io::log_enabled(level_of(note.level))) continue;
    std::string text;
    for (const auto& [key, value] : note.fields) text += (text.empty() ? "" : " ") + key + "=" + value;
    log(level_of(note.level), note.event, {{"about", text}});
  }
}

void Service::checkpoint_if_due() {
  if (!journal_.wants_checkpoint(config_.segment_bytes)) return;
  const Instant now = fairlead::io::now();
  if (now - last_checkpoint_attempt_ < 1s) return;
  last_checkpoint_attempt_ = now;
  const std::string checkpoint = broker_->checkpoint();
  if (checkpoint.empty()) return;
  if (auto begun = journal_.begin_segment(broker_->journal_header().segment, checkpoint); !begun) {
    log(fairlead::io::Level::error, "checkpoint_failed", {{"error", begun.error().message}});
  }
}

bool Service::stopped() {
  while (const auto signal = signals_.next()) {
    if (*signal == fairlead::io::Signal::hangup) {
      on_hangup();
      continue;
    }
    log(fairlead::io::Level::info, "stopping", {{"signal", name(*signal)}});
    stopping_ = true;
  }
  return stopping_;
}

void Service::on_hangup() {
  if (!gate_) return log(fairlead::io::Level::info, "nothing_to_reload", {{"text", "a bus without --peers"}});
  if (gate_->reload()) cut_everybody();
}

// libzmq cannot end one connection. So all end, as when a broker is restarted: whoever may still come is back in a
// moment, and what was under way comes again.
void Service::cut_everybody() {
  const BusAddress address = sockets_->address;
  sockets_.reset();
  broker_->on_tap_socket_closed();  // links end by themselves; taps have none
  // libzmq's thread lets go of the addresses in its own time.
  for (const Instant deadline = fairlead::io::now() + 5s; !sockets_;) {
    try {
      sockets_ = bind(context_, address);
    } catch (const std::runtime_error&) {
      if (fairlead::io::now() >= deadline) throw;
      fairlead::io::wait({}, {}, 5ms);
    }
  }
  log(fairlead::io::Level::warning, "everybody_cut", {{"reason", "somebody has lost rights"}});
}

}  // namespace fairlead::broker::io
