// The users' side with real sockets, while no broker is there: nobody is hung up on, nothing grows without bound.
#include "gateway/io/shell.hpp"

#include <array>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/io/clock.hpp"
#include "protocols/client_codec.hpp"
#include "protocols/recording_sink.hpp"

namespace fairlead::gateway::io {
namespace {

// A user who does what the test says.
class User {
 public:
  explicit User(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
  }

  // As much as the kernel takes.
  std::size_t say(std::string_view bytes) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  // What has come so far; sets ended().
  const std::string& heard() {
    std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0)
      heard_.append(buffer.data(), static_cast<std::size_t>(got));
    ended_ = ended_ || got == 0 || (got < 0 && errno != EAGAIN);
    return heard_;
  }
  bool ended() { return heard(), ended_; }
  void hang_up() { socket_.reset(); }
  void stop_talking() { ::shutdown(socket_.get(), SHUT_WR); }

 private:
  fairlead::io::Fd socket_;
  std::string heard_;
  bool ended_ = false;
};

struct ShellTest : ::testing::Test {
  ShellTest() {
    settings.broker = *BusAddress::for_connect("ipc:///nowhere/fairlead-test");
    entrance.close = 500ms;
  }

  void start(const std::string& listen) {
    settings.doors = {{.endpoint = *UserEndpoint::for_listen(listen), .settings = entrance}};
    shell = std::make_unique<Shell>(settings, nullptr);
  }
  User connect() { return User(shell->users().listeners().front().port()); }

  template <class Condition>
  bool until(Condition condition, Duration patience = 10s) {
    const Instant end = fairlead::io::now() + patience;
    while (!condition()) {
      if (fairlead::io::now() > end) return false;
      shell->turn(5ms);
    }
    return true;
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) shell->turn(1ms);
  }
  std::size_t kept() const { return shell->gateway().uplink().events(); }

  EntranceSettings entrance;
  ShellSettings settings;
  std::unique_ptr<Shell> shell;
};

TEST_F(ShellTest, what_a_user_types_is_kept_while_there_is_no_broker) {
  start("line://127.0.0.1:0");
  User user = connect();
  user.say("one\r\ntwo\n");
  EXPECT_TRUE(until([&] { return kept() == 3; }));
  EXPECT_FALSE(user.ended());
}

TEST_F(ShellTest, a_user_who_types_too_much_is_not_read_any_more_and_not_hung_up_on) {
  start("line://127.0.0.1:0");
  User user = connect();
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += "line number " + std::to_string(i) + " of a user in a hurry\n";
  // The kernel takes what its buffers hold; then nobody reads, and it takes nothing more.
  std::size_t taken = 0;
  int refusals = 0;
  ASSERT_TRUE(until([&] {
    const std::size_t now_taken = user.say(std::string_view(lines).substr(taken % lines.size()));
    taken += now_taken;
    refusals = now_taken == 0 ? refusals + 1 : 0;
    return refusals > 20;
  }));
  EXPECT_EQ(kept(), 32U);
  EXPECT_FALSE(user.ended());
  // Not reading must not mean spinning.
  const Instant begin = fairlead::io::now();
  shell->turn(50ms);
  EXPECT_GE(fairlead::io::now() - begin, 1ms);
}

TEST_F(ShellTest, the_end_of_a_user_comes_behind_what_was_read) {
  settings.gateway.limits.events_per_client = 4;
  start("line://127.0.0.1:0");
  User user = connect();
  user.say("1\n2\n3\n4\n5\n6\n");
  ASSERT_TRUE(until([&] { return kept() == 4; }));
  user.hang_up();
  turns(20);
  EXPECT_EQ(kept(), 4U);  // the close event would be the fifth
  EXPECT_EQ(shell->users().connections(), 1U);
}

TEST_F(ShellTest, a_user_who_hangs_up_leaves_a_close_event) {
  start("frame://127.0.0.1:0");
  User user = connect();
  user.say(std::string("\0\0\0\2hi", 6));
  ASSERT_TRUE(until([&] { return kept() == 2; }));
  user.hang_up();
  EXPECT_TRUE(until([&] { return kept() == 3 && shell->users().connections() == 0; }));
}

TEST_F(ShellTest, a_user_who_only_stops_talking_is_not_hung_up_on_before_the_answers) {
  entrance.close = 300ms;
  start("line://127.0.0.1:0");
  User user = connect();
  const Instant begin = fairlead::io::now();
  user.say("hello\n");
  user.stop_talking();
  EXPECT_TRUE(until([&] { return kept() == 3; }));  // open, message, close
  EXPECT_FALSE(user.ended());
  // There is nothing to read any more; not reading it must not mean spinning.
  const Instant turn = fairlead::io::now();
  shell->turn(50ms);
  EXPECT_GE(fairlead::io::now() - turn, 1ms);
  EXPECT_TRUE(until([&] { return user.ended() && shell->users().connections() == 0; }));
  EXPECT_GE(fairlead::io::now() - begin, 300ms);
}

TEST_F(ShellTest, at_the_gateways_limit_nobody_is_read_and_nobody_accepted) {
  settings.gateway.limits.events = 4;
  start("line://127.0.0.1:0");
  User one = connect();
  one.say("1\n2\n3\n4\n5\n");
  ASSERT_TRUE(until([&] { return kept() == 4; }));
  User two = connect();
  two.say("x\n");
  turns(20);
  EXPECT_EQ(kept(), 4U);
  EXPECT_EQ(shell->users().connections(), 1U);
  EXPECT_FALSE(two.ended());
}

