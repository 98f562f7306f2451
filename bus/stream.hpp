// The two ends of a numbered stream (docs/protocol.md, L2, L3, L5). The sender counts its records; the receiver takes
// number last + 1 only, and so knows of a loss by the next record, or, when the tail was lost, by the next heartbeat.
#pragma once

#include <cstdint>

namespace fairlead {

class OutStream {
 public:
  explicit OutStream(std::uint64_t head = 0) : head_(head) {}

  // The number of the record that is sent now.
  std::uint64_t next() { return ++head_; }
  // The number of the last record sent; 0 for none.
  std::uint64_t head() const { return head_; }

 private:
  std::uint64_t head_;
};

class InStream {
 public:
  enum class Take { yes, repeated, gap };

  explicit InStream(std::uint64_t last = 0) : last_(last) {}

  // Judges the record with this number; `yes` moves the stream on.
  Take on_record(std::uint64_t number);

  // A heartbeat that came on the stream's own socket says the head. True: a tail was lost.
  bool lost_tail_at(std::uint64_t head) const;

  // A heartbeat that came on another socket says the head. The records may still be on their way, so a tail counts as
  // lost only when the head of the heartbeat before has not been reached by now.
  bool lost_tail_across(std::uint64_t head);

  std::uint64_t last() const { return last_; }
  void jump_to(std::uint64_t last) { last_ = last, promised_ = 0; }

 private:
  std::uint64_t last_;
  std::uint64_t promised_ = 0;  // the head told by the heartbeat before
};

}  // namespace fairlead
