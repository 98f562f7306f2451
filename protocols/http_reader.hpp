// HttpReader takes the head of one HTTP request or response from bytes that arrive in any pieces, and judges it as they
// come: it answers garbage at its first byte, and never keeps more than the limits. Of two faults in one head either
// may be the one that is named, depending on the pieces.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/message.hpp"

namespace fairlead::protocols {

struct HttpHead {
  std::string method;  // of a request
  std::string target;
  int status = 0;  // of a response
  std::string reason;
  bool http_1_1 = false;  // or a later 1.x
  Fields headers;

  // The header's value, or "".
  std::string_view header(std::string_view lower_case_name) const;
  // Whether the comma-separated header has the token, in whatever case.
  bool has_token(std::string_view lower_case_name, std::string_view lower_case_token) const;
};

// What was wrong with a head, as the HTTP status that says so.
struct HttpFault {
  int status = 400;
  std::string why;
};

struct HttpLimits {
  std::size_t max_head;
  std::size_t max_target;
  std::size_t max_headers;
};

class HttpReader {
 public:
  enum class Side { request, response };

  HttpReader(Side side, const HttpLimits& limits);
  ~HttpReader();
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  // Takes bytes up to the end of the head, and says how many. Not to be called again once complete or faulty.
  std::size_t feed(std::string_view bytes);

  bool is_complete() const;
  const std::optional<HttpFault>& fault() const;
  HttpHead& head();
  std::size_t seen() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::protocols
