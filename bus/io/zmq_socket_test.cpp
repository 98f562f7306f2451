// On real sockets, over tcp and ipc: what the header promises about libzmq is a fact about the installed libzmq.
#include "bus/io/zmq_socket.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/fd.hpp"
#include "bus/io/test_sockets.hpp"

namespace fairlead::io {
namespace {

// A peer that does as it likes: libzmq without our settings.
class Stranger {
 public:
  Stranger(int type, const std::string& endpoint, const std::string& routing_id = {})
      : context_(zmq_ctx_new()), socket_(zmq_socket(context_, type)) {
    const int no_linger = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &no_linger, sizeof no_linger);
    if (!routing_id.empty()) zmq_setsockopt(socket_, ZMQ_ROUTING_ID, routing_id.data(), routing_id.size());
    if (type == ZMQ_SUB) zmq_setsockopt(socket_, ZMQ_SUBSCRIBE, "", 0);
    EXPECT_EQ(zmq_connect(socket_, endpoint.c_str()), 0) << zmq_strerror(errno);
  }
  ~Stranger() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  void send(const std::vector<std::string>& parts) const {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      zmq_send(socket_, parts[i].data(), parts[i].size(), i + 1 < parts.size() ? ZMQ_SNDMORE : 0);
    }
  }

 private:
  void* context_;
  void* socket_;
};

class Transport : public testing::TestWithParam<std::string> {
 protected:
  std::string anywhere() {
    if (GetParam() == "tcp") return "tcp://127.0.0.1:0";
    return "ipc://" + testing::TempDir() + "zmq_socket_test_" + std::to_string(::getpid()) + "_" +
           std::to_string(++made);
  }

 private:
  inline static int made = 0;
};
INSTANTIATE_TEST_SUITE_P(Over, Transport, testing::Values("tcp", "ipc"), [](const auto& over) { return over.param; });

TEST_P(Transport, a_router_and_a_dealer_exchange_frames) {
  Context context;
  auto router = Socket::router(context, anywhere()).value();
  auto dealer = Socket::dealer(context, router.last_endpoint()).value();
  ASSERT_TRUE(eventually([&] { return dealer.can_send(); }));
  EXPECT_EQ(dealer.send("hello"), Sent::sent);
  RoutingId from;
  Frame frame;
  ASSERT_EQ(receive(router, from, frame), Received::message);
  EXPECT_EQ(frame.bytes(), "hello");
  EXPECT_EQ(router.send(from, "welcome"), Sent::sent);
  EXPECT_EQ(router.send(from, Frame::adopt(std::string(1000, 'x'))), Sent::sent);
  ASSERT_EQ(receive(dealer, frame), Received::message);
  EXPECT_EQ(frame.bytes(), "welcome");
  ASSERT_EQ(receive(dealer, frame), Received::message);
  EXPECT_EQ(frame.bytes(), std::string(1000, 'x'));
  EXPECT_EQ(dealer.receive(frame), Received::nothing);
}

TEST_P(Transport, two_dealers_are_told_apart) {
  Context context;
  auto router = Socket::router(context, anywhere()).value();
  auto one = Socket::dealer(context, router.last_endpoint()).value();
  auto two = Socket::dealer(context, router.last_endpoint()).value();
  ASSERT_TRUE(eventually([&] { return one.can_send() && two.can_send(); }));
  RoutingId first;
  RoutingId second;
  Frame frame;
  one.send("1");
  ASSERT_EQ(receive(router, first, frame), Received::message);
  two.send("2");
  ASSERT_EQ(receive(router, second, frame), Received::message);
  EXPECT_NE(first, second);
  router.send(first, "to one");
  router.send(second, "to two");
  ASSERT_EQ(receive(one, frame), Received::message);
  EXPECT_EQ(frame.bytes(), "to one");
  ASSERT_EQ(receive(two, frame), Received::message);
  EXPECT_EQ(frame.bytes(), "to two");
}

