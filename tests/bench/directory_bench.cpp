// The broker's directory: looking a client up, and a user who joins a group and leaves it.
#include <benchmark/benchmark.h>

#include "broker/directory.hpp"

namespace fairlead::broker {
namespace {

ClientId client(std::int64_t i) { return {.gateway = {0x61}, .counter = static_cast<std::uint32_t>(i + 1)}; }

void fill(Directory& directory, std::int64_t clients) {
  for (std::int64_t i = 0; i < clients; ++i) directory.add(client(i), {.done = 1, .peer = "192.0.2.1:5000"});
}

void directory_find(benchmark::State& state) {
  Directory directory;
  fill(directory, state.range(0));
  std::int64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(directory.find(client(i++ * 7919 % state.range(0))));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(directory_find)->Arg(1000)->Arg(60'000);

void directory_join_and_leave(benchmark::State& state) {
  Directory directory;
  fill(directory, state.range(0));
  for (std::int64_t i = 0; i < state.range(0); i += 2) directory.join(client(i), "room");
  std::int64_t i = 0;
  for (auto _ : state) {
    const ClientId who = client((i++ * 7919 % (state.range(0) / 2)) * 2 + 1);
    directory.join(who, "room");
    directory.leave(who, "room");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(directory_join_and_leave)->Arg(1000)->Arg(60'000);

}  // namespace
}  // namespace fairlead::broker
