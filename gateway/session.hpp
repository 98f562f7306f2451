// A client's life at its gateway: from `open`, its event 1, to the commit of its `close`. The user may be long gone
// while the last events still wait for the bus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/ids.hpp"
#include "gateway/user_id.hpp"

namespace fairlead::gateway {

// One event that is not committed, as the record it travels in.
struct PendingEvent {
  std::uint64_t seq = 0;
  std::string record;
};

struct Session {
  enum class Phase : std::uint8_t {
    open,     // the user is here
    closing,  // we are hanging up: nothing is sent to the user any more, but events still count
    gone,     // the close event is taken: nothing comes from the user any more
  };

  ClientId client;
  std::string peer;
  std::uint64_t last = 0;             // the number of its last event
  std::uint64_t committed = 0;        // the last one known to be committed
  std::vector<PendingEvent> pending;  // (committed, last], in order
  std::size_t place = 0;              // in Sessions' list
  Phase phase = Phase::open;
  bool paused = false;
  bool known = false;  // to the broker: what is for everybody is for this client too

  UserId user() const { return {client.counter}; }
};

// All clients of a gateway. Found by user; walked in an order that depends on nothing but what happened.
class Sessions {
 public:
  Session& add(const ClientId& client, std::string peer);
  Session* find(UserId user);
  const Session* find(UserId user) const;
  void remove(UserId user);

  std::size_t size() const { return list_.size(); }
  const std::vector<Session*>& list() const { return list_; }

 private:
  std::unordered_map<UserId, Session> by_user_;
  std::vector<Session*> list_;
};

}  // namespace fairlead::gateway