// A place that refuses connections while this lives, and is free afterwards.
class Refusing {
 public:
  explicit Refusing(std::string ipc_endpoint) : endpoint_(std::move(ipc_endpoint)) {
    if (endpoint_.substr(0, 3) == "ipc") return;  // nobody has made the path
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  const std::string& endpoint() const { return endpoint_; }

 private:
  std::string endpoint_;
  Fd fd_;  // bound, but not listening
};

TEST_P(Transport, a_dealer_nobody_listens_to_cannot_send) {
  Context context;
  const Refusing refusing(anywhere());
  auto dealer = Socket::dealer(context, refusing.endpoint()).value();
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(dealer.can_send());
    ASSERT_EQ(dealer.send("into the void"), Sent::would_block);
    ::poll(nullptr, 0, 1);
  }
}

// One socket is one connection: a listener that comes later does not wake an old dealer; a new one is needed.
TEST_P(Transport, a_dealer_that_was_refused_stays_unconnected) {
  Context context;
  auto refusing = std::make_unique<Refusing>(anywhere());
  const std::string endpoint = refusing->endpoint();
  auto refused = Socket::dealer(context, endpoint).value();
  {
    // Connected after the one under test on the same I/O thread: once this one is through, the other was refused.
    auto router = Socket::router(context, anywhere()).value();
    auto later = Socket::dealer(context, router.last_endpoint()).value();
    ASSERT_TRUE(eventually([&] { return later.can_send(); }));
  }
  refusing.reset();
  auto router = Socket::router(context, endpoint).value();
  auto fresh = Socket::dealer(context, endpoint).value();
  EXPECT_TRUE(eventually([&] { return fresh.can_send(); }));
  EXPECT_FALSE(refused.can_send());
}

TEST_P(Transport, a_dealer_sees_its_peer_go) {
  Context context;
  auto router = std::make_unique<Socket>(Socket::router(context, anywhere()).value());
  auto dealer = Socket::dealer(context, router->last_endpoint()).value();
  ASSERT_TRUE(eventually([&] { return dealer.can_send(); }));
  router.reset();
  EXPECT_TRUE(eventually([&] { return !dealer.can_send(); }));
  EXPECT_EQ(dealer.send("too late"), Sent::would_block);
}

TEST_P(Transport, a_dealer_sees_its_peer_killed) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const std::string where = GetParam() == "ipc" ? anywhere() : "tcp://127.0.0.1:0";
  const pid_t child = ::fork();
  if (child == 0) {  // a context of its own, never the parent's
    Context own;
    auto router = Socket::router(own, where).value();
    const std::string endpoint = router.last_endpoint();
    [[maybe_unused]] const auto ignored = ::write(pipe[1], endpoint.data(), endpoint.size());
    for (;;) ::pause();
  }
  std::array<char, 256> text{};
  const ssize_t size = ::read(pipe[0], text.data(), text.size());
  ASSERT_GT(size, 0);
  Context context;
  auto dealer = Socket::dealer(context, std::string(text.data(), static_cast<std::size_t>(size))).value();
  EXPECT_TRUE(eventually([&] { return dealer.can_send(); }));
  ::kill(child, SIGKILL);
  EXPECT_TRUE(eventually([&] { return !dealer.can_send(); }));
  ::waitpid(child, nullptr, 0);
  for (const int fd : pipe) ::close(fd);
}

TEST_P(Transport, a_router_says_when_a_peer_has_gone) {
  Context context;
  auto router = Socket::router(context, anywhere()).value();
  RoutingId from;
  Frame frame;
  {
    auto dealer = Socket::dealer(context, router.last_endpoint()).value();
    ASSERT_TRUE(eventually([&] { return dealer.can_send(); }));
    dealer.send("hello");
    ASSERT_EQ(receive(router, from, frame), Received::message);
    EXPECT_EQ(router.send(from, "stay"), Sent::sent);
  }
  EXPECT_TRUE(eventually([&] { return router.send(from, "are you there?") == Sent::unreachable; }));
  EXPECT_EQ(router.send(RoutingId{from.value + 1000}, "never was"), Sent::unreachable);
}

TEST_P(Transport, sends_stop_at_the_high_water_mark) {
  Context context;
  auto router = Socket::router(context, anywhere(), {.send_high_water = 10}).value();
  auto dealer = Socket::dealer(context, router.last_endpoint(), {.send_high_water = 10}).value();
  ASSERT_TRUE(eventually([&] { return dealer.can_send(); }));
  const Frame big = Frame::adopt(std::string(1'000'000, 'x'));
  Sent last = Sent::sent;
  int sent = 0;
  // Nobody receives, but the router's own window is open, so the bytes pile up there (RCVHWM 0): it takes a fast
  // sender.
  for (; sent < 200 && last == Sent::sent; ++sent) last = dealer.send(big);
  EXPECT_EQ(last, Sent::would_block);
  EXPECT_GE(sent, 10);
}

