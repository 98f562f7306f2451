// Where sockets are bound and found, and what their frames share. On real sockets.
#include <csignal>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/endpoints.hpp"
#include "bus/io/fd.hpp"
#include "bus/io/test_sockets.hpp"
#include "bus/io/zmq_socket.hpp"

namespace fairlead::io {

TEST(Socket, binds_to_a_port_of_the_kernels_choice_and_says_which) {
  Context context;
  auto router = Socket::router(context, "tcp://127.0.0.1:0").value();
  EXPECT_NE(port_of(router.last_endpoint()), 0);
}

TEST(Socket, ipv6_works_and_everywhere_means_both) {
  Context context;
  const auto six = Socket::router(context, "tcp://[::1]:0");
  if (!six) GTEST_SKIP() << "no IPv6 here: " << six.error().message;
  auto to_six = Socket::dealer(context, six->last_endpoint()).value();
  EXPECT_TRUE(eventually([&] { return to_six.can_send(); }));

  auto router = Socket::router(context, "tcp://*:0").value();
  const std::string port = std::to_string(port_of(router.last_endpoint()));
  for (const auto* host : {"127.0.0.1", "[::1]", "localhost"}) {
    auto dealer = Socket::dealer(context, std::string("tcp://") + host + ":" + port).value();
    EXPECT_TRUE(eventually([&] { return dealer.can_send(); })) << host;
  }
}

TEST(Socket, a_name_is_ipv4_unless_asked_otherwise) {
  Context context;
  auto router = Socket::router(context, "tcp://127.0.0.1:0").value();
  const std::string port = std::to_string(port_of(router.last_endpoint()));
  auto dealer = Socket::dealer(context, "tcp://localhost:" + port).value();
  EXPECT_TRUE(eventually([&] { return dealer.can_send(); }));
}

TEST(Socket, a_taken_address_is_an_error_that_names_it) {
  Context context;
  auto router = Socket::router(context, "tcp://127.0.0.1:0").value();
  const auto second = Socket::router(context, router.last_endpoint());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot bind " + router.last_endpoint() + ": Address already in use");
  EXPECT_NE(Socket::router(context, "tcp://no-such-interface:1").error().message.find("network interface"),
            std::string::npos);
  EXPECT_FALSE(Socket::dealer(context, "nonsense"));
}

// libzmq alone would silently take the path away from its owner.
TEST(Socket, a_path_that_is_served_is_taken_and_one_left_behind_by_a_crash_is_not) {
  const std::string endpoint = "ipc://" + testing::TempDir() + "taken_" + std::to_string(::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    Context own;
    auto router = Socket::router(own, endpoint).value();
    ::raise(SIGKILL);  // leaves its path behind
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(::access(endpoint.c_str() + 6, F_OK), 0);
  Context context;
  auto router = Socket::router(context, endpoint).value();
  const auto second = Socket::router(context, endpoint);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("Address already in use"), std::string::npos);
  auto dealer = Socket::dealer(context, endpoint).value();
  EXPECT_TRUE(eventually([&] { return dealer.can_send(); })) << "the owner still has it";
}

TEST(Socket, random_bytes_on_a_bus_port_hurt_nobody) {
  Context context;
  auto router = Socket::router(context, "tcp://127.0.0.1:0").value();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_of(router.last_endpoint()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string(1000, '\xff'), std::string(1000, '\0')}) {
    const Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    ASSERT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    [[maybe_unused]] const auto ignored = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  auto dealer = Socket::dealer(context, router.last_endpoint()).value();
  ASSERT_TRUE(eventually([&] { return dealer.can_send(); }));
  dealer.send("good");
  RoutingId from;
  Frame frame;
  EXPECT_EQ(receive(router, from, frame), Received::message);
}

TEST(Frame, handles_share_their_bytes_and_outlive_each_other) {
  Frame kept;
  {
    const Frame first = Frame::adopt(std::string(100, 'a'));
    kept = first;
    EXPECT_EQ(kept.bytes().data(), first.bytes().data());
    const Frame third{kept};
    EXPECT_EQ(third.bytes(), kept.bytes());
  }
  EXPECT_EQ(kept.bytes(), std::string(100, 'a'));
  Frame moved = std::move(kept);
  EXPECT_EQ(moved.bytes(), std::string(100, 'a'));
  moved = Frame::copy_of("");
  EXPECT_EQ(moved.size(), 0U);
}

TEST(Frame, what_was_sent_can_be_sent_again) {
  Context context;
  auto router = Socket::router(context, "tcp://127.0.0.1:0").value();
  const Frame retained = Frame::adopt("a batch that is kept until it is acknowledged");
  Frame frame;
  RoutingId from;
  for (int link = 0; link < 3; ++link) {
    auto dealer = Socket::dealer(context, router.last_endpoint()).value();
    ASSERT_TRUE(eventually([&] { return dealer.can_send(); }));
    ASSERT_EQ(dealer.send(retained), Sent::sent);
    ASSERT_EQ(receive(router, from, frame), Received::message);
    EXPECT_EQ(frame.bytes(), retained.bytes());
  }
}

}  // namespace fairlead::io
