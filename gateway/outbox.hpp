// What one user's connection still has to be sent (docs/protocol.md, P5): framed bytes, in order, bounded. What happens
// at the bound is the policy's business; what a user does not read can never cost more than the bound.
//
// Bytes go out as they lie here, many messages with one write. Small messages are copied behind one another; a big one
// is shared by all connections that owe it. Control frames (pongs, pings) pass messages that have not begun to go out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::gateway {

// The memory of all outboxes of a gateway; shared bytes count once.
class OutboxMemory {
 public:
  explicit OutboxMemory(std::size_t limit) : limit_(limit) {}
  OutboxMemory(const OutboxMemory&) = delete;
  OutboxMemory& operator=(const OutboxMemory&) = delete;
  ~OutboxMemory() = default;

  using Shared = std::shared_ptr<const std::string>;
  // Bytes for many outboxes, counted until the last one lets go. Must not outlive this.
  Shared share(std::string bytes);

  bool full() const { return used_ >= limit_; }
  std::size_t used() const { return used_; }

 private:
  friend class Outbox;
  std::size_t limit_;
  std::size_t used_ = 0;
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

  enum class Push : std::uint8_t {
    queued,
    dropped,   // it, or older ones, by the policy
    overflow,  // the policy is to hang up
  };

  explicit Outbox(OutboxMemory& memory) : memory_(&memory) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;
  ~Outbox() { clear(); }

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

  bool empty() const { return bytes_ == 0; }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct Message {
    std::size_t size = 0;
    OutboxMemory::Shared shared;  // none: the bytes lie in small_
  };

  Push admit(std::size_t size, const OutboxLimits& limits);
  void append(std::string_view framed);
  void drop_oldest(std::size_t size, std::size_t limit);
  void tidy();

  OutboxMemory* memory_;
  std::string small_;              // small messages, one behind the other
  std::vector<Message> messages_;  // in order
  std::string control_;
  std::size_t small_sent_ = 0;  // of small_, with all that went before
  std::size_t first_ = 0;       // in messages_: the first that is not sent
  std::size_t begun_ = 0;       // bytes of it that are sent
  std::size_t control_sent_ = 0;
  std::size_t bytes_ = 0;  // still to be sent, all together
  std::uint64_t dropped_ = 0;
};

}  // namespace fairlead::gateway
