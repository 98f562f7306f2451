#include "apps/chat_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "bus/text.hpp"

namespace fairlead::apps {
namespace {

constexpr std::array<std::string_view, 5> commands{"join", "leave", "who", "name", "help"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// C0 and C1 controls and DEL: a terminal would obey them. Tabs and line breaks are part of what people write.
bool holds_controls(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xa0) return true;
  }
  return false;
}

std::string_view trimmed(std::string_view text) {
  static constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// The name of a room, with or without the # that it is shown with.
Result<std::string> room_name(std::string_view typed) {
  if (typed.starts_with('#')) typed.remove_prefix(1);
  if (typed.empty()) return Error{"which room is that"};
  if (typed.size() > max_chat_name) return Error{"a room's name has at most 64 bytes"};
  if (typed.find_first_of(" \t\n/#") != std::string_view::npos) {
    return Error{"a room's name holds no blanks, no / and no #"};
  }
  if (std::find(commands.begin(), commands.end(), typed) != commands.end()) {
    return Error{"no room can be called " + std::string(typed) + ": that is a command"};
  }
  return std::string(typed);
}

Result<ChatLine> parse_name(std::string_view name) {
  if (name.empty()) return Error{"which name? Type /name NAME"};
  if (name.size() > max_chat_name) return Error{"a name has at most 64 bytes"};
  if (name.find_first_of("\t\n") != std::string_view::npos) return Error{"a name is one line without tabs"};
  return ChatLine(SetName{std::string(name)});
}

// `line` is what follows the slash.
Result<ChatLine> parse_command(std::string_view line) {
  const auto blank = std::min(line.find_first_of(" \t\n"), line.size());
  const std::string_view word = line.substr(0, blank);
  const std::string_view rest = trimmed(line.substr(blank));
  if (word == "help") return ChatLine(AskHelp{});
  if (word == "name") return parse_name(rest);
  if (word == "who" && rest.empty()) return ChatLine(AskWho{});

  const bool is_command = word == "join" || word == "leave" || word == "who";
  auto room = room_name(is_command ? rest : word);
  if (!room) return Error{room.error().message + (is_command ? ". Type /" + std::string(word) + " ROOM" : "")};
  if (word == "join") return ChatLine(JoinRoom{*room});
  if (word == "leave") return ChatLine(LeaveRoom{*room});
  if (word == "who") return ChatLine(AskWho{*room});
  if (rest.empty()) return Error{"say what to #" + *room + "? Type /" + *room + " TEXT (or /help)"};
  return ChatLine(SayToRoom{*room, std::string(rest)});
}

// A line like 7:hello. Nothing when it is not one.
std::optional<Result<ChatLine>> parse_private(std::string_view line) {
  const auto digits = static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_digit) - line.begin());
  if (digits == 0 || digits == line.size() || line[digits] != ':') return std::nullopt;
  const std::string_view number = line.substr(0, digits);
  std::int64_t uid = 0;
  if (std::from_chars(number.data(), number.data() + number.size(), uid).ec != std::errc{}) {
    return Error{"there is no user " + std::string(number.substr(0, 24)) + "…"};
  }
  const std::string_view text = trimmed(line.substr(digits + 1));
  if (text.empty()) return Error{"say what to " + std::to_string(uid) + "?"};
  return ChatLine(SayToUid{uid, std::string(text)});
}

}  // namespace

Result<ChatLine> parse_chat_line(std::string_view line) {
  if (line.size() > max_chat_text) return Error{"a message has at most 64 KiB"};
  if (!is_utf8(line)) return Error{"that is not UTF-8 text"};
  line = trimmed(line);
  if (line.empty()) return Error{"say what? Type /help to see what you can do"};
  if (holds_controls(line)) return Error{"control characters are not allowed"};
  if (line.starts_with("//")) return ChatLine(SayToAll{std::string(line.substr(1))});
  if (line.starts_with('/')) return parse_command(line.substr(1));
  if (auto private_line = parse_private(line)) return *private_line;
  return ChatLine(SayToAll{std::string(line)});
}

std::string_view chat_help() {
  return "TEXT: say it to everybody\n"
         "7:TEXT: say it to user 7 alone\n"
         "/name NAME: what others see beside your number\n"
         "/join ROOM, /leave ROOM: go into a room and out of it\n"
         "/ROOM TEXT: say it in a room that you are in\n"
         "/who, /who ROOM: see who is there\n"
         "//TEXT: say a text that begins with a slash to everybody";
}

}  // namespace fairlead::apps
