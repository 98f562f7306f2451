// An event put into its client's mailbox, and taken out when it is committed.
#include <benchmark/benchmark.h>

#include "broker/mailbox.hpp"

namespace fairlead::broker {
namespace {

void mailbox_put_and_pop(benchmark::State& state) {
  Mailboxes boxes;
  std::vector<std::uint64_t> next(static_cast<std::size_t>(state.range(0)), 1);
  const std::string payload(64, 'x');
  std::size_t i = 0;
  for (auto _ : state) {
    const std::size_t who = i++ % next.size();
    const ClientId id{.gateway = {0x61}, .counter = static_cast<std::uint32_t>(who + 1)};
    Mailbox& box = boxes.of(id, next[who] - 1);
    const schemas::EventKind kind = schemas::EventKind::message;
    Mailboxes::put(box, {.seq = next[who]++, .kind = kind, .binary = false, .payload = payload});
    box.pop();
    boxes.tidy(id);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(mailbox_put_and_pop)->Arg(64)->Arg(10'000);

}  // namespace
}  // namespace fairlead::broker
