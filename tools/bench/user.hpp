// User is one connection of a Crowd, with the ledger of what it sent and heard.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "bus/endpoints.hpp"
#include "bus/io/loop.hpp"
#include "client/io/connection.hpp"
#include "tools/bench/crowd.hpp"
#include "tools/bench/ledger.hpp"

namespace fairlead::bench {

class User final : private client::Connection::Listener {
 public:
  User(Crowd& crowd, std::uint64_t number, const UserEndpoint& door);
  ~User() override;
  User(const User&) = delete;
  User& operator=(const User&) = delete;

  // Dials, when that has not succeeded yet. The first connection may need many attempts; there is no second one.
  void dial_if_needed();
  bool is_open() const { return connection_ && connection_->is_open(); }
  bool is_gone() const { return was_connected_ && !connection_; }
  std::size_t unsent() const { return connection_ ? connection_->unsent() : 0; }

  // Something may be sent again.
  void go_on();
  // One message of the schedule, which should have left at `intended`.
  void send_scheduled(Instant intended);
  void join();
  void send_to_group(std::string_view text);
  void read(bool wanted);

  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }

 private:
  void fill();
  void send_one(Instant intended);
  void book(std::uint64_t number);
  void after_turn();

  void on_connected() override;
  void on_message(protocols::Message message) override;
  void on_disconnected(const std::string& why) override;

  Crowd& crowd_;
  Ledger ledger_;
  const UserEndpoint& door_;
  std::unique_ptr<client::Connection> connection_;
  io::Loop::Watch watch_;
  std::deque<Instant> times_;         // when those under way should have left, in order
  std::uint64_t first_of_times_ = 1;  // its number
  bool was_connected_ = false;
  bool joining_ = false;
  bool listens_ = false;  // to the group, and sends nothing
  bool reads_ = true;
};

}  // namespace fairlead::bench
