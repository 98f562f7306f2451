#include "tests/conformance/ws_case.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "bus/text.hpp"

namespace fairlead::conformance {
namespace {

std::string big_endian(std::uint64_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = bytes; i > 0; --i) out += static_cast<char>((value >> ((i - 1) * 8)) & 0xffU);
  return out;
}

// What a server has said, taken apart by rules of our own: the code under test is not asked about itself.
class Hearing {
 public:
  void hear(std::string_view bytes) {
    bytes_ += bytes;
    while (take_frame()) {
    }
  }

  bool closed() const { return close_.has_value(); }
  const std::optional<std::uint16_t>& close_code() const { return close_; }
  const std::vector<Answer>& answers() const { return answers_; }
  const std::string& fault() const { return fault_; }

 private:
  bool take_frame() {
    const std::size_t have = bytes_.size() - at_;
    if (have < 2 || !fault_.empty()) return false;
    const unsigned first = byte(0);
    const unsigned opcode = first & 0x0fU;
    std::size_t size = byte(1);
    if (size > 127) return fail("the server masked a frame");
    if ((first & 0xf0U) != 0x80U) return fail("the server fragmented a message or set a reserved bit");
    if (close_) return fail("the server said something after its close");
    const std::size_t header = size == 127 ? 10 : size == 126 ? 4 : 2;
    if (have < header) return false;
    if (header > 2) {
      size = 0;
      for (std::size_t i = 2; i < header; ++i) size = size * 256 + byte(i);
    }
    if (have < header + size) return false;
    std::string payload = bytes_.substr(at_ + header, size);
    at_ += header + size;
    if (at_ == bytes_.size()) {
      bytes_.clear();
      at_ = 0;
    }
    if (opcode == op_close) {
      close_ = payload.size() < 2 ? std::uint16_t{0}
                                  : static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) * 256U +
                                                               static_cast<unsigned char>(payload[1]));
    } else {
      answers_.push_back({opcode, std::move(payload)});
    }
    return true;
  }

  unsigned byte(std::size_t i) const { return static_cast<unsigned char>(bytes_[at_ + i]); }

  bool fail(std::string why) {
    fault_ = std::move(why);
    return false;
  }

  std::string bytes_;
  std::size_t at_ = 0;
  std::vector<Answer> answers_;
  std::optional<std::uint16_t> close_;
  std::string fault_;
};

std::string listing(const std::vector<Answer>& answers) {
  std::string out;
  for (const auto& [opcode, payload] : answers) {
    out += " [" + std::to_string(opcode) + ", " + std::to_string(payload.size()) + " bytes: " + printable(payload, 30) +
           "]";
  }
  return out.empty() ? " nothing" : out;
}

void send(Peer& peer, const Step& step, Cut cut) {
  const std::size_t chop = cut == Cut::byte_by_byte ? 1 : step.chop == 0 ? step.bytes.size() : step.chop;
  for (std::size_t i = 0; i < step.bytes.size(); i += chop) peer.send(std::string_view(step.bytes).substr(i, chop));
}

template <class Until>
void hear_until(Peer& peer, Hearing& hearing, Until until) {
  while (!until()) {
    const std::string bytes = peer.receive();
    if (bytes.empty()) return;
    hearing.hear(bytes);
  }
}

}  // namespace

std::string frame(unsigned opcode, std::string_view payload, Flags flags) {
  static constexpr std::array<unsigned char, 4> mask{0x37, 0xfa, 0x21, 0x3d};
  std::string out(1, static_cast<char>((flags.fin ? 0x80U : 0U) | (flags.rsv << 4U) | opcode));
  const unsigned bytes = flags.length_bytes != 0   ? flags.length_bytes
                         : payload.size() > 0xffff ? 8U
                         : payload.size() > 125    ? 2U
                                                   : 0U;
  const unsigned masked = flags.masked ? 0x80U : 0U;
  out += static_cast<char>(masked | (bytes == 8 ? 127U : bytes == 2 ? 126U : static_cast<unsigned>(payload.size())));
  out += big_endian(payload.size(), bytes);
  if (!flags.masked) return out.append(payload);
  for (const unsigned char c : mask) out += static_cast<char>(c);
  const std::size_t begin = out.size();
  out += payload;
  for (std::size_t i = begin; i < out.size(); ++i) {
    out[i] = static_cast<char>(static_cast<unsigned char>(out[i]) ^ mask[(i - begin) % 4]);
  }
  return out;
}

std::string close_frame(std::uint16_t code, std::string_view text) {
  return frame(op_close, big_endian(code, 2).append(text));
}

std::string fragmented(unsigned opcode, std::string_view payload, std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i == 0 || i < payload.size(); i += size) {
    out += frame(i == 0 ? opcode : op_continuation, payload.substr(i, size), {.fin = i + size >= payload.size()});
  }
  return out;
}

std::string repeated(std::string_view pattern, std::size_t size) {
  std::string out;
  out.reserve(size + pattern.size());
  while (out.size() < size) out += pattern;
  out.resize(size);
  return out;
}

std::string run(const Case& wanted, Peer& peer, Cut cut) {
  Hearing hearing;
  if (cut == Cut::all_at_once) {
    Step all;
    for (const Step& step : wanted.steps) all.bytes += step.bytes;
    send(peer, all, Cut::as_stated);
  } else {
    for (std::size_t i = 0; i < wanted.steps.size(); ++i) {
      if (i <= wanted.fails_at && hearing.closed()) return "the server closed before step " + std::to_string(i);
      send(peer, wanted.steps[i], cut);
      if (i == wanted.fails_at) {
        hear_until(peer, hearing, [&] { return hearing.closed(); });
        if (!hearing.closed()) return "the server did not fail at step " + std::to_string(i);
      }
      const std::size_t due = wanted.steps[i].answers;
      if (due == 0) continue;
      hear_until(peer, hearing, [&] { return hearing.answers().size() >= due || hearing.closed(); });
      if (hearing.answers().size() < due) {
        return "after step " + std::to_string(i) + " the server had answered" + listing(hearing.answers());
      }
    }
  }

  std::vector<std::uint16_t> codes = wanted.closes_with;
  if (codes.empty()) {
    hear_until(peer, hearing, [&] { return hearing.answers().size() >= wanted.answers.size() || hearing.closed(); });
    if (hearing.closed()) return "the server closed with " + std::to_string(*hearing.close_code());
    peer.send(close_frame(1000));
    codes = {1000};
  }
  hear_until(peer, hearing, [&] { return hearing.closed(); });
  if (!hearing.fault().empty()) return hearing.fault();
  if (hearing.answers() != wanted.answers) {
    return "the server answered" + listing(hearing.answers()) + " instead of" + listing(wanted.answers);
  }
  if (!hearing.closed()) return "the server did not close";
  if (std::ranges::find(codes, *hearing.close_code()) == codes.end()) {
    return "the server closed with " + std::to_string(*hearing.close_code());
  }
  return {};
}

}  // namespace fairlead::conformance
