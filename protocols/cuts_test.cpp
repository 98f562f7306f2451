// What a codec finds depends on the bytes, not on the reads they came in; and no bytes whatever do harm.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocols/client_codec.hpp"
#include "protocols/encode.hpp"
#include "protocols/recording_sink.hpp"
#include "protocols/server_codec.hpp"
#include "protocols/ws_frame.hpp"

namespace fairlead::protocols {
namespace {

constexpr std::string_view upgrade =
    "GET /ws?a=b HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nCookie: c=d\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

const ServerOptions small{.max_message = 300};

// All that a server hears when the bytes end at each of `ends`.
std::vector<std::string> heard_by_server(Kind kind, std::string bytes, const std::vector<std::size_t>& ends) {
  ServerCodec codec(kind, small);
  RecordingSink sink;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    codec.feed(std::span(bytes).subspan(begin, end - begin), sink);
    begin = end;
  }
  codec.feed(std::span(bytes).subspan(begin), sink);
  sink.calls.push_back("last words " + sink.last_words);
  return sink.calls;
}

std::vector<std::size_t> random_ends(Random& random, std::size_t size) {
  std::vector<std::size_t> ends(1 + random.below(12));
  for (std::size_t& end : ends) end = random.below(size + 1);
  std::ranges::sort(ends);
  return ends;
}

std::string random_bytes(Random& random, std::size_t most) {
  std::string out(random.below(most + 1), '\0');
  for (char& c : out) c = static_cast<char>(random.next() & 0xffU);
  return out;
}

// A conversation in that protocol, mostly right; sometimes a few bytes of it are not.
std::string conversation(Kind kind, Random& random) {
  std::string out;
  if (kind == Kind::ws) out = upgrade;
  const std::size_t messages = 1 + random.below(6);
  for (std::size_t i = 0; i < messages; ++i) {
    const std::string payload = random.one_in(2) ? random_bytes(random, 310) : std::string(random.below(310), 'a');
    if (kind != Kind::ws) {
      append_framed(kind, {payload}, out);
      continue;
    }
    const auto opcode = static_cast<ws::Opcode>(std::array{0, 1, 1, 2, 2, 8, 9, 10}.at(random.below(8)));
    const std::size_t begin = out.size();
    ws::append_frame(opcode, ws::is_control(opcode) ? payload.substr(0, 125) : payload, ws::random_mask(random), out);
    if (!ws::is_control(opcode) && random.one_in(2)) out[begin] = static_cast<char>(out[begin] & 0x7f);  // a fragment
  }
  if (random.one_in(3)) {
    const std::size_t begin = kind == Kind::ws ? upgrade.size() : 0;
    for (int i = 0; i < 3; ++i) {
      char& c = out[begin + random.below(out.size() - begin)];
      c = static_cast<char>(c ^ static_cast<char>(1U << random.below(8)));
    }
  }
  return out;
}

class EveryKind : public ::testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(, EveryKind, ::testing::Values(Kind::line, Kind::frame, Kind::ws),
                         [](const auto& kind) { return std::string(name(kind.param)); });

TEST_P(EveryKind, finds_the_same_wherever_the_bytes_are_cut) {
  Random random(20240607);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = conversation(GetParam(), random);
    const auto whole = heard_by_server(GetParam(), bytes, {});
    const auto ends = random_ends(random, bytes.size());
    ASSERT_EQ(heard_by_server(GetParam(), bytes, ends), whole) << "round " << round;
  }
}

TEST_P(EveryKind, finds_the_same_at_every_single_cut) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    const std::string bytes = conversation(GetParam(), random);
    const auto whole = heard_by_server(GetParam(), bytes, {});
    std::vector<std::size_t> every;
    for (std::size_t i = 0; i <= bytes.size(); ++i) {
      ASSERT_EQ(heard_by_server(GetParam(), bytes, {i}), whole) << "round " << round << ", cut at " << i;
      every.push_back(i);
    }
    ASSERT_EQ(heard_by_server(GetParam(), bytes, every), whole) << "round " << round << ", byte by byte";
  }
}

TEST_P(EveryKind, survives_random_bytes_and_keeps_little_of_them) {
  Random random(4711);
  for (int round = 0; round < 5000; ++round) {
    ServerCodec server(GetParam(), small);
    ClientCodec client(GetParam(), {.max_message = 300}, Random(1));
    RecordingSink sink;
    client.start(sink);
    if (GetParam() == Kind::ws && random.one_in(2)) {
      std::string opening(upgrade);
      server.feed(opening, sink);
    }
    for (int i = 0; i < 8; ++i) {
      std::string bytes = random_bytes(random, 400);
      std::string copy = bytes;
      server.feed(bytes, sink);
      client.feed(copy, sink);
      // A message, a control frame between its fragments, and the headers.
      ASSERT_LE(server.waiting(), std::max<std::size_t>(small.max_message + 125 + 14, small.max_head));
      if (random.one_in(8)) server.close({close_code::going_away, "bye"}, sink);
    }
  }
}

// From a client to a server, in reads of any size.
TEST_P(EveryKind, brings_every_message_across_in_order) {
  Random random(99);
  for (int round = 0; round < 200; ++round) {
    const ServerOptions options;
    ServerCodec server(GetParam(), options);
    ClientCodec client(GetParam(), {}, Random(random.next()));
    RecordingSink to_server;
    RecordingSink to_client;
    client.start(to_client);
    server.feed(to_client.replies, to_server);
    client.feed(to_server.replies, to_client);
    ASSERT_TRUE(client.is_open());
    to_server.calls.clear();

    std::vector<std::string> sent;
    std::string wire;
    for (int i = 0; i < 10; ++i) {
      std::string payload = random_bytes(random, random.one_in(5) ? 70'000 : 200);
      std::ranges::replace(payload, '\n', ' ');
      std::ranges::replace(payload, '\r', ' ');
      payload.resize(std::min<std::size_t>(payload.size(), 65'536));
      const bool binary = GetParam() == Kind::ws;
      client.encode({payload, binary}, wire);
      sent.push_back((binary ? "binary " : "text ") + payload);
    }
    std::size_t begin = 0;
    for (const std::size_t end : random_ends(random, wire.size())) {
      server.feed(std::span(wire).subspan(begin, end - begin), to_server);
      begin = end;
    }
    server.feed(std::span(wire).subspan(begin), to_server);
    ASSERT_EQ(to_server.calls, sent);
    ASSERT_EQ(server.waiting(), 0U);
  }
}

}  // namespace
}  // namespace fairlead::protocols
