// The users' side: sixteen messages in one read, taken apart; and one framed for sending.
#include <benchmark/benchmark.h>

#include "protocols/client_codec.hpp"
#include "protocols/encode.hpp"
#include "protocols/server_codec.hpp"

namespace fairlead::protocols {
namespace {

struct Counter final : Sink {
  void on_message(Message message) override { bytes += message.payload.size(); }
  void on_reply(std::string_view reply) override { replies += reply; }
  void on_close(const Ending&) override { closed = true; }
  std::size_t bytes = 0;
  std::string replies;
  bool closed = false;
};

void codec_read_16(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const ServerOptions options;
  ServerCodec server(kind, options);
  ClientCodec client(kind, {}, Random{1});
  Counter at_server;
  Counter at_client;
  client.start(at_client);
  server.feed(std::span(at_client.replies.data(), at_client.replies.size()), at_server);
  client.feed(std::span(at_server.replies.data(), at_server.replies.size()), at_client);
  std::string sixteen;
  const std::string payload(64, 'x');
  for (int i = 0; i < 16; ++i) client.encode({.payload = payload, .binary = false}, sixteen);
  std::string read;
  for (auto _ : state) {
    read = sixteen;  // ws unmasks in place
    server.feed(std::span(read.data(), read.size()), at_server);
  }
  if (at_server.closed) state.SkipWithError("closed");
  state.SetItemsProcessed(state.iterations() * 16);
}
BENCHMARK(codec_read_16)->DenseRange(0, 2)->ArgName("kind");

void codec_write(benchmark::State& state) {
  const std::string payload(64, 'x');
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_framed(static_cast<Kind>(state.range(0)), {.payload = payload, .binary = false}, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(codec_write)->DenseRange(0, 2)->ArgName("kind");

}  // namespace
}  // namespace fairlead::protocols
