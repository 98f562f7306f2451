// Decisions of the whole pure broker, each an event in, a unit out, an outcome in, a commit and a delivery out; gateway
// and worker are a few lines in memory. Nothing is written, nothing is sent.
#include <benchmark/benchmark.h>

#include "broker/broker.hpp"
#include "schemas/codec.hpp"

namespace fairlead::broker {
namespace {

constexpr Incarnation gateway{0x61};
constexpr LinkId gateway_link{1};
constexpr LinkId worker_link{2};
constexpr RoutingId gateway_routing = 11;
constexpr RoutingId worker_routing = 12;

class InMemoryBus {
 public:
  explicit InMemoryBus(std::size_t clients) : next_(clients, 1), broker_({.incarnation = {1}}, {.lineage = {7}}) {
    broker_.on_subscription('\1' + schemas::deliveries_topic(gateway_link), now_);
    frontend(frame(gateway_link, 0, schemas::GatewayHello{.incarnation = gateway, .name = "door"}));
    const auto hello = frame(worker_link, 0, schemas::WorkerHello{.incarnation = {0x77}, .name = "hand"});
    broker_.on_backend_frame(worker_routing, hello, now_);
    broker_.on_outcome_frame(schemas::outcomes_topic(worker_link) + hello, now_);
    broker_.on_backend_frame(worker_routing, frame(worker_link, 0, schemas::Credit{100'000}), now_);
    const std::string handshake = schemas::encode(schemas::Handshake{.peer = "192.0.2.1:5"});
    round(schemas::EventKind::open, handshake, 1);
  }

  // Each client says `each` messages, which are all handled; answers with how many were committed.
  std::size_t round(schemas::EventKind kind, const std::string& payload, std::size_t each) {
    now_ += 1ms;
    schemas::FrameBuilder batch;
    const std::uint64_t first = events_ + 1;
    for (std::size_t i = 0; i < next_.size(); ++i) {
      for (std::size_t n = 0; n < each; ++n, ++events_) {
        schemas::append(batch.body(),
                        schemas::Event{.client = client(i), .seq = next_[i]++, .kind = kind, .payload = payload});
      }
    }
    frontend(batch.finish({.link = gateway_link, .seq = first, .ack = applied_}));
    const auto before = broker_.counters().commits;
    while (broker_.counters().commits - before < next_.size() * each) {
      turn_.clear();
      broker_.on_turn(now_, turn_);
      for (const Send& send : turn_.sends) on_send(send);
      if (turn_.sends.empty()) break;
    }
    turn_.clear();
    broker_.on_turn(now_, turn_);
    for (const Send& send : turn_.sends) on_send(send);
    return broker_.counters().commits - before;
  }

 private:
  static ClientId client(std::size_t i) { return {.gateway = gateway, .counter = static_cast<std::uint32_t>(i + 1)}; }

  template <class Record>
  std::string frame(LinkId link, std::uint64_t seq, const Record& record) {
    schemas::FrameBuilder builder;
    schemas::append(builder.body(), record);
    return builder.finish({.link = link, .seq = seq});
  }
  void frontend(const std::string& bytes) { broker_.on_frontend_frame(gateway_routing, bytes, now_); }

  void on_send(const Send& send) {
    if (send.leg == Leg::deliveries) {
      auto opened = *schemas::open_frame(std::string_view(send.frame).substr(schemas::topic_bytes));
      applied_ = opened.header.seq - 1;
      for (; !opened.records.at_end(); ++applied_) benchmark::DoNotOptimize(schemas::decode_to_gateway(opened.records));
    }
    if (send.leg == Leg::backend) handle(*schemas::open_frame(send.frame));
  }

  void handle(schemas::OpenFrame opened) {
    schemas::FrameBuilder answers{schemas::outcomes_topic(worker_link)};
    const std::uint64_t first = outcomes_ + 1;
    while (!opened.records.at_end()) {
      auto record = schemas::decode_to_worker(opened.records);
      const auto* unit = std::get_if<schemas::Unit>(&record);
      if (unit == nullptr) continue;
      for (const auto& event : unit->events) {
        schemas::Outcome outcome{.unit = unit->unit, .attempt = unit->attempt, .seq = event.seq};
        schemas::Send reply;
        reply.clients = {unit->client};
        reply.payload = event.payload;
        outcome.effects.emplace_back(std::move(reply));
        schemas::append(answers.body(), outcome);
        ++outcomes_;
      }
    }
    if (outcomes_ >= first) broker_.on_outcome_frame(answers.finish({.link = worker_link, .seq = first}), now_);
  }

  std::vector<std::uint64_t> next_;  // of each client
  Instant now_{1000s};
  Turn turn_;
  std::uint64_t events_ = 0;
  std::uint64_t outcomes_ = 0;
  std::uint64_t applied_ = 0;
  Broker broker_;
};

void broker_decisions(benchmark::State& state) {
  InMemoryBus bus(static_cast<std::size_t>(state.range(0)));
  const std::string payload(64, 'x');
  const auto each = static_cast<std::size_t>(state.range(1));
  std::size_t commits = 0;
  for (auto _ : state) commits += bus.round(schemas::EventKind::message, payload, each);
  state.SetItemsProcessed(static_cast<std::int64_t>(commits));
  if (commits == 0) state.SkipWithError("nothing was committed");
}
BENCHMARK(broker_decisions)->Args({64, 1})->Args({64, 16})->Args({1000, 1})->Args({10'000, 1});

}  // namespace
}  // namespace fairlead::broker
