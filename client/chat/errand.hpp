// Errand knows when a chat in a pipe may end: when each line that was sent has got its answer. The chat app answers
// one's lines in their order, so the first answer that fits belongs to the oldest line without one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace fairlead::client {

class Errand {
 public:
  // An empty line is nobody's business: the chat does not send it.
  void on_sent(std::string_view line);
  void on_received(std::string_view message);

  bool is_welcomed() const { return me_ != 0; }
  std::size_t waiting() const { return waiting_.size(); }
  // How many lines were answered with an error.
  std::size_t refused() const { return refused_; }

 private:
  struct Line {
    std::string answer;  // the type of the object that answers it
    std::string to;      // for "say": all, a uid, or #room
    std::string text;    // the line itself, for an app that echoes
  };

  std::int64_t me_ = 0;
  std::deque<Line> waiting_;
  std::size_t refused_ = 0;
};

}  // namespace fairlead::client
