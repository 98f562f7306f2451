// A client's events between the gateway and their commit, in order. At most one unit of a client is out at a time; the
// events of that unit stay here, at the front, until each is committed, so that giving a unit up moves nothing
// (docs/protocol.md, B1, B2, B5).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bus/ids.hpp"
#include "bus/time.hpp"
#include "schemas/records.hpp"

namespace fairlead::broker {

struct Mailbox {
  std::uint64_t seen = 0;                  // the last event taken from the gateway
  std::vector<schemas::UnitEvent> events;  // from `first` on: those not committed
  std::size_t first = 0;
  std::optional<UnitId> out;          // the unit that carries the events at the front
  bool ready = false;                 // waits in the ready queue
  bool closing = false;               // the broker itself has put the close behind what was there
  std::uint64_t attempts = 0;         // units made so far that carry the event at the front
  std::uint32_t blames = 0;           // of the event at the front
  std::uint32_t conflicts = 0;        // likewise: outcomes that came too late for a session they had read
  std::optional<Instant> not_before;  // its handler wants the event at the front again, but not yet

  bool empty() const { return first == events.size(); }
  const schemas::UnitEvent& front() const { return events[first]; }
  std::size_t waiting() const { return events.size() - first; }
  // The event at the front is dealt with.
  void pop();
};

class Mailboxes {
 public:
  // What became of an event that a gateway offered.
  enum class Put { taken, repeated, gap };

  // The mailbox of a client whose last committed event is `done`; made when there is none.
  Mailbox& of(const ClientId& client, std::uint64_t done);
  Mailbox* find(const ClientId& client);
  const Mailbox* find(const ClientId& client) const;
  static Put put(Mailbox& mailbox, schemas::UnitEvent event);
  // Forgets the mailbox when nothing is left in it.
  void tidy(const ClientId& client);
  void remove(const ClientId& client) { boxes_.erase(client); }

  std::vector<ClientId> clients_of(Incarnation gateway) const;  // in order

  std::size_t size() const { return boxes_.size(); }
  bool empty() const { return boxes_.empty(); }

 private:
  std::unordered_map<ClientId, Mailbox> boxes_;
};

}  // namespace fairlead::broker