TEST_F(ShellTest, users_beyond_the_descriptors_wait_until_somebody_leaves) {
  settings.users.descriptors = 1;
  start("line://127.0.0.1:0");
  User one = connect();
  ASSERT_TRUE(until([&] { return kept() == 1; }));
  User two = connect();
  turns(20);
  EXPECT_EQ(kept(), 1U);
  one.hang_up();
  EXPECT_TRUE(until([&] { return kept() == 3; }));
  EXPECT_FALSE(two.ended());
}

TEST_F(ShellTest, a_line_that_is_too_long_ends_the_connection) {
  entrance.protocol.max_message = 100;
  start("line://127.0.0.1:0");
  User user = connect();
  user.say(std::string(200, 'x'));
  EXPECT_TRUE(until([&] { return user.ended(); }));
  EXPECT_EQ(shell->users().counted().broke_rules, 1U);
  EXPECT_EQ(kept(), 2U);
}

TEST_F(ShellTest, the_end_of_a_user_who_is_owed_answers_waits_for_them_but_not_for_ever) {
  entrance.protocol.max_message = 100;
  entrance.close = 300ms;
  start("line://127.0.0.1:0");
  User user = connect();
  const Instant begin = fairlead::io::now();
  user.say("hello\n" + std::string(200, 'x'));
  EXPECT_TRUE(until([&] { return kept() == 3; }));  // open, message, close: the bus knows at once
  EXPECT_FALSE(user.ended());
  EXPECT_TRUE(until([&] { return user.ended(); }));
  EXPECT_GE(fairlead::io::now() - begin, 300ms);
}

TEST_F(ShellTest, a_websocket_opens_talks_and_answers_a_close) {
  start("ws://127.0.0.1:0/ws");
  User user = connect();
  protocols::RecordingSink sink;
  protocols::ClientCodec codec(protocols::Kind::ws, {.target = "/ws?room=1"}, Random(1));
  codec.start(sink);
  std::size_t sent = 0;
  std::size_t fed = 0;
  const auto exchange = [&] {
    sent += user.say(std::string_view(sink.replies).substr(sent));
    std::string bytes = user.heard().substr(fed);
    fed += bytes.size();
    codec.feed(bytes, sink);
  };
  ASSERT_TRUE(until([&] { return exchange(), codec.is_open(); }));
  EXPECT_EQ(kept(), 1U);
  codec.encode({.payload = "hello"}, sink.replies);
  ASSERT_TRUE(until([&] { return exchange(), kept() == 2; }));
  codec.close({.code = 1000, .text = "done"}, sink);
  ASSERT_TRUE(until([&] { return exchange(), codec.is_closed() && user.ended(); }));
  EXPECT_EQ(kept(), 3U);
}

TEST_F(ShellTest, a_silent_websocket_is_pinged_and_then_given_up) {
  entrance.vigil.ping = 50ms;
  entrance.vigil.dead = 200ms;
  start("ws://127.0.0.1:0/ws");
  User user = connect();
  user.say(
      "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_TRUE(until([&] { return user.heard().ends_with(std::string("\x89\0", 2)); }));
  EXPECT_TRUE(until([&] { return user.ended(); }));
  EXPECT_EQ(shell->users().counted().silent, 1U);
}

TEST_F(ShellTest, a_handshake_that_does_not_come_to_its_end_is_given_up) {
  entrance.handshake = 50ms;
  start("ws://127.0.0.1:0/ws");
  User user = connect();
  user.say("GET /ws HT");
  EXPECT_TRUE(until([&] { return user.ended(); }));
  EXPECT_TRUE(user.heard().starts_with("HTTP/1.1 503 ")) << user.heard();
  EXPECT_NE(user.heard().find("took too long"), std::string::npos) << user.heard();
  EXPECT_EQ(kept(), 0U);
  EXPECT_EQ(shell->users().counted().handshake_timeouts, 1U);
}

TEST_F(ShellTest, a_browser_gets_files_and_nothing_outside_of_their_folder) {
  std::string folder = ::testing::TempDir() + "fairlead-www-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/index.html") << "<p>hello</p>";
  settings.users.www = folder;
  start("ws://127.0.0.1:0/ws");
  const auto ask = [&](const std::string& request) {
    User user = connect();
    user.say(request + "\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(until([&] { return user.ended(); }));
    return user.heard();
  };
  const std::string page = ask("GET / HTTP/1.1");
  EXPECT_TRUE(page.starts_with("HTTP/1.1 200")) << page;
  EXPECT_TRUE(page.ends_with("<p>hello</p>"));
  EXPECT_FALSE(ask("HEAD / HTTP/1.1").ends_with("<p>hello</p>"));
  EXPECT_TRUE(ask("GET /../index.html HTTP/1.1").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(ask("GET /missing HTTP/1.1").starts_with("HTTP/1.1 404"));
  EXPECT_TRUE(ask("POST / HTTP/1.1").starts_with("HTTP/1.1 405"));
  EXPECT_EQ(kept(), 0U);
}

TEST_F(ShellTest, stopping_says_goodbye_to_everybody_and_ends) {
  settings.gateway.drain = 100ms;
  start("line://127.0.0.1:0");
  User user = connect();
  ASSERT_TRUE(until([&] { return kept() == 1; }));
  shell->stop();
  EXPECT_TRUE(until([&] { return user.ended(); }));
  user.hang_up();
  EXPECT_TRUE(until([&] { return shell->finished(); }));
}

}  // namespace
}  // namespace fairlead::gateway::io
