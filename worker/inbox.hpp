// The units that a worker has and has not finished, in the order they came (docs/protocol.md, K2, K3). Inside a unit it
// carries the client's session, uid and groups from event to event, so that a handler sees what the one before it did,
// although the broker has not committed that yet.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>

#include "schemas/effect.hpp"
#include "schemas/records.hpp"
#include "worker/job.hpp"
#include "worker/own_client.hpp"

namespace fairlead::worker {

class Inbox {
 public:
  void add(schemas::Unit unit);

  // The next event, with the client as it is now. One at a time: none until the one before was put back.
  std::optional<Job> take(LinkId link);

  enum class Left {
    nothing,      // its unit was cancelled: nothing that comes of the job counts
    events,       // of its unit
    other_units,  // its unit is done
  };
  // The event was handled with these effects; the next one of its unit may follow.
  Left put_back(const Job& job, std::span<const schemas::Effect> effects);
  // The event failed: the rest of its unit is dropped.
  Left put_back_failed(const Job& job);

  void cancel(UnitId unit, std::uint64_t attempt);
  void clear() { units_.clear(), out_ = false; }

  // An event that counts is being handled.
  bool handling() const { return out_; }
  bool empty() const { return units_.empty(); }
  std::size_t units() const { return units_.size(); }

 private:
  struct Entry {
    schemas::Unit unit;
    OwnClient own;
    std::size_t next = 0;  // the event that is to be handled, or is being handled
  };

  bool is_out(const Job& job) const;
  void drop_front() { units_.pop_front(), out_ = false; }

  std::deque<Entry> units_;
  bool out_ = false;  // an event of the front unit is being handled
};

}  // namespace fairlead::worker
