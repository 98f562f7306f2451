// What a chat user can type, judged once: a ChatLine is a thing to do, with names that can be used as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bus/result.hpp"

namespace fairlead::apps {

struct SayToAll {
  std::string text;
  bool operator==(const SayToAll&) const = default;
};
struct SayToUid {
  std::int64_t uid = 0;
  std::string text;
  bool operator==(const SayToUid&) const = default;
};
struct SayToRoom {
  std::string room;
  std::string text;
  bool operator==(const SayToRoom&) const = default;
};
struct JoinRoom {
  std::string room;
  bool operator==(const JoinRoom&) const = default;
};
struct LeaveRoom {
  std::string room;
  bool operator==(const LeaveRoom&) const = default;
};
struct AskWho {
  std::optional<std::string> room;
  bool operator==(const AskWho&) const = default;
};
struct SetName {
  std::string name;
  bool operator==(const SetName&) const = default;
};
struct AskHelp {
  bool operator==(const AskHelp&) const = default;
};

using ChatLine = std::variant<SayToAll, SayToUid, SayToRoom, JoinRoom, LeaveRoom, AskWho, SetName, AskHelp>;

inline constexpr std::size_t max_chat_text = std::size_t{64} << 10U;
inline constexpr std::size_t max_chat_name = 64;  // bytes, of people and of rooms

// The Error is meant for the user who typed the line.
Result<ChatLine> parse_chat_line(std::string_view line);

std::string_view chat_help();

}  // namespace fairlead::apps
