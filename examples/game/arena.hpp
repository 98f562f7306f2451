// Arena is one room of the game and its rules: players on a field whose edges meet, and the dots they eat. It promises
// that a step is a function of the arena, of who is there and of nothing else (chance is a number in it), and that
// Arena(arena.text()) is the arena again.
//
// Every step each player goes on by one cell the way it is heading. A cell holds one player: whoever finds it taken
// stays. A dot is worth one point, a golden one five; at `winning` points a player gets a crown, and all begin again.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace game {

inline constexpr int width = 30;
inline constexpr int height = 20;
inline constexpr std::size_t dots_wanted = 24;
inline constexpr int winning = 30;
inline constexpr int patience = 50;  // steps that a player who lost the connection is kept for

enum class Heading : char { none = '-', left = 'l', right = 'r', up = 'u', down = 'd' };

inline Heading heading_of(char c) {
  return std::string_view("lrud").find(c) == std::string_view::npos ? Heading::none : static_cast<Heading>(c);
}

// Somebody who is in the room, as the room's sessions say.
struct Present {
  std::string key;  // the same after a reconnect
  std::int64_t number = 0;
  Heading heading = Heading::none;
  std::string name;
};

struct Player {
  std::string key;
  std::int64_t number = 0;  // what the others know it by
  int x = 0;
  int y = 0;
  Heading heading = Heading::none;
  int score = 0;
  int crowns = 0;
  int away = 0;  // steps since it was seen
  std::string name;
};

struct Dot {
  int x = 0;
  int y = 0;
  int worth = 1;
};

class Arena {
 public:
  explicit Arena(std::uint64_t chance) : chance_(chance | 1U) {}

  explicit Arena(const std::string& text) {
    std::istringstream in(text);
    in >> steps_ >> chance_;
    for (std::string kind; in >> kind;) {
      if (kind == "dot") {
        Dot& dot = dots_.emplace_back();
        in >> dot.x >> dot.y >> dot.worth;
      } else {
        Player& player = players_.emplace_back();
        char heading{};
        in >> player.key >> player.number >> player.x >> player.y >> heading >> player.score >> player.crowns >>
            player.away;
        player.heading = heading_of(heading);
        std::getline(in >> std::ws, player.name);
      }
    }
  }

  std::string text() const {
    std::ostringstream out;
    out << steps_ << ' ' << chance_ << '\n';
    for (const Dot& dot : dots_) out << "dot " << dot.x << ' ' << dot.y << ' ' << dot.worth << '\n';
    for (const Player& player : players_) {
      out << "player " << player.key << ' ' << player.number << ' ' << player.x << ' ' << player.y << ' '
          << static_cast<char>(player.heading) << ' ' << player.score << ' ' << player.crowns << ' ' << player.away
          << ' ' << player.name << '\n';
    }
    return out.str();
  }

  // What the pages draw. Names hold nothing that JSON would have to escape.
  std::string json() const {
    std::ostringstream out;
    out << R"({"step":)" << steps_ << R"(,"width":)" << width << R"(,"height":)" << height << R"(,"winning":)"
        << winning << R"(,"players":[)";
    for (const Player& player : players_) {
      out << (&player == players_.data() ? "" : ",") << R"({"number":)" << player.number << R"(,"x":)" << player.x
          << R"(,"y":)" << player.y << R"(,"heading":")" << static_cast<char>(player.heading) << R"(","score":)"
          << player.score << R"(,"crowns":)" << player.crowns << R"(,"away":)" << (player.away > 0 ? "true" : "false")
          << R"(,"name":")" << player.name << R"("})";
    }
    out << R"(],"dots":[)";
    for (const Dot& dot : dots_) {
      out << (&dot == dots_.data() ? "" : ",") << '[' << dot.x << ',' << dot.y << ',' << dot.worth << ']';
    }
    out << "]}";
    return out.str();
  }

  std::uint64_t steps() const { return steps_; }
  const std::vector<Player>& players() const { return players_; }
  const std::vector<Dot>& dots() const { return dots_; }

  const Player* find(std::string_view key) const {
    const auto found =
        std::find_if(players_.begin(), players_.end(), [&](const auto& each) { return each.key == key; });
    return found == players_.end() ? nullptr : &*found;
  }

  void step(const std::vector<Present>& present) {
    ++steps_;
    for (Player& player : players_) ++player.away;
    for (const Present& one : present) see(one);
    std::erase_if(players_, [](const Player& player) { return player.away > patience; });
    for (Player& player : players_) {
      if (player.away == 0) go(player);
      eat(player);
    }
    crown();
    while (dots_.size() < dots_wanted) grow();
  }

 private:
  void see(const Present& one) {
    auto found = std::find_if(players_.begin(), players_.end(), [&](const auto& each) { return each.key == one.key; });
    if (found == players_.end()) {
      const auto [x, y] = free_cell();
      players_.push_back({.key = one.key, .number = one.number, .x = x, .y = y});
      found = std::prev(players_.end());
    }
    found->away = 0;
    found->heading = one.heading;
    found->name = one.name;
  }

  void go(Player& player) {
    const auto [dx, dy] = direction(player.heading);
    const int x = (player.x + dx + width) % width;
    const int y = (player.y + dy + height) % height;
    if (is_taken(x, y)) return;
    player.x = x;
    player.y = y;
  }

  static std::array<int, 2> direction(Heading heading) {
    switch (heading) {
      case Heading::left:
        return {-1, 0};
      case Heading::right:
        return {1, 0};
      case Heading::up:
        return {0, -1};
      case Heading::down:
        return {0, 1};
      case Heading::none:
        break;
    }
    return {0, 0};
  }

  bool is_taken(int x, int y) const {
    return std::any_of(players_.begin(), players_.end(), [&](const auto& each) { return each.x == x && each.y == y; });
  }

  void eat(Player& player) {
    const auto found = std::find_if(dots_.begin(), dots_.end(),
                                    [&](const auto& dot) { return dot.x == player.x && dot.y == player.y; });
    if (found == dots_.end()) return;
    player.score += found->worth;
    dots_.erase(found);
  }

  void crown() {
    const auto winner =
        std::find_if(players_.begin(), players_.end(), [](const auto& each) { return each.score >= winning; });
    if (winner == players_.end()) return;
    ++winner->crowns;
    for (Player& player : players_) player.score = 0;
  }

  void grow() {
    const auto [x, y] = free_cell();
    dots_.push_back({.x = x, .y = y, .worth = draw(6) == 0 ? 5 : 1});
  }

  // The field has many more cells than there can be players and dots.
  std::array<int, 2> free_cell() {
    while (true) {
      const int x = draw(width);
      const int y = draw(height);
      const bool has_dot =
          std::any_of(dots_.begin(), dots_.end(), [&](const auto& dot) { return dot.x == x && dot.y == y; });
      if (!is_taken(x, y) && !has_dot) return {x, y};
    }
  }

  // xorshift64: 0 … below − 1.
  int draw(int below) {
    chance_ ^= chance_ << 13U;
    chance_ ^= chance_ >> 7U;
    chance_ ^= chance_ << 17U;
    return static_cast<int>((chance_ >> 33U) % static_cast<std::uint64_t>(below));  // its low bits are its worst
  }

  std::uint64_t steps_ = 0;
  std::uint64_t chance_ = 1;
  std::vector<Player> players_;
  std::vector<Dot> dots_;
};

}  // namespace game
