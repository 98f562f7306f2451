// The broker between gateways and workers that do as the input says: what is right, what is late, and what is nonsense. It never trips
// over its own checks, what it sends can be read, its queues keep their limits, and its journal always reads as the state that it has.
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "schemas/limits.hpp"
#include "tests/fuzz/making.hpp"

namespace {

using namespace fairlead;          // NOLINT(google-build-using-namespace)
using namespace fairlead::broker;  // NOLINT(google-build-using-namespace)

class Bus {
 public:
  explicit Bus(fuzz::Input input) : input_(input) {}

  void run() {
    while (!input_.empty() && steps_++ < 400) step();
    turn();
    check_journal();
    broker_.on_stop(turn_);
    read_sends();
  }

 private:
  struct Peer {
    LinkId link{};
    Incarnation incarnation;
    std::uint64_t numbered = 0;                // records sent on this link
    std::uint64_t heard = 0;                   // the last delivery
    std::map<ClientId, std::uint64_t> events;  // of a gateway: the last number of each client
  };
  struct Out {
    schemas::Unit unit;
    RoutingId worker = 0;
    std::uint64_t next = 0;
  };

  void step() {
    switch (input_.byte() % 16) {
      case 0:
        return gateway_comes();
      case 1:
        return worker_comes();
      case 2:
      case 3:
        return event();
      case 4:
      case 5:
        return outcome();
      case 6:
        now_ += std::chrono::milliseconds(input_.below(9000));
        return turn();
      case 7:
        return turn();
      case 8:
        broker_.on_unreachable(input_.byte() % 2 == 0 ? Leg::frontend : Leg::backend, input_.byte() % 8, now_);
        return;
      case 9: {
        Peer& gateway = gateways_.at(input_.byte() % 2);
        const std::uint64_t seq = number_of(gateway);
        return broker_.on_frontend_frame(routing_of(gateway),
                                         fuzz::make_raw_frame(gateway.link, seq, input_.byte(), input_.block()), now_);
      }
      case 10: {
        const Peer& worker = workers_.at(input_.byte() % 2);
        return broker_.on_backend_frame(routing_of(worker), fuzz::make_raw_frame(worker.link, 0, 0, input_.block()),
                                        now_);
      }
      case 11: {
        Peer& worker = workers_.at(input_.byte() % 2);
        const std::uint64_t seq = number_of(worker);
        return outcome_frame(worker, fuzz::make_raw_frame(worker.link, seq, 0, input_.block()));
      }
      case 12:
        return anything();
      case 13:
        return control();
      case 14: {
        Peer& worker = workers_.at(input_.byte() % 2);
        const schemas::Publication publication{.id = input_.byte(), .effects = fuzz::make_effects(input_)};
        return outcome_frame(worker, fuzz::make_frame(worker.link, ++worker.numbered, 0, publication));
      }
      default:
        return restart();
    }
  }

  // The next number, or now and then another.
  std::uint64_t number_of(Peer& peer) {
    const unsigned how = input_.byte();
    if (how < 128) return ++peer.numbered;
    return how < 192 ? 0 : how;
  }
  RoutingId routing_of(const Peer& peer) const {
    return &peer >= gateways_.data() && &peer < gateways_.data() + gateways_.size()
               ? 1 + static_cast<RoutingId>(&peer - gateways_.data())
               : 5 + static_cast<RoutingId>(&peer - workers_.data());
  }

  void gateway_comes() {
    const std::size_t which = input_.byte() % 2;
    const unsigned how = input_.byte();
    Peer& gateway = gateways_.at(which);
    if (how % 4 == 3 || !gateway.incarnation) gateway = {.incarnation = {0x60 + which + (how % 8 == 7 ? 16 : 0)}};
    gateway.link = {++last_link_};
    gateway.numbered = 0;
    const bool knows = how >= 64;
    broker_.on_subscription('\1' + schemas::deliveries_topic(gateway.link), now_);
    const schemas::GatewayHello hello{.incarnation = gateway.incarnation,
                                      .name = std::string(1, static_cast<char>('g' + which)),
                                      .lineage = knows ? journal_header_.lineage : Lineage{how},
                                      .applied = how % 16 == 5 ? input_.byte() : gateway.heard};
    broker_.on_frontend_frame(routing_of(gateway), fuzz::make_frame(gateway.link, 0, 0, hello), now_);
  }

