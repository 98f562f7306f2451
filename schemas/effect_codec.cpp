#include "schemas/codec.hpp"
#include "schemas/fields.hpp"

namespace fairlead::schemas {
namespace {

enum EffectType : std::uint64_t {
  send = 1,
  bind = 2,
  join = 3,
  leave = 4,
  ungroup = 5,
  set_session = 6,
  close_client = 7,
  set_timer = 8,
  close_uid = 9
};

struct Append {
  Writer w;

  void operator()(const Send& e) { put_send(w.array(2).number(send), e); }
  void operator()(const Bind& e) { put_optional(w.array(3).number(bind).client(e.client), e.uid); }
  void operator()(const Join& e) { w.array(4).number(join).client(e.client).bytes(e.group).boolean(e.watch); }
  void operator()(const Leave& e) { w.array(3).number(leave).client(e.client).bytes(e.group); }
  void operator()(const Ungroup& e) { w.array(2).number(ungroup).bytes(e.group); }
  void operator()(const SetSession& e) {
    w.array(4).number(set_session).client(e.client);
    put_optional(w, e.expected).bytes(e.session);
  }
  void operator()(const CloseClient& e) {
    put_optional(w.array(5).number(close_client).client(e.client).boolean(e.now), e.last).boolean(e.binary);
  }
  void operator()(const SetTimer& e) {
    w.array(5).number(set_timer).client(e.client).bytes(e.name);
    put_optional(w, e.after).bytes(e.payload);
  }
  void operator()(const CloseUid& e) {
    put_optional(w.array(4).number(close_uid).bytes(e.uid), e.last).boolean(e.binary);
  }
};

struct Measure {
  std::size_t operator()(const Send& e) const {
    std::size_t bytes = e.payload.size() + 18 * (e.clients.size() + e.except.size());
    for (const auto& name : e.names) bytes += name.size() + 3;
    return bytes;
  }
  std::size_t operator()(const SetSession& e) const { return e.session.size(); }
  std::size_t operator()(const CloseClient& e) const { return e.last ? e.last->size() : 0; }
  std::size_t operator()(const CloseUid& e) const { return max_name + (e.last ? e.last->size() : 0); }
  std::size_t operator()(const SetTimer& e) const { return max_name + e.payload.size(); }
  std::size_t operator()(const auto&) const { return max_name; }
};

}  // namespace

void append(std::string& out, const Effect& effect) { std::visit(Append{Writer(out)}, effect); }

std::size_t approximate_bytes(const Effect& effect) {
  constexpr std::size_t frame = 64;
  return frame + std::visit(Measure{}, effect);
}

Effect decode_effect(Cursor& c) {
  const std::uint32_t elements = c.array();
  const std::uint64_t type = c.number();
  std::uint32_t known = 0;
  Effect effect;
  switch (type) {
    case send:
      known = 2, effect = take_send(c);
      break;
    case bind:
      known = 3, effect = Bind{.client = c.client(), .uid = take_optional(c, max_name)};
      break;
    case join:
      known = 4, effect = Join{.client = c.client(), .group = take_string(c, max_name), .watch = c.boolean()};
      break;
    case leave:
      known = 3, effect = Leave{.client = c.client(), .group = take_string(c, max_name)};
      break;
    case ungroup:
      known = 2, effect = Ungroup{.group = take_string(c, max_name)};
      break;
    case set_session: {
      known = 4;
      SetSession set{.client = c.client()};
      set.expected = take_optional_number(c);
      set.session = take_string(c, max_session);
      effect = std::move(set);
      break;
    }
    case close_client:
      known = 5;
      effect = CloseClient{
          .client = c.client(), .now = c.boolean(), .last = take_optional(c, max_payload), .binary = c.boolean()};
      break;
    case set_timer:
      known = 5;
      effect = SetTimer{.client = c.client(),
                        .name = take_string(c, max_name),
                        .after = take_optional_number(c),
                        .payload = take_string(c, max_session)};
      break;
    case close_uid:
      known = 4;
      effect = CloseUid{.uid = take_string(c, max_name), .last = take_optional(c, max_payload), .binary = c.boolean()};
      break;
    default:
      c.fail();  // an effect we do not know must not be dropped from an outcome in silence
  }
  finish(c, elements, known);
  return effect;
}

void append_effects(std::string& out, const std::vector<Effect>& effects) {
  Writer(out).array(effects.size());
  for (const auto& effect : effects) append(out, effect);
}

std::vector<Effect> decode_effects(Cursor& c) {
  return take_list<Effect>(c, max_effects, [](Cursor& at) { return decode_effect(at); });
}

}  // namespace fairlead::schemas