TEST_P(Transport, outcomes_reach_a_prefix_subscriber) {
  Context context;
  auto xsub = Socket::xsub(context, anywhere(), "o").value();
  auto pub = Socket::pub(context, xsub.last_endpoint()).value();
  Frame frame;
  // The subscription takes a moment; before it has arrived, success means that nobody heard.
  ASSERT_TRUE(eventually([&] {
    EXPECT_EQ(pub.send("x23456789 other"), Sent::sent);
    EXPECT_EQ(pub.send("o23456789 mine"), Sent::sent);
    return xsub.receive(frame) == Received::message;
  }));
  do EXPECT_EQ(frame.bytes(), "o23456789 mine");
  while (xsub.receive(frame) == Received::message);
}

TEST_P(Transport, deliveries_reach_the_topic_that_was_asked_for) {
  Context context;
  auto xpub = Socket::xpub(context, anywhere()).value();
  auto sub = Socket::sub(context, xpub.last_endpoint(), "gAAAAAAAA").value();
  Subscription subscription;
  ASSERT_EQ(receive(xpub, subscription), Received::message);
  EXPECT_TRUE(subscription.wanted);
  EXPECT_EQ(subscription.topic, "gAAAAAAAA");
  // From here on nothing is missed.
  EXPECT_EQ(xpub.send("gBBBBBBBB theirs"), Sent::sent);
  EXPECT_EQ(xpub.send(Frame::copy_of("gAAAAAAAA mine")), Sent::sent);
  Frame frame;
  ASSERT_EQ(receive(sub, frame), Received::message);
  EXPECT_EQ(frame.bytes(), "gAAAAAAAA mine");
  sub = Socket::sub(context, xpub.last_endpoint(), "gCCCCCCCC").value();
  std::vector<std::pair<bool, std::string>> heard;
  ASSERT_TRUE(eventually([&] {
    if (xpub.receive(subscription) == Received::message) heard.emplace_back(subscription.wanted, subscription.topic);
    return heard.size() == 2;
  }));
  EXPECT_NE(std::find(heard.begin(), heard.end(), std::pair(false, std::string("gAAAAAAAA"))), heard.end());
  EXPECT_NE(std::find(heard.begin(), heard.end(), std::pair(true, std::string("gCCCCCCCC"))), heard.end());
}

TEST_P(Transport, a_tap_may_be_absent) {
  Context context;
  auto tap = Socket::tap(context, anywhere(), {.send_high_water = 100}).value();
  EXPECT_EQ(tap.send("nobody listens"), Sent::sent);
  auto sub = Socket::sub(context, tap.last_endpoint(), "").value();
  Frame frame;
  EXPECT_TRUE(eventually([&] {
    tap.send("now somebody does");
    return sub.receive(frame) == Received::message;
  }));
}

