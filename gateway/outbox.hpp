// What one user's connection still has to be sent (docs/protocol.md, P5): framed bytes, in order, bounded. What happens
// at the bound is the policy's business; what a user does not read can never cost more than the bound.
//
// Bytes go out as they lie here, many messages with one write. Small messages are copied behind one another; a big one
// is shared by all connections that owe it. Control frames (pongs, pings) pass messages that have not begun to go out.
//
// Most users are owed nothing most of the time: then an outbox is two pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::gateway {

class Outbox;

// The memory of all outboxes of a gateway; shared bytes count once.
class OutboxMemory {
 public:
  explicit OutboxMemory(std::size_t limit);
  OutboxMemory(const OutboxMemory&) = delete;
  OutboxMemory& operator=(const OutboxMemory&) = delete;
  ~OutboxMemory();

  using Shared = std::shared_ptr<const std::string>;
  // Bytes for many outboxes, counted until the last one lets go. Must not outlive this.
  Shared share(std::string bytes);

  bool full() const { return used_ >= limit_; }
  std::size_t used() const { return used_; }

 private:
  friend class Outbox;
  struct Queues;  // what an outbox has that is not empty

  std::unique_ptr<Queues> take();
  void give_back(std::unique_ptr<Queues> queues);

  std::size_t limit_;
  std::size_t used_ = 0;
  std::vector<std::unique_ptr<Queues>> spare_;  // with the room they have; a few, small ones
};

enum class OutboxPolicy : std::uint8_t {
  close,        // hang up on who does not read: nobody is left with a hole
  drop_newest,  // what comes is lost until there is room
  drop_oldest,  // what has waited longest is lost; a message that has begun to go out is finished
};

struct OutboxLimits {
  std::size_t bytes = std::size_t{1} << 20U;
  OutboxPolicy policy = OutboxPolicy::close;
};

class Outbox {
 public:
  static constexpr std::size_t max_control = std::size_t{16} << 10U;

  struct Push {
    enum What : std::uint8_t {
      queued,
      dropped,   // it, or older ones, by the policy
      overflow,  // the policy is to hang up
    };
    What what = queued;
    bool of_all = false;       // not queued: it was the limit of all outboxes that was met
    std::size_t messages = 0;  // that were lost
    std::size_t bytes = 0;     // of these

    bool operator==(What other) const { return what == other; }
  };

  explicit Outbox(OutboxMemory& memory);
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox();

  // One framed message. An empty outbox takes any message, or one beyond the limit could never be sent.
  Push push(std::string_view framed, const OutboxLimits& limits);
  Push push(const OutboxMemory::Shared& framed, const OutboxLimits& limits);
  // False: too many wait already, this one is dropped.
  bool push_control(std::string_view framed);
  // Behind everything and whatever the limits: a close frame, an HTTP response.
  void push_last_words(std::string_view framed);
  void clear();

  // What to write next, in order. Fills at most pieces.size() and says how many; valid until the next change.
  std::size_t gather(std::span<std::string_view> pieces) const;
  void on_written(std::size_t bytes);

  bool empty() const { return queues_ == nullptr; }
  std::size_t bytes() const;

 private:
  using Queues = OutboxMemory::Queues;

  Queues& queues();
  Push admit(std::size_t size, const OutboxLimits& limits);
  void append(std::string_view framed);
  Push drop_oldest(std::size_t size, std::size_t limit);
  void tidy();

  OutboxMemory* memory_;
  std::unique_ptr<Queues> queues_;  // none: nothing waits
};

}  // namespace fairlead::gateway
