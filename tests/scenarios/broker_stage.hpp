// Plays a scenario's inputs to a real Broker, as gateways and workers that are named g1, g2, w1, … and clients c1,
// c2@g2, …
//
//   gateway g1 [lineage=other] [applied=N]   a gateway connects, subscribes and says hello
//   ack g1 N                                 it has applied its deliveries up to N
//   join w1 credit=N                         a worker connects, says hello on both sockets, wants N units
//   credit w1 N · drain w1 · bye w1 · bye g1 · progress w1 c1
//   event c1 2 [text]                        g1 offers event 2 of c1: 1 is the open, `close c1 3` the close
//   outcome w1 c1 2 [effect …]               reply:TEXT all:TEXT uid:U:TEXT group:G:TEXT bind:U join:G leave:G
//   session:S close fail w1 c1 2 [error] lose w1 · lose g1                        the connection is seen to be gone
//   freeze w1 · thaw w1                      it says nothing any more
//   wait 4s                                  time passes; whoever is not frozen sends heartbeats
//   restart                                  the broker is killed and recovers from its journal
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.hpp"

namespace fairlead::scenarios {

class BrokerStage {
 public:
  BrokerStage();

  std::vector<std::string> play(const std::vector<std::string>& inputs);

 private:
  struct Actor {
    Incarnation incarnation;
    LinkId link;
    broker::RoutingId routing = 0;
    bool here = false;
    bool frozen = false;
    std::uint64_t numbered = 0;  // records it has sent on its numbered stream
    std::uint64_t applied = 0;
    Lineage lineage;
    struct Held {
      UnitId unit;
      std::uint64_t attempt = 0;
    };
    std::map<ClientId, Held> units;
  };

  void input(const std::string& line);
  void end_turn(std::vector<std::string>& said);
  void connect(Actor& actor);
  void from_gateway(const std::string& name, const auto& record, bool numbered);
  void from_worker(const std::string& name, const auto& record);
  void outcome(const std::string& worker, const schemas::Outcome& record);
  void wait(Duration time, std::vector<std::string>& said);
  void restart();
  std::string show(const broker::Send& send);
  ClientId client(const std::string& name) const;
  std::string name_of(const ClientId& id) const;
  Actor& actor(const std::string& name);
  std::string by_routing(broker::RoutingId routing) const;

  broker::JournalHeader header_;
  std::string journal_;
  std::unique_ptr<broker::Broker> broker_;
  std::map<std::string, Actor> actors_;
  std::uint64_t last_link_ = 0;
  Instant now_{1000s};
  std::vector<std::string> said_;
};

}  // namespace fairlead::scenarios
