#include "protocols/line_reader.hpp"

#include <cstring>
#include <string_view>
#include <utility>

namespace fairlead::protocols {
namespace {

std::string_view without_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

void LineReader::feed(std::span<char> bytes, Sink& sink) {
  std::string_view in(bytes.data(), bytes.size());
  while (!closed_ && !in.empty()) {
    const std::size_t end = in.find('\n');
    if (end == std::string_view::npos) {
      // All that is kept or judged stays within max_message and its \r, whatever size a read has.
      if (without_return(in).size() + waiting_.size() > max_message_ + 1) return close_too_big(sink);
      waiting_ += in;
      if (without_return(waiting_).size() > max_message_) close_too_big(sink);
      return;
    }
    if (waiting_.empty()) {
      deliver(in.substr(0, end), sink);
    } else {
      waiting_ += in.substr(0, end);
      const std::string line = std::exchange(waiting_, {});
      deliver(line, sink);
    }
    in.remove_prefix(end + 1);
  }
}

void LineReader::deliver(std::string_view line, Sink& sink) {
  line = without_return(line);
  if (line.size() > max_message_) return close_too_big(sink);
  sink.on_message({.payload = line, .binary = false});
}

void LineReader::close_too_big(Sink& sink) {
  close({close_code::too_big, "a line of more than " + std::to_string(max_message_) + " bytes"}, sink);
}

void LineReader::close(const CloseReason& reason, Sink& sink) {
  if (closed_) return;
  closed_ = true;
  waiting_ = {};
  sink.on_close({.reason = reason, .by_peer = false, .last_words = {}});
}

}  // namespace fairlead::protocols
