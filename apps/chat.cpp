#include "apps/chat.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include <nlohmann/json.hpp>

#include "bus/text.hpp"

namespace fairlead::apps {
namespace {

// Ordered, so that people who watch the traffic read the type first.
using Json = nlohmann::ordered_json;

// Whatever is in a session or a uid, dumping it never throws.
std::string text_of(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace); }

void reply(Context& ctx, const Json& object) { ctx.reply_text(text_of(object)); }

void reply_error(Context& ctx, std::string text) { reply(ctx, {{"type", "error"}, {"text", std::move(text)}}); }

// We hand out numbers; anything else was bound by somebody else and is shown as it is.
Json uid_json(const std::string& uid) {
  std::int64_t number = 0;
  const auto [stop, failure] = std::from_chars(uid.data(), uid.data() + uid.size(), number);
  if (failure != std::errc{} || stop != uid.data() + uid.size()) return uid;
  return number;
}

// An object about the user whose event it is: {"type":…,key:uid,"name":…}.
Json about_me(Context& ctx, const char* type, const char* key) {
  Json object{{"type", type}, {key, uid_json(ctx.uid().value_or(""))}};
  if (!ctx.session().empty()) object["name"] = ctx.session();
  return object;
}

// Adds who is there, but for `without`, to an answer. An Error when the broker cannot say.
Status add_users(Context& ctx, Json& object, std::optional<std::string_view> room,
                 std::optional<ClientId> without = std::nullopt) {
  auto online = ctx.uid_count(room);
  if (!online) return online.error();
  object["online"] = online->value;
  object["complete"] = online->complete;
  if (online->value > Chat::max_listed) return Nothing{};

  auto sessions = ctx.sessions(room);
  if (!sessions) return sessions.error();
  std::map<std::pair<std::int64_t, std::string>, std::string> names;  // numbers in their order, then anything else
  for (const auto& [client, uid, version, name] : sessions->value) {
    if (!uid || client == without) continue;
    const Json number = uid_json(*uid);
    names[{number.is_number() ? number.get<std::int64_t>() : INT64_MAX, *uid}] = name;
  }
  Json users = Json::array();
  for (const auto& [uid, name] : names) {
    Json user{{"uid", uid_json(uid.second)}};
    if (!name.empty()) user["name"] = name;
    users.push_back(std::move(user));
  }
  object["users"] = std::move(users);
  object["complete"] = online->complete && sessions->complete;
  return Nothing{};
}

bool is_in(const Context& ctx, const std::string& room) {
  return std::find(ctx.groups().begin(), ctx.groups().end(), room) != ctx.groups().end();
}

struct Do {
  Context& ctx;

  void operator()(const SayToAll& say) const { ctx.send_to_all(said("all", say.text)); }

  void operator()(const SayToUid& say) const {
    const std::string to = std::to_string(say.uid);
    // Only a certain no is a no: with a gateway or the broker away, the message may well find its reader.
    const auto online = ctx.is_uid_online(to);
    if (online && online->complete && !online->value) return reply_error(ctx, "there is no user " + to);
    ctx.send_to_uids({to, *ctx.uid()}, said(say.uid, say.text));
  }

  void operator()(const SayToRoom& say) const {
    if (!is_in(ctx, say.room)) {
      return reply_error(ctx, "you are not in #" + say.room + ": type /join " + say.room + " first");
    }
    ctx.send_to_group(say.room, said("#" + say.room, say.text));
  }

  void operator()(const JoinRoom& join) const {
    if (is_in(ctx, join.room)) return reply_error(ctx, "you are in #" + join.room + " already");
    if (ctx.groups().size() >= Chat::max_rooms) {
      return reply_error(ctx, "you are in " + std::to_string(Chat::max_rooms) + " rooms: leave one first");
    }
    ctx.join_group(join.room);
    announce_in(join.room, "join");
  }

  void operator()(const LeaveRoom& leave) const {
    if (!is_in(ctx, leave.room)) return reply_error(ctx, "you are not in #" + leave.room);
    announce_in(leave.room, "part");
    ctx.leave_group(leave.room);
  }

  void operator()(const AskWho& who) const {
    Json answer{{"type", "who"}};
    if (who.room) answer["room"] = "#" + *who.room;
    if (auto added = add_users(ctx, answer, who.room); !added) {
      return reply_error(ctx, "who is there cannot be told now: " + added.error().message);
    }
    reply(ctx, answer);
  }

  void operator()(const SetName& set) const {
    if (ctx.session() == set.name) return reply_error(ctx, "that is your name already");
    Json told{{"type", "name"}, {"uid", uid_json(*ctx.uid())}, {"name", set.name}};
    if (!ctx.session().empty()) told["was"] = ctx.session();
    ctx.set_session(set.name);
    ctx.send_to_all(text_of(told));
  }

  void operator()(const AskHelp& /*help*/) const { reply(ctx, {{"type", "help"}, {"text", chat_help()}}); }

 private:
  std::string said(const Json& to, const std::string& text) const {
    Json object = about_me(ctx, "say", "from");
    object["to"] = to;
    object["text"] = text;
    return text_of(object);
  }

  void announce_in(const std::string& room, const char* type) const {
    Json object = about_me(ctx, type, "uid");
    object["room"] = "#" + room;
    ctx.send_to_group(room, text_of(object));
  }
};

}  // namespace

void Chat::on_open(Context& ctx, const Handshake& /*handshake*/) { enter(ctx); }

// Why there is no number the worker's log tells; users are not shown the addresses of our servers.
void Chat::enter(Context& ctx) {
  const auto uid = ctx.store().incr("chat:uid");
  if (!uid) return reply_error(ctx, "no number can be given to you now: say something to try again");
  ctx.bind_uid(std::to_string(*uid));
  Json welcome{{"type", "welcome"}, {"uid", *uid}};
  // A welcome without company is still a welcome.
  if (auto added = add_users(ctx, welcome, std::nullopt, ctx.client()); !added) welcome["complete"] = false;
  reply(ctx, welcome);
  ctx.send_to_all(text_of({{"type", "come"}, {"uid", *uid}}), {.except = {ctx.client()}});
}

void Chat::on_message(Context& ctx, std::string_view message) {
  // The store had none for it when it came, or its open event was given up after too many attempts.
  if (!ctx.uid()) return enter(ctx);
  const auto line = parse_chat_line(message);
  if (!line) return reply_error(ctx, line.error().message);
  std::visit(Do{ctx}, *line);
}

void Chat::on_close(Context& ctx, const CloseReason& /*reason*/) {
  if (!ctx.uid()) return;
  ctx.send_to_all(text_of(about_me(ctx, "leave", "uid")), {.except = {ctx.client()}});
}

}  // namespace fairlead::apps
