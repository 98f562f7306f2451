// Records of the hot path to bytes and back.
#include <benchmark/benchmark.h>

#include "schemas/codec.hpp"
#include "schemas/frame.hpp"

namespace fairlead::schemas {
namespace {

const ClientId ann{.gateway = {0x61}, .counter = 1};

Unit unit_of(std::size_t events) {
  Unit unit{.unit = UnitId{1}, .attempt = 1, .client = ann};
  unit.gateway = "door";
  unit.peer = "192.0.2.1:5000";
  for (std::size_t i = 0; i < events; ++i)
    unit.events.push_back({.seq = i + 2, .kind = EventKind::message, .binary = false, .payload = std::string(64, 'x')});
  return unit;
}

Outcome outcome_of() {
  Outcome outcome{.unit = UnitId{1}, .attempt = 1, .seq = 2};
  Send reply;
  reply.clients = {ann};
  reply.payload = std::string(64, 'x');
  outcome.effects.emplace_back(std::move(reply));
  return outcome;
}

template <class Record>
void encode(benchmark::State& state, const Record& record) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    append(out, record);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(static_cast<std::int64_t>(out.size()) * state.iterations());
}

template <class Record, class Decode>
void decode(benchmark::State& state, const Record& record, Decode how) {
  std::string bytes;
  append(bytes, record);
  for (auto _ : state) {
    Cursor cursor(bytes);
    auto decoded = how(cursor);
    if (!cursor.ok()) state.SkipWithError("cannot be read");
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations());
}

void codec_encode_unit(benchmark::State& state) { encode(state, unit_of(static_cast<std::size_t>(state.range(0)))); }
void codec_decode_unit(benchmark::State& state) {
  decode(state, unit_of(static_cast<std::size_t>(state.range(0))), decode_to_worker);
}
void codec_encode_outcome(benchmark::State& state) { encode(state, outcome_of()); }
void codec_decode_outcome(benchmark::State& state) { decode(state, outcome_of(), decode_from_worker); }
BENCHMARK(codec_encode_unit)->Arg(1)->Arg(16);
BENCHMARK(codec_decode_unit)->Arg(1)->Arg(16);
BENCHMARK(codec_encode_outcome);
BENCHMARK(codec_decode_outcome);

// A frame as the links carry it: built, closed with its header, opened again.
void link_frame(benchmark::State& state) {
  FrameBuilder builder;
  const Event event{.client = ann, .seq = 2, .payload = std::string(64, 'x')};
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) append(builder.body(), event);
    const std::string frame = builder.finish({.link = LinkId{1}, .seq = 1, .ack = 1});
    auto opened = open_frame(frame);
    benchmark::DoNotOptimize(opened);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(link_frame)->Arg(1)->Arg(64);

}  // namespace
}  // namespace fairlead::schemas
