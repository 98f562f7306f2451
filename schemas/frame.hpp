// A frame is one ZeroMQ message: a header and then records, all msgpack objects one after another.
//
//   [version, link, seq, ack] record record …
//
// seq > 0: every record of the frame is numbered, the first is number seq, the next seq + 1, and so on.
// seq = 0: no record of the frame is numbered. ack is the last number received in order on the opposite stream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bus/ids.hpp"
#include "bus/result.hpp"
#include "schemas/cursor.hpp"

namespace fairlead::schemas {

inline constexpr std::uint64_t wire_version = 1;

struct Header {
  LinkId link;
  std::uint64_t seq = 0;
  std::uint64_t ack = 0;

  bool operator==(const Header&) const = default;
};

// An opened frame: its header, and a cursor on its first record.
struct OpenFrame {
  Header header;
  Cursor records;
};

// Whatever is wrong with a frame, the error says it in a word that fits a log line.
Result<OpenFrame> open_frame(std::string_view frame);

// Frames are built in place: room for the header first, records behind it, the header written when it is known.
class FrameBuilder {
 public:
  static constexpr std::size_t header_bytes = 29;

  // With a topic, the frame begins with it (PUB legs).
  explicit FrameBuilder(std::string topic = {}) : topic_(std::move(topic)) { clear(); }

  // Where records are appended.
  std::string& body() { return bytes_; }
  std::size_t record_bytes() const { return bytes_.size() - topic_.size() - header_bytes; }
  bool empty() const { return record_bytes() == 0; }

  // The finished frame; the builder is empty again.
  std::string finish(const Header& header);

 private:
  void clear();

  std::string topic_;
  std::string bytes_;
};

// Rewrites the header of a finished frame that has `topic_bytes` in front of it.
void write_header(std::string& frame, std::size_t topic_bytes, const Header& header);

// Topics of the two PUB legs: a letter and the link id, 9 bytes.
std::string deliveries_topic(LinkId link);  // 'g'
std::string outcomes_topic(LinkId link);    // 'o'
inline constexpr std::size_t topic_bytes = 9;

}  // namespace fairlead::schemas
