// A conformance case says what a client sends to a WebSocket echo server, and what a strict server must answer. The
// cases follow the sections of the Autobahn testsuite (1 to 7, 9, 10), and section 20 holds our own. They know no
// socket: whoever runs them brings a Peer, so that the same table judges the codec alone and a whole gateway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::conformance {

inline constexpr unsigned op_continuation = 0;
inline constexpr unsigned op_text = 1;
inline constexpr unsigned op_binary = 2;
inline constexpr unsigned op_close = 8;
inline constexpr unsigned op_ping = 9;
inline constexpr unsigned op_pong = 10;

struct Flags {
  bool fin = true;
  unsigned rsv = 0;           // three bits
  bool masked = true;         // as a client must
  unsigned length_bytes = 0;  // 0: as few as needed; 2 or 8: that many behind the first
};

// A client's frame, right or wrong.
std::string frame(unsigned opcode, std::string_view payload = {}, Flags flags = {});

// The frame that closes with a code.
std::string close_frame(std::uint16_t code, std::string_view text = {});

// A message in frames of at most `size` payload bytes.
std::string fragmented(unsigned opcode, std::string_view payload, std::size_t size);

// `pattern` over and over, to exactly `size` bytes.
std::string repeated(std::string_view pattern, std::size_t size);

struct Step {
  std::string bytes;
  std::size_t chop = 0;     // sent in pieces of that many bytes; 0: at once
  std::size_t answers = 0;  // so many answers must have come before the next step
};

struct Answer {
  unsigned opcode;  // op_text and op_binary for an echo, op_pong
  std::string payload;

  bool operator==(const Answer&) const = default;
};

struct Case {
  std::string id;  // "5.6"
  std::string what;
  std::vector<Step> steps;
  std::vector<Answer> answers;             // exactly these, in this order
  std::vector<std::uint16_t> closes_with;  // the server's close code, 0 for none; empty: it stays open until we close
  std::size_t fails_at = npos;             // fail fast: the step that the server must answer with its close

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
};

// How much a server must take in one message to be judged by all cases.
inline constexpr std::size_t needed_max_message = std::size_t{16} * 1024 * 1024;

// The cases of one section: 1 to 7, 9, 10, 20. Section 9 is made of megabytes: do not keep it.
std::vector<Case> cases(int section);
std::vector<int> sections();

// The other side of a case: an echo server whose handshake is done.
class Peer {
 public:
  virtual ~Peer() = default;

  // Sends; a peer that has closed already takes nothing, which is no failure.
  virtual void send(std::string_view bytes) = 0;

  // What has come since the last call. Over a socket: waits for something, and gives up (empty) at a deadline or when
  // the server has closed.
  virtual std::string receive() = 0;
};

// How the steps' bytes are cut: the result must be the same.
enum class Cut { as_stated, byte_by_byte, all_at_once };

// Empty when the peer does all that the case asks, otherwise what it did instead.
std::string run(const Case& wanted, Peer& peer, Cut cut = Cut::as_stated);

}  // namespace fairlead::conformance
