// The broker: hands the events of clients to workers, one unit of a client at a time, commits what comes of them, and
// numbers the deliveries for each gateway. It composes the parts of this folder and turns records into calls and
// decisions into frames; it does no input or output. docs/protocol.md has its rules, B1 to B12.
//
// A turn: hand in everything that came (on_…_frame, on_subscription, on_unreachable), then on_turn(). The journal bytes
// of the turn must be written before any of its sends is made; if they cannot be, hold the turn back and call
// keep_alive().
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/dispatch.hpp"
#include "broker/journal.hpp"
#include "broker/mailbox.hpp"
#include "broker/roster.hpp"
#include "broker/state.hpp"
#include "broker/tap.hpp"
#include "bus/pause.hpp"
#include "bus/result.hpp"
#include "bus/time.hpp"
#include "schemas/records.hpp"

namespace fairlead::broker {

struct Config {
  Incarnation incarnation;
  Duration heartbeat = 500ms;
  Duration dead = 4s;  // a silent link
  // A gateway without a link: its clients are closed, after a silence, or after its connection was closed, as by the
  // death of its process; one that lives dials again within half of that.
  Duration gateway_dead = 15s;
  Duration gateway_gone = 5s;
  std::uint32_t max_attempts = 3;
  std::uint32_t max_conflicts = 100;   // in a row, of one event; then they count as a failure
  Duration longest_postponement = 1h;  // of an event, at a time
  DispatchLimits dispatch;
  std::size_t unit_events = 64;
  std::size_t unit_bytes = std::size_t{256} << 10U;
  std::size_t delivery_window = std::size_t{16} << 20U;  // unacknowledged bytes of a gateway
  std::size_t ring_limit = std::size_t{64} << 20U;       // bytes kept for a gateway before it is cut off
  std::uint64_t gateway_events = 1'000'000;              // of one gateway, not committed
};

enum class Leg : std::uint8_t { frontend, deliveries, backend, tap };

struct Send {
  Leg leg = Leg::frontend;
  RoutingId routing = 0;  // on ROUTER legs
  std::string frame;      // on deliveries and tap with its topic in front
};

enum class Level : std::uint8_t { debug, info, warning, error };
struct Note {
  Level level = Level::info;
  std::string event;
  std::vector<std::pair<std::string, std::string>> fields;
};

struct Turn {
  std::string journal;
  std::vector<Send> sends;
  std::vector<Note> notes;

  void clear() { journal.clear(), sends.clear(), notes.clear(); }
};

// Everything that happened, counted; nothing here ever goes down.
struct Counters {
  std::uint64_t events = 0;           // taken from gateways
  std::uint64_t repeated_events = 0;  // offered again, dropped
  std::uint64_t refused_events = 0;   // of clients the broker does not have
  std::uint64_t units = 0;            // handed to workers
  std::uint64_t commits = 0;
  std::uint64_t publications = 0;  // committed
  std::uint64_t repeated_publications = 0;
  std::uint64_t failed = 0;         // outcomes that say the handler failed
  std::uint64_t postponed = 0;      // outcomes that say "again, later"
  std::uint64_t conflicts = 0;      // outcomes refused because a session they had read was another by then
  std::uint64_t late_outcomes = 0;  // of units or attempts given up, dropped
  std::uint64_t returned = 0;       // units given up and handed out again
  std::uint64_t dead_letters = 0;
  std::uint64_t stale_frames = 0;  // of links that are no more
  std::uint64_t bad_frames = 0;
  std::uint64_t unknown_records = 0;
  std::uint64_t resets = 0;  // links ended by the broker
  std::uint64_t queries = 0;
};

class Broker {
 public:
  // A broker with a new journal; the caller has written begin_segment() of the empty state.
  Broker(Config config, JournalHeader header);
  // A broker that goes on from its journal.
  Broker(Config config, JournalHeader header, State state);

  void on_frontend_frame(RoutingId from, std::string_view frame, Instant now);
  // As XPUB receives it: 1 (subscribe) or 0 (unsubscribe), then the topic.
  void on_subscription(std::string_view message, Instant now);
  void on_backend_frame(RoutingId from, std::string_view frame, Instant now);
  // As XSUB receives it, topic included.
  void on_outcome_frame(std::string_view frame, Instant now);
  // Likewise of the tap's XPUB (broker/tap.hpp).
  void on_tap_subscription(std::string_view message, Instant now) { tap_.on_subscription(message, now); }
  void on_tap_socket_closed() { tap_.on_socket_closed(); }
  // What the wall clock says now, for taps to show.
  void set_wall_time(Duration since_epoch) { wall_time_ = since_epoch; }
  // A send on a ROUTER could not be routed, or would have blocked.
  void on_unreachable(Leg leg, RoutingId routing, Instant now);

  // Ends the turn. `turn` is to be empty.
  void on_turn(Instant now, Turn& turn);
  // When on_turn() is to be called next at the latest.
  Instant next_time(Instant now) const;

  // While the journal cannot be written: heartbeats only, so that nobody takes the broker for dead.
  void keep_alive(Instant now, std::vector<Send>& sends);

  // The beginning of the next segment: everything durable as it is now. To be called between turns. Empty: not now, the
  // next turn has something to write first.
  std::string checkpoint();
  const JournalHeader& journal_header() const { return header_; }

  // The broker leaves on purpose: tells every peer, so that they look for the next one at once.
  void on_stop(Turn& turn);

  // ---- for the operator (broker_admin.cpp). What these change leaves with the next turn.

