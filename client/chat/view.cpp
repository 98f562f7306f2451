#include "client/chat/view.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "client/chat/characters.hpp"

namespace fairlead::client {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t number_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

std::string count_of(std::int64_t number, const char* one, const char* many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

// Names and rooms stand inside a line.
std::string in_line(std::string_view text) {
  std::string out = harmless(text);
  for (char& c : out) {
    if (c == '\n') c = ' ';
  }
  return out;
}

}  // namespace

std::string View::label(std::int64_t uid) const {
  const auto found = names_.find(uid);
  if (found == names_.end()) return std::to_string(uid);
  return found->second + "(" + std::to_string(uid) + ")";
}

std::string View::my_label() const { return me_ == 0 ? std::string() : label(me_); }

void View::remember(std::int64_t uid, std::string name) {
  if (name.empty() || uid == 0) return;
  names_[uid] = in_line(name);
  if (uid == me_) name_ = std::move(name);
}

// One object, with the words for its parts.
struct View::Reader {
  View& view;
  const Json& object;

  std::string type() const { return text_of(object, "type"); }
  std::string room() const { return in_line(text_of(object, "room")); }
  std::int64_t uid() const { return number_of(object, "uid"); }
  std::string who() const { return uid() == view.me_ ? "you" : view.label(uid()); }

  static std::vector<Line> notice(std::string text) {
    return {Line{.tone = Tone::notice, .who = {}, .text = std::move(text)}};
  }

  std::string users() const {
    std::string list;
    const auto users = object.find("users");
    if (users == object.end() || !users->is_array()) return list;
    for (const auto& user : *users) {
      if (!user.is_object()) continue;
      const std::int64_t uid = number_of(user, "uid");
      view.remember(uid, text_of(user, "name"));
      list += (list.empty() ? "" : ", ") + view.label(uid) + (uid == view.me_ ? " (you)" : "");
    }
    return list;
  }
  std::string and_perhaps_more() const {
    const auto complete = object.find("complete");
    return complete != object.end() && *complete == false ? " (perhaps more: a part of the system is away)" : "";
  }

  std::vector<Line> welcome() const {
    const std::int64_t before = std::exchange(view.me_, uid());
    view.names_.clear();  // numbers are never given twice, and whoever left meanwhile does not matter
    const std::string others = users();
    std::string text = "you are user " + std::to_string(view.me_);
    if (before != 0 && before != view.me_) text += " now (" + std::to_string(before) + " before)";
    const std::int64_t online = number_of(object, "online");
    if (!others.empty()) {
      text += "; here already: " + others;
    } else if (online > 1) {
      text += "; " + count_of(online, "user is here", "users are here");
    }
    return notice(text + and_perhaps_more());
  }

  std::vector<Line> say() const {
    const std::int64_t from = number_of(object, "from");
    view.remember(from, text_of(object, "name"));
    Line line{.tone = Tone::say,
              .who = from == view.me_ ? "you" : view.label(from),
              .text = harmless(text_of(object, "text"))};
    const auto to = object.find("to");
    if (to != object.end() && to->is_number_integer()) {
      const auto uid = to->get<std::int64_t>();
      line.tone = Tone::private_say;
      line.who += " -> " + (uid == view.me_ ? "you" : view.label(uid));
    } else if (const std::string where = text_of(object, "to"); where.starts_with('#')) {
      line.tone = Tone::room;
      line.who = in_line(where) + " " + line.who;
    }
    return {line};
  }

  std::vector<Line> name() const {
    const std::string before = view.label(uid());
    view.remember(uid(), text_of(object, "name"));
    const std::string name = in_line(text_of(object, "name"));
    return notice(uid() == view.me_ ? "you are called " + name : before + " is called " + name + " now");
  }

  std::vector<Line> room_change() const {
    view.remember(uid(), text_of(object, "name"));
    const bool joined = type() == "join";
    if (uid() == view.me_) {
      const std::string bare = room().substr(room().starts_with('#') ? 1 : 0);
      if (joined) {
        view.rooms_.insert(bare);
        return notice("you joined " + room() + "; say something there with /" + bare + " TEXT");
      }
      view.rooms_.erase(bare);
    }
    return notice(who() + (joined ? " joined " : " left ") + room());
  }

  std::vector<Line> left() const {
    view.remember(uid(), text_of(object, "name"));
    auto lines = notice(who() + " left");
    view.names_.erase(uid());
    return lines;
  }

  std::vector<Line> who_is_there() const {
    const std::int64_t online = number_of(object, "online");
    const std::string list = users();
    std::string text = count_of(online, "user", "users") + (room().empty() ? " here" : " in " + room());
    if (!list.empty()) text += ": " + list;
    return notice(text + and_perhaps_more());
  }
};

std::vector<View::Line> View::on_message(std::string_view message) {
  const Json object = Json::parse(message, nullptr, false);
  const Reader reader{*this, object};
  const std::string type = object.is_object() ? reader.type() : std::string();
  if (type == "welcome") return reader.welcome();
  if (type == "come") return Reader::notice(reader.who() + " came");
  if (type == "leave") return reader.left();
  if (type == "say") return reader.say();
  if (type == "name") return reader.name();
  if (type == "join" || type == "part") return reader.room_change();
  if (type == "who") return reader.who_is_there();
  if (type == "help") return Reader::notice(harmless(text_of(object, "text")) + "\n/quit: leave the chat (or Ctrl-D)");
  if (type == "error") return {Line{.tone = Tone::error, .who = {}, .text = harmless(text_of(object, "text"))}};
  return {Line{.tone = Tone::raw, .who = {}, .text = harmless(message)}};
}

std::vector<std::string> View::reintroduction() const {
  std::vector<std::string> lines;
  if (!name_.empty()) lines.push_back("/name " + name_);
  for (const auto& room : rooms_) lines.push_back("/join " + room);
  return lines;
}

namespace {

constexpr std::string_view plain = "\x1b[0m";
constexpr std::string_view dim = "\x1b[2m";

std::string_view colour_of(View::Tone tone) {
  switch (tone) {
    case View::Tone::say:
      return "\x1b[1m";
    case View::Tone::private_say:
      return "\x1b[1;35m";
    case View::Tone::room:
      return "\x1b[1;36m";
    case View::Tone::error:
      return "\x1b[31m";
    case View::Tone::notice:
      return dim;
    case View::Tone::raw:
      break;
  }
  return {};
}

}  // namespace

std::string print(const View::Line& line, std::string_view time, bool colour) {
  std::string mark;
  if (line.tone == View::Tone::notice) mark = "* ";
  if (line.tone == View::Tone::error) mark = "! ";
  const std::string head = line.who.empty() ? mark : line.who + ": ";

  std::string text = line.text;
  const std::string indent = "\n" + std::string(time.size() + 1 + mark.size(), ' ');
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += indent.size()) {
    text.replace(at, 1, indent);
  }
  if (!colour) return std::string(time) + " " + head + text;
  std::string out = std::string(dim) + std::string(time) + std::string(plain) + " " + std::string(colour_of(line.tone));
  if (line.who.empty()) return out + head + text + std::string(plain);
  return out + head + std::string(plain) + text;
}

}  // namespace fairlead::client
