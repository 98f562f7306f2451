#include "bus/io/status_server.hpp"

#include <array>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus/io/test_sockets.hpp"

namespace fairlead::io {
namespace {

const ListenAddress any_port{.host = "127.0.0.1", .port = 0};

Fd connect_to(const StatusServer& server) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  place.sin_port = htons(port_of("tcp://" + server.where()));
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place), 0);
  return fd;
}

void say(const Fd& fd, std::string_view text) {
  EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

// All that comes until the server closes, while `loop` does what a daemon does.
std::string hear(
    const Fd& fd, const std::function<void()>& loop = [] {}) {
  std::string heard;
  EXPECT_TRUE(eventually([&] {
    loop();
    std::array<char, 4096> bytes{};
    const ssize_t got = ::recv(fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) heard.append(bytes.data(), static_cast<std::size_t>(got));
    return got == 0;
  }));
  return heard;
}

// A daemon that counts its turns.
struct Daemon {
  StatusServer server{any_port, "fairlead-test"};
  StatusServer::Report report;
  int reports = 0;

  void turn() {
    server.answer([this] {
      ++reports;
      return report;
    });
  }
  std::string get(const std::string& path) {
    const Fd fd = connect_to(server);
    say(fd, "GET " + path + " HTTP/1.1\r\nHost: here\r\n\r\n");
    return hear(fd, [this] { turn(); });
  }
};

}  // namespace

TEST(StatusServer, shows_what_the_daemon_counts_and_what_every_process_has) {
  Daemon daemon;
  daemon.report.metrics.counter("events_total", "Events.", 3);
  const std::string page = daemon.get("/metrics?x=1");
  EXPECT_TRUE(page.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
      << page;
  EXPECT_NE(page.find("\nevents_total 3\n"), std::string::npos);
  EXPECT_NE(page.find("\nfairlead_build_info{program=\"fairlead-test\",version=\""), std::string::npos);
  EXPECT_NE(page.find("\nprocess_open_fds "), std::string::npos);
}

TEST(StatusServer, says_ready_and_healthy_and_why_not) {
  Daemon daemon;
  EXPECT_TRUE(daemon.get("/healthz").ends_with("\r\n\r\nok\n"));
  EXPECT_TRUE(daemon.get("/readyz").ends_with("\r\n\r\nok\n"));
  Daemon away;
  away.report.unready = "no broker";
  EXPECT_TRUE(away.get("/healthz").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(away.get("/readyz").starts_with("HTTP/1.1 503 "));
  Daemon ill;
  ill.report.ill = "no room";
  EXPECT_TRUE(ill.get("/healthz").ends_with("\r\n\r\nno room\n"));
  EXPECT_TRUE(ill.get("/readyz").ends_with("\r\n\r\nno room\n"));
}

TEST(StatusServer, tells_a_version_without_asking_the_daemon) {
  Daemon daemon;
  EXPECT_NE(daemon.get("/version").find("{\"program\":\"fairlead-test\",\"version\":\""), std::string::npos);
  EXPECT_EQ(daemon.reports, 0);
}

TEST(StatusServer, calls_a_loop_that_does_not_turn_unhealthy) {
  const StatusServer server{any_port, "fairlead-test"};
  const Fd fd = connect_to(server);
  say(fd, "GET /healthz HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(hear(fd).starts_with("HTTP/1.1 503 "));
}

TEST(StatusServer, goes_on_after_a_loop_that_was_stuck) {
  Daemon daemon;
  const Fd stuck = connect_to(daemon.server);
  say(stuck, "GET /healthz HTTP/1.1\r\n\r\n");
  hear(stuck);
  EXPECT_TRUE(daemon.get("/healthz").starts_with("HTTP/1.1 200 "));
}

TEST(StatusServer, asks_the_daemon_once_for_all_who_wait) {
  Daemon daemon;
  std::vector<Fd> all;
  for (int i = 0; i < 8; ++i) {
    all.push_back(connect_to(daemon.server));
    say(all.back(), "GET /metrics HTTP/1.1\r\n\r\n");
  }
  for (const Fd& fd : all) EXPECT_TRUE(hear(fd, [&] { daemon.turn(); }).starts_with("HTTP/1.1 200 "));
  EXPECT_LT(daemon.reports, 8);
}

TEST(StatusServer, refuses_what_it_does_not_answer) {
  const StatusServer server{any_port, "fairlead-test"};
  const auto answer_to = [&](std::string_view request) {
    const Fd fd = connect_to(server);
    say(fd, request);
    return hear(fd);
  };
  EXPECT_TRUE(answer_to("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(answer_to("GET /etc/passwd HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(answer_to("\x16\x03\x01 garbage\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(answer_to("GET / HTTP/1.1\r\n" + std::string(9000, 'x')).starts_with("HTTP/1.1 431 "));
}

TEST(StatusServer, is_not_taken_away_by_those_who_say_nothing) {
  Daemon daemon;
  std::vector<Fd> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(connect_to(daemon.server));
  // They are hung up on after their five seconds, as many as hold a place, and the rest after them.
  silent.resize(16);
  EXPECT_TRUE(daemon.get("/healthz").starts_with("HTTP/1.1 200 "));
}

TEST(StatusServer, says_which_address_is_taken) {
  const StatusServer first{any_port, "fairlead-test"};
  const ListenAddress taken = *ListenAddress::parse(first.where());
  try {
    const StatusServer second{taken, "fairlead-test"};
    ADD_FAILURE() << "both have " << first.where();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(std::string(error.what()),
              "cannot serve metrics on " + first.where() + ": Address already in use; give --metrics another address");
  }
}

TEST(StatusServer, that_replaces_another_takes_the_address_over) {
  auto first = std::make_unique<StatusServer>(any_port, "fairlead-old");
  const ListenAddress address = *ListenAddress::parse(first->where());
  const StatusServer second(address, "fairlead-new", StatusServer::Taken::waits);
  first.reset();
  EXPECT_TRUE(eventually([&] {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place.sin_port = htons(address.port);
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0;
  }));
  const Fd fd = connect_to(second);
  say(fd, "GET /version HTTP/1.1\r\n\r\n");
  EXPECT_NE(hear(fd).find("fairlead-new"), std::string::npos);
}

}  // namespace fairlead::io
