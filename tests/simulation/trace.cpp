#include "tests/simulation/trace.hpp"

#include <cstdio>
#include <variant>

#include "bus/text.hpp"
#include "schemas/codec.hpp"
#include "schemas/frame.hpp"

namespace fairlead::simulation {
namespace {

using schemas::Answer;
using schemas::Bound;
using schemas::Bye;
using schemas::Cancel;
using schemas::ClientSnapshot;
using schemas::Close;
using schemas::Committed;
using schemas::Complaint;
using schemas::Credit;
using schemas::Cursor;
using schemas::decode_from_gateway;
using schemas::decode_from_worker;
using schemas::decode_to_gateway;
using schemas::decode_to_worker;
using schemas::Deliver;
using schemas::Drain;
using schemas::Drained;
using schemas::Event;
using schemas::Gap;
using schemas::GatewayHello;
using schemas::GatewayWelcome;
using schemas::Heartbeat;
using schemas::Joined;
using schemas::Left;
using schemas::open_frame;
using schemas::Outcome;
using schemas::Progress;
using schemas::Publication;
using schemas::Query;
using schemas::Refused;
using schemas::Replay;
using schemas::Reset;
using schemas::Scope;
using schemas::Send;
using schemas::SessionSet;
using schemas::Timer;
using schemas::Ungrouped;
using schemas::Unit;
using schemas::Unknown;
using schemas::Verdict;
using schemas::WorkerHello;
using schemas::WorkerWelcome;

std::string short_name(const ClientId& id) {
  return "c" + std::to_string(id.gateway.value) + "." + std::to_string(id.counter);
}

std::string number(std::uint64_t value) { return std::to_string(value); }

std::string say(const Send& send) {
  std::string to;
  if (send.scope == Scope::all) to = "all";
  for (const auto& client : send.clients) to += short_name(client) + " ";
  for (const auto& name : send.names) to += name + " ";
  return "to " + to + "'" + printable(send.payload, 60) + "'";
}

std::string say(const Heartbeat& r) { return "heartbeat " + number(r.head); }
std::string say(const Bye& r) { return "bye " + r.reason; }
std::string say(const Reset& r) { return "reset '" + r.reason + "'"; }
std::string say(const Complaint& r) { return "complaint '" + r.reason + "'"; }
std::string say(const Unknown& r) { return "unknown " + number(r.type); }
std::string say(const GatewayHello& r) { return "hello " + r.name + " applied " + number(r.applied); }
std::string say(const ClientSnapshot& r) { return "client " + short_name(r.client) + " at " + number(r.committed); }
std::string say(const Event& r) {
  const char* kinds[] = {"?", "open", "message", "close", "timer", "group"};
  return std::string(kinds[static_cast<int>(r.kind)]) + " " + short_name(r.client) + "#" + number(r.seq);
}
std::string say(const GatewayWelcome& r) { return "welcome next " + number(r.next); }
std::string say(const Deliver& r) { return "deliver " + say(r.send); }
std::string say(const Bound& r) { return "bound " + short_name(r.client) + " " + r.uid.value_or("-"); }
std::string say(const Joined& r) { return "joined " + short_name(r.client) + " " + r.group; }
std::string say(const Left& r) { return "left " + short_name(r.client) + " " + r.group; }
std::string say(const Ungrouped& r) { return "ungrouped " + r.group; }
std::string say(const SessionSet& r) { return "session " + short_name(r.client) + " " + r.session; }
std::string say(const Close& r) { return "close " + short_name(r.client); }
std::string say(const Committed& r) { return "committed " + short_name(r.client) + "#" + number(r.seq); }
std::string say(const Refused& r) { return "refused " + short_name(r.client) + " " + r.reason; }
std::string say(const Replay& r) { return "replay " + short_name(r.client); }
std::string say(const Timer& r) { return "timer " + short_name(r.client) + " " + r.name; }
std::string say(const Publication& r) { return "publication " + number(r.id); }
std::string say(const Gap& r) { return "gap through " + number(r.through) + " " + r.reason; }
std::string say(const WorkerHello& r) { return "hello " + r.name; }
std::string say(const Credit& r) { return "credit " + number(r.units); }
std::string say(const Query& r) { return "query " + number(r.id); }
std::string say(const Drain&) { return "drain"; }
std::string say(const Outcome& r) {
  return std::string(r.verdict == Verdict::done    ? "done"
                     : r.verdict == Verdict::again ? "again"
                                                   : "failed") +
         " unit " + number(r.unit.value) + " attempt " + number(r.attempt) + " #" + number(r.seq);
}
std::string say(const Progress& r) { return "progress unit " + number(r.unit.value); }
std::string say(const WorkerWelcome&) { return "welcome"; }
std::string say(const Unit& r) {
  std::string events;
  for (const auto& event : r.events) events += "#" + number(event.seq) + " ";
  return "unit " + number(r.unit.value) + " attempt " + number(r.attempt) + " " + short_name(r.client) + " " + events;
}
std::string say(const Cancel& r) { return "cancel unit " + number(r.unit.value); }
std::string say(const Drained&) { return "drained"; }
std::string say(const Answer& r) { return "answer " + number(r.id); }

template <class Decode>
std::string say_all(Cursor records, Decode decode) {
  std::string out;
  while (records.ok() && !records.at_end()) {
    const auto record = decode(records);
    if (!out.empty()) out += " | ";
    out += std::visit([](const auto& known) { return say(known); }, record);
  }
  return records.ok() ? out : out + " | (bad bytes)";
}

}  // namespace

void Trace::tell(std::string_view who, std::string_view what) const {
  if (!on()) return;
  char time[32];
  std::snprintf(time, sizeof time, "%10.4f", static_cast<double>(schedule_.elapsed().count()) / 1e9);
  sink_(std::string(time) + "  " + std::string(who) + std::string(who.size() < 11 ? 11 - who.size() : 0, ' ') + "  " +
        std::string(what));
}

std::string describe(std::string_view frame, Direction direction) {
  const auto opened = open_frame(frame);
  if (!opened) return "(" + opened.error().message + ")";
  const auto& header = opened->header;
  char link[8];
  std::snprintf(link, sizeof link, "%04x", static_cast<unsigned>(header.link.value & 0xffffU));
  std::string out = "link " + std::string(link) + " seq " + number(header.seq) + " ack " + number(header.ack) + ": ";
  switch (direction) {
    case Direction::from_gateway:
      return out + say_all(opened->records, decode_from_gateway);
    case Direction::to_gateway:
      return out + say_all(opened->records, decode_to_gateway);
    case Direction::from_worker:
      return out + say_all(opened->records, decode_from_worker);
    case Direction::to_worker:
      return out + say_all(opened->records, decode_to_worker);
  }
  return out;
}

}  // namespace fairlead::simulation
