// The header of the PROXY protocol, versions 1 and 2, with which a proxy in front of us says for whom it has connected.
// It is only worth reading when it comes from a proxy that we trust: whoever trusts the sender decides that, not we.
//
// Fed bytes in any pieces. Strict: whatever is not exactly a header is a fault, at the first byte that shows it, and
// nothing beyond the header is looked at. Keeps at most max_size bytes.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/ip_address.hpp"

namespace fairlead::protocols {

class ProxyHeader {
 public:
  static constexpr std::size_t max_v1 = 107;     // with its \r\n, as the protocol's text says
  static constexpr std::size_t max_size = 4096;  // of version 2, further fields included

  // How many of the bytes are the header's. Not to be called again once complete() or faulty.
  std::size_t feed(std::string_view bytes);

  bool complete() const { return complete_; }
  const std::string& fault() const { return fault_; }  // empty: none
  // For whom; none when the proxy speaks for itself (a health check), or does not know.
  const std::optional<Peer>& source() const { return source_; }

  // How "PROXY " and the signature of version 2 begin.
  static constexpr std::string_view v1_begin = "PROXY ";
  static constexpr std::string_view v2_begin{"\r\n\r\n\0\r\nQUIT\n", 12};

 private:
  std::size_t need() const;  // how many bytes there must be before anything more can be said
  void judge();
  void judge_v1();
  void judge_v2();
  void fail(std::string why) { fault_ = std::move(why); }

  std::string waiting_;
  std::string fault_;
  std::optional<Peer> source_;
  bool complete_ = false;
};

// Whether the bytes of somebody who must not send such a header begin like one. Fed in any pieces.
class ProxyHeaderDetector {
 public:
  enum class Verdict { no, perhaps, yes };
  Verdict feed(std::string_view bytes);

 private:
  std::array<char, 12> seen_{};
  std::size_t size_ = 0;
};

}  // namespace fairlead::protocols