  void worker_comes() {
    const std::size_t which = input_.byte() % 2;
    Peer& worker = workers_.at(which);
    worker = {.link = {++last_link_}, .incarnation = {0x70 + which + 2U * (input_.byte() % 4U)}};
    const schemas::WorkerHello hello{.incarnation = worker.incarnation, .name = "w", .version = {}, .app = "a"};
    broker_.on_backend_frame(routing_of(worker), fuzz::make_frame(worker.link, 0, 0, hello), now_);
    outcome_frame(worker, fuzz::make_frame(worker.link, 0, 0, hello));
    broker_.on_backend_frame(routing_of(worker), fuzz::make_frame(worker.link, 0, 0, schemas::Credit{input_.byte()}),
                             now_);
  }

  void outcome_frame(const Peer& worker, const std::string& frame) {
    broker_.on_outcome_frame(schemas::outcomes_topic(worker.link) + frame, now_);
  }

  void event() {
    Peer& gateway = gateways_.at(input_.byte() % 2);
    const unsigned how = input_.byte();
    const ClientId client{.gateway = gateway.incarnation, .counter = 1 + how % 4};
    std::uint64_t& last = gateway.events[client];
    const std::uint64_t seq = how < 224 ? ++last : how % 8;
    schemas::Event event{.client = client, .seq = seq, .binary = how % 2 == 0, .payload = std::string(input_.text())};
    if (seq == 1) {
      event.kind = schemas::EventKind::open;
      if (how % 8 != 7) event.payload = schemas::encode(schemas::Handshake{.peer = "192.0.2.1:5"});
    } else if (how % 32 == 9) {
      event.kind = schemas::EventKind::close;
    }
    broker_.on_frontend_frame(routing_of(gateway),
                              fuzz::make_frame(gateway.link, ++gateway.numbered, gateway.heard, event), now_);
  }

  void outcome() {
    if (units_.empty()) return;
    Out& out = units_.at(input_.byte() % units_.size());
    Peer& worker = workers_.at(out.worker >= 5 ? (out.worker - 5) % 2 : 0);
    const unsigned how = input_.byte();
    schemas::Outcome record{.unit = out.unit.unit, .attempt = out.unit.attempt, .seq = out.next};
    if (how % 16 == 1) record.attempt += 1;
    if (how % 16 == 2) record.seq += 1;
    if (how % 16 == 3) record.verdict = schemas::Verdict::failed, record.error = "no";
    if (how % 16 == 4) record.verdict = schemas::Verdict::again, record.after = input_.below(60000);
    if (record.verdict == schemas::Verdict::done) record.effects = fuzz::make_effects(input_), ++out.next;
    outcome_frame(worker, fuzz::make_frame(worker.link, ++worker.numbered, 0, record));
  }

  void control() {
    const unsigned how = input_.byte();
    Peer& gateway = gateways_.at(how / 16 % 2);
    const Peer& worker = workers_.at(how / 16 % 2);
    const auto from_gateway = [&](const auto& record) {
      broker_.on_frontend_frame(routing_of(gateway), fuzz::make_frame(gateway.link, 0, gateway.heard, record), now_);
    };
    const auto from_worker = [&](const auto& record) {
      broker_.on_backend_frame(routing_of(worker), fuzz::make_frame(worker.link, 0, 0, record), now_);
    };
    switch (how % 8) {
      case 0:
        return from_gateway(schemas::Heartbeat{.head = how >= 128 ? gateway.numbered : how});
      case 1:
        return from_gateway(schemas::Bye{"bye"});
      case 2:
        return from_worker(schemas::Drain{});
      case 3:
        return from_worker(schemas::Bye{"bye"});
      case 4:
        if (!units_.empty()) {
          const Out& out = units_.at(input_.byte() % units_.size());
          from_worker(schemas::Progress{.unit = out.unit.unit, .attempt = out.unit.attempt});
        }
        return;
      case 5:
        return from_worker(schemas::Query{.id = how,
                                          .ask = static_cast<schemas::Ask>(input_.byte() % 12),
                                          .clients = {fuzz::make_client(input_)},
                                          .names = {fuzz::make_name(input_)},
                                          .cursor = std::string(input_.text()),
                                          .limit = input_.byte()});
      case 6:
        return from_worker(schemas::Credit{input_.below(1000)});
      default: {
        const auto& letters = broker_.state().dead_letters();
        if (letters.empty()) return broker_.publish(fuzz::make_effects(input_));
        const DeadLetter letter = letters.at(how / 32 % letters.size());
        if (how % 16 < 8) return (void)broker_.drop_dead_letter(letter.client, letter.seq);
        (void)broker_.retry_dead_letter(letter.client, letter.seq);
      }
    }
  }