  struct GatewayInfo {
    std::string name;
    Incarnation incarnation;
    bool live = false;
    bool gone = false;             // given up: its clients are being closed
    std::optional<Duration> away;  // since it was last here
    std::uint64_t clients = 0;
    std::uint64_t uncommitted = 0;  // events taken
    std::size_t kept_bytes = 0;     // deliveries it has not acknowledged
    bool lagging = false;           // it gets nothing new before it acknowledges
  };
  struct WorkerInfo {
    std::string name;
    std::string version;
    std::string app;
    Incarnation incarnation;
    bool live = false;
    std::uint64_t units = 0;     // it has
    std::uint64_t commits = 0;   // on this link
    std::uint64_t failures = 0;  // likewise
    Duration silent{};
  };
  std::vector<GatewayInfo> gateways(Instant now) const;
  std::vector<WorkerInfo> workers(Instant now) const;
  // Events of the client that are not committed.
  std::size_t waiting_events(const ClientId& client) const;

  void publish(std::vector<schemas::Effect> effects);
  // The Error says why it cannot be handled again; then nothing has changed.
  Status retry_dead_letter(const ClientId& client, std::uint64_t seq);
  Status drop_dead_letter(const ClientId& client, std::uint64_t seq);

  const Counters& counters() const { return counters_; }
  const State& state() const { return state_; }
  const Tap& tap() const { return tap_; }
  std::size_t live_gateways() { return count_live(gateways_); }
  std::size_t live_workers() { return count_live(workers_); }
  std::size_t waiting_clients() const { return mailboxes_.size(); }
  std::size_t units_out() const { return dispatch_.out(); }
  std::string state_digest() const { return state_.digest(); }

 private:
  // broker.cpp: frames and links
  template <class P>
  P* peer_of(Peers<P>& peers, RoutingId from, LinkId link);
  void answer_stale(Leg leg, RoutingId to, LinkId link);
  void reset(GatewayPeer& peer, const std::string& reason, Instant now);
  void reset(WorkerPeer& peer, const std::string& reason, Instant now);
  void send_now(Leg leg, RoutingId to, LinkId link, const auto& record);

  // broker_gateways.cpp
  void on_hello(RoutingId from, LinkId link, const schemas::GatewayHello& hello, Instant now);
  void go_live(GatewayPeer& peer, Instant now);
  bool on_record(GatewayPeer& peer, schemas::ToBrokerFromGateway record, std::uint64_t number, Instant now);
  bool on_control(GatewayPeer& peer, const schemas::ToBrokerFromGateway& record, Instant now);
  bool on_numbered(GatewayPeer& peer, schemas::ToBrokerFromGateway record, Instant now);
  bool on_event(GatewayPeer& peer, schemas::Event event);
  void on_applied(const GatewayPeer& peer, std::uint64_t applied);
  enum class Loss : std::uint8_t { silent, closed };
  void lose(GatewayPeer& peer, const std::string& reason, Instant now, Loss loss = Loss::silent);
  void give_up_gateway(Incarnation gateway, const std::string& reason);
  void close_clients_of(Incarnation gateway);
  void check_gateways(Instant now);
  void flush(GatewayPeer& peer, Instant now);

  // broker_workers.cpp
  void on_hello(RoutingId from, LinkId link, const schemas::WorkerHello& hello, Instant now);
  void go_live(WorkerPeer& peer, Instant now);
  bool on_record(WorkerPeer& peer, schemas::ToBrokerFromWorker record, Instant now);
  void on_outcome(WorkerPeer& peer, schemas::Outcome outcome, Instant now);
  void on_publication(WorkerPeer& peer, schemas::Publication publication);
  void postpone(UnitId unit, Instant until);
  void wake_postponed(Instant now);
  void lose(WorkerPeer& peer, const std::string& reason, bool blame, Instant now);
  void give_up(UnitId unit, bool blame, const std::string& reason, Dispatch::Place place);
  void check_workers(Instant now);
  void hand_out(Instant now);
  void flush(WorkerPeer& peer, Instant now);
  template <class Record>
  void number(WorkerPeer& peer, const Record& record);

  // broker_commits.cpp
  static std::string peer_of_open(const schemas::UnitEvent& event);
  void record(const Fact& fact);
  void commit(const ClientId& client, Mailbox& mailbox, std::vector<schemas::Effect> effects);
  void blame(const ClientId& client, Mailbox& mailbox, const std::string& reason);
  // The client's events are in no unit: it is ready, or has nothing left.
  void settle(const ClientId& client, Mailbox& mailbox, Dispatch::Place place);
  void count_down(const ClientId& client);

  void note(Level level, std::string event, std::vector<std::pair<std::string, std::string>> fields);
  template <class P>
  static std::size_t count_live(Peers<P>& peers);

  Config config_;
  JournalHeader header_;
  State state_;
  Mailboxes mailboxes_;
  Dispatch dispatch_;
  Peers<GatewayPeer> gateways_;
  Peers<WorkerPeer> workers_;
  HalfSeen subscriptions_;
  HalfSeen outcome_hellos_;
  struct Away {
    Instant since{};
    Instant until{};  // then it is given up
  };
  std::map<Incarnation, Away> away_;            // gateways of the state that have no live link
  std::map<Incarnation, std::uint64_t> taken_;  // events per gateway, taken and not committed
  // Workers that were lost while handling an event, and the event that was blamed for it: taken back if they return.
  std::map<Incarnation, std::pair<ClientId, std::uint64_t>> blamed_;
  std::multimap<Instant, ClientId> postponed_;
  PauseDetector pause_;
  Counters counters_;
  Tap tap_;
  Duration wall_time_{};
  std::string journal_;
  std::vector<Send> sends_;
  std::vector<Note> notes_;
  bool started_ = false;
  std::uint64_t turns_ = 0;
  std::uint64_t last_publication_ = 0;  // of our own
};

}  // namespace fairlead::broker
