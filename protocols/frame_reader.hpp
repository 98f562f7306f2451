// Frames: a u32 big-endian payload length and the payload. Any bytes, the empty payload too.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "protocols/sink.hpp"

namespace fairlead::protocols {

class FrameReader {
 public:
  static constexpr std::size_t header = 4;

  explicit FrameReader(std::size_t max_message) : max_message_(max_message) {}

  void feed(std::span<char> bytes, Sink& sink);
  void close(const CloseReason& reason, Sink& sink);

  bool is_open() const { return !closed_; }
  bool is_closed() const { return closed_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  std::size_t max_message_;
  std::string waiting_;  // the beginning of a frame, with its header
  bool closed_ = false;
};

}  // namespace fairlead::protocols