  void anything() {
    const unsigned how = input_.byte() % 4;
    const std::string_view bytes = input_.block();
    if (how == 0) broker_.on_subscription(bytes, now_);
    if (how == 1) broker_.on_frontend_frame(1, bytes, now_);
    if (how == 2) broker_.on_backend_frame(5, bytes, now_);
    if (how == 3) broker_.on_outcome_frame(bytes, now_);
  }

  void turn() {
    turn_.clear();
    broker_.on_turn(now_, turn_);
    journal_ += turn_.journal;
    read_sends();
    for (const auto& [id, gateway] : broker_.state().gateways())
      FUZZ_DEMAND(gateway.ring.bytes() <= config().ring_limit + schemas::max_frame, "a ring keeps its limit");
    FUZZ_DEMAND(broker_.next_time(now_) > now_ - 1h, "there is a next time");
    if (++turns_ % 16 == 0) check_journal();
  }

  void check_journal() {
    auto replayed = replay_segment(journal_);
    FUZZ_DEMAND(replayed && !replayed->torn, "the journal can be read");
    FUZZ_DEMAND(replayed->state.digest() == broker_.state_digest(), "the journal reads as the state");
  }

  void read_sends() {
    for (const Send& send : turn_.sends) {
      const bool published = send.leg == Leg::deliveries;
      auto opened = schemas::open_frame(std::string_view(send.frame).substr(published ? schemas::topic_bytes : 0));
      FUZZ_DEMAND(opened && send.frame.size() <= schemas::max_frame, "a frame is a frame");
      std::uint64_t records = 0;
      for (; !opened->records.at_end(); ++records) {
        if (send.leg == Leg::backend) {
          auto record = schemas::decode_to_worker(opened->records);
          if (auto* unit = std::get_if<schemas::Unit>(&record)) take_unit(std::move(*unit), send.routing);
        } else {
          (void)schemas::decode_to_gateway(opened->records);
        }
        FUZZ_DEMAND(opened->records.ok(), "a record can be read");
      }
      if (!published || input_.byte() % 8 == 0) continue;  // lost on the way, now and then
      for (Peer& gateway : gateways_) {
        if (gateway.link == opened->header.link) gateway.heard = opened->header.seq + records - 1;
      }
    }
  }

  void take_unit(schemas::Unit unit, RoutingId worker) {
    FUZZ_DEMAND(!unit.events.empty(), "a unit has events");
    const std::uint64_t first = unit.events.front().seq;
    for (std::size_t i = 0; i < unit.events.size(); ++i)
      FUZZ_DEMAND(unit.events[i].seq == first + i, "a unit's events are in order");
    std::erase_if(units_, [&](const Out& out) { return out.unit.client == unit.client; });
    if (units_.size() >= 64) units_.erase(units_.begin());
    units_.push_back({std::move(unit), worker, first});
  }

  // The broker dies between two turns, or begins a new segment.
  void restart() {
    turn();
    check_journal();
    if (input_.byte() % 2 == 0) {
      if (std::string begun = broker_.checkpoint(); !begun.empty()) journal_ = std::move(begun);
      return turn();
    }
    auto replayed = replay_segment(journal_);
    FUZZ_DEMAND(replayed, "the journal can be read");
    units_.clear();
    journal_header_ = replayed->header;
    broker_ = Broker(config(), replayed->header, std::move(replayed->state));
    turn();
  }

  static Config config() {
    return {.incarnation = {1},
            .max_conflicts = 3,
            .dispatch = {.units = 8, .bytes = 4096, .deadline = 5s},
            .unit_events = 4,
            .unit_bytes = 2048,
            .delivery_window = 2048,
            .ring_limit = 8192,
            .gateway_events = 64};
  }

  fuzz::Input input_;
  JournalHeader journal_header_{.lineage = {7}, .shard = 0, .segment = 1};
  Broker broker_{config(), journal_header_};
  std::string journal_ = begin_segment(journal_header_, State{});
  Turn turn_;
  Instant now_{1000s};
  std::array<Peer, 2> gateways_{Peer{.incarnation = {0x60}}, Peer{.incarnation = {0x61}}};
  std::array<Peer, 2> workers_;
  std::vector<Out> units_;
  std::uint64_t last_link_ = 100;
  int steps_ = 0;
  int turns_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bus(fuzz::Input(data, size)).run();
  return 0;
}
