#include "store/io/connection.hpp"

#include <gtest/gtest.h>

#include "bus/io/clock.hpp"
#include "store/io/test_servers.hpp"

namespace fairlead::store {
namespace {

class ConnectionTest : public testing::Test {
 protected:
  static Instant soon() { return io::now() + 10s; }

  Listener listener_;
  std::unique_ptr<Connection> ours_ =
      Connection::dial({.host = "localhost", .port = listener_.port(), .path = {}}, nullptr, soon()).value();
  io::Fd theirs_ = listener_.accept();
};

TEST_F(ConnectionTest, carries_bytes_both_ways) {
  ASSERT_TRUE(ours_->send("ping", soon()));
  std::array<char, 8> got{};
  EXPECT_EQ(::recv(theirs_.get(), got.data(), got.size(), 0), 4);
  ASSERT_EQ(::send(theirs_.get(), "pong", 4, 0), 4);
  std::string came = "ping ";
  ASSERT_TRUE(ours_->receive(came, soon()));
  EXPECT_EQ(came, "ping pong");
}

TEST_F(ConnectionTest, is_silent_until_something_comes_or_it_ends) {
  EXPECT_TRUE(ours_->is_silent());
  ASSERT_EQ(::send(theirs_.get(), "late", 4, 0), 4);
  EXPECT_TRUE(eventually([&] { return !ours_->is_silent(); }));
  std::string came;
  ASSERT_TRUE(ours_->receive(came, soon()));
  EXPECT_TRUE(ours_->is_silent());
  theirs_.reset();
  EXPECT_TRUE(eventually([&] { return !ours_->is_silent(); }));
}

TEST_F(ConnectionTest, that_we_have_ended_is_not_silent) {
  ours_->end();
  EXPECT_FALSE(ours_->is_silent());
}

TEST_F(ConnectionTest, waits_no_longer_than_it_may) {
  std::string came;
  EXPECT_EQ(ours_->receive(came, io::now() + 20ms).error().message, "nothing came in time");
  // Nobody reads: the kernel's buffers are full at some time.
  EXPECT_FALSE(ours_->send(std::string(64U << 20U, 'x'), io::now() + 200ms));
}

TEST_F(ConnectionTest, the_end_of_the_peer_is_an_error_and_no_signal) {
  theirs_.reset();
  std::string came;
  EXPECT_EQ(ours_->receive(came, soon()).error().message, "it closed the connection");
  EXPECT_TRUE(eventually([&] { return !ours_->send("x", soon()); }));
}

TEST_F(ConnectionTest, says_why_there_is_none) {
  EXPECT_EQ(Connection::dial({.host = {}, .port = 0, .path = "/no/such/socket"}, nullptr, soon()).error().message,
            "No such file or directory");
}

}  // namespace
}  // namespace fairlead::store
