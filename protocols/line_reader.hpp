// Lines: whatever stands before a \n or \r\n is a message, the empty line too. Any other byte is the payload's, a lone
// \r included. What an ending peer left without a newline is not a message.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "protocols/sink.hpp"

namespace fairlead::protocols {

class LineReader {
 public:
  explicit LineReader(std::size_t max_message) : max_message_(max_message) {}

  void feed(std::span<char> bytes, Sink& sink);
  void close(const CloseReason& reason, Sink& sink);

  bool is_open() const { return !closed_; }
  bool is_closed() const { return closed_; }
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void deliver(std::string_view line, Sink& sink);
  void close_too_big(Sink& sink);

  std::size_t max_message_;
  std::string waiting_;  // the beginning of a line, without its newline
  bool closed_ = false;
};

}  // namespace fairlead::protocols
