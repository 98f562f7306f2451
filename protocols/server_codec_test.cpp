#include "protocols/server_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocols/client_codec.hpp"
#include "protocols/encode.hpp"
#include "protocols/recording_sink.hpp"

namespace fairlead::protocols {
namespace {

using ::testing::ElementsAre;

// A codec and all that it has said.
struct Server {
  explicit Server(Kind kind, ServerOptions given = {}) : options(std::move(given)), codec(kind, options) {}

  std::vector<std::string> feed(std::string bytes) {
    codec.feed(bytes, sink);
    return sink.take();
  }

  ServerOptions options;
  RecordingSink sink;
  ServerCodec codec;
};

TEST(ServerCodec, an_idle_connection_is_small) {
  EXPECT_LT(sizeof(LineReader), 64U);
  EXPECT_LT(sizeof(ServerCodec), 160U);
}

TEST(Line, a_message_ends_with_a_newline_and_the_return_before_it_is_not_part_of_it) {
  Server server(Kind::line);
  EXPECT_THAT(server.feed("one\ntwo\r\n\nth\rree\nfo"), ElementsAre("text one", "text two", "text ", "text th\rree"));
  EXPECT_EQ(server.codec.waiting(), 2U);
  EXPECT_THAT(server.feed("ur\r"), ElementsAre());
  EXPECT_THAT(server.feed("\n"), ElementsAre("text four"));
  EXPECT_EQ(server.codec.waiting(), 0U);
}

TEST(Line, of_exactly_the_limit_is_taken_and_one_byte_more_ends_the_connection) {
  Server server(Kind::line, {.max_message = 4});
  EXPECT_THAT(server.feed("abcd\nabcd\r\nabcd\r"), ElementsAre("text abcd", "text abcd"));
  EXPECT_THAT(server.feed("\nabcde"), ElementsAre("text abcd", "close 1009: a line of more than 4 bytes"));
  EXPECT_TRUE(server.codec.is_closed());
  EXPECT_THAT(server.feed("x\n"), ElementsAre());
  EXPECT_EQ(server.sink.last_words, "");
}

TEST(Line, that_a_return_makes_too_long_is_too_long) {
  Server server(Kind::line, {.max_message = 4});
  EXPECT_THAT(server.feed("abcd\r"), ElementsAre());
  EXPECT_THAT(server.feed("\r"), ElementsAre("close 1009: a line of more than 4 bytes"));
}

TEST(Line, without_end_is_refused_before_it_is_kept) {
  Server server(Kind::line, {.max_message = 100});
  EXPECT_THAT(server.feed(std::string(1'000'000, 'x')), ElementsAre("close 1009: a line of more than 100 bytes"));
  EXPECT_EQ(server.codec.waiting(), 0U);
}

TEST(Frame, any_bytes_and_the_empty_payload_are_messages) {
  Server server(Kind::frame);
  EXPECT_THAT(server.feed(std::string("\0\0\0\3a\nb\0\0\0\0\0\0", 13)), ElementsAre("text a\nb", "text "));
  EXPECT_THAT(server.feed(std::string("\0\2x", 3)), ElementsAre());
  EXPECT_THAT(server.feed("y"), ElementsAre("text xy"));
  EXPECT_EQ(server.codec.waiting(), 0U);
}

TEST(Frame, too_long_is_refused_at_its_header) {
  Server server(Kind::frame, {.max_message = 4});
  EXPECT_THAT(server.feed(std::string("\0\0\0\4abcd\xff\xff\xff\xff", 12)),
              ElementsAre("text abcd", "close 1009: a frame of 4294967295 bytes, more than 4"));
}

TEST(ServerCodec, closing_line_and_frame_says_nothing_on_the_wire_and_says_it_once) {
  for (const Kind kind : {Kind::line, Kind::frame}) {
    Server server(kind);
    server.codec.close({close_code::going_away, "draining"}, server.sink);
    server.codec.close({close_code::going_away, "draining"}, server.sink);
    EXPECT_THAT(server.sink.take(), ElementsAre("close 1001: draining"));
    EXPECT_FALSE(server.codec.is_open());
  }
}

// A server and a client that hear each other.
struct Pair {
  explicit Pair(Kind kind) : server(kind, options), client(kind, {.target = "/ws?room=a+b"}, Random(7)) {}

  void start() {
    client.start(client_heard);
    pump();
    client_heard.calls.clear();
    server_heard.calls.clear();
  }

