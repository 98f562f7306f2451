// Ready clients × workers with room. First come, first served, to the worker with the fewest units; an event under
// suspicion travels alone; a worker that brings nothing loses first what waits behind its handler, then, past the
// deadline, what it is handling (docs/protocol.md, B2, B6, B7).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bus/ids.hpp"
#include "bus/time.hpp"

namespace fairlead::broker {

struct DispatchLimits {
  std::uint64_t units = 256;                  // at one worker, whatever its credit
  std::size_t bytes = std::size_t{8} << 20U;  // at one worker
  Duration slow = 100ms;                      // without an outcome: what waits behind goes elsewhere
  Duration deadline = 30s;                    // of a handler
};

// A unit that is out.
struct UnitOut {
  ClientId client;
  LinkId worker;
  std::uint64_t attempt = 0;
  std::uint64_t next_seq = 0;  // the event whose outcome is awaited
  std::uint64_t last_seq = 0;
  std::size_t bytes = 0;
  bool alone = false;
  std::uint64_t turn = 0;  // in which it was handed out
};

class Dispatch {
 public:
  explicit Dispatch(DispatchLimits limits) : limits_(limits) {}

  // ---- workers
  void add_worker(LinkId worker, Instant now);
  // Its units, the oldest first, for the caller to give up.
  std::vector<UnitId> remove_worker(LinkId worker);
  void on_credit(LinkId worker, std::uint64_t units);
  void on_draining(LinkId worker);
  // An outcome or progress came: it is at work.
  void on_word(LinkId worker, Instant now);
  bool idle(LinkId worker) const;
  std::uint64_t outstanding(LinkId worker) const;
  // The unit it is handling, if any: the oldest.
  std::optional<UnitId> handling(LinkId worker) const;

  // ---- clients that wait for a worker
  enum class Place { back, front };
  void on_ready(const ClientId& client, Place place, bool alone);

  struct Match {
    ClientId client;
    LinkId worker;
    bool alone = false;
  };
  // The next client that can be served, and by whom. It leaves the queue; the caller makes the unit and hands it out.
  std::optional<Match> match();
  UnitId hand_out(const UnitOut& unit, Instant now);

  // ---- units
  UnitOut* find(UnitId unit);
  // The unit is over, whichever way.
  void finish(UnitId unit);

  struct Late {
    std::vector<UnitId> behind;   // wait behind a slow handler while others have room; the newest first
    std::vector<UnitId> overdue;  // their handler is past its deadline
  };
  Late late(Instant now);
  Instant next_time() const;
  // This process was paused: nobody's handler got later meanwhile.
  void on_pause(Duration pause);

  std::size_t ready() const { return ready_.size() + suspects_.size(); }
  std::size_t out() const { return units_.size(); }
  std::size_t workers() const { return workers_.size(); }

 private:
  struct Worker {
    LinkId link;
    std::uint64_t credit = 0;
    std::deque<UnitId> units;  // oldest first
    std::size_t bytes = 0;
    bool slow = false;   // without an outcome for long: gets nothing more
    bool stuck = false;  // lost a unit to the deadline: gets nothing before it speaks of its work again
    bool draining = false;
    bool alone = false;     // has a unit that must be alone
    bool reserved = false;  // gets nothing more until it is empty, for a suspect
    Instant last_word{};
  };

  Worker* find_worker(LinkId link);
  const Worker* find_worker(LinkId link) const;
  bool has_room(const Worker& worker) const;
  Worker* least_loaded();
  Worker* for_suspect();

  DispatchLimits limits_;
  std::vector<Worker> workers_;  // in the order they came
  std::unordered_map<UnitId, UnitOut> units_;
  std::deque<ClientId> ready_;
  std::deque<ClientId> suspects_;
  std::uint64_t last_unit_ = 0;
};

}  // namespace fairlead::broker
