#include "worker/turn.hpp"

#include <algorithm>
#include <exception>

#include "bus/text.hpp"
#include "schemas/codec.hpp"
#include "schemas/limits.hpp"

namespace fairlead::worker {
namespace {

Handshake to_handshake(schemas::Handshake decoded, const std::string& gateway) {
  return {.peer = std::move(decoded.peer),
          .gateway = gateway,
          .listener = std::move(decoded.listener),
          .path = std::move(decoded.path),
          .query = std::move(decoded.query),
          .headers = std::move(decoded.headers),
          .cookies = std::move(decoded.cookies)};
}

// An Error means that the gateway sent what cannot be read; handlers report by throwing.
Status call(Handler& handler, EventContext& context, const EventContext::Around& around) {
  const schemas::UnitEvent& event = around.event;
  switch (event.kind) {
    case schemas::EventKind::open: {
      auto decoded = schemas::decode_handshake(event.payload);
      if (!decoded) return Error{"the handshake of this open event cannot be read: " + decoded.error().message};
      const Handshake how = to_handshake(std::move(*decoded), around.unit.gateway);
      context.set_handshake(how);
      handler.on_open(context, how);
      return Nothing{};
    }
    case schemas::EventKind::message:
      handler.on_message(context, event.payload);
      return Nothing{};
    case schemas::EventKind::timer: {
      const auto timer = schemas::decode_timer_fired(event.payload);
      if (!timer) return Error{"this timer event cannot be read: " + timer.error().message};
      handler.on_timer(context, timer->name, timer->payload);
      return Nothing{};
    }
    case schemas::EventKind::group: {
      auto change = schemas::decode_group_change(event.payload);
      if (!change) return Error{"this group event cannot be read: " + change.error().message};
      handler.on_group(context, {.group = std::move(change->group), .joined = change->joined, .size = change->size});
      return Nothing{};
    }
    case schemas::EventKind::close: {
      auto reason = schemas::decode_close_reason(event.payload);
      if (!reason) return Error{"the reason of this close event cannot be read: " + reason.error().message};
      handler.on_close(context, {.code = reason->code, .text = std::move(reason->reason)});
      return Nothing{};
    }
  }
  return Error{"an event of unknown kind " + std::to_string(static_cast<unsigned>(event.kind))};
}

Status call_and_catch(Handler& handler, EventContext& context, const EventContext::Around& around) {
  try {
    return call(handler, context, around);
  } catch (const Postponed&) {
    throw;
  } catch (const std::exception& thrown) {
    return Error{thrown.what()};
  } catch (...) {
    return Error{"the handler threw something that is not a std::exception"};
  }
}

}  // namespace

schemas::Outcome take_turn(Handler& handler, EventContext::Around around) {
  EventContext context(around);
  schemas::Outcome outcome{.unit = around.unit.unit, .attempt = around.unit.attempt, .seq = around.event.seq};
  Status called = Nothing{};
  try {
    called = call_and_catch(handler, context, around);
  } catch (const Postponed& postponed) {
    outcome.verdict = schemas::Verdict::again;
    outcome.after = static_cast<std::uint64_t>(std::max<std::int64_t>(postponed.time.count(), 1));
    return outcome;
  }
  if (called) {
    outcome.effects = context.take_effects();
  } else {
    outcome.verdict = schemas::Verdict::failed;
    // Escaping makes a byte four at most, and the ellipsis three.
    outcome.error = printable(called.error().message, schemas::max_text - 8);
  }
  return outcome;
}

}  // namespace fairlead::worker