TEST_P(Transport, strangers_with_names_or_parts_of_their_own_are_malformed) {
  Context context;
  auto router = Socket::router(context, anywhere()).value();
  auto good = Socket::dealer(context, router.last_endpoint()).value();
  ASSERT_TRUE(eventually([&] { return good.can_send(); }));
  RoutingId from;
  Frame frame;
  const Stranger named(ZMQ_DEALER, router.last_endpoint(), "me");
  named.send({"hello"});
  EXPECT_EQ(receive(router, from, frame), Received::malformed);
  const Stranger multipart(ZMQ_DEALER, router.last_endpoint());
  multipart.send({"a", "b"});
  EXPECT_EQ(receive(router, from, frame), Received::malformed);
  multipart.send(std::vector<std::string>(10'000, "part"));
  EXPECT_EQ(receive(router, from, frame), Received::malformed);
  const Stranger request(ZMQ_REQ, router.last_endpoint());
  request.send({"an empty delimiter comes first"});
  EXPECT_EQ(receive(router, from, frame), Received::malformed);
  multipart.send({""});
  EXPECT_EQ(receive(router, from, frame), Received::message) << "an empty frame is the codec's matter";
  good.send("good");
  ASSERT_EQ(receive(router, from, frame), Received::message);
  EXPECT_EQ(frame.bytes(), "good");
}

TEST_P(Transport, strangers_on_the_publish_side_are_malformed) {
  Context context;
  auto xsub = Socket::xsub(context, anywhere(), "").value();
  const Stranger pub(ZMQ_PUB, xsub.last_endpoint());
  Frame frame;
  Received got = Received::nothing;
  ASSERT_TRUE(eventually([&] {
    pub.send({"topic", "and", "more"});
    return (got = xsub.receive(frame)) != Received::nothing;
  }));
  EXPECT_EQ(got, Received::malformed);

  auto xpub = Socket::xpub(context, anywhere()).value();
  const Stranger upstream(ZMQ_XSUB, xpub.last_endpoint());
  Subscription subscription;
  upstream.send({"no subscription"});
  EXPECT_EQ(receive(xpub, subscription), Received::malformed);
}

TEST_P(Transport, an_oversize_message_costs_its_sender_the_connection_and_nobody_else) {
  Context context;
  auto router = Socket::router(context, anywhere()).value();
  auto good = Socket::dealer(context, router.last_endpoint()).value();
  auto bad = Socket::dealer(context, router.last_endpoint()).value();
  ASSERT_TRUE(eventually([&] { return good.can_send() && bad.can_send(); }));
  EXPECT_EQ(bad.send(std::string((20U << 20U) + 1, 'x')), Sent::sent);
  EXPECT_TRUE(eventually([&] { return !bad.can_send(); }));
  const std::string biggest(20U << 20U, 'y');
  EXPECT_EQ(good.send(biggest), Sent::sent);
  RoutingId from;
  Frame frame;
  ASSERT_EQ(receive(router, from, frame), Received::message);
  EXPECT_EQ(frame.bytes(), biggest);
  EXPECT_EQ(router.receive(from, frame), Received::nothing);
}

TEST_P(Transport, wait_wakes_for_a_socket_and_for_a_descriptor) {
  Context context;
  auto router = Socket::router(context, anywhere()).value();
  auto dealer = Socket::dealer(context, router.last_endpoint()).value();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  std::array<Socket*, 1> sockets{&router};
  std::array<WatchedFd, 1> fds{WatchedFd{.fd = pipe[0]}};
  wait(sockets, fds, 0s);
  EXPECT_FALSE(fds[0].readable);
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  wait(sockets, fds, std::nullopt);
  EXPECT_TRUE(fds[0].readable);
  ASSERT_TRUE(eventually([&] { return dealer.can_send(); }));
  dealer.send("x");
  wait(sockets, {}, std::nullopt);  // for ever, if it did not wake
  RoutingId from;
  Frame frame;
  EXPECT_EQ(router.receive(from, frame), Received::message);
  for (const int fd : pipe) ::close(fd);
}

// The rule of the header at work: sleep on fd() only after `nothing`. A wrong rule stalls within the first messages.
TEST_P(Transport, draining_to_nothing_makes_it_safe_to_sleep_on_the_descriptor) {
  Context context;
  constexpr int count = 200'000;
  auto xpub = Socket::xpub(context, anywhere()).value();
  const std::string endpoint = xpub.last_endpoint();
  std::thread subscriber([&] {
    auto sub = Socket::sub(context, endpoint, "g").value();
    int received = 0;
    while (received < count) {
      const Drained drained = drain(sub, 256, [](std::string_view) {});
      received += drained.messages;
      if (!drained.empty || received == count) continue;
      pollfd readable{.fd = sub.fd(), .events = POLLIN, .revents = 0};
      if (::poll(&readable, 1, 10'000) == 0) break;
    }
    EXPECT_EQ(received, count);
  });
  Subscription subscription;
  EXPECT_EQ(receive(xpub, subscription), Received::message);
  for (int i = 0; i < count; ++i)
    ASSERT_EQ(xpub.send("g message of some length, so that it is not kept inline"), Sent::sent);
  subscriber.join();
}

}  // namespace
}  // namespace fairlead::io
