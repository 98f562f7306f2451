// For tests: a broker as workers see it, on real sockets, that does what the test says.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bus/check.hpp"
#include "bus/endpoints.hpp"
#include "bus/io/clock.hpp"
#include "bus/io/zmq_socket.hpp"
#include "schemas/codec.hpp"
#include "schemas/frame.hpp"

namespace fairlead::worker {

inline constexpr Duration patience = 20s;  // until a test gives up

// Speaks and hears records on the two sockets that a broker has for workers. It welcomes every link that has said hello
// on both, and numbers what it sends.
class PlayedBroker {
 public:
  PlayedBroker() {
    // The second port follows from the first, and may be taken: then both are drawn again.
    for (int attempt = 0; !xsub_ && attempt < 500; ++attempt) {
      router_ = io::Socket::router(context_, "tcp://127.0.0.1:0").value();
      const int next = port_of(router_->last_endpoint()) + 1;
      if (auto bound = io::Socket::xsub(context_, "tcp://127.0.0.1:" + std::to_string(next), "o"))
        xsub_ = std::move(*bound);
    }
    FAIRLEAD_CHECK(xsub_, "no two ports in a row are free");
  }

  // The base port, from which a worker finds the backend two further and the outcomes three.
  BusAddress address() const {
    const int base = port_of(router_->last_endpoint()) - 2;
    return BusAddress::for_connect("tcp://127.0.0.1:" + std::to_string(base)).value();
  }

  struct Heard {
    LinkId link;
    schemas::ToBrokerFromWorker record;
  };

  // The next record of this kind, however long others come before it.
  template <class Record>
  std::optional<Record> hear() {
    const Instant deadline = io::now() + patience;
    while (io::now() < deadline) {
      for (auto at = heard_.begin(); at != heard_.end(); ++at) {
        if (!std::holds_alternative<Record>(at->record)) continue;
        Record found = std::get<Record>(at->record);
        heard_.erase(at);
        return found;
      }
      listen();
    }
    return std::nullopt;
  }

  template <class Record>
  bool has_heard() const {
    return std::any_of(heard_.begin(), heard_.end(),
                       [](const Heard& one) { return std::holds_alternative<Record>(one.record); });
  }

  template <class... Records>
  void number(const Records&... records) {
    Peer& peer = peers_.at(link_);
    send(peer.sent + 1, records...);
    peer.sent += sizeof...(records);
  }
  template <class... Records>
  void say(const Records&... records) {
    send(0, records...);
  }

  bool acknowledges = true;  // what it has heard, in everything it says

  // Its sockets close, as when a broker dies.
  void die() { router_.reset(), xsub_.reset(); }

  LinkId link() const { return link_; }  // the one welcomed last
  std::size_t links() const { return peers_.size(); }

 private:
  struct Peer {
    std::optional<io::RoutingId> routing;
    bool on_pub = false;
    bool welcomed = false;
    std::uint64_t sent = 0;
    std::uint64_t outcomes = 0;
  };

  void listen() {
    std::array<io::Socket*, 2> sockets{&*router_, &*xsub_};
    io::wait(sockets, {}, 10ms);
    io::drain_router(*router_, 1000, [this](io::RoutingId from, std::string_view frame) { on_frame(from, frame); });
    io::drain(*xsub_, 1000,
              [this](std::string_view frame) { on_frame(std::nullopt, frame.substr(schemas::topic_bytes)); });
  }

  void on_frame(std::optional<io::RoutingId> from, std::string_view frame) {
    auto opened = schemas::open_frame(frame).value();
    const LinkId link = opened.header.link;
    Peer& peer = peers_[link];
    if (from) peer.routing = from;
    EXPECT_TRUE(opened.header.seq == 0 || opened.header.seq == peer.outcomes + 1);
    while (!opened.records.at_end()) {
      auto record = schemas::decode_from_worker(opened.records);
      EXPECT_TRUE(opened.records.ok());
      if (std::holds_alternative<schemas::WorkerHello>(record) && !from) peer.on_pub = true;
      if (std::holds_alternative<schemas::Outcome>(record) || std::holds_alternative<schemas::Publication>(record))
        ++peer.outcomes;
      heard_.push_back({link, std::move(record)});
    }
    if (!peer.welcomed && peer.routing && peer.on_pub) {
      peer.welcomed = true;
      link_ = link;
      say(schemas::WorkerWelcome{.incarnation = {5}, .shard = 1});
    }
  }

  template <class... Records>
  void send(std::uint64_t seq, const Records&... records) {
    const Peer& peer = peers_.at(link_);
    schemas::FrameBuilder builder;
    (schemas::append(builder.body(), records), ...);
    router_->send(*peer.routing, builder.finish({.link = link_, .seq = seq, .ack = acknowledges ? peer.outcomes : 0}));
  }

  io::Context context_;
  std::optional<io::Socket> router_;
  std::optional<io::Socket> xsub_;
  std::map<LinkId, Peer> peers_;
  LinkId link_;
  std::vector<Heard> heard_;
};

}  // namespace fairlead::worker
