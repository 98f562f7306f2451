// Game is the worker of the game room. Start as many as you like: none of them holds anything that another does not
// find.
//
// - What a player wants (heading, name) is in the player's session, and only the player's own events write it.
// - The arena of a room is in the store, and only the room's step writes it.
// - The step of a room is a timer of one of its members, the *keeper*. Timers are events like any other: the broker
//   gives each to whichever worker has time, so rooms spread over the workers, and a step whose worker dies is handled
//   by another.
// - Who is the keeper is a lease in the store, renewed with every step. Members look once a second whether there is
//   one, so that a room whose keeper vanished with its gateway goes on after two seconds; a keeper that leaves hands over
//   at once.
// - A step may be handled twice, after a crash or by a keeper that lost its lease: its timer carries the number of the
//   step before it, and the arena is replaced only if it is still the one that was read. So each step is taken once.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <fairlead/worker.hpp>

#include "examples/game/arena.hpp"

namespace game {

using namespace std::chrono_literals;

inline constexpr auto rhythm = 100ms;
inline constexpr auto lease = 1500ms;
inline constexpr auto look_every = 1000ms;
inline constexpr auto arena_kept = 10min;  // after its last step
inline constexpr std::size_t max_players = 24;

class Game : public fairlead::Handler {
 public:
  // ws://…/ws?room=pond&name=Ann&me=TOKEN enters at once; a connection without a room says `enter ROOM NAME`.
  void on_open(fairlead::Context& ctx, const fairlead::Handshake& handshake) override {
    const auto room = handshake.query_value("room");
    if (room) enter(ctx, *room, handshake.query_value("name").value_or(""), handshake.query_value("me").value_or(""));
  }

  void on_message(fairlead::Context& ctx, std::string_view message) override {
    const std::string_view command = word(message);
    if (command == "enter") {
      const std::string_view room = word(message);
      return enter(ctx, room, message, "");
    }
    if (ctx.groups().empty()) return refuse(ctx, "enter a room first: enter ROOM NAME");
    Wish wish(ctx.session());
    if (command == "go") {
      wish.heading = message == "stop" || message.empty() ? Heading::none : heading_of(message.front());
    } else if (command == "name") {
      wish.name = plain(message);
    } else {
      return refuse(ctx, "there are: go left|right|up|down|stop, name NAME");
    }
    ctx.set_session(wish.text());
  }

  void on_timer(fairlead::Context& ctx, std::string_view name, std::string_view payload) override {
    if (ctx.groups().empty()) return;
    if (name == "look") look(ctx, ctx.groups().front());
    if (name == "step") step(ctx, ctx.groups().front(), std::stoull(std::string(payload)));
  }

  void on_close(fairlead::Context& ctx, const fairlead::CloseReason& /*reason*/) override {
    if (!ctx.groups().empty()) hand_over(ctx, ctx.groups().front());
  }

 private:
  // A player's session.
  struct Wish {
    Wish() = default;
    explicit Wish(std::string_view session) {
      if (!session.empty()) heading = heading_of(session.front());
      word(session);
      number = std::stoll("0" + std::string(word(session)));
      name = session;
    }
    std::string text() const {
      return std::string(1, static_cast<char>(heading)) + " " + std::to_string(number) + " " + name;
    }

    Heading heading = Heading::none;
    std::int64_t number = 0;
    std::string name;
  };

  void enter(fairlead::Context& ctx, std::string_view room, std::string_view name, std::string_view me) {
    if (!ctx.groups().empty()) return refuse(ctx, "you are in a room already");
    if (room.empty() || room.size() > 32 || !is_plain(room)) return refuse(ctx, "a room's name is up to 32 letters");
    const std::string group = "arena:" + std::string(room);
    if (must(ctx, ctx.client_count(group)).value >= max_players) return refuse(ctx, "this room is full");

    // A page that comes back finds its player again, and takes the place of what is left of its old connection.
    const std::string key = me.size() >= 16 && me.size() <= 64 && is_plain(me) ? std::string(me) : ctx.client().text();
    for (const auto& old : must(ctx, ctx.clients_of_uid(key)).value) {
      ctx.close_client(old, R"({"replaced":true})");
    }
    const Arena arena = load(ctx, group);
    const Player* player = arena.find(key);
    Wish wish;
    wish.number = player != nullptr ? player->number : must(ctx, ctx.store().incr("game:players"));
    wish.name = plain(name);
    ctx.bind_uid(key);
    ctx.set_session(wish.text());
    ctx.join_group(group);
    ctx.reply_text(R"({"you":)" + std::to_string(wish.number) + R"(,"room":")" + std::string(room) + R"("})");
    look(ctx, group);
  }

