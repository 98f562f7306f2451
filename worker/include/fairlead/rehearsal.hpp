// Rehearsal plays a whole bus for the unit test of a Handler: clients come, say something and go, and the test looks at
// what each of them heard. There are no sockets and no threads in it; every event is committed before the call returns,
// but for those that its handler puts off. Time stands still until the test lets it pass.
//
//   Echo echo;
//   Rehearsal bus(echo, open_store("memory:").value());
//   const ClientId ann = bus.open();
//   bus.say(ann, "hi");
//   EXPECT_EQ(bus.heard(ann), std::vector<std::string>{"hi"});
//
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/handler.hpp"

namespace fairlead {

class Rehearsal {
 public:
  // The handler outlives it. Calls its on_start.
  Rehearsal(Handler& handler, std::shared_ptr<Store> store);
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;
  // Calls the handler's on_stop.
  ~Rehearsal();

  // ---- what users do

  ClientId open(const Handshake& handshake = {});
  void say(ClientId client, std::string_view message);
  void say_binary(ClientId client, std::string_view message);
  void leave(ClientId client, const CloseReason& reason = {1000, "it left"});

  // Time passes: timers come due, events that were put off come again, and ticks are called, in the order of their times.
  // The store has a clock of its own.
  void pass(std::chrono::milliseconds time);

  // ---- what comes of it

  // What reached the client since the last call, its last message included when it has been closed.
  std::vector<std::string> heard(ClientId client);
  bool last_was_binary(ClientId client) const;
  bool is_open(ClientId client) const;
  std::string session(ClientId client) const;
  // What the last event's handler threw, if it did. Its effects were dropped; it is not tried again.
  const std::optional<std::string>& failure() const;

  // ---- what else can happen

  // From now on queries say that they are not complete, as when a gateway is away.
  void lose_a_gateway();
  // From now on queries fail, as when the broker does not answer.
  void lose_the_broker();

 private:
  struct Stage;
  std::unique_ptr<Stage> stage_;
};

}  // namespace fairlead
