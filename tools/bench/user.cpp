#include "tools/bench/user.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include "bus/check.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/entropy.hpp"
#include "client/io/dial.hpp"

namespace fairlead::bench {
namespace {

constexpr std::string_view join_request = "+g";
constexpr std::string_view to_group = "@g ";

protocols::Kind kind_of(UserEndpoint::Protocol protocol) {
  if (protocol == UserEndpoint::Protocol::ws) return protocols::Kind::ws;
  return protocol == UserEndpoint::Protocol::frame ? protocols::Kind::frame : protocols::Kind::line;
}

}  // namespace

User::User(Crowd& crowd, std::uint64_t number, const UserEndpoint& door)
    : crowd_(crowd), ledger_(number, crowd.settings_.payload), door_(door) {}

User::~User() {
  if (connection_) crowd_.loop_.remove(watch_);
}

void User::dial_if_needed() {
  if (connection_ || was_connected_) return;
  const auto addresses = client::resolve(door_);
  if (!addresses) return;
  auto socket = client::dial(addresses->front());
  if (!socket) return;
  protocols::ClientOptions options;
  options.host = door_.host_port();
  options.target = door_.path;
  connection_ = std::make_unique<client::Connection>(*std::move(socket), kind_of(door_.protocol), options,
                                                     Random{io::random_nonzero()},
                                                     static_cast<client::Connection::Listener&>(*this));
  auto watch = crowd_.loop_.add(connection_->fd(), {.read = true, .write = true}, [this](io::Loop::Ready ready) {
    crowd_.now_ = io::now();
    connection_->on_ready(ready.readable, ready.writable, crowd_.buffer_);
    fill();  // what was written made room
    if (connection_->unsent() > 0 && ready.writable) connection_->flush();
    after_turn();
  });
  FAIRLEAD_CHECK(watch.has_value(), "a new socket is not watched");
  watch_ = *watch;
}

void User::go_on() {
  if (!is_open()) return;
  fill();
  connection_->flush();
  after_turn();
}

void User::fill() {
  while (is_open() && !listens_ && crowd_.may_send(*this)) send_one(crowd_.now_);
}

void User::send_one(Instant intended) {
  connection_->send({.payload = ledger_.send(), .binary = false});
  times_.push_back(intended);
  ++crowd_.sent_;
}

void User::send_scheduled(Instant intended) {
  if (!is_open()) return;
  send_one(intended);
  connection_->flush();
  after_turn();
}

void User::join() {
  if (!is_open()) return;
  joining_ = listens_ = true;
  ledger_ = Ledger(0, crowd_.settings_.payload);  // what it hears is the first user's
  connection_->send({.payload = join_request, .binary = false});
  connection_->flush();
  after_turn();
}

void User::send_to_group(std::string_view text) {
  if (!is_open()) return;
  connection_->send({.payload = std::string(to_group).append(text), .binary = false});
}

void User::read(bool wanted) {
  reads_ = wanted;
  if (connection_) after_turn();
}

void User::after_turn() {
  if (connection_->is_over()) {
    crowd_.loop_.remove(watch_);
    connection_.reset();
    return;
  }
  crowd_.loop_.modify(watch_, {.read = reads_, .write = connection_->wants_write()});
}

void User::on_connected() {
  was_connected_ = true;
  ++crowd_.connected_;
}

void User::on_message(protocols::Message message) {
  if (joining_ && message.payload == join_request) {
    joining_ = false;
    ++crowd_.joined_;
    return;
  }
  const std::uint64_t number = ledger_.on_reply(message.payload);
  ++crowd_.received_;
  crowd_.longest_silence_ = std::max(crowd_.longest_silence_, crowd_.now_ - crowd_.heard_);
  crowd_.heard_ = crowd_.now_;
  if (listens_) {
    if (number != 0) crowd_.on_group_message(number);
    return;
  }
  if (number != 0) book(number);
  fill();
}

// What was skipped over has no latency: it counts as lost or reordered.
void User::book(std::uint64_t number) {
  if (number < first_of_times_) return;
  while (first_of_times_ < number) {
    times_.pop_front();
    ++first_of_times_;
  }
  crowd_.latency_.add(crowd_.now_ - times_.front());
  times_.pop_front();
  ++first_of_times_;
}

void User::on_disconnected(const std::string& why) {
  if (!was_connected_) return;
  ledger_.on_disconnected();
  ++crowd_.gone_;
  std::cerr << crowd_.settings_.program << ": a user was disconnected: " << why << '\n';
}

}  // namespace fairlead::bench
