// The screen and the keyboard of somebody who chats: lines above, and below them one row that is being typed, which
// whatever is printed leaves alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <termios.h>

#include "client/chat/line_editor.hpp"

namespace fairlead::client {

class Terminal {
 public:
  static bool is_there();  // input and output are terminals

  Terminal();   // key by key, without echo
  ~Terminal();  // as it was before
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // Above the row being typed.
  void print(std::string_view line);
  void clear_screen();
  // The row being typed. Nothing is written when it is there already.
  void draw(std::string_view prompt, const LineEditor& editor);
  void leave_row();  // the next thing printed begins a line

  // What was typed; none when the terminal is gone.
  std::optional<std::string> keys();
  // False: what was printed could not be written, there is nobody to print for.
  bool is_alive() const { return alive_; }

 private:
  void write(std::string_view bytes);

  termios before_{};
  std::string row_;  // what is on the screen
  bool alive_ = true;
};

}  // namespace fairlead::client
