#include "schemas/frame.hpp"

#include "schemas/limits.hpp"

namespace fairlead::schemas {
namespace {

void put_u64(char* out, std::uint64_t value) {
  for (int i = 7; i >= 0; --i, value >>= 8U) out[i] = static_cast<char>(value & 0xffU);
}

std::string topic(char letter, LinkId link) {
  std::string out(topic_bytes, letter);
  put_u64(out.data() + 1, link.value);
  return out;
}

}  // namespace

Result<OpenFrame> open_frame(std::string_view frame) {
  Cursor cursor(frame);
  const std::uint32_t elements = cursor.array();
  const std::uint64_t version = cursor.number();
  if (!cursor.ok() || elements < 4) return Error{"no frame header"};
  if (version != wire_version)
    return Error{"wire version " + std::to_string(version) + ", this side speaks " + std::to_string(wire_version)};
  Header header{.link = {cursor.number()}, .seq = cursor.number(), .ack = cursor.number()};
  cursor.skip(elements - 4);
  if (!cursor.ok()) return Error{"no frame header"};
  return OpenFrame{.header = header, .records = cursor};
}

void FrameBuilder::clear() {
  bytes_ = topic_;
  bytes_.append(header_bytes, '\0');
}

std::string FrameBuilder::finish(const Header& header) {
  write_header(bytes_, topic_.size(), header);
  std::string finished = std::move(bytes_);
  clear();
  return finished;
}

void write_header(std::string& frame, std::size_t topic_size, const Header& header) {
  char* out = frame.data() + topic_size;
  *out++ = static_cast<char>(0x94);
  *out++ = static_cast<char>(wire_version);
  for (const std::uint64_t value : {header.link.value, header.seq, header.ack}) {
    *out++ = static_cast<char>(0xcf);
    put_u64(out, value);
    out += 8;
  }
}

std::string deliveries_topic(LinkId link) { return topic('g', link); }
std::string outcomes_topic(LinkId link) { return topic('o', link); }

}  // namespace fairlead::schemas
