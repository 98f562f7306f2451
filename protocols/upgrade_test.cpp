#include "protocols/upgrade.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocols/client_codec.hpp"
#include "protocols/recording_sink.hpp"
#include "protocols/server_codec.hpp"

namespace fairlead::protocols {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

// A request that is taken, and what the tests do to it.
struct Request {
  std::string line = "GET /ws?room=a+b&name=J%C3%BCrgen&odd=%zz&room=c HTTP/1.1";
  std::vector<std::string> headers = {"Host: chat.example", "Upgrade: WebSocket", "Connection: keep-alive, Upgrade",
                                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"};

  Request with(const std::string& header) && {
    headers.push_back(header);
    return std::move(*this);
  }
  Request without(const std::string& begin) && {
    std::erase_if(headers, [&](const std::string& header) { return header.starts_with(begin); });
    return std::move(*this);
  }
  Request asking(std::string first) && {
    line = std::move(first);
    return std::move(*this);
  }
  std::string text() const {
    std::string out = line + "\r\n";
    for (const std::string& header : headers) out += header + "\r\n";
    return out + "\r\n";
  }
};

struct Listener {
  explicit Listener(ServerOptions given = {}) : options(std::move(given)), codec(Kind::ws, options) {}

  RecordingSink& feed(std::string bytes) {
    codec.feed(bytes, heard);
    return heard;
  }

  // The status line of the refusal.
  std::string refusal(const Request& request) {
    feed(request.text());
    return heard.last_words.substr(0, heard.last_words.find('\r'));
  }