  // ---- the step of a room

  // Becomes the keeper if there is none.
  void look(fairlead::Context& ctx, const std::string& group) {
    if (must(ctx, ctx.store().add(keeper_of(group), ctx.client().text(), lease))) {
      ctx.after(0ms, "step", std::to_string(load(ctx, group).steps()));
    }
    ctx.after(look_every, "look");
  }

  // `before` is how many steps there had been.
  void step(fairlead::Context& ctx, const std::string& group, std::uint64_t before) {
    const std::string me = ctx.client().text();
    if (!must(ctx, ctx.store().cas(keeper_of(group), me, me, lease))) return;  // somebody else keeps it now
    const auto old = must(ctx, ctx.store().get(group));
    Arena arena = arena_of(ctx, old);
    if (arena.steps() <= before) {  // otherwise this is the second attempt, and it was taken
      const auto sessions = must(ctx, ctx.sessions(group));
      // Who is at a gateway that is away just now is seen as well: the broker knows its clients.
      arena.step(presence(sessions.value));
      const bool taken = old ? must(ctx, ctx.store().cas(group, *old, arena.text(), arena_kept))
                             : must(ctx, ctx.store().add(group, arena.text(), arena_kept));
      if (!taken) return;  // we were slow, and have a successor
    }
    ctx.send_to_group(group, arena.json());
    ctx.after(rhythm, "step", std::to_string(arena.steps()));
  }

  // A keeper that leaves names the next. If that does not work out, the lease runs out.
  static void hand_over(fairlead::Context& ctx, const std::string& group) {
    const std::string me = ctx.client().text();
    const auto members = ctx.group_members(group);
    if (!members) return;
    const auto next = std::find_if(members->value.begin(), members->value.end(),
                                   [&](const auto& member) { return member.first != ctx.client(); });
    if (next == members->value.end()) return;
    const auto handed = ctx.store().cas(keeper_of(group), me, next->first.text(), lease);
    if (handed && *handed) {
      ctx.set_timer(next->first, "step", 0ms, std::to_string(load(ctx, group).steps()));
    }
  }

  static std::vector<Present> presence(const std::vector<fairlead::SessionInfo>& sessions) {
    std::vector<Present> present;
    for (const auto& each : sessions) {
      if (!each.uid) continue;
      Wish wish(each.session);
      present.push_back({.key = *each.uid, .number = wish.number, .heading = wish.heading, .name = wish.name});
    }
    // In an order that does not change, so that nobody gains from it.
    std::sort(present.begin(), present.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return present;
  }

  static Arena load(fairlead::Context& ctx, const std::string& group) {
    return arena_of(ctx, must(ctx, ctx.store().get(group)));
  }

  static Arena arena_of(const fairlead::Context& ctx, const std::optional<std::string>& text) {
    return text ? Arena(*text) : Arena(std::hash<std::string>{}(ctx.client().text()));
  }

  static std::string keeper_of(const std::string& group) { return "keeper:" + group; }

  // ---- small things

  // The broker or the store cannot be asked: nobody's fault, so this event comes again a little later.
  template <class T>
  static T must(fairlead::Context& ctx, fairlead::Result<T> answer) {
    if (!answer) ctx.retry_after(rhythm);
    return std::move(*answer);
  }

  static void refuse(fairlead::Context& ctx, const std::string& why) {
    ctx.reply_text(R"({"error":")" + why + R"("})");
  }

  // Takes the first word off.
  static std::string_view word(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view first = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return first;
  }

  static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  }
  static bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return is_plain(c); });
  }

  // A name that needs no escaping anywhere.
  static std::string plain(std::string_view typed) {
    std::string name;
    for (const char c : typed) {
      if (name.size() < 16 && (is_plain(c) || (c == ' ' && !name.empty()))) name += c;
    }
    return name.empty() ? "somebody" : name;
  }
};

}  // namespace game