  // Carries replies and last words to and fro until nobody has anything to say.
  void pump() {
    for (bool more = true; more;) {
      std::string up = std::exchange(client_heard.replies, {}) + std::exchange(client_heard.last_words, {});
      server.feed(up, server_heard);
      std::string down = std::exchange(server_heard.replies, {}) + std::exchange(server_heard.last_words, {});
      client.feed(down, client_heard);
      more = !up.empty() || !down.empty();
    }
  }

  ServerOptions options;
  ServerCodec server;
  ClientCodec client;
  RecordingSink server_heard;
  RecordingSink client_heard;
};

TEST(Codecs, carry_messages_both_ways_in_every_protocol) {
  for (const Kind kind : {Kind::line, Kind::frame, Kind::ws}) {
    Pair pair(kind);
    pair.start();
    ASSERT_TRUE(pair.server.is_open());
    ASSERT_TRUE(pair.client.is_open());
    for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U}) {
      const std::string payload(size, 'x');
      std::string up;
      pair.client.encode({payload}, up);
      pair.server.feed(up, pair.server_heard);
      EXPECT_EQ(pair.server_heard.take(), std::vector{"text " + payload});
      std::string down;
      append_framed(kind, {payload}, down);
      EXPECT_EQ(down.size(), framed_size(kind, size));
      pair.client.feed(down, pair.client_heard);
      EXPECT_EQ(pair.client_heard.take(), std::vector{"text " + payload});
    }
  }
}

TEST(Codecs, pings_are_answered_whoever_asks) {
  Pair pair(Kind::ws);
  pair.start();
  std::string up;
  pair.client.ping("up?", up);
  pair.server.feed(up, pair.server_heard);
  pair.pump();
  EXPECT_EQ(pair.client_heard.take(), std::vector<std::string>{"pong up?"});
  pair.server_heard.take();
  std::string down;
  append_ping(Kind::ws, "down?", down);
  pair.client.feed(down, pair.client_heard);
  pair.pump();
  EXPECT_EQ(pair.server_heard.take(), std::vector<std::string>{"pong down?"});
}

TEST(Codecs, a_close_is_answered_and_both_sides_know_who_asked) {
  Pair pair(Kind::ws);
  pair.start();
  pair.server.close({close_code::policy, "too slow"}, pair.server_heard);
  EXPECT_FALSE(pair.server.is_open());
  EXPECT_FALSE(pair.server.is_closed());
  pair.pump();
  EXPECT_EQ(pair.client_heard.calls.back(), "close 1008 by peer: too slow");
  EXPECT_EQ(pair.server_heard.calls.back(), "close 1008: too slow");
  EXPECT_TRUE(pair.server.is_closed());
  EXPECT_TRUE(pair.client.is_closed());
}

TEST(Codecs, messages_that_cross_our_close_are_dropped) {
  Pair pair(Kind::ws);
  pair.start();
  std::string up;
  pair.client.encode({"late"}, up);
  pair.server.close({close_code::going_away, ""}, pair.server_heard);
  pair.server_heard.take();
  pair.server.feed(up, pair.server_heard);
  EXPECT_THAT(pair.server_heard.take(), ElementsAre());
}

TEST(Codecs, a_peer_that_breaks_a_rule_behind_our_close_gets_no_second_close) {
  Pair pair(Kind::ws);
  pair.start();
  pair.server.close({close_code::going_away, ""}, pair.server_heard);
  std::string unmasked("\x81\x01x");
  pair.server.feed(unmasked, pair.server_heard);
  EXPECT_EQ(pair.server_heard.calls.back(), "close 1002: an unmasked frame");
  EXPECT_EQ(pair.server_heard.last_words, "");
}

TEST(Codecs, a_peers_close_half_read_when_we_close_is_still_understood) {
  Pair pair(Kind::ws);
  pair.start();
  pair.client.close({4000, "bye"}, pair.client_heard);
  std::string up = std::exchange(pair.client_heard.replies, {});
  pair.server.feed(std::span(up).first(7), pair.server_heard);
  pair.server.close({close_code::going_away, "draining"}, pair.server_heard);
  pair.server.feed(std::span(up).subspan(7), pair.server_heard);
  EXPECT_EQ(pair.server_heard.calls.back(), "close 1001: draining");
}

}  // namespace
}  // namespace fairlead::protocols
