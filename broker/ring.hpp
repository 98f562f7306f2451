// A gateway's deliveries, numbered, from when they are committed until it has applied them (docs/protocol.md, L2, B9).
// The ring would rather have the gateway cut off than leave a hole: a hole looks like success to whoever resumes.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace fairlead::broker {

class Ring {
 public:
  struct Chunk {
    std::uint64_t first = 0;  // the number of its first record
    std::uint64_t count = 0;
    std::string body;  // the records, one after another

    std::uint64_t last() const { return first + count - 1; }
  };

  explicit Ring(std::uint64_t head = 0) : head_(head), acked_(head), sent_(head) {}

  // Where the next record is encoded to; added() then gives it its number.
  std::string& body() { return begun_ = open_.body.size(), open_.body; }
  void added();

  // Closes the chunk that is growing, so that it can be sent.
  void seal();

  // A link begins: the gateway has applied up to `applied`, what follows is sent again.
  void on_resume(std::uint64_t applied);
  void on_ack(std::uint64_t applied);

  // The next sealed chunk to send, or null: nothing there, or the window of unacknowledged bytes is used up.
  const Chunk* next_to_send(std::size_t window);
  void on_sent(const Chunk& chunk);

  std::uint64_t head() const { return head_; }    // the last number given
  std::uint64_t sent() const { return sent_; }    // the last number sent on this link
  std::uint64_t acked() const { return acked_; }  // the last number applied
  std::size_t bytes() const { return bytes_ + open_.body.size(); }
  bool lagging(std::size_t window) const { return unacked_ >= window; }
  const std::deque<Chunk>& chunks() const { return chunks_; }

  // Everything that waits is dropped; numbers go on from `head`.
  void restart_at(std::uint64_t head) { *this = Ring(head); }
  // A chunk as a checkpoint held it; the chunks come in order and end at the head.
  void restore(Chunk chunk);

 private:
  std::deque<Chunk> chunks_;
  Chunk open_;
  std::size_t begun_ = 0;  // where the record that is being encoded begins
  std::uint64_t head_;
  std::uint64_t acked_;
  std::uint64_t sent_;
  std::size_t bytes_ = 0;    // of sealed chunks
  std::size_t unacked_ = 0;  // bytes sent on this link and not acknowledged
  std::size_t sent_chunks_ = 0;
};

}  // namespace fairlead::broker