  ServerOptions options;
  RecordingSink heard;
  ServerCodec codec;
};

TEST(Upgrade, the_accept_key_is_the_one_of_rfc_6455) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Upgrade, is_answered_with_101_and_tells_all_that_the_request_said) {
  Listener listener;
  auto& heard = listener.feed(
      Request().with("Cookie: a=1; b=\"x y\"").with("Cookie: a=2").with("X-Two: 1").with("x-two:  2 ").text());
  ASSERT_EQ(heard.calls.size(), 2U);
  EXPECT_THAT(heard.replies, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(heard.replies, HasSubstr("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_EQ(heard.opened.path, "/ws");
  EXPECT_THAT(heard.opened.query, ElementsAre(Pair("name", "Jürgen"), Pair("odd", "%zz"), Pair("room", "c")));
  EXPECT_THAT(heard.opened.cookies, ElementsAre(Pair("a", "1"), Pair("b", "x y")));
  EXPECT_EQ(heard.opened.headers.at("x-two"), "1, 2");
  EXPECT_TRUE(listener.codec.is_open());
}

TEST(Upgrade, frames_that_follow_the_request_in_the_same_bytes_are_read) {
  Listener listener;
  std::string bytes = Request().text();
  bytes += std::string("\x81\x82\0\0\0\0hi", 8);
  EXPECT_EQ(listener.feed(bytes).calls.back(), "text hi");
}

TEST(Upgrade, may_come_byte_by_byte) {
  Listener listener;
  for (const char c : Request().text()) listener.feed(std::string(1, c));
  EXPECT_EQ(listener.heard.calls.back(), "open /ws");
  EXPECT_EQ(listener.codec.waiting(), 0U);
}

TEST(Upgrade, that_is_wrong_is_refused_with_the_status_that_says_how) {
  const auto refusal = [](const Request& request) { return Listener().refusal(request); };
  EXPECT_EQ(refusal(Request().asking("POST /ws HTTP/1.1")), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(refusal(Request().asking("GET /ws HTTP/1.0")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal(Request().without("Host")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal(Request().with("Host: other")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal(Request().without("Connection")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal(Request().without("Sec-WebSocket-Key")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal(Request().without("Sec-WebSocket-Key").with("Sec-WebSocket-Key: c2hvcnQ=")),
            "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal(Request().with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(refusal(Request().without("Sec-WebSocket-Version")), "HTTP/1.1 426 Upgrade Required");
}

TEST(Upgrade, to_another_version_is_told_which_one_is_spoken) {
  Listener listener;
  listener.refusal(Request().without("Sec-WebSocket-Version").with("Sec-WebSocket-Version: 8"));
  EXPECT_THAT(listener.heard.last_words, HasSubstr("\r\nSec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(listener.heard.calls,
              ElementsAre("close 1002: HTTP 426: only version 13 of the protocol is spoken here"));
  EXPECT_TRUE(listener.codec.is_closed());
  EXPECT_THAT(listener.feed(Request().text()).calls, ElementsAre(StartsWith("close")));
}

TEST(Upgrade, is_taken_at_the_listeners_path_and_from_its_origins_only) {
  EXPECT_EQ(Listener({.path = "/ws"}).refusal(Request()), "");
  EXPECT_EQ(Listener({.path = "/chat"}).refusal(Request()), "HTTP/1.1 404 Not Found");
  const ServerOptions ours{.origins = {"https://chat.example"}};
  EXPECT_EQ(Listener(ours).refusal(Request().with("Origin: https://chat.example")), "");
  EXPECT_EQ(Listener(ours).refusal(Request().with("Origin: https://evil.example")), "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(Listener(ours).refusal(Request()), "HTTP/1.1 403 Forbidden");
}

TEST(Upgrade, a_plain_get_is_a_request_for_a_page) {
  Listener listener;
  EXPECT_THAT(listener.feed("GET /index.html?x HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n").calls,
              ElementsAre("http GET /index.html?x"));
  EXPECT_TRUE(listener.codec.is_closed());
  EXPECT_THAT(Listener().feed("HEAD / HTTP/1.0\r\n\r\n").calls, ElementsAre("http HEAD /"));
}

TEST(Upgrade, garbage_is_refused_at_its_first_byte) {
  EXPECT_THAT(Listener().feed("\x16").last_words, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(Listener().feed("hello\n").last_words, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(Upgrade, floods_end_at_the_limits) {
  EXPECT_EQ(Listener().refusal(Request().asking("GET /" + std::string(5000, 'a') + " HTTP/1.1")),
            "HTTP/1.1 414 URI Too Long");
  EXPECT_EQ(Listener().refusal(Request().with("X: " + std::string(9000, 'a'))),
            "HTTP/1.1 431 Request Header Fields Too Large");
  Request many;
  for (int i = 0; i < 100; ++i) many.headers.push_back("X: y");
  EXPECT_EQ(Listener().refusal(many), "HTTP/1.1 431 Request Header Fields Too Large");

  for (const std::size_t piece : {1U, 1000U}) {
    Listener endless;
    endless.feed("GET / HTTP/1.1\r\n");
    for (int i = 0; i < 100'000 && !endless.codec.is_closed(); ++i) {
      endless.feed(std::string(piece, 'a'));
      ASSERT_LE(endless.codec.waiting(), endless.options.max_head);
    }
    EXPECT_TRUE(endless.codec.is_closed());
  }
}

TEST(Upgrade, a_listener_that_closes_before_it_is_done_says_503) {
  Listener listener;
  listener.feed("GET / HT");
  listener.codec.close({close_code::try_again_later, "draining"}, listener.heard);
  EXPECT_THAT(listener.heard.last_words, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(listener.heard.calls, ElementsAre("close 1013: draining"));
}

// What a client makes of an answer.
std::string client_hears(const std::string& answer) {
  ClientCodec client(Kind::ws, {}, Random(1));
  RecordingSink heard;
  client.start(heard);
  heard.calls.clear();
  std::string bytes = answer;
  client.feed(bytes, heard);
  return heard.calls.empty() ? "" : heard.calls.back();
}

TEST(Upgrade, a_client_says_what_the_server_answered_instead) {
  EXPECT_EQ(client_hears("HTTP/1.1 404 Not Found\r\n\r\n"), "close 1006: the server answered 404 Not Found");
  EXPECT_EQ(
      client_hears("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n"),
      "close 1006: the server's accept key is wrong");
  EXPECT_EQ(client_hears("HTTP/1.1 101 OK\r\n\r\n"),
            "close 1006: the server's answer is not an upgrade to a WebSocket");
  EXPECT_THAT(client_hears("220 mail.example ESMTP\r\n"), StartsWith("close 1006: the server's answer is not HTTP"));
}

TEST(Upgrade, a_client_sends_the_headers_it_was_given_and_a_new_key_each_time) {
  const auto request = [](std::uint64_t seed) {
    ClientCodec client(Kind::ws, {.host = "h:1", .target = "/x", .headers = {{"Origin", "https://o"}}}, Random(seed));
    RecordingSink heard;
    client.start(heard);
    return heard.replies;
  };
  EXPECT_THAT(request(1), StartsWith("GET /x HTTP/1.1\r\nHost: h:1\r\n"));
  EXPECT_THAT(request(1), HasSubstr("\r\nOrigin: https://o\r\n"));
  EXPECT_NE(request(1), request(2));
}

}  // namespace
}  // namespace fairlead::protocols
