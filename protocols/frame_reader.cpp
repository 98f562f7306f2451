#include "protocols/frame_reader.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fairlead::protocols {
namespace {

std::size_t payload_size(std::string_view frame) {
  std::uint32_t size = 0;
  for (const char c : frame.substr(0, FrameReader::header)) size = (size << 8U) | static_cast<unsigned char>(c);
  return size;
}

}  // namespace

void FrameReader::feed(std::span<char> bytes, Sink& sink) {
  std::string_view in(bytes.data(), bytes.size());
  const auto keep = [&](std::size_t frame_size) {
    const std::size_t more = std::min(frame_size - waiting_.size(), in.size());
    waiting_ += in.substr(0, more);
    in.remove_prefix(more);
  };
  while (!closed_ && !in.empty()) {
    if (!waiting_.empty() && waiting_.size() < header) keep(header);
    const std::string_view frame = waiting_.empty() ? in : waiting_;
    if (frame.size() < header) {
      if (waiting_.empty()) keep(header);
      return;
    }
    const std::size_t size = payload_size(frame);
    if (size > max_message_) {
      return close({close_code::too_big,
                    "a frame of " + std::to_string(size) + " bytes, more than " + std::to_string(max_message_)},
                   sink);
    }
    const bool whole = waiting_.empty() && in.size() >= header + size;
    if (whole) {
      const std::string_view payload = in.substr(header, size);
      in.remove_prefix(header + size);
      sink.on_message({.payload = payload, .binary = false});
      continue;
    }
    keep(header + size);
    if (waiting_.size() < header + size) return;
    const std::string kept = std::exchange(waiting_, {});
    sink.on_message({.payload = std::string_view(kept).substr(header), .binary = false});
  }
}

void FrameReader::close(const CloseReason& reason, Sink& sink) {
  if (closed_) return;
  closed_ = true;
  waiting_ = {};
  sink.on_close({.reason = reason, .by_peer = false, .last_words = {}});
}

}  // namespace fairlead::protocols
