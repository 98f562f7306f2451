#include "tests/simulation/application.hpp"

#include <charconv>
#include <utility>

namespace fairlead::simulation {
namespace {

using schemas::Bind;
using schemas::CloseClient;
using schemas::Effect;
using schemas::EventKind;
using schemas::Join;
using schemas::Leave;
using schemas::Scope;
using schemas::Send;
using schemas::SetSession;
using schemas::SetTimer;
using schemas::Ungroup;

std::string_view word(std::string_view& text) {
  const std::size_t space = text.find(' ');
  const std::string_view found = text.substr(0, space);
  text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  return found;
}

std::uint64_t digits_of(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

constexpr std::pair<std::string_view, Mood> moods[] = {{"poison", Mood::poison}, {"failing", Mood::failing},
                                                       {"slow", Mood::slow},     {"stuck", Mood::stuck},
                                                       {"asking", Mood::asking}, {"later", Mood::later}};

std::string mood(Random& random, Faults faults) {
  if (faults.has(Fault::poison) && random.one_in(40)) return random.one_in(2) ? " !poison 9" : " !poison 1";
  if (faults.has(Fault::failing) && random.one_in(20)) return random.one_in(2) ? " !failing 9" : " !failing 1";
  if (faults.has(Fault::stuck) && random.one_in(150)) return random.one_in(3) ? " !stuck 9" : " !stuck 1";
  if (faults.has(Fault::slow) && random.one_in(10)) return " !slow 9";
  if (random.one_in(25)) return " !later 1";
  return random.one_in(25) ? " !asking 9" : "";
}

void add_message(const Handled& handled, std::vector<Effect>& effects) {
  const Order order = Order::parse(handled.text);
  const auto& client = handled.client;
  const std::string said = tag(client, handled.seq, 1);
  if (order.verb == "join") effects.emplace_back(Join{client, order.target});
  if (order.verb == "watch") effects.emplace_back(Join{client, order.target, true});
  if (order.verb == "wake")
    effects.emplace_back(SetTimer{.client = client,
                                  .name = "t" + std::to_string(order.number),
                                  .after = order.number * 37 % 900,
                                  .payload = "x"});
  if (order.verb == "leave") effects.emplace_back(Leave{client, order.target});
  if (order.verb == "ungroup") effects.emplace_back(Ungroup{order.target});
  if (order.verb == "bind") effects.emplace_back(Bind{client, order.target});
  if (order.verb == "unbind") effects.emplace_back(Bind{client, std::nullopt});
  if (order.verb == "say") effects.emplace_back(Send{.scope = Scope::groups, .names = {order.target}, .payload = said});
  if (order.verb == "others")
    effects.emplace_back(Send{.scope = Scope::groups, .names = {order.target}, .except = {client}, .payload = said});
  if (order.verb == "both")
    effects.emplace_back(Send{.scope = Scope::groups, .names = {"g0", order.target}, .payload = said});
  if (order.verb == "tell") effects.emplace_back(Send{.scope = Scope::uids, .names = {order.target}, .payload = said});
  if (order.verb == "all") effects.emplace_back(Send{.scope = Scope::all, .payload = said});
  if (order.verb == "bye") effects.emplace_back(CloseClient{.client = client, .last = said});
  if (order.verb == "kick") effects.emplace_back(CloseClient{.client = client, .now = true});
}

}  // namespace

Order Order::parse(std::string_view text) {
  Order order;
  if (text.starts_with('#')) text.remove_prefix(1);
  order.number = digits_of(word(text));
  order.verb = word(text);
  if (!text.empty() && !text.starts_with('!')) order.target = word(text);
  if (text.starts_with('!')) {
    text.remove_prefix(1);
    const std::string_view name = word(text);
    for (const auto& [known, its] : moods) {
      if (known == name) order.mood = its;
    }
    order.attempts = digits_of(text);
  }
  return order;
}

std::string make_order(std::uint64_t number, Random& random, Faults faults) {
  std::string order = "#" + std::to_string(number) + " ";
  const std::string group = "g" + std::to_string(random.below(4));
  const std::string uid = "u" + std::to_string(random.below(4));
  switch (random.below(faults.has(Fault::churn) ? 30 : 28)) {
    case 0:
    case 1:
    case 2:
      order += "join " + group;
      break;
    case 3:
      order += "leave " + group;
      break;
    case 4:
      order += random.one_in(3) ? "ungroup " + group : "say " + group;
      break;
    case 5:
    case 6:
      order += "bind " + uid;
      break;
    case 7:
      order += "unbind";
      break;
    case 8:
    case 9:
    case 10:
      order += "say " + group;
      break;
    case 11:
      order += "others " + group;
      break;
    case 12:
      order += "both " + group;
      break;
    case 13:
    case 14:
      order += "tell " + uid;
      break;
    case 15:
      order += "all";
      break;
    case 16:
    case 17:
      order += "wake";
      break;
    case 18:
      order += "watch " + group;
      break;
    case 19:
      order += "poke";
      break;
    case 28:
      order += random.one_in(4) ? "bye" : "echo";
      break;
    case 29:
      order += random.one_in(6) ? "kick" : "echo";
      break;
    default:
      order += "echo";
  }
  return order + mood(random, faults);
}

std::string Handled::encode() const {
  return "A " + client.text() + ' ' + std::to_string(seq) + ' ' + std::to_string(static_cast<int>(kind)) + ' ' +
         std::to_string(count) + ' ' + text;
}

std::optional<Handled> Handled::decode(std::string_view audit) {
  if (word(audit) != "A") return std::nullopt;
  const auto client = ClientId::parse(word(audit));
  if (!client) return std::nullopt;
  Handled handled{.client = *client};
  handled.seq = digits_of(word(audit));
  handled.kind = static_cast<EventKind>(digits_of(word(audit)));
  handled.count = digits_of(word(audit));
  handled.text = audit;
  return handled;
}

std::string Word::encode() const { return "P " + std::to_string(incarnation) + ' ' + std::to_string(number); }

std::optional<Word> Word::decode(std::string_view audit) {
  if (word(audit) != "P") return std::nullopt;
  Word said;
  said.incarnation = digits_of(word(audit));
  said.number = digits_of(word(audit));
  return said;
}

std::vector<Effect> effects_of(const Word& word) {
  return {Send{.scope = Scope::uids, .names = {std::string(auditor_uid)}, .payload = word.encode()},
          Send{.scope = Scope::groups, .names = {"g0", "g1"}, .payload = "word " + word.encode()}};
}

std::string tag(const ClientId& client, std::uint64_t seq, unsigned part) {
  return client.text() + ' ' + std::to_string(seq) + ' ' + std::to_string(part);
}

std::vector<Effect> effects_of(const Handled& handled) {
  std::vector<Effect> effects;
  if (handled.kind == EventKind::close) {
    effects.emplace_back(Send{.scope = Scope::groups, .names = {"g0"}, .payload = tag(handled.client, handled.seq, 0)});
    return effects;
  }
  if (handled.kind == EventKind::open && handled.text == auditor_path)
    effects.emplace_back(Bind{handled.client, std::string(auditor_uid)});
  effects.emplace_back(SetSession{.client = handled.client, .session = std::to_string(handled.count + 1)});
  effects.emplace_back(Send{.clients = {handled.client}, .payload = tag(handled.client, handled.seq, 0)});
  if (handled.kind == EventKind::message) add_message(handled, effects);
  return effects;
}

Effect audit_of(const Handled& handled) {
  return Send{.scope = Scope::uids, .names = {std::string(auditor_uid)}, .payload = handled.encode()};
}

}  // namespace fairlead::simulation
