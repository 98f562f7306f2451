// View turns what the chat app says (apps/chat.hpp) into lines for a person, and remembers what is needed for that: who
// we are, and who has which name. Anything that is not the chat app's is shown as it came.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::client {

class View {
 public:
  enum class Tone { say, private_say, room, notice, error, raw };

  struct Line {
    Tone tone = Tone::notice;
    std::string who;   // "Ann(3)"; empty for notices
    std::string text;  // harmless; may hold line breaks
    bool operator==(const Line&) const = default;
  };

  // What one message means; nothing when it needs no line.
  std::vector<Line> on_message(std::string_view message);

  // What to say after the gateway was lost and found: a new connection has a new uid, no name and no rooms.
  std::vector<std::string> reintroduction() const;

  std::int64_t me() const { return me_; }  // 0: not welcomed yet
  std::string my_label() const;            // "Ann(7)", "7"

 private:
  std::string label(std::int64_t uid) const;
  void remember(std::int64_t uid, std::string name);
  struct Reader;

  std::int64_t me_ = 0;
  std::string name_;  // the one we asked for, in all our connections
  std::set<std::string> rooms_;
  std::map<std::int64_t, std::string> names_;
};

// One line as it is printed: "22:05:44 Ann(3): hello", further lines of the text indented. `colour` only for terminals.
std::string print(const View::Line& line, std::string_view time, bool colour);

}  // namespace fairlead::client
