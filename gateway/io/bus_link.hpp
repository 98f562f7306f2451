// The two sockets of one link to the broker: DEALER for events up and control down, SUB for deliveries.
#pragma once

#include <optional>
#include <string>

#include "bus/endpoints.hpp"
#include "bus/io/loop.hpp"
#include "bus/io/zmq_socket.hpp"
#include "bus/keys.hpp"
#include "bus/patience.hpp"
#include "bus/time.hpp"
#include "gateway/gateway.hpp"

namespace fairlead::gateway::io {

class BusLink {
 public:
  BusLink(fairlead::io::Loop& loop, BusAddress broker, Keys keys)
      : loop_(loop), context_(std::move(keys)), broker_(std::move(broker)) {}
  BusLink(const BusLink&) = delete;
  BusLink& operator=(const BusLink&) = delete;
  ~BusLink() { close(); }

  Status open(LinkId link, Instant now);
  void close();

  // Hands in what has come. False: there is more, come back without sleeping.
  bool drain(Gateway& gateway, Instant now, Actions& out);
  void send(Gateway& gateway, std::string_view frame);
  // To be asked before every sleep, after the last send (the rule of ZMQ_FD). False: there is something to do.
  bool may_sleep(Gateway& gateway, Instant now);

  std::uint64_t malformed() const { return malformed_; }

 private:
  fairlead::io::Loop& loop_;
  fairlead::io::Context context_;
  BusAddress broker_;
  std::optional<fairlead::io::Socket> up_;
  std::optional<fairlead::io::Socket> down_;
  fairlead::io::Loop::Watch up_watch_;
  fairlead::io::Loop::Watch down_watch_;
  bool names_are_ipv6_ = false;
  LinkId link_;
  bool connected_ = false;  // once
  Patience patience_;       // for the connection; the welcome has its own time, which the machine keeps
  std::uint64_t malformed_ = 0;
};

}  // namespace fairlead::gateway::io
