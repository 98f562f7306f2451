#include "bus/io/doorkeeper.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bus/io/keys.hpp"
#include "bus/io/test_sockets.hpp"

namespace fairlead::io {
namespace {

const SocketOptions frontend{.domain = "frontend"};
const SocketOptions tap{.send_high_water = 10, .domain = "tap"};

// A broker's side with keys, and whom it has been asked about.
class Guarded : public ::testing::Test {
 protected:
  void open() {
    keeper.answer([this](const Doorkeeper::Visitor& visitor) {
      asked.push_back(visitor);
      return visitor.key == invited.public_key && visitor.domain != "tap";
    });
  }
  // Whether what `dealer` says gets through, within the time of a few hundred tries.
  bool gets_through(Socket& dealer, int tries = 300) {
    for (int i = 0; i < tries; ++i) {
      open();
      static_cast<void>(dealer.send("hello"));
      RoutingId from;
      Frame frame;
      if (router.receive(from, frame) == Received::message) return true;
      ::poll(nullptr, 0, 1);
    }
    return false;
  }
  Keys keys(const KeyPair& own) const { return {.own = own, .broker = broker.public_key}; }

  const KeyPair broker = make_key_pair();
  const KeyPair invited = make_key_pair();
  Context inside{{.own = broker}};
  Doorkeeper keeper{inside};
  Socket router = Socket::router(inside, "tcp://127.0.0.1:0", frontend).value();
  std::vector<Doorkeeper::Visitor> asked;
};

TEST_F(Guarded, lets_in_whom_it_knows_and_is_told_where_from) {
  Context context(keys(invited));
  Socket dealer = Socket::dealer(context, router.last_endpoint()).value();
  EXPECT_TRUE(gets_through(dealer, 5'000));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].key, invited.public_key);
  EXPECT_EQ(asked[0].domain, "frontend");
  EXPECT_EQ(asked[0].address, "127.0.0.1");
}

TEST_F(Guarded, keeps_out_a_key_it_does_not_know_and_who_has_none) {
  Context stranger(keys(make_key_pair()));
  Socket dealer = Socket::dealer(stranger, router.last_endpoint()).value();
  EXPECT_FALSE(gets_through(dealer));
  EXPECT_FALSE(asked.empty());
  asked.clear();
  Context plain;
  Socket without = Socket::dealer(plain, router.last_endpoint()).value();
  EXPECT_FALSE(gets_through(without));
  EXPECT_TRUE(asked.empty()) << "who proves nothing does not get as far as the door";
}

TEST_F(Guarded, a_peer_that_was_refused_may_come_again) {
  Context context(keys(invited));
  Socket watch = Socket::tap(inside, "tcp://127.0.0.1:0", tap).value();
  Socket sub = Socket::sub(context, watch.last_endpoint(), "").value();
  EXPECT_TRUE(eventually([&] { return open(), !asked.empty(); }));
  EXPECT_EQ(asked[0].domain, "tap");
  Socket dealer = Socket::dealer(context, router.last_endpoint()).value();
  EXPECT_TRUE(gets_through(dealer, 5'000));
}

TEST_F(Guarded, who_expects_another_broker_is_not_talked_into_this_one) {
  Context context({.own = invited, .broker = make_key_pair().public_key});
  Socket dealer = Socket::dealer(context, router.last_endpoint()).value();
  EXPECT_FALSE(gets_through(dealer));
  EXPECT_FALSE(dealer.can_send());
}

TEST(Unguarded, a_socket_with_keys_and_no_doorkeeper_lets_nobody_in) {
  const KeyPair broker = make_key_pair();
  Context context({.own = broker});
  Socket router = Socket::router(context, "tcp://127.0.0.1:0", frontend).value();
  Context other({.own = make_key_pair(), .broker = broker.public_key});
  Socket dealer = Socket::dealer(other, router.last_endpoint()).value();
  for (int i = 0; i < 300; ++i) {
    EXPECT_NE(dealer.send("hello"), Sent::sent);
    ::poll(nullptr, 0, 1);
  }
}

}  // namespace
}  // namespace fairlead::io
