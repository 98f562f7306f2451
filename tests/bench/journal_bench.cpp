// A commit as the journal has it, and a turn's bytes written, by level.
#include <filesystem>

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include "broker/io/journal_files.hpp"
#include "broker/journal.hpp"

namespace fairlead::broker {
namespace {

Commit commit() {
  Commit fact{.client = {.gateway = {0x61}, .counter = 1}, .seq = 2, .kind = schemas::EventKind::message};
  schemas::Send reply;
  reply.clients = {fact.client};
  reply.payload = std::string(64, 'x');
  fact.effects.emplace_back(std::move(reply));
  return fact;
}

void journal_fact(benchmark::State& state) {
  const Fact fact = commit();
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_fact(out, Lineage{1}, fact);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(journal_fact);

// The second argument is the number of commits in a turn.
void journal_append(benchmark::State& state) {
  std::string folder = (std::filesystem::temp_directory_path() / "fairlead-microbench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no folder");
  auto opened = io::JournalFiles::open(folder, static_cast<io::JournalLevel>(state.range(0)), 0, Lineage{7});
  if (!opened) return state.SkipWithError(opened.error().message.c_str());
  std::string turn;
  for (std::int64_t i = 0; i < state.range(1); ++i) append_fact(turn, Lineage{1}, commit());
  std::uint64_t segment = opened->second.header.segment;
  const std::string checkpoint = begin_segment(opened->second.header, State{});
  for (auto _ : state) {
    if (!opened->first.append(turn)) state.SkipWithError("cannot be written");
    if (opened->first.wants_checkpoint(std::size_t{64} << 20U)) {
      state.PauseTiming();
      if (!opened->first.begin_segment(++segment, checkpoint)) state.SkipWithError("no new segment");
      state.ResumeTiming();
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
  std::filesystem::remove_all(folder);
}
BENCHMARK(journal_append)->ArgsProduct({{0, 1, 2}, {1, 64}})->ArgNames({"level", "commits"});

}  // namespace
}  // namespace fairlead::broker
