#include "gateway/io/bus_link.hpp"

#include <utility>

#include "schemas/frame.hpp"

namespace fairlead::gateway::io {
namespace {

using fairlead::io::Loop;
using fairlead::io::Sent;
using fairlead::io::Socket;

// Frames of one turn: enough to be efficient, not so many that users wait. A frame may hold thousands of records.
constexpr int frames_a_turn = 64;

}  // namespace

Status BusLink::open(LinkId link, Instant now) {
  close();
  link_ = link;
  connected_ = false;
  patience_.on_open(now);
  // A name may have addresses of both families and the broker be on either: they are tried in turn.
  const fairlead::io::SocketOptions options{.names_are_ipv6 = names_are_ipv6_};
  names_are_ipv6_ = !names_are_ipv6_;
  auto up = Socket::dealer(context_, broker_.endpoint(BusSocket::frontend), options);
  if (!up) return up.error();
  auto down = Socket::sub(context_, broker_.endpoint(BusSocket::deliveries), schemas::deliveries_topic(link), options);
  if (!down) return down.error();
  up_ = std::move(*up);
  down_ = std::move(*down);
  // Nothing to do in the callbacks: every turn drains both.
  auto up_watch = loop_.add(up_->fd(), {.read = true}, [](Loop::Ready) {});
  if (!up_watch) return close(), up_watch.error();
  up_watch_ = *up_watch;
  auto down_watch = loop_.add(down_->fd(), {.read = true}, [](Loop::Ready) {});
  if (!down_watch) return close(), down_watch.error();
  down_watch_ = *down_watch;
  return Nothing{};
}

void BusLink::close() {
  loop_.remove(std::exchange(up_watch_, {}));
  loop_.remove(std::exchange(down_watch_, {}));
  up_.reset();
  down_.reset();
}

bool BusLink::drain(Gateway& gateway, Instant now, Actions& out) {
  if (!up_) return true;
  const auto control = fairlead::io::drain(*up_, frames_a_turn,
                                           [&](std::string_view frame) { gateway.on_frontend_frame(frame, now, out); });
  const auto deliveries = fairlead::io::drain(
      *down_, frames_a_turn, [&](std::string_view frame) { gateway.on_delivery_frame(frame, now, out); });
  const auto malformed =
      static_cast<std::uint64_t>(control.malformed) + static_cast<std::uint64_t>(deliveries.malformed);
  if (malformed > 0) {
    malformed_ += malformed;
    gateway.on_link_broken("a message of several parts from the broker");
  }
  if (control.failed) gateway.on_link_broken("receiving control: " + up_->last_error());
  if (deliveries.failed) gateway.on_link_broken("receiving deliveries: " + down_->last_error());
  return (control.empty || control.failed) && (deliveries.empty || deliveries.failed);
}

void BusLink::send(Gateway& gateway, std::string_view frame) {
  if (!up_) return;
  switch (up_->send(frame)) {
    case Sent::sent:
      return;
    case Sent::would_block:
      // While dialing that is a hello that comes again.
      if (gateway.live()) gateway.on_link_broken("the broker's socket takes nothing");
      return;
    case Sent::unreachable:
    case Sent::failed:
      gateway.on_link_broken("sending: " + up_->last_error());
      return;
  }
}

bool BusLink::may_sleep(Gateway& gateway, Instant now) {
  if (!up_) return true;
  const Socket::Events events = up_->events();
  if (events.writable) {
    connected_ = true;
    patience_.on_connected();
  } else if (connected_) {
    gateway.on_link_broken("the connection to the broker is gone");
    return false;
  } else if (patience_.over(now)) {
    if (const auto opened = open(link_, now); !opened) gateway.on_link_broken(opened.error().message);
    return false;
  }
  return !events.readable;
}

}  // namespace fairlead::gateway::io
