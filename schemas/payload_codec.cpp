#include "schemas/codec.hpp"
#include "schemas/fields.hpp"

namespace fairlead::schemas {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t max_pairs = 256;
constexpr std::size_t max_value = 16384;

void put_pairs(Writer& w, const Pairs& pairs) {
  w.array(pairs.size());
  for (const auto& [name, value] : pairs) w.array(2).bytes(name).bytes(value);
}

Pairs take_pairs(Cursor& c) {
  return take_list<Pairs::value_type>(c, max_pairs, [](Cursor& at) {
    const std::uint32_t elements = at.array();
    Pairs::value_type pair{take_string(at, max_value), take_string(at, max_value)};
    finish(at, elements, 2);
    return pair;
  });
}

}  // namespace

std::string encode(const Handshake& handshake) {
  std::string out;
  Writer w(out);
  w.array(6).bytes(handshake.peer).bytes(handshake.listener).bytes(handshake.path);
  put_pairs(w, handshake.query);
  put_pairs(w, handshake.headers);
  put_pairs(w, handshake.cookies);
  return out;
}

Result<Handshake> decode_handshake(std::string_view bytes) {
  Cursor c(bytes);
  const std::uint32_t elements = c.array();
  Handshake handshake{.peer = take_string(c, max_name),
                      .listener = take_string(c, max_value),
                      .path = take_string(c, max_value),
                      .query = take_pairs(c),
                      .headers = take_pairs(c),
                      .cookies = take_pairs(c)};
  finish(c, elements, 6);
  if (!c.ok()) return Error{"not a handshake"};
  return handshake;
}

std::string encode(const CloseReason& reason) {
  std::string out;
  Writer(out).array(2).number(reason.code).bytes(reason.reason);
  return out;
}

Result<CloseReason> decode_close_reason(std::string_view bytes) {
  Cursor c(bytes);
  const std::uint32_t elements = c.array();
  CloseReason reason{.code = take_u16(c), .reason = take_string(c, max_text)};
  finish(c, elements, 2);
  if (!c.ok()) return Error{"not a close reason"};
  return reason;
}

std::string encode(const TimerFired& timer) {
  std::string out;
  Writer(out).array(2).bytes(timer.name).bytes(timer.payload);
  return out;
}

Result<TimerFired> decode_timer_fired(std::string_view bytes) {
  Cursor c(bytes);
  const std::uint32_t elements = c.array();
  TimerFired timer{.name = take_string(c, max_name), .payload = take_string(c, max_session)};
  finish(c, elements, 2);
  if (!c.ok()) return Error{"not a timer"};
  return timer;
}

std::string encode(const GroupChange& change) {
  std::string out;
  Writer(out).array(3).bytes(change.group).boolean(change.joined).number(change.size);
  return out;
}

Result<GroupChange> decode_group_change(std::string_view bytes) {
  Cursor c(bytes);
  const std::uint32_t elements = c.array();
  GroupChange change{.group = take_string(c, max_name), .joined = c.boolean(), .size = c.number()};
  finish(c, elements, 3);
  if (!c.ok()) return Error{"not a change of a group"};
  return change;
}

}  // namespace fairlead::schemas
